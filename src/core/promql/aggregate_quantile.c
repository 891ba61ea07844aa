/* SPDX-License-Identifier: Apache-2.0 */
/* quantile(): needs all values of a group, so their columns are held. */
#include "core/promql/aggregate_private.h"
#include "core/promql/window.h"

#include <math.h>

struct value_group {
	const double **v; /* columns */
	uint32_t n, cap;
};

struct ordering {
	struct aggregating aggregating;
	struct value_group *groups;
	uint32_t cap, n_widest;
	double *scratch;
};

static enum rc get_group(struct ordering *o, const struct labels *l, struct value_group **ret,
	struct err *e)
{
	struct aggregating *a = &o->aggregating;
	uint32_t number;
	enum rc rc = groups_find(&a->groups, l, &number, e);

	if (rc != RC_OK)
		return rc;
	if (number >= o->cap) {
		uint32_t cap = o->cap ? 2 * o->cap : 16;

		o->groups = eval_grown(a->stream.eval, o->groups, o->cap * sizeof *o->groups,
			cap * sizeof *o->groups, e);
		if (!o->groups)
			return RC_LIMIT;
		o->cap = cap;
	}
	*ret = &o->groups[number];
	return RC_OK;
}

static enum rc add_column(struct ordering *o, struct column *c, struct err *e)
{
	struct aggregating *a = &o->aggregating;
	struct eval *ev = a->stream.eval;
	double *kept = eval_values(ev, a->stream.steps, e);
	struct value_group *g;
	enum rc rc = kept ? get_group(o, &c->labels, &g, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	aggregating_ignore_histograms(a, c);
	memcpy(kept, c->v, a->stream.steps->n * sizeof *kept);
	if (g->n == g->cap) {
		uint32_t cap = g->cap ? 2 * g->cap : 16;

		g->v = eval_grown(ev, g->v, g->n * sizeof *g->v, cap * sizeof *g->v, e);
		if (!g->v)
			return RC_LIMIT;
		g->cap = cap;
	}
	g->v[g->n++] = kept;
	if (g->n > o->n_widest)
		o->n_widest = g->n;
	return RC_OK;
}

static enum rc pull_all(struct ordering *o, struct err *e)
{
	struct aggregating *a = &o->aggregating;
	struct column c;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(a->inner, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		rc = add_column(o, &c, e);
	}
	a->inner = NULL;
	if (rc != RC_OK)
		return rc;
	o->scratch = eval_alloc(a->stream.eval, o->n_widest * sizeof *o->scratch, e);
	return o->scratch ? RC_OK : RC_LIMIT;
}

static void compute(struct ordering *o, const struct value_group *g)
{
	struct aggregating *a = &o->aggregating;

	for (uint32_t i = 0; i < a->stream.steps->n; i++) {
		uint32_t n = 0;

		for (uint32_t k = 0; k < g->n; k++)
			if (!is_absent(g->v[k][i]))
				o->scratch[n++] = g->v[k][i];
		a->v[i] = n ? quantile_of(a->param[i], o->scratch, n) : absent();
	}
}

static enum rc next_quantile(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct ordering *o = (struct ordering *)s;
	struct aggregating *a = &o->aggregating;
	enum rc rc = a->inner ? pull_all(o, e) : RC_OK;

	if (rc != RC_OK)
		return rc;
	*ret_has = a->given < a->groups.index.n;
	if (!*ret_has)
		return RC_OK;
	*ret = (struct column){ .labels = a->groups.labels[a->given], .v = a->v };
	compute(o, &o->groups[a->given++]);
	return RC_OK;
}

/* Whether the parameter is a quantile at all; of all steps, the extremes are told. */
static void note_param(const struct aggregating *a)
{
	struct notes *notes = &a->stream.eval->notes;
	const struct promql_node *at = eval_unwrap(a->node->aggregate.param);
	double least = a->param[0], most = a->param[0];
	bool has_nan = false;

	for (uint32_t i = 0; i < a->stream.steps->n; i++) {
		has_nan = has_nan || isnan(a->param[i]);
		least = fmin(least, a->param[i]);
		most = fmax(most, a->param[i]);
	}
	if (has_nan)
		notes_add_number(notes, NOTE_QUANTILE, at, not_a_number());
	if (has_nan)
		return;
	if (most > 1)
		notes_add_number(notes, NOTE_QUANTILE, at, most);
	if (least < 0)
		notes_add_number(notes, NOTE_QUANTILE, at, least);
}

enum rc make_quantile(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct ordering *o = eval_alloc(ev, sizeof *o, e);
	enum rc rc = o ? aggregating_make(ev, n, steps, &o->aggregating, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	note_param(&o->aggregating);
	o->aggregating.stream.next = next_quantile;
	*ret = &o->aggregating.stream;
	return RC_OK;
}
