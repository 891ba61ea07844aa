/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks taken apart again by a plain reader of what tsdb/docs/format/chunks.md says. */
#include "core/remote/chunks.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct reader {
	const uint8_t *s;
	size_t n, at; /* bits */
};

static uint64_t bits(struct reader *r, unsigned n)
{
	uint64_t v = 0;

	assert_true(r->at + n <= 8 * r->n);
	for (; n; n--, r->at++)
		v = v << 1 | (r->s[r->at / 8] >> (7 - r->at % 8) & 1);
	return v;
}

static uint64_t varint(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0;; shift += 7) {
		uint64_t byte = bits(r, 8);

		v |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
}

static int64_t change(struct reader *r)
{
	static const unsigned widths[] = { 0, 14, 17, 20, 64 };
	unsigned ones = 0, n;
	uint64_t v;

	while (ones < 4 && bits(r, 1))
		ones++;
	n = widths[ones];
	v = n ? bits(r, n) : 0;
	if (n && n < 64 && v > UINT64_C(1) << (n - 1))
		v -= UINT64_C(1) << n;
	return (int64_t)v;
}

struct value {
	uint64_t bits;
	unsigned leading, width;
};

static void next_value(struct reader *r, struct value *v)
{
	if (!bits(r, 1))
		return;
	if (bits(r, 1)) {
		v->leading = (unsigned)bits(r, 5);
		v->width = (unsigned)bits(r, 6);
		v->width = v->width ? v->width : 64;
	}
	v->bits ^= bits(r, v->width) << (64 - v->leading - v->width);
}

/* Against samples `at` and those behind it. */
static void check_xor(const struct str *bytes, const struct series_column *c, uint32_t at,
	uint32_t end)
{
	struct reader r = { .s = (const uint8_t *)bytes->s, .n = bytes->len };
	struct value v = { 0 };
	uint64_t step = 0, zigzag, t;

	assert_int_equal(bits(&r, 16), end - at);
	zigzag = varint(&r);
	t = zigzag >> 1 ^ (0 - (zigzag & 1));
	v.bits = bits(&r, 64);
	for (uint32_t i = at; i < end; i++) {
		if (i > at) {
			step = i == at + 1 ? varint(&r) : step + (uint64_t)change(&r);
			t += step;
			next_value(&r, &v);
		}
		assert_int_equal((int64_t)t, c->t_ms[i]);
		assert_true(v.bits == double_bits(c->v[i]));
	}
	assert_true(8 * r.n - r.at < 8);
}

static void fill(struct series_column *c, struct rng *rng)
{
	static const double odd[] = { 0, -0.0, 1e308, __builtin_nan(""), __builtin_inf() };
	uint32_t n = 1 + (uint32_t)rng_below(rng, 500);
	int64_t t_ms = rng_between(rng, -5, 1700000000000);
	double v = 0;

	c->n = 0;
	for (uint32_t i = 0; i < n; i++) {
		t_ms += rng_chance(rng, 1, 9) ? 1 + rng_between(rng, 0, 1 << rng_below(rng, 30))
					      : 15000;
		if (rng_chance(rng, 1, 3))
			v = rng_chance(rng, 1, 9) ? odd[rng_below(rng, 5)]
						  : v + (double)rng_below(rng, 99);
		if (rng_chance(rng, 1, 20))
			v = double_of_bits(rng_next(rng));
		series_column_add(c, t_ms, v);
	}
	c->v[n / 2] = double_of_bits(STALE_NAN_BITS);
}

static void floats_are_told_to_the_last_bit(void **state)
{
	scoped(series_column_fini) struct series_column c = { 0 };
	struct remote_chunk chunk = { 0 };
	struct rng rng;

	(void)state;
	for (uint64_t seed = 1; seed < 300; seed++) {
		rng_seed(&rng, seed);
		fill(&c, &rng);
		for (uint32_t at = 0, end; at < c.n; at = end) {
			end = remote_chunk_make(&c, at, &chunk);
			assert_int_equal(chunk.encoding, REMOTE_XOR);
			assert_in_range(end - at, 1, REMOTE_CHUNK_SAMPLES);
			assert_int_equal(chunk.min_ms, c.t_ms[at]);
			assert_int_equal(chunk.max_ms, c.t_ms[end - 1]);
			check_xor(&chunk.bytes, &c, at, end);
		}
	}
	str_fini(&chunk.bytes);
}

/* A counter of 3 with one bucket, as Prometheus' own appender writes it. */
static void a_histogram_stands_alone_with_its_hint(void **state)
{
	static const struct histogram_span span = { 1, 1 };
	static const double count = 3;
	struct histogram h = { .reset = HISTOGRAM_RESET,
		.count = 3,
		.sum = 4,
		.positive_spans = &span,
		.n_positive_spans = 1,
		.positive = &count,
		.n_positive = 1 };
	scoped(series_column_fini) struct series_column c = { 0 };
	scoped(arena_fini) struct arena a;
	struct remote_chunk chunk = { 0 };
	struct reader r;

	(void)state;
	arena_init(&a, 0);
	c.histograms = &a;
	series_column_add(&c, 1, 7);
	series_column_add_histogram(&c, 2, &h);
	h.is_float = true;
	series_column_add_histogram(&c, 3, &h);
	assert_int_equal(remote_chunk_make(&c, 0, &chunk), 1);
	assert_int_equal(chunk.encoding, REMOTE_XOR);
	assert_int_equal(remote_chunk_make(&c, 2, &chunk), 3);
	assert_int_equal(chunk.encoding, REMOTE_FLOAT_HISTOGRAM);
	h.is_float = false;
	assert_int_equal(remote_chunk_make(&c, 1, &chunk), 2);
	assert_int_equal(chunk.encoding, REMOTE_HISTOGRAM);
	r = (struct reader){ .s = (const uint8_t *)chunk.bytes.s, .n = chunk.bytes.len };
	assert_int_equal(bits(&r, 16), 1);
	assert_int_equal(bits(&r, 8), 0x80);
	assert_int_equal(bits(&r, 8), 0);    /* threshold */
	assert_int_equal(bits(&r, 1), 0);    /* schema */
	assert_int_equal(bits(&r, 5), 0x11); /* one span, of one bucket, one further */
	assert_int_equal(bits(&r, 5), 0x11);
	assert_int_equal(bits(&r, 5), 0x11);
	assert_int_equal(bits(&r, 1), 0);    /* none of negative buckets */
	assert_int_equal(bits(&r, 5), 0x12); /* time */
	assert_int_equal(bits(&r, 5), 0x13); /* count */
	assert_int_equal(bits(&r, 1), 0);
	assert_true(bits(&r, 64) == double_bits(4));
	assert_int_equal(bits(&r, 5), 0x13);
	str_fini(&chunk.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floats_are_told_to_the_last_bit),
		cmocka_unit_test(a_histogram_stands_alone_with_its_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
