/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/engine.h"

#include "base/histogram.h"
#include "base/limits.h"
#include "core/promql/parts.h"
#include "core/promql/pieces.h"
#include "core/promql/ranges.h"

#define STEPS_MAX (UINT32_MAX / 16)

void promql_result_fini(struct promql_result *r)
{
	arena_fini(&r->arena);
	*r = (struct promql_result){ 0 };
}

/* What is gathered, until it is known how much it is. */
struct gathering {
	struct eval *eval;
	struct arena *arena; /* the result's */
	struct promql_series *v;
	uint32_t n, cap;
};

static enum rc full(const struct gathering *g, struct err *e)
{
	return err_set(e, RC_LIMIT, "a result of more than %zu bytes", g->arena->budget_bytes);
}

static enum rc add_series(struct gathering *g, const struct labels *l, uint32_t n_points,
	struct promql_series **ret, struct err *e)
{
	struct promql_series *s;

	if (g->n == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 64;
		s = eval_alloc(g->eval, g->cap * sizeof *s, e);
		if (!s)
			return RC_LIMIT;
		if (g->n)
			memcpy(s, g->v, g->n * sizeof *s);
		g->v = s;
	}
	s = &g->v[g->n++];
	*s = (struct promql_series){ .n_points = n_points };
	s->points = arena_alloc(g->arena, n_points * sizeof *s->points);
	if (!s->points || !labels_copy(l, g->arena, &s->labels))
		return full(g, e);
	*ret = s;
	return RC_OK;
}

static enum rc set_point(struct gathering *g, struct promql_point *p, const struct promql_point *v,
	struct err *e)
{
	*p = *v;
	if (!v->h)
		return RC_OK;
	p->h = histogram_copy(v->h, g->arena);
	return p->h ? RC_OK : full(g, e);
}

static enum rc add_column(struct gathering *g, const struct steps *steps, const struct column *c,
	struct err *e)
{
	struct promql_series *s;
	uint32_t n = 0;
	enum rc rc;

	for (uint32_t i = 0; i < steps->n; i++)
		n += !is_absent(c->v[i]);
	if (n == 0)
		return RC_OK;
	rc = add_series(g, &c->labels, n, &s, e);
	n = 0;
	for (uint32_t i = 0; rc == RC_OK && i < steps->n; i++)
		if (!is_absent(c->v[i]))
			rc = set_point(g, &s->points[n++],
				&(struct promql_point){ steps_time(steps, i), c->v[i],
					c->h ? c->h[i] : NULL },
				e);
	return rc;
}

