/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle: DESIGN's promises, looked at from outside with knowledge of the truth.
 *
 *	1  nothing dead stays unreported, as long as somebody can reach Discord    oracle_reports.c
 *	2  nothing is told twice while the sites can talk, nothing is lost         oracle_messages.c
 *	3  after healing both sites are the same                                    oracle_journals.c
 *	7  a copy of the peer's series has them all, and no others                  oracle_copies.c
 *
 * and here what must hold once everything was healed and quiet.  (6, the mirror, compares the traces
 * of two runs: main.c.)
 */
#include "sim/oracle_private.h"

uint32_t oracle_kept(const struct world *w)
{
	return w->n_messages < SIM_MESSAGES ? w->n_messages : SIM_MESSAGES;
}

bool oracle_is_linked(const struct world *w)
{
	return w->sites[0].linked_since_ms != NEVER_MS && w->sites[1].linked_since_ms != NEVER_MS;
}

bool oracle_can_ask_watcher(const struct world *w, uint8_t site)
{
	const struct sim_site *s = &w->sites[site];

	return s->site && !s->is_disk_full && s->is_wan_up && s->is_watcher_path_up &&
	       !s->loses_answers && w->watcher && w->is_watcher_egress_up;
}

uint16_t oracle_named(const struct world *w, enum check_kind kind, uint8_t subject)
{
	for (uint16_t i = 0; i < w->lab->n_checks; i++)
		if (w->lab->checks[i].kind == kind && w->lab->checks[i].subject_a == subject)
			return i;
	return CHECK_NONE;
}

/* ---- after healing */

/* What Discord shows, whatever the sites believe. */
static bool is_shown(const struct world *w, const struct incident *in)
{
	for (uint32_t i = 0; i < oracle_kept(w); i++) {
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
	return !told &&
	       (in->state == INCIDENT_MERGED || in->is_muted || oracle_alerts_is_spared(w, in));
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

void oracle_forget(struct world *w)
{
	for (uint32_t i = 0; i < oracle_kept(w); i++)
		if (oracle_is_unsure(w, w->messages[i].incident)) {
			w->messages[i].is_live = false;
			w->messages[i].members = 0;
		}
	map_fini(&w->unsure);
}

void oracle_healed(struct world *w)
{
	for (uint8_t site = 0; site < SIM_SITES; site++)
		if (!w->sites[site].site) {
			world_breach(w, "oracle 3: site%u did not come back", site);
			return;
		}
	if (!oracle_is_linked(w))
		world_breach(w, "oracle 3: the way is open, but the link is not up");
	if (!oracle_is_mirrored(w, 0) || !oracle_is_mirrored(w, 1))
		world_breach(w, "oracle 3: the journals differ after healing");
	else if (!w->is_lossy && site_digest(w->sites[0].site) != site_digest(w->sites[1].site))
		world_breach(w, "oracle 3: the same journals, but another folded state");
	if (!w->is_lossy)
		expect_same_incidents(w);
	oracle_same_history(w);
	oracle_losses(w);
	oracle_alerts_healed(w);
	oracle_copies_healed(w);
	for (uint8_t site = 0; site < SIM_SITES; site++) {
		expect_all_told(w, site);
		expect_all_well(w, site);
	}
}
