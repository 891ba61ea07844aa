/* SPDX-License-Identifier: Apache-2.0 */
/* oracle 2: nothing is told twice while the sites can talk, and who repeats itself says so. */
#include "sim/oracle_private.h"

#define PATIENCE_MS   (12 * SECOND_MS) /* with a site that said goodbye */
#define ON_ITS_WAY_MS SECOND_MS        /* a request when whoever made it died, maybe by the watcher */

bool oracle_is_unsure(const struct world *w, const char *incident)
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
	for (uint32_t i = 0; i < oracle_kept(w); i++) {
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
	if (oracle_is_linked(w) && is_path_open(w) && !w->is_garbling && !s->is_disk_full &&
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

	return lost_ms != NEVER_MS && old->created_ms <= lost_ms + ON_ITS_WAY_MS;
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
	if (!m->is_doubtful && !oracle_is_unsure(w, m->incident))
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
	for (uint32_t i = 0; i < oracle_kept(w); i++)
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

		if (goodbye_ms != NEVER_MS && m->cause == oracle_named(w, CHECK_SITE, site) &&
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
	uint16_t check = oracle_named(w, CHECK_SITE, site);
	const struct sim_message *told = NULL;

	for (uint32_t i = 0; i < oracle_kept(w); i++) {
		const struct sim_message *o = &w->messages[i];

		if (o != m && is_by_watcher_since(o, site, w->sites[site].ended_ms))
			return;
		if (o->cause == check && oracle_is_going_on(w, o) &&
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
	if (!w->sites[site].site || !oracle_can_ask_watcher(w, !site) ||
		!is_clock_believed(w, !site) || w->now_ms - w->quiet_since_ms <= JUST_NOW_MS ||
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
			oracle_can_ask_watcher(w, !site) && is_clock_believed(w, !site) &&
			w->now_ms - w->quiet_since_ms > JUST_NOW_MS)
			expect_watcher_silent(w, m, site);
	if (m->cause != CHECK_NONE)
		oracle_alerts_message(w, m, is_new);
	if (!is_new || m->cause == CHECK_NONE)
		return;
	w->n_incidents++;
	expect_patience(w, m);
	for (uint32_t i = 0; i < oracle_kept(w); i++) {
		struct sim_message *o = &w->messages[i];

		if (o == m || o->cause != m->cause)
			continue;
		if (oracle_alerts_is_anew(w, m, o) && !oracle_is_unsure(w, o->incident))
			world_breach(w, "oracle 2: check %u goes on, was told as over in message %u "
				"and is told anew in %u", m->cause, (unsigned)o->id, (unsigned)m->id);
		if (!o->is_live)
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
