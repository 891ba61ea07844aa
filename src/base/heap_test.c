/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include "base/mem.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

SCOPED_FINI(heap_fini, struct heap)

static struct heap_node *take_first(struct heap *h)
{
	struct heap_node *first = heap_first(h);

	if (first)
		heap_remove(h, first);
	return first;
}

static void the_soonest_comes_first(void **unused)
{
	scoped(heap_fini) struct heap h = { 0 };
	struct heap_node late = { 0 }, soon = { 0 }, past = { 0 };

	(void)unused;
	assert_null(heap_first(&h));
	heap_set(&h, &late, INT64_MAX);
	heap_set(&h, &soon, 5);
	heap_set(&h, &past, INT64_MIN);
	assert_ptr_equal(take_first(&h), &past);
	assert_ptr_equal(take_first(&h), &soon);
	assert_ptr_equal(take_first(&h), &late);
	assert_null(take_first(&h));
}

static void equal_keys_come_out_in_the_order_of_their_ties(void **unused)
{
	scoped(heap_fini) struct heap h = { 0 };
	struct heap_node nodes[100] = { 0 };

	(void)unused;
	for (size_t i = 0; i < COUNT(nodes); i++) {
		size_t shuffled = i * 37 % COUNT(nodes);

		nodes[shuffled].tie = shuffled;
		heap_set(&h, &nodes[shuffled], 7);
	}
	for (size_t i = 0; i < COUNT(nodes); i++)
		assert_ptr_equal(take_first(&h), &nodes[i]);
}

static void a_deadline_can_be_moved_either_way(void **unused)
{
	scoped(heap_fini) struct heap h = { 0 };
	struct heap_node a = { 0 }, b = { 0 };

	(void)unused;
	heap_set(&h, &a, 10);
	heap_set(&h, &b, 20);
	heap_set(&h, &a, 30);
	assert_ptr_equal(heap_first(&h), &b);
	heap_set(&h, &a, 15);
	assert_ptr_equal(heap_first(&h), &a);
	assert_int_equal(h.n, 2);
}

static void removing_what_is_absent_does_nothing(void **unused)
{
	scoped(heap_fini) struct heap h = { 0 };
	struct heap_node in = { 0 }, out = { 0 };

	(void)unused;
	heap_set(&h, &in, 1);
	heap_remove(&h, &out);
	assert_true(heap_has(&in));
	heap_remove(&h, &in);
	assert_false(heap_has(&in));
	heap_remove(&h, &in);
	assert_int_equal(h.n, 0);
}

/* The naive heap: look at all of them. */
static struct heap_node *soonest(struct heap_node *nodes, size_t n)
{
	struct heap_node *best = NULL;

	for (struct heap_node *it = nodes; it < nodes + n; it++)
		if (heap_has(it) && (!best || it->key < best->key ||
					    (it->key == best->key && it->tie < best->tie)))
			best = it;
	return best;
}

static void assert_consistent(const struct heap *h, const struct heap_node *nodes, size_t n)
{
	size_t present = 0;

	for (size_t i = 0; i < n; i++)
		present += heap_has(&nodes[i]);
	assert_int_equal(h->n, present);
	for (uint32_t i = 0; i < h->n; i++)
		assert_int_equal(h->nodes[i]->index1, i + 1);
}

static void a_heap_behaves_like_a_search_for_the_least(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		scoped(heap_fini) struct heap h = { 0 };
		struct heap_node nodes[150] = { 0 };
		struct rng r;

		rng_seed(&r, seed);
		for (size_t i = 0; i < COUNT(nodes); i++)
			nodes[i].tie = i;
		for (int i = 0; i < 5000; i++) {
			struct heap_node *node = &nodes[rng_below(&r, COUNT(nodes))];

			/* Few different keys, so that ties matter. */
			if (rng_chance(&r, 3, 5))
				heap_set(&h, node, rng_between(&r, -20, 20));
			else if (rng_chance(&r, 1, 2))
				heap_remove(&h, node);
			else if (heap_first(&h))
				heap_remove(&h, heap_first(&h));
			assert_ptr_equal(heap_first(&h), soonest(nodes, COUNT(nodes)));
			if (i % 100 == 0)
				assert_consistent(&h, nodes, COUNT(nodes));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_soonest_comes_first),
		cmocka_unit_test(equal_keys_come_out_in_the_order_of_their_ties),
		cmocka_unit_test(a_deadline_can_be_moved_either_way),
		cmocka_unit_test(removing_what_is_absent_does_nothing),
		cmocka_unit_test(a_heap_behaves_like_a_search_for_the_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
