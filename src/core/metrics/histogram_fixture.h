/* SPDX-License-Identifier: Apache-2.0 */
/* histogram_fixture: native histograms of all kinds, for tests of what keeps them. */
#ifndef CORE_METRICS_HISTOGRAM_FIXTURE_H
#define CORE_METRICS_HISTOGRAM_FIXTURE_H

#include "base/histogram.h"
#include "base/rng.h"

/* One of some layout, with all buckets empty. */
const struct histogram *fixture_histogram(struct rng *r, struct arena *a);
/* The same one when some of its buckets have counted. */
const struct histogram *fixture_grown(const struct histogram *before, struct rng *r,
	struct arena *a);
/* Mostly the one before grown, sometimes as it was or another one. */
const struct histogram *fixture_next(const struct histogram *before, struct rng *r,
	struct arena *a);
/* Add `n` to the column, 15 s apart. */
void fixture_histograms(struct series_column *c, uint32_t n, struct rng *r, struct arena *a);
/* The same times and samples in every bit. */
bool fixture_equal(const struct series_column *a, const struct series_column *b);

#endif
