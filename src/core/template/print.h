/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print: Go's package fmt, https://pkg.go.dev/fmt.  A flag that a verb doesn't know is ignored where
 * Go ignores it, and mistakes are part of the text ("%!d(string=hi)"), as they are there.
 *
 * print_format.c reads formats, print.c knows lists and texts, print_number.c numbers.
 */
#ifndef CORE_TEMPLATE_PRINT_H
#define CORE_TEMPLATE_PRINT_H

#include "core/template/exec.h"

#define LOWER_DIGITS "0123456789abcdefx"
#define UPPER_DIGITS "0123456789ABCDEFX"

struct flags {
	bool minus, plus, sharp, space, zero;
	bool plus_v, sharp_v; /* %+v, %#v */
	bool has_width, has_precision;
	int width, precision;
};

struct printer {
	struct exec *x;
	struct str *out;
	struct flags f;
	int depth;        /* of lists and maps in each other */
	bool is_erroring; /* inside %!v(...): methods aren't called */
};

/* As wide as the format wants it. */
void print_padded(struct printer *p, const char *s, size_t n);
/* The same, but filled with spaces: zeros go between sign and digits, never before. */
void print_padded_with_spaces(struct printer *p, const char *s, size_t n);
void print_padding(struct printer *p, int n);
void print_rune(struct str *out, uint32_t c);

void print_whole(struct printer *p, const struct value *v, uint32_t verb); /* int, uint */
void print_float(struct printer *p, const struct value *v, uint32_t verb); /* and complex */

void print_arg(struct printer *p, const struct value *v, uint32_t verb);
void print_bad_verb(struct printer *p, const struct value *v, uint32_t verb);

#endif
