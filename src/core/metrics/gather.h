/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather: the samples of one series out of several places, in order and each time once.
 *
 * Places are asked one after the other, the oldest first, and nearly always follow each other in
 * time.  When they don't, everything is put in order at the end; of two samples of one time the one
 * that was added later stands.
 */
#ifndef CORE_METRICS_GATHER_H
#define CORE_METRICS_GATHER_H

#include "core/metrics/deletion.h"
#include "core/metrics/head.h"

/* Samples that came late, in order of ids, times and arrival. */
struct late {
	struct late_sample *v;
	uint32_t n;
	uint32_t at; /* those before are of smaller ids than the last one asked for */
};
/* Those of a generation that lie in [min_ms, max_ms]. */
void late_init(struct late *l, const struct generation_view *g, int64_t min_ms, int64_t max_ms);
void late_fini(struct late *l);
/* The samples of `id`: l->v + the result, *ret_n of them; ids ascend from call to call. */
uint32_t late_find(struct late *l, uint32_t id, uint32_t *ret_n);

struct gather {
	struct series_column *column;
	uint32_t from; /* what was added before is checked */
	bool is_mixed;
};
/* For each place: what it has is added to the column, then what was deleted is taken out again, then
 * gather_place() says that this was it. */
void gather_begin(struct gather *g, struct series_column *column);
void gather_late(struct gather *g, const struct late_sample *v, uint32_t n);
void gather_without(struct gather *g, const struct deletion *d);
void gather_place(struct gather *g);
void gather_end(struct gather *g);

#endif
