/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram: native histograms taken apart: their buckets with bounds, and as text.
 * https://prometheus.io/docs/specs/native_histograms/
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include "base/series.h"
#include "base/str.h"

/* The upper bound of a bucket of an exponential schema (-4 ... 8): 2^(index * 2^-schema), to the last bit
 * what Prometheus takes it for. */
double histogram_bound(int schema, int32_t index);

struct histogram_bucket {
	double lower, upper, count;
	bool has_lower, has_upper; /* the bounds belong to it */
};

/* The buckets that aren't empty, from the lowest; `visit` gets `ctx`. */
void histogram_each(const struct histogram *h,
	void (*visit)(void *ctx, const struct histogram_bucket *b), void *ctx);

/* As Prometheus writes one: {count:3, sum:4.5, [-0.001,0.001]:1, (0.5,1]:2} */
void histogram_text(const struct histogram *h, struct str *out);

/* As promtool's tests write one: {{schema:1 count:3 sum:4.5 offset:1 buckets:[1 2]}}, buckets between the
 * first and the last that aren't empty. */
void histogram_notation(const struct histogram *h, struct str *out);

/* Whether the parts fit each other: a schema that there is, spans in order and as many counts as they
 * have buckets, at most HISTOGRAM_BUCKETS_MAX, custom bounds that ascend.  RC_INPUT: what doesn't, in
 * Prometheus' words. */
enum rc histogram_check_layout(const struct histogram *h, struct err *e) MUST_USE;
/* And whether what was counted can have been: nothing negative, the sum of all buckets is the count. */
enum rc histogram_check(const struct histogram *h, struct err *e) MUST_USE;

/* Whether formats that tell counts of integers from those of floats may write it as the former: it came as
 * such, and no count is beyond what they can say. */
bool histogram_is_integer(const struct histogram *h);

/* At a coarser schema, at least -4: its buckets and spans are written anew where they stand, so nobody
 * else may have them.  Layouts that were checked only. */
void histogram_reduce(struct histogram *h, int8_t schema);

/* Everything copied into the arena; NULL when it is full. */
struct histogram *histogram_copy(const struct histogram *h, struct arena *a);

/* The same in every bit, layout and hint included. */
bool histogram_equal(const struct histogram *a, const struct histogram *b);
/* The same observations, whatever is known of resets, and however their counts are stored. */
bool histogram_same(const struct histogram *a, const struct histogram *b);

#endif
