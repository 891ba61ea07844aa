/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal: chains of events, one writer each, and what we hold of everybody's.
 *
 * Keeps the heads in memory, makes and verifies events, and talks to storage through the port
 * below.  Appending is two steps so that one decision costs one fsync: journal_add() any number of
 * events, then journal_commit().  Nothing of an uncommitted event may leave the machine.
 *
 *	(site, epoch)   seq 1 ── 2 ── 3 ── ... ── head        each holds the hash of the one before
 *
 * A batch from a peer is accepted only if it continues the chain that we hold: right seq, right
 * previous hash, every hash recomputed, the last one's signature verified with the site's key from
 * lab.yaml (the chain covers the rest).  A batch that contradicts what we hold is a fork:
 * RC_CORRUPT, both kept nowhere, said aloud.
 *
 * Our own chain may be forked honestly: the disk was rolled back, and we wrote on before a peer
 * told us.  Then what we signed first and a peer has kept is the history; what was written on top
 * of the rolled-back disk moves, as it is, to the beginning of a new epoch:
 *
 *	epoch 1   1 ── 2 ── 3 ── 4 ── 5      4 and 5 come back from the peer
 *	                    └─── 4'          written after the rollback
 *	epoch 2   1 (was 4') ── 2 ── ...     and on we go
 */
#ifndef CORE_JOURNAL_JOURNAL_H
#define CORE_JOURNAL_JOURNAL_H

#include "core/journal/event.h"

#include <stdbool.h>

struct journal_head {
	char site[64 + 1];
	uint64_t epoch;
	uint64_t seq; /* newest event held, 0: none */
	struct sha256 hash;
};

/* A part of one chain. */
struct journal_span {
	const char *site;
	uint64_t epoch;
	uint64_t seq; /* of the first event, from 1 */
	size_t most;  /* events */
};

/* A cursor names an event of one store; they grow in the order of arrival, from 2. */
#define EVENT_CURSOR_OLDEST 1 /* as after_cursor: from the first that arrived */

struct event_query {
	const char *site, *kind, *subject; /* NULL: any */
	struct wall since, until;          /* by the stamp (hlc_wall), inclusive; {0}: open */
	uint64_t before_cursor; /* newest first: continue below this cursor; 0: from the newest */
	uint64_t after_cursor;  /* in order of arrival when set: continue above it */
	bool is_latest_by_subject; /* only the newest of each subject; not with after_cursor */
	uint32_t most;             /* 0: all */
};

/* Storage, real (port/sqlite) or simulated (memory_store.h).  Called in line, from one thread. */
struct journal_store {
	void *ctx;
	/* Store all in one transaction; durable (fsynced) on RC_OK, absent otherwise.
	 * RC_FULL, RC_IO, RC_CORRUPT.  Storing an event that is there already is a no-op; another
	 * one in its place, or one that doesn't continue its chain, is RC_CORRUPT. */
	enum rc (*put)(void *ctx, const struct event *events, size_t n, struct err *e);
	/* Forget a chain's events from `from->seq` on and put these, in one transaction.  Only for
	 * our own chain, when it was forked, and for what is damaged and comes again. */
	enum rc (*replace)(void *ctx, const struct journal_head *from, const struct event *events,
		size_t n, struct err *e);
	/* Put the event that belongs there in the place of one that is damaged, keeping its cursor:
	 * durable on RC_OK.  It was proven to be the same (scrub.h). */
	enum rc (*mend)(void *ctx, const struct event *ev, struct err *e);
	/* How far each chain is held; malloced. */
	enum rc (*heads)(void *ctx, struct journal_head **ret, size_t *ret_n, struct err *e);
	/* The events of a span, ascending, in the arena; fewer than asked for at the chain's end.
	 * RC_LIMIT when they exceed the arena's budget, RC_IO, RC_CORRUPT. */
	enum rc (*range)(void *ctx, const struct journal_span *span, struct arena *a,
		struct event_batch *ret, struct err *e);
	/* `each` is called for every match, newest first by (hlc, site, epoch), unless
	 * after_cursor is set; stops when it returns false.  The event lives only during the
	 * call, and `each` may not call the store.  What can't be read is passed over; `range`
	 * tells that.  RC_INPUT when before_cursor names nothing. */
	enum rc (*query)(void *ctx, const struct event_query *q,
		bool (*each)(void *arg, const struct event *ev, uint64_t cursor), void *arg,
		struct err *e);
	/* Which site's event is the newer one when stamps are equal: the one later in this list
	 * (the order of lab.yaml; names must not decide).  Sites that aren't in it come before,
	 * by name. */
	void (*order)(void *ctx, const char *const *sites, size_t n);
	/* Small durable facts outside the chains ("last_alive"); not fsynced. */
	enum rc (*note)(void *ctx, const char *name, int64_t value, struct err *e);
	int64_t (*noted)(void *ctx, const char *name, int64_t otherwise);
};

/* Signing as a port too: the simulator leaves both NULL, and then signatures are neither made nor
 * asked for. */
struct journal_signer {
	void *ctx;
	void (*sign)(void *ctx, const struct sha256 *hash, uint8_t ret[SIGNATURE_BYTES]);
	/* False also when `site` is not declared. */
	bool (*verify)(void *ctx, const char *site, const struct sha256 *hash,
		const uint8_t signature[SIGNATURE_BYTES]);
};

struct journal;

/* Opens on what the store holds and chooses the epoch to write: the newest of ours, or a new one
 * (the wall clock's seconds) when there is none, or when its end is damaged.  What is damaged at
 * the end of any chain is cut off, see journal_cuts() in scrub.h; RC_CORRUPT when that is too much.
 * On a full disk that is told by the first commit that succeeds. */
struct journal_setup {
	const char *site; /* ours; copied, like what the ports are */
	const struct journal_store *store;
	const struct journal_signer *signer; /* NULL: neither signs nor verifies */
};
enum rc journal_open(struct journal **ret, const struct journal_setup *setup, struct now now,
	struct err *e) MUST_USE;
void journal_free(struct journal *j);
SCOPED_BY(journal_free, struct journal *)

/* Prepare an event of ours; returned for reading until the next add or commit.  `body` is a JSON
 * object; one that exceeds EVENT_BODY_BYTES_MAX has its longest texts cut.
 *
 * While the disk is full prepared events wait in memory.  Beyond JOURNAL_WAITING_MAX those are left
 * out that a later one makes useless: words, links, alerts and incidents are told whole each time. */
const struct event *journal_add(struct journal *j, struct now now, enum event_kind kind,
	const char *subject, const char *body);
/* Make all prepared events durable.  On failure they stay prepared, and a later commit tries
 * again: decisions are not lost to a full disk, they wait. `ret_events` live until the next add. */
enum rc journal_commit(struct journal *j, const struct event **ret_events, size_t *ret_n,
	struct err *e) MUST_USE;
size_t journal_uncommitted(const struct journal *j);
/* The i-th of these, oldest first; lives until the next add or commit. */
const struct event *journal_waiting(const struct journal *j, size_t i);
/* How many events the last successful commit lacks, because later ones made them useless. */
uint64_t journal_left_out(const struct journal *j);

/* Take in a batch of one chain from a peer; *ret_new counts what we did not have.  Nothing is kept
 * unless RC_OK:
 *	RC_INPUT     not events of one chain in a row
 *	RC_CORRUPT   forged, damaged, of a site that isn't declared, or a fork
 *	RC_CONFLICT  a hole: it begins beyond what we hold; or it shows that our own chain was rolled
 *	             back, but not where: see journal_heads_for()
 *	RC_FULL, RC_IO, RC_LIMIT
 * Taking in what extends the epoch that we write ourselves begins a new one. */
enum rc journal_accept(struct journal *j, struct now now, const struct event_batch *batch,
	size_t *ret_new, struct err *e) MUST_USE;

const struct journal_head *journal_heads(const struct journal *j, size_t *ret_n);
/* Our heads as a peer that has `theirs` is to be shown them: a chain of ours that it holds in
 * another version is shown only as far as the two are known to be the same.  So the link asks for
 * the rest, and journal_accept() finds the fork and settles it.  `ret` has room for all heads. */
void journal_heads_for(const struct journal *j, const struct journal_head *theirs, size_t n,
	struct journal_head *ret);
/* A peer says that it holds more of our own chain than we do, or another: we were wiped or rolled
 * back.  Accepting that history begins a new epoch. */
bool journal_is_behind_itself(const struct journal *j, const struct journal_head *theirs, size_t n);

const struct journal_store *journal_store(const struct journal *j);
uint64_t journal_epoch(const struct journal *j);
struct hlc *journal_clock(struct journal *j);

#endif
