/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between braces, token by token.  Private to exposition*.c. */
#ifndef CORE_SCRAPE_EXPOSITION_PRIVATE_H
#define CORE_SCRAPE_EXPOSITION_PRIVATE_H

#include "core/scrape/exposition.h"

enum walk_step {
	WALK_LABEL, /* name and value are set */
	WALK_NAME,  /* a quoted metric's name: `value` */
	WALK_END,   /* the closing brace was passed */
	WALK_MORE,  /* the portion ends */
	WALK_BAD,   /* `why` says what was expected at `at` */
};

struct label_walk {
	const char *at, *end;
	enum exposition_format format;
	bool is_exemplar;
	struct piece name, value; /* without quotes, escaped */
	const char *why;
};

/* Begins behind the opening brace. */
enum walk_step label_walk_next(struct label_walk *w);

/* A quoted string at `s`, escapes not undone; *ret_end is behind the closing quote.  Strict ones
 * hold no line break. */
enum walk_step quoted_scan(const char *s, const char *end, bool is_strict, const char **ret_end);

static inline bool is_name_start(unsigned char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26 || c == '_';
}
static inline bool is_name_part(unsigned char c)
{
	return is_name_start(c) || (unsigned char)(c - '0') < 10;
}
static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

#endif
