/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_histogram: a native histogram as /api/v1/query writes it, taken together again.
 *
 *	{"count": "3", "sum": "4.5", "buckets": [[3, "-0.001", "0.001", "1"], [0, "0.5", "1", "2"]]}
 *
 * https://prometheus.io/docs/prometheus/latest/querying/api/#native-histograms
 *
 * The schema isn't said, but follows from the bounds of any bucket.  How wide the zero bucket is when
 * nothing is in it isn't said either: then it is as wide as client libraries make it.
 */
#ifndef NODE_RULES_HISTOGRAM_H
#define NODE_RULES_HISTOGRAM_H

#include "base/json.h"
#include "base/series.h"

/* In `a`, whole.  RC_INPUT: it is none; RC_UNSUPPORTED: its buckets have bounds of somebody's own choosing, of
 * which the answer leaves out those of empty ones; RC_LIMIT: no room. */
enum rc rules_histogram_read(const json_t *object, struct arena *a, const struct histogram **ret,
	struct err *e) MUST_USE;

#endif
