/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#include "base/golang.h"
#include "base/limits.h"

#include <float.h>
#include <math.h>

#define FINEST 8 /* schema */

static const double fractions[1 << FINEST] = {
#include "base/histogram_bounds.def"
};

double histogram_bound(int schema, int32_t index)
{
	int64_t whole;
	uint32_t fraction;

	if (schema < 0) {
		whole = (int64_t)index * ((int64_t)1 << -schema);
		return whole == 1024 ? DBL_MAX : ldexp(1, (int)whole);
	}
	whole = (index >> schema) + 1;
	fraction = (uint32_t)index & ((1u << schema) - 1);
	if (fraction == 0 && whole == 1025)
		return DBL_MAX;
	return ldexp(fractions[fraction << (FINEST - schema)], (int)whole);
}

static double custom(const struct histogram *h, int32_t index)
{
	if (index < 0)
		return -INFINITY;
	return (uint32_t)index < h->n_bounds ? h->bounds[index] : INFINITY;
}

static struct histogram_bucket bucket_of(const struct histogram *h, int32_t index, double count,
	bool is_negative)
{
	struct histogram_bucket b = { .count = count };
	bool is_custom = h->schema == HISTOGRAM_CUSTOM;
	double lower = is_custom ? custom(h, index - 1) : histogram_bound(h->schema, index - 1);
	double upper = is_custom ? custom(h, index) : histogram_bound(h->schema, index);

	b.lower = is_negative ? -upper : lower;
	b.upper = is_negative ? -lower : upper;
	b.has_lower = is_custom ? index == 0 : b.lower < 0;
	b.has_upper = is_custom || b.upper > 0;
	return b;
}

struct buckets {
	const struct histogram_span *spans;
	uint32_t n_spans;
	const double *counts;
	uint32_t n;
	bool is_negative;
};

/* The `i`th bucket's index, by the spans. */
static int32_t index_of(const struct buckets *of, uint32_t i)
{
	int32_t index = 0;

	for (uint32_t s = 0; s < of->n_spans; s++) {
		index += of->spans[s].offset;
		if (i < of->spans[s].length)
			return index + (int32_t)i;
		i -= of->spans[s].length;
		index += (int32_t)of->spans[s].length;
	}
	return index;
}

typedef void visit(void *ctx, const struct histogram_bucket *b);

static void each(const struct histogram *h, const struct buckets *of, visit *to, void *ctx)
{
	for (uint32_t i = 0; i < of->n; i++) {
		uint32_t at = of->is_negative ? of->n - 1 - i : i;
		struct histogram_bucket b;

		if (of->counts[at] == 0)
			continue;
		b = bucket_of(h, index_of(of, at), of->counts[at], of->is_negative);
		to(ctx, &b);
	}
}

void histogram_each(const struct histogram *h, visit *to, void *ctx)
{
	const struct buckets negative = { h->negative_spans, h->n_negative_spans, h->negative,
		h->n_negative, true };
	const struct buckets positive = { h->positive_spans, h->n_positive_spans, h->positive,
		h->n_positive, false };
	const struct histogram_bucket zero = { -h->zero_threshold, h->zero_threshold, h->zero_count,
		true, true };

	each(h, &negative, to, ctx);
	if (h->zero_count != 0)
		to(ctx, &zero);
	each(h, &positive, to, ctx);
}

static void add_number(struct str *out, double v)
{
	go_float(out, v, 'g', GO_SHORTEST);
}

static void add_bucket(void *ctx, const struct histogram_bucket *b)
{
	struct str *out = ctx;

	str_addf(out, ", %c", b->has_lower ? '[' : '(');
	add_number(out, b->lower);
	str_addc(out, ',');
	add_number(out, b->upper);
	str_addf(out, "%c:", b->has_upper ? ']' : ')');
	add_number(out, b->count);
}

void histogram_text(const struct histogram *h, struct str *out)
{
	str_add(out, "{count:");
	add_number(out, h->count);
	str_add(out, ", sum:");
	add_number(out, h->sum);
	histogram_each(h, add_bucket, out);
	str_addc(out, '}');
}

/* The first and the last bucket that aren't empty; false: all are. */
static bool used(const struct buckets *of, uint32_t *ret_first, uint32_t *ret_last)
{
	uint32_t first = 0, last = of->n;

	while (first < of->n && of->counts[first] == 0)
		first++;
	while (last > first && of->counts[last - 1] == 0)
		last--;
	*ret_first = first;
	*ret_last = last - 1;
	return last > first;
}

