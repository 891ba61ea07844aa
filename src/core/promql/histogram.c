/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/histogram.h"

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
