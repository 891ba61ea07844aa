/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap: deadlines, soonest first.
 *
 * Intrusive binary heap of struct heap_node, keyed by a 64-bit number; equal keys come out in the
 * order of `tie`, so that a simulated run never depends on addresses.  O(log n) for all but
 * heap_first(), which is O(1).
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	uint64_t tie;    /* set by the caller before heap_set(), or left 0 */
	uint32_t index1; /* position + 1; 0 while not in a heap */
};

struct heap {
	struct heap_node **nodes;
	uint32_t n, cap;
};

void heap_fini(struct heap *h); /* frees the heap; leaves the nodes alone, even those in it */
void heap_set(struct heap *h, struct heap_node *node, int64_t key); /* insert or move */
void heap_remove(struct heap *h, struct heap_node *node);           /* a no-op when absent */
static inline struct heap_node *heap_first(const struct heap *h)    /* NULL when empty */
{
	return h->n ? h->nodes[0] : NULL;
}
static inline bool heap_has(const struct heap_node *node)
{
	return node->index1 != 0;
}

#endif
