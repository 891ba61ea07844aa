/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_copies: of the worlds in which sites copy what the other scraped (oracle 7).
 *
 *	a copy holds nothing that its site didn't store
 *	while the link lives it is no older than a window and what must settle, and has no holes: what was
 *	missed over an outage comes when the link is back
 *	once all is quiet each window is asked for once
 *
 * Spared is only what a clock that went back put into time that had been told to be over.
 */
#include "sim/oracle_private.h"

#include <inttypes.h>

#define CAUGHT_UP_MS (10 * MINUTE_MS) /* with the link up: by then all is there */
#define SLACK_MS     MINUTE_MS
#define AHEAD_MS     (5 * MINUTE_MS) /* copying.c follows no clock further ahead of its own */
#define SPARE        60              /* questions of a quiet time: what was missed, in pieces */

void oracle_copied(struct world *w, uint8_t site, int64_t t_ms)
{
	struct sim_copy *of = &w->copies[!site];
	const struct sim_window *own = copies_window(w, &of->own, t_ms);

	/* What its disk has lost since is still true. */
	if (own && own->t_ms && own->t_ms != t_ms && !own->is_late)
		world_breach(w,
			"oracle 7: site%u copied a sample of %" PRId64 ", but there it is %" PRId64,
			site, t_ms, own->t_ms);
	if (t_ms > of->told_ms)
		world_breach(w, "oracle 7: site%u copied a sample of time that isn't over", site);
}

/* What a clock says to be over when it jumps is asked for when the next window is. */
static bool has_clock_settled(const struct world *w, uint8_t site)
{
	return w->now_ms - w->sites[site].clock_ms >
	       w->copy_every_ms + COPYING_SETTLED_MS + SLACK_MS;
}

/* Up to when it must be there, by the clocks. */
static int64_t due_ms(const struct world *w, uint8_t site)
{
	int64_t theirs_ms = world_now(w, !site).wall.ms - COPYING_SETTLED_MS;
	int64_t most_ms = world_now(w, site).wall.ms + AHEAD_MS;

	return (theirs_ms < most_ms ? theirs_ms : most_ms) - w->copy_every_ms - SLACK_MS;
}

static void expect_no_holes(struct world *w, uint8_t site)
{
	struct sim_copy *c = &w->copies[site];
	struct sim_windows *theirs = &w->copies[!site].own;
	int64_t until_ms = due_ms(w, site);

	if (c->begin_ms == INT64_MIN)
		world_breach(w, "oracle 7: the link is up, and site%u doesn't copy", site);
	for (int64_t end_ms = c->begin_ms + w->copy_every_ms; end_ms <= until_ms && !*w->breach;
		end_ms += w->copy_every_ms) {
		const struct sim_window *own = copies_window(w, theirs, end_ms);
		const struct sim_window *kept = copies_window(w, &c->kept, end_ms);

		if (!own || !own->t_ms || own->is_late || kept->t_ms == own->t_ms)
			continue;
		world_breach(w,
			"oracle 7: site%u has no copy of a sample of %" PRId64 ", %" PRId64
			" s ago",
			site, own->t_ms, (world_now(w, !site).wall.ms - own->t_ms) / SECOND_MS);
	}
	w->n_checked++;
}

static bool is_long_linked(const struct world *w)
{
	for (uint8_t i = 0; i < SIM_SITES; i++)
		if (w->sites[i].linked_since_ms == NEVER_MS ||
			w->now_ms - w->sites[i].linked_since_ms < CAUGHT_UP_MS)
			return false;
	return true;
}

void oracle_copies(struct world *w)
{
	if (!w->has_copies || !is_long_linked(w))
		return;
	for (uint8_t site = 0; site < SIM_SITES; site++)
		if (has_clock_settled(w, 0) && has_clock_settled(w, 1))
			expect_no_holes(w, site);
}

void oracle_copies_quiet(struct world *w)
{
	for (uint8_t i = 0; i < SIM_SITES; i++)
		w->copies[i].n_questions = 0;
	w->copies_quiet_ms = w->now_ms;
}

void oracle_copies_healed(struct world *w)
{
	int64_t quiet_ms = w->now_ms - w->copies_quiet_ms;

	if (!w->has_copies)
		return;
	oracle_copies(w);
	for (uint8_t i = 0; i < SIM_SITES; i++)
		if ((int64_t)w->copies[i].n_questions > quiet_ms / w->copy_every_ms + SPARE)
			world_breach(w,
				"oracle 7: site%u asked %u times in %" PRId64 " min, for windows "
				"of %" PRId64 " min",
				i, w->copies[i].n_questions, quiet_ms / MINUTE_MS,
				w->copy_every_ms / MINUTE_MS);
}
