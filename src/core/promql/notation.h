/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notation: a series with its values in one line, as promtool's unit tests write it.
 *
 *	up{job="a"} 1 2x3 0+10x100 _ _x5 stale NaN -Inf
 *	latency     {{schema:1 sum:4 count:9 z_bucket:1 buckets:[1 2 5] offset:-1}}x5
 *
 * `1x3` is four ones, `1+2x3` is 1 3 5 7, `_x5` is five times nothing, `stale` the mark of an end.
 * https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
 */
#ifndef CORE_PROMQL_NOTATION_H
#define CORE_PROMQL_NOTATION_H

#include "base/series.h"

#define NOTATION_BYTES_MAX \
	((size_t)64 * 1024 * 1024) /* for callers that have no budget of their own */

struct notation_value {
	bool is_omitted;
	double v;
	const struct histogram *h; /* NULL: a float */
};

struct notation {
	struct labels labels;
	struct notation_value *values; /* one a step */
	uint32_t n;
};

/* RC_INPUT with what was found where; RC_LIMIT: the arena.  All of it lives in the arena. */
enum rc notation_parse(const char *text, struct arena *a, struct notation *ret,
	struct err *e) MUST_USE;

/* The labels alone: `up{job="a"}`, `{"with space"}`, `{}`. */
enum rc notation_parse_labels(const char *text, struct arena *a, struct labels *ret,
	struct err *e) MUST_USE;

#endif
