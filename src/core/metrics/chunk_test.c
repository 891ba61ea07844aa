/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/chunk.h"

#include "base/rng.h"
#include "core/metrics/decimal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N 600

/* A chunk beside the samples that went into it. */
struct written {
	struct chunk_state state;
	int64_t base_ms;
	uint8_t bytes[(N + 1) * CHUNK_APPEND_ROOM];
	uint32_t n_bytes, n;
	int64_t t_ms[N];
	double v[N];
	uint8_t added[N]; /* bytes */
};

static void begin(struct written *w, int64_t base_ms)
{
	w->state = chunk_begin(base_ms);
	w->base_ms = base_ms;
	w->n = w->n_bytes = 0;
}

static unsigned append(struct written *w, int64_t t_ms, double v)
{
	unsigned n = chunk_append(&w->state, w->bytes + w->n_bytes, t_ms, v);

	assert_true(n <= CHUNK_APPEND_MAX && w->n < N);
	w->n_bytes += n;
	w->t_ms[w->n] = t_ms;
	w->added[w->n] = (uint8_t)n;
	w->v[w->n++] = v;
	return n;
}

/* A copy of exactly the bytes, so that a sanitizer sees what reads beyond. */
static enum rc read_copy(const struct written *w, int64_t min_ms, int64_t max_ms,
	struct series_column *column)
{
	scoped(mem_free) char *copy = must_alloc(w->n_bytes + !w->n_bytes);
	struct chunk c = { (const uint8_t *)copy, w->n_bytes, w->n, w->base_ms };

	memcpy(copy, w->bytes, w->n_bytes);
	return chunk_read(&c, min_ms, max_ms, column, NULL);
}

/* Append by append, as who follows the log sees it. */
static void assert_follows(const struct written *w)
{
	struct chunk_tail tail = chunk_tail_begin(w->base_ms);
	const uint8_t *p = w->bytes;

	for (uint32_t i = 0; i < w->n; i++) {
		assert_true(chunk_tail_next(&tail, p, w->added[i]));
		assert_int_equal(tail.t_ms, w->t_ms[i]);
		assert_int_equal(tail.bits, double_bits(w->v[i]));
		p += w->added[i];
	}
}

static void assert_reads_back(const struct written *w)
{
	scoped(series_column_fini) struct series_column c = { 0 };

	assert_int_equal(read_copy(w, INT64_MIN, INT64_MAX, &c), RC_OK);
	assert_int_equal(c.n, w->n);
	for (uint32_t i = 0; i < c.n; i++) {
		assert_int_equal(c.t_ms[i], w->t_ms[i]);
		assert_int_equal(double_bits(c.v[i]), double_bits(w->v[i]));
	}
	assert_follows(w);
}

static void a_value_that_stays_costs_nothing(void **unused)
{
	static struct written w;

	(void)unused;
	begin(&w, 1700000000000);
	append(&w, 1700000000123, 42.5);
	append(&w, 1700000015123, 42.5);
	for (unsigned i = 2; i < N; i++)
		assert_int_equal(append(&w, 1700000000123 + i * 15000, 42.5), 0);
	assert_reads_back(&w);
}

static void a_counter_of_two_decimals_costs_two_bytes(void **unused)
{
	static struct written w;
	unsigned total = 0;

	(void)unused;
	begin(&w, 0);
	append(&w, 1000, 40512.37);
	append(&w, 16000, 40527.12);
	for (unsigned i = 2; i < N; i++)
		total += append(&w, 1000 + i * 15000, (4052712 + i * 1497) / 100.0);
	assert_int_equal(total, 2 * (N - 2));
	assert_reads_back(&w);
}

static const double odd_ones[] = { 0.0, -0.0, 1.0, -1.0, 0.1, -0.1, 1e22, 1e-22, 1e300, 1e-300,
	0x1p52, 0x1p53, -0x1p52, 0x1p52 - 1, 0x1p53 - 1, 0x1p63, -0x1p63, 0x1p64, 5e-324,
	2.2250738585072014e-308, 1.7976931348623157e308, 0.1 + 0.2, 1.0 / 3, 123456789012345.0,
	12345678901234567.0, 0.123456789012345, 1700000000.1234567, 99999999999999.9, INFINITY,
	-INFINITY };
static const uint64_t odd_bits[] = { STALE_NAN_BITS, PLAIN_NAN_BITS, UINT64_MAX,
	UINT64_C(0xfff8000000000000), UINT64_C(0x7ff0000000000001), UINT64_C(0x7fffffffffffffff), 1,
	UINT64_C(0x8000000000000001), UINT64_C(0x00000000ff000000) };

/* Each kind of value after each other kind is seen often in some thousands of steps. */
static double any_value(struct rng *r, double last)
{
	switch (rng_below(r, 10)) {
	case 0:
		return odd_ones[rng_below(r, COUNT(odd_ones))];
	case 1:
		return double_of_bits(odd_bits[rng_below(r, COUNT(odd_bits))]);
	case 2:
		return double_of_bits(rng_next(r));
	case 3:
		return (double)(int64_t)rng_next(r);
	case 4:
		return (double)((int64_t)rng_next(r) >> rng_below(r, 64)) /
		       decimal_power[rng_below(r, 23)];
	case 5:
		return last + (double)rng_below(r, 1000) / 100;
	case 6:
		return last + (double)(rng_next(r) >> rng_below(r, 64));
	default:
		return last;
	}
}

static int64_t any_step(struct rng *r, int64_t last)
{
	switch (rng_below(r, 8)) {
	case 0:
		return 1 + (int64_t)(rng_next(r) >> (16 + rng_below(r, 48)));
	case 1:
		return 15000 + (int64_t)rng_below(r, 9) - 4;
	case 2:
		return 15000 + (int64_t)rng_below(r, 70000) - 14999;
	default:
		return last;
	}
}

