/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/ints.h"

#include "base/mem.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Returns the number of bytes; decodes from a copy of just these, so that a sanitizer sees more. */
static unsigned assert_comes_back(const int64_t *v, unsigned n)
{
	uint8_t bytes[INTS_BYTES_MAX + INTS_SLACK];
	unsigned size = ints_encode(v, n, n % 16, bytes);
	scoped(mem_free) char *copy = must_alloc(size + INTS_SLACK);
	struct ints_span in = { (uint8_t *)copy, (uint8_t *)copy + size };
	int64_t back[INTS_MAX];

	assert_true(size <= INTS_BYTES_MAX);
	memcpy(copy, bytes, size);
	assert_int_equal(ints_tag(bytes[0]), n % 16);
	assert_true(ints_decode(&in, n, back));
	assert_ptr_equal(in.p, in.end);
	assert_memory_equal(back, v, n * sizeof *v);
	return size;
}

static void what_is_regular_costs_a_few_bytes(void **unused)
{
	int64_t v[INTS_MAX];

	(void)unused;
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = 0;
	assert_int_equal(assert_comes_back(v, INTS_MAX), 2);
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = 1700000000123 + 15000 * (int64_t)i;
	assert_int_equal(assert_comes_back(v, INTS_MAX), 1 + 6 + 3 + 1);
}

static void one_reset_costs_one_patch(void **unused)
{
	int64_t v[INTS_MAX];
	unsigned before;

	(void)unused;
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = 5000000 + 100 * (int64_t)i + i * i * 7 % 13;
	before = assert_comes_back(v, INTS_MAX);
	for (unsigned i = 100; i < INTS_MAX; i++)
		v[i] -= 5000000;
	assert_true(assert_comes_back(v, INTS_MAX) < before + 16);
}

static void multiples_cost_what_their_factors_do(void **unused)
{
	struct rng r;
	int64_t v[INTS_MAX];

	(void)unused;
	rng_seed(&r, 1);
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = 8000000000 + 4096 * rng_between(&r, 0, 255);
	assert_true(assert_comes_back(v, INTS_MAX) < 256 + 16);
}

static void any_integers_of_any_width_come_back(void **unused)
{
	struct rng r;
	int64_t v[INTS_MAX];

	(void)unused;
	rng_seed(&r, 2);
	for (unsigned turn = 0; turn < 20000; turn++) {
		unsigned n = 1 + (unsigned)rng_below(&r, turn % 3 ? INTS_MAX : 8);
		unsigned shift = turn % 64, rare = (unsigned)rng_below(&r, 64);
		uint64_t factor = turn % 5 ? 1 : 1 + rng_below(&r, 5000), at = rng_next(&r);

		for (unsigned i = 0; i < n; i++) {
			uint64_t u = rng_next(&r) >> (rng_chance(&r, 1, 50) ? rare : shift);

			at = turn % 2 ? at + u * factor : u * factor - turn;
			v[i] = (int64_t)at;
		}
		assert_comes_back(v, n);
	}
}

static void the_ends_of_the_range_come_back(void **unused)
{
	static const int64_t ends[] = { INT64_MIN, INT64_MAX, -1, 0, 1, INT64_MIN + 1,
		INT64_MAX - 1 };
	struct rng r;
	int64_t v[INTS_MAX];

	(void)unused;
	rng_seed(&r, 3);
	for (unsigned turn = 0; turn < 1000; turn++) {
		for (unsigned i = 0; i < INTS_MAX; i++)
			v[i] = ends[rng_below(&r, 1 + turn % COUNT(ends))];
		assert_comes_back(v, 1 + turn % INTS_MAX);
	}
}

static void a_vector_that_is_cut_anywhere_is_refused(void **unused)
{
	uint8_t bytes[INTS_BYTES_MAX + INTS_SLACK];
	int64_t v[INTS_MAX], back[INTS_MAX];
	unsigned size;

	(void)unused;
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = (i * i * 37 % 1001 + (i % 50 == 0) * 1000000) * 3;
	size = ints_encode(v, INTS_MAX, 0, bytes);
	for (unsigned cut = 0; cut < size; cut++) {
		struct ints_span in = { bytes, bytes + cut };

		assert_false(ints_decode(&in, INTS_MAX, back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_regular_costs_a_few_bytes),
		cmocka_unit_test(one_reset_costs_one_patch),
		cmocka_unit_test(multiples_cost_what_their_factors_do),
		cmocka_unit_test(any_integers_of_any_width_come_back),
		cmocka_unit_test(the_ends_of_the_range_come_back),
		cmocka_unit_test(a_vector_that_is_cut_anywhere_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
