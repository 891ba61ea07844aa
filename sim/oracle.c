/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle: DESIGN's promises, looked at from outside with knowledge of the truth.
 *
 *	1  nothing dead stays unreported, as long as somebody can reach Discord    oracle_still
 *	2  nothing is told twice while the sites can talk, nothing is lost         oracle_message,
 *	3  after healing both sites are the same                                    oracle_healed
 *
 * (6, the mirror, compares the traces of two runs: main.c.)
 */
#include "sim/world.h"

#define STILL_MS    (4 * MINUTE_MS)  /* confirmation, silence, deferral, settling, retries */
#define PATIENCE_MS (12 * SECOND_MS) /* with a site that said goodbye */
#define JUST_NOW_MS (20 * SECOND_MS)
/* The wait of a second change, two looks at most a minute apart, and the time to tell. */
#define AILING_MS     (5 * MINUTE_MS)
#define AILMENTS_TOLD 2

static uint32_t kept(const struct world *w)
{
	return w->n_messages < SIM_MESSAGES ? w->n_messages : SIM_MESSAGES;
}

/* ---- 1: who could speak */

static bool can_post(const struct world *w, uint8_t site)
{
	const struct sim_site *s = &w->sites[site];

	return s->site && s->is_wan_up && s->is_egress_up && !s->is_disk_full;
}

static bool is_linked(const struct world *w)
{
	return w->sites[0].linked_since_ms != NEVER_MS && w->sites[1].linked_since_ms != NEVER_MS;
}

static bool can_ask_watcher(const struct world *w, uint8_t site)
{
	const struct sim_site *s = &w->sites[site];

	return s->site && !s->is_disk_full && s->is_wan_up && s->is_watcher_path_up &&
	       !s->loses_answers && w->watcher && w->is_watcher_egress_up;
}

/* What this site knows can get to Discord. */
static bool can_tell(const struct world *w, uint8_t site)
{
	const struct sim_site *s = &w->sites[site];

	if (!s->site || s->is_disk_full)
		return false;
	return can_post(w, site) || (is_linked(w) && can_post(w, !site)) ||
	       can_ask_watcher(w, site);
}

/* ---- 1: what is told */

static uint64_t told_checks(const struct world *w)
{
	uint64_t told = 0;

	for (uint32_t i = 0; i < kept(w); i++)
		if (w->messages[i].is_live || w->messages[i].members)
			told |= w->messages[i].members;
	return told;
}

static uint32_t told_sites(const struct world *w)
{
	uint32_t told = 0;

	for (uint32_t i = 0; i < kept(w); i++)
		told |= w->messages[i].silent_sites;
	return told;
}

static uint64_t bit(uint16_t check)
{
	return check < SIM_CHECKS ? UINT64_C(1) << check : 0;
}

static uint16_t named(const struct world *w, enum check_kind kind, uint8_t subject)
{
	for (uint16_t i = 0; i < w->lab->n_checks; i++)
		if (w->lab->checks[i].kind == kind && w->lab->checks[i].subject_a == subject)
			return i;
	return CHECK_NONE;
}

/* The check and everything that explains it. */
static uint64_t explained_by(const struct world *w, uint16_t check)
{
	const struct lab_check *c = &w->lab->checks[check];
	uint64_t set =
		bit(check) | bit(named(w, CHECK_SITE, c->home)) | bit(named(w, CHECK_LINK, 0));

	for (int round = 0; round < 4; round++)
		for (uint16_t i = 0; i < w->lab->n_checks; i++)
			for (uint16_t j = 0; (set & bit(i)) && j < w->lab->checks[i].n_needs; j++)
				set |= bit(w->lab->checks[i].needs[j]);
	return set;
}

static bool is_hushed(const struct world *w, uint64_t set)
{
	for (uint16_t i = 0; i < SIM_CHECKS; i++)
		if ((set & bit(i)) && w->hushed_until_ms[i] > w->now_ms - STILL_MS)
			return true;
	return false;
}

/* ---- 1 */

/* Whoever is down for long, and whose sites were there all the time, is down for what the message says.
 * Whose ways to fail change often are not told each (core/check/check.h). */
