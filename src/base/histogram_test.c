/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
/* after the two above */
#include <cmocka.h>

static void assert_written(const struct histogram *h, const char *text, const char *notation)
{
	scoped(str_fini) struct str shown = STR_EMPTY, noted = STR_EMPTY;

	histogram_text(h, &shown);
	histogram_notation(h, &noted);
	assert_string_equal(str_c(&shown), text);
	assert_string_equal(str_c(&noted), notation);
}

static void buckets_are_written_with_their_bounds(void **state)
{
	/* Prometheus' float_histogram_test.go has some of these. */
	static const struct histogram_span spans[] = { { -2, 1 }, { 2, 3 } };
	static const struct histogram_span negative_spans[] = { { 3, 2 } };
	static const double counts[] = { 1, 3, 0, 5 }, negative[] = { 2, 4 };
	const struct histogram h = { .schema = 1,
		.zero_threshold = 0.01,
		.zero_count = 5.5,
		.count = 20.5,
		.sum = 2349.4,
		.positive_spans = spans,
		.n_positive_spans = 2,
		.positive = counts,
		.n_positive = 4,
		.negative_spans = negative_spans,
		.n_negative_spans = 1,
		.negative = negative,
		.n_negative = 2 };

	(void)state;
	assert_written(&h,
		"{count:20.5, sum:2349.4, [-4,-2.82842712474619):4, [-2.82842712474619,-2):2, "
		"[-0.01,0.01]:5.5, (0.35355339059327373,0.5]:1, (1,1.414213562373095]:3, "
		"(2,2.82842712474619]:5}",
		"{{schema:1 count:20.5 sum:2349.4 z_bucket:5.5 z_bucket_w:0.01 offset:-2 "
		"buckets:[1 0 0 3 0 5] n_offset:3 n_buckets:[2 4]}}");
}

static void bounds_of_ones_own_begin_and_end_in_infinity(void **state)
{
	static const struct histogram_span spans[] = { { 0, 3 } };
	static const double counts[] = { 1, 0, 2 }, bounds[] = { 1, 2.5 };
	const struct histogram h = { .schema = HISTOGRAM_CUSTOM,
		.count = 3,
		.sum = 5,
		.reset = HISTOGRAM_GAUGE,
		.positive_spans = spans,
		.n_positive_spans = 1,
		.positive = counts,
		.n_positive = 3,
		.bounds = bounds,
		.n_bounds = 2 };

	(void)state;
	assert_written(&h, "{count:3, sum:5, [-Inf,1]:1, (2.5,+Inf]:2}",
		"{{schema:-53 count:3 sum:5 custom_values:[1 2.5] counter_reset_hint:gauge "
		"buckets:[1 0 2]}}");
}

static void an_empty_one_is_empty(void **state)
{
	const struct histogram h = { .schema = 0 };

	(void)state;
	assert_written(&h, "{count:0, sum:0}", "{{}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_written_with_their_bounds),
		cmocka_unit_test(bounds_of_ones_own_begin_and_end_in_infinity),
		cmocka_unit_test(an_empty_one_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
