/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_index: numbers for label sets, by their hash: 0, 1, 2 ... in the order in which they come.
 *
 * Sets of one hash are taken for equal, as Prometheus does with groups.
 */
#ifndef CORE_PROMQL_HASH_INDEX_H
#define CORE_PROMQL_HASH_INDEX_H

#include "core/promql/eval.h"

#define HASH_INDEX_NONE UINT32_MAX

struct hash_index {
	struct eval *eval;
	struct hash_slot *slots;
	uint32_t n, cap;
};

/* The number of this hash; a new one is x->n before the call. */
enum rc hash_index_add(struct hash_index *x, uint64_t hash, uint32_t *ret, struct err *e) MUST_USE;
uint32_t hash_index_find(const struct hash_index *x, uint64_t hash); /* HASH_INDEX_NONE */

/* A copy of `used_bytes` with room for `cap_bytes`. */
void *eval_grown(struct eval *ev, const void *v, size_t used_bytes, size_t cap_bytes,
	struct err *e);

#endif
