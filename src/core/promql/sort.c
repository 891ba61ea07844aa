/* SPDX-License-Identifier: Apache-2.0 */
/* The order of an instant query's result.  That of a range query is by labels whatever stands here,
 * so then all of this is passed through. */
#include "core/promql/parts.h"
#include "core/promql/pieces.h"

#include <ctype.h>
#include <math.h>

struct sorting {
	struct stream stream;
	struct stream *inner; /* NULL: all of it was pulled */
	const struct promql_node *node;
	struct column_list list;
	uint32_t given;
};

static int by_value(const void *a, const void *b)
{
	double x = *((const struct column *)a)->v, y = *((const struct column *)b)->v;

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x > y) - (x < y);
}

/* NaN is last in both. */
static int by_value_down(const void *a, const void *b)
{
	double x = *((const struct column *)a)->v, y = *((const struct column *)b)->v;

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return (x < y) - (x > y);
}

/* A run of digits, or of anything else. */
static size_t run_length(const char *s)
{
	bool is_digit = isdigit((unsigned char)*s);
	size_t n = 0;

	while (s[n] && !!isdigit((unsigned char)s[n]) == is_digit)
		n++;
	return n;
}

static int compare_runs(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int order;

	if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
		while (a_len > 1 && *a == '0')
			a++, a_len--;
		while (b_len > 1 && *b == '0')
			b++, b_len--;
		if (a_len != b_len)
			return a_len < b_len ? -1 : 1;
		n = a_len;
	}
	order = memcmp(a, b, n);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* "host2" before "host10". */
static int compare_naturally(const char *a, const char *b)
{
	while (*a && *b) {
		size_t a_len = run_length(a), b_len = run_length(b);
		int order = compare_runs(a, a_len, b, b_len);

		if (order)
			return order;
		a += a_len;
		b += b_len;
	}
	return (*a != '\0') - (*b != '\0');
}

static int by_label(const void *a, const void *b, void *call)
{
	const struct column *x = a, *y = b;
	const struct promql_node *n = call;
	int sign = n->call.function->id == PROMQL_F_sort_by_label ? 1 : -1;

	for (uint32_t i = 1; i < n->call.n_args; i++) {
		const char *name = eval_text(n->call.args[i]);
		int order = compare_naturally(labels_get(&x->labels, name),
			labels_get(&y->labels, name));

		if (order)
			return sign * order;
	}
	return sign * labels_compare(&x->labels, &y->labels);
}

static enum rc pull_all(struct sorting *s, struct err *e)
{
	struct eval *ev = s->stream.eval;
	struct column c, kept;
	bool has;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		rc = stream_next(s->inner, &c, &has, e);
		if (rc != RC_OK || !has)
			break;
		if (is_absent(*c.v))
			continue;
		rc = column_keep(ev, s->stream.steps, &c, &kept, e);
		if (rc == RC_OK)
			rc = column_list_add(ev, &s->list, &kept, e);
	}
	s->inner = NULL;
	return rc;
}

/* sort() and sort_desc() are about floats. */
static void drop_histograms(struct column_list *l)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n; i++)
		if (!l->v[i].h || !l->v[i].h[0])
			l->v[kept++] = l->v[i];
	l->n = kept;
}

static void sort(struct sorting *s)
{
	struct column_list *l = &s->list;
	enum promql_function_id id = s->node->call.function->id;

	if (id == PROMQL_F_sort || id == PROMQL_F_sort_desc) {
		drop_histograms(l);
		if (l->n)
			qsort(l->v, l->n, sizeof *l->v,
				id == PROMQL_F_sort ? by_value : by_value_down);
	} else if (l->n) {
		qsort_r(l->v, l->n, sizeof *l->v, by_label, (void *)(uintptr_t)s->node);
	}
}

static enum rc next_sorted(struct stream *stream, struct column *ret, bool *ret_has, struct err *e)
{
	struct sorting *s = (struct sorting *)stream;

	if (s->inner) {
		enum rc rc = pull_all(s, e);

		if (rc != RC_OK)
			return rc;
		sort(s);
	}
	*ret_has = s->given < s->list.n;
	if (*ret_has)
		*ret = s->list.v[s->given++];
	return RC_OK;
}

/* Of many steps: only the histograms go. */
static enum rc next_unsorted(struct stream *stream, struct column *ret, bool *ret_has,
	struct err *e)
{
	struct sorting *s = (struct sorting *)stream;
	enum promql_function_id id = s->node->call.function->id;
	enum rc rc = stream_next(s->inner, ret, ret_has, e);

	if (rc != RC_OK || !*ret_has || !ret->h ||
		(id != PROMQL_F_sort && id != PROMQL_F_sort_desc))
		return rc;
	for (uint32_t i = 0; i < stream->steps->n; i++)
		if (ret->h[i])
			ret->v[i] = absent();
	ret->h = NULL;
	return RC_OK;
}

enum rc make_sort(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	struct sorting *s = eval_alloc(ev, sizeof *s, e);
	enum rc rc = s ? eval_stream(ev, n->call.args[0], steps, &s->inner, e) : RC_LIMIT;

	if (rc != RC_OK)
		return rc;
	s->node = n;
	s->stream = (struct stream){ .next = steps->n == 1 ? next_sorted : next_unsorted,
		.eval = ev,
		.steps = steps,
		.has_one_name = s->inner->has_one_name,
		.is_whole = s->inner->is_whole };
	*ret = &s->stream;
	return RC_OK;
}
