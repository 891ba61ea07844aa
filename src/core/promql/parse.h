/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: text to a checked tree, or Prometheus' own words for what is wrong with it.
 */
#ifndef CORE_PROMQL_PARSE_H
#define CORE_PROMQL_PARSE_H

#include "base/arena.h"
#include "base/err.h"
#include "core/promql/ast.h"

struct promql_parse {
	const char *text;
	bool allow_experimental; /* functions, limitk, limit_ratio */
};

/* RC_INPUT: the error's text is Prometheus' ("1:5: parse error: unexpected ..."); a text of several
 * errors is the first's, as its API has it.  RC_LIMIT: the arena, or too deep. */
enum rc promql_parse(const struct promql_parse *p, struct arena *a, struct promql_node **ret,
	struct err *e) MUST_USE;

/* `{job="x"}` or `up{...}` alone, as match[] has it. */
enum rc promql_parse_selector(const char *text, struct arena *a, struct promql_selector *ret,
	struct err *e) MUST_USE;

#endif
