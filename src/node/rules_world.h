/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_world: rules meet PromQL and Go's templates, over a source of series.
 *
 * What core/rules asks for (core/rules/world.h), answered by core/promql and core/template.
 */
#ifndef NODE_RULES_WORLD_H
#define NODE_RULES_WORLD_H

#include "core/rules/world.h"

struct rules_promql {
	const struct series_source *source; /* only asked for queries, not while files are read */
	int64_t default_step_ms;            /* of subqueries without a step; 0: 1 minute */
	bool allow_experimental;            /* functions */
};

/* `p` is borrowed, and what it says may change between calls. */
struct rules_world rules_world_over(struct rules_promql *p);

/* An expression that isn't a rule's, at one time. */
enum rc rules_promql_query(const struct rules_promql *p, const char *text, int64_t at_ms,
	struct arena *a, struct rules_vector *ret, struct err *e) MUST_USE;

#endif
