/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/functions.h"

#include "base/str.h"

#define SCALAR       PROMQL_SCALAR
#define VECTOR       PROMQL_VECTOR
#define MATRIX       PROMQL_MATRIX
#define STRING       PROMQL_STRING
#define STABLE       false
#define EXPERIMENTAL true
#define ARGS(...)                \
	.args = { __VA_ARGS__ }, \
	.n_args = sizeof((enum promql_type[]){ __VA_ARGS__ }) / sizeof(enum promql_type)

const struct promql_function promql_functions[PROMQL_FUNCTIONS] = {
#define FUNCTION(f, gives, takes, more, state, text) \
	[PROMQL_F_##f] = { .id = PROMQL_F_##f,       \
		.name = #f,                          \
		takes,                               \
		.variadic = (more),                  \
		.returns = (gives),                  \
		.is_experimental = (state),          \
		.help = (text) },
#include "core/promql/functions.def"
#undef FUNCTION
};

const struct promql_function *promql_function_find(const char *name)
{
	size_t low = 0, high = PROMQL_FUNCTIONS;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, promql_functions[middle].name);

		if (order == 0)
			return &promql_functions[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
