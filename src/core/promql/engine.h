/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: a checked expression and a source of series in, the result out.
 *
 * Prometheus 3 with its default flags: the same values (Kahan-Neumaier sums where it has them), the
 * same labels, annotations and errors.  Runs to completion on whatever thread calls it, and on
 * those that `spread` lends it; touches nothing but its arguments, looks at `should_stop` now and
 * then.
 */
#ifndef CORE_PROMQL_ENGINE_H
#define CORE_PROMQL_ENGINE_H

#include "base/series.h"
#include "core/promql/ast.h"

struct promql_query {
	const struct promql_node *root;
	const char *text; /* that it was parsed from: annotations give positions in it */
	/* An instant query has start_ms == end_ms and step_ms 0. */
	int64_t start_ms, end_ms, step_ms;
	int64_t lookback_ms;     /* 0: 5 minutes */
	int64_t default_step_ms; /* of subqueries without a step; 0: 1 minute */
	const struct series_source *source;
	uint64_t samples_max;           /* that it may touch; 0: QUERY_SAMPLES_MAX */
	uint64_t memory_bytes_max;      /* 0: QUERY_BYTES_MAX */
	bool (*should_stop)(void *ctx); /* NULL: never; then RC_TIMEOUT.  On any thread */
	void *ctx;
	/* Calls work(of, i) for each i < n, maybe on several threads at once, and returns when all have
	 * returned; the result doesn't depend on it.  NULL: all is done by the caller of promql_run(). */
	void (*spread)(void *spread_ctx, unsigned n, void (*work)(void *of, unsigned i), void *of);
	void *spread_ctx;
	unsigned n_threads; /* that may work at once */
	bool allow_experimental;
};

struct promql_point {
	int64_t t_ms;
	double v;                  /* when `h` is NULL */
	const struct histogram *h; /* in the result's arena */
};
struct promql_series {
	struct labels labels;
	struct promql_point *points; /* in order of time; one for an instant vector */
	uint32_t n_points;
};

struct promql_stats {
	uint64_t samples_read; /* Prometheus' totalQueryableSamples */
	uint64_t series_read;
	uint64_t peak_bytes;
};

struct promql_result {
	enum promql_type
		type; /* an instant query: its expression's; a range query: PROMQL_MATRIX */
	struct promql_series *series; /* VECTOR, MATRIX: the latter sorted by labels */
	uint32_t n_series;
	struct promql_point scalar; /* SCALAR, and the time of STRING */
	const char *text;           /* STRING */
	/* Prometheus' own words, each once, warnings first. */
	const char **warnings, **infos;
	uint32_t n_warnings, n_infos;
	struct promql_stats stats;
	struct arena arena; /* of all of it */
};
void promql_result_fini(struct promql_result *r);
SCOPED_FINI(promql_result_fini, struct promql_result)

/* RC_INPUT for a range or a text, which has no value at each step: promql_run says so too. */
enum rc promql_has_steps(const struct promql_node *root, struct err *e) MUST_USE;

/* RC_INPUT: what Prometheus calls an execution error ("found duplicate series for the match group
 * ..."); RC_LIMIT: samples or memory, with the number; RC_TIMEOUT; else what the source said. */
enum rc promql_run(const struct promql_query *q, struct promql_result *ret, struct err *e) MUST_USE;

#endif
