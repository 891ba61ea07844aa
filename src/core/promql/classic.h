/* SPDX-License-Identifier: Apache-2.0 */
/* classic: quantiles and fractions of a histogram whose buckets are counts up to a bound. */
#ifndef CORE_PROMQL_CLASSIC_H
#define CORE_PROMQL_CLASSIC_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
	double upper, count;
};

/* Of `n` > 0 buckets in order of their bounds, which are changed: equal bounds become one, counts
 * that fall are raised (*ret_is_fixed: by more than rounding explains).  Prometheus' estimate:
 * observations lie evenly within a bucket, the lowest one begins at 0. */
double bucket_quantile(double q, struct bucket *v, uint32_t n, bool *ret_is_fixed);
double bucket_fraction(double lower, double upper, struct bucket *v, uint32_t n);

#endif
