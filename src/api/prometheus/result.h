/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result: what a query found, in the bytes that Prometheus' API answers with.
 *
 * Written straight into the text: a dashboard's answers are some hundred thousand numbers.
 */
#ifndef API_PROMETHEUS_RESULT_H
#define API_PROMETHEUS_RESULT_H

#include "base/str.h"
#include "core/promql/engine.h"
#include "port/crowd/crowd.h"

/* The whole envelope; `series_max` 0: all of them, else so many, with a warning when there were
 * more.  `with_stats`: the totals as well, and how long it waited and was evaluated. */
struct result_options {
	struct crowd *crowd; /* that helps with what is large */
	size_t bytes_max;
	uint64_t series_max;
	bool with_stats;
	uint64_t waited_ns, evaluated_ns;
	const char *const *warnings; /* besides the result's */
	uint32_t n_warnings;
};
/* What is large is written by several threads, and goes on in `ret_more`.  False: there are more than
 * `bytes_max`, and not all was written. */
bool result_write(struct str *out, struct str_pieces *ret_more, const struct promql_result *r,
	const struct result_options *o) MUST_USE;

/* {"a":"b"} of a series, for other answers. */
void result_write_labels(struct str *out, const struct labels *l);
/* A JSON string. */
void result_write_text(struct str *out, const char *s, uint32_t n);
/* Seconds with milliseconds, as few digits as it takes: 1435781430.781, 1435781430. */
void result_write_number(struct str *out, double v); /* with quotes */
void result_write_time(struct str *out, int64_t t_ms);

#endif
