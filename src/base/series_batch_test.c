/* SPDX-License-Identifier: Apache-2.0 */
#include "base/series_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t hash_of(uint32_t i)
{
	return i * UINT64_C(0x9e3779b97f4a7c15);
}

static void what_was_put_is_found_and_nothing_else(void **state)
{
	struct series_known k;

	(void)state;
	series_known_init(&k, 100000);
	assert_int_equal(series_known_get(&k, 7), 0);
	for (uint32_t i = 1; i <= 5000; i++)
		series_known_put(&k, hash_of(i), i);
	for (uint32_t i = 1; i <= 5000; i++)
		assert_int_equal(series_known_get(&k, hash_of(i)), i);
	assert_int_equal(series_known_get(&k, hash_of(5001)), 0);
	series_known_put(&k, hash_of(5), 17);
	assert_int_equal(series_known_get(&k, hash_of(5)), 17);
	assert_int_equal(k.n, 5000);
	series_known_fini(&k);
}

static void too_many_are_forgotten_all_at_once(void **state)
{
	struct series_known k;

	(void)state;
	series_known_init(&k, 10);
	for (uint32_t i = 1; i <= 11; i++)
		series_known_put(&k, hash_of(i), i);
	assert_int_equal(k.n, 1);
	assert_int_equal(series_known_get(&k, hash_of(1)), 0);
	assert_int_equal(series_known_get(&k, hash_of(11)), 11);
	series_known_fini(&k);
}

static void a_batch_grows(void **state)
{
	scoped(series_batch_fini) struct series_batch b;

	(void)state;
	series_batch_init(&b, 1, 1024);
	for (uint32_t i = 0; i < 100; i++) {
		series_batch_add_series(&b, i, "x", 1);
		series_batch_add(&b, i, i, i);
	}
	assert_int_equal(b.n_series, 100);
	assert_int_equal(b.samples[99].series, 99);
	assert_int_equal(b.series[99].hash, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found_and_nothing_else),
		cmocka_unit_test(too_many_are_forgotten_all_at_once),
		cmocka_unit_test(a_batch_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
