/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge: several blocks become one.
 *
 * Series go by in order of their ids, one at a time, so that memory doesn't grow with the blocks.
 * What is damaged in an input is left out and told; what is deleted, too old or not of this time is
 * left out; what remains of each series is put in order, downsampled if asked for, and sealed.  Native
 * histograms take much memory when they are unpacked: a series with many is taken some time at a time.
 *
 *	block 0  1: a b    3: f                             1: a b c   2: d e   3: f g
 *	block 1  1: c      2: d e    3: g       ──►
 */
#ifndef CORE_METRICS_MERGE_H
#define CORE_METRICS_MERGE_H

#include "core/metrics/block.h"

struct merge_input {
	const struct block *block;
	void *self;
	/* Take the deleted samples of this series out of the column, where `from` and those behind it
	 * came from this block.  NULL: nothing was deleted. */
	void (*without)(void *self, uint32_t id, struct series_column *column, uint32_t from);
};

struct merge {
	const struct merge_input
		*inputs; /* of two samples at one time that of the later input stays;
					   * fastest in order of time */
	uint32_t n_inputs;
	int64_t min_ms, max_ms; /* others are left out */
	int64_t window_ms;      /* 0: all samples; else see column_downsample() */
	void *self;
	/* These series of an input lost samples; NULL: nobody wants to know. */
	void (*damaged)(void *self, uint32_t input, struct block_ids ids, const struct err *what);
};

/* Write all to `w`, which the caller finishes.  Errors are the writer's. */
enum rc merge_run(const struct merge *m, struct block_writer *w, struct err *e) MUST_USE;

#endif
