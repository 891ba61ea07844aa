/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram_sum: native histograms to reckon with: added to, subtracted from, scaled, compared.
 *
 * Here a histogram is two sorted lists of (index, count), which grow and are used again; as spans
 * it is only read and written.  Where schemas or zero buckets differ the finer one gives in, and of
 * two kinds of bounds there is no sum.
 */
#ifndef CORE_PROMQL_HISTOGRAM_SUM_H
#define CORE_PROMQL_HISTOGRAM_SUM_H

#include "base/histogram.h"

struct cell {
	int32_t index;
	double count;
};
struct cell_list {
	struct cell *v;
	uint32_t n, cap;
};

struct histogram_sum {
	int8_t schema;
	uint8_t reset; /* enum histogram_reset */
	double zero_threshold, zero_count, count, sum;
	struct cell_list positive, negative;
	const double *bounds; /* of HISTOGRAM_CUSTOM; the histogram's that was loaded */
	uint32_t n_bounds;
	struct cell_list spare; /* where two lists are merged */
};

void histogram_sum_fini(struct histogram_sum *s);
SCOPED_FINI(histogram_sum_fini, struct histogram_sum)

enum histogram_outcome {
	HISTOGRAM_DONE,
	HISTOGRAM_OTHER_SCHEMA, /* exponential and custom bounds */
	HISTOGRAM_OTHER_BOUNDS, /* custom ones that differ */
};

void histogram_sum_load(struct histogram_sum *s, const struct histogram *h);
void histogram_sum_copy(struct histogram_sum *s, const struct histogram_sum *from);
/* An empty one of the other's schema and bounds. */
void histogram_sum_clear(struct histogram_sum *s, const struct histogram *like);
/* s += sign * other; unchanged unless HISTOGRAM_DONE.  `other` may be reduced in resolution. */
enum histogram_outcome histogram_sum_add(struct histogram_sum *s, struct histogram_sum *other,
	double sign);
void histogram_sum_scale(struct histogram_sum *s, double factor);
void histogram_sum_divide(struct histogram_sum *s, double divisor);
void histogram_sum_reduce(struct histogram_sum *s, int8_t schema);
/* Without empty buckets, in the arena; NULL: it is full. */
const struct histogram *histogram_sum_store(const struct histogram_sum *s, struct arena *a);
uint64_t histogram_sum_bytes(const struct histogram_sum *s);

static inline bool histogram_is_custom(int8_t schema)
{
	return schema == HISTOGRAM_CUSTOM;
}
bool histogram_same_bounds(const struct histogram *a, const struct histogram *b);
/* Whether a counter began anew between the two. */
bool histogram_is_reset(const struct histogram *now, const struct histogram *before);
/* Buckets as observations see them. */
struct histogram_buckets {
	struct histogram_bucket *v;
	uint32_t n, cap;
};
void histogram_buckets_fini(struct histogram_buckets *b);
SCOPED_FINI(histogram_buckets_fini, struct histogram_buckets)
/* Those that have anything, from the lowest on, without what the zero bucket covers of them. */
void histogram_buckets_load(struct histogram_buckets *b, const struct histogram *h);

#endif
