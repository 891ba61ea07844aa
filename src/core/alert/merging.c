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

/* `mine` lists the cause of `other`, or the other way round. */
static bool overlap(const struct tracked *mine, const struct tracked *other)
{
	return incident_member(mine->in, other->in->cause, false) ||
	       incident_member(other->in, mine->in->cause, false);
}

void merging_try(struct alert *a, struct now now, struct tracked *x, struct tracked *y)
{
	struct tracked *winner, *loser;

	if (x == y || !incident_is_live(x->in) || !incident_is_live(y->in) || !overlap(x, y))
		return;
	winner = covers_beats(a, x, y) ? x : y;
	loser = winner == x ? y : x;
	if (loser->owner != a->cfg.self)
		return; /* its owner's to write */
	merging_mark(a, now, loser, winner->in->id);
	covers_put(a, winner);
}

void merging_all(struct alert *a, struct now now)
{
	for (uint32_t at = 0; at < a->n_busy; at++) {
		struct tracked *mine = a->busy[at];

		if (mine->owner != a->cfg.self || !incident_is_live(mine->in))
			continue;
		for (uint32_t beside = 0; beside < a->n_busy; beside++)
			merging_try(a, now, mine, a->busy[beside]);
	}
}

void merging_after_reunion(struct alert *a, struct now now)
{
	if (!a->is_reunited)
		return;
	if (now.mono.ms < a->calm.ms) {
		alert_wake_at(a, a->calm);
		return;
	}
	a->is_reunited = false;
	merging_all(a, now);
}
