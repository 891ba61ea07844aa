/* SPDX-License-Identifier: Apache-2.0 */
/* histogram_quantile() and histogram_fraction().  Of classic histograms series that differ in "le"
 * only are one, at each step out of those of them that have a value there; a native one has them
 * all in one series.  Both at one step have no result. */
#include "core/promql/classic.h"

#include "base/golang.h"
#include "core/promql/hash_index.h"
#include "core/promql/histogram_estimate.h"
#include "core/promql/naming.h"
#include "core/promql/parts.h"
#include "core/promql/pieces.h"

#include <math.h>

struct bucket_column {
	double upper;
	const double *v;
	uint32_t order; /* as they came */
};

struct bucket_group {
	struct labels labels; /* without "le" */
	struct bucket_column *v;
	uint32_t n, cap;
	struct column native; /* its `v` is NULL: there is none */
};

struct bucketing {
	struct stream stream;
	struct stream *inner; /* NULL: all of it was pulled */
	const struct promql_node *node;
	bool is_fraction;
	const double *params[2]; /* the quantile; or lower and upper bound */
	struct label_edit edit;
	struct hash_index index;
	struct bucket_group *groups;
	uint32_t cap, given;
	struct bucket *scratch; /* of one step */
	uint32_t scratch_cap;
	struct histogram_buckets buckets; /* of a native one */
	double *v;
	struct naming naming;
};

static void release(void *what)
{
	struct bucketing *b = what;

	histogram_buckets_fini(&b->buckets);
}

static const struct promql_node *vector_arg(const struct bucketing *b)
{
	return eval_arg(b->node, b->node->call.n_args - 1);
}

static enum rc new_group(struct bucketing *b, const struct labels *l, uint32_t number,
	struct err *e)
{
	struct eval *ev = b->stream.eval;

	if (number == b->cap) {
		uint32_t cap = b->cap ? 2 * b->cap : 16;

		b->groups = eval_grown(ev, b->groups, b->cap * sizeof *b->groups,
			cap * sizeof *b->groups, e);
		if (!b->groups)
			return RC_LIMIT;
		b->cap = cap;
	}
	return eval_copy_labels(ev, l, &b->groups[number].labels, e);
}

static enum rc add_bucket(struct bucketing *b, struct bucket_group *g, double upper,
	const double *v, struct err *e)
{
	struct eval *ev = b->stream.eval;
	double *kept = eval_values(ev, b->stream.steps, e);

	if (!kept)
		return RC_LIMIT;
	memcpy(kept, v, b->stream.steps->n * sizeof *kept);
	if (g->n == g->cap) {
		uint32_t cap = g->cap ? 2 * g->cap : 16;

		g->v = eval_grown(ev, g->v, g->n * sizeof *g->v, cap * sizeof *g->v, e);
		if (!g->v)
			return RC_LIMIT;
		g->cap = cap;
	}
	g->v[g->n] = (struct bucket_column){ upper, kept, g->n };
	g->n++;
	return RC_OK;
}

static void note_bad_bucket(struct bucketing *b, const struct column *c, const char *le)
{
	const char *name = labels_get(&c->labels, METRIC_NAME);
	scoped(str_fini) struct str detail = STR_EMPTY;

	str_add(&detail, "of ");
	go_quote(&detail, le, strlen(le), GO_QUOTE);
	str_add(&detail, " for metric name ");
	go_quote(&detail, name, strlen(name), GO_QUOTE);
	notes_add(&b->stream.eval->notes, NOTE_BUCKET, vector_arg(b), str_c(&detail));
}

/* The steps with a native histogram, kept apart and taken out of the column. */
static enum rc add_native(struct bucketing *b, struct column *c, struct err *e)
{
	uint32_t n = b->index.n, number;
	struct column native;
	enum rc rc = hash_index_add(&b->index, labels_hash(&c->labels), &number, e);

	if (rc == RC_OK && number == n)
		rc = new_group(b, &c->labels, number, e);
	if (rc == RC_OK)
		rc = column_keep(b->stream.eval, b->stream.steps, c, &native, e);
	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < b->stream.steps->n; i++) {
		if (c->h[i])
			c->v[i] = absent();
		else
			native.v[i] = absent();
	}
	c->h = NULL;
	if (b->groups[number].native.v)
		return column_merge(b->stream.eval, b->stream.steps, &b->groups[number].native,
			&native, e);
	b->groups[number].native = native;
	return RC_OK;
}

