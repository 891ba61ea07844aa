/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: regular expressions through PCRE2, with a bound on the work one match may do.
 *
 * RE2-style patterns of blackbox and Alertmanager files are within PCRE2's syntax.  A match that
 * exceeds PATTERN_STEPS_MAX is reported as an error, not as "no match".
 *
 * As in RE2, `$` means the very end, `.` is anything but a newline, \d \w \s are ASCII, and what is
 * not UTF-8 in the subject is skipped over.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>

#define PATTERN_STEPS_MAX 20000000 /* items tried and bytes passed; half a second at worst */

struct pattern; /* immutable: threads may share it */

enum pattern_flags { PATTERN_SEARCH = 0, PATTERN_WHOLE = 1 /* anchored at both ends */ };

enum rc pattern_compile(struct pattern **ret, const char *text, enum pattern_flags flags,
	struct err *e) MUST_USE;
enum rc pattern_match(const struct pattern *p, const char *subject, size_t n, bool *ret_matches,
	struct err *e) MUST_USE;
struct pattern_use {
	const char *subject;
	size_t n;         /* bytes of it */
	const char *text; /* what is made of it */
};
/* If the subject matches, append the text with $1, ${1}, $name and ${name} replaced by what the
 * groups matched, and $$ by $, as Go's Regexp.Expand does: a name is as long as possible, and one
 * that is no group, or that matched nothing, becomes empty. */
enum rc pattern_expand(const struct pattern *p, const struct pattern_use *use, struct str *out,
	bool *ret_matches, struct err *e) MUST_USE;
/* Append the subject with each match replaced by the text, groups in it as above; what one match may
 * cost is the bound for all together.  As Go's Regexp.ReplaceAllString. */
enum rc pattern_replace(const struct pattern *p, const struct pattern_use *use, struct str *out,
	struct err *e) MUST_USE;
void pattern_free(struct pattern *p);
SCOPED_BY(pattern_free, struct pattern *)

#endif
