/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three ways, each exact.  Up to 2^53 with a power of ten that is a double itself: one operation,
 * which rounds once (Clinger 1990).  Up to 19 digits: the digits times a 128-bit power of five
 * (Lemire 2021; no case is left over: Mushtak and Lemire 2023).  More digits: the same for the
 * digits cut off after 19, and for one more; when both round to the same double that is it.  What
 * remains, subnormal numbers and the rarest ties, is strtod's.
 */
#include "base/number.h"

#include "base/mem.h"
#include "base/series.h"
#include "src/base/powers_of_five.h" /* made by powers_of_five.py */

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define DIGITS_MAX       19 /* that always fit into 64 bits */
#define EXACT_POWER      22 /* 10^22 is the last power of ten that is a double */
#define EXACT_DIGITS     (UINT64_C(1) << 53)
#define EXPONENT_MAX     100000 /* beyond, a number is zero or infinite whatever its digits */
#define SIGNIFICAND_BITS 52

struct decimal {
	uint64_t digits; /* the first 19 that count */
	int32_t power;   /* of ten */
	bool is_negative;
	bool is_cut; /* there were more than 19 */
};

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* Digits at `s`, onto *digits, which is right as long as there are DIGITS_MAX in all; returns where
 * they end. */
static inline const char *add_digits(const char *s, const char *end, uint64_t *digits)
{
	uint64_t v = *digits;

	for (; s < end && is_digit(*s); s++)
		v = v * 10 + (uint64_t)(*s - '0');
	*digits = v;
	return s;
}

/* All digits from `s` to `end`, and maybe a point, which are more than fit. */
static void add_many_digits(const char *s, const char *end, struct decimal *d)
{
	uint32_t n = 0; /* without zeros in front */

	d->digits = 0;
	for (; s < end; s++) {
		if (*s == '.')
			continue;
		if (n < DIGITS_MAX) {
			d->digits = d->digits * 10 + (uint64_t)(*s - '0');
			n += d->digits != 0;
		} else {
			d->is_cut |= *s != '0';
			d->power++;
		}
	}
}

/* "e-05"; NULL when an exponent begins and has no digits. */
static const char *take_exponent(const char *s, const char *end, int32_t *ret)
{
	bool is_negative = false;
	int32_t exponent = 0;
	const char *first;

	if (s == end || (*s != 'e' && *s != 'E'))
		return s;
	s++;
	if (s < end && (*s == '+' || *s == '-'))
		is_negative = *s++ == '-';
	for (first = s; s < end && is_digit(*s); s++)
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (*s - '0');
	*ret += is_negative ? -exponent : exponent;
	return s == first ? NULL : s;
}

/* "-12.50e3"; NULL when it isn't one, or too long to be counted. */
static const char *take_decimal(const char *s, const char *end, struct decimal *ret)
{
	struct decimal d = { 0 };
	const char *first, *point;
	ptrdiff_t n;

	if (s < end && (*s == '-' || *s == '+'))
		d.is_negative = *s++ == '-';
	first = s;
	s = add_digits(s, end, &d.digits);
	n = s - first;
	if (s < end && *s == '.') {
		point = s++;
		s = add_digits(s, end, &d.digits);
		n = s - first - 1;
		d.power = (int32_t)(point + 1 - s);
	}
	if (n == 0 || n > EXPONENT_MAX)
		return NULL;
	if (n > DIGITS_MAX)
		add_many_digits(first, s, &d);
	s = take_exponent(s, end, &d.power);
	*ret = d;
	return s;
}

static double with_sign(double v, bool is_negative)
{
	return is_negative ? -v : v;
}

