/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/histogram_sum.h"

void histogram_sum_fini(struct histogram_sum *s)
{
	free(s->positive.v);
	free(s->negative.v);
	free(s->spare.v);
	*s = (struct histogram_sum){ 0 };
}

static void add_cell(struct cell_list *l, int32_t index, double count)
{
	must_grow(l->v, l->n, l->cap);
	l->v[l->n++] = (struct cell){ index, count };
}

static void load_cells(struct cell_list *l, const struct histogram_span *spans, uint32_t n_spans,
	const double *counts)
{
	int32_t index = 0;

	l->n = 0;
	for (uint32_t i = 0; i < n_spans; i++) {
		index += spans[i].offset;
		for (uint32_t k = 0; k < spans[i].length; k++)
			add_cell(l, index++, *counts++);
	}
}

void histogram_sum_load(struct histogram_sum *s, const struct histogram *h)
{
	s->schema = h->schema;
	s->reset = h->reset;
	s->zero_threshold = h->zero_threshold;
	s->zero_count = h->zero_count;
	s->count = h->count;
	s->sum = h->sum;
	s->bounds = h->bounds;
	s->n_bounds = h->n_bounds;
	load_cells(&s->positive, h->positive_spans, h->n_positive_spans, h->positive);
	load_cells(&s->negative, h->negative_spans, h->n_negative_spans, h->negative);
}

static void copy_cells(struct cell_list *l, const struct cell_list *from)
{
	l->n = 0;
	for (uint32_t i = 0; i < from->n; i++)
		add_cell(l, from->v[i].index, from->v[i].count);
}

void histogram_sum_copy(struct histogram_sum *s, const struct histogram_sum *from)
{
	struct cell_list positive = s->positive, negative = s->negative, spare = s->spare;

	*s = *from;
	s->positive = positive;
	s->negative = negative;
	s->spare = spare;
	copy_cells(&s->positive, &from->positive);
	copy_cells(&s->negative, &from->negative);
}

void histogram_sum_clear(struct histogram_sum *s, const struct histogram *like)
{
	const struct histogram empty = { .schema = like->schema,
		.bounds = like->bounds,
		.n_bounds = like->n_bounds };

	histogram_sum_load(s, &empty);
}

/* Buckets of the finer schema that fall into one of the coarser. */
static void reduce_cells(struct cell_list *l, int shift)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		int32_t index = ((l->v[i].index - 1) >> shift) + 1;

		if (kept && l->v[kept - 1].index == index)
			l->v[kept - 1].count += l->v[i].count;
		else
			l->v[kept++] = (struct cell){ index, l->v[i].count };
	}
	l->n = kept;
}

void histogram_sum_reduce(struct histogram_sum *s, int8_t schema)
{
	if (s->schema <= schema)
		return;
	reduce_cells(&s->positive, s->schema - schema);
	reduce_cells(&s->negative, s->schema - schema);
	s->schema = schema;
}

/* What a wider zero bucket would count.  It ends where a bucket ends, so it may become wider still:
 * *threshold is both. */
static double count_below(const struct histogram_sum *s, double *threshold)
{
	double count = s->zero_count;
	bool is_wider = true;

	if (*threshold == s->zero_threshold)
		return count;
	while (is_wider) {
		is_wider = false;
		count = s->zero_count;
		for (uint32_t i = 0; i < s->positive.n; i++) {
			const struct cell *c = &s->positive.v[i];
			double upper = histogram_bound(s->schema, c->index);

			if (histogram_bound(s->schema, c->index - 1) >= *threshold)
				break;
			count += c->count;
			if (upper <= *threshold)
				continue;
			if (c->count != 0)
				*threshold = upper;
			break;
		}
		for (uint32_t i = 0; i < s->negative.n && !is_wider; i++) {
			const struct cell *c = &s->negative.v[i];
			double upper = histogram_bound(s->schema, c->index);

			if (histogram_bound(s->schema, c->index - 1) >= *threshold)
				break;
			count += c->count;
			if (upper <= *threshold)
				continue;
			is_wider = c->count != 0;
			if (is_wider)
				*threshold = upper;
			break;
		}
	}
	return count;
}

/* Buckets that the zero bucket has swallowed. */
static void drop_below(struct cell_list *l, const struct histogram_sum *s)
{
	uint32_t first = 0;

	while (first < l->n &&
		histogram_bound(s->schema, l->v[first].index - 1) < s->zero_threshold)
		first++;
	if (first)
		memmove(l->v, l->v + first, (l->n - first) * sizeof *l->v);
	l->n -= first;
}