static enum rc gather_stream(struct gathering *g, const struct promql_node *n,
	const struct steps *steps, struct err *e)
{
	struct stream *s;
	struct column c;
	bool has;
	enum rc rc = eval_stream(g->eval, n, steps, &s, e);

	if (rc == RC_OK && !s->is_whole)
		rc = pieces_joined(&s, e);
	while (rc == RC_OK) {
		rc = stream_next(s, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		rc = add_column(g, steps, &c, e);
	}
	return rc;
}

/* A range as the whole expression: the samples themselves. */
static enum rc gather_ranges(struct gathering *g, const struct promql_node *n,
	const struct steps *steps, struct err *e)
{
	struct ranges r = { .function = "" };
	struct labels labels;
	bool has;
	enum rc rc = ranges_open(&r, g->eval, n, steps, e);

	while (rc == RC_OK) {
		const struct series_column *c = r.column;
		struct promql_series *s;

		rc = ranges_next(&r, &labels, &has, e);
		if (rc != RC_OK || !has)
			break;
		if (c->n == 0)
			continue;
		if (r.reading)
			ranges_count(&r, c->n);
		rc = add_series(g, &labels, c->n, &s, e);
		for (uint32_t i = 0; rc == RC_OK && i < c->n; i++)
			rc = set_point(g, &s->points[i],
				&(struct promql_point){ c->t_ms[i], c->v[i],
					c->h ? c->h[i] : NULL },
				e);
	}
	return rc;
}

static int by_labels(const void *a, const void *b)
{
	const struct promql_series *x = a, *y = b;

	return labels_compare(&x->labels, &y->labels);
}

/* Sorted, each set of labels once, in the result's arena. */
static enum rc finish_series(struct gathering *g, struct promql_result *r, struct err *e)
{
	if (r->type == PROMQL_MATRIX && g->n)
		qsort(g->v, g->n, sizeof *g->v, by_labels);
	r->series = arena_alloc(&r->arena, g->n * sizeof *g->v);
	if (!r->series)
		return full(g, e);
	if (g->n)
		memcpy(r->series, g->v, g->n * sizeof *g->v);
	r->n_series = g->n;
	return RC_OK;
}

static enum rc run_scalar(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct promql_result *r, struct err *e)
{
	double *v;
	enum rc rc = eval_scalar(ev, n, steps, &v, e);

	if (rc == RC_OK)
		r->scalar = (struct promql_point){ .t_ms = steps->start_ms, .v = v[0] };
	return rc;
}

static enum rc run_text(const struct promql_node *n, const struct steps *steps,
	struct promql_result *r, struct err *e)
{
	const struct promql_node *text = eval_unwrap(n);

	r->text = arena_strndup(&r->arena, text->text.s, text->text.n);
	r->scalar.t_ms = steps->start_ms;
	return r->text ? RC_OK : err_set(e, RC_LIMIT, "a text too long");
}

static enum rc run_series(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct promql_result *r, struct err *e)
{
	struct gathering g = { .eval = ev, .arena = &r->arena };
	enum rc rc = n->type == PROMQL_MATRIX ? gather_ranges(&g, n, steps, e)
					      : gather_stream(&g, n, steps, e);

	return rc == RC_OK ? finish_series(&g, r, e) : rc;
}

static enum rc run(struct eval *ev, const struct steps *steps, struct promql_result *r,
	struct err *e)
{
	const struct promql_node *n = ev->query->root;

	if (r->type == PROMQL_SCALAR)
		return run_scalar(ev, n, steps, r, e);
	if (r->type == PROMQL_STRING)
		return run_text(n, steps, r, e);
	return run_series(ev, n, steps, r, e);
}

static enum rc finish(struct eval *ev, struct promql_result *r, struct err *e)
{
	r->stats = ev->stats;
	r->stats.peak_bytes = ev->arena.used_bytes + r->arena.used_bytes;
	if (notes_take(&ev->notes, &r->arena, 0, &r->warnings, &r->n_warnings) &&
		notes_take(&ev->notes, &r->arena, 1, &r->infos, &r->n_infos))
		return RC_OK;
	return err_set(e, RC_LIMIT, "a result of more than %zu bytes", r->arena.budget_bytes);
}

static enum rc make_steps(const struct promql_query *q, struct steps *ret, struct err *e)
{
	*ret = (struct steps){ q->start_ms, 1, 1 };
	if (q->step_ms == 0 && q->start_ms == q->end_ms)
		return RC_OK;
	if (q->step_ms <= 0)
		return err_set(e, RC_INPUT, "a query's step has to be positive");
	if (q->end_ms < q->start_ms)
		return err_set(e, RC_INPUT, "end timestamp must not be before start time");
	if ((q->end_ms - q->start_ms) / q->step_ms >= STEPS_MAX)
		return err_set(e, RC_LIMIT, "a query of more than %u steps", STEPS_MAX);
	ret->step_ms = q->step_ms;
	ret->n = (uint32_t)((q->end_ms - q->start_ms) / q->step_ms) + 1;
	return RC_OK;
}

enum rc promql_has_steps(const struct promql_node *root, struct err *e)
{
	if (root->type != PROMQL_MATRIX && root->type != PROMQL_STRING)
		return RC_OK;
	return err_set(e, RC_INPUT,
		"invalid expression type \"%s\" for range query, must be Scalar or instant Vector",
		root->type == PROMQL_MATRIX ? "range vector" : "string");
}

enum rc promql_run(const struct promql_query *q, struct promql_result *ret, struct err *e)
{
	scoped(eval_fini) struct eval ev = { .query = q,
		.samples_max = q->samples_max ? q->samples_max : QUERY_SAMPLES_MAX,
		.notes.text = q->text };
	scoped(promql_result_fini) struct promql_result r = { .type = q->root->type };
	size_t budget_bytes = q->memory_bytes_max ? q->memory_bytes_max : QUERY_BYTES_MAX;
	bool is_range = q->step_ms != 0 || q->start_ms != q->end_ms;
	struct steps steps;
	enum rc rc = make_steps(q, &steps, e);

	if (rc == RC_OK && is_range) {
		rc = promql_has_steps(q->root, e);
		r.type = PROMQL_MATRIX;
	}
	if (rc != RC_OK)
		return rc;
	arena_init(&ev.arena, budget_bytes);
	arena_init(&r.arena, budget_bytes);
	rc = run(&ev, &steps, &r, e);
	if (rc == RC_OK)
		rc = finish(&ev, &r, e);
	if (rc != RC_OK)
		return rc;
	*ret = r;
	r = (struct promql_result){ 0 };
	return RC_OK;
}