static void add_item(struct str *out, const char *key, double v)
{
	if (v == 0)
		return;
	str_addf(out, "%s%s:", out->s[out->len - 1] == '{' ? "" : " ", key);
	add_number(out, v);
}

static void add_counts(struct str *out, const struct buckets *of, const char *offset_key,
	const char *key)
{
	uint32_t first, last;
	int32_t next;

	if (!used(of, &first, &last))
		return;
	next = index_of(of, first);
	add_item(out, offset_key, next);
	str_addf(out, "%s%s:[", out->s[out->len - 1] == '{' ? "" : " ", key);
	for (uint32_t i = first; i <= last; i++, next++) {
		for (; next < index_of(of, i); next++)
			str_add(out, "0 ");
		add_number(out, of->counts[i]);
		str_addc(out, i < last ? ' ' : ']');
	}
}

static void add_bounds(const struct histogram *h, struct str *out)
{
	str_addf(out, "%scustom_values:[", out->s[out->len - 1] == '{' ? "" : " ");
	for (uint32_t i = 0; i < h->n_bounds; i++) {
		if (i > 0)
			str_addc(out, ' ');
		add_number(out, h->bounds[i]);
	}
	str_addc(out, ']');
}

void histogram_notation(const struct histogram *h, struct str *out)
{
	static const char *const resets[] = {
		[HISTOGRAM_UNKNOWN] = "",
		[HISTOGRAM_RESET] = "reset",
		[HISTOGRAM_NOT_RESET] = "not_reset",
		[HISTOGRAM_GAUGE] = "gauge",
	};
	const struct buckets negative = { h->negative_spans, h->n_negative_spans, h->negative,
		h->n_negative, true };
	const struct buckets positive = { h->positive_spans, h->n_positive_spans, h->positive,
		h->n_positive, false };

	str_add(out, "{{");
	add_item(out, "schema", h->schema);
	add_item(out, "count", h->count);
	add_item(out, "sum", h->sum);
	add_item(out, "z_bucket", h->zero_count);
	add_item(out, "z_bucket_w", h->zero_threshold);
	if (h->schema == HISTOGRAM_CUSTOM)
		add_bounds(h, out);
	if (h->reset != HISTOGRAM_UNKNOWN)
		str_addf(out, "%scounter_reset_hint:%s", out->s[out->len - 1] == '{' ? "" : " ",
			resets[h->reset]);
	add_counts(out, &positive, "offset", "buckets");
	add_counts(out, &negative, "n_offset", "n_buckets");
	str_add(out, "}}");
}

/* `from` of `n` bytes in the arena; an empty one is NULL. */
static bool copy_array(const void *from, size_t n, struct arena *a, const void **ret)
{
	void *copy = n ? arena_alloc(a, n) : NULL;

	if (copy)
		memcpy(copy, from, n);
	*ret = copy;
	return copy || n == 0;
}

#define COPY_ARRAY(to, field, count) \
	copy_array((to)->field, (to)->count * sizeof *(to)->field, a, (const void **)&(to)->field)

struct histogram *histogram_copy(const struct histogram *h, struct arena *a)
{
	struct histogram *copy = arena_alloc(a, sizeof *copy);

	if (!copy)
		return NULL;
	*copy = *h;
	if (!COPY_ARRAY(copy, positive_spans, n_positive_spans) ||
		!COPY_ARRAY(copy, negative_spans, n_negative_spans) ||
		!COPY_ARRAY(copy, positive, n_positive) ||
		!COPY_ARRAY(copy, negative, n_negative) || !COPY_ARRAY(copy, bounds, n_bounds))
		return NULL;
	return copy;
}

static bool same_spans(const struct histogram_span *a, const struct histogram_span *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i].offset != b[i].offset || a[i].length != b[i].length)
			return false;
	return true;
}

static bool same_numbers(const double *a, const double *b, uint32_t n)
{
	return n == 0 || memcmp(a, b, n * sizeof *a) == 0;
}

