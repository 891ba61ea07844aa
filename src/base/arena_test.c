/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool is_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void memory_is_zeroed_aligned_and_its_own(void **unused)
{
	scoped(arena_fini) struct arena a;
	unsigned char *pieces[500];
	size_t sizes[COUNT(pieces)];
	struct rng r;

	(void)unused;
	arena_init(&a, 0);
	rng_seed(&r, 1);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		sizes[i] = rng_below(&r, rng_chance(&r, 1, 20) ? 50000 : 200);
		pieces[i] = arena_alloc(&a, sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		assert_true(is_zero(pieces[i], sizes[i]));
		memset(pieces[i], (int)i, sizes[i]);
	}
	for (size_t i = 0; i < COUNT(pieces); i++)
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], (unsigned char)i);
}

static void an_arena_over_budget_answers_null(void **unused)
{
	scoped(arena_fini) struct arena a;

	(void)unused;
	arena_init(&a, 100);
	assert_non_null(arena_alloc(&a, 90)); /* 96 with alignment */
	assert_null(arena_alloc(&a, 1));
	assert_int_equal(a.used_bytes, 96);
}

static void what_is_refused_costs_nothing(void **unused)
{
	scoped(arena_fini) struct arena a;

	(void)unused;
	arena_init(&a, 1000);
	assert_null(arena_alloc(&a, 1001));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 20));
	assert_int_equal(a.used_bytes, 0);
	assert_non_null(arena_alloc(&a, 992));
}

/* A list of texts, each copied with its node: two allocations of 16 bytes an element. */
struct item {
	struct item *next;
	char *text;
};

static bool build(struct arena *a, unsigned n, struct item **ret_list)
{
	struct item *list = NULL;

	for (unsigned i = 0; i < n; i++) {
		struct item *it = arena_alloc(a, sizeof *it);

		if (!it)
			return false;
		it->text = arena_printf(a, "item %u", i);
		if (!it->text)
			return false;
		it->next = list;
		list = it;
	}
	*ret_list = list;
	return true;
}

static void the_nth_allocation_may_be_the_one_over_budget(void **unused)
{
	const unsigned items = 200, allocations = 2 * items;

	(void)unused;
	for (unsigned allowed = 1; allowed <= allocations; allowed++) {
		scoped(arena_fini) struct arena a;
		struct item *list = NULL;

		arena_init(&a, (size_t)16 * allowed);
		assert_int_equal(build(&a, items, &list), allowed == allocations);
		assert_int_equal(a.used_bytes, (size_t)16 * allowed);
		assert_int_equal(list != NULL, allowed == allocations);
		arena_reset(&a);
		assert_int_equal(a.used_bytes, 0);
		assert_non_null(arena_alloc(&a, (size_t)16 * allowed));
	}
}

static void a_reset_arena_hands_out_zeroes_again(void **unused)
{
	scoped(arena_fini) struct arena a;

	(void)unused;
	arena_init(&a, 1 << 20);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 1000; i++) {
			unsigned char *p = arena_alloc(&a, 100);

			assert_non_null(p);
			assert_true(is_zero(p, 100));
			memset(p, 0xff, 100);
		}
		assert_int_equal(a.used_bytes, 112 * 1000);
		arena_reset(&a);
		assert_int_equal(a.used_bytes, 0);
		assert_non_null(a.blocks);
	}
}

static void an_arena_lives_on_after_one_huge_piece(void **unused)
{
	scoped(arena_fini) struct arena a;
	char *small, *next;

	(void)unused;
	arena_init(&a, 0);
	small = arena_alloc(&a, 16);
	assert_non_null(memset(arena_alloc(&a, 10 << 20), 1, 10 << 20));
	next = arena_alloc(&a, 16);
	assert_ptr_equal(next, small + 16); /* the room in the first block is still used */
}