static bool has_value(const double *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!is_absent(v[i]))
			return true;
	return false;
}

static enum rc add_classic(struct bucketing *b, const struct column *c, struct err *e)
{
	const char *le = labels_get(&c->labels, "le");
	struct labels rest;
	uint32_t n = b->index.n, number;
	double upper;
	enum rc rc;

	if (go_parse_float(le, strlen(le), &upper, NULL) != RC_OK) {
		note_bad_bucket(b, c, le);
		return RC_OK;
	}
	rc = label_edit_begin(&b->edit, &c->labels, 0, e);
	if (rc != RC_OK)
		return rc;
	label_edit_drop(&b->edit, "le");
	rest = label_edit_done(&b->edit);
	rc = hash_index_add(&b->index, labels_hash(&rest), &number, e);
	if (rc == RC_OK && number == n)
		rc = new_group(b, &rest, number, e);
	return rc == RC_OK ? add_bucket(b, &b->groups[number], upper, c->v, e) : rc;
}

static enum rc add_column(struct bucketing *b, struct column *c, struct err *e)
{
	enum rc rc = c->h ? add_native(b, c, e) : RC_OK;

	if (rc != RC_OK || !has_value(c->v, b->stream.steps->n))
		return rc;
	return add_classic(b, c, e);
}

static int by_upper(const void *a, const void *b)
{
	const struct bucket_column *x = a, *y = b;

	if (x->upper != y->upper)
		return x->upper < y->upper ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Bounds that are NaN are neither before nor behind others.  Where they end up is up to the way of
 * sorting: Go inserts, up to a dozen. */
static void sort_buckets(struct bucket_group *g)
{
	bool has_nan = false;

	for (uint32_t i = 0; i < g->n; i++)
		has_nan = has_nan || isnan(g->v[i].upper);
	if (!has_nan && g->n)
		qsort(g->v, g->n, sizeof *g->v, by_upper);
	for (uint32_t i = 1; has_nan && i < g->n; i++) {
		for (uint32_t k = i; k > 0 && g->v[k].upper < g->v[k - 1].upper; k--) {
			struct bucket_column t = g->v[k];

			g->v[k] = g->v[k - 1];
			g->v[k - 1] = t;
		}
	}
}

static enum rc pull_all(struct bucketing *b, struct err *e)
{
	struct column c;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(b->inner, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		rc = add_column(b, &c, e);
	}
	b->inner = NULL;
	for (uint32_t i = 0; rc == RC_OK && i < b->index.n; i++) {
		sort_buckets(&b->groups[i]);
		if (b->groups[i].n > b->scratch_cap)
			b->scratch_cap = b->groups[i].n;
	}
	b->scratch = eval_alloc(b->stream.eval, b->scratch_cap * sizeof *b->scratch, e);
	return rc == RC_OK && !b->scratch ? RC_LIMIT : rc;
}

/* Those of the step into `scratch`; returns how many. */
static uint32_t collect(struct bucketing *b, const struct bucket_group *g, uint32_t step)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n; i++)
		if (!is_absent(g->v[i].v[step]))
			b->scratch[n++] = (struct bucket){ g->v[i].upper, g->v[i].v[step] };
	return n;
}

static double estimate_native(struct bucketing *b, const struct histogram *h, uint32_t step)
{
	struct notes *notes = &b->stream.eval->notes;
	const struct promql_node *at = eval_arg(b->node, 0);
	enum histogram_remark remark;
	double v, range[2];

	if (!b->is_fraction) {
		v = histogram_quantile(b->params[0][step], h, &b->buckets, &remark);
		if (remark != HISTOGRAM_NO_REMARK)
			notes_add_metric(notes,
				remark == HISTOGRAM_IS_NAN ? NOTE_QUANTILE_NAN : NOTE_QUANTILE_SKEW,
				at, "");
		return v;
	}
	range[0] = b->params[0][step];
	range[1] = b->params[1][step];
	v = histogram_fraction(range, h, &b->buckets, &remark);
	if (remark != HISTOGRAM_NO_REMARK)
		notes_add_metric(notes, NOTE_FRACTION_NAN, at, "");
	return v;
}

