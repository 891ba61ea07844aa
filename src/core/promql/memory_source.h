/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_source: series in plain arrays; a series_sink and a series_source at once.
 *
 * For the unit tests of rules, for tests and for the differential tester: everything that is asked
 * is answered by looking at everything, so that there is nothing in it to be wrong about.
 */
#ifndef CORE_PROMQL_MEMORY_SOURCE_H
#define CORE_PROMQL_MEMORY_SOURCE_H

#include "base/series.h"

struct memory_source;

struct memory_source *memory_source_new(void);
void memory_source_free(struct memory_source *m);
SCOPED_BY(memory_source_free, struct memory_source *)

/* Both are views: they live as long as the store.  What was appended can be read at once; samples
 * come in order of time.  A source sees what is there while it reads: nothing may be appended
 * while a cursor is open. */
struct series_sink memory_source_sink(struct memory_source *m);
struct series_source memory_source_source(const struct memory_source *m);

/* The times of a series written in promtool's notation (notation.h): the first value's, and from
 * one to the next. */
struct memory_times {
	int64_t start_ms, step_ms;
};
/* One line of promtool's `input_series`, or of a `load` command.  RC_INPUT for what can't be read,
 * or can't be appended any more. */
enum rc memory_source_load(struct memory_source *m, const char *line, struct memory_times times,
	struct err *e) MUST_USE;

#endif
