/* SPDX-License-Identifier: Apache-2.0 */
/* topk, bottomk, limitk, limit_ratio: some series of each group, at each step others.
 *
 * A step of a group has a heap of the k best so far, worst on top, built as Go's container/heap
 * builds it, since that decides among equals.  Only series that came into a heap are remembered. */
#include "core/promql/aggregate_private.h"

#include "base/golang.h"

#include <math.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#define NO_STEP         UINT32_MAX
#define INT64_OF_GO_MAX 9223372036854774784.0 /* the largest float that Prometheus converts */
#define STABLE_MAX      12                    /* sorted by insertion */

struct candidate {
	double v;
	uint32_t series; /* index of its labels */
};

struct shortlist { /* of one step of a group */
	struct candidate *v;
	uint32_t n, cap;
};

struct ranking {
	struct aggregating aggregating;
	enum promql_aggregation op;
	bool is_empty;            /* k is below 1 at all steps */
	struct shortlist **lists; /* by group: one a step */
	uint32_t lists_cap;
	struct labels *series;                /* remembered */
	const struct histogram ***histograms; /* of these: a step each; NULL: none */
	uint32_t n_series, series_cap;
	double **columns; /* by series, once all was pulled; NULL: none of its values is left */
	uint32_t group, place; /* an instant's result: what comes next */
	uint32_t wrong_step;   /* the first with a parameter that is none; NO_STEP */
};

/* Whether `a` is to be above `b` in the heap: NaN first. */
static bool is_worse(const struct ranking *r, double a, double b)
{
	if (isnan(a))
		return true;
	return r->op == PROMQL_BOTTOMK ? a > b : a < b;
}

static void swap(struct candidate *a, struct candidate *b)
{
	struct candidate t = *a;

	*a = *b;
	*b = t;
}

static void move_up(const struct ranking *r, struct shortlist *l, uint32_t at)
{
	while (at > 0) {
		uint32_t parent = (at - 1) / 2;

		if (!is_worse(r, l->v[at].v, l->v[parent].v))
			break;
		swap(&l->v[at], &l->v[parent]);
		at = parent;
	}
}

static void move_down(const struct ranking *r, struct shortlist *l)
{
	uint32_t at = 0, child;

	while ((child = 2 * at + 1) < l->n) {
		if (child + 1 < l->n && is_worse(r, l->v[child + 1].v, l->v[child].v))
			child++;
		if (!is_worse(r, l->v[child].v, l->v[at].v))
			break;
		swap(&l->v[at], &l->v[child]);
		at = child;
	}
}

static enum rc push(struct ranking *r, struct shortlist *l, struct candidate c, struct err *e)
{
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? 2 * l->cap : 2;

		l->v = eval_grown(r->aggregating.stream.eval, l->v, l->n * sizeof *l->v,
			cap * sizeof *l->v, e);
		if (!l->v)
			return RC_LIMIT;
		l->cap = cap;
	}
	l->v[l->n++] = c;
	if (r->op == PROMQL_TOPK || r->op == PROMQL_BOTTOMK)
		move_up(r, l, l->n - 1);
	return RC_OK;
}

/* Whether it belongs among the k best so far (limitk: is one of the first). */
static bool is_wanted(const struct ranking *r, const struct shortlist *l, uint32_t k, double v)
{
	if (l->n < k)
		return true;
	if (k == 0 || r->op == PROMQL_LIMITK)
		return false;
	return isnan(l->v[0].v) ? !isnan(v) : is_worse(r, l->v[0].v, v);
}

/* It is wanted. */
static enum rc take(struct ranking *r, struct shortlist *l, uint32_t k, struct candidate c,
	struct err *e)
{
	if (l->n < k)
		return push(r, l, c, e);
	l->v[0] = c;
	move_down(r, l);
	return RC_OK;
}

/* Prometheus' labels.Hash() over its packed form, as a share of all hashes. */
static double share_of(const struct labels *l)
{
	XXH64_state_t state;

	XXH64_reset(&state, 0);
	for (uint32_t i = 0; i < l->n; i++) {
		const struct label *x = &l->v[i];
		const char *texts[] = { x->name, x->value };
		uint32_t lengths[] = { x->name_len, x->value_len };

		for (int k = 0; k < 2; k++) {
			uint8_t head[4] = { 255, (uint8_t)lengths[k], (uint8_t)(lengths[k] >> 8),
				(uint8_t)(lengths[k] >> 16) };
			bool is_short = lengths[k] < 255;

			XXH64_update(&state, is_short ? head + 1 : head, is_short ? 1 : 4);
			XXH64_update(&state, texts[k], lengths[k]);
		}
	}
	return (double)XXH64_digest(&state) / 0x1p64;
}

static bool is_sampled(double ratio, double share)
{
	return ratio >= 0 ? share < ratio : share >= 1 + ratio;
}

