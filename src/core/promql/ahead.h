/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead: a selector's series, computed some at a time by whoever helps.
 *
 *	next() of the source ─► labels and places ─► workers: read, compute ─► given in order
 *
 * Each worker has a twin of the cursor (base/series.h) and reads a series in parts, so that what it
 * holds stays in the processor's cache however long the time is.  What can't be computed without
 * the others (histograms, mistakes, too many samples) is left, and done in its turn as if nobody
 * helped: results, notes and errors don't depend on how many help, or when.
 */
#ifndef CORE_PROMQL_AHEAD_H
#define CORE_PROMQL_AHEAD_H

#include "core/promql/reading.h"

struct ahead_worker {
	struct series_cursor *cursor;
	struct series_column column;
	struct arena arena; /* of what `compute` keeps */
	void *own;          /* compute's, from series to series; at first NULL */
	uint64_t n_looked_at;
	struct arena histograms; /* so that it is seen that there are some */
};

struct ahead_series {
	struct labels labels;
	uint64_t place;
	double *v;      /* a value a step, when it is done */
	uint64_t n_read, n_looked_at; /* samples */
	uint64_t n_passed;            /* that were left out, as they aren't needed */
	bool is_done;
};

/* Some of the steps. */
struct ahead_part {
	uint32_t first;
	struct steps steps;
	struct reach reach; /* of these */
};

struct ahead {
	struct reading *reading;
	const struct steps *steps;
	struct reach reach;
	void *of;
	/* Compute these steps of the samples in the worker's column, which are floats, and count those
	 * that were looked at.  False: there is no memory for it.  On any thread. */
	bool (*compute)(void *of, struct ahead_worker *w, const struct ahead_part *part, double *v);
	/* Private. */
	struct ahead_crew *crew; /* NULL: not begun, or over */
};

/* Whether the source lets it be done; else it is read by reading_next(). */
bool ahead_is_possible(const struct reading *r, const struct reach *reach);
/* The next series; when it isn't done, its samples are in the reading's column instead.  It lives
 * until the following call.  NULL: there are no more. */
enum rc ahead_next(struct ahead *a, const struct ahead_series **ret, struct err *e) MUST_USE;

#endif
