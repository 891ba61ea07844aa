/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_text: doubles as the shortest text that reads back as the same double, written as Go's
 * strconv and fmt write it, since everything around Prometheus compares such texts.
 */
#ifndef BASE_NUMBER_TEXT_H
#define BASE_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define NUMBER_TEXT_MAX 352 /* with terminator: "-0." and 323 zeros before the digits of 5e-324 */

enum number_form {
	NUMBER_PLAIN,  /* 'f': 1000000, 0.0000001 */
	NUMBER_SHORT,  /* 'g' and %v: 1e+06, 1e-05 */
	NUMBER_SAMPLE, /* Prometheus' HTTP API: exponents from 1e+21 and below 1e-6 */
};

/* NaN, +Inf and -Inf by these names.  Returns the length. */
size_t number_text(double v, enum number_form form, char ret[NUMBER_TEXT_MAX]);

#define NUMBER_WHOLE_MAX 20
/* A whole number's digits, without a terminator.  Returns how many. */
size_t number_text_whole(uint64_t v, char ret[NUMBER_WHOLE_MAX]);

#endif