/* Make the zero buckets equally wide; returns what the other's counts then. */
static double match_zero_buckets(struct histogram_sum *s, const struct histogram_sum *other)
{
	double threshold = other->zero_threshold, count = other->zero_count;

	while (threshold != s->zero_threshold) {
		if (s->zero_threshold > threshold) {
			threshold = s->zero_threshold;
			count = count_below(other, &threshold);
		}
		if (threshold > s->zero_threshold) {
			s->zero_count = count_below(s, &threshold);
			s->zero_threshold = threshold;
			drop_below(&s->positive, s);
			drop_below(&s->negative, s);
			if (threshold != other->zero_threshold)
				count = count_below(other, &threshold);
		}
	}
	return count;
}

/* into += sign * more, without those of `more` that lie in the zero bucket. */
static void merge_cells(struct histogram_sum *s, struct cell_list *into,
	const struct cell_list *more, double sign)
{
	struct cell_list *out = &s->spare, swapped;
	uint32_t a = 0, b = 0;

	out->n = 0;
	while (!histogram_is_custom(s->schema) && b < more->n &&
		histogram_bound(s->schema, more->v[b].index) <= s->zero_threshold)
		b++;
	while (a < into->n || b < more->n) {
		const struct cell *x = a < into->n ? &into->v[a] : NULL;
		const struct cell *y = b < more->n ? &more->v[b] : NULL;

		if (x && y && x->index == y->index)
			add_cell(out, x->index, x->count + sign * y->count);
		else if (x && (!y || x->index < y->index))
			add_cell(out, x->index, x->count);
		else
			add_cell(out, y->index, sign * y->count);
		a += x && (!y || x->index <= y->index);
		b += y && (!x || y->index <= x->index);
	}
	swapped = *into;
	*into = *out;
	*out = swapped;
}

static bool equal_bounds(const double *a, uint32_t n_a, const double *b, uint32_t n_b)
{
	return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a * sizeof *a) == 0);
}

bool histogram_same_bounds(const struct histogram *a, const struct histogram *b)
{
	return equal_bounds(a->bounds, a->n_bounds, b->bounds, b->n_bounds);
}

/* A gauge makes a gauge of the sum; anything else that differs is unknown. */
static uint8_t sum_reset(uint8_t a, uint8_t b)
{
	if (a == b || a == HISTOGRAM_GAUGE)
		return a;
	return b == HISTOGRAM_GAUGE ? HISTOGRAM_GAUGE : HISTOGRAM_UNKNOWN;
}

enum histogram_outcome histogram_sum_add(struct histogram_sum *s, struct histogram_sum *other,
	double sign)
{
	bool is_custom = histogram_is_custom(s->schema);

	if (is_custom != histogram_is_custom(other->schema))
		return HISTOGRAM_OTHER_SCHEMA;
	if (is_custom && !equal_bounds(s->bounds, s->n_bounds, other->bounds, other->n_bounds))
		return HISTOGRAM_OTHER_BOUNDS;
	if (sign > 0)
		s->reset = sum_reset(s->reset, other->reset);
	if (!is_custom)
		s->zero_count += sign * match_zero_buckets(s, other);
	s->count += sign * other->count;
	s->sum += sign * other->sum;
	if (!is_custom) {
		histogram_sum_reduce(s, other->schema);
		histogram_sum_reduce(other, s->schema);
	}
	merge_cells(s, &s->positive, &other->positive, sign);
	merge_cells(s, &s->negative, &other->negative, sign);
	return HISTOGRAM_DONE;
}

void histogram_sum_scale(struct histogram_sum *s, double factor)
{
	s->zero_count *= factor;
	s->count *= factor;
	s->sum *= factor;
	for (uint32_t i = 0; i < s->positive.n; i++)
		s->positive.v[i].count *= factor;
	for (uint32_t i = 0; i < s->negative.n; i++)
		s->negative.v[i].count *= factor;
}

void histogram_sum_divide(struct histogram_sum *s, double divisor)
{
	s->zero_count /= divisor;
	s->count /= divisor;
	s->sum /= divisor;
	if (divisor == 0)
		s->positive.n = s->negative.n = 0;
	for (uint32_t i = 0; i < s->positive.n; i++)
		s->positive.v[i].count /= divisor;
	for (uint32_t i = 0; i < s->negative.n; i++)
		s->negative.v[i].count /= divisor;
}

uint64_t histogram_sum_bytes(const struct histogram_sum *s)
{
	return ((uint64_t)s->positive.cap + s->negative.cap + s->spare.cap) * sizeof(struct cell);
}

struct stored {
	struct histogram_span *spans;
	double *counts;
	uint32_t n_spans, n;
};

