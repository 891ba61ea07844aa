/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/ints.h"

#include "core/metrics/bytes.h"
#include "core/metrics/ints_private.h"

#include "base/mem.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool never_falls(const int64_t *v, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if (v[i] < v[i - 1])
			return false;
	return true;
}

/* Every one, or each third or so. */
static void choose_places(struct rng *r, unsigned n, struct ints_places *ret)
{
	unsigned gap = rng_chance(r, 1, 4) ? 1 : (unsigned)rng_between(r, 2, 90);

	ret->n = 0;
	for (unsigned i = (unsigned)rng_below(r, n); i < n; i += (unsigned)rng_between(r, 1, gap))
		ret->v[ret->n++] = (uint8_t)i;
}

/* What is read of a vector is what decoding all of it gives.  Returns whether it could be picked. */
static bool assert_some_are_the_same(struct ints_span in, const int64_t *v, unsigned n)
{
	static struct rng r = { { 1, 2, 3, 4 } };
	unsigned few = 1 + (unsigned)rng_below(&r, n);
	struct ints_picked picked;
	struct ints_places at;
	int64_t back[INTS_MAX], first, change;

	assert_true(ints_decode_first(in, n, few, back));
	assert_memory_equal(back, v, few * sizeof *v);
	if (ints_is_regular(in, n, &first, &change))
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(v[i], (int64_t)((uint64_t)first + i * (uint64_t)change));
	choose_places(&r, n, &at);
	if (!ints_pick_rising(in, n, &at, &picked))
		return false;
	assert_true(never_falls(v, n));
	for (unsigned i = 0; i < at.n; i++)
		assert_int_equal(picked.v[i], v[at.v[i]]);
	for (unsigned i = 1; picked.is_strict && i < n; i++)
		assert_true(v[i] > v[i - 1]);
	return true;
}

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
	in.p = (uint8_t *)copy;
	for (unsigned i = 0; i < 8; i++)
		assert_some_are_the_same(in, v, n);
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

/* The mode, its factor, and how numbers are written, of what the encoder makes of these. */
struct choice {
	unsigned mode;
	bool has_factor, is_rice, is_patched;
};

static struct choice choice_of(const int64_t *v, unsigned n)
{
	uint8_t bytes[INTS_BYTES_MAX + INTS_SLACK];
	const uint8_t *p = bytes + 1, *end = bytes + ints_encode(v, n, 0, bytes);
	struct choice c = { .mode = bytes[0] & INTS_MODE, .has_factor = bytes[0] & INTS_FACTOR };
	unsigned varints = 1 + ints_has_change(c.mode) + c.has_factor;
	uint64_t skipped;

	for (unsigned i = 0; i < varints; i++)
		assert_true(get_varint(&p, end, &skipped));
	c.is_rice = (*p & INTS_WIDTH) >= INTS_RICE;
	c.is_patched = *p & INTS_PATCHED;
	return c;
}

/* About normal, of a deviation of about `width`. */
static int64_t wobble(struct rng *r, int64_t width)
{
	return rng_between(r, -width, width) + rng_between(r, -width, width) +
	       rng_between(r, -width, width);
}

/* A counter whose pace changes every thirty samples. */
static void count_at_changing_pace(struct rng *r, int64_t *v)
{
	int64_t pace = 0, at = 0;

	for (unsigned i = 0; i < INTS_MAX; i++) {
		if (i % 30 == 0)
			pace = rng_between(r, 100000, 1000000);
		v[i] = at += pace + wobble(r, 100);
	}
}

static void a_change_of_pace_costs_little(void **unused)
{
	int64_t v[INTS_MAX];
	struct choice c;
	struct rng r;

	(void)unused;
	rng_seed(&r, 4);
	count_at_changing_pace(&r, v);
	c = choice_of(v, INTS_MAX);
	assert_int_equal(c.mode, INTS_TURNS);
	assert_true(c.is_rice);
	/* The pace takes 20 bits, the noise of two changes some 9. */
	assert_in_range(assert_comes_back(v, INTS_MAX), INTS_MAX * 8 / 8, INTS_MAX * 11 / 8);
}

