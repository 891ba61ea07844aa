/* SPDX-License-Identifier: Apache-2.0 */
/* oracle 1: nothing dead stays unreported, as long as somebody can reach Discord. */
#include "sim/oracle_private.h"

#define STILL_MS (4 * MINUTE_MS) /* confirmation, silence, deferral, settling, retries */
/* The wait of a second change, two looks at most a minute apart, and the time to tell. */
#define AILING_MS     (5 * MINUTE_MS)
#define AILMENTS_TOLD 2

static bool can_post(const struct world *w, uint8_t site)
{
	const struct sim_site *s = &w->sites[site];

	return s->site && s->is_wan_up && s->is_egress_up && !s->is_disk_full;
}

bool oracle_can_tell(const struct world *w, uint8_t site)
{
	const struct sim_site *s = &w->sites[site];

	if (!s->site || s->is_disk_full)
		return false;
	return can_post(w, site) || (oracle_is_linked(w) && can_post(w, !site)) ||
	       oracle_can_ask_watcher(w, site);
}

static uint64_t told_checks(const struct world *w)
{
	uint64_t told = 0;

	for (uint32_t i = 0; i < oracle_kept(w); i++)
		if (w->messages[i].is_live || w->messages[i].members)
			told |= w->messages[i].members;
	return told;
}

static uint32_t told_sites(const struct world *w)
{
	uint32_t told = 0;

	for (uint32_t i = 0; i < oracle_kept(w); i++)
		told |= w->messages[i].silent_sites;
	return told;
}

static uint64_t bit(uint16_t check)
{
	return check < SIM_CHECKS ? UINT64_C(1) << check : 0;
}

/* The check and everything that explains it. */
static uint64_t explained_by(const struct world *w, uint16_t check)
{
	const struct lab_check *c = &w->lab->checks[check];
	uint64_t set = bit(check) | bit(oracle_named(w, CHECK_SITE, c->home)) |
		       bit(oracle_named(w, CHECK_LINK, 0));

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
	for (uint32_t i = 0; i < oracle_kept(w); i++)
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
		somebody |= (c->from & (1u << site)) && oracle_can_tell(w, site);
	if (!somebody || is_hushed(w, set))
		return;
	w->n_checked++;
	if (!(told_checks(w) & set) && !(told_sites(w) & (1u << c->home)))
		world_breach(w, "oracle 1: %s is dead for %lld s and nobody was told", c->name,
			(long long)((w->now_ms - w->dead_since_ms[check]) / 1000));
	expect_reason_told(w, check);
}

bool oracle_is_going_on(const struct world *w, const struct sim_message *m)
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
	uint16_t check = oracle_named(w, CHECK_SITE, site);

	for (uint32_t i = 0; i < oracle_kept(w); i++) {
		const struct sim_message *m = &w->messages[i];

		if (m->cause != check || m->is_summary || !oracle_is_going_on(w, m))
			continue;
		w->n_checked++;
		if (!m->says_stopped)
			world_breach(w, "oracle 1: site%u was stopped, and is told as dead", site);
	}
}

static void expect_site_told(struct world *w, uint8_t site)
{
	uint64_t set = bit(oracle_named(w, CHECK_SITE, site)) | bit(oracle_named(w, CHECK_LINK, 0));
	bool watcher_can = w->watcher && w->is_watcher_egress_up;

	if (!oracle_can_tell(w, !site) && !watcher_can)
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
	oracle_alerts_still(w);
}
