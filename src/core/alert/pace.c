/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/pace.h"

#define WAIT_MAX_MS      DAY_MS /* a longer ban is tried after this all the same */
#define LATER_UNKNOWN_MS 1000   /* 429 that doesn't say for how long */

void pace_init(struct pace *p, uint64_t seed)
{
	*p = (struct pace){ 0 };
	rng_seed(&p->rng, seed);
}

static struct mono after(struct mono now, int64_t ms)
{
	return (struct mono){ now.ms + (ms < WAIT_MAX_MS ? ms : WAIT_MAX_MS) };
}

/* Answers of requests that were under way at once may come in any order: the longest wait counts.
 * */
static void wait_until(struct mono *until, struct mono t)
{
	if (t.ms > until->ms)
		*until = t;
}

/* 1 s, 2, 4 ... 5 min, each up to a quarter longer, so that sites don't come back in step. */
static int64_t back_off_ms(struct pace *p)
{
	int64_t ms = PACE_RETRY_MIN_MS;

	for (uint32_t i = 1; i < p->failures && ms < PACE_RETRY_MAX_MS; i++)
		ms *= 2;
	if (ms > PACE_RETRY_MAX_MS)
		ms = PACE_RETRY_MAX_MS;
	return ms + (int64_t)rng_below(&p->rng, (uint64_t)ms / 4 + 1);
}

static void failed(struct pace *p, struct mono now, const struct pace_answer *a)
{
	if (p->failures == 0)
		p->failing_since = now;
	if (p->failures < UINT32_MAX)
		p->failures++;
	wait_until(&p->backed_off, after(now, back_off_ms(p)));
	if (a->retry_after_ms > 0)
		wait_until(&p->not_before, after(now, a->retry_after_ms));
}

/* Somebody answered: the way there works, and whatever waited for it to need not wait longer. */
static void answered(struct pace *p, struct mono now, const struct pace_answer *a)
{
	p->failures = 0;
	p->is_in_doubt = false;
	p->backed_off.ms = 0;
	if (a->remaining == 0 && a->reset_after_ms > 0)
		wait_until(&p->not_before, after(now, a->reset_after_ms));
}

static void told_to_wait(struct pace *p, struct mono now, const struct pace_answer *a)
{
	int64_t ms = a->retry_after_ms;

	if (ms < 0)
		ms = a->reset_after_ms >= 0 ? a->reset_after_ms : LATER_UNKNOWN_MS;
	p->failures = 0;
	p->backed_off.ms = 0;
	wait_until(a->is_global ? &p->not_before_global : &p->not_before, after(now, ms));
}

void pace_answered(struct pace *p, struct mono now, const struct pace_answer *a)
{
	switch (a->verdict) {
	case PACE_DELIVERED:
		p->last_ok = now;
		p->is_gone = false;
		answered(p, now, a);
		break;
	case PACE_LOST:
	case PACE_REJECTED:
		answered(p, now, a);
		break;
	case PACE_LATER:
		told_to_wait(p, now, a);
		break;
	case PACE_UNANSWERED:
		pace_doubt(p, now);
		failed(p, now, a);
		break;
	case PACE_FAILED:
		failed(p, now, a);
		break;
	case PACE_GONE:
		p->failures = 0;
		p->is_in_doubt = false;
		p->is_gone = true;
		p->backed_off = after(now, PACE_GONE_MS);
		break;
	}
}

void pace_follow_global(struct pace *p, const struct pace *other)
{
	wait_until(&p->not_before_global, other->not_before_global);
}

void pace_doubt(struct pace *p, struct mono now)
{
	p->is_in_doubt = true;
	p->doubted = now;
}

struct mono pace_doubt_ends(const struct pace *p)
{
	return (struct mono){ p->is_in_doubt ? p->doubted.ms + PACE_DOUBT_MS : 0 };
}

struct mono pace_next(const struct pace *p)
{
	struct mono next = p->not_before;

	if (p->not_before_global.ms > next.ms)
		next = p->not_before_global;
	return p->backed_off.ms > next.ms ? p->backed_off : next;
}

struct mono pace_dies(const struct pace *p)
{
	if (p->failures < PACE_DEAD_FAILURES)
		return (struct mono){ NEVER_MS };
	return (struct mono){ p->failing_since.ms + PACE_DEAD_MS };
}
