/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue: when which request is sent, and what its answer means.
 *
 * A series belongs to one shard; each shard sends one request at a time, the oldest first: so a series'
 * samples arrive in order.  What waits in memory is bounded; the rest waits in the store's log.
 *
 *	put ─► waits ─► sent ── 2xx ──────────────────────────► done: the mark moves
 *	         ▲       ├───── 4xx ──────────────────────────► done: dropped, and counted
 *	         └───────┴───── 5xx, 429, no answer: backoff, Retry-After
 *
 * What wasn't answered may have arrived: it is sent again, and that is the only way in which a sample
 * can arrive twice.
 */
#ifndef CORE_REMOTE_WRITE_QUEUE_H
#define CORE_REMOTE_WRITE_QUEUE_H

#include "base/rng.h"
#include "base/time.h"
#include "core/remote_write/config.h"

#define REMOTE_RETRY_AFTER_MAX_MS (10 * MINUTE_MS) /* however long a receiver asks for */
#define REMOTE_RESHARD_MS         (10 * SECOND_MS)

/* Where in the log it ends. */
struct remote_place {
	uint32_t generation, index;
	uint64_t offset;
};

/* What a request carries, and is counted apart. */
enum remote_kind { REMOTE_SAMPLES, REMOTE_HISTOGRAMS, REMOTE_EXEMPLARS, REMOTE_METADATA,
	REMOTE_KINDS };

struct remote_body {
	struct remote_body *next;
	struct remote_place end;
	int64_t newest_ms; /* of its samples */
	uint32_t n_samples; /* that stood in the log: histograms and exemplars, too */
	uint32_t has[REMOTE_KINDS];
	uint32_t n; /* bytes */
	uint8_t bytes[];
};

struct remote_shard {
	struct remote_body *first, *last; /* oldest first */
	uint64_t n_samples;               /* in all of them */
	struct mono sent_at;              /* the first one, if it is under way */
	struct mono retry_at;
	int64_t backoff_ms;
	uint32_t attempts; /* of the first one, answered or not */
	bool is_under_way;
};

enum remote_fate { REMOTE_SENT, REMOTE_RETRIED, REMOTE_DROPPED };

struct remote_answer {
	bool is_answered; /* false: no answer, or half of one */
	int status;
	int64_t retry_after_ms; /* 0: not said */
	bool has_written;       /* 2.0: it said how many samples it has written, */
	uint64_t written[REMOTE_KINDS]; /* so many; none of metadata */
};

struct remote_queue_stats {
	uint64_t sent[REMOTE_KINDS];    /* acknowledged */
	uint64_t failed[REMOTE_KINDS];  /* dropped for a 4xx */
	uint64_t retried[REMOTE_KINDS]; /* sent again, each time */
	uint64_t bytes;                 /* acknowledged */
	uint64_t too_old;               /* samples that weren't sent for their age */
	uint64_t requests, failed_requests;
	int64_t highest_sent_ms; /* newest sample that was acknowledged; 0: none */
	struct mono last_success;
	bool has_success;
};

struct remote_queue {
	const struct remote_write *config;
	struct rng rng; /* jitter */
	struct remote_shard *shards;
	uint32_t n_shards, wanted_shards;
	uint64_t pending; /* samples that wait or are under way */
	struct remote_queue_stats stats;
	/* For the number of shards. */
	struct mono looked_at;
	uint64_t samples_before;
	int64_t busy_ms; /* spent on requests since then, in all shards */
	double behind_before, in_rate, out_rate, busy_rate;
	bool has_rates;
};

void remote_queue_init(struct remote_queue *q, const struct remote_write *config, uint32_t n_shards,
	uint64_t seed);
void remote_queue_fini(struct remote_queue *q);

static inline uint32_t remote_queue_shard(const struct remote_queue *q, uint32_t id)
{
	return id % q->n_shards;
}
/* Whether a shard takes another body. */
bool remote_queue_has_room(const struct remote_queue *q);
/* Takes `b`, which malloc() gave. */
void remote_queue_put(struct remote_queue *q, uint32_t shard, struct remote_body *b);
/* A request to be sent now; it is under way then.  NULL: none, before *ret_wake (left alone: not before
 * something is put or answered). */
const struct remote_body *remote_queue_next(struct remote_queue *q, struct now now,
	uint32_t *ret_shard, struct mono *ret_wake);
/* *ret: when it wasn't REMOTE_RETRIED, the body, which is the caller's to free. */
enum remote_fate remote_queue_answer(struct remote_queue *q, uint32_t shard,
	const struct remote_answer *a, struct now now, struct remote_body **ret);
/* It was not sent at all, and is tried again. */
void remote_queue_unsent(struct remote_queue *q, uint32_t shard, struct now now);
bool remote_queue_is_empty(const struct remote_queue *q);

/* Look at how sending gets on; `behind` samples wait in the log, about.  wanted_shards changes. */
void remote_queue_look(struct remote_queue *q, double behind, struct mono now);
/* Of an empty queue: as many as are wanted from now on. */
void remote_queue_reshard(struct remote_queue *q);

/* What Retry-After says: seconds, or a date (RFC 9110); 0: nothing of use. */
int64_t remote_retry_after(const char *text, struct wall now);

#endif