static void expect_reason_told(struct world *w, uint16_t check)
{
	uint8_t said = 0;

	for (uint8_t site = 0; site < SIM_SITES; site++)
		if (w->sites[site].linked_since_ms > w->dead_since_ms[check])
			return;
	if (w->is_up[check] || w->n_ailments[check] > AILMENTS_TOLD ||
		w->now_ms - w->ailing_since_ms[check] < AILING_MS)
		return;
	for (uint32_t i = 0; i < kept(w); i++)
		if (w->messages[i].cause == check && w->messages[i].is_live)
			said |= w->messages[i].ailments;
	w->n_checked += said != 0;
	if (said && !(said & (1u << w->ailment[check])))
		world_breach(w, "oracle 1: %s fails by '%s' for %lld s, and another reason is told",
			w->lab->checks[check].name, services_ailments[w->ailment[check]],
			(long long)((w->now_ms - w->ailing_since_ms[check]) / 1000));
}

static void expect_told(struct world *w, uint16_t check)
{
	const struct lab_check *c = &w->lab->checks[check];
	uint64_t set = explained_by(w, check);
	bool somebody = false;

	for (uint8_t site = 0; site < SIM_SITES; site++)
		somebody |= (c->from & (1u << site)) && can_tell(w, site);
	if (!somebody || is_hushed(w, set))
		return;
	w->n_checked++;
	if (!(told_checks(w) & set) && !(told_sites(w) & (1u << c->home)))
		world_breach(w, "oracle 1: %s is dead for %lld s and nobody was told", c->name,
			(long long)((w->now_ms - w->dead_since_ms[check]) / 1000));
	expect_reason_told(w, check);
}

static bool is_going_on(const struct world *w, const struct sim_message *m)
{
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		const struct site *s = w->sites[site].site;
		const struct incident *in =
			s ? map_get(alert_incidents(site_alert(s)), m->incident) : NULL;

		if (in && in->state == INCIDENT_OPEN && m->is_live)
			return true;
	}
	return false;
}

/* Who said goodbye is told as stopped by its operator. */
static void expect_stop_told(struct world *w, uint8_t site)
{
	uint16_t check = named(w, CHECK_SITE, site);

	for (uint32_t i = 0; i < kept(w); i++) {
		const struct sim_message *m = &w->messages[i];

		if (m->cause != check || m->is_summary || !is_going_on(w, m))
			continue;
		w->n_checked++;
		if (!m->says_stopped)
			world_breach(w, "oracle 1: site%u was stopped, and is told as dead", site);
	}
}

static void expect_site_told(struct world *w, uint8_t site)
{
	uint64_t set = bit(named(w, CHECK_SITE, site)) | bit(named(w, CHECK_LINK, 0));
	bool watcher_can = w->watcher && w->is_watcher_egress_up;

	if (!can_tell(w, !site) && !watcher_can)
		return;
	w->n_checked++;
	if (!(told_checks(w) & set) && !(told_sites(w) & (1u << site)))
		world_breach(w, "oracle 1: site%u is down and nobody was told", site);
	if (w->sites[site].goodbye_ms != NEVER_MS)
		expect_stop_told(w, site);
}

/* On its own page a site that sees nothing of the outside has one incident for that, which covers all
 * that it sees of no other site. */
static void expect_cut_known(struct world *w, uint8_t site)
{
	const struct sim_site *s = &w->sites[site];
	const struct checks *c = s->site ? site_checks(s->site) : NULL;
	const struct incident *in;
	char name[NAME_BYTES_MAX + 16];

	if (!c || s->is_wan_up || s->is_disk_full)
		return;
	w->n_checked++;
	snprintf(name, sizeof name, "outside@%s", w->lab->sites[site].name);
	in = alert_covering(site_alert(s->site), name);
	if (!in)
		world_breach(w, "oracle 1: site%u is cut off and has no incident of that", site);
	for (uint16_t i = 0; i < checks_count(c); i++) {
		const struct lab_check *lc = &site_lab(s->site)->checks[i];

		if (checks_view(c, i).state == CHECK_SILENT && lc->home != site &&
			!(lc->kind == CHECK_SITE && lc->subject_a == site) &&
			!alert_covering(site_alert(s->site), lc->name))
			world_breach(w,
				"oracle 1: site%u is cut off, and nothing explains why %s is "
				"silent",
				site, lc->name);
	}
}

static bool is_declared(const struct world *w, uint16_t check)
{
	return world_check_of(w, 0, check) != NO_CHECK && world_check_of(w, 1, check) != NO_CHECK;
}

