/* SPDX-License-Identifier: Apache-2.0 */
/* One loop an operator, so that the compiler can put several steps into one instruction. */
#include "core/promql/arithmetic.h"

#include <math.h>

/* name, value of a and b */
#define COMPUTING(X)       \
	X(ADD, a + b)      \
	X(SUB, a - b)      \
	X(MUL, a *b)       \
	X(DIV, a / b)      \
	X(MOD, fmod(a, b)) \
	X(POW, pow(a, b))  \
	X(ATAN2, atan2(a, b))
#define COMPARING(X)  \
	X(EQ, a == b) \
	X(NE, a != b) \
	X(LE, a <= b) \
	X(LT, a < b)  \
	X(GE, a >= b) \
	X(GT, a > b)

typedef void loop(const double *left, const double *right, double *out, uint32_t n);

#define X(op, expression)                                                                          \
	static void scalars_##op(const double *left, const double *right, double *out, uint32_t n) \
	{                                                                                          \
		for (uint32_t i = 0; i < n; i++) {                                                 \
			double a = left[i], b = right[i];                                          \
                                                                                                   \
			out[i] = (expression);                                                     \
		}                                                                                  \
	}
COMPUTING(X)
COMPARING(X)
#undef X

static inline bool has_both(double a, double b)
{
	return !is_absent(a) && !is_absent(b);
}

#define X(op, expression)                                                                          \
	static void vectors_##op(const double *left, const double *right, double *out, uint32_t n) \
	{                                                                                          \
		for (uint32_t i = 0; i < n; i++) {                                                 \
			double a = left[i], b = right[i];                                          \
                                                                                                   \
			out[i] = has_both(a, b) ? (expression) : absent();                         \
		}                                                                                  \
	}
COMPUTING(X)
#undef X

#define X(op, condition)                                                                         \
	static void left_##op(const double *left, const double *right, double *out, uint32_t n)  \
	{                                                                                        \
		for (uint32_t i = 0; i < n; i++) {                                               \
			double a = left[i], b = right[i];                                        \
                                                                                                 \
			out[i] = has_both(a, b) && (condition) ? a : absent();                   \
		}                                                                                \
	}                                                                                        \
	static void right_##op(const double *left, const double *right, double *out, uint32_t n) \
	{                                                                                        \
		for (uint32_t i = 0; i < n; i++) {                                               \
			double a = left[i], b = right[i];                                        \
                                                                                                 \
			out[i] = has_both(a, b) && (condition) ? b : absent();                   \
		}                                                                                \
	}                                                                                        \
	static void bool_##op(const double *left, const double *right, double *out, uint32_t n)  \
	{                                                                                        \
		for (uint32_t i = 0; i < n; i++) {                                               \
			double a = left[i], b = right[i];                                        \
                                                                                                 \
			out[i] = has_both(a, b) ? (double)(condition) : absent();                \
		}                                                                                \
	}
COMPARING(X)
#undef X

static loop *const of_scalars[PROMQL_OPS] = {
#define X(op, expression) [PROMQL_##op] = scalars_##op,
	COMPUTING(X) COMPARING(X)
#undef X
};

static loop *const of_vectors[PROMQL_OPS][3] = {
#define X(op, expression) [PROMQL_##op] = { vectors_##op, vectors_##op, vectors_##op },
	COMPUTING(X)
#undef X
#define X(op, condition) [PROMQL_##op] = { left_##op, right_##op, bool_##op },
		COMPARING(X)
#undef X
};

void arithmetic_scalars(enum promql_op op, const double *left, const double *right, double *out,
	uint32_t n)
{
	of_scalars[op](left, right, out, n);
}

void arithmetic_vectors(struct arithmetic a, const double *left, const double *right, double *out,
	uint32_t n)
{
	of_vectors[a.op][a.result](left, right, out, n);
}