static double estimate_classic(struct bucketing *b, const char *metric, uint32_t step, uint32_t n)
{
	bool is_fixed = false;
	double v;

	if (b->is_fraction)
		return bucket_fraction(b->params[0][step], b->params[1][step], b->scratch, n);
	v = bucket_quantile(b->params[0][step], b->scratch, n, &is_fixed);
	if (is_fixed)
		notes_add_metric(&b->stream.eval->notes, NOTE_MONOTONICITY, vector_arg(b), metric);
	return v;
}

/* Prometheus forgets the metric's name once it has given a value for it; so do its notes. */
static void compute(struct bucketing *b, const struct bucket_group *g)
{
	const char *metric = labels_get(&g->labels, METRIC_NAME), *known = metric;

	for (uint32_t i = 0; i < b->stream.steps->n; i++) {
		uint32_t n = collect(b, g, i);
		bool has_native = g->native.v && !is_absent(g->native.v[i]);

		b->v[i] = absent();
		if (has_native && n)
			notes_add_metric(&b->stream.eval->notes, NOTE_CLASSIC_NATIVE, vector_arg(b),
				metric);
		else if (has_native)
			b->v[i] = estimate_native(b, g->native.h[i], i);
		else if (n)
			b->v[i] = estimate_classic(b, known, i, n);
		if (n)
			known = has_native ? metric : "";
	}
}

static enum rc next_bucketed(struct stream *s, struct column *ret, bool *ret_has, struct err *e)
{
	struct bucketing *b = (struct bucketing *)s;
	const struct bucket_group *g;

	if (b->inner) {
		enum rc rc = pull_all(b, e);

		if (rc != RC_OK)
			return rc;
	}
	*ret_has = b->given < b->index.n;
	if (!*ret_has)
		return RC_OK;
	g = &b->groups[b->given++];
	compute(b, g);
	*ret = (struct column){ .labels = g->labels, .v = b->v };
	return naming_drop(&b->naming, ret, e);
}

static enum rc make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct bucketing **ret, struct err *e)
{
	struct bucketing *b = eval_alloc(ev, sizeof *b, e);
	bool before = ev->reads_no_buckets;
	enum rc rc = b ? eval_at_end(ev, release, b, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	b->node = n;
	b->edit.eval = b->index.eval = ev;
	b->v = eval_values(ev, steps, e);
	if (!b->v)
		return RC_LIMIT;
	for (uint32_t i = 0; rc == RC_OK && i + 1 < n->call.n_args; i++) {
		double *v;

		rc = eval_scalar(ev, n->call.args[i], steps, &v, e);
		b->params[i] = rc == RC_OK ? v : NULL;
	}
	if (n != ev->query->root)
		ev->reads_no_buckets = false;
	if (rc == RC_OK)
		rc = eval_stream(ev, vector_arg(b), steps, &b->inner, e);
	ev->reads_no_buckets = before;
	if (rc != RC_OK)
		return rc;
	b->stream = (struct stream){ .next = next_bucketed, .eval = ev, .steps = steps };
	naming_init(&b->naming, ev, b->inner, &b->stream);
	b->naming.inner = NULL; /* all of it is pulled before names are dropped */
	b->stream.is_whole = b->stream.is_whole || !b->naming.may_clash;
	*ret = b;
	return RC_OK;
}

enum rc make_histogram_fraction(struct eval *ev, const struct promql_node *n,
	const struct steps *steps, struct stream **ret, struct err *e)
{
	struct bucketing *b;
	enum rc rc = make(ev, n, steps, &b, e);

	if (rc != RC_OK)
		return rc;
	b->is_fraction = true;
	*ret = &b->stream;
	return RC_OK;
}

enum rc make_histogram_quantile(struct eval *ev, const struct promql_node *n,
	const struct steps *steps, struct stream **ret, struct err *e)
{
	struct bucketing *b;
	enum rc rc = make(ev, n, steps, &b, e);

	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < steps->n; i++) {
		double q = b->params[0][i];

		if (!(q >= 0 && q <= 1))
			notes_add_number(&ev->notes, NOTE_QUANTILE, eval_arg(n, 0), q);
	}
	*ret = &b->stream;
	return RC_OK;
}