static void a_huge_first_piece_is_not_kept_for_the_next_request(void **unused)
{
	scoped(arena_fini) struct arena a;

	(void)unused;
	arena_init(&a, 0);
	assert_non_null(memset(arena_alloc(&a, 10 << 20), 1, 10 << 20));
	arena_reset(&a);
	assert_null(a.blocks);
	assert_non_null(arena_alloc(&a, 1));
}

/* Beyond some hundred kilobytes blocks are large pages; what is kept after those is an ordinary one. */
static void an_arena_of_many_pieces_starts_over_with_a_small_block(void **unused)
{
	scoped(arena_fini) struct arena a;

	(void)unused;
	arena_init(&a, 64 << 20);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3000; i++) {
			unsigned char *p = arena_alloc(&a, 2000);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % 16, 0);
			assert_true(is_zero(p, 2000));
			memset(p, 0xff, 2000);
		}
		assert_int_equal(a.used_bytes, 2000 * 3000);
		arena_reset(&a);
		assert_non_null(a.blocks);
	}
	while (arena_alloc(&a, 2000))
		;
	assert_true(a.used_bytes > (64 << 20) - 2000);
}

static void texts_are_copied_and_formatted(void **unused)
{
	scoped(arena_fini) struct arena a;
	char original[] = "dublin";
	char *copy, *longer;

	(void)unused;
	arena_init(&a, 0);
	copy = arena_strdup(&a, original);
	original[0] = 'X';
	assert_string_equal(copy, "dublin");
	assert_string_equal(arena_strndup(&a, "mumbai", 3), "mum");
	assert_string_equal(arena_strndup(&a, "mumbai", 99), "mumbai");
	assert_string_equal(arena_strdup(&a, ""), "");
	assert_string_equal(arena_printf(&a, "%s-%d", "nas", 7), "nas-7");
	for (int width = 250; width < 262; width++) {
		longer = arena_printf(&a, "%*d", width, 5);
		assert_int_equal(strlen(longer), width);
		assert_int_equal(longer[width - 1], '5');
	}
}

static void texts_over_budget_are_null_too(void **unused)
{
	scoped(arena_fini) struct arena a;

	(void)unused;
	arena_init(&a, 16);
	assert_null(arena_strdup(&a, "sixteen bytes and"));
	assert_null(arena_strndup(&a, "sixteen bytes and", 16));
	assert_null(arena_printf(&a, "%300d", 1));
	assert_string_equal(arena_strndup(&a, "sixteen bytes and", 15), "sixteen bytes a");
}

static void count(void *p)
{
	++*(int *)p;
}

static void what_an_arena_owns_is_released_once(void **unused)
{
	struct arena a;
	int released = 0;

	(void)unused;
	arena_init(&a, 4096);
	assert_true(arena_own(&a, &released, count));
	assert_true(arena_own(&a, &released, count));
	arena_reset(&a);
	assert_int_equal(released, 2);
	assert_true(arena_own(&a, &released, count));
	arena_fini(&a);
	assert_int_equal(released, 3);
	arena_init(&a, 16);
	assert_false(arena_own(&a, &released, count)); /* no room: at once */
	assert_int_equal(released, 4);
	arena_fini(&a);
	assert_int_equal(released, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_its_own),
		cmocka_unit_test(an_arena_over_budget_answers_null),
		cmocka_unit_test(what_is_refused_costs_nothing),
		cmocka_unit_test(the_nth_allocation_may_be_the_one_over_budget),
		cmocka_unit_test(a_reset_arena_hands_out_zeroes_again),
		cmocka_unit_test(an_arena_lives_on_after_one_huge_piece),
		cmocka_unit_test(a_huge_first_piece_is_not_kept_for_the_next_request),
		cmocka_unit_test(an_arena_of_many_pieces_starts_over_with_a_small_block),
		cmocka_unit_test(texts_are_copied_and_formatted),
		cmocka_unit_test(texts_over_budget_are_null_too),
		cmocka_unit_test(what_an_arena_owns_is_released_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
