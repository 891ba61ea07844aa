/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/aggregate_private.h"
#include "core/promql/parts.h"

#include <stdio.h>

static const struct {
	const char *name;
	eval_make *make;
} rows[PROMQL_AGGREGATIONS] = {
	[PROMQL_SUM] = { "sum", make_folding },
	[PROMQL_AVG] = { "avg", make_folding },
	[PROMQL_COUNT] = { "count", make_folding },
	[PROMQL_MIN] = { "min", make_folding },
	[PROMQL_MAX] = { "max", make_folding },
	[PROMQL_GROUP] = { "group", make_folding },
	[PROMQL_STDDEV] = { "stddev", make_folding },
	[PROMQL_STDVAR] = { "stdvar", make_folding },
	[PROMQL_TOPK] = { "topk", make_ranking },
	[PROMQL_BOTTOMK] = { "bottomk", make_ranking },
	[PROMQL_COUNT_VALUES] = { "count_values", make_value_counts },
	[PROMQL_QUANTILE] = { "quantile", make_quantile },
	[PROMQL_LIMITK] = { "limitk", make_ranking },
	[PROMQL_LIMIT_RATIO] = { "limit_ratio", make_ranking },
};

enum rc make_aggregate(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e)
{
	return rows[n->aggregate.op].make(ev, n, steps, ret, e);
}

enum rc aggregating_make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct aggregating *a, struct err *e)
{
	const struct promql_node *param = n->aggregate.param;
	double *values;
	enum rc rc = groups_init(&a->groups, ev, n, e);

	a->node = n;
	a->stream = (struct stream){ .eval = ev, .steps = steps, .is_whole = true };
	a->v = eval_absent_values(ev, steps, e);
	if (!a->v)
		return RC_LIMIT;
	if (rc == RC_OK && param && param->type == PROMQL_SCALAR) {
		rc = eval_scalar(ev, param, steps, &values, e);
		a->param = values;
	}
	return rc == RC_OK ? eval_stream(ev, n->aggregate.inner, steps, &a->inner, e) : rc;
}

bool column_has_value(const double *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!is_absent(v[i]))
			return true;
	return false;
}

void aggregating_ignore_histograms(struct aggregating *a, struct column *c)
{
	enum promql_aggregation op = a->node->aggregate.op;
	bool is_ranking = op == PROMQL_TOPK || op == PROMQL_BOTTOMK;
	char detail[64];

	for (uint32_t i = 0; c->h && i < a->stream.steps->n; i++) {
		if (!c->h[i] || is_absent(c->v[i]))
			continue;
		c->v[i] = absent();
		snprintf(detail, sizeof detail, "%s aggregation", rows[op].name);
		notes_add(&a->stream.eval->notes, NOTE_AGGREGATED,
			is_ranking ? a->node : a->node->aggregate.inner, detail);
	}
	c->h = NULL;
}
