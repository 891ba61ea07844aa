/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matcher_list: matchers in Alertmanager's syntax, all of which must match.
 *
 *	{alertname="Down", severity=~"page|mail", "utf8 name"!="x"}       the braces may be left out
 *
 * As Alertmanager does, a text is read by the syntax that knows UTF-8 and by the classic one; where
 * only one takes it, or both do and differ, it is as Alertmanager's default has it: the classic
 * wins.  https://prometheus.io/docs/alerting/latest/configuration/#matcher
 */
#ifndef BASE_MATCHER_LIST_H
#define BASE_MATCHER_LIST_H

#include "base/series.h"
#include "base/str.h"

struct matcher_list { /* all zero: empty, which matches everything */
	struct matcher **v;
	uint32_t n, cap;
};
void matcher_list_fini(struct matcher_list *l);
SCOPED_FINI(matcher_list_fini, struct matcher_list)

/* Append what the text says.  RC_INPUT in Alertmanager's words. */
enum rc matcher_list_parse(struct matcher_list *l, const char *text, struct err *e) MUST_USE;
/* Append one. */
enum rc matcher_list_add(struct matcher_list *l, enum matcher_op op, const char *name,
	const char *value, struct err *e) MUST_USE;
/* In order of names, then values, then operators: so Alertmanager has those of a route. */
void matcher_list_sort(struct matcher_list *l);
bool matcher_list_match(const struct matcher_list *l, const struct labels *labels);
/* {a="b",c=~"d"} */
void matcher_list_text(const struct matcher_list *l, struct str *out);

#endif
