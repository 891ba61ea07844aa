/* SPDX-License-Identifier: Apache-2.0 */
/*
 * young: the labels of series that are in no index segment yet.
 *
 * Texts are kept once, in slabs, and a series is a list of their places.  Series are in order of
 * their ids, which follow each other.  The owner's thread adds; another thread may at the same time
 * read the first so many.
 */
#ifndef CORE_METRICS_YOUNG_H
#define CORE_METRICS_YOUNG_H

#include "base/series.h"
#include "core/metrics/slabs.h"

struct young_series {
	uint64_t hash; /* labels_hash() */
	uint32_t id;
	uint32_t n; /* labels */
	struct {
		uint32_t name, value; /* places: uint32_t length, then the terminated text */
	} labels[];
};

struct young {
	struct slab_heap texts, series;
	uint32_t *text_slots; /* open addressing: place, 0 empty */
	uint32_t n_texts, cap_texts;
	uint32_t *slots; /* by hash: place of a series */
	uint32_t n, cap;
	uint32_t first_id;
};

void young_init(struct young *y, struct slabs *slabs, uint32_t first_id);
void young_fini(struct young *y);
/* The lookups are for the owner's thread only and take memory; a sealed set can do without once it
 * is in a segment. */
/* Its id; 0: it isn't here. */
uint32_t young_find(const struct young *y, const struct labels *l, uint64_t hash);
/* A series that isn't here, as first_id + n.  False: there is no memory for it. */
bool young_add(struct young *y, const struct labels *l, uint64_t hash);

/* From the first series to the last. */
struct young_walk {
	const struct slabs *slabs;
	const uint32_t *v; /* slabs of series */
	uint32_t slab, at, left;
};
/* `slab_list`: those of y->series as they stood with n series; the list itself may move. */
struct young_walk young_walk(const struct slabs *slabs, const uint32_t *slab_list, uint32_t n);
const struct young_series *young_next(struct young_walk *w); /* NULL: there are no more */
/* Its labels as pointers; `v` has room for s->n. */
void young_labels(const struct slabs *slabs, const struct young_series *s, struct label *v);

#endif
