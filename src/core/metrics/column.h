/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column: samples of one series that come from several places, in order and each time once.
 */
#ifndef CORE_METRICS_COLUMN_H
#define CORE_METRICS_COLUMN_H

#include "base/series.h"

/* The samples before `from`, and those from there on, each ascend in time: make one of them.  Of two
 * at one time the second, from `from` on, stays.  Costs nothing when they follow each other. */
void column_settle(struct series_column *c, uint32_t from);
/* The same where samples were left out (has_gaps), and what is added lies where none was.  False: it
 * doesn't, and nothing is changed. */
bool column_settle_few(struct series_column *c, uint32_t from);

/*
 * Leave of each (k * window_ms - window_ms, k * window_ms] the real samples that matter: the first,
 * the last, the least and the greatest; every stale mark and what stands beside it; and both sides of
 * each drop when drops are few (COLUMN_DROP_MS), as with a counter that began again.  So min and max
 * over whole windows, and the increase from the first to the last sample of any of them, stay what
 * they were.  Of native histograms the first and the last, and both sides of what may be a reset.
 * Doing it again with a multiple of window_ms is doing it once.
 */
#define COLUMN_DROP_MS 240000 /* at most one in so much time on average: else it is no counter */
void column_downsample(struct series_column *c, int64_t window_ms);

#endif