bool histogram_equal(const struct histogram *a, const struct histogram *b)
{
	return a->schema == b->schema && a->reset == b->reset && a->is_float == b->is_float &&
	       same_numbers(&a->zero_threshold, &b->zero_threshold, 1) &&
	       same_numbers(&a->zero_count, &b->zero_count, 1) &&
	       same_numbers(&a->count, &b->count, 1) && same_numbers(&a->sum, &b->sum, 1) &&
	       a->n_positive_spans == b->n_positive_spans &&
	       a->n_negative_spans == b->n_negative_spans && a->n_positive == b->n_positive &&
	       a->n_negative == b->n_negative && a->n_bounds == b->n_bounds &&
	       same_spans(a->positive_spans, b->positive_spans, a->n_positive_spans) &&
	       same_spans(a->negative_spans, b->negative_spans, a->n_negative_spans) &&
	       same_numbers(a->positive, b->positive, a->n_positive) &&
	       same_numbers(a->negative, b->negative, a->n_negative) &&
	       same_numbers(a->bounds, b->bounds, a->n_bounds);
}

bool histogram_same(const struct histogram *a, const struct histogram *b)
{
	struct histogram like_a = *b;

	like_a.reset = a->reset;
	like_a.is_float = a->is_float;
	return histogram_equal(a, &like_a);
}

/* Indexes of buckets lie within this, so that sums of them are numbers. */
#define INDEX_MOST (INT64_C(1) << 30)

static enum rc check_spans(const struct histogram_span *v, uint32_t n, uint32_t n_counts,
	struct err *e)
{
	uint64_t length = 0;
	int64_t index = 0;

	if (n > HISTOGRAM_BUCKETS_MAX)
		return err_set(e, RC_INPUT, "a histogram of %u spans: %d are allowed", n,
			HISTOGRAM_BUCKETS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && v[i].offset < 0)
			return err_set(e, RC_INPUT,
				"span number %u with offset %d: histogram has a span whose offset "
				"is negative",
				i + 1, v[i].offset);
		length += v[i].length;
		index += (int64_t)v[i].offset + v[i].length;
		if (index > INDEX_MOST || index < -INDEX_MOST)
			return err_set(e, RC_INPUT, "a histogram's bucket of index %lld",
				(long long)index);
	}
	if (length != n_counts)
		return err_set(e, RC_INPUT,
			"spans need %llu buckets, have %u buckets: histogram spans specify "
			"different number of buckets than provided",
			(unsigned long long)length, n_counts);
	return RC_OK;
}

static enum rc check_bounds(const struct histogram *h, struct err *e)
{
	int64_t buckets = 0;

	for (uint32_t i = 0; i < h->n_positive_spans; i++)
		buckets += (int64_t)h->positive_spans[i].offset + h->positive_spans[i].length;
	if (buckets > (int64_t)h->n_bounds + 1)
		return err_set(e, RC_INPUT,
			"only %u custom bounds defined which is insufficient to cover total span "
			"length of %lld: histogram custom bounds are too few",
			h->n_bounds, (long long)buckets);
	if (h->n_positive_spans && h->positive_spans[0].offset < 0)
		return err_set(e, RC_INPUT, "histogram has a span whose offset is negative");
	for (uint32_t i = 0; i < h->n_bounds; i++)
		if (!isfinite(h->bounds[i]) || (i > 0 && h->bounds[i] <= h->bounds[i - 1]))
			return err_set(e, RC_INPUT,
				"histogram custom bounds must be finite and in strictly increasing "
				"order");
	return RC_OK;
}

/* What only exponential histograms have. */
static enum rc check_custom(const struct histogram *h, struct err *e)
{
	if (h->n_bounds > HISTOGRAM_BUCKETS_MAX)
		return err_set(e, RC_INPUT, "a histogram of %u custom bounds: %d are allowed",
			h->n_bounds, HISTOGRAM_BUCKETS_MAX);
	if (h->zero_count != 0)
		return err_set(e, RC_INPUT, "custom buckets: must have zero count of 0");
	if (h->zero_threshold != 0)
		return err_set(e, RC_INPUT, "custom buckets: must have zero threshold of 0");
	if (h->n_negative_spans || h->n_negative)
		return err_set(e, RC_INPUT, "custom buckets: must not have negative buckets");
	return check_bounds(h, e);
}

enum rc histogram_check_layout(const struct histogram *h, struct err *e)
{
	bool is_custom = h->schema == HISTOGRAM_CUSTOM;
	enum rc rc;

