/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of alerts, but for those that are routed to nobody, or inhibited: what fires is told, within the time
 * that any trouble is; as long as it goes on it is told in one message, whatever befalls its site; and
 * that it is over is told, too.
 */
#include "sim/oracle_private.h"

#define GROUP_WAIT_MS (10 * SECOND_MS) /* lab.c */
#define KNOWN_MS      (5 * MINUTE_MS)
#define TOLD_MS       (6 * MINUTE_MS) /* it is posted each minute, and then as any other */

static uint64_t bit(uint16_t check)
{
	return check < SIM_CHECKS ? UINT64_C(1) << check : 0;
}

static bool is_shown(const struct world *w, uint64_t set)
{
	for (uint32_t i = 0; i < oracle_kept(w); i++)
		if (w->messages[i].members & set)
			return true;
	return false;
}

/* It was inhibited, or may have been, within the time that telling it takes; nobody else may know
 * that it is over: for some minutes it is believed to go on. */
static bool may_be_inhibited(const struct world *w, uint8_t alert)
{
	uint32_t by = alerts_inhibitors(w, alert);

	if (by && w->now_ms - w->sites[alerts_site(alert)].began_ms < 2 * TOLD_MS)
		return true; /* it has read what others said long ago */
	for (uint8_t i = 0; i < SIM_ALERTS; i++) {
		const struct sim_alert *a = &w->alerts[i];
		bool may_be_unheard = a->is_forgotten || alerts_site(i) != alerts_site(alert);
		int64_t over_ms = may_be_unheard ? 2 * TOLD_MS : TOLD_MS;

		if ((by & 1u << i) &&
			(a->fires || (a->changed_ms && w->now_ms - a->changed_ms < over_ms)))
			return true;
	}
	return false;
}

void oracle_alerts_turn(struct world *w)
{
	for (uint8_t i = 0; i < SIM_ALERTS; i++)
		if (w->alerts[i].fires && may_be_inhibited(w, i))
			w->alerts[i].hushed_ms = w->now_ms;
}

void oracle_alerts_still(struct world *w)
{
	oracle_alerts_turn(w);
	for (uint8_t i = 0; w->has_alerts && i < SIM_ALERTS; i++) {
		const struct sim_alert *a = &w->alerts[i];
		uint8_t site = alerts_site(i);
		int64_t patience_ms = TOLD_MS + alerts_grace_ms(i);

		if (alerts_is_nobodys(w, i) || (a->hushed_ms && a->hushed_ms == w->now_ms) ||
			!a->fires || w->now_ms - a->changed_ms < patience_ms ||
			!oracle_can_tell(w, site) ||
			w->now_ms - w->sites[site].ended_ms < patience_ms)
			continue;
		w->n_checked++;
		if (!is_shown(w, bit(alerts_check(w, i))))
			world_breach(w, "oracle 1: alert %u fires for %lld s and nobody was told",
				i, (long long)((w->now_ms - a->changed_ms) / 1000));
	}
}

static int64_t later(int64_t a_ms, int64_t b_ms)
{
	return a_ms > b_ms ? a_ms : b_ms;
}

/* From when on the site of `alert` must know that the other one fires. */
static int64_t known_ms(const struct world *w, uint8_t alert, uint8_t other)
{
	const struct sim_site *site = &w->sites[alerts_site(alert)],
			      *from = &w->sites[alerts_site(other)];
	int64_t since_ms = later(w->alerts[other].changed_ms, site->ended_ms);

	if (site->lost_history_ms != NEVER_MS)
		return NEVER_MS;
	if (site == from)
		return since_ms;
	return later(later(since_ms, from->ended_ms),
		later(site->linked_since_ms, from->linked_since_ms));
}

/* It was known for long that another fires when it began to. */
static bool is_inhibited(const struct world *w, uint8_t alert)
{
	int64_t began_ms = w->alerts[alert].changed_ms;
	uint32_t by = alerts_inhibitors(w, alert);

	for (uint8_t i = 0; i < SIM_ALERTS; i++)
		if ((by & 1u << i) && w->alerts[i].fires &&
			began_ms - KNOWN_MS > known_ms(w, alert, i))
			return true;
	return false;
}

