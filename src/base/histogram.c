/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#include "base/golang.h"

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
