/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/operators.h"

enum kind { SET, COMPARISON, ARITHMETIC };
enum state { STABLE, EXPERIMENTAL };

const struct promql_operator promql_operators[PROMQL_OPS] = {
#define OPERATOR(op, written, tightness, kind) \
	[PROMQL_##op] = { (written), (tightness), (kind) == SET, (kind) == COMPARISON },
#define AGGREGATION(...)
#include "core/promql/operators.def"
#undef OPERATOR
#undef AGGREGATION
};

const struct promql_aggregator promql_aggregators[PROMQL_AGGREGATIONS] = {
#define OPERATOR(...)
#define AGGREGATION(op, written, parameter, state) \
	[PROMQL_##op] = { (written), PROMQL_##parameter, (state) == EXPERIMENTAL },
#include "core/promql/operators.def"
#undef OPERATOR
#undef AGGREGATION
};

static const struct {
	const char *text, *title;
} types[] = {
	[PROMQL_NONE] = { "none", "none" },
	[PROMQL_SCALAR] = { "scalar", "scalar" },
	[PROMQL_VECTOR] = { "vector", "instant vector" },
	[PROMQL_MATRIX] = { "matrix", "range vector" },
	[PROMQL_STRING] = { "string", "string" },
};

static const char *const cards[] = {
	[PROMQL_ONE_TO_ONE] = "one-to-one",
	[PROMQL_MANY_TO_ONE] = "many-to-one",
	[PROMQL_ONE_TO_MANY] = "one-to-many",
	[PROMQL_MANY_TO_MANY] = "many-to-many",
};

const char *promql_type_text(enum promql_type t)
{
	return types[t].text;
}

const char *promql_type_title(enum promql_type t)
{
	return types[t].title;
}

const char *promql_card_text(enum promql_card card)
{
	return cards[card];
}
