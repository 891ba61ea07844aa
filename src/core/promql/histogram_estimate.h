/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram_estimate: what a native histogram says about the observations in it.
 *
 * Within an exponential bucket they are taken to lie evenly on a logarithmic scale, in the zero
 * bucket and in custom ones evenly.
 */
#ifndef CORE_PROMQL_HISTOGRAM_ESTIMATE_H
#define CORE_PROMQL_HISTOGRAM_ESTIMATE_H

#include "core/promql/histogram_sum.h"

/* What is to be noted of an estimate: observations that were NaN. */
enum histogram_remark { HISTOGRAM_NO_REMARK, HISTOGRAM_IS_NAN, HISTOGRAM_IS_SKEWED };

/* `b` is room that is used again. */
double histogram_quantile(double q, const struct histogram *h, struct histogram_buckets *b,
	enum histogram_remark *ret);
double histogram_fraction(const double range[2], const struct histogram *h,
	struct histogram_buckets *b, enum histogram_remark *ret);
double histogram_variance(const struct histogram *h, struct histogram_buckets *b);

#endif
