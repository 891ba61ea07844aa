/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most numbers of monitoring are whole, or were decimals of a few digits; those are found by asking.
 * A decimal of at most 15 digits reads back as a double that no other such decimal reads back as
 * (DBL_DIG): so the one that does is the shortest.
 *
 * The rest by Schubfach: Raffaello Giulietti, The Schubfach way to render doubles, 2021.  Among the decimals
 * within the interval that rounds to the double, the shortest, and of these the nearest; found
 * with three products by a power of ten of 128 bits.  Names follow the paper: the double is
 * c * 2^q, its neighbours' midpoints are cbl and cbr (times four), the decimal is s * 10^k.
 *
 * Digits become text sixteen at once, in registers: a byte each, the first one lowest.
 */
#include "base/number_text.h"

#include "base/number.h"
#include "base/series.h"
#include "src/base/powers_of_five.h" /* made by powers_of_five.py */

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIGNIFICAND_BITS 52
#define SIGNIFICAND_MASK ((UINT64_C(1) << SIGNIFICAND_BITS) - 1)
#define EXPONENT_BIAS    1075

struct shortest {
	uint64_t digits; /* at most 17 of them; below 2^53 * 10 */
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

#define FEW_DIGITS 1e15 /* all below are of at most 15 */

/* Was it a decimal with that many places?  The product is off by less than a half, and the quotient
 * is rounded as a reader rounds. */
static bool has_places(double v, double scale, int places, struct shortest *ret)
{
	double scaled = v * scale;
	int64_t digits;

	if (!(scaled < FEW_DIGITS))
		return false;
	digits = (int64_t)(scaled + 0.5);
	*ret = (struct shortest){ (uint64_t)digits, -places };
	return (double)digits / scale == v;
}

static struct shortest shortest_of(double v)
{
	uint64_t bits = double_bits(v), fraction = bits & SIGNIFICAND_MASK;
	int exponent = (int)(bits >> SIGNIFICAND_BITS);
	uint64_t c = fraction | UINT64_C(1) << SIGNIFICAND_BITS;
	struct shortest d;

