/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_as_library(const char *text)
{
	double v = 0, expected = strtod(text, NULL);

	if (number_parse(text, strlen(text), &v) != NUMBER_OK ||
		double_bits(v) != double_bits(expected))
		fail_msg("%s gives %a instead of %a", text, v, expected);
}

static void usual_and_awkward_numbers_are_exactly_rounded(void **state)
{
	static const char *const texts[] = { "0", "-0", "1", "12345.67", "7.424100000000001e-05",
		".5", "17.", "+1e9", "1e22", "1e23", "9007199254740993", "9007199254740992.5",
		"9007199254740993.00000000000000000000000000000000001", "0.1",
		"0.30000000000000004", "1.7976931348623157e308", "1.7976931348623158e308",
		"2.2250738585072014e-308", "2.2250738585072011e-308", "4.9e-324",
		"2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "0e999999999",
		"18446744073709551615", "18446744073709551616",
		"123456789012345678901234567890e-10", "1448997445238699", "6.8985948e+16", "5e-324",
		"0.000000000000000000000000000000000000000001", "1090544144181609348835077142190",
		"8.5e-22", "1.5e-45", "179769313486231580793e288",
		"00000000000000000000000000000000000001.5" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_as_library(texts[i]);
}

static void a_million_random_numbers_agree_with_strtod(void **state)
{
	static const int digits[] = { 17, 16, 6, 3, 21 };
	struct rng rng;
	char text[400];

	(void)state;
	rng_seed(&rng, 7);
	for (int i = 0; i < 1000000; i++) {
		uint64_t bits = rng_next(&rng);
		double v = double_of_bits(bits);

		if (i % 2) /* the sizes that metrics have */
			v = (double)(int64_t)(bits >> 20) / (double)(1 + (bits & 0xfffff));
		if (!isfinite(v))
			continue;
		if (i % 3)
			snprintf(text, sizeof text, "%.*g", digits[(size_t)i % COUNT(digits)], v);
		else
			snprintf(text, sizeof text, "%.*f", i % 8, v);
		assert_as_library(text);
	}
}

static void halves_between_doubles_go_to_the_even_one(void **state)
{
	struct rng rng;
	char text[64];

	(void)state;
	rng_seed(&rng, 8);
	for (int i = 0; i < 100000; i++) {
		uint64_t odd = (UINT64_C(1) << 53 | rng_next(&rng) >> 11) | 1;

		snprintf(text, sizeof text, "%llu", (unsigned long long)odd);
		assert_as_library(text);
		snprintf(text, sizeof text, "%llu.5", (unsigned long long)(odd >> 1));
		assert_as_library(text);
	}
}

static void words_are_taken_in_any_case(void **state)
{
	double v;

	(void)state;
	assert_int_equal(number_parse("+Inf", 4, &v), NUMBER_OK);
	assert_true(isinf(v) && v > 0);
	assert_int_equal(number_parse("-infiNITY", 9, &v), NUMBER_OK);
	assert_true(isinf(v) && v < 0);
	assert_int_equal(number_parse("NaN", 3, &v), NUMBER_OK);
	assert_true(double_bits(v) == PLAIN_NAN_BITS);
}

static void what_is_no_number_is_refused(void **state)
{
	static const char *const texts[] = { "", "+", "-", ".", "-.", "e5", "1e", "1e+", "1.2.3",
		"0x10", "0x1p-3", "1_000", "true", "+NaN", "-nan", "infi", "1 ", " 1", "1,5",
		"nanx", "--1" };
	double v = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(number_parse(texts[i], strlen(texts[i]), &v), NUMBER_SYNTAX);
	assert_int_equal(number_parse("1e400", 5, &v), NUMBER_RANGE);
	assert_int_equal(number_parse("-1.8e308", 8, &v), NUMBER_RANGE);
	assert_true(v == 42);
}

static void endless_digits_are_read(void **state)
{
	size_t n = 200000;
	char *text = must_alloc(n + 1);

	(void)state;
	memset(text, '3', n);
	text[1] = '.';
	assert_as_library(text);
	memset(text, '0', n);
	text[n - 1] = '5';
	assert_as_library(text);
	free(text);
}

static void a_scan_ends_where_the_number_ends(void **state)
{
	const char *text = "12.5e1 99";
	double v;

	(void)state;
	assert_ptr_equal(number_scan(text, text + strlen(text), &v), text + 6);
	assert_true(v == 125);
	assert_ptr_equal(number_scan(text, text + 3, &v), text + 3);
	assert_true(v == 12);
	text = "NaN";
	assert_null(number_scan(text, text + 3, &v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_and_awkward_numbers_are_exactly_rounded),
		cmocka_unit_test(a_million_random_numbers_agree_with_strtod),
		cmocka_unit_test(halves_between_doubles_go_to_the_even_one),
		cmocka_unit_test(words_are_taken_in_any_case),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(endless_digits_are_read),
		cmocka_unit_test(a_scan_ends_where_the_number_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
