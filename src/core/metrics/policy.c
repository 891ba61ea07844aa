/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/policy.h"

#include <string.h>

static const int64_t spans_ms[POLICY_LEVELS] = { 0, 0, POLICY_SPAN_LEAST_MS, DAY_MS, 10 * DAY_MS };

static int64_t span_of(int64_t t_ms, int64_t span_ms)
{
	int64_t span = t_ms / span_ms;

	return t_ms % span_ms < 0 ? span - 1 : span;
}

/* The parts that would become one of `level` in the span of part `first`. */
struct choice {
	uint32_t n, n_done; /* all; of these, of that level already */
	uint64_t bytes, done_bytes;
};

static struct choice choose(const struct policy *p, uint32_t first, uint32_t level, bool *pick)
{
	int64_t span_ms = spans_ms[level], span = span_of(p->v[first].max_ms, span_ms);
	struct choice c = { 0 };

	for (uint32_t i = 0; i < p->n; i++) {
		pick[i] = p->v[i].level <= level && span_of(p->v[i].max_ms, span_ms) == span;
		if (!pick[i])
			continue;
		c.n++;
		c.bytes += p->v[i].bytes;
		if (p->v[i].level < level)
			continue;
		c.n_done++;
		c.done_bytes += p->v[i].bytes;
	}
	return c;
}

static bool is_worth_it(const struct choice *c, uint32_t level)
{
	if (!c->n_done)
		return c->n > 1 || level == 2;
	return c->n - c->n_done >= POLICY_FEW || c->n_done > 1 ||
	       4 * (c->bytes - c->done_bytes) >= c->done_bytes;
}

static bool is_over(const struct policy *p, uint32_t part, uint32_t level)
{
	return span_of(p->newest_ms, spans_ms[level]) > span_of(p->v[part].max_ms, spans_ms[level]);
}

static bool pick_span(const struct policy *p, uint32_t level, bool *pick)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct choice c;

		if (p->v[i].level >= level || !is_over(p, i, level))
			continue;
		c = choose(p, i, level, pick);
		if (is_worth_it(&c, level))
			return true;
	}
	return false;
}

/* The oldest few of those that were just flushed. */
static bool pick_few(const struct policy *p, bool *pick)
{
	uint32_t n = 0;

	memset(pick, 0, p->n * sizeof *pick);
	for (uint32_t i = 0; i < p->n && n < POLICY_FEW; i++) {
		if (p->v[i].level)
			continue;
		pick[i] = true;
		n++;
	}
	return n == POLICY_FEW;
}

/* The oldest that was just flushed and has samples of long ago: open chunks are read from their
 * beginning, however little of them is asked for. */
static bool pick_long(const struct policy *p, bool *pick)
{
	memset(pick, 0, p->n * sizeof *pick);
	for (uint32_t i = 0; i < p->n; i++) {
		uint64_t span_ms = (uint64_t)p->v[i].max_ms - (uint64_t)p->v[i].min_ms;

		if (p->v[i].level || span_ms <= POLICY_SPAN_LEAST_MS)
			continue;
		pick[i] = true;
		return true;
	}
	return false;
}

static bool pick_deleted(const struct policy *p, bool *pick, uint32_t *ret_level)
{
	memset(pick, 0, p->n * sizeof *pick);
	for (uint32_t i = 0; p->is_cleaning && i < p->n; i++) {
		if (!p->v[i].has_deletions)
			continue;
		pick[i] = true;
		*ret_level = p->v[i].level ? p->v[i].level : 1;
		return true;
	}
	return false;
}

static bool pick_old(const struct policy *p, bool *pick, uint32_t *ret_level)
{
	memset(pick, 0, p->n * sizeof *pick);
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->v[i].level < 2 || p->v[i].resolution_ms >= p->v[i].wanted_ms)
			continue;
		pick[i] = true;
		*ret_level = p->v[i].level;
		return true;
	}
	return false;
}

static uint32_t levels_of(int64_t retention_ms)
{
	return retention_ms >= 10 * spans_ms[4] ? 5 : 4;
}

uint32_t policy_past_level(int64_t retention_ms, int64_t now_ms, int64_t t_ms, int64_t *ret_from_ms,
	int64_t *ret_to_ms)
{
	uint32_t level = levels_of(retention_ms) - 1;

	/* The longest span that is over. */
	while (level > 2 && span_of(now_ms, spans_ms[level]) <= span_of(t_ms, spans_ms[level]))
		level--;
	*ret_from_ms = span_of(t_ms, spans_ms[level]) * spans_ms[level];
	*ret_to_ms = *ret_from_ms + spans_ms[level] - 1;
	return level - 1;
}

bool policy_pick(const struct policy *p, bool *pick, uint32_t *ret_level)
{
	uint32_t levels = levels_of(p->retention_ms);

	for (uint32_t level = 2; level < levels; level++) {
		if (!pick_span(p, level, pick))
			continue;
		*ret_level = level;
		return true;
	}
	if (pick_few(p, pick) || pick_long(p, pick)) {
		*ret_level = 1;
		return true;
	}
	return pick_old(p, pick, ret_level) || pick_deleted(p, pick, ret_level);
}

uint32_t policy_drop(const struct policy *p, int64_t oldest_ms, uint64_t bytes_max, bool *drop)
{
	uint64_t bytes = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		drop[i] = p->v[i].max_ms < oldest_ms;
		n += drop[i];
		bytes += drop[i] ? 0 : p->v[i].bytes;
	}
	while (bytes_max && bytes > bytes_max && n < p->n) {
		uint32_t oldest = UINT32_MAX;

		for (uint32_t i = 0; i < p->n; i++)
			if (!drop[i] &&
				(oldest == UINT32_MAX || p->v[i].max_ms < p->v[oldest].max_ms))
				oldest = i;
		drop[oldest] = true;
		bytes -= p->v[oldest].bytes;
		n++;
	}
	return n;
}
