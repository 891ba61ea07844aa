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
	/* NULL; or who evaluates expressions instead, of which the text is all that they get. */
	enum rc (*ask)(void *ctx, const char *text, int64_t at_ms, struct arena *a,
		struct rules_vector *ret, struct err *e);
	int64_t default_step_ms;        /* of subqueries without a step; 0: 1 minute */
	bool allow_experimental;        /* functions */
	bool (*should_stop)(void *ctx); /* NULL: never; then RC_TIMEOUT */
	void *ctx;
};

/* `p` is borrowed, and what it says may change between calls. */
struct rules_world rules_world_over(struct rules_promql *p);

/* A parsed expression as Prometheus prints it. */
void rules_expression(const void *parsed, struct str *out);

/* An expression that isn't a rule's, at one time. */
enum rc rules_promql_query(const struct rules_promql *p, const char *text, int64_t at_ms,
	struct arena *a, struct rules_vector *ret, struct err *e) MUST_USE;

#endif
