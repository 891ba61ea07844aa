/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number_text.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/series.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *text_of(double v, enum number_form form)
{
	static char text[NUMBER_TEXT_MAX];

	size_t n = number_text(v, form, text);

	assert_int_equal(n, strlen(text));
	return text;
}

static void numbers_read_as_go_writes_them(void **state)
{
	(void)state;
	assert_string_equal(text_of(0, NUMBER_SAMPLE), "0");
	assert_string_equal(text_of(-0.0, NUMBER_SAMPLE), "-0");
	assert_string_equal(text_of(1000000, NUMBER_SAMPLE), "1000000");
	assert_string_equal(text_of(1000000, NUMBER_SHORT), "1e+06");
	assert_string_equal(text_of(123456.5, NUMBER_SHORT), "123456.5");
	assert_string_equal(text_of(123456789, NUMBER_SHORT), "1.23456789e+08");
	assert_string_equal(text_of(1e21, NUMBER_SAMPLE), "1e+21");
	assert_string_equal(text_of(1e20, NUMBER_SAMPLE), "100000000000000000000");
	assert_string_equal(text_of(1e-6, NUMBER_SAMPLE), "0.000001");
	assert_string_equal(text_of(1.5e-7, NUMBER_SAMPLE), "1.5e-07");
	assert_string_equal(text_of(0.00001, NUMBER_SHORT), "1e-05");
	assert_string_equal(text_of(1e-7, NUMBER_PLAIN), "0.0000001");
	assert_string_equal(text_of(0.1 + 0.2, NUMBER_SAMPLE), "0.30000000000000004");
	assert_string_equal(text_of(DBL_MAX, NUMBER_SHORT), "1.7976931348623157e+308");
	assert_string_equal(text_of(5e-324, NUMBER_SHORT), "5e-324");
	assert_string_equal(text_of(NAN, NUMBER_SHORT), "NaN");
	assert_string_equal(text_of(-INFINITY, NUMBER_SAMPLE), "-Inf");
	assert_int_equal(strlen(text_of(-5e-324, NUMBER_PLAIN)), 327);
}

/* Without the point, and the zeros outside. */
static int count_digits(const char *text)
{
	int n = 0, zeros = 0;

	for (; *text && *text != 'e'; text++) {
		if (*text == '.' || (n == 0 && *text == '0'))
			continue;
		n++;
		zeros = *text == '0' ? zeros + 1 : 0;
	}
	return n - zeros;
}

/* The digits of %.{n}e, for the least n that reads back. */
static void check_shortest(double v)
{
	char wanted[40], plain[64];
	double mine = strtod(text_of(v, NUMBER_SHORT), NULL);
	int digits = -1;

	if (double_bits(mine) != double_bits(v))
		fail_msg("%.17g reads back as %.17g", v, mine);
	do
		snprintf(wanted, sizeof wanted, "%.*e", ++digits, v);
	while (strtod(wanted, NULL) != v);
	snprintf(plain, sizeof plain, "%.*e", digits, mine);
	if (strcmp(plain, wanted) != 0)
		fail_msg("%.17g: %s, not %s", v, plain, wanted);
	if (count_digits(text_of(fabs(v), NUMBER_SHORT)) > digits + 1)
		fail_msg("%.17g: %s", v, text_of(v, NUMBER_SHORT));
}

static void any_double_is_written_shortest_and_reads_back(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (int i = 0; i < 30000; i++) {
		uint64_t bits = rng_next(&rng);
		double v = double_of_bits(bits);

		if (isfinite(v))
			check_shortest(v);
		check_shortest((double)(bits >> 40) / 1000);
		check_shortest(ldexp(1, (int)(bits % 2000) - 1000));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_read_as_go_writes_them),
		cmocka_unit_test(any_double_is_written_shortest_and_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
