/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregations that take one series after the other into a state for each step of its group, so
 * that however many series there are, only the groups take memory.
 *
 * A state is one to three numbers; the first is absent() until the step has seen a value. */
#include "core/promql/aggregate_mixed.h"
#include "core/promql/aggregate_private.h"
#include "core/promql/window.h"

#include <math.h>

#define STATES_MAX 3

/* `s[k][i]` is the k-th number of the state of step i. */
struct state {
	double *s[STATES_MAX];
	uint32_t n;
};

struct fold {
	uint32_t n_states;
	void (*add)(const struct state *state, const double *v);
	double (*result)(const struct state *state, uint32_t i);  /* NULL: the first number */
	enum { TAKES_FLOATS, TAKES_ALL, TAKES_HISTOGRAMS } takes; /* the last: adds them, too */
};

static void add_sum(const struct state *state, const double *v)
{
	for (uint32_t i = 0; i < state->n; i++) {
		struct exact_sum sum = { state->s[0][i], state->s[1][i] };

		if (is_absent(v[i]))
			continue;
		if (is_absent(sum.sum))
			sum = (struct exact_sum){ v[i], 0 };
		else
			exact_add(&sum, v[i]);
		state->s[0][i] = sum.sum;
		state->s[1][i] = sum.rest;
	}
}

static double sum_result(const struct state *state, uint32_t i)
{
	return state->s[0][i] + state->s[1][i];
}

/* Number of values (negative once a sum of them would overflow), their sum (then: mean), rest. */
static void add_to_mean(const struct state *state, uint32_t i, double v)
{
	struct exact_sum sum = { state->s[1][i], state->s[2][i] }, more = sum;
	double n = fabs(state->s[0][i]) + 1, share = (n - 1) / n;

	if (state->s[0][i] > 0) {
		exact_add(&more, v);
		if (!isinf(more.sum)) {
			state->s[0][i] = n;
			state->s[1][i] = more.sum;
			state->s[2][i] = more.rest;
			return;
		}
		sum.sum /= n - 1;
		sum.rest /= n - 1;
	}
	sum.sum *= share;
	sum.rest *= share;
	exact_add(&sum, v / n);
	state->s[0][i] = -n;
	state->s[1][i] = sum.sum;
	state->s[2][i] = sum.rest;
}

static void add_average(const struct state *state, const double *v)
{
	for (uint32_t i = 0; i < state->n; i++) {
		if (is_absent(v[i]))
			continue;
		if (!is_absent(state->s[0][i])) {
			add_to_mean(state, i, v[i]);
			continue;
		}
		state->s[0][i] = 1;
		state->s[1][i] = v[i];
		state->s[2][i] = 0;
	}
}

static double average_result(const struct state *state, uint32_t i)
{
	double n = state->s[0][i];

	return n < 0 ? state->s[1][i] + state->s[2][i] : state->s[1][i] / n + state->s[2][i] / n;
}

static void add_count(const struct state *state, const double *v)
{
	double *count = state->s[0];

	for (uint32_t i = 0; i < state->n; i++)
		if (!is_absent(v[i]))
			count[i] = is_absent(count[i]) ? 1 : count[i] + 1;
}

static void add_group(const struct state *state, const double *v)
{
	for (uint32_t i = 0; i < state->n; i++)
		if (!is_absent(v[i]))
			state->s[0][i] = 1;
}

/* Any number replaces a NaN. */
static void add_min(const struct state *state, const double *v)
{
	double *least = state->s[0];

	for (uint32_t i = 0; i < state->n; i++)
		if (!is_absent(v[i]) && (isnan(least[i]) || least[i] > v[i]))
			least[i] = v[i];
}

static void add_max(const struct state *state, const double *v)
{
	double *most = state->s[0];

	for (uint32_t i = 0; i < state->n; i++)
		if (!is_absent(v[i]) && (isnan(most[i]) || most[i] < v[i]))
			most[i] = v[i];
}

/* Welford's: number, mean, sum of the squares of differences. */
static void add_variance(const struct state *state, const double *v)
{
	double *count = state->s[0], *mean = state->s[1], *squares = state->s[2];

	for (uint32_t i = 0; i < state->n; i++) {
		double delta;

		if (is_absent(v[i]))
			continue;
		if (is_absent(count[i])) {
			count[i] = 1;
			mean[i] = v[i];
			squares[i] = isfinite(v[i]) ? 0 : not_a_number();
			continue;
		}
		count[i]++;
		delta = v[i] - mean[i];
		mean[i] += delta / count[i];
		squares[i] += delta * (v[i] - mean[i]);
	}
}

