/* SPDX-License-Identifier: Apache-2.0 */
/* arithmetic: operators on floats, one value or a step each. */
#ifndef CORE_PROMQL_ARITHMETIC_H
#define CORE_PROMQL_ARITHMETIC_H

#include "core/promql/eval.h"

static inline bool op_is_comparison(enum promql_op op)
{
	return op >= PROMQL_EQ && op <= PROMQL_GT;
}
static inline bool op_is_set(enum promql_op op)
{
	return op == PROMQL_OR || op == PROMQL_AND || op == PROMQL_UNLESS;
}

/* out[i] = left[i] op right[i] at every step, of scalars: comparisons give 0 or 1. */
void arithmetic_scalars(enum promql_op op, const double *left, const double *right, double *out,
	uint32_t n);

enum arithmetic_result {
	ARITHMETIC_KEEP_LEFT,  /* a comparison keeps the left value where it holds */
	ARITHMETIC_KEEP_RIGHT, /* the right one: a vector that a scalar is compared with */
	ARITHMETIC_BOOL,       /* 0 or 1 */
};
struct arithmetic {
	enum promql_op op;
	enum arithmetic_result result; /* of comparisons */
};
/* The same of vectors: absent where one of them is, or a comparison doesn't hold.  `out` may be one
 * of the inputs. */
void arithmetic_vectors(struct arithmetic a, const double *left, const double *right, double *out,
	uint32_t n);

#endif
