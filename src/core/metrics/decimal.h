/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decimal: doubles that are decimal numbers of few digits, as the integers that they really are.
 *
 * Nearly every metric is read from a text such as "40512.37", so that its double is the one nearest
 * to an integer divided by a power of ten.  `digits` over 10^exp is such a number when dividing
 * gives the double back, bit for bit; since 10^exp is exact up to 10^22 and |digits| below 2^51,
 * one correctly rounded division does.  -0, NaN and infinities are no decimals.
 * The idea is from Afroozeh, Kuffó, Boncz: ALP: Adaptive Lossless floating-Point Compression, 2023,
 * which multiplies; dividing makes every decimal of up to 15 digits exact.
 */
#ifndef CORE_METRICS_DECIMAL_H
#define CORE_METRICS_DECIMAL_H

#include "base/series.h"

#define DECIMAL_EXP_MAX 22
#define DECIMAL_LIMIT   0x1p51

extern const double decimal_power[DECIMAL_EXP_MAX + 1]; /* 10^0 ... 10^22 */

/* Between integers below DECIMAL_LIMIT and doubles without the conversions that older vector units
 * lack: added to this, an integer stands in the low bits of the sum. */
#define DECIMAL_MAGIC 0x1.8p52

static inline double decimal_of_digits(int64_t digits)
{
	return double_of_bits(double_bits(DECIMAL_MAGIC) + (uint64_t)digits) - DECIMAL_MAGIC;
}
static inline int64_t decimal_digits(double v, unsigned exp) /* |v * 10^exp| is below the limit */
{
	return (int64_t)(double_bits(v * decimal_power[exp] + DECIMAL_MAGIC) -
			 double_bits(DECIMAL_MAGIC));
}

static inline double decimal_value(int64_t digits, unsigned exp)
{
	return decimal_of_digits(digits) / decimal_power[exp];
}

/* Whether v is digits / 10^exp with this very `exp`. */
static inline bool decimal_is(double v, unsigned exp, int64_t *ret_digits)
{
	double scaled = v * decimal_power[exp];
	int64_t digits = decimal_digits(v, exp);

	if (!(scaled < DECIMAL_LIMIT && scaled > -DECIMAL_LIMIT) ||
		double_bits(decimal_value(digits, exp)) != double_bits(v))
		return false;
	*ret_digits = digits;
	return true;
}

struct decimal {
	int64_t digits;
	unsigned exp; /* the smallest that does */
};

/* Whether v is a decimal of at most 15 digits, or any integer below 2^51. */
bool decimal_find(double v, struct decimal *ret);

#endif
