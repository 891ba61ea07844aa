/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number: decimal texts to doubles, exactly rounded, in some nanoseconds.
 *
 * What is taken is what Go's strconv.ParseFloat takes without underscores and without hexadecimal
 * digits, which is what all of Prometheus' text formats mean by a number: 1, -.5, +1e9, 17.,
 * Inf, +infinity, NaN (any case).  A number too small to be told from zero is zero.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* The longest run of characters from `s` that is a decimal number; returns where it ends.  NULL
 * when there is none, when it is not finite, or when it takes more than a glance: then ask
 * number_parse().  Reads not beyond `end`. */
const char *number_scan(const char *s, const char *end, double *ret);

enum number_fault { NUMBER_OK, NUMBER_SYNTAX, NUMBER_RANGE };

/* All `n` bytes are the number.  NaN comes out as PLAIN_NAN_BITS of series.h. */
enum number_fault number_parse(const char *s, size_t n, double *ret);

#endif
