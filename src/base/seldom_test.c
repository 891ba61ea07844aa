/* SPDX-License-Identifier: Apache-2.0 */
#include "base/seldom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_few_lines_a_minute_are_written_and_the_others_counted(void **state)
{
	struct seldom s = { 0 };
	uint32_t left_out = 7, n_written = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		n_written += seldom_may_write(&s, (struct mono){ i }, &left_out);
	assert_int_equal(n_written, SELDOM_LINES);
	assert_int_equal(left_out, 0);
	assert_true(seldom_may_write(&s, (struct mono){ MINUTE_MS }, &left_out));
	assert_int_equal(left_out, 1000 - SELDOM_LINES);
	assert_true(seldom_may_write(&s, (struct mono){ MINUTE_MS + 1 }, &left_out));
	assert_int_equal(left_out, 0);
}

static void what_is_seldom_anyway_is_always_written(void **state)
{
	struct seldom s = { 0 };
	uint32_t left_out;

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(seldom_may_write(&s, (struct mono){ i * 20 * SECOND_MS }, &left_out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_lines_a_minute_are_written_and_the_others_counted),
		cmocka_unit_test(what_is_seldom_anyway_is_always_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
