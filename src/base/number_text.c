/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schubfach: Raffaello Giulietti, The Schubfach way to render doubles, 2021.  Among the decimals
 * within the interval that rounds to the double, the shortest, and of these the nearest; found
 * with three products by a power of ten of 128 bits.  Names follow the paper: the double is
 * c * 2^q, its neighbours' midpoints are cbl and cbr (times four), the decimal is s * 10^k.
 */
#include "base/number_text.h"

#include "base/number.h"
#include "base/series.h"
#include "src/base/powers_of_five.h" /* made by powers_of_five.py */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIGNIFICAND_BITS 52
#define SIGNIFICAND_MASK ((UINT64_C(1) << SIGNIFICAND_BITS) - 1)
#define EXPONENT_BIAS    1075

struct shortest {
	uint64_t digits; /* at most 17 of them, the last is not zero; 0 only for zero */
	int power;       /* of ten */
};

/* Floors of logarithms by fixed-point constants, exact in the range of doubles' exponents. */
static int floor_log10_pow2(int q)
{
	return (q * 1262611) >> 22;
}
static int floor_log10_three_quarters_pow2(int q)
{
	return (q * 1262611 - 524031) >> 22;
}
static int floor_log2_pow10(int k)
{
	return (k * 1741647) >> 19;
}

/* 10^k scaled to 128 bits and rounded up; the table's is cut off but for what is exact. */
static unsigned __int128 power_of_ten(int k)
{
	const uint64_t *g = powers_of_five[k - POWER_FIRST];
	bool is_rounded = k < -27 || k > 55;

	return ((unsigned __int128)g[0] << 64 | g[1]) + is_rounded;
}

