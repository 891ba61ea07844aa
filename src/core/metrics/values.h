/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values: up to 256 doubles as bytes, every bit of them, made to be decoded fast.
 *
 * Doubles of metrics are integers in disguise more often than not: v = f(digits).  A vector tells
 * which disguise and has the digits as a vector of ints.h.
 *
 *	ints     digits; the tag is one of VALUES_..., with VALUES_SPECIAL or without
 *	u8       exp                             VALUES_QUOTIENT, _PRODUCT and _NEAR
 *	bits     n numbers of 2 bits, ulps + 1   VALUES_NEAR
 *	u8       number of specials - 1          with VALUES_SPECIAL
 *	bytes    of each its place
 *	u64      of each its bits
 *
 *	VALUES_INTEGER   v = digits
 *	VALUES_QUOTIENT  v = digits / 10^exp, what reading a decimal from a text gives (decimal.h)
 *	VALUES_PRODUCT   v = digits * 10^-exp, what programs make of milliseconds
 *	VALUES_NEAR      the quotient, and as many steps to the neighbouring double as `ulps` says
 *	VALUES_BITS      the bits of v, those of negative numbers turned so that order is kept
 *
 * Specials stand for what is no number among such that are: a stale mark, NaN, infinities, -0.
 */
#ifndef CORE_METRICS_VALUES_H
#define CORE_METRICS_VALUES_H

#include "core/metrics/ints.h"

#define VALUES_MAX       INTS_MAX
#define VALUES_BYTES_MAX (INTS_BYTES_MAX + 2 + VALUES_MAX * 9)

/* What the encoder remembers from one vector of a series to the next: where to look first. */
struct values_hint {
	unsigned exp;
};

/* As ints_encode() and ints_decode(), with VALUES_BYTES_MAX. */
unsigned values_encode(const double *v, unsigned n, struct values_hint *hint, uint8_t *out);
bool values_decode(struct ints_span *in, unsigned n, double *ret);

/* Whether the vector that begins with this byte may hold what is no number. */
bool values_may_be_special(uint8_t first);

/* The values at some places of n, which all are numbers, in less time; `in` is all of the vector.  False: it
 * isn't known that they are, or it doesn't pay, or that is no vector of n; so decode it. */
bool values_pick(struct ints_span in, unsigned n, const struct ints_places *at, double *ret);
/* The same of values that never fall; as ints_pick_rising(). */
bool values_pick_rising(struct ints_span in, unsigned n, const struct ints_places *at, double *ret);

#endif