static double variance_result(const struct state *state, uint32_t i)
{
	return state->s[2][i] / state->s[0][i];
}

static double deviation_result(const struct state *state, uint32_t i)
{
	return sqrt(state->s[2][i] / state->s[0][i]);
}

static const struct fold folds[PROMQL_AGGREGATIONS] = {
	[PROMQL_SUM] = { 2, add_sum, sum_result, TAKES_HISTOGRAMS },
	[PROMQL_AVG] = { 3, add_average, average_result, TAKES_HISTOGRAMS },
	[PROMQL_COUNT] = { 1, add_count, NULL, TAKES_ALL },
	[PROMQL_GROUP] = { 1, add_group, NULL, TAKES_ALL },
	[PROMQL_MIN] = { 1, add_min, NULL, TAKES_FLOATS },
	[PROMQL_MAX] = { 1, add_max, NULL, TAKES_FLOATS },
	[PROMQL_STDDEV] = { 3, add_variance, deviation_result, TAKES_FLOATS },
	[PROMQL_STDVAR] = { 3, add_variance, variance_result, TAKES_FLOATS },
};

struct folding {
	struct aggregating aggregating;
	const struct fold *fold;
	struct state *states; /* by group */
	uint32_t cap;
	struct histogram_folding histograms;
};

static enum rc add_state(struct folding *f, uint32_t number, struct err *e)
{
	const struct steps *steps = f->aggregating.stream.steps;
	struct eval *ev = f->aggregating.stream.eval;
	struct state *state;

	if (number == f->cap) {
		uint32_t cap = f->cap ? 2 * f->cap : 16;
		struct state *wider =
			eval_grown(ev, f->states, f->cap * sizeof *wider, cap * sizeof *wider, e);

		if (!wider)
			return RC_LIMIT;
		f->states = wider;
		f->cap = cap;
	}
	state = &f->states[number];
	state->n = steps->n;
	state->s[0] = eval_absent_values(ev, steps, e);
	for (uint32_t k = 1; k < f->fold->n_states; k++)
		state->s[k] = eval_values(ev, steps, e);
	for (uint32_t k = 0; k < f->fold->n_states; k++)
		if (!state->s[k])
			return RC_LIMIT;
	return RC_OK;
}

static enum rc add_column(struct folding *f, struct column *c, struct err *e)
{
	struct aggregating *a = &f->aggregating;
	uint32_t n = a->groups.index.n, number;
	enum rc rc = groups_find(&a->groups, &c->labels, &number, e);

	if (rc == RC_OK && number == n)
		rc = add_state(f, number, e);
	if (rc != RC_OK)
		return rc;
	if (c->h && f->fold->takes == TAKES_FLOATS)
		aggregating_ignore_histograms(a, c);
	histogram_folding_close(&f->histograms, number, c->v);
	if (c->h && f->fold->takes == TAKES_HISTOGRAMS)
		rc = histogram_folding_add(&f->histograms, number, f->states[number].s[0], c, e);
	if (rc != RC_OK)
		return rc;
	f->fold->add(&f->states[number], c->v);
	return RC_OK;
}

static enum rc pull_all(struct folding *f, struct err *e)
{
	struct column c;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(f->aggregating.inner, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		rc = add_column(f, &c, e);
	}
	f->aggregating.inner = NULL;
	return rc;
}

static void finish(const struct folding *f, const struct state *state, double *v)
{
	for (uint32_t i = 0; i < state->n; i++)
		v[i] = f->fold->result && !is_absent(state->s[0][i]) ? f->fold->result(state, i)
								     : state->s[0][i];
}

static enum rc next_folded(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct folding *f = (struct folding *)s;
	struct aggregating *a = &f->aggregating;
	enum rc rc = a->inner ? pull_all(f, e) : RC_OK;

	*ret_has = false;
	while (rc == RC_OK && !*ret_has && a->given < a->groups.index.n) {
		*ret = (struct column){ .labels = a->groups.labels[a->given], .v = a->v };
		finish(f, &f->states[a->given], a->v);
		rc = histogram_folding_finish(&f->histograms, a->given++, ret, e);
		*ret_has = column_has_value(a->v, s->steps->n);
	}
	return rc;
}

enum rc make_folding(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct folding *f = eval_alloc(ev, sizeof *f, e);
	enum rc rc = f ? aggregating_make(ev, n, steps, &f->aggregating, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	f->fold = &folds[n->aggregate.op];
	f->histograms.aggregating = &f->aggregating;
	f->aggregating.stream.next = next_folded;
	*ret = &f->aggregating.stream;
	return RC_OK;
}
