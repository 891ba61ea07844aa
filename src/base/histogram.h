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

#endif