/* The upper bits of g * cp, the last one set when anything was cut off. */
static uint64_t round_to_odd(unsigned __int128 g, uint64_t cp)
{
	uint64_t x = (uint64_t)(((unsigned __int128)(uint64_t)g * cp) >> 64);
	unsigned __int128 y = (unsigned __int128)(uint64_t)(g >> 64) * cp + x;

	return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

struct bounds {
	uint64_t low, middle, high; /* four times the decimals' unit */
};

/* Of s and s + 1, which lies inside, or else is nearer. */
static uint64_t nearer(const struct bounds *b)
{
	uint64_t s = b->middle / 4, halfway = 4 * s + 2;
	bool is_low_inside = b->low <= 4 * s, is_high_inside = 4 * s + 4 <= b->high;

	if (is_low_inside != is_high_inside)
		return s + is_high_inside;
	return s + (b->middle > halfway || (b->middle == halfway && (s & 1)));
}

static struct shortest schubfach(uint64_t c, int q, bool is_lower_closer)
{
	bool is_odd = c & 1; /* the interval's ends round to an even double */
	int k = is_lower_closer ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
	int h = q + floor_log2_pow10(-k) + 1;
	unsigned __int128 g = power_of_ten(-k);
	struct bounds b = {
		.low = round_to_odd(g, (4 * c - 2 + is_lower_closer) << h) + is_odd,
		.middle = round_to_odd(g, (4 * c) << h),
		.high = round_to_odd(g, (4 * c + 2) << h) - is_odd,
	};
	uint64_t tens = b.middle / 40;
	bool is_low_inside = b.low <= 40 * tens, is_high_inside = 40 * tens + 40 <= b.high;

	if (b.middle >= 40 && is_low_inside != is_high_inside)
		return (struct shortest){ tens + is_high_inside, k + 1 };
	return (struct shortest){ nearer(&b), k };
}

/* Below 10^-290 the table ends; who has such numbers can wait for the C library. */
static struct shortest by_library(double v)
{
	char text[40];
	struct shortest d = { 0 };
	double again = 0;
	int digits = 0;

	do {
		snprintf(text, sizeof text, "%.*e", digits++, v);
		if (number_parse(text, strlen(text), &again) != NUMBER_OK)
			break;
	} while (again != v && digits <= 17);
	for (const char *c = text; *c && *c != 'e'; c++)
		if (*c >= '0' && *c <= '9')
			d.digits = d.digits * 10 + (uint64_t)(*c - '0');
	d.power = atoi(strchr(text, 'e') + 1) - (digits - 1);
	return d;
}

static struct shortest shortest_of(double v)
{
	uint64_t bits = double_bits(v), fraction = bits & SIGNIFICAND_MASK;
	int exponent = (int)(bits >> SIGNIFICAND_BITS);
	uint64_t c = fraction | UINT64_C(1) << SIGNIFICAND_BITS;
	struct shortest d;

	if (v < 1e-290)
		d = by_library(v);
	else if (exponent <= EXPONENT_BIAS && exponent > EXPONENT_BIAS - SIGNIFICAND_BITS - 1 &&
		 !(c & ((UINT64_C(1) << (EXPONENT_BIAS - exponent)) - 1)))
		d = (struct shortest){ c >> (EXPONENT_BIAS - exponent), 0 }; /* a whole number */
	else
		d = schubfach(c, exponent - EXPONENT_BIAS, fraction == 0 && exponent > 1);
	for (; d.digits % 10 == 0; d.power++)
		d.digits /= 10;
	return d;
}

/* ---- as text */

#define WHOLE_BELOW \
	1e15 /* all of them are doubles, and no form but NUMBER_SHORT has an exponent there */

static const char pairs[] = "00010203040506070809"
			    "10111213141516171819"
			    "20212223242526272829"
			    "30313233343536373839"
			    "40414243444546474849"
			    "50515253545556575859"
			    "60616263646566676869"
			    "70717273747576777879"
			    "80818283848586878889"
			    "90919293949596979899";

size_t number_text_whole(uint64_t v, char ret[NUMBER_WHOLE_MAX])
{
	char text[NUMBER_WHOLE_MAX], *end = text + sizeof text, *at = end;

	for (; v >= 100; v /= 100)
		memcpy(at -= 2, pairs + 2 * (v % 100), 2);
	if (v >= 10)
		memcpy(at -= 2, pairs + 2 * v, 2);
	else
		*--at = (char)('0' + v);
	memcpy(ret, at, (size_t)(end - at));
	return (size_t)(end - at);
}

struct digits {
	char s[20];
	int n;
	int point; /* the decimal point stands before this digit: 0.123 has 0, 12.3 has 2 */
};

static struct digits digits_of(double v)
{
	struct digits d = { .s = "0", .n = 1, .point = 1 };
	struct shortest shortest;
	char reversed[20];

	if (v == 0)
		return d;
	shortest = shortest_of(v);
	d.n = 0;
	for (uint64_t rest = shortest.digits; rest; rest /= 10)
		reversed[d.n++] = (char)('0' + rest % 10);
	for (int i = 0; i < d.n; i++)
		d.s[i] = reversed[d.n - 1 - i];
	d.point = d.n + shortest.power;
	return d;
}

static size_t put_plain(const struct digits *d, char *to)
{
	char *at = to;

	for (int i = 0; i < d->point; i++)
		*at++ = i < d->n ? d->s[i] : '0';
	if (d->point <= 0)
		*at++ = '0';
	if (d->n > d->point)
		*at++ = '.';
	for (int i = d->point; i < d->n; i++)
		*at++ = i < 0 ? '0' : d->s[i];
	return (size_t)(at - to);
}

static size_t put_exponent(const struct digits *d, char *to)
{
	int exponent = d->point - 1;
	char *at = to;

	*at++ = d->s[0];
	if (d->n > 1)
		*at++ = '.';
	for (int i = 1; i < d->n; i++)
		*at++ = d->s[i];
	*at++ = 'e';
	*at++ = exponent < 0 ? '-' : '+';
	exponent = abs(exponent);
	if (exponent >= 100)
		*at++ = (char)('0' + exponent / 100);
	*at++ = (char)('0' + exponent / 10 % 10);
	*at++ = (char)('0' + exponent % 10);
	return (size_t)(at - to);
}

/* Where plain digits end and exponents begin: by the power of ten of the first digit. */
static const struct {
	int least, most;
} plain[] = {
	[NUMBER_PLAIN] = { -400, 400 },
	[NUMBER_SHORT] = { -4, 5 },
	[NUMBER_SAMPLE] = { -6, 20 },
};

size_t number_text(double v, enum number_form form, char ret[NUMBER_TEXT_MAX])
{
	struct digits d;
	size_t n = 0;
	int exponent;

	if (isnan(v) || isinf(v)) {
		strcpy(ret, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
		return strlen(ret);
	}
	if (signbit(v))
		ret[n++] = '-';
	if (form != NUMBER_SHORT && fabs(v) < WHOLE_BELOW && fabs(v) == (double)(uint64_t)fabs(v)) {
		n += number_text_whole((uint64_t)fabs(v), ret + n);
		ret[n] = '\0';
		return n;
	}
	d = digits_of(fabs(v));
	exponent = d.point - 1;
	if (exponent < plain[form].least || exponent > plain[form].most)
		n += put_exponent(&d, ret + n);
	else
		n += put_plain(&d, ret + n);
	ret[n] = '\0';
	return n;
}
