/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_sender: what the store takes, sent on to one place: the log that is followed
 * (core/metrics/follow.h), put into requests (core/remote_write).
 *
 *	store's log ──► run: labels, batches, bodies ──► queue ──► next: a request to be sent
 *	                (may be on another thread)         ▲
 *	marks ◄── 2xx, 4xx ────────────────────────── answered ◄── its answer
 *
 * All calls are for the store's owner, except remote_sender_run(), which may be made on any one thread
 * between begin and end, while the owner makes all other calls but these three.
 */
#ifndef NODE_REMOTE_SENDER_H
#define NODE_REMOTE_SENDER_H

#include "core/metrics/store.h"
#include "core/remote_write/queue.h"

struct remote_sender;

struct remote_sender_setup {
	struct store *store; /* outlives the sender, as the following do */
	const struct remote_write *config;
	const struct labels *external; /* labels that each series gets which hasn't got them */
	uint64_t seed;
};
/* Goes on where it was when it was ended, or killed; a new one begins with what is taken from now on.
 * RC_IO, RC_FULL: its marks can't be written. */
enum rc remote_sender_new(struct remote_sender **ret, const struct remote_sender_setup *setup,
	struct err *e) MUST_USE;
void remote_sender_free(struct remote_sender *s); /* not between begin and end; NULL is fine */
SCOPED_BY(remote_sender_free, struct remote_sender *)
const struct remote_write *remote_sender_config(const struct remote_sender *s);

/* False: there is nothing to be done before *ret_wake, or before something is committed or answered. */
bool remote_sender_begin(struct remote_sender *s, struct now now, struct mono *ret_wake);
void remote_sender_run(struct remote_sender *s);
/* The log can't be read: what was lost is said once. */
enum rc remote_sender_end(struct remote_sender *s, struct now now, struct err *e);

/* As remote_queue_next(): the body lives until it is answered. */
const struct remote_body *remote_sender_next(struct remote_sender *s, struct now now,
	uint32_t *ret_shard, struct mono *ret_wake);
uint32_t remote_sender_attempts(const struct remote_sender *s,
	uint32_t shard); /* of what is sent */
/* *ret_fate: what becomes of it.  RC_IO, RC_FULL: a mark couldn't be written, so that a kill would
 * have it sent again. */
enum rc remote_sender_answered(struct remote_sender *s, uint32_t shard,
	const struct remote_answer *a, struct now now, enum remote_fate *ret_fate, struct err *e);
/* It couldn't be sent at all. */
void remote_sender_unsent(struct remote_sender *s, uint32_t shard, struct now now);

struct remote_sender_stats {
	struct remote_queue_stats queue;
	uint64_t pending;        /* samples in memory */
	uint64_t behind_bytes;   /* of the log that weren't read yet */
	uint64_t dropped;        /* samples that write_relabel_configs drop, */
	uint64_t too_old;        /* or that were too old when they were read (also in `queue`); */
	uint64_t unsendable;     /* histograms of bounds of their own, in 1.0 */
	uint64_t unknown;        /* series that nobody knows any more */
	uint64_t damaged;        /* logs of which something can't be read */
	int64_t highest_read_ms; /* newest sample that was read; 0: none */
	uint32_t shards, shards_wanted, shards_max, shards_min;
	uint64_t capacity, batch;
	uint64_t memory_bytes;
};
void remote_sender_stats(const struct remote_sender *s, struct remote_sender_stats *ret);

#endif