void oracle_still(struct world *w)
{
	int64_t still_ms = w->now_ms - w->quiet_since_ms;

	if (still_ms < STILL_MS || w->answers_500 || w->hangs_up || w->refuse_percent > 60)
		return;
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		if (!w->sites[site].site)
			expect_site_told(w, site);
		expect_cut_known(w, site);
	}
	for (uint16_t i = 0; i < w->lab->n_declared; i++) {
		const struct lab_check *c = &w->lab->checks[i];
		int64_t deadline_ms =
			STILL_MS +
			(c->kind == CHECK_HEARTBEAT ? c->every_ms + c->grace_ms : 2 * c->every_ms);

		if (is_declared(w, i) && w->dead_since_ms[i] != NEVER_MS &&
			w->now_ms - w->dead_since_ms[i] > deadline_ms)
			expect_told(w, i);
	}
}

/* ---- 2 */

static bool is_unsure(const struct world *w, const char *incident)
{
	return map_has(&w->unsure, incident);
}

void oracle_unsure(struct world *w, const char *incident)
{
	map_put(&w->unsure, incident, w);
}

/* A message that the watcher delivered, and its receipt has not been fetched; a receipt that waits for
 * room on the disk. */
static void doubt_untold(struct world *w, const struct site *s)
{
	for (uint32_t i = 0; i < kept(w); i++) {
		const struct sim_message *m = &w->messages[i];
		const struct incident *in = map_get(alert_incidents(site_alert(s)), m->incident);

		if (in && (!*in->told[0].message ||
				  (site_is_stuck(s) && m->edited_ms > w->now_ms - HOUR_MS)))
			oracle_unsure(w, m->incident);
	}
}

void oracle_crash(struct world *w, uint8_t site)
{
	doubt_untold(w, w->sites[site].site);
}

static bool is_path_open(const struct world *w)
{
	return w->is_path_up[0][1] && w->is_path_up[1][0] && w->sites[0].is_wan_up &&
	       w->sites[1].is_wan_up;
}

/* Its disk has changed an event of its own: what it wrote behind that can't be shown to the peer before the
 * peer was asked for its copy. */
static bool is_end_hidden(const struct world *w, uint8_t site)
{
	const struct sim_flip *f = &w->flip;

	return f->is_there && f->site == site && str_eq(f->place.site, w->lab->sites[site].name);
}

/* Its goodbye can be heard, and kept. */
void oracle_stop(struct world *w, uint8_t site)
{
	struct sim_site *s = &w->sites[site];
	const struct sim_site *peer = &w->sites[!site];

	if (s->is_disk_full) /* what may have been told can't be written down */
		doubt_untold(w, s->site);
	if (is_linked(w) && is_path_open(w) && !w->is_garbling && !s->is_disk_full &&
		!peer->is_disk_full && !is_end_hidden(w, site))
		s->goodbye_ms = w->now_ms;
}

/* It was heard, and can't be kept where the disk has changed what stands before it: a start forgets it. */
void oracle_start(struct world *w, uint8_t site)
{
	w->sites[site].goodbye_ms = NEVER_MS;
	if (!w->sites[!site].site && !oracle_is_copied(w, !site))
		w->sites[!site].goodbye_ms = NEVER_MS;
}

/* The same of a watcher that has lost what it saved. */
void oracle_watcher_forgets(struct world *w)
{
	w->watcher_forgot_ms = w->now_ms;
	for (uint8_t site = 0; site < SIM_SITES; site++)
		if (w->sites[site].site)
			doubt_untold(w, w->sites[site].site);
}

/* What it told is over by now, only the message doesn't show it yet. */
static bool is_over(const struct world *w, const struct sim_message *m)
{
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		const struct site *s = w->sites[site].site;
		const struct incident *in =
			s ? map_get(alert_incidents(site_alert(s)), m->incident) : NULL;

		if (in && in->state != INCIDENT_OPEN)
			return true;
	}
	return false;
}

/* Whoever lost what it had written, and is parted from the peer that has it, can't know better. */
static bool has_forgotten(const struct world *w, uint8_t site, const struct sim_message *old)
{
	int64_t lost_ms = site < SIM_SITES ? w->sites[site].lost_history_ms : NEVER_MS;

	return lost_ms != NEVER_MS && old->created_ms <= lost_ms;
}

static bool can_talk_since(const struct world *w, int64_t since_ms)
{
	return w->sites[0].linked_since_ms < since_ms && w->sites[1].linked_since_ms < since_ms;
}

void oracle_answered(struct world *w, uint8_t site)
{
	w->sites[site].answered_ms = w->now_ms;
}

