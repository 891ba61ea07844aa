/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sifting moves a hole instead of swapping, so that each level costs one store and one index.
 * Comparing without branches was tried: it measured no faster, and slower for large heaps, where
 * guessing ahead hides the wait for memory.
 */
#include "base/heap.h"

#include "base/mem.h"

void heap_fini(struct heap *h)
{
	free(h->nodes);
	*h = (struct heap){ 0 };
}

static bool is_sooner(const struct heap_node *a, const struct heap_node *b)
{
	return a->key < b->key || (a->key == b->key && a->tie < b->tie);
}

static void place(struct heap *h, struct heap_node *node, uint32_t at)
{
	h->nodes[at] = node;
	node->index1 = at + 1;
}

static void sift_up(struct heap *h, struct heap_node *node, uint32_t hole)
{
	while (hole > 0) {
		uint32_t parent = (hole - 1) / 2;

		if (!is_sooner(node, h->nodes[parent]))
			break;
		place(h, h->nodes[parent], hole);
		hole = parent;
	}
	place(h, node, hole);
}

static void sift_down(struct heap *h, struct heap_node *node, uint32_t hole)
{
	uint32_t child;

	while ((child = 2 * hole + 1) < h->n) {
		if (child + 1 < h->n && is_sooner(h->nodes[child + 1], h->nodes[child]))
			child++;
		if (!is_sooner(h->nodes[child], node))
			break;
		place(h, h->nodes[child], hole);
		hole = child;
	}
	place(h, node, hole);
}

static void settle(struct heap *h, struct heap_node *node, uint32_t hole)
{
	if (hole > 0 && is_sooner(node, h->nodes[(hole - 1) / 2]))
		sift_up(h, node, hole);
	else
		sift_down(h, node, hole);
}

static uint32_t position(const struct heap *h, const struct heap_node *node)
{
	must(node->index1 <= h->n && h->nodes[node->index1 - 1] == node);
	return node->index1 - 1;
}

void heap_set(struct heap *h, struct heap_node *node, int64_t key)
{
	node->key = key;
	if (heap_has(node)) {
		settle(h, node, position(h, node));
		return;
	}
	must(h->n < UINT32_MAX / 2);
	must_grow(h->nodes, h->n, h->cap);
	sift_up(h, node, h->n++);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	struct heap_node *last;
	uint32_t hole;

	if (!heap_has(node))
		return;
	hole = position(h, node);
	last = h->nodes[--h->n];
	node->index1 = 0;
	if (last != node)
		settle(h, last, hole);
}
