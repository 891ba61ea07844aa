/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exemplars: the newest exemplars of all series together, so many at most: the oldest go.
 *
 * As Prometheus keeps them: of a series they ascend in time, value and labels; one that doesn't, or
 * whose labels are longer than OpenMetrics allows, isn't taken.
 */
#ifndef CORE_METRICS_EXEMPLARS_H
#define CORE_METRICS_EXEMPLARS_H

#include "base/series.h"
#include "base/str.h"

struct kept_exemplar {
	uint32_t id;
	int64_t t_ms;
	double v;
	struct str labels; /* as beside_labels() writes them */
};

struct exemplars {
	uint32_t max;
	struct kept_exemplar *v; /* a ring once it is full */
	uint32_t n, cap, next;   /* next: where the next one goes */
	uint32_t *slots;         /* by id: place + 1 of the series' newest; 0: none */
	uint32_t n_slots;        /* a power of two */
	uint32_t n_used;         /* slots */
	uint64_t size_bytes;
};

void exemplars_init(struct exemplars *x, uint32_t max);
void exemplars_fini(struct exemplars *x);
/* Whether it was taken. */
bool exemplars_add(struct exemplars *x, uint32_t id, const struct exemplar *exemplar);
/* All of them, as items of beside.h, in order of arrival. */
void exemplars_write(const struct exemplars *x, struct str *out);

#endif
