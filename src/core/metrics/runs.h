/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runs: sets of positions, as runs of numbers that follow each other.
 *
 * The series of one target stand side by side in an index, and those of one metric far apart: a list
 * of runs is short for the one and no longer than a list of numbers for the other.
 */
#ifndef CORE_METRICS_RUNS_H
#define CORE_METRICS_RUNS_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct run {
	uint32_t from, to; /* `to` isn't in it */
};
/* Ascending, with gaps between them, none empty. */
struct runs {
	struct run *v;
	uint32_t n, cap;
};

void runs_fini(struct runs *r);
SCOPED_FINI(runs_fini, struct runs)

/* A run that begins where the last one ends, or later. */
void runs_add(struct runs *r, uint32_t from, uint32_t to);
/* Leave in `r` what is in `other`, too; or what isn't. */
void runs_intersect(struct runs *r, const struct runs *other);
void runs_subtract(struct runs *r, const struct runs *other);
bool runs_overlap(const struct runs *a, const struct runs *b);
uint64_t runs_count(const struct runs *r);

/* The union of many, in any order, of positions below `n`. */
struct bits {
	uint64_t *words;
	uint32_t n;
};
void bits_init(struct bits *b, uint32_t n);
void bits_fini(struct bits *b);
SCOPED_FINI(bits_fini, struct bits)
void bits_add(struct bits *b, uint32_t from, uint32_t to); /* to <= n */
void bits_runs(const struct bits *b, struct runs *ret);    /* in place of what was there */

#endif
