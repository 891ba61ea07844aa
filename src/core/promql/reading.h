/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading: the samples of a selector's series, one series after the other.
 */
#ifndef CORE_PROMQL_READING_H
#define CORE_PROMQL_READING_H

#include "core/promql/eval.h"

/* Where the windows of the steps end, and how far they reach back: (end - range_ms, end]. */
struct reach {
	int64_t first_ms; /* the first step's end */
	int64_t step_ms;  /* 0: all steps look at the same window (@) */
	int64_t range_ms;
};
static inline int64_t reach_end(const struct reach *r, uint32_t i)
{
	return r->first_ms + (int64_t)i * r->step_ms;
}
struct reach reach_of(const struct eval *ev, const struct promql_shift *shift,
	const struct steps *steps, int64_t range_ms);
int64_t eval_lookback_ms(const struct eval *ev);

struct reading {
	struct eval *eval;
	const struct series_source *source;
	struct series_cursor *cursor;
	struct arena histograms; /* of the series at hand */
	struct series_column column;
	bool drops_buckets;
	bool needs_few; /* of the samples within the windows */
	bool is_counted; /* by Prometheus' totalQueryableSamples: not within a subquery, whose own
			  * windows are counted instead */
};
void reading_count(struct reading *r, uint64_t samples);

struct reading_wish {
	const struct promql_selector *selector;
	struct reach reach;
	const char *function; /* "" for an instant vector */
	uint8_t need;         /* SERIES_... (base/series.h) */
	bool is_bounded;      /* nothing but what lies between min_ms and max_ms, both included */
	int64_t min_ms, max_ms;
};
enum rc reading_open(struct eval *ev, const struct reading_wish *wish, const struct steps *steps,
	struct reading **ret, struct err *e) MUST_USE;
/* The next series that has samples; they stand in `column` until the following call. */
enum rc reading_next(struct reading *r, struct labels *ret, bool *ret_has, struct err *e) MUST_USE;

/* selector.c: when the newest samples were taken, in seconds, for series under their own names;
 * where such a sample was a histogram the column says so. */
enum rc make_sample_times(struct eval *ev, const struct reading_wish *wish,
	const struct steps *steps, struct stream **ret, struct err *e) MUST_USE;
/* What a cursor of the same source reads where it stands, into `column`; counted. */
enum rc reading_read(struct reading *r, struct series_cursor *c, struct err *e) MUST_USE;

/* Whether one matcher allows for one metric's name only. */
bool selector_has_one_name(const struct promql_selector *s);

#endif
