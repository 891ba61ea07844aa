/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram_protobuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void histograms_are_read_as_they_were_written(void **state)
{
	scoped(arena_fini) struct arena a;
	scoped(str_fini) struct str s = STR_EMPTY;
	const struct histogram_span spans[] = { { -2, 2 }, { 3, 1 } };
	const double counts[] = { 4, 1, 7 };
	const struct histogram h = { .schema = 3,
		.reset = HISTOGRAM_NOT_RESET,
		.zero_threshold = 0.001,
		.zero_count = 2,
		.count = 14,
		.sum = 18.5,
		.positive_spans = spans,
		.n_positive_spans = 2,
		.positive = counts,
		.n_positive = 3 };
	const struct histogram *got;
	int64_t t_ms;

	(void)state;
	arena_init(&a, 65536);
	histogram_protobuf_write(&h, 1234, &s);
	assert_int_equal(histogram_protobuf_read(protobuf_over(s.s, s.len), &a, &got, &t_ms, NULL),
		RC_OK);
	assert_int_equal(t_ms, 1234);
	assert_int_equal(got->schema, 3);
	assert_int_equal(got->reset, HISTOGRAM_NOT_RESET);
	assert_true(got->count == 14 && got->sum == 18.5 && got->zero_count == 2);
	assert_false(got->is_float);
	assert_int_equal(got->positive_spans[0].offset, -2);
	assert_int_equal(got->positive_spans[1].length, 1);
	assert_true(got->positive[0] == 4 && got->positive[1] == 1 && got->positive[2] == 7);
	protobuf_add_sint(&s, 12, 5); /* a bucket that no span speaks of */
	assert_int_equal(histogram_protobuf_read(protobuf_over(s.s, s.len), &a, &got, &t_ms, NULL),
		RC_INPUT);
}

static void counts_that_no_integer_can_say_are_written_as_doubles(void **state)
{
	static const double odd[] = { -1, 0.5, 0x1p63, 1e300, __builtin_inf(), __builtin_nan("") };
	const struct histogram_span span = { 0, 2 };

	(void)state;
	for (size_t i = 0; i < COUNT(odd); i++) {
		scoped(arena_fini) struct arena a;
		scoped(str_fini) struct str s = STR_EMPTY;
		const double counts[] = { 3, odd[i] };
		const struct histogram h = { .count = 3,
			.positive_spans = &span,
			.n_positive_spans = 1,
			.positive = counts,
			.n_positive = 2 };
		const struct histogram *got;
		int64_t t_ms;

		arena_init(&a, 65536);
		histogram_protobuf_write(&h, 1, &s);
		assert_int_equal(histogram_protobuf_read(protobuf_over(s.s, s.len), &a, &got, &t_ms,
					 NULL),
			RC_OK);
		assert_true(got->is_float);
		assert_int_equal(double_bits(got->positive[1]), double_bits(odd[i]));
		assert_true(got->positive[0] == 3 && got->count == 3 && got->zero_count == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histograms_are_read_as_they_were_written),
		cmocka_unit_test(counts_that_no_integer_can_say_are_written_as_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