	if (!is_custom && (h->schema < -4 || h->schema > 8))
		return err_set(e, RC_INPUT,
			"histogram has an invalid schema, which must be between -4 and 8 for "
			"exponential buckets, or -53 for custom buckets, got schema %d",
			h->schema);
	if ((uint64_t)h->n_positive + h->n_negative > HISTOGRAM_BUCKETS_MAX)
		return err_set(e, RC_INPUT, "a histogram of %llu buckets: %d are allowed",
			(unsigned long long)h->n_positive + h->n_negative, HISTOGRAM_BUCKETS_MAX);
	rc = check_spans(h->positive_spans, h->n_positive_spans, h->n_positive, e);
	if (rc == RC_OK)
		rc = check_spans(h->negative_spans, h->n_negative_spans, h->n_negative, e);
	if (rc != RC_OK)
		return rc;
	if (is_custom)
		return check_custom(h, e);
	if (h->n_bounds)
		return err_set(e, RC_INPUT,
			"histogram with exponential schema must not have custom bounds");
	return RC_OK;
}

/* Adds the counts to *sum; false: one is negative. */
static bool add_up(const double *v, uint32_t n, double *sum)
{
	for (uint32_t i = 0; i < n; i++) {
		if (v[i] < 0)
			return false;
		*sum += v[i];
	}
	return true;
}

enum rc histogram_check(const struct histogram *h, struct err *e)
{
	enum rc rc = histogram_check_layout(h, e);
	double sum = h->zero_count;

	if (rc != RC_OK)
		return rc;
	if (!add_up(h->positive, h->n_positive, &sum) ||
		!add_up(h->negative, h->n_negative, &sum) || h->zero_count < 0)
		return err_set(e, RC_INPUT,
			"histogram has a bucket whose observation count is negative");
	if (h->count < 0)
		return err_set(e, RC_INPUT, "histogram's observation count is negative");
	if (h->is_float)
		return RC_OK; /* sums of floats may be a little off */
	if (isnan(h->sum) ? sum > h->count : sum != h->count)
		return err_set(e, RC_INPUT,
			"%.0f observations found in buckets, but the Count field is %.0f: "
			"histogram's observation count should %s the number of observations found "
			"in the buckets",
			sum, h->count, isnan(h->sum) ? "be at least" : "equal");
	return RC_OK;
}

/* Buckets of one side, merged where they stand: what is written never overtakes what is read. */
static void reduce_side(struct histogram_span *spans, uint32_t *n_spans, double *counts,
	uint32_t *n, int by)
{
	uint32_t n_read = *n_spans, to_span = 0, to = 0, at = 0;
	int64_t index = 0, last = 0;

	for (uint32_t s = 0; s < n_read; s++) {
		uint32_t length = spans[s].length;

		index += spans[s].offset;
		for (uint32_t i = 0; i < length; i++, index++, at++) {
			int64_t coarse = ((index - 1) >> by) + 1;

			if (to && coarse == last) {
				counts[to - 1] += counts[at];
				continue;
			}
			if (to && coarse == last + 1) {
				spans[to_span - 1].length++;
			} else {
				int64_t offset = to ? coarse - last - 1 : coarse;

				spans[to_span++] = (struct histogram_span){ (int32_t)offset, 1 };
			}
			counts[to++] = counts[at];
			last = coarse;
		}
	}
	*n_spans = to_span;
	*n = to;
}

void histogram_reduce(struct histogram *h, int8_t schema)
{
	int by = h->schema - schema;

	must(by >= 0 && schema >= -4 && h->schema <= 8);
	reduce_side((struct histogram_span *)h->positive_spans, &h->n_positive_spans,
		(double *)h->positive, &h->n_positive, by);
	reduce_side((struct histogram_span *)h->negative_spans, &h->n_negative_spans,
		(double *)h->negative, &h->n_negative, by);
	h->schema = schema;
}

static bool are_integers(const double *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!(v[i] >= 0 && v[i] < 0x1p63) || v[i] != (double)(int64_t)v[i])
			return false;
	return true;
}

bool histogram_is_integer(const struct histogram *h)
{
	return !h->is_float && are_integers(&h->count, 1) && are_integers(&h->zero_count, 1) &&
	       are_integers(h->positive, h->n_positive) && are_integers(h->negative, h->n_negative);
}
