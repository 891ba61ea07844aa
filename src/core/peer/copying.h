/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copying: which time of a peer's key series is asked for next, so that a thin copy of them is here
 * when the peer is gone.
 *
 *	             connected, and due
 *	   WAITING ─────────────────────► ASKED
 *	      ▲ ▲                           │ taken: go on behind it, at once while there is more,
 *	      │ └───────────────────────────┤        as fast as COPYING_BYTES_PER_S allows
 *	      │                             │ refused as too much: ask for less time
 *	      └─────────────────────────────┘ failed, or the link is lost: again, later each time
 *
 * Time is the peer's, cut into windows ((k - 1) * every, k * every]; of each series the newest sample of
 * a window is copied.  The peer tells only windows that are over by its own clock, and says up to when,
 * so clocks that differ neither lose nor double anything.  All that one answer brings is kept together:
 * so after a crash the newest sample that is kept says where to go on.
 *
 * Pure.
 */
#ifndef CORE_PEER_COPYING_H
#define CORE_PEER_COPYING_H

#include "base/time.h"

#define COPYING_SETTLED_MS  (15 * SECOND_MS) /* by then a sample is where it was scraped */
#define COPYING_FIRST_MS    DAY_MS           /* that is copied when nothing is here yet */
#define COPYING_SPAN_MS     (6 * HOUR_MS)    /* the most that is asked for at once */
#define COPYING_BYTES       262144           /* that one answer should have at most */
#define COPYING_BYTES_PER_S 131072
#define COPYING_RETRY_MS    (5 * SECOND_MS) /* after a failure; doubled by each */
#define COPYING_RETRIES_MS  (5 * MINUTE_MS) /* up to that */
#define COPYING_REFUSED_MS  HOUR_MS         /* for which what was too long isn't asked for again */

struct copying {
	int64_t every_ms, retention_ms;
	int64_t held_ms; /* the end of the newest window that is here; INT64_MIN: none */
	int64_t span_ms; /* to ask for at once */
	int64_t most_ms; /* that it may grow to, since more was refused, until `most_ends` */
	struct mono most_ends;
	bool is_connected, is_asked;
	int64_t from_ms, until_ms; /* ASKED: for the windows in (from, until] */
	uint32_t failures;         /* in a row */
	struct mono due;
};

/* `newest_ms` of the samples that are here; INT64_MIN: none. */
void copying_init(struct copying *c, int64_t newest_ms);
/* What is declared, now or anew; 0 every_ms: nothing, so nothing more is asked for. */
void copying_declare(struct copying *c, int64_t every_ms, int64_t retention_ms);
/* A connection has come up: what was asked on another one is answered as failed before. */
void copying_connected(struct copying *c, struct now now, bool is_connected);

struct copying_question {
	int64_t from_ms, until_ms; /* windows end in (from, until] */
};
/* False: nothing is to be asked now.  Else it is asked by that. */
bool copying_next(struct copying *c, struct now now, struct copying_question *ret);
/* Look again no later than this; NEVER_MS: something else must happen first. */
struct mono copying_wake(const struct copying *c);

/* ASKED: a sample of that time belongs into the answer; no other is kept, since one of next year would
 * stand before all that come. */
bool copying_is_wanted(const struct copying *c, int64_t t_ms);

/* It was answered, and what came is kept: all of the windows that end up to `told_ms`, of which no more is
 * believed than that the peer's clock may be minutes ahead of ours. */
void copying_taken(struct copying *c, struct now now, int64_t told_ms, uint64_t bytes);
/* As too much.  False: less than one window can't be asked for, so it has failed. */
bool copying_refused(struct copying *c, struct now now);
void copying_failed(struct copying *c, struct now now);

#endif
