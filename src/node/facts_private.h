/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts_private: what the files of the facts share.
 *
 *	facts.c          all of them, one after the other; watchers, drills and the journal
 *	facts_outside.c  are we blind, do the channels work?
 *	facts_peers.c    link down or site down; what a peer holds that we lack
 *	facts_clock.c    jumps and skew
 *	facts_labs.c     lab.yaml, here and elsewhere
 *
 * Each subject is judged when something may have changed it, and says when time alone will.
 */
#ifndef NODE_FACTS_PRIVATE_H
#define NODE_FACTS_PRIVATE_H

#include "node/site_private.h"

#define FACTS_START_MS (10 * SECOND_MS) /* links have this long to come up after a start */

/* The next moment at which time alone changes a fact: the first one offered that is yet to come. */
struct facts_next {
	int64_t now_ms, due_ms;
};

static inline void facts_next_at(struct facts_next *next, int64_t when_ms)
{
	if (when_ms > next->now_ms && when_ms < next->due_ms)
		next->due_ms = when_ms;
}

/* facts_outside.c */
bool facts_judge_outside(struct site *s, struct now now); /* true: we are blind */
void facts_judge_channels(struct site *s, struct now now, bool is_blind);
void facts_next_outside(const struct site *s, struct facts_next *next);
struct mono facts_last_heard(const struct site *s); /* the last word of anybody outside */
uint8_t facts_troubled_channels(const struct site *s, struct now now); /* bit n: channel n */

/* facts_peers.c */
void facts_judge_peers(struct site *s, struct now now, bool is_blind);
void facts_next_peers(const struct site *s, struct facts_next *next);
bool facts_is_linked(const struct site *s, uint8_t peer);
bool facts_is_lost(const struct site *s, uint8_t peer, struct now now); /* its link, for certain */

/* facts_clock.c */
void facts_judge_clock(struct site *s, struct now now);
bool facts_is_skewed(int64_t skew_ms); /* enough to matter */

/* facts_labs.c */
void facts_judge_labs(struct site *s, struct now now);
void facts_next_labs(const struct site *s, struct facts_next *next);

#endif