static bool store_cells(const struct cell_list *l, struct arena *a, struct stored *ret)
{
	int32_t end = 0; /* index behind the last span */

	*ret = (struct stored){ .spans = arena_alloc(a, l->n * sizeof *ret->spans),
		.counts = arena_alloc(a, l->n * sizeof *ret->counts) };
	if (!ret->spans || !ret->counts)
		return false;
	for (uint32_t i = 0; i < l->n; i++) {
		if (l->v[i].count == 0)
			continue;
		if (ret->n_spans == 0 || l->v[i].index != end)
			ret->spans[ret->n_spans++] =
				(struct histogram_span){ l->v[i].index - end, 0 };
		ret->spans[ret->n_spans - 1].length++;
		ret->counts[ret->n++] = l->v[i].count;
		end = l->v[i].index + 1;
	}
	return true;
}

const struct histogram *histogram_sum_store(const struct histogram_sum *s, struct arena *a)
{
	struct histogram *h = arena_alloc(a, sizeof *h);
	double *bounds = arena_alloc(a, s->n_bounds * sizeof *bounds);
	struct stored positive, negative;

	if (!h || !bounds || !store_cells(&s->positive, a, &positive) ||
		!store_cells(&s->negative, a, &negative))
		return NULL;
	if (s->n_bounds)
		memcpy(bounds, s->bounds, s->n_bounds * sizeof *bounds);
	*h = (struct histogram){ .schema = s->schema,
		.reset = s->reset,
		.is_float = true,
		.zero_threshold = s->zero_threshold,
		.zero_count = s->zero_count,
		.count = s->count,
		.sum = s->sum,
		.positive_spans = positive.spans,
		.negative_spans = negative.spans,
		.n_positive_spans = positive.n_spans,
		.n_negative_spans = negative.n_spans,
		.positive = positive.counts,
		.negative = negative.counts,
		.n_positive = positive.n,
		.n_negative = negative.n,
		.bounds = bounds,
		.n_bounds = s->n_bounds };
	return h;
}

/* Whether a bucket has less than it had, or is gone, whatever it had: differences of histograms
 * have less than nothing in some.  Both lists are of one schema. */
static bool lists_reset(const struct histogram_sum *now, const struct cell_list *a,
	const struct cell_list *b)
{
	uint32_t i = 0;

	for (uint32_t k = 0; k < b->n; k++) {
		if (!histogram_is_custom(now->schema) && now->zero_threshold != 0 &&
			histogram_bound(now->schema, b->v[k].index) <= now->zero_threshold)
			continue;
		while (i < a->n && a->v[i].index < b->v[k].index)
			i++;
		if (i < a->n && a->v[i].index == b->v[k].index ? a->v[i].count < b->v[k].count
							       : b->v[k].count != 0)
			return true;
	}
	return false;
}

bool histogram_is_reset(const struct histogram *now, const struct histogram *before)
{
	scoped(histogram_sum_fini) struct histogram_sum a = { 0 };
	scoped(histogram_sum_fini) struct histogram_sum b = { 0 };
	double threshold = now->zero_threshold;

	if (now->reset == HISTOGRAM_RESET || now->reset == HISTOGRAM_NOT_RESET)
		return now->reset == HISTOGRAM_RESET;
	if (now->count < before->count || now->schema > before->schema ||
		histogram_is_custom(now->schema) != histogram_is_custom(before->schema) ||
		!histogram_same_bounds(now, before) || now->zero_threshold < before->zero_threshold)
		return true;
	histogram_sum_load(&a, now);
	histogram_sum_load(&b, before);
	if (now->zero_count < count_below(&b, &threshold) || threshold != now->zero_threshold)
		return true;
	histogram_sum_reduce(&b, now->schema);
	return lists_reset(&a, &a.positive, &b.positive) ||
	       lists_reset(&a, &a.negative, &b.negative);
}

void histogram_buckets_fini(struct histogram_buckets *b)
{
	free(b->v);
	*b = (struct histogram_buckets){ 0 };
}

struct collecting {
	struct histogram_buckets *buckets;
	double zero_threshold;
};

/* The zero bucket cuts off what it covers, and counts only if it has anything. */
static void collect(void *ctx, const struct histogram_bucket *found)
{
	const struct collecting *c = ctx;
	struct histogram_buckets *b = c->buckets;
	struct histogram_bucket bucket = *found;

	if (bucket.lower == -c->zero_threshold && bucket.upper == c->zero_threshold &&
		bucket.has_lower && !(bucket.count > 0))
		return;
	if (bucket.lower > 0 && bucket.lower < c->zero_threshold)
		bucket.lower = c->zero_threshold;
	if (bucket.upper < 0 && bucket.upper > -c->zero_threshold)
		bucket.upper = -c->zero_threshold;
	must_grow(b->v, b->n, b->cap);
	b->v[b->n++] = bucket;
}

void histogram_buckets_load(struct histogram_buckets *b, const struct histogram *h)
{
	b->n = 0;
	histogram_each(h, collect, &(struct collecting){ b, h->zero_threshold });
}
