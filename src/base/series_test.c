/* SPDX-License-Identifier: Apache-2.0 */
#include "base/series.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LABEL(n, v)                              \
	{                                        \
		n, v, sizeof n - 1, sizeof v - 1 \
	}

static void labels_come_in_order_without_the_empty_ones(void **state)
{
	struct label v[] = { LABEL("job", "node"), LABEL("__name__", "up"), LABEL("az", "") };
	struct labels l;

	(void)state;
	assert_int_equal(labels_sort(v, COUNT(v), &l, NULL), RC_OK);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.v[0].name, METRIC_NAME);
	assert_string_equal(labels_get(&l, "job"), "node");
	assert_string_equal(labels_get(&l, "az"), "");
	assert_null(labels_find(&l, "jo"));
}

static void a_label_that_stands_there_twice_is_named(void **state)
{
	struct label v[] = { LABEL("job", "a"), LABEL("x", "y"), LABEL("job", "b") };
	struct labels l;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(labels_sort(v, COUNT(v), &l, &e), RC_INPUT);
	assert_non_null(strstr(e.text, "job"));
}

static void sets_are_told_apart_wherever_their_texts_part(void **state)
{
	struct label a[] = { LABEL("a", "bc") }, b[] = { LABEL("ab", "c") };
	struct labels x = { a, 1 }, y = { b, 1 }, none = { NULL, 0 };

	(void)state;
	assert_true(labels_hash(&x) != labels_hash(&y));
	assert_true(labels_compare(&x, &y) < 0);
	assert_true(labels_compare(&y, &x) > 0);
	assert_true(labels_compare(&none, &x) < 0);
	assert_false(labels_equal(&x, &y));
	assert_true(labels_equal(&x, &x));
}

/* Sets that fit on the stack are hashed in another way than those that don't. */
static void a_long_set_hashes_as_its_copy_does(void **state)
{
	char text[2000];
	struct label v[] = { { "a", text, 1, sizeof text }, LABEL("b", "c") };
	struct labels l = { v, 2 }, copy;
	scoped(arena_fini) struct arena arena;

	(void)state;
	arena_init(&arena, 0);
	memset(text, 'x', sizeof text);
	assert_true(labels_copy(&l, &arena, &copy));
	assert_true(labels_equal(&l, &copy));
	assert_true(labels_hash(&l) == labels_hash(&copy));
	text[7] = 'y';
	assert_true(labels_hash(&l) != labels_hash(&copy));
}

static void a_column_grows_with_its_samples(void **state)
{
	scoped(series_column_fini) struct series_column c = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		series_column_add(&c, i, 2 * i);
	assert_int_equal(c.n, 1000);
	assert_int_equal(c.t_ms[999], 999);
	assert_true(c.v[999] == 1998);
}

static void only_the_mark_itself_is_stale(void **state)
{
	(void)state;
	assert_true(is_stale(double_of_bits(STALE_NAN_BITS)));
	assert_false(is_stale(double_of_bits(PLAIN_NAN_BITS)));
	assert_false(is_stale(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_come_in_order_without_the_empty_ones),
		cmocka_unit_test(a_label_that_stands_there_twice_is_named),
		cmocka_unit_test(sets_are_told_apart_wherever_their_texts_part),
		cmocka_unit_test(a_long_set_hashes_as_its_copy_does),
		cmocka_unit_test(a_column_grows_with_its_samples),
		cmocka_unit_test(only_the_mark_itself_is_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
