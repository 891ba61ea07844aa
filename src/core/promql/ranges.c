/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/ranges.h"

#include "base/time.h"
#include "core/promql/pieces.h"

#define DEFAULT_STEP_MS MINUTE_MS

struct subquery {
	struct eval *eval;
	struct steps steps;    /* n is 0 when none lies in any window */
	struct stream *stream; /* whole series */
	struct series_column column;
	struct arena histograms; /* of the series at hand */
	bool is_counted;         /* it isn't within another one */
};

static void release_subquery(void *what)
{
	struct subquery *s = what;

	series_column_fini(&s->column);
	arena_fini(&s->histograms);
}

/* Steps at multiples of the subquery's own, from the first behind the start of the first window. */
static enum rc grid(const struct eval *ev, const struct promql_node *n, const struct reach *reach,
	int64_t last_ms, struct steps *ret)
{
	int64_t default_ms =
		ev->query->default_step_ms ? ev->query->default_step_ms : DEFAULT_STEP_MS;
	int64_t step = n->subquery.step_ms ? n->subquery.step_ms : default_ms;
	int64_t behind = reach->first_ms - reach->range_ms;
	int64_t start = step * (behind / step);

	if (start <= behind)
		start += step;
	*ret = (struct steps){ .start_ms = start, .step_ms = step };
	if (last_ms < start)
		return RC_OK;
	if ((last_ms - start) / step >= UINT32_MAX / 16)
		return RC_LIMIT;
	ret->n = (uint32_t)((last_ms - start) / step) + 1;
	return RC_OK;
}

static enum rc open_subquery(struct eval *ev, const struct promql_node *n,
	const struct steps *steps, struct ranges *r, struct err *e)
{
	struct subquery *s = eval_alloc(ev, sizeof *s, e);
	enum rc rc = s ? eval_at_end(ev, release_subquery, s, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	s->eval = ev;
	s->is_counted = ev->subqueries == 0;
	arena_init(&s->histograms, ev->arena.budget_bytes);
	r->subquery = s;
	r->column = &s->column;
	r->reach = reach_of(ev, &n->subquery.shift, steps, n->subquery.range_ms);
	if (grid(ev, n, &r->reach, reach_end(&r->reach, steps->n - 1), &s->steps) != RC_OK)
		return err_set(e, RC_LIMIT, "a subquery of too many steps");
	if (s->steps.n == 0)
		return RC_OK;
	ev->subqueries++;
	rc = eval_stream(ev, n->subquery.inner, &s->steps, &s->stream, e);
	ev->subqueries--;
	if (rc != RC_OK)
		return rc;
	r->has_one_name = s->stream->has_one_name;
	return s->stream->is_whole ? RC_OK : pieces_joined(&s->stream, e);
}

void ranges_count(struct ranges *r, uint64_t samples)
{
	if (r->reading)
		reading_count(r->reading, samples);
	else if (r->subquery->is_counted)
		r->subquery->eval->stats.samples_read += samples;
}

enum rc ranges_open(struct ranges *r, struct eval *ev, const struct promql_node *n,
	const struct steps *steps, struct err *e)
{
	const struct promql_node *of;
	struct reading_wish wish;
	enum rc rc;

	n = eval_unwrap(n);
	if (n->kind == PROMQL_SUBQUERY)
		return open_subquery(ev, n, steps, r, e);
	of = n->range.selector;
	wish = (struct reading_wish){ .selector = &of->selector,
		.reach = reach_of(ev, &of->selector.shift, steps, n->range.range_ms),
		.need = r->need,
		.function = r->function };
	rc = reading_open(ev, &wish, steps, &r->reading, e);
	if (rc != RC_OK)
		return rc;
	r->column = &r->reading->column;
	r->selector = &of->selector;
	r->reach = wish.reach;
	r->has_one_name = selector_has_one_name(&of->selector);
	return RC_OK;
}

#define AT_ONCE 8 /* samples looked at together; marks are seldom */

static inline bool any_stale(const double *v)
{
	bool found = false;

	for (int k = 0; k < AT_ONCE; k++)
		found |= is_stale(v[k]);
	return found;
}

/* The first mark of an end; n: there is none. */
static uint32_t find_stale(const struct series_column *c)
{
	uint32_t i = 0;

	while (i + AT_ONCE <= c->n && !any_stale(c->v + i))
		i += AT_ONCE;
	while (i < c->n && !is_stale(c->v[i]))
		i++;
	return i;
}

void ranges_drop_stale(struct series_column *c)
{
	uint32_t kept = find_stale(c);

	for (uint32_t i = kept; i < c->n; i++) {
		c->t_ms[kept] = c->t_ms[i];
		c->v[kept] = c->v[i];
		if (c->h)
			c->h[kept] = c->h[i];
		if (c->has_gaps)
			c->nth[kept] = c->nth[i] - (i - kept);
		kept += !is_stale(c->v[kept]);
	}
	c->n = kept;
}

/* That a counter began anew just before the sample need not be so for the steps of a subquery. */
static const struct histogram *without_hint(struct subquery *s, const struct histogram *h)
{
	struct histogram *copy;

	if (h->reset == HISTOGRAM_UNKNOWN || h->reset == HISTOGRAM_GAUGE)
		return h;
	copy = arena_alloc(&s->histograms, sizeof *copy);
	if (copy) {
		*copy = *h;
		copy->reset = HISTOGRAM_UNKNOWN;
	}
	return copy;
}

static enum rc add_step(struct subquery *s, uint32_t i, const struct column *c, struct err *e)
{
	int64_t t_ms = steps_time(&s->steps, i);
	const struct histogram *h;

	if (!c->h || !c->h[i]) {
		series_column_add(&s->column, t_ms, c->v[i]);
		return RC_OK;
	}
	h = without_hint(s, c->h[i]);
	if (!h)
		return err_set(e, RC_LIMIT, "histograms of more than %zu bytes",
			s->histograms.budget_bytes);
	series_column_add_histogram(&s->column, t_ms, h);
	return RC_OK;
}

static enum rc next_of_subquery(struct subquery *s, struct labels *ret, bool *ret_has,
	struct err *e)
{
	struct column c;
	enum rc rc;

	*ret_has = false;
	if (s->steps.n == 0)
		return RC_OK;
	rc = stream_next(s->stream, &c, ret_has, e);
	if (rc != RC_OK || !*ret_has)
		return rc;
	s->column.n = 0;
	series_column_reserve(&s->column, s->steps.n);
	arena_reset(&s->histograms);
	for (uint32_t i = 0; rc == RC_OK && i < s->steps.n; i++)
		if (!is_absent(c.v[i]))
			rc = add_step(s, i, &c, e);
	*ret = c.labels;
	return rc;
}

enum rc ranges_next(struct ranges *r, struct labels *ret, bool *ret_has, struct err *e)
{
	enum rc rc;

	if (r->subquery)
		return next_of_subquery(r->subquery, ret, ret_has, e);
	rc = reading_next(r->reading, ret, ret_has, e);
	if (rc == RC_OK && *ret_has)
		ranges_drop_stale(r->column);
	return rc;
}
