/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes: the annotations of a query: Prometheus' words, each once, with the place in the text that
 * they are about.  https://github.com/prometheus/prometheus/tree/main/util/annotations
 */
#ifndef CORE_PROMQL_NOTES_H
#define CORE_PROMQL_NOTES_H

#include "core/promql/ast.h"

#include "base/arena.h"
#include "base/map.h"

/* clang-format off */
#define NOTE_TABLE(X)                                                                              \
	X(RATIO,           WARNING, "ratio value should be between -1 and 1, got ")                \
	X(QUANTILE,        WARNING, "quantile value should be between 0 and 1, got ")              \
	X(BUCKET,          WARNING, "bucket label \"le\" is missing or has a malformed value ") \
	X(MIXED,           WARNING, "encountered a mix of histograms and floats for ")             \
	X(MIXED_RANGE,     WARNING, "encountered a mix of histograms and floats for metric name ") \
	X(CLASSIC_NATIVE,  WARNING, "vector contains a mix of classic and native histograms for metric name ") \
	X(NOT_COUNTER,     WARNING, "this native histogram metric is not a counter: ")             \
	X(NOT_GAUGE,       WARNING, "this native histogram metric is not a gauge: ")               \
	X(MIXED_SCHEMAS,   WARNING, "vector contains a mix of histograms with exponential and custom buckets schemas for metric name ") \
	X(CUSTOM_BUCKETS,  WARNING, "vector contains histograms with incompatible custom buckets for metric name ") \
	X(BUCKET_LAYOUT,   WARNING, "incompatible bucket layout encountered for binary operator ") \
	X(MAYBE_NO_COUNTER, INFO,   "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ") \
	X(MONOTONICITY,    INFO,    "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name ") \
	X(TYPES,           INFO,    "incompatible sample types encountered for binary operator ")  \
	X(AGGREGATED,      INFO,    "ignored histogram in ")                                       \
	X(IGNORED,         INFO,    "ignored histograms in a range containing both floats and histograms for metric name ") \
	X(QUANTILE_NAN,    INFO,    "input to histogram_quantile has NaN observations, result is NaN for metric name ") \
	X(QUANTILE_SKEW,   INFO,    "input to histogram_quantile has NaN observations, result is skewed higher for metric name ") \
	X(FRACTION_NAN,    INFO,    "input to histogram_fraction has NaN observations, which are excluded from all fractions for metric name ")
/* clang-format on */

enum note {
#define X(name, level, text) NOTE_##name,
	NOTE_TABLE(X)
#undef X
		NOTES
};

#define NOTES_MAX 1000 /* different ones kept; further ones are counted */

struct notes {
	const char *text;   /* of the query, for positions */
	struct map seen[2]; /* warnings, infos: text -> node, in the order in which they came */
	uint32_t n_left_out[2];
};

void notes_fini(struct notes *n);

/* The note's text, then `detail` as it is. */
void notes_add(struct notes *n, enum note note, const struct promql_node *at, const char *detail);
/* The note's text, then a metric's name in quotes. */
void notes_add_metric(struct notes *n, enum note note, const struct promql_node *at,
	const char *metric);
/* The note's text, then a number as Go's %g has it. */
void notes_add_number(struct notes *n, enum note note, const struct promql_node *at, double v);

/* Both lists, into the arena of a result.  False: it is full. */
bool notes_take(const struct notes *n, struct arena *a, int level, const char ***ret,
	uint32_t *ret_n);

#endif
