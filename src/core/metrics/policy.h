/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: which parts become one, and which go.
 *
 *	level  made of                       span
 *	0      a flush                       minutes; open chunks as they were
 *	1      POLICY_FEW of level 0         some half an hour
 *	       one with more than two hours  as it was
 *	2      all of two hours              2 h, aligned to the epoch, by their newest sample
 *	3      all of a day                  1 d
 *	4      all of ten days               10 d; only when these are a tenth of the retention or less
 *
 * A span is over when newer samples have been flushed, or it ended long ago.  Late parts of an old
 * span wait until there are POLICY_FEW of them, or a quarter of the span's block in bytes, so that a
 * drop doesn't move a sea.  A part with deletions to be carried out can be written again by itself;
 * so is one, of level 2 or more, that is old enough to be downsampled.
 */
#ifndef CORE_METRICS_POLICY_H
#define CORE_METRICS_POLICY_H

#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

#define POLICY_FEW           8
#define POLICY_LEVELS        5
#define POLICY_SPAN_LEAST_MS (2 * HOUR_MS)

struct policy_part {
	int64_t min_ms, max_ms;
	uint64_t bytes;
	uint32_t level;
	bool has_deletions; /* some samples of it may be deleted and still be there */
	uint32_t resolution_ms, wanted_ms; /* how it is downsampled, and should be by its age */
};
struct policy {
	const struct policy_part *v;
	uint32_t n;
	int64_t newest_ms; /* the newest sample in all of them, or what is surely over */
	int64_t retention_ms;
	bool is_cleaning; /* deletions are to be carried out soon */
};
/* What to merge next: sets pick[i] for its parts, and *ret_level.  False: nothing. */
bool policy_pick(const struct policy *p, bool *pick, uint32_t *ret_level);

/* Samples of the past become parts by spans: that of a sample, from *ret_from_ms to *ret_to_ms, both
 * included.  Returns the level of such a part, which is below that of the span's block. */
uint32_t policy_past_level(int64_t retention_ms, int64_t now_ms, int64_t t_ms, int64_t *ret_from_ms,
	int64_t *ret_to_ms);

/* What to let go: sets drop[i] for parts without a sample since `oldest_ms`, and for the oldest
 * while all together have more than `bytes_max` (0: no bound).  Returns how many. */
uint32_t policy_drop(const struct policy *p, int64_t oldest_ms, uint64_t bytes_max, bool *drop);

#endif