/* digits * 10^power, rounded to even; false when the result is subnormal, or zero, or infinite. */
static bool round_product(uint64_t digits, int32_t power, double *ret)
{
	const uint64_t mask = UINT64_MAX >> (SIGNIFICAND_BITS + 3);
	int zeros = __builtin_clzll(digits), exponent;
	const uint64_t *five;
	unsigned __int128 product;
	uint64_t high, low, significand;
	unsigned top;

	if (power < POWER_FIRST || power > POWER_LAST)
		return false;
	five = powers_of_five[power - POWER_FIRST];
	digits <<= zeros;
	product = (unsigned __int128)digits * five[0];
	if (((uint64_t)(product >> 64) & mask) == mask)
		product += (uint64_t)(((unsigned __int128)digits * five[1]) >> 64);
	high = (uint64_t)(product >> 64);
	low = (uint64_t)product;
	top = (unsigned)(high >> 63);
	significand = high >> (top + 64 - SIGNIFICAND_BITS - 3);
	/* floor(log2(10^power)) is (217706 * power) >> 16 in this range. */
	exponent = ((217706 * power) >> 16) + 63 + (int)top - zeros + 1023;
	if (exponent <= 0 || exponent >= 2046)
		return false;
	/* Exactly between two doubles, which only these powers can be: down to the even one. */
	if (low <= 1 && power >= -4 && power <= 23 && (significand & 3) == 1 &&
		significand << (top + 64 - SIGNIFICAND_BITS - 3) == high)
		significand &= ~UINT64_C(1);
	significand = (significand + (significand & 1)) >> 1;
	if (significand >> (SIGNIFICAND_BITS + 1)) {
		significand >>= 1;
		exponent++;
	}
	significand &= (UINT64_C(1) << SIGNIFICAND_BITS) - 1;
	*ret = double_of_bits((uint64_t)exponent << SIGNIFICAND_BITS | significand);
	return true;
}

/* False: strtod has to say. */
static bool round_decimal(const struct decimal *d, double *ret)
{
	static const double tens[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	double v, next;

	if (d->digits <= EXACT_DIGITS && !d->is_cut && d->power >= -EXACT_POWER &&
		d->power <= EXACT_POWER) {
		v = (double)d->digits;
		v = d->power < 0 ? v / tens[-d->power] : v * tens[d->power];
	} else if (d->digits == 0) {
		v = 0;
	} else if (!round_product(d->digits, d->power, &v)) {
		return false;
	} else if (d->is_cut) {
		if (!round_product(d->digits + 1, d->power, &next) || next != v)
			return false;
	}
	*ret = with_sign(v, d->is_negative);
	return true;
}

const char *number_scan(const char *s, const char *end, double *ret)
{
	struct decimal d;

	s = take_decimal(s, end, &d);
	return s && round_decimal(&d, ret) ? s : NULL;
}

/* Inf, infinity and NaN, which has no sign. */
static bool take_word(const char *s, size_t n, double *ret)
{
	bool has_sign = *s == '-' || *s == '+', is_negative = *s == '-';

	if (n == 3 && strncasecmp(s, "nan", 3) == 0) {
		*ret = double_of_bits(PLAIN_NAN_BITS);
		return true;
	}
	s += has_sign;
	n -= has_sign;
	if (!(n == 3 && strncasecmp(s, "inf", 3) == 0) &&
		!(n == 8 && strncasecmp(s, "infinity", 8) == 0))
		return false;
	*ret = with_sign(INFINITY, is_negative);
	return true;
}

/* Only after its characters were found to be a decimal number: strtod takes more than that. */
static double ask_library(const char *s, size_t n)
{
	char near[128], *copy = n < sizeof near ? near : must_alloc(n + 1), *point;
	double v;

	memcpy(copy, s, n);
	copy[n] = '\0';
	point = strchr(copy, '.');
	if (point) /* a library may have called setlocale() */
		*point = *localeconv()->decimal_point;
	v = strtod(copy, NULL);
	if (copy != near)
		free(copy);
	return v;
}

/* All characters, however many, are those of a decimal number. */
static bool is_decimal(const char *s, const char *end)
{
	const char *first;
	ptrdiff_t n;

	s += *s == '-' || *s == '+';
	for (first = s; s < end && is_digit(*s);)
		s++;
	n = s - first;
	if (s < end && *s == '.') {
		for (first = ++s; s < end && is_digit(*s);)
			s++;
		n += s - first;
	}
	if (n == 0)
		return false;
	s = take_exponent(s, end, &(int32_t){ 0 });
	return s == end;
}

enum number_fault number_parse(const char *s, size_t n, double *ret)
{
	const char *end = s + n;
	double v;

	if (n == 0)
		return NUMBER_SYNTAX;
	if (number_scan(s, end, &v) == end || take_word(s, n, &v)) {
		*ret = v;
		return NUMBER_OK;
	}
	if (!is_decimal(s, end))
		return NUMBER_SYNTAX;
	v = ask_library(s, n);
	if (isinf(v))
		return NUMBER_RANGE;
	*ret = v;
	return NUMBER_OK;
}