/* A channel that hangs costs an incident one possible repeat: before each further one it answered.  A
 * watcher tests nothing, and takes its time instead. */
static void expect_few_repeats(struct world *w, const struct sim_message *m,
	const struct sim_message *o)
{
	if (!m->is_doubtful || m->by == SIM_SITES || w->now_ms - o->created_ms >= PACE_DOUBT_MS)
		return;
	w->n_checked++;
	if (w->sites[m->by].answered_ms <= o->created_ms)
		world_breach(w,
			"oracle 2: check %u is maybe repeated in messages %u and %u, and nothing "
			"answered in between",
			m->cause, (unsigned)o->id, (unsigned)m->id);
}

/* Whether the first message had arrived nobody could know, if the second says so: nobody knows of the
 * first, so it is not edited any more.  One site, though, not the other as well. */
static void expect_doubt(struct world *w, const struct sim_message *m, struct sim_message *o)
{
	expect_few_repeats(w, m, o);
	if (!m->is_doubtful && !is_unsure(w, m->incident))
		world_breach(w, "oracle 2: incident of check %u was told twice", m->cause);
	o->is_live = false;
	o->members = 0;
}

/* Whose it is, whoever delivered it. */
static uint8_t owner_of(const struct world *w, const struct sim_message *m)
{
	const char *dash = strrchr(m->incident, '-');

	for (uint8_t site = 0; site < SIM_SITES; site++) {
		const char *name = w->lab->sites[site].name;

		if (str_starts(m->incident, name) && dash == m->incident + strlen(name))
			return site;
	}
	return SIM_SITES;
}

/* Somebody had deleted it, and it was written anew. */
static bool is_restored(const struct world *w, const struct sim_message *m)
{
	for (uint32_t i = 0; i < kept(w); i++)
		if (w->messages[i].is_deleted && str_eq(w->messages[i].incident, m->incident))
			return true;
	return false;
}

/* Whoever delivers for another, and gets no answer, doesn't know of it when they are parted. */
static bool is_of_one_site(const struct world *w, const struct sim_message *a,
	const struct sim_message *b)
{
	return owner_of(w, a) == owner_of(w, b);
}

/* It was open before, by the clock of the site that opened it, and something else is told of it now. */
static bool is_older(const struct world *w, const struct sim_message *m, int64_t since_ms)
{
	uint8_t owner = owner_of(w, m);
	struct site *s = owner < SIM_SITES ? w->sites[owner].site : NULL;
	const struct incident *in = s ? map_get(alert_incidents(site_alert(s)), m->incident) : NULL;

	return in && world_now(w, owner).wall.ms - in->opened.ms > w->now_ms - since_ms;
}

/* A restart is nobody's business. */
static void expect_patience(struct world *w, const struct sim_message *m)
{
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		int64_t goodbye_ms = w->sites[site].goodbye_ms;

		if (goodbye_ms != NEVER_MS && m->cause == named(w, CHECK_SITE, site) &&
			m->is_live && w->now_ms - goodbye_ms < PATIENCE_MS &&
			!is_older(w, m, goodbye_ms))
			world_breach(w, "oracle 2: site%u was stopped for %lld s, and that is told",
				site, (long long)((w->now_ms - goodbye_ms) / 1000));
	}
}

/* A watcher that has forgotten its sites takes no beacon of another time. */
static bool is_clock_believed(const struct world *w, uint8_t site)
{
	return llabs(w->sites[site].skew_ms) < BEACON_SKEW_MS;
}

static bool is_by_watcher_since(const struct sim_message *m, uint8_t site, int64_t since_ms)
{
	return (m->silent_sites & (1u << site)) && m->created_ms >= since_ms;
}

/* Of a site that is down the watcher is silent, if it knows that another told of it; and if it spoke first,
 * somebody may have deleted that. */
static void expect_watcher_silent(struct world *w, const struct sim_message *m, uint8_t site)
{
	uint16_t check = named(w, CHECK_SITE, site);
	const struct sim_message *told = NULL;

	for (uint32_t i = 0; i < kept(w); i++) {
		const struct sim_message *o = &w->messages[i];

		if (o != m && is_by_watcher_since(o, site, w->sites[site].ended_ms))
			return;
		if (o->cause == check && is_going_on(w, o) &&
			w->now_ms - o->created_ms > JUST_NOW_MS)
			told = o;
	}
	w->n_checked++;
	if (told)
		world_breach(w,
			"oracle 2: site%u is down by message %u, and the watcher tells it again",
			site, (unsigned)told->id);
}