/* How many may be taken at the step; all that the ratio allows for.  A parameter that is none is
 * noted. */
static uint32_t how_many(struct ranking *r, uint32_t step, double share)
{
	double param = r->aggregating.param[step];
	bool is_ratio = r->op == PROMQL_LIMIT_RATIO;

	if (is_ratio ? isnan(param) : !(param <= INT64_OF_GO_MAX && param >= -0x1p63)) {
		if (step < r->wrong_step)
			r->wrong_step = step;
		return 0;
	}
	if (is_ratio)
		return is_sampled(fmax(-1, fmin(1, param)), share) ? UINT32_MAX : 0;
	if (param < 1)
		return 0;
	return param >= UINT32_MAX ? UINT32_MAX : (uint32_t)param;
}

static enum rc tell_wrong(const struct ranking *r, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (r->op == PROMQL_LIMIT_RATIO)
		return err_set(e, RC_INPUT, "Ratio value NaN is NaN");
	go_float(&text, r->aggregating.param[r->wrong_step], 'g', GO_SHORTEST);
	return err_set(e, RC_INPUT, "Scalar value %s overflows int64", str_c(&text));
}

static enum rc get_lists(struct ranking *r, const struct labels *l, struct shortlist **ret,
	struct err *e)
{
	struct aggregating *a = &r->aggregating;
	uint32_t n = a->groups.index.n, number;
	enum rc rc = groups_find(&a->groups, l, &number, e);

	if (rc != RC_OK)
		return rc;
	if (number >= r->lists_cap) {
		uint32_t cap = r->lists_cap ? 2 * r->lists_cap : 16;

		r->lists = eval_grown(a->stream.eval, r->lists, r->lists_cap * sizeof *r->lists,
			cap * sizeof *r->lists, e);
		if (!r->lists)
			return RC_LIMIT;
		r->lists_cap = cap;
	}
	if (number == n)
		r->lists[number] =
			eval_alloc(a->stream.eval, a->stream.steps->n * sizeof **r->lists, e);
	*ret = r->lists[number];
	return *ret ? RC_OK : RC_LIMIT;
}

/* The column's series is remembered as number n_series. */
static enum rc remember(struct ranking *r, const struct column *c, struct err *e)
{
	struct eval *ev = r->aggregating.stream.eval;
	const struct steps *steps = r->aggregating.stream.steps;
	struct column kept;

	if (r->n_series == r->series_cap) {
		uint32_t cap = r->series_cap ? 2 * r->series_cap : 64;

		r->series = eval_grown(ev, r->series, r->n_series * sizeof *r->series,
			cap * sizeof *r->series, e);
		r->histograms = eval_grown(ev, r->histograms, r->n_series * sizeof *r->histograms,
			cap * sizeof *r->histograms, e);
		if (!r->series || !r->histograms)
			return RC_LIMIT;
		r->series_cap = cap;
	}
	kept.h = NULL;
	if (c->h && column_keep(ev, steps, c, &kept, e) != RC_OK)
		return RC_LIMIT;
	r->histograms[r->n_series] = kept.h;
	return eval_copy_labels(ev, &c->labels, &r->series[r->n_series++], e);
}

static enum rc add_column(struct ranking *r, struct column *c, struct err *e)
{
	struct aggregating *a = &r->aggregating;
	double share = r->op == PROMQL_LIMIT_RATIO ? share_of(&c->labels) : 0;
	struct shortlist *lists = NULL;
	bool is_remembered = false;
	enum rc rc = get_lists(r, &c->labels, &lists, e);

	for (uint32_t i = 0; c->h && i < a->stream.steps->n; i++)
		if (!is_absent(c->v[i]))
			how_many(r, i, share); /* notes what is wrong there, too */
	if (r->op == PROMQL_TOPK || r->op == PROMQL_BOTTOMK)
		aggregating_ignore_histograms(a, c);
	for (uint32_t i = 0; rc == RC_OK && i < a->stream.steps->n; i++) {
		struct candidate candidate = { c->v[i], r->n_series };
		uint32_t k;

		if (is_absent(c->v[i]))
			continue;
		k = how_many(r, i, share);
		if (!is_wanted(r, &lists[i], k, candidate.v))
			continue;
		rc = take(r, &lists[i], k, candidate, e);
		is_remembered = true;
	}
	return rc == RC_OK && is_remembered ? remember(r, c, e) : rc;
}

/* What is left of each series, as a column. */
static enum rc make_columns(struct ranking *r, struct err *e)
{
	struct aggregating *a = &r->aggregating;
	struct eval *ev = a->stream.eval;

