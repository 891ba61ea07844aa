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
	return t->in->is_flapping || !t->in->members[0].recovered.ms;
}

static bool tells(const struct tracked *t, const char *check)
{
	const struct incident_member *m = incident_member(t->in, check, false);

	return m && (t->in->is_flapping || !m->recovered.ms);
}

/* What the loser has to tell, people read of the winner. */
static bool stands_for(const struct tracked *winner, const struct tracked *loser)
{
	if (!goes_on(loser))
		return str_eq(winner->in->cause, loser->in->cause);
	return goes_on(winner) && tells(winner, loser->in->cause);
}

/* One that people were told of already, if the other wasn't: they needn't be told again. */
static bool survives(const struct alert *a, const struct tracked *x, const struct tracked *y)
{
	bool is_told = incident_was_told(x->in);

	if (is_told != incident_was_told(y->in) && str_eq(x->in->cause, y->in->cause))
		return is_told;
	return covers_beats(a, x, y);
}

static void try(struct alert *a, struct now now, struct tracked *x, struct tracked *y)
{
	struct tracked *winner, *loser;

	if (x == y || !incident_is_live(x->in) || !incident_is_live(y->in) ||
		incident_is_cut_off(x->in) || incident_is_cut_off(y->in))
		return;
	winner = survives(a, x, y) ? x : y;
	loser = winner == x ? y : x;
	if (loser->owner != a->cfg.self || !stands_for(winner, loser))
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