/* A site is not called silent while another that the watcher hears has a link with it. */
static void expect_heard(struct world *w, const struct sim_message *m, uint8_t site)
{
	if (!w->sites[site].site || !can_ask_watcher(w, !site) || !is_clock_believed(w, !site) ||
		w->now_ms - w->quiet_since_ms <= JUST_NOW_MS ||
		!can_talk_since(w, w->now_ms - JUST_NOW_MS))
		return;
	w->n_checked++;
	if (m->silent_sites & (1u << site))
		world_breach(w, "oracle 1: site%u is there, as site%u knows, and is told as silent",
			site, !site);
}

void oracle_message(struct world *w, const struct sim_message *m, bool is_new)
{
	for (uint8_t site = 0; m->cause == CHECK_NONE && site < SIM_SITES; site++)
		expect_heard(w, m, site);
	for (uint8_t site = 0; is_new && site < SIM_SITES; site++)
		if (!w->sites[site].site && (m->silent_sites & (1u << site)) &&
			can_ask_watcher(w, !site) && is_clock_believed(w, !site) &&
			w->now_ms - w->quiet_since_ms > JUST_NOW_MS)
			expect_watcher_silent(w, m, site);
	if (!is_new || m->cause == CHECK_NONE)
		return;
	w->n_incidents++;
	expect_patience(w, m);
	for (uint32_t i = 0; i < kept(w); i++) {
		struct sim_message *o = &w->messages[i];

		if (o == m || o->cause != m->cause || !o->is_live)
			continue;
		if (oracle_is_word_lost(w, o->incident) || has_forgotten(w, m->by, o) ||
			has_forgotten(w, owner_of(w, m), o))
			continue;
		if (str_eq(o->incident, m->incident))
			expect_doubt(w, m, o);
		else if (m->is_live && !is_restored(w, m) && !is_over(w, o) && !is_over(w, m) &&
			 (is_of_one_site(w, o, m) ||
				 can_talk_since(w, o->created_ms - JUST_NOW_MS)))
			world_breach(w,
				"oracle 2: check %u is told in messages %u and %u while the "
				"sites can talk",
				m->cause, (unsigned)o->id, (unsigned)m->id);
	}
}

/* ---- 3, and the rest of 2 */

/* Its disk changed a bit, and the scrub hasn't come by yet. */
static bool is_flipped(const struct world *w, const char *site, uint64_t epoch, uint64_t seq)
{
	const struct sim_flip *f = &w->flip;

	return f->is_there && !f->is_noticed && f->place.seq == seq && f->place.epoch == epoch &&
	       str_eq(f->place.site, site);
}

/* Not only as far, but the same: after a rollback two versions may grow beside each other. */
static bool holds(struct world *w, uint8_t site, const struct journal_head *head)
{
	const struct journal_store *store = memory_store_port(w->sites[site].store);
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_span span = { head->site, head->epoch, head->seq, .most = 1 };
	struct event_batch read;

	if (is_flipped(w, head->site, head->epoch, head->seq))
		return true;
	return store->range(store->ctx, &span, &a, &read, NULL) == RC_OK && read.n == 1 &&
	       sha256_eq(&read.v->hash, &head->hash);
}

bool oracle_is_mirrored(struct world *w, uint8_t site)
{
	const struct sim_site *mine = &w->sites[site];
	const struct journal_head *heads;
	bool is_held = true;
	size_t n;

	if (!mine->site || !w->sites[!site].site)
		return false;
	heads = journal_heads(site_journal(mine->site), &n);
	for (size_t i = 0; i < n && is_held; i++)
		is_held = holds(w, !site, &heads[i]);
	return is_held;
}

bool oracle_is_newest_alone(struct world *w, uint8_t site)
{
	const struct journal_store *store = memory_store_port(w->sites[site].store);
	struct journal_head *heads, newest = { 0 };
	size_t n;

	if (store->heads(store->ctx, &heads, &n, NULL) != RC_OK)
		return false;
	for (size_t i = 0; i < n; i++)
		if (str_eq(heads[i].site, w->lab->sites[site].name) &&
			heads[i].epoch > newest.epoch)
			newest = heads[i];
	free(heads);
	return newest.seq && !holds(w, !site, &newest);
}

