/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/reading.h"

#include "base/time.h"
#include "core/promql/histogram_sum.h"

#define LOOKBACK_MS (5 * MINUTE_MS)

int64_t eval_lookback_ms(const struct eval *ev)
{
	return ev->query->lookback_ms ? ev->query->lookback_ms : LOOKBACK_MS;
}

struct reach reach_of(const struct eval *ev, const struct promql_shift *shift,
	const struct steps *steps, int64_t range_ms)
{
	const struct promql_query *q = ev->query;
	const int64_t at_ms[] = {
		[PROMQL_AT_NONE] = steps->start_ms,
		[PROMQL_AT_TIME] = shift->at_ms,
		[PROMQL_AT_START] = q->start_ms,
		[PROMQL_AT_END] = q->end_ms,
	};

	return (struct reach){ .first_ms = at_ms[shift->at] - shift->offset_ms,
		.step_ms = shift->at == PROMQL_AT_NONE ? steps->step_ms : 0,
		.range_ms = range_ms };
}

static void release_reading(void *what)
{
	struct reading *r = what;

	if (r->cursor)
		r->source->close(r->cursor);
	series_column_fini(&r->column);
	arena_fini(&r->histograms);
}

enum rc reading_open(struct eval *ev, const struct reading_wish *wish, const struct steps *steps,
	struct reading **ret, struct err *e)
{
	const struct promql_selector *s = wish->selector;
	const struct reach *reach = &wish->reach;
	struct series_query q = {
		.matchers = s->matchers,
		.n_matchers = s->n_matchers,
		.min_ms = reach->first_ms - reach->range_ms + 1,
		.max_ms = reach_end(reach, steps->n - 1),
		.first_ms = reach->first_ms,
		.step_ms = steps->n > 1 ? reach->step_ms : 0,
		.range_ms = reach->range_ms,
		.need = wish->need,
		.function = wish->function,
	};
	struct reading *r = eval_alloc(ev, sizeof *r, e);
	enum rc rc;

	if (!r)
		return RC_LIMIT;
	if (wish->is_bounded) {
		q.min_ms = wish->min_ms > q.min_ms ? wish->min_ms : q.min_ms;
		q.max_ms = wish->max_ms < q.max_ms ? wish->max_ms : q.max_ms;
	}
	*r = (struct reading){ .eval = ev,
		.source = ev->query->source,
		.is_counted = ev->subqueries == 0,
		.needs_few = wish->need != SERIES_ALL,
		.drops_buckets = ev->reads_no_buckets };
	arena_init(&r->histograms, ev->arena.budget_bytes);
	r->column.histograms = &r->histograms;
	rc = eval_at_end(ev, release_reading, r, e);
	if (rc != RC_OK)
		return rc;
	rc = r->source->open(r->source->self, &q, &r->cursor, e);
	if (rc != RC_OK)
		return err_in(e, rc, "expanding series");
	*ret = r;
	return RC_OK;
}

/* Prometheus reads less for histogram_count() and the like, which shows: without buckets all
 * histograms can be added.  Whether a counter began anew is seen before. */
static enum rc drop_buckets(struct reading *r, struct err *e)
{
	struct series_column *c = &r->column;
	const struct histogram *before = NULL;

	for (uint32_t i = 0; c->h && i < c->n; i++) {
		const struct histogram *h = c->h[i];
		struct histogram *rest;

		if (!h)
			continue;
		rest = arena_alloc(&r->histograms, sizeof *rest);
		if (!rest)
			return err_set(e, RC_LIMIT, "histograms of more than %zu bytes",
				r->histograms.budget_bytes);
		*rest = (struct histogram){ .reset = h->reset,
			.is_float = h->is_float,
			.count = h->count,
			.sum = h->sum };
		if (before && h->reset == HISTOGRAM_UNKNOWN)
			rest->reset = histogram_is_reset(h, before) ? HISTOGRAM_RESET
								    : HISTOGRAM_NOT_RESET;
		c->h[i] = rest;
		before = h;
	}
	return RC_OK;
}

enum rc reading_read(struct reading *r, struct series_cursor *c, struct err *e)
{
	enum rc rc;

	r->column.n = 0;
	r->column.has_gaps = false;
	arena_reset(&r->histograms);
	rc = r->source->read(c, &r->column, e);
	if (rc == RC_OK)
		rc = eval_count(r->eval, r->column.n + 1, e);
	if (rc != RC_OK || r->column.n == 0)
		return rc;
	r->eval->stats.series_read++;
	return r->drops_buckets ? drop_buckets(r, e) : RC_OK;
}

enum rc reading_next(struct reading *r, struct labels *ret, bool *ret_has, struct err *e)
{
	r->column.n = 0;
	while (r->column.n == 0) {
		enum rc rc = r->source->next(r->cursor, ret, ret_has, e);

		if (rc != RC_OK || !*ret_has)
			return rc;
		rc = reading_read(r, r->cursor, e);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

bool selector_has_one_name(const struct promql_selector *s)
{
	for (uint32_t i = 0; i < s->n_matchers; i++)
		if (matcher_op(s->matchers[i]) == MATCHER_EQUAL &&
			strcmp(matcher_name(s->matchers[i]), METRIC_NAME) == 0)
			return true;
	return false;
}

void reading_count(struct reading *r, uint64_t samples)
{
	if (r->is_counted)
		r->eval->stats.samples_read += samples;
}