	r->columns = eval_alloc(ev, r->n_series * sizeof *r->columns, e);
	if (!r->columns)
		return RC_LIMIT;
	for (uint32_t g = 0; g < a->groups.index.n; g++) {
		for (uint32_t i = 0; i < a->stream.steps->n; i++) {
			const struct shortlist *l = &r->lists[g][i];

			for (uint32_t k = 0; k < l->n; k++) {
				double **column = &r->columns[l->v[k].series];

				if (!*column)
					*column = eval_absent_values(ev, a->stream.steps, e);
				if (!*column)
					return RC_LIMIT;
				(*column)[i] = l->v[k].v;
			}
		}
	}
	return RC_OK;
}

/* Best first; of few, equals stay as the heap has them, as with Go's sort. */
static void sort_list(const struct ranking *r, struct shortlist *l)
{
	uint32_t n = l->n;

	if (n > STABLE_MAX) {
		while (l->n > 1) {
			swap(&l->v[0], &l->v[--l->n]);
			move_down(r, l);
		}
		l->n = n;
		return;
	}
	for (uint32_t i = 1; i < n; i++)
		for (uint32_t k = i; k > 0 && is_worse(r, l->v[k - 1].v, l->v[k].v); k--)
			swap(&l->v[k - 1], &l->v[k]);
}

static enum rc pull_all(struct ranking *r, struct err *e)
{
	struct aggregating *a = &r->aggregating;
	bool is_sorted = r->op == PROMQL_TOPK || r->op == PROMQL_BOTTOMK;
	struct column c;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(a->inner, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		if (!r->is_empty)
			rc = add_column(r, &c, e);
	}
	a->inner = NULL;
	if (rc == RC_OK && r->wrong_step != NO_STEP)
		rc = tell_wrong(r, e);
	if (rc != RC_OK || a->stream.steps->n > 1)
		return rc == RC_OK ? make_columns(r, e) : rc;
	for (uint32_t g = 0; is_sorted && g < a->groups.index.n; g++)
		sort_list(r, r->lists[g]);
	return RC_OK;
}

static void give(struct ranking *r, uint32_t series, double *v, struct column *ret)
{
	*ret = (struct column){ .labels = r->series[series], .v = v, .h = r->histograms[series] };
}

static enum rc next_of_range(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct ranking *r = (struct ranking *)s;
	enum rc rc = r->aggregating.inner ? pull_all(r, e) : RC_OK;

	if (rc != RC_OK)
		return rc;
	while (r->place < r->n_series && !r->columns[r->place])
		r->place++;
	*ret_has = r->place < r->n_series;
	if (*ret_has)
		give(r, r->place, r->columns[r->place], ret);
	r->place++;
	return RC_OK;
}

static enum rc next_of_instant(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct ranking *r = (struct ranking *)s;
	struct aggregating *a = &r->aggregating;
	enum rc rc = a->inner ? pull_all(r, e) : RC_OK;

	if (rc != RC_OK)
		return rc;
	while (r->group < a->groups.index.n && r->place == r->lists[r->group]->n) {
		r->group++;
		r->place = 0;
	}
	*ret_has = r->group < a->groups.index.n;
	if (*ret_has) {
		const struct candidate *c = &r->lists[r->group]->v[r->place++];

		*a->v = c->v;
		give(r, c->series, a->v, ret);
	}
	return RC_OK;
}

static void look_at_param(struct ranking *r)
{
	struct aggregating *a = &r->aggregating;
	struct notes *notes = &a->stream.eval->notes;
	double least = INFINITY, most = -INFINITY;
	bool has_nan = false;

	for (uint32_t i = 0; i < a->stream.steps->n; i++) {
		has_nan = has_nan || isnan(a->param[i]);
		least = fmin(least, a->param[i]);
		most = fmax(most, a->param[i]);
	}
	r->is_empty =
		!has_nan && (r->op == PROMQL_LIMIT_RATIO ? least == 0 && most == 0 : most < 1);
	if (r->op != PROMQL_LIMIT_RATIO || has_nan)
		return;
	for (int i = 0; i < 2; i++) {
		scoped(str_fini) struct str detail = STR_EMPTY;
		double v = i ? least : most;

		if (i ? v >= -1 : v <= 1)
			continue;
		go_float(&detail, v, 'g', GO_SHORTEST);
		str_addf(&detail, ", capping to %d", i ? -1 : 1);
		notes_add(notes, NOTE_RATIO, eval_unwrap(a->node->aggregate.param), str_c(&detail));
	}
}

enum rc make_ranking(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct ranking *r = eval_alloc(ev, sizeof *r, e);
	enum rc rc = r ? aggregating_make(ev, n, steps, &r->aggregating, e) : RC_LIMIT;
	struct stream *s;

	if (rc != RC_OK)
		return rc;
	r->op = n->aggregate.op;
	r->wrong_step = NO_STEP;
	look_at_param(r);
	s = &r->aggregating.stream;
	s->next = steps->n > 1 ? next_of_range : next_of_instant;
	s->has_one_name = r->aggregating.inner->has_one_name;
	s->is_whole = r->aggregating.inner->is_whole;
	*ret = s;
	return RC_OK;
}