bool oracle_is_copied(struct world *w, uint8_t site)
{
	const struct journal_store *store = memory_store_port(w->sites[site].store);
	struct journal_head *heads;
	bool is_held = true;
	size_t n;

	if (store->heads(store->ctx, &heads, &n, NULL) != RC_OK)
		return false;
	for (size_t i = 0; i < n && is_held; i++)
		is_held = holds(w, !site, &heads[i]);
	free(heads);
	return is_held && n > 0;
}

/* What Discord shows, whatever the sites believe. */
static bool is_shown(const struct world *w, const struct incident *in)
{
	for (uint32_t i = 0; i < kept(w); i++) {
		const struct sim_message *m = &w->messages[i];

		if (str_eq(m->incident, in->id) && m->version >= in->version)
			return true;
		if (m->is_summary && !*in->told[0].message)
			return true;
	}
	return false;
}

static bool is_told(const struct world *w, const struct incident *in)
{
	uint32_t told = in->told[0].version;

	if (told >= in->version)
		return is_shown(w, in);
	return !told && (in->state == INCIDENT_MERGED || in->is_muted);
}

/* Its cause has been well for so short a time that it may fall again: what a site finds wrong with its own
 * journal it finds, and mends, at any moment. */
static bool is_lingering(const struct world *w, uint8_t site, const struct incident *in)
{
	return in->state == INCIDENT_RECOVERING &&
	       world_now(w, site).wall.ms - in->recovered.ms < 2 * ALERT_LINGER_MS;
}

static void expect_all_told(struct world *w, uint8_t site)
{
	map_each (alert_incidents(site_alert(w->sites[site].site)), it) {
		const struct incident *in = it->value;
		uint16_t cause = lab_check_index(w->lab, in->cause);

		if (!str_eq(in->owner, w->lab->sites[site].name) || !in->version ||
			is_lingering(w, site, in))
			continue;
		if (incident_is_over(in) ||
			(cause != CHECK_NONE && w->hushed_until_ms[cause] > w->now_ms)) {
			if (!is_told(w, in) &&
				!(cause != CHECK_NONE && w->hushed_until_ms[cause] > 0))
				world_breach(w,
					"oracle 2: an incident of %s was never told in its last "
					"version (%u of %u)",
					in->cause, in->told[0].version, in->version);
			continue;
		}
		world_breach(w, "oracle 1: all is well, but the incident of %s is still open",
			in->cause);
	}
}

static void expect_all_well(struct world *w, uint8_t site)
{
	const struct checks *c = site_checks(w->sites[site].site);

	for (uint16_t i = 0; i < checks_count(c); i++) {
		struct check_view v = checks_view(c, i);

		if (v.state == CHECK_FAILING || v.state == CHECK_SILENT)
			world_breach(w, "oracle 1: all was healed, but site%u says %s is %s: %s",
				site, v.spec->name, check_state_name(v.state), v.reason);
	}
}

/* What a site believes, a fact a line; the same facts are the same lines at both. */
static void describe_words(const struct checks *c, struct str *out)
{
	for (uint16_t i = 0; i < checks_count(c); i++)
		for (uint8_t from = 0; from < SIM_SITES; from++) {
			const struct vantage *v = checks_vantage(c, i, from);

			if (v)
				str_addf(out, "word of site%u on %s: %s\n", from,
					checks_view(c, i).spec->name, check_word_name(v->word));
		}
}

static void describe_incidents(const struct alert *a, struct str *out)
{
	const struct silences *silences = alert_silences(a);

	map_each (alert_incidents(a), it) {
		const struct incident *in = it->value;

		str_addf(out, "incident %s: %s%s version %u told %u%s%s\n", in->id,
			in->is_flapping ? "flapping, " : "", incident_state_name(in->state),
			in->version, in->told[0].version, in->acked.ms ? " ack by " : "",
			in->acked.ms ? in->ack_by : "");
	}
	for (uint32_t i = 0; i < silences->n; i++)
		str_addf(out, "silence %s of %llu\n", silences->items[i].id,
			(unsigned long long)silences->items[i].hlc);
}

static void describe_site(const struct site *s, struct str *out)
{
	const struct journal_head *heads;
	size_t n;

	heads = journal_heads(site_journal(s), &n);
	for (size_t i = 0; i < n; i++)
		str_addf(out, "head %s %llu %llu\n", heads[i].site,
			(unsigned long long)heads[i].epoch, (unsigned long long)heads[i].seq);
	if (journal_uncommitted(site_journal(s)))
		str_addf(out, "%zu events that are not written yet\n",
			journal_uncommitted(site_journal(s)));
	describe_words(site_checks(s), out);
	describe_incidents(site_alert(s), out);
}

