/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/functions.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_table_is_in_order_so_that_every_function_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < PROMQL_FUNCTIONS; i++)
		assert_ptr_equal(promql_function_find(promql_functions[i].name),
			&promql_functions[i]);
}

static void what_is_no_function_is_not_found(void **state)
{
	static const char *const none[] = { "", "a", "Rate", "rates", "zz", "sum", "holt_winters" };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		assert_null(promql_function_find(none[i]));
}

static void a_function_knows_its_arguments(void **state)
{
	const struct promql_function *f = promql_function_find("label_replace");

	(void)state;
	assert_int_equal(f->n_args, 5);
	assert_int_equal(f->args[0], PROMQL_VECTOR);
	assert_int_equal(f->args[4], PROMQL_STRING);
	assert_int_equal(promql_function_find("time")->n_args, 0);
	assert_int_equal(promql_function_find("label_join")->variadic, -1);
	assert_int_equal(promql_function_find("scalar")->returns, PROMQL_SCALAR);
	assert_true(promql_function_find("info")->is_experimental);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_in_order_so_that_every_function_is_found),
		cmocka_unit_test(what_is_no_function_is_not_found),
		cmocka_unit_test(a_function_knows_its_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
