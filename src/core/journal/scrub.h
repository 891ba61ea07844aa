/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scrub: is what we hold still what was written?
 *
 * A disk may change a bit years after it said that all is well.  A scrub reads every event of every
 * chain again, a few at a time, and compares it with its hash; a peer's copy that proves to be the
 * same event is put in the place of one that is damaged.
 *
 * What the hash doesn't cover is the signature: it is looked at where it is needed, at the end of a
 * batch (journal_accept).
 */
#ifndef CORE_JOURNAL_SCRUB_H
#define CORE_JOURNAL_SCRUB_H

#include "base/limits.h"
#include "core/journal/journal.h"

struct journal_place { /* of an event */
	char site[NAME_BYTES_MAX + 1];
	uint64_t epoch, seq;
};

/* The end of a chain that wasn't intact when the journal was opened: nothing can be joined to it, so it
 * was taken out, written down as `damaged`, and comes again from whoever has it. */
struct journal_cut {
	struct journal_place first; /* that isn't intact, with all behind it */
	uint64_t last;
};
const struct journal_cut *journal_cuts(const struct journal *j, size_t *ret_n);
/* So far back an intact event is looked for; a chain whose end is worse is no chain to go on with. */
#define JOURNAL_CUT_MAX 1000

/* Look at up to `most` events more behind `at`, which moves along ({0}: a pass begins).  `ret` has room
 * for as many: where they aren't what they were.  True: that was the last of the pass.  Where the chain
 * of `at` isn't held any more, the pass begins anew. */
bool journal_scrub(const struct journal *j, struct journal_place *at, size_t most,
	struct journal_place *ret, size_t *ret_n);

/* The event at this place can be read and fits its hash.  NULL, or why not, in `why`. */
bool journal_is_intact(const struct journal *j, const struct journal_place *place,
	char why[REASON_BYTES_MAX]);

/* Write `damaged`: what isn't intact at this place, and why, with what can be read there. */
void journal_add_damaged(struct journal *j, struct now now, const struct journal_place *place,
	const char *why);

/* An event of ours is damaged that nobody else has: no peer can take in what stands behind it.  The chain
 * ends before it, and what is intact behind it moves, stamps and all, to the beginning of a new epoch,
 * hashed and signed anew: *ret_moved events.  `lost` says so; it is written in the same transaction, with
 * all that is prepared, and the next commit returns it.
 *	RC_CONFLICT  the one before it isn't intact either: that one first
 *	RC_INPUT     not a chain of ours, or not held
 *	RC_FULL, RC_IO, RC_CORRUPT */
enum rc journal_give_up(struct journal *j, struct now now, const struct journal_place *place,
	size_t *ret_moved, struct err *e) MUST_USE;

/* Write `lost`: nobody has what stood at this place, the end of a chain that was cut off. */
void journal_add_lost(struct journal *j, struct now now, const struct journal_place *place);

/* An event, as it was read, fits its hash. */
bool journal_fits_hash(const struct event *ev);

/* A peer's batch may hold what belongs there.  It is put there if it is proven to be the same event:
 * the batch is a chain of its own, signed by its site, and joins what we hold intact behind it.
 *	RC_NOT_FOUND  the batch doesn't hold it
 *	RC_CORRUPT    it doesn't prove to be the same, or the store can't put it there
 *	RC_FULL, RC_IO */
enum rc journal_mend(struct journal *j, const struct journal_place *place,
	const struct event_batch *batch, struct err *e) MUST_USE;

#endif