static bool was_told_before(const struct world *w, const struct sim_message *m)
{
	for (uint32_t i = 0; i < oracle_kept(w); i++)
		if (&w->messages[i] != m && str_eq(w->messages[i].incident, m->incident))
			return true;
	return oracle_is_unsure(w, m->incident) || m->is_doubtful;
}

/* While the incident went on. */
static bool was_hushed(const struct world *w, uint8_t alert, const struct incident *in)
{
	int64_t ago_ms = world_now(w, alerts_site(alert)).wall.ms - in->opened.ms;

	return w->alerts[alert].hushed_ms && w->alerts[alert].hushed_ms >= w->now_ms - ago_ms;
}

/* It is nobody's, was inhibited before it was told, or was over before its group had waited. */
bool oracle_alerts_is_spared(const struct world *w, const struct incident *in)
{
	uint16_t cause = alerts_subject(w, in->cause);
	bool is_nobodys = false;

	for (uint8_t i = 0; i < SIM_ALERTS; i++) {
		if (alerts_group(w, i) != cause && alerts_check(w, i) != cause)
			continue;
		if (was_hushed(w, i, in))
			return true;
		is_nobodys |= alerts_is_nobodys(w, i);
	}
	return in->to && str_eq(in->to, "-") &&
	       (is_nobodys || in->recovered.ms - in->opened.ms <= GROUP_WAIT_MS);
}

/* What lists alerts by name, of a site that is gone, is about that site. */
void oracle_alerts_message(struct world *w, const struct sim_message *m, bool is_new)
{
	for (uint8_t i = 0; w->is_routed && m->cause >= w->lab->n_checks && i < SIM_ALERTS; i++) {
		if (!(m->members & bit(alerts_check(w, i))))
			continue;
		w->n_checked++;
		if (alerts_is_nobodys(w, i))
			world_breach(w, "oracle 2: alert %u is nobody's, and message %u tells it",
				i, (unsigned)m->id);
		if (is_new && m->is_live && w->alerts[i].fires && is_inhibited(w, i) &&
			!was_told_before(w, m))
			world_breach(w, "oracle 2: alert %u is inhibited, and message %u tells it",
				i, (unsigned)m->id);
	}
}

/* Some alert of the group fires without a break since then; NEVER_MS: none does. */
static int64_t firing_since(const struct world *w, uint16_t group)
{
	int64_t since_ms = NEVER_MS;

	for (uint8_t i = 0; i < SIM_ALERTS; i++)
		if (alerts_group(w, i) == group && w->alerts[i].fires &&
			w->alerts[i].changed_ms < since_ms)
			since_ms = w->alerts[i].changed_ms;
	return since_ms;
}

/* `o` is over by what it shows, and what it is about never was. */
bool oracle_alerts_is_anew(const struct world *w, const struct sim_message *m,
	const struct sim_message *o)
{
	int64_t since_ms = firing_since(w, m->cause);

	return m->cause >= w->lab->n_checks && since_ms != NEVER_MS && m->is_live && !o->is_live &&
	       !o->is_deleted && !o->is_summary && o->was_live && o->is_told_over &&
	       o->created_ms > since_ms && o->by == m->by && m->by < SIM_SITES &&
	       w->sites[m->by].lost_history_ms == NEVER_MS;
}

/* Nobody knows of a message that got no answer, so nobody can edit it: that what it tells is over is told
 * in another, maybe with others in a summary. */
static bool says_what_is_over(const struct world *w, const struct sim_message *m, uint8_t alert)
{
	return (m->members & bit(alerts_check(w, alert))) && !m->is_deleted && !m->is_unanswered &&
	       !oracle_is_unsure(w, m->incident) && !oracle_is_word_lost(w, m->incident);
}

void oracle_alerts_healed(struct world *w)
{
	for (uint8_t i = 0; w->has_alerts && i < SIM_ALERTS; i++) {
		w->n_checked++;
		for (uint32_t k = 0; k < oracle_kept(w); k++) {
			const struct sim_message *m = &w->messages[k];

			if (says_what_is_over(w, m, i))
				world_breach(w,
					"oracle 2: alert %u is over, and message %u says "
					"that it fires",
					i, (unsigned)m->id);
		}
	}
}
