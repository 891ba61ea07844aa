/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plot: values over time, drawn in text: as a line of bars, or as a picture with axes.
 *
 * Several samples that fall into one column are shown as their mean; where there is none, the
 * column is empty.
 */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H

#include "base/json.h"
#include "cli/term/page.h"

#define PLOT_COLUMNS_MAX 120

/* The times that samples have: n of them, equally far apart. */
struct plot_span {
	double first_s, last_s, step_s;
	uint32_t n;
};
/* Of all series of an answer of /api/v1/query_range. */
struct plot_span plot_span_of(const json_t *series);

struct plot {
	uint32_t n_columns;
	double sum[PLOT_COLUMNS_MAX];
	uint32_t n[PLOT_COLUMNS_MAX]; /* finite samples of a column */
	double last, min, max;        /* of all samples; NaN: there are none */
};
/* `values`: [[seconds, "text"], ...] */
void plot_take(struct plot *plot, const json_t *values, struct plot_span span, uint32_t n_columns);

/* One character a column. */
void plot_spark(const struct plot *plot, const struct page *p, struct str *out);

uint32_t plot_columns(const struct page *p); /* that a picture has beside its axis */
void plot_show(const struct plot *plot, struct page *p, struct plot_span span);

#endif
