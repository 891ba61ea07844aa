/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/values.h"

#include "base/rng.h"
#include "base/series.h"
#include "core/metrics/decimal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct values_hint hint;

/* Those that are picked are those that decoding gives, and those that rise do. */
static void assert_picked_are_the_same(struct ints_span in, const double *v, unsigned n)
{
	struct ints_places at = { .n = 0 };
	double picked[VALUES_MAX];

	for (unsigned i = n % 3; i < n; i += 1 + i % 40)
		at.v[at.n++] = (uint8_t)i;
	for (int must_rise = 0; at.n && must_rise < 2; must_rise++) {
		if (!(must_rise ? values_pick_rising : values_pick)(in, n, &at, picked))
			continue;
		for (unsigned i = 0; i < at.n; i++)
			assert_true(double_bits(picked[i]) == double_bits(v[at.v[i]]));
		for (unsigned i = 1; must_rise && i < n; i++)
			assert_true(v[i - 1] <= v[i]);
		for (unsigned i = 0; i < n; i++)
			assert_false(is_stale(v[i]));
	}
}

/* Returns the number of bytes. */
static unsigned assert_comes_back(const double *v, unsigned n)
{
	uint8_t bytes[VALUES_BYTES_MAX + INTS_SLACK];
	unsigned size = values_encode(v, n, &hint, bytes);
	scoped(mem_free) char *copy = must_alloc(size + INTS_SLACK);
	struct ints_span in = { (uint8_t *)copy, (uint8_t *)copy + size };
	double back[VALUES_MAX];

	assert_true(size <= VALUES_BYTES_MAX);
	memcpy(copy, bytes, size);
	assert_true(values_decode(&in, n, back));
	assert_ptr_equal(in.p, in.end);
	assert_memory_equal(back, v, n * sizeof *v);
	in.p = (uint8_t *)copy;
	assert_picked_are_the_same(in, v, n);
	return size;
}

static void decimals_cost_what_their_digits_do(void **unused)
{
	double v[VALUES_MAX];

	(void)unused;
	for (unsigned i = 0; i < VALUES_MAX; i++)
		v[i] = (4000000 + i * 1497 + i * i % 16) / 100.0;
	assert_true(assert_comes_back(v, VALUES_MAX) < 256 * 5 / 8 + 16);
}

static void products_of_milliseconds_cost_what_decimals_do(void **unused)
{
	double v[VALUES_MAX];
	unsigned size;

	(void)unused;
	for (unsigned i = 0; i < VALUES_MAX; i++)
		v[i] = (806997 + i * 16 + i * i % 16) * 0.001;
	size = assert_comes_back(v, VALUES_MAX);
	assert_true(size < 256 * 6 / 8 + 16);
	for (unsigned i = 0; i < VALUES_MAX; i++)
		v[i] = (28461924589 + i * 16 + i * i % 16) / 1000. / 1000.;
	assert_true(assert_comes_back(v, VALUES_MAX) < size + 256 / 4 + 16);
}

static void a_stale_mark_among_numbers_costs_little(void **unused)
{
	double v[VALUES_MAX];
	unsigned without;

	(void)unused;
	for (unsigned i = 0; i < VALUES_MAX; i++)
		v[i] = i * i % 64;
	without = assert_comes_back(v, VALUES_MAX);
	v[0] = v[200] = double_of_bits(STALE_NAN_BITS);
	v[255] = -0.0;
	assert_true(assert_comes_back(v, VALUES_MAX) <= without + 1 + 3 * 9);
}

static double any_value(struct rng *r, unsigned kind, double last)
{
	static const double odd[] = { 0.0, -0.0, INFINITY, -INFINITY, 1e300, 5e-324, 0x1p51,
		0x1p51 - 1, -0x1p51, 0x1p53, 0.1, 1.0 / 3, 1e22, 1e23 };

	switch (kind) {
	case 0:
		return odd[rng_below(r, COUNT(odd))];
	case 1:
		return double_of_bits(rng_next(r));
	case 2:
		return (double)rng_between(r, -1000000, 1000000) / 1000;
	case 3:
		return (double)rng_between(r, 0, 100000000) * 0.001;
	case 4:
		return (double)(int64_t)(rng_next(r) >> rng_below(r, 64));
	case 5:
		return last + 1e-9 * (double)rng_below(r, 1000);
	case 6:
		return double_of_bits(rng_chance(r, 1, 2) ? STALE_NAN_BITS : PLAIN_NAN_BITS);
	case 7:
		return -last;
	case 8:
		return decimal_value((int64_t)(rng_next(r) >> (13 + rng_below(r, 40))),
			(unsigned)rng_below(r, 23));
	default:
		return last;
	}
}

static void any_doubles_come_back_bit_for_bit(void **unused)
{
	struct rng r;
	double v[VALUES_MAX];

	(void)unused;
	rng_seed(&r, 1);
	for (unsigned turn = 0; turn < 20000; turn++) {
		unsigned n = 1 + (unsigned)rng_below(&r, VALUES_MAX), kind = turn % 10;
		double last = 0;

		for (unsigned i = 0; i < n; i++) {
			bool strays = turn % 3 == 0 && rng_chance(&r, 1, 40);

			v[i] = last =
				any_value(&r, strays ? (unsigned)rng_below(&r, 10) : kind, last);
		}
		assert_comes_back(v, n);
	}
}

static void a_vector_that_is_cut_anywhere_is_refused(void **unused)
{
	uint8_t bytes[VALUES_BYTES_MAX + INTS_SLACK];
	double v[VALUES_MAX], back[VALUES_MAX];
	unsigned size;

	(void)unused;
	for (unsigned i = 0; i < VALUES_MAX; i++)
		v[i] = i % 100 ? (28461924589 + i * 16) / 1000. / 1000. : NAN;
	size = values_encode(v, VALUES_MAX, &hint, bytes);
	for (unsigned cut = 0; cut < size; cut++) {
		struct ints_span in = { bytes, bytes + cut };

		assert_false(values_decode(&in, VALUES_MAX, back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimals_cost_what_their_digits_do),
		cmocka_unit_test(products_of_milliseconds_cost_what_decimals_do),
		cmocka_unit_test(a_stale_mark_among_numbers_costs_little),
		cmocka_unit_test(any_doubles_come_back_bit_for_bit),
		cmocka_unit_test(a_vector_that_is_cut_anywhere_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
