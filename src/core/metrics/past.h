/* SPDX-License-Identifier: Apache-2.0 */
/* past: samples that store_past_add() was given, while they wait for a part of their own. */
#ifndef CORE_METRICS_PAST_H
#define CORE_METRICS_PAST_H

#include "base/series_batch.h"
#include "base/time.h"

struct past_run { /* what came at once */
	struct series_sample *v;
	size_t n;
};
struct past {
	struct past_run *runs; /* in order of arrival */
	uint32_t n, cap;
	uint64_t n_waiting, n_out;          /* samples in runs; those being written */
	uint64_t given, out, adopted, kept; /* tickets: of the newest run in each state */
	uint32_t last_id;                   /* the greatest of the series in runs */
	int64_t min_ms, max_ms;             /* of the times in runs */
	struct mono since;                  /* the oldest run has waited since */
	bool is_wanted;                     /* now, however few they are */
};

void past_fini(struct past *p);
/* What is being written is there as it came, and sorted, which takes as much again. */
#define PAST_BYTES_WAITING sizeof(struct series_sample)
#define PAST_BYTES_WRITTEN (3 * sizeof(struct series_sample))
uint64_t past_memory(const struct past *p); /* bytes */
/* In order of series and times, each time once: of two samples at one time the later one stays.
 * Returns how many are left. */
size_t past_sort(struct series_sample *v, size_t n);

#endif
