/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golang: numbers and quoted texts as Go's strconv writes and reads them.
 *
 * Prometheus' own words (errors, templates, results in text) are made of these, so what is to look
 * like Prometheus must be.  https://pkg.go.dev/strconv
 */
#ifndef BASE_GOLANG_H
#define BASE_GOLANG_H

#include "base/err.h"
#include "base/str.h"

#define GO_SHORTEST (-1)
/* FormatFloat of a 64-bit number: `verb` one of e E f g G x X b, `precision` digits or
 * GO_SHORTEST: as few as give the same number again.  "NaN", "+Inf", "-Inf". */
void go_float(struct str *out, double v, char verb, int precision);

/* ParseFloat: decimal, hexadecimal with a binary exponent, inf, infinity, nan in any case; not
 * underscores.  RC_INPUT in strconv's words ("strconv.ParseFloat: parsing \"x\": invalid syntax");
 * a number that is too large is one. */
enum rc go_parse_float(const char *text, size_t n, double *ret, struct err *e) MUST_USE;

/* duration_parse() with the words of Prometheus' model.ParseDuration: "not a valid duration string: \"x\"". */
enum rc go_parse_duration(const char *text, int64_t *ret_ms, struct err *e) MUST_USE;

enum go_quoting { GO_QUOTE, GO_QUOTE_ASCII };
/* Quote, QuoteToASCII: in double quotes, escaped where it isn't printable; stray bytes \xff. */
void go_quote(struct str *out, const char *s, size_t n, enum go_quoting how);
void go_quote_rune(struct str *out, uint32_t c, enum go_quoting how);
/* Whether it can stand in back quotes, on one line. */
bool go_can_backquote(const char *s, size_t n);

/* Unquote: append what the literal at `s` stands for: "...", `...` or '.'.  False: it is none. */
bool go_unquote(struct str *out, const char *s, size_t n);
/* UnquoteChar: one character or escape of a text in `quote`s at the start of `s`.  0: there is none, else
 * the bytes that it took.  *ret_is_byte: \x and octal escapes stand for a byte, not a character. */
size_t go_unquote_char(const char *s, size_t n, char quote, uint32_t *ret, bool *ret_is_byte);

#endif
