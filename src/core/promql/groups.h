/* SPDX-License-Identifier: Apache-2.0 */
/* groups: which series an aggregation takes together, numbered in the order in which they come. */
#ifndef CORE_PROMQL_GROUPS_H
#define CORE_PROMQL_GROUPS_H

#include "core/promql/hash_index.h"
#include "core/promql/label_edit.h"

struct groups {
	struct eval *eval;
	struct promql_names names; /* `without` has __name__ too */
	bool is_without;
	struct hash_index index;
	struct label_edit edit;
	struct labels *labels; /* by number */
	uint32_t cap;
};

enum rc groups_init(struct groups *g, struct eval *ev, const struct promql_node *aggregate,
	struct err *e) MUST_USE;
/* A new group's number is g->index.n before the call. */
enum rc groups_find(struct groups *g, const struct labels *l, uint32_t *ret,
	struct err *e) MUST_USE;

#endif
