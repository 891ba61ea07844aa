/* SPDX-License-Identifier: Apache-2.0 */
/*
 * re2: whether Go's regexp takes an expression, in its words, and how PCRE2 has to read it.
 *
 * Prometheus and Alertmanager compile with it.  PCRE2, which matches here (pattern.h), takes more
 * (backreferences, lookaround, stacked repeats), reads some of it otherwise, and describes what is
 * wrong in other words.
 * https://github.com/google/re2/wiki/Syntax
 */
#ifndef BASE_RE2_H
#define BASE_RE2_H

#include "base/err.h"
#include "base/str.h"

/* Append to `out` what means the same to pattern.h, without the names of groups.
 * RC_INPUT: "error parsing regexp: missing closing ): `(a`". */
enum rc re2_translate(const char *text, size_t n, struct str *out, struct err *e) MUST_USE;

#endif
