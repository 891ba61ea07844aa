/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram: what PromQL does with native histograms.
 *
 * https://prometheus.io/docs/specs/native_histograms/
 */
#ifndef CORE_PROMQL_HISTOGRAM_H
#define CORE_PROMQL_HISTOGRAM_H

#include "base/series.h"

/* Everything copied into the arena; NULL when it is full. */
struct histogram *histogram_copy(const struct histogram *h, struct arena *a);

/* The same in every bit, layout and hint included. */
bool histogram_equal(const struct histogram *a, const struct histogram *b);

#endif
