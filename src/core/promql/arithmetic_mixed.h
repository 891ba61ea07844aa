/* SPDX-License-Identifier: Apache-2.0 */
/* arithmetic_mixed: operators where one of the sides has histograms. */
#ifndef CORE_PROMQL_ARITHMETIC_MIXED_H
#define CORE_PROMQL_ARITHMETIC_MIXED_H

#include "core/promql/arithmetic.h"
#include "core/promql/histogram_sum.h"

struct mixing {
	struct eval *eval;
	const struct promql_node *node;
	const struct steps *steps;
	struct arena results; /* of the series at hand */
	struct histogram_sum left, right;
	double *v;
	const struct histogram **h;
	uint8_t *mistakes; /* the last one of each step */
};

enum rc mixing_make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct mixing **ret, struct err *e) MUST_USE;
struct mixed_pair {
	struct arithmetic arithmetic;
	const struct column *left, *right;
};
/* The same as arithmetic_vectors() of columns; `v` and `h` are set in `ret`, until the next call. */
enum rc mixing_apply(struct mixing *m, const struct mixed_pair *pair, struct column *ret,
	struct err *e) MUST_USE;
enum rc mixing_negate(struct mixing *m, struct column *c, struct err *e) MUST_USE;
/* When all series were: note what had no result. */
void mixing_tell(const struct mixing *m);

#endif
