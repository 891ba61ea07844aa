/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ranges: what stands before the brackets: a selector's samples, or a subquery's steps taken as
 * samples; series by series, without marks of ends.
 */
#ifndef CORE_PROMQL_RANGES_H
#define CORE_PROMQL_RANGES_H

#include "core/promql/reading.h"

struct ranges {
	const char *function; /* that reads them; set before they are opened, as is `need` */
	uint8_t need;         /* SERIES_... (base/series.h) */
	struct reach reach;
	bool has_one_name;
	const struct promql_selector *selector; /* NULL: a subquery's */
	struct series_column *column;           /* the series' at hand */
	/* One of the two: */
	struct reading *reading;
	struct subquery *subquery;
};

/* `n`: a range or a subquery, in parentheses perhaps. */
enum rc ranges_open(struct ranges *r, struct eval *ev, const struct promql_node *n,
	const struct steps *steps, struct err *e) MUST_USE;
/* So many samples stand in the windows of the series at hand. */
void ranges_count(struct ranges *r, uint64_t samples);
enum rc ranges_next(struct ranges *r, struct labels *ret, bool *ret_has, struct err *e) MUST_USE;
/* Marks of ends are no samples. */
void ranges_drop_stale(struct series_column *c);

#endif
