/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions: PromQL's functions as a table: what they take, what they give.
 *
 * functions.def has a row for each: the parser checks arguments by it, the engine computes by it,
 * the pages complete by it.  https://prometheus.io/docs/prometheus/latest/querying/functions/
 */
#ifndef CORE_PROMQL_FUNCTIONS_H
#define CORE_PROMQL_FUNCTIONS_H

#include "core/promql/ast.h"

#define PROMQL_ARGS_MAX 5 /* types given; the last repeats where more are taken */

enum promql_function_id {
#define FUNCTION(name, ...) PROMQL_F_##name,
#include "core/promql/functions.def"
#undef FUNCTION
	PROMQL_FUNCTIONS
};

struct promql_function {
	enum promql_function_id id;
	const char *name;
	enum promql_type args[PROMQL_ARGS_MAX];
	uint8_t n_args;  /* types listed */
	int8_t variadic; /* as in Prometheus: 0 exactly n_args; n > 0: up to n optional ones, the
			  * last types listed being optional; -1: the last any number of times */
	enum promql_type returns;
	bool is_experimental;
	const char *help; /* one sentence, for completion */
};

extern const struct promql_function promql_functions[PROMQL_FUNCTIONS];
const struct promql_function *promql_function_find(const char *name); /* NULL */

#endif
