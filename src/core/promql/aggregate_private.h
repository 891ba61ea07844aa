/* SPDX-License-Identifier: Apache-2.0 */
/* aggregate_private: the three ways to aggregate. */
#ifndef CORE_PROMQL_AGGREGATE_PRIVATE_H
#define CORE_PROMQL_AGGREGATE_PRIVATE_H

#include "core/promql/groups.h"
#include "core/promql/pieces.h"

struct aggregating {
	struct stream stream;
	const struct promql_node *node;
	struct stream *inner; /* NULL: all of it was pulled */
	struct groups groups;
	const double *param; /* one a step; NULL: there is none */
	double *v;           /* of what is given next */
	uint32_t given;
};

/* The parts that all have; `size` is that of the struct which begins with it. */
enum rc aggregating_make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct aggregating *a, struct err *e) MUST_USE;
/* Whether any step has a value. */
bool column_has_value(const double *v, uint32_t n);
/* Steps with a histogram lose it, with a note that the aggregation ignores it. */
void aggregating_ignore_histograms(struct aggregating *a, struct column *c);

eval_make make_folding;      /* aggregate_fold.c: sum, avg, min ...: a state a step and group */
eval_make make_quantile;     /* aggregate_quantile.c */
eval_make make_ranking;      /* aggregate_rank.c: topk, bottomk, limitk, limit_ratio */
eval_make make_value_counts; /* aggregate_values.c: count_values */

#endif
