/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/merging.h"

#include "core/alert/covers.h"

void merging_mark(struct alert *a, struct now now, struct tracked *mine, const char *into)
{
	mine->in->state = INCIDENT_MERGED;
	mine->in->closed = now.wall;
	str_copy(mine->in->merged_into, sizeof mine->in->merged_into, into);
	folding_change(a, mine, into, "tells the rest");
}

/* How a flapping one stands at the moment only its owner knows: as a whole it goes on. */
static bool goes_on(const struct tracked *t)
{
	return incident_is_live(t->in) && (t->in->is_flapping || !t->in->members[0].recovered.ms);
}

static bool tells(const struct tracked *t, const char *check)
{
	const struct incident_member *m = incident_member(t->in, check, false);

	return m && (t->in->is_flapping || !m->recovered.ms);
}

static void try(struct alert *a, struct now now, struct tracked *x, struct tracked *y)
{
	struct tracked *winner, *loser;

	if (x == y || !goes_on(x) || !goes_on(y))
		return;
	winner = covers_beats(a, x, y) ? x : y;
	loser = winner == x ? y : x;
	if (loser->owner != a->cfg.self || !tells(winner, loser->in->cause))
		return;
	merging_mark(a, now, loser, winner->in->id);
	covers_put(a, winner);
}

void merging_step(struct alert *a, struct now now)
{
	if ((!a->is_merging_due && !a->is_reunited) || a->is_behind || alert_awaits_news(a, now))
		return;
	a->is_merging_due = a->is_reunited = false;
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *mine = a->busy[at];

		if (mine->owner != a->cfg.self || !incident_is_live(mine->in))
			continue;
		for (uint32_t beside = 0; beside < a->n_busy; beside++)
			try(a, now, mine, a->busy[beside]);
	}
}
