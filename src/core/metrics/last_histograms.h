/* SPDX-License-Identifier: Apache-2.0 */
/*
 * last_histograms: of each living series that sends histograms the newest one, whole, behind which the
 * next is packed.
 */
#ifndef CORE_METRICS_LAST_HISTOGRAMS_H
#define CORE_METRICS_LAST_HISTOGRAMS_H

#include "base/series.h"

struct last_histogram {
	uint32_t id;
	uint32_t generation; /* in whose chunk it is the last one */
	int64_t t_ms;
	size_t size_bytes;
	struct histogram h;
	/* its arrays follow */
};

struct last_histograms {
	struct last_histogram **v; /* in order of ids */
	uint32_t n, cap;
	uint64_t size_bytes;
};

void last_histograms_fini(struct last_histograms *l);
struct last_histogram *last_histograms_find(const struct last_histograms *l,
	uint32_t id); /* NULL */
/* In place of the one that is there.  Its `generation` is 0. */
struct last_histogram *last_histograms_put(struct last_histograms *l, uint32_t id, int64_t t_ms,
	const struct histogram *h);
/* Without those of which `is_wanted` says no. */
void last_histograms_keep(struct last_histograms *l,
	bool (*is_wanted)(const void *ctx, uint32_t id), const void *ctx);

#endif
