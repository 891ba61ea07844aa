/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/decimal.h"

#include <math.h>

const double decimal_power[DECIMAL_EXP_MAX + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8,
	1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/* The exponent that makes fifteen digits of v, or fourteen: log10(v) is known from log2(v). */
static int widest_exp(double v)
{
	int log2_v = (int)(double_bits(v) >> 52 & 0x7ff) - 1023;
	int log10_v = log2_v * 1233 >> 12; /* rounded down; 1233 / 4096 is just above log10(2) */

	return 14 - log10_v;
}

bool decimal_find(double v, struct decimal *ret)
{
	int64_t digits;
	int exp;

	if (decimal_is(v, 0, &digits)) {
		*ret = (struct decimal){ digits, 0 };
		return true;
	}
	exp = widest_exp(v);
	if (exp <= 0)
		return false;
	if (exp > DECIMAL_EXP_MAX)
		exp = DECIMAL_EXP_MAX;
	if (!decimal_is(v, (unsigned)exp, &digits))
		return false;
	while (exp > 0 && digits % 10 == 0) {
		digits /= 10;
		exp--;
	}
	*ret = (struct decimal){ digits, (unsigned)exp };
	return true;
}