static void what_often_stays_costs_a_bit_where_it_does(void **unused)
{
	int64_t v[INTS_MAX], at = 5000;
	struct choice c;
	struct rng r;

	(void)unused;
	rng_seed(&r, 5);
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = at += rng_chance(&r, 1, 2) ? 4096 * wobble(&r, 1000) : 0;
	c = choice_of(v, INTS_MAX);
	assert_int_equal(c.mode, INTS_FEW);
	assert_true(c.has_factor);
	assert_in_range(assert_comes_back(v, INTS_MAX), 0, INTS_MAX * (2 + 15) / 2 / 8);
}

static void noise_about_a_mean_costs_less_than_the_widest(void **unused)
{
	int64_t v[INTS_MAX], at = 0;
	struct choice c;
	struct rng r;

	(void)unused;
	rng_seed(&r, 6);
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = at += 100000 + wobble(&r, 40) + (i % 100 == 50 ? 1000000 : 0);
	c = choice_of(v, INTS_MAX);
	assert_int_equal(c.mode, INTS_SIGNED);
	assert_true(c.is_rice && c.is_patched);
	assert_in_range(assert_comes_back(v, INTS_MAX), 0, INTS_MAX * 8 / 8 + 32);
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

static void assert_refused_when_cut(const int64_t *v)
{
	uint8_t bytes[INTS_BYTES_MAX + INTS_SLACK];
	int64_t back[INTS_MAX];
	unsigned size = ints_encode(v, INTS_MAX, 0, bytes);

	for (unsigned cut = 0; cut < size; cut++) {
		struct ints_span in = { bytes, bytes + cut };

		assert_false(ints_decode(&in, INTS_MAX, back));
	}
}

static void a_vector_that_is_cut_anywhere_is_refused(void **unused)
{
	int64_t v[INTS_MAX];
	struct rng r;

	(void)unused;
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = (i * i * 37 % 1001 + (i % 50 == 0) * 1000000) * 3;
	assert_refused_when_cut(v);
	rng_seed(&r, 4);
	count_at_changing_pace(&r, v);
	assert_refused_when_cut(v);
	for (unsigned i = 0; i < INTS_MAX; i++)
		v[i] = (int64_t)(i / 3 * i);
	assert_refused_when_cut(v);
}

static void a_row_of_quotients_without_an_end_is_refused(void **unused)
{
	uint8_t bytes[64 + INTS_SLACK] = { INTS_OFFSETS, 0, INTS_RICE };
	struct ints_span in = { bytes, bytes + 64 };
	int64_t back[INTS_MAX];

	(void)unused;
	bytes[63] = 0xff;
	assert_false(ints_decode(&in, 2, back));
	in = (struct ints_span){ bytes, bytes + 64 };
	bytes[13] = 0xff;
	assert_true(ints_decode(&in, 2, back));
	assert_int_equal(back[0], 80);
	assert_int_equal(back[1], 0);
	assert_ptr_equal(in.p, bytes + 14);
}

static void what_never_falls_is_picked(void **unused)
{
	static const unsigned steps[] = { 1, 2, 9, 1000, 100000, 3000000 };
	uint8_t bytes[INTS_BYTES_MAX + INTS_SLACK];
	int64_t v[INTS_MAX];
	struct rng r;

	(void)unused;
	rng_seed(&r, 7);
	for (unsigned turn = 0; turn < 3000; turn++) {
		unsigned n = 1 + (unsigned)rng_below(&r, INTS_MAX);
		int64_t least = turn % 3 ? 0 : (int64_t)rng_below(&r, 500), at = (int64_t)rng_below(&r, 1u << 30);

		for (unsigned i = 0; i < n; i++) {
			uint64_t step = rng_below(&r, steps[turn % COUNT(steps)]);

			v[i] = at += least + (int64_t)(rng_chance(&r, 1, 60) ? 50 * step : step);
		}
		assert_true(assert_some_are_the_same(
			(struct ints_span){ bytes, bytes + ints_encode(v, n, 0, bytes) }, v, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_regular_costs_a_few_bytes),
		cmocka_unit_test(one_reset_costs_one_patch),
		cmocka_unit_test(multiples_cost_what_their_factors_do),
		cmocka_unit_test(a_change_of_pace_costs_little),
		cmocka_unit_test(what_often_stays_costs_a_bit_where_it_does),
		cmocka_unit_test(noise_about_a_mean_costs_less_than_the_widest),
		cmocka_unit_test(any_integers_of_any_width_come_back),
		cmocka_unit_test(the_ends_of_the_range_come_back),
		cmocka_unit_test(what_never_falls_is_picked),
		cmocka_unit_test(a_vector_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(a_row_of_quotients_without_an_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
