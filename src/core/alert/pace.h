/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace: when a channel may be written to next.
 *
 * Follows Discord's documented rate limits (docs: Rate Limits): per route from
 * X-RateLimit-Remaining and X-RateLimit-Reset-After, 429 with Retry-After or body.retry_after for
 * the route, for everything when X-RateLimit-Global or body.global.  Errors of the network and 5xx
 * back off 1 s, 2, 4 ... 5 min with jitter; 401, 403 and 404 mean that the webhook is gone: said,
 * tried again each 10 min.  Never more than one create in flight, so that a 429 can't reorder first
 * messages.
 *
 * A channel is in doubt when it gave no answer, until it answers anything: what is created there
 * meanwhile would be told, and not known to be.  A test without side effects is the way out.
 */
#ifndef CORE_ALERT_PACE_H
#define CORE_ALERT_PACE_H

#include "base/rng.h"
#include "base/time.h"

#include <stdbool.h>

#define PACE_RETRY_MIN_MS 1000
#define PACE_RETRY_MAX_MS (5 * MINUTE_MS)
#define PACE_GONE_MS      (10 * MINUTE_MS)
/* In doubt for so long it is written to all the same: maybe only tests don't get through. */
#define PACE_DOUBT_MS (30 * MINUTE_MS)
/* Egress is taken for dead after this many network failures in a row over this long. */
#define PACE_DEAD_FAILURES 3
#define PACE_DEAD_MS       8000

enum pace_verdict {
	PACE_DELIVERED,  /* 2xx */
	PACE_LATER,      /* 429: wait, nothing is wrong */
	PACE_FAILED,     /* no connection, refused, 5xx: try again */
	PACE_UNANSWERED, /* sent, but no answer in time: it may have arrived */
	PACE_REJECTED,   /* 400: this payload will never be taken; say so, don't retry it */
	PACE_GONE,       /* 401, 403, 404 on create: the channel is gone */
	PACE_LOST,       /* 404 on edit: the message was deleted; create a new one */
};

struct pace_answer {
	enum pace_verdict verdict;
	int64_t retry_after_ms; /* PACE_LATER; -1 not given */
	bool is_global;
	int32_t remaining;      /* X-RateLimit-Remaining; -1 not given */
	int64_t reset_after_ms; /* -1 not given */
};

struct pace {
	struct mono not_before; /* this route: what the channel asked for */
	struct mono not_before_global;
	struct mono backed_off; /* our own patience after failures: over with the first success */
	uint32_t failures;      /* network failures and 5xx in a row */
	struct mono failing_since;
	struct mono last_ok;
	bool is_gone;
	bool is_in_doubt; /* it gave no answer, and none since */
	struct mono doubted;
	struct rng rng;
};

void pace_init(struct pace *p, uint64_t seed);
void pace_answered(struct pace *p, struct mono now, const struct pace_answer *a);
/* A global limit met on `other` holds for `p` too: to be called for each channel of the same
 * service after an answer that says so. */
void pace_follow_global(struct pace *p, const struct pace *other);
struct mono pace_next(const struct pace *p); /* nothing may be sent before this */
/* An attempt may have arrived that we know nothing of: ours, or somebody else's for us. */
void pace_doubt(struct pace *p, struct mono now);
struct mono pace_doubt_ends(const struct pace *p); /* {0}: it is not in doubt */
struct mono pace_dies(const struct pace *p); /* it is dead from here on; {NEVER_MS}: not failing */
static inline bool pace_is_dead(const struct pace *p, struct mono now) /* somebody else's turn */
{
	return p->failures >= PACE_DEAD_FAILURES && now.ms >= pace_dies(p).ms;
}

/* Judge an HTTP outcome.  status 0: no connection; -1: sent but unanswered.  `headers` and `body`
 * are the raw answer (bounded by the caller), may be NULL. */
struct pace_answer pace_judge_discord(int status, bool is_edit, const char *headers,
	const char *body, size_t body_len);

#endif