	if (has_places(v, 1e3, 3, &d) || has_places(v, 1e9, 9, &d))
		return d;
	if (v < 1e-290)
		return by_library(v);
	if (exponent <= EXPONENT_BIAS && exponent > EXPONENT_BIAS - SIGNIFICAND_BITS - 1 &&
		!(c & ((UINT64_C(1) << (EXPONENT_BIAS - exponent)) - 1)))
		return (struct shortest){ c >> (EXPONENT_BIAS - exponent), 0 }; /* a whole number */
	return schubfach(c, exponent - EXPONENT_BIAS, fraction == 0 && exponent > 1);
}

/* ---- digits, a byte each */

#define SIXTEEN_DIGITS UINT64_C(10000000000000000)
#define EIGHT_DIGITS   100000000
#define ZEROS          UINT64_C(0x3030303030303030) /* as text */

/* Of a number of at most eight, zeros in front.  All of them are divided at once: into halves of
 * four, of two, of one, each by a product and a shift that are exact for so few digits. */
static uint64_t eight_digits(uint32_t v)
{
	uint64_t halves = v / 10000 | (uint64_t)(v % 10000) << 32;
	uint64_t tops = (halves * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
	uint64_t pairs = tops | (halves - 100 * tops) << 16;

	tops = (pairs * 103 >> 10) & UINT64_C(0x000f000f000f000f);
	return tops | (pairs - 10 * tops) << 8;
}

static unsigned __int128 sixteen_digits(uint64_t v)
{
	return eight_digits((uint32_t)(v / EIGHT_DIGITS)) |
	       (unsigned __int128)eight_digits((uint32_t)(v % EIGHT_DIGITS)) << 64;
}

/* A digit each; the number isn't zero. */
static unsigned leading_zeros(unsigned __int128 row)
{
	uint64_t low = (uint64_t)row;

	return low ? (unsigned)__builtin_ctzll(low) / 8
		   : 8 + (unsigned)__builtin_ctzll((uint64_t)(row >> 64)) / 8;
}

/* Until the last that isn't zero. */
static unsigned count_digits(unsigned __int128 row)
{
	uint64_t low = (uint64_t)row, high = (uint64_t)(row >> 64);

	if (high)
		return 16 - (unsigned)__builtin_clzll(high) / 8;
	return low ? 8 - (unsigned)__builtin_clzll(low) / 8 : 0;
}

/* Writes all sixteen, however many are meant. */
static void put_row(char *to, unsigned __int128 row)
{
	uint64_t low = htole64((uint64_t)row | ZEROS);
	uint64_t high = htole64((uint64_t)(row >> 64) | ZEROS);

	memcpy(to, &low, sizeof low);
	memcpy(to + sizeof low, &high, sizeof high);
}

/* ---- as text */

static size_t put_few(uint32_t v, char *to)
{
	uint64_t row = eight_digits(v);
	unsigned zeros = (unsigned)__builtin_ctzll(row) / 8;

	row = htole64((row | ZEROS) >> 8 * zeros);
	memcpy(to, &row, sizeof row);
	return 8 - zeros;
}

size_t number_text_whole(uint64_t v, char ret[NUMBER_WHOLE_MAX])
{
	unsigned __int128 row;
	unsigned zeros;
	size_t n;

	if (v < 10) {
		ret[0] = (char)('0' + v);
		return 1;
	}
	if (v < EIGHT_DIGITS)
		return put_few((uint32_t)v, ret);
	if (v >= SIXTEEN_DIGITS) {
		n = number_text_whole(v / SIXTEEN_DIGITS, ret);
		put_row(ret + n, sixteen_digits(v % SIXTEEN_DIGITS));
		return n + 16;
	}
	row = sixteen_digits(v);
	zeros = leading_zeros(row);
	put_row(ret, row >> 8 * zeros);
	return 16 - zeros;
}

struct digits {
	unsigned __int128 rest; /* behind the first one: a row, zeros at its end */
	unsigned n_rest;        /* without those */
	int exponent;           /* the first one's power of ten */
	char first;
};

/* Of any but zero. */
static struct digits digits_of(struct shortest v)
{
	uint64_t first = v.digits / SIXTEEN_DIGITS;
	unsigned __int128 row = sixteen_digits(v.digits % SIXTEEN_DIGITS);
	unsigned zeros;
	struct digits d = { .rest = row, .exponent = v.power + 16 };

	if (!first) {
		zeros = leading_zeros(row);
		row >>= 8 * zeros;
		first = (uint64_t)row & 15;
		d.rest = row >> 8;
		d.exponent -= (int)zeros + 1;
	}
	d.first = (char)('0' + first);
	d.n_rest = count_digits(d.rest);
	return d;
}

static size_t put_fraction(const struct digits *d, char *to)
{
	size_t zeros = (size_t)-d->exponent; /* with the one before the point */

	memcpy(to, "0.000000", 8);
	if (zeros > 7)
		memset(to + 8, '0', zeros - 7);
	to[1 + zeros] = d->first;
	put_row(to + 2 + zeros, d->rest);
	return 2 + zeros + d->n_rest;
}

static size_t put_plain(const struct digits *d, char *to)
{
	unsigned whole = (unsigned)d->exponent; /* digits behind the first and before the point */

	if (d->exponent < 0)
		return put_fraction(d, to);
	*to++ = d->first;
	put_row(to, d->rest);
	if (whole > 16)
		memset(to + 16, '0', whole - 16);
	if (whole >= d->n_rest)
		return 1 + whole;
	to[whole] = '.';
	put_row(to + whole + 1, d->rest >> 8 * whole);
	return 2 + d->n_rest;
}

static size_t put_exponent(const struct digits *d, char *to)
{
	int exponent = abs(d->exponent);
	char *at = to;

	*at++ = d->first;
	if (d->n_rest)
		*at++ = '.';
	put_row(at, d->rest);
	at += d->n_rest;
	*at++ = 'e';
	*at++ = d->exponent < 0 ? '-' : '+';
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

static size_t put_finite(double v, enum number_form form, char *to)
{
	struct digits d;

	if (v == 0 || (form != NUMBER_SHORT && v < FEW_DIGITS && v == (double)(int64_t)v))
		return number_text_whole((uint64_t)v, to);
	d = digits_of(shortest_of(v));
	if (d.exponent < plain[form].least || d.exponent > plain[form].most)
		return put_exponent(&d, to);
	return put_plain(&d, to);
}

size_t number_text(double v, enum number_form form, char ret[NUMBER_TEXT_MAX])
{
	size_t n = 0;

	if (!isfinite(v)) {
		strcpy(ret, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
		return strlen(ret);
	}
	if (signbit(v))
		ret[n++] = '-';
	n += put_finite(fabs(v), form, ret + n);
	ret[n] = '\0';
	return n;
}
