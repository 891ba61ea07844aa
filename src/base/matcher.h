/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matcher: name="value", !=, =~, !~ over one label, as Prometheus matches.
 *
 * Regular expressions are anchored at both ends and their dot is any character.  What most of them
 * are (one of some words, a prefix, a suffix, something within) is recognised and matched without
 * the engine of pattern.h.
 */
#ifndef BASE_MATCHER_H
#define BASE_MATCHER_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum matcher_op { MATCHER_EQUAL, MATCHER_NOT_EQUAL, MATCHER_REGEX, MATCHER_NOT_REGEX };

struct matcher; /* immutable: threads may share it */

/* RC_INPUT for an expression that can't be compiled. */
enum rc matcher_new(struct matcher **ret, enum matcher_op op, const char *name, const char *value,
	struct err *e) MUST_USE;
void matcher_free(struct matcher *m);
SCOPED_BY(matcher_free, struct matcher *)

enum matcher_op matcher_op(const struct matcher *m);
const char *matcher_op_text(enum matcher_op op); /* "=~" */
const char *matcher_name(const struct matcher *m);
const char *matcher_value(const struct matcher *m); /* as written */

/* Whether a label of this value (empty: it is absent) matches.  A regular expression that exceeds
 * the bound of pattern.h matches nothing. */
bool matcher_matches(const struct matcher *m, const char *value, size_t n);

/* Whether it is decided without the engine, and so within the bound whatever the value. */
bool matcher_is_plain(const struct matcher *m);

/* For sources with an index: the values that alone can match, when they are few and known
 * (=, and =~ of alternatives); NULL otherwise.  The empty value may be among them. */
const char *const *matcher_values(const struct matcher *m, uint32_t *ret_n);
/* What every matching value begins with; "" when nothing is known. */
const char *matcher_prefix(const struct matcher *m);

#endif
