/* SPDX-License-Identifier: Apache-2.0 */
/*
 * samples: series as they are stored, for another site: one that evaluates a query of several sites
 * itself, or that keeps a copy of ours.
 *
 * The question is a form:
 *	match[]                          a selector; several may be
 *	min, max, first, step, range     milliseconds, and
 *	function                         a name: as in struct series_query; without it only labels are wanted
 *	settled                          what is younger than so many milliseconds isn't told yet
 *	series                           no more than so many; the rest is counted
 *
 * Where only the newest sample of each window can be looked at (an instant vector at many times), the
 * others are left out.
 *
 * The answer, when all went well:
 *	offset  size  field
 *	0       1     1, the version
 *	1       8     up to when all is told, milliseconds since 1970; numbers are big-endian
 *	9       4     series left out
 *	13      ...   a snappy block: a message QueryResult of Prometheus' prompb/remote.proto
 */
#ifndef API_PROMETHEUS_SAMPLES_H
#define API_PROMETHEUS_SAMPLES_H

#include "api/route.h"
#include "base/series.h"
#include "base/str.h"

struct samples_wish {
	const struct series_query *query; /* but for its matchers; `function` NULL: labels */
	int64_t settled_ms;
	uint32_t series_max; /* 0: all */
};
/* Appends the form of it; then any number of selectors. */
void samples_ask(struct str *form, const struct samples_wish *w);
void samples_ask_of(struct str *form, const char *selector);

/* Answers such a question: a handler without a route. */
route_handler prom_samples;

struct samples_got {
	int64_t until_ms;
	uint32_t n_left_out, n_series;
	uint64_t n_samples; /* that the sink has taken, or had */
	uint64_t n_refused;
	uint64_t n_bytes; /* unpacked */
};
/* Into the sink, without a commit.  RC_INPUT: it is no such answer; RC_LIMIT: too large; else what
 * the sink says. */
enum rc samples_take(const void *answer, size_t n, const struct series_sink *sink,
	struct samples_got *ret, struct err *e) MUST_USE;

#endif