static void any_double_at_any_step_comes_back(void **unused)
{
	static struct written w;
	struct rng r;

	(void)unused;
	rng_seed(&r, 1);
	for (unsigned turn = 0; turn < 400; turn++) {
		int64_t t = (int64_t)(rng_next(&r) >> 3) * (turn % 2 ? 1 : -1), step = 15000;
		double v = 0;

		begin(&w, turn % 3 ? t - 5 : 0);
		while (w.n < 1 + turn) {
			append(&w, t, v);
			step = any_step(&r, step);
			t += step;
			v = any_value(&r, v);
		}
		assert_reads_back(&w);
	}
}

static void every_prefix_can_be_read_while_the_writer_goes_on(void **unused)
{
	static struct written w, prefix;
	struct rng r;
	int64_t t = 0;
	double v = 0;

	(void)unused;
	rng_seed(&r, 2);
	begin(&w, 0);
	for (unsigned i = 0; i < N; i++) {
		t += any_step(&r, 1000);
		v = any_value(&r, v);
		append(&w, t, v);
		prefix = w;
		memset(w.bytes + w.n_bytes, 0xff, CHUNK_APPEND_ROOM); /* nobody looks there */
		assert_reads_back(&prefix);
	}
}

static void only_the_time_asked_for_is_given(void **unused)
{
	static struct written w;
	scoped(series_column_fini) struct series_column c = { 0 };

	(void)unused;
	begin(&w, 0);
	for (unsigned i = 0; i < 100; i++)
		append(&w, i * 10, i / 7);
	assert_int_equal(read_copy(&w, 95, 300, &c), RC_OK);
	assert_int_equal(c.n, 21);
	assert_int_equal(c.t_ms[0], 100);
	assert_int_equal(c.t_ms[20], 300);
	assert_int_equal(read_copy(&w, 990, 5000, &c), RC_OK);
	assert_int_equal(c.n, 22);
}

static void an_empty_chunk_has_no_samples(void **unused)
{
	scoped(series_column_fini) struct series_column c = { 0 };
	struct chunk empty = { NULL, 0, 0, 77 };

	(void)unused;
	assert_int_equal(chunk_read(&empty, INT64_MIN, INT64_MAX, &c, NULL), RC_OK);
	assert_int_equal(c.n, 0);
}

static void bytes_that_are_cut_or_foreign_are_corrupt(void **unused)
{
	static const struct {
		const char *bytes;
		uint32_t n, n_samples;
	} broken[] = {
		{ "\xf7", 1, 1 },                 /* no such token */
		{ "\xf3\x0a", 2, 1 },             /* a step without a value */
		{ "\xe9\x17\x01\x01", 4, 1 },     /* exponent 23 */
		{ "\xf0\x81\x01", 3, 1 },         /* nine bytes */
		{ "\xe1\x01", 2, 1 },             /* cut */
		{ "\xf0\x01\x01\x01", 4, 2 },     /* a change of unknown digits */
		{ "\x01\x01", 2, 2 },             /* the same time twice */
		{ "\xff\x01\xf3\xf0\x01", 5, 2 }, /* back in time */
		{ "\xff\x01\xf1\x04", 4, 3 },     /* more repeats than samples */
		{ "\xff\x01\x01", 3, 1 },         /* more samples than said */
		{ "\x01", 1, 3 },                 /* repeats without a step */
		{ "\xf5\x00\x00\x00\x00\x00\x00\x00\x80\x01", 10, 3 }, /* a step of no length */
	};

	(void)unused;
	for (unsigned i = 0; i < COUNT(broken); i++) {
		scoped(series_column_fini) struct series_column column = { 0 };
		struct chunk c = { (const uint8_t *)broken[i].bytes, broken[i].n,
			broken[i].n_samples, 0 };

		if (chunk_read(&c, INT64_MIN, INT64_MAX, &column, NULL) != RC_CORRUPT)
			fail_msg("broken[%u] was read", i);
	}
}

static void decimals_are_found_with_their_smallest_exponent(void **unused)
{
	struct rng r;
	struct decimal d;

	(void)unused;
	rng_seed(&r, 3);
	for (unsigned i = 0; i < 100000; i++) {
		unsigned exp = (unsigned)rng_below(&r, 15);
		int64_t digits = (int64_t)(rng_next(&r) >> (15 + rng_below(&r, 45)));

		digits = digits % 1000000000000000 * 10 + 7; /* so that no exponent less does */
		digits /= digits > 999999999999999 ? 10 : 1;
		if (digits % 10 == 0)
			digits++;
		assert_true(decimal_find(decimal_value(digits, exp), &d));
		assert_int_equal(d.digits, digits);
		assert_int_equal(d.exp, exp);
	}
	assert_false(decimal_find(1.0 / 3, &d));
	assert_false(decimal_find(-0.0, &d));
	assert_false(decimal_find(INFINITY, &d));
	assert_false(decimal_find(double_of_bits(STALE_NAN_BITS), &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_that_stays_costs_nothing),
		cmocka_unit_test(a_counter_of_two_decimals_costs_two_bytes),
		cmocka_unit_test(any_double_at_any_step_comes_back),
		cmocka_unit_test(every_prefix_can_be_read_while_the_writer_goes_on),
		cmocka_unit_test(only_the_time_asked_for_is_given),
		cmocka_unit_test(an_empty_chunk_has_no_samples),
		cmocka_unit_test(bytes_that_are_cut_or_foreign_are_corrupt),
		cmocka_unit_test(decimals_are_found_with_their_smallest_exponent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
