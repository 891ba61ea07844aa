/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number_text.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/series.h"

#include <float.h>
#include <inttypes.h>
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

/* ---- against the C library, digit by digit */

struct slow {
	char digits[40];
	int n;
	int exponent; /* of the first digit */
};

/* With so many digits: the nearest, or one beside it, since above a power of two doubles stand farther
 * apart than below.  False: none reads back. */
static bool reads_back(double v, int n, struct slow *ret)
{
	char text[64], *at = ret->digits;
	const int steps[] = { 0, 1, -1 };
	int64_t nearest;

	snprintf(text, sizeof text, "%.*e", n - 1, v);
	ret->n = n;
	ret->exponent = atoi(strchr(text, 'e') + 1);
	for (const char *c = text; *c != 'e'; c++)
		if (*c != '.')
			*at++ = *c;
	*at = '\0';
	nearest = strtoll(ret->digits, NULL, 10);
	for (int i = 0; i < 3; i++) {
		int64_t d = nearest + steps[i];

		snprintf(ret->digits, sizeof ret->digits, "%" PRId64, d);
		snprintf(text, sizeof text, "%" PRId64 "e%d", d, ret->exponent - n + 1);
		if (strtod(text, NULL) == v)
			return strlen(ret->digits) == (size_t)n;
	}
	return false;
}

static struct slow slow_of(double v)
{
	struct slow s;
	int n = 1;

	while (!reads_back(v, n, &s))
		n++;
	return s;
}

static void write_exponent(const struct slow *s, char *to)
{
	snprintf(to, NUMBER_TEXT_MAX, "%c%s%.*se%c%02d", s->digits[0], s->n > 1 ? "." : "",
		s->n - 1, s->digits + 1, s->exponent < 0 ? '-' : '+', abs(s->exponent));
}

static void write_plain(const struct slow *s, char *to)
{
	int last_digit = s->exponent - s->n + 1;
	int most = s->exponent > 0 ? s->exponent : 0, least = last_digit < 0 ? last_digit : 0;

	for (int power = most; power >= least; power--) {
		int i = s->exponent - power;

		if (power == -1)
			*to++ = '.';
		*to++ = i >= 0 && i < s->n ? s->digits[i] : '0';
	}
	*to = '\0';
}

static void check_form(double v, enum number_form form, bool has_exponent)
{
	struct slow s = slow_of(fabs(v));
	char wanted[NUMBER_TEXT_MAX] = "-";
	char *at = wanted + (signbit(v) ? 1 : 0);

	if (has_exponent)
		write_exponent(&s, at);
	else
		write_plain(&s, at);
	if (strcmp(text_of(v, form), wanted) != 0)
		fail_msg("%.17g in form %d: %s, not %s", v, (int)form, text_of(v, form), wanted);
}

static void check(double v)
{
	double a = fabs(v);

	if (!isfinite(v))
		return;
	check_form(v, NUMBER_PLAIN, false);
	check_form(v, NUMBER_SHORT, a != 0 && (a < 1e-4 || a >= 1e6));
	check_form(v, NUMBER_SAMPLE, a != 0 && (a < 1e-6 || a >= 1e21));
}

static void any_double_is_written_shortest(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (int i = 0; i < 3000; i++) {
		uint64_t bits = rng_next(&rng);

		check(double_of_bits(bits));
		check(ldexp(1, (int)(bits % 2000) - 1000));
		check(ldexp((double)(bits >> 11), -(int)(bits % 80))); /* of everyday's size */
	}
}

/* Its neighbours have as many digits as a double can need. */
static void check_with_neighbours(const char *text)
{
	double v = strtod(text, NULL);

	check(v);
	check(-v);
	check(double_of_bits(double_bits(v) + 1));
	if (v > 0)
		check(double_of_bits(double_bits(v) - 1));
}

static void decimals_are_written_as_they_were(void **state)
{
	struct rng rng;
	char text[64];

	(void)state;
	rng_seed(&rng, 8);
	for (int i = 0; i < 6000; i++) {
		uint64_t bits = rng_next(&rng);

		snprintf(text, sizeof text, "%" PRIu64 "e-%u", bits >> (8 + bits / 16 % 56),
			(unsigned)(bits % 13));
		check_with_neighbours(text);
	}
}

static void powers_of_ten_and_their_neighbours_are_written(void **state)
{
	char text[64];

	(void)state;
	for (int power = -30; power <= 30; power++)
		for (int near = 9990; near <= 10010; near++) {
			snprintf(text, sizeof text, "%de%d", near, power - 4);
			check_with_neighbours(text);
		}
}

static void check_whole(uint64_t v)
{
	char wanted[32], mine[NUMBER_WHOLE_MAX + 1];

	memset(mine, '#', sizeof mine);
	mine[number_text_whole(v, mine)] = '\0';
	snprintf(wanted, sizeof wanted, "%" PRIu64, v);
	assert_string_equal(mine, wanted);
}

static void whole_numbers_are_written_digit_by_digit(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 9);
	for (uint64_t power = 1, last = 0; power > last; last = power, power *= 10)
		for (uint64_t d = 0; d < 4; d++) {
			check_whole(power + d);
			check_whole(power - d);
		}
	check_whole(0);
	check_whole(UINT64_MAX);
	for (int i = 0; i < 100000; i++) {
		uint64_t bits = rng_next(&rng);

		check_whole(bits >> bits % 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_read_as_go_writes_them),
		cmocka_unit_test(any_double_is_written_shortest),
		cmocka_unit_test(decimals_are_written_as_they_were),
		cmocka_unit_test(powers_of_ten_and_their_neighbours_are_written),
		cmocka_unit_test(whole_numbers_are_written_digit_by_digit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
