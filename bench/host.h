/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: the series of a made-up host as node_exporter would show it, value after value (host.def).
 */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include "base/rng.h"
#include "base/str.h"

#include <stdint.h>

#define HOST_LABELS_MAX 8

enum host_law {
	LAW_CONSTANT,
	LAW_SHARE,
	LAW_MILLIS,
	LAW_COUNT,
	LAW_NANOS,
	LAW_RARE,
	LAW_KIB,
	LAW_PAGES,
	LAW_WHOLE,
	LAW_TENTH,
	LAW_HUNDREDTH,
	LAW_EIGHTH,
	LAW_TOOK,
	LAW_CLOCK,
	LAW_BUCKET,
	LAWS
};

struct host_label {
	const char *name;
	char *value;
};

struct host_series {
	struct host_label labels[HOST_LABELS_MAX]; /* in order of names, __name__ first */
	uint32_t n_labels;
	enum host_law law;
	double scale, width;
	double ticks; /* a counter so far, in the law's steps; a gauge's distance from its scale */
	double pace;  /* of COUNT and its like: how busy it is just now */
	struct rng rng;
};

struct host {
	struct host_series *series;
	uint32_t n;
};

enum host_kind {
	HOST_NODE,
	HOST_REQUESTS
}; /* node_exporter's page; one histogram of many handlers */

/* `number` gives its instance label, and with it its luck. */
void host_init(struct host *h, enum host_kind kind, uint32_t number);
void host_fini(struct host *h);
/* The next value of a series, `step_s` after the one before. */
double host_next(struct host_series *s, int64_t t_ms, double step_s);

#endif
