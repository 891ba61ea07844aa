/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The authors' reference implementation from the state 1, 2, 3, 4. */
static void the_numbers_are_those_of_the_reference(void **unused)
{
	static const uint64_t expected[] = {
		11520u,
		0u,
		1509978240u,
		1215971899390074240u,
		1216172134540287360u,
		607988272756665600u,
		16172922978634559625u,
		8476171486693032832u,
		10595114339597558777u,
		2904607092377533576u,
	};
	struct rng r = { { 1, 2, 3, 4 } };

	(void)unused;
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_true(rng_next(&r) == expected[i]);
}

/* splitmix64's reference output for the seed 1234567. */
static void a_seed_spreads_over_the_whole_state(void **unused)
{
	struct rng r;

	(void)unused;
	rng_seed(&r, 1234567);
	assert_true(r.s[0] == 6457827717110365317u);
	assert_true(r.s[1] == 3203168211198807973u);
	assert_true(r.s[2] == 9817491932198370423u);
	assert_true(r.s[3] == 4593380528125082431u);
}

static void seeds_repeat_and_differ(void **unused)
{
	struct rng a, b, c;

	(void)unused;
	rng_seed(&a, 0);
	rng_seed(&b, 0);
	rng_seed(&c, 1);
	for (int i = 0; i < 100; i++) {
		uint64_t n = rng_next(&a);

		assert_true(n == rng_next(&b));
		assert_true(n != rng_next(&c));
	}
}

static void all_numbers_below_a_bound_are_as_likely(void **unused)
{
	unsigned counts[6] = { 0 };
	struct rng r;

	(void)unused;
	rng_seed(&r, 3);
	for (int i = 0; i < 60000; i++) {
		uint64_t n = rng_below(&r, 6);

		assert_true(n < 6);
		counts[n]++;
	}
	for (size_t i = 0; i < COUNT(counts); i++)
		assert_in_range(counts[i], 9600, 10400); /* 4 standard deviations */
	for (int i = 0; i < 100; i++)
		assert_true(rng_below(&r, 1) == 0);
}

/* Of a bound of 3 * 2^62 a plain product would give every third number twice as often. */
static void a_huge_bound_is_unbiased_too(void **unused)
{
	const uint64_t bound = (uint64_t)3 << 62;
	unsigned remainders[3] = { 0 };
	struct rng r;

	(void)unused;
	rng_seed(&r, 4);
	for (int i = 0; i < 30000; i++) {
		uint64_t n = rng_below(&r, bound);

		assert_true(n < bound);
		remainders[n % 3]++;
	}
	for (size_t i = 0; i < COUNT(remainders); i++)
		assert_in_range(remainders[i], 9650, 10350);
}

static void both_ends_of_a_range_are_reached(void **unused)
{
	bool has_low = false, has_high = false;
	struct rng r;

	(void)unused;
	rng_seed(&r, 5);
	for (int i = 0; i < 1000; i++) {
		int64_t n = rng_between(&r, -3, 3);

		assert_true(n >= -3 && n <= 3);
		has_low |= n == -3;
		has_high |= n == 3;
	}
	assert_true(has_low && has_high);
	assert_int_equal(rng_between(&r, 7, 7), 7);
}

static void the_widest_range_has_both_signs(void **unused)
{
	unsigned negative = 0;
	struct rng r;

	(void)unused;
	rng_seed(&r, 6);
	for (int i = 0; i < 1000; i++)
		negative += rng_between(&r, INT64_MIN, INT64_MAX) < 0;
	assert_in_range(negative, 400, 600);
}

static void chances_are_kept(void **unused)
{
	unsigned hits = 0;
	struct rng r;

	(void)unused;
	rng_seed(&r, 7);
	for (int i = 0; i < 10000; i++) {
		hits += rng_chance(&r, 1, 4);
		assert_false(rng_chance(&r, 0, 4));
		assert_true(rng_chance(&r, 4, 4));
	}
	assert_in_range(hits, 2300, 2700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_numbers_are_those_of_the_reference),
		cmocka_unit_test(a_seed_spreads_over_the_whole_state),
		cmocka_unit_test(seeds_repeat_and_differ),
		cmocka_unit_test(all_numbers_below_a_bound_are_as_likely),
		cmocka_unit_test(a_huge_bound_is_unbiased_too),
		cmocka_unit_test(both_ends_of_a_range_are_reached),
		cmocka_unit_test(the_widest_range_has_both_signs),
		cmocka_unit_test(chances_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
