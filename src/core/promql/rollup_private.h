/* SPDX-License-Identifier: Apache-2.0 */
/* rollup_private: a function of ranges at work; rollup.c, and rollup_mixed.c for histograms. */
#ifndef CORE_PROMQL_ROLLUP_PRIVATE_H
#define CORE_PROMQL_ROLLUP_PRIVATE_H

#include "core/promql/ahead.h"
#include "core/promql/naming.h"
#include "core/promql/ranges.h"
#include "core/promql/window.h"

struct rollup_row {
	roll *roll;
	uint8_t range; /* which argument is the range; the others are scalars */
	uint8_t n_params;
	bool keeps_name;
	bool is_of_counters; /* by their names, or there is a note */
	bool needs_scratch;
	uint8_t need; /* of the samples of a window: SERIES_... */
};

struct rolling {
	struct stream stream;
	const struct promql_node *node;
	const struct rollup_row *row;
	struct ranges ranges;
	bool is_ahead;
	struct ahead ahead;
	struct windows windows;
	uint32_t *low, *high;
	uint32_t cap; /* of scratch and places, in samples */
	double *v;    /* of the series at hand: `own`, or computed ahead */
	double *own;
	struct naming naming;
	struct mixed *mixed; /* NULL until a series has histograms */
};

/* The series at hand, which has histograms: fill `v`, and *ret_h. */
enum rc rolling_mixed(struct rolling *r, const struct labels *l, const struct histogram ***ret_h,
	struct err *e) MUST_USE;
/* Windows of these samples, and the function's value at each step into `v`. */
enum rc rolling_floats(struct rolling *r, const struct series_column *c, struct err *e) MUST_USE;

#endif
