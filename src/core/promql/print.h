/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print: a tree as text again, in the three shapes in which Prometheus gives it.
 */
#ifndef CORE_PROMQL_PRINT_H
#define CORE_PROMQL_PRINT_H

#include "base/str.h"
#include "core/promql/ast.h"

/* In one line, comments and needless space gone, matchers in order: `sum by (a) (b{c="d",e="f"})`. */
void promql_print(const struct promql_node *n, struct str *out);

/* The same, but what is longer than 100 bytes takes several lines: /api/v1/format_query. */
void promql_pretty(const struct promql_node *n, struct str *out);

/* As JSON, the keys of each object in order: the data of /api/v1/parse_query. */
void promql_json(const struct promql_node *n, struct str *out);

/* A duration as Prometheus writes it: 1h30m, 90d, 1s500ms; not negative. */
void promql_print_duration(struct str *out, int64_t ms);

#endif
