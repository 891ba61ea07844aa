/* SPDX-License-Identifier: Apache-2.0 */
/* journal_private: what journal.c (our own chain), accept.c (what peers send) and heads.c share. */
#ifndef CORE_JOURNAL_JOURNAL_PRIVATE_H
#define CORE_JOURNAL_JOURNAL_PRIVATE_H

#include "base/limits.h"
#include "core/journal/journal.h"
#include "core/journal/scrub.h"

/* What is known of a chain beyond its head. */
struct journal_tail {
	uint64_t hlc; /* of the head */
	struct {
		uint64_t seq; /* 0: none */
		struct sha256 hash;
	} before; /* the head before this one, as long as the chain only grew */
	/* Of our own chains: */
	bool is_forked;  /* a peer proved that it holds another version */
	uint64_t agreed; /* looking for the fork: so far the two are the same */
	bool is_settled; /* the fork is behind us */
};

struct journal {
	char site[NAME_BYTES_MAX + 1];
	struct journal_store store;
	struct journal_signer signer;
	struct hlc clock;
	uint64_t epoch; /* the one that we write */

	struct journal_head *heads; /* chains that have an event, in order of arrival */
	struct journal_tail *tails;
	size_t n_chains, cap_heads, cap_tails;

	struct arena arena; /* of the events being prepared, or of those committed last */
	struct event **pending;
	size_t n_pending, cap_pending;
	size_t thin_at; /* so many, and superseded ones are left out; 0: not decided */
	bool is_full;   /* the last commit failed for want of room, and left nothing behind */
	uint64_t n_thinned, n_left_out; /* since the last commit; before it */
	/* The prepared ones in a row, while and after they are committed; filled as far as
	 * `n_batch`, while a full disk makes it wait. */
	struct event *batch;
	size_t n_batch, cap_batch;

	struct journal_cut *cuts; /* of this start */
	size_t n_cuts, cap_cuts;
	size_t n_taken_out; /* of these; the others are in the store until there is room to write them down */
};

#define JOURNAL_NO_CHAIN SIZE_MAX
size_t journal_find(const struct journal *j, const char *site, uint64_t epoch);
bool journal_is_ours(const struct journal *j, const char *site);

/* Move the head of the chain of `ev` to it; the chain is added if need be. */
void journal_advance(struct journal *j, const struct event *ev);
void journal_drop_chain(struct journal *j, size_t chain); /* it has no event any more */

struct journal_place journal_place_of(const struct journal_head *chain, uint64_t seq);
/* The event at this place as it is held, in the arena.  RC_NOT_FOUND, RC_IO, RC_CORRUPT. */
enum rc journal_read(const struct journal *j, const struct journal_place *place, struct arena *a,
	const struct event **ret, struct err *e);
/* The intact event at this place, in the arena; NULL, and why. */
const struct event *journal_read_intact(const struct journal *j, const struct journal_place *place,
	struct arena *a, char why[REASON_BYTES_MAX]);

/* Let our clock follow.  The stamps of our own events are followed however far ahead they are:
 * what we say next must come after what we said. */
void journal_witness(struct journal *j, struct now now, const struct event *ev);

/* Give `ev` its place in our own chain: epoch, seq, previous, hash, signature. */
void journal_seal(const struct journal *j, struct event *ev, uint64_t epoch, uint64_t seq,
	const struct sha256 *previous);
uint64_t journal_newest_epoch(const struct journal *j); /* of ours that has an event; 0: none */
/* An epoch that we never had. */
uint64_t journal_next_epoch(const struct journal *j, struct now now);
/* Head of the newest epoch of ours before `epoch` that has an event; zero when there is none. */
struct sha256 journal_last_of_ours(const struct journal *j, uint64_t epoch);
/* The chain as the store has it is taken up as far as its end is intact; what is not is cut off. */
enum rc journal_take_up(struct journal *j, const struct journal_head *head, struct now now,
	struct err *e);
/* Write down what is cut off, then take it out of the store.  `epoch` is decided.  While the disk
 * is full it waits, for a commit that succeeds. */
enum rc journal_carry_out_cuts(struct journal *j, struct now now, struct err *e);
/* What is cut off is written down: out of the store with it.  Again after a failure. */
enum rc journal_take_out_cuts(struct journal *j, struct err *e);
/* From now on we write `epoch`; what is prepared moves there. */
void journal_enter(struct journal *j, uint64_t epoch);

/* Events of one chain in a row, each fits its hash, and the last is signed by its site. */
enum rc journal_check_batch(const struct journal *j, const struct event_batch *batch,
	struct err *e);

/* A chain of ours may give way to the first version that a peer proves, and to no third one:
 * peers that each hold another would have us change sides for ever. */
bool journal_may_settle(const struct journal *j, size_t chain);

#endif