static void gather_lines(const char *text, struct map *lines)
{
	scoped(mem_free) char *copy = must_strdup(text);
	char *at = copy;

	for (char *line; (line = strsep(&at, "\n"));)
		map_put(lines, line, lines);
}

/* Each line of `text` that isn't among `others`. */
static void print_lines(struct world *w, const char *who, const char *text,
	const struct map *others)
{
	scoped(mem_free) char *copy = must_strdup(text);
	char *at = copy;

	for (char *line; (line = strsep(&at, "\n"));)
		if (*line && !map_has(others, line))
			fprintf(w->options.trace, "%s %s\n", who, line);
}

/* For whoever reads the trace: all that each site believes, and in the end where they differ. */
void oracle_print(struct world *w)
{
	struct str texts[SIM_SITES] = { STR_EMPTY, STR_EMPTY };
	struct map lines[SIM_SITES] = { MAP_EMPTY, MAP_EMPTY }, none = MAP_EMPTY;

	for (uint8_t site = 0; site < SIM_SITES; site++)
		if (w->sites[site].site) {
			describe_site(w->sites[site].site, &texts[site]);
			gather_lines(str_c(&texts[site]), &lines[site]);
			print_lines(w, site ? "site1" : "site0", str_c(&texts[site]), &none);
		}
	for (uint8_t site = 0; w->sites[0].site && w->sites[1].site && site < SIM_SITES; site++)
		print_lines(w, site ? "only site1:" : "only site0:", str_c(&texts[site]),
			&lines[!site]);
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		str_fini(&texts[site]);
		map_fini(&lines[site]);
	}
}

/* Its site says so of the flipped event, not of one that was flipped before. */
static bool is_flip_told(const struct world *w, const struct event *ev)
{
	const struct journal_place *p = &w->flip.place;
	char place[NAME_BYTES_MAX + 80], words[NAME_BYTES_MAX + 80];

	if (!str_eq(ev->site, w->lab->sites[w->flip.site].name))
		return false;
	snprintf(place, sizeof place, "\"of\":\"%s\",\"epoch\":%llu,\"seq\":%llu", p->site,
		(unsigned long long)p->epoch, (unsigned long long)p->seq);
	snprintf(words, sizeof words, "event %llu of %s's journal (epoch %llu) was changed",
		(unsigned long long)p->seq, p->site, (unsigned long long)p->epoch);
	return strstr(ev->body, place) || strstr(ev->body, words);
}

/* The sites compare their states themselves, and say so when they have come apart. */
void oracle_event(struct world *w, const struct event *ev)
{
	w->is_lossy |= str_eq(ev->kind, "lost");
	w->flip.is_there &= !(str_eq(ev->kind, "lost") && is_flip_told(w, ev));
	w->flip.is_noticed |= w->flip.is_there && is_flip_told(w, ev);
	if (str_eq(ev->kind, "evidence") && strstr(ev->body, "please report this defect"))
		world_breach(w, "oracle 3: the same journals, but %s finds another state",
			ev->site);
}

/* The bound: one pass, which begins again after a restart, and what it takes to read everything. */
void oracle_flipped(struct world *w)
{
	struct sim_flip *f = &w->flip;
	struct sim_site *s = &w->sites[f->site];
	char why[REASON_BYTES_MAX];

	if (!f->is_there || !s->site)
		return;
	if (journal_is_intact(site_journal(s->site), &f->place, why)) {
		f->is_there = false; /* healed, or rolled back and fetched again */
		return;
	}
	if (!f->is_noticed && w->now_ms - f->unwatched_ms > SIM_SCRUB_MS + HOUR_MS)
		world_breach(w,
			"oracle 3: a bit of event %llu of %s's journal is another at site%u, "
			"and nobody noticed",
			(unsigned long long)f->place.seq, f->place.site, f->site);
}

static const char *difference(const struct incident *a, const struct incident *b)
{
	if (!b)
		return "is missing at the other";
	if (a->state != b->state || a->version != b->version)
		return "is in another state";
	if (a->acked.ms != b->acked.ms)
		return "is acknowledged at one only";
	return a->told[0].version == b->told[0].version ? NULL : "was told in another version";
}

