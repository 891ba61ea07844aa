/* SPDX-License-Identifier: Apache-2.0 */
/* pieces: series that come in pieces, put together. */
#ifndef CORE_PROMQL_PIECES_H
#define CORE_PROMQL_PIECES_H

#include "core/promql/eval.h"

/* In place of a stream: the same series, each whole, in the order in which they began.  All are
 * held.  RC_INPUT where two pieces share a step. */
enum rc pieces_joined(struct stream **s, struct err *e) MUST_USE;

/* A column that stays: labels, values and histograms copied. */
enum rc column_keep(struct eval *ev, const struct steps *steps, const struct column *c,
	struct column *ret, struct err *e) MUST_USE;
/* Put what `more` has into `into`; RC_INPUT where both have something. */
enum rc column_merge(struct eval *ev, const struct steps *steps, struct column *into,
	const struct column *more, struct err *e) MUST_USE;

struct column_list {
	struct column *v;
	uint32_t n, cap;
};
enum rc column_list_add(struct eval *ev, struct column_list *l, const struct column *c,
	struct err *e) MUST_USE;

#endif
