/* SPDX-License-Identifier: Apache-2.0 */
/* notation_private: what reads the pieces of a line; notation.c and notation_histogram.c. */
#ifndef CORE_PROMQL_NOTATION_PRIVATE_H
#define CORE_PROMQL_NOTATION_PRIVATE_H

#include "core/promql/notation.h"

struct notation_reader {
	const char *text; /* the whole line, for errors */
	const char *at;
	struct arena *arena;
	struct err *e;
};

/* "text:POSITION: expected WHAT" */
enum rc notation_unexpected(struct notation_reader *r, const char *what) MUST_USE;
enum rc notation_full(struct notation_reader *r) MUST_USE;
/* A decimal number, Inf or NaN, with its sign. */
enum rc notation_number(struct notation_reader *r, double *ret) MUST_USE;
/* {{...}}; `at` stands on it. */
enum rc notation_histogram(struct notation_reader *r, const struct histogram **ret) MUST_USE;

#endif