static bool is_long_over(const struct world *w, const struct incident *in)
{
	return incident_is_over(in) &&
	       world_now(w, SIM_SITES).wall.ms - in->closed.ms > DAY_MS - 2 * HOUR_MS;
}

/* The digest covers what is still open; this is everything. */
static void expect_same_incidents(struct world *w)
{
	const struct map *theirs = alert_incidents(site_alert(w->sites[1].site));

	map_each (alert_incidents(site_alert(w->sites[0].site)), it) {
		const struct incident *in = it->value;
		const char *how = difference(in, map_get(theirs, in->id));

		/* Each forgets what has been over for a day, by a clock of its own. */
		if (how && in->version && !is_long_over(w, in))
			world_breach(w, "oracle 3: the same journals, but incident %s %s", in->id,
				how);
	}
}

static enum rc read_chain(struct world *w, uint8_t site, const struct journal_head *h,
	struct arena *a, struct event_batch *ret)
{
	const struct journal_store *store = memory_store_port(w->sites[site].store);
	struct journal_span all = { h->site, h->epoch, 1, .most = SIZE_MAX };

	return store->range(store->ctx, &all, a, ret, NULL);
}

/* In all that the hash covers. */
static bool is_same_event(const struct event *a, const struct event *b)
{
	return str_eq(a->site, b->site) && a->epoch == b->epoch && a->seq == b->seq &&
	       a->hlc == b->hlc && a->wall.ms == b->wall.ms && str_eq(a->kind, b->kind) &&
	       str_eq(a->subject, b->subject) && str_eq(a->body, b->body) &&
	       sha256_eq(&a->previous, &b->previous);
}

static bool is_genuine(const struct event *ev)
{
	struct sha256 hash = event_hash(ev);

	return sha256_eq(&hash, &ev->hash);
}

/* Event by event, and each is what was signed. */
static void expect_same_chain(struct world *w, const struct journal_head *h)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct event_batch x, y;

	if (read_chain(w, 0, h, &a, &x) != RC_OK || read_chain(w, 1, h, &a, &y) != RC_OK ||
		x.n != y.n) {
		world_breach(w, "oracle 3: %s's journal can't be read at both sites", h->site);
		return;
	}
	for (size_t i = 0; i < x.n; i++)
		if ((!is_same_event(&x.v[i], &y.v[i]) || !is_genuine(&x.v[i])) &&
			!is_flipped(w, x.v[i].site, x.v[i].epoch, x.v[i].seq))
			world_breach(w,
				"oracle 3: event %zu of %s's journal is not what was written",
				i + 1, h->site);
}

static void expect_same_history(struct world *w)
{
	size_t n;
	const struct journal_head *heads = journal_heads(site_journal(w->sites[0].site), &n);

	for (size_t i = 0; i < n; i++)
		expect_same_chain(w, &heads[i]);
}

void oracle_forget(struct world *w)
{
	for (uint32_t i = 0; i < kept(w); i++)
		if (is_unsure(w, w->messages[i].incident)) {
			w->messages[i].is_live = false;
			w->messages[i].members = 0;
		}
	map_fini(&w->unsure);
}

/* A site that lost its history and has been with its peer for a while has it back. */
void oracle_remember(struct world *w)
{
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		struct sim_site *s = &w->sites[site];

		if (s->lost_history_ms != NEVER_MS &&
			w->sites[0].linked_since_ms < w->now_ms - JUST_NOW_MS &&
			w->sites[1].linked_since_ms < w->now_ms - JUST_NOW_MS &&
			oracle_is_mirrored(w, !site))
			s->lost_history_ms = NEVER_MS;
	}
}

void oracle_healed(struct world *w)
{
	for (uint8_t site = 0; site < SIM_SITES; site++)
		if (!w->sites[site].site) {
			world_breach(w, "oracle 3: site%u did not come back", site);
			return;
		}
	if (!is_linked(w))
		world_breach(w, "oracle 3: the way is open, but the link is not up");
	if (!oracle_is_mirrored(w, 0) || !oracle_is_mirrored(w, 1))
		world_breach(w, "oracle 3: the journals differ after healing");
	else if (!w->is_lossy && site_digest(w->sites[0].site) != site_digest(w->sites[1].site))
		world_breach(w, "oracle 3: the same journals, but another folded state");
	if (!w->is_lossy)
		expect_same_incidents(w);
	expect_same_history(w);
	oracle_losses(w);
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		expect_all_told(w, site);
		expect_all_well(w, site);
	}
}
