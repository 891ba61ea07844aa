/* SPDX-License-Identifier: Apache-2.0 */
/* go_math: logarithms by Go's formulas, whose last digits people see: log10(1000) is
 * 2.9999999999999996.  https://cs.opensource.google/go/go/+/master:src/math/log10.go */
#ifndef CORE_PROMQL_GO_MATH_H
#define CORE_PROMQL_GO_MATH_H

#include <math.h>

static inline double go_log2(double v)
{
	int exponent;
	double fraction = frexp(v, &exponent);

	if (fraction == 0.5)
		return exponent - 1;
	return log(fraction) * (1 / M_LN2) + exponent;
}

static inline double go_log10(double v)
{
	return go_log2(v) * (M_LN2 / M_LN10);
}

#endif
