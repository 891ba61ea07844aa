/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operators: PromQL's binary operators and aggregations as tables (operators.def).
 */
#ifndef CORE_PROMQL_OPERATORS_H
#define CORE_PROMQL_OPERATORS_H

#include "core/promql/ast.h"

#define PROMQL_BINDS_POW 6 /* the tightest binding; a sign binds just less tightly */

struct promql_operator {
	const char *text;
	uint8_t binds;
	bool is_set;        /* and, or, unless */
	bool is_comparison; /* may have bool */
};
extern const struct promql_operator promql_operators[PROMQL_OPS];

struct promql_aggregator {
	const char *text;
	enum promql_type param; /* PROMQL_NONE: it takes the vector alone */
	bool is_experimental;
};
extern const struct promql_aggregator promql_aggregators[PROMQL_AGGREGATIONS];

const char *promql_type_text(enum promql_type t);    /* "vector", as the API has it */
const char *promql_type_title(enum promql_type t);   /* "instant vector", as errors have it */
const char *promql_card_text(enum promql_card card); /* "many-to-one" */

#endif
