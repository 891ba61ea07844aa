/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late: the late samples of a generation, which lie there as they came, in order of series.
 */
#ifndef CORE_METRICS_LATE_H
#define CORE_METRICS_LATE_H

#include "core/metrics/head.h"

/* In order of ids, times and arrival. */
struct late {
	struct late_sample *v;
	uint32_t n;
	uint32_t at;               /* those before are of smaller ids than the last one asked for */
	int64_t min_ms, max_ms;    /* which are read: the same, or less */
	const struct slabs *slabs; /* where histograms are */
};

/* Those that lie in [min_ms, max_ms]. */
void late_init(struct late *l, const struct generation_view *g, int64_t min_ms, int64_t max_ms);
void late_fini(struct late *l);
/* Fastest when ids ascend from call to call. */
bool late_has(struct late *l, uint32_t id);
/* Add its samples to the column, in order of time.  RC_LIMIT: its arena is full; RC_CORRUPT: a
 * histogram can't be read. */
enum rc late_read(struct late *l, uint32_t id, struct series_column *column,
	struct err *e) MUST_USE;

#endif
