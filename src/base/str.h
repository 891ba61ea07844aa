/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str: a growing byte string, always NUL-terminated, with an optional limit.
 *
 * Writing past `limit_bytes` truncates and sets `is_cut`; callers that build output for others
 * check it once, at the end, instead of after every append.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct str {
	char *s;    /* never NULL after the first write; use str_c() to read */
	size_t len; /* bytes before the terminator */
	size_t cap;
	size_t limit_bytes; /* 0: none */
	bool is_cut;        /* something did not fit */
};

#define STR_EMPTY ((struct str){ 0 })

void str_fini(struct str *s);
SCOPED_FINI(str_fini, struct str)

void str_clear(struct str *s); /* keeps the memory and the limit; nothing is cut any more */
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *bytes, size_t n);
void str_addc(struct str *s, char c);
/* Without a limit only.  Returns where they begin, to be filled in. */
char *str_add_zeros(struct str *s, size_t n);
/* Room for `n` bytes behind the text, to be written to; then it is told how many of them were. */
char *str_room(struct str *s, size_t n);
void str_wrote(struct str *s, size_t n);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_vaddf(struct str *s, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
const char *str_c(const struct str *s); /* "" when nothing was written */
char *str_take(struct str *s);          /* the caller frees; `s` is empty again */

/* A long text, in pieces. */
struct str_pieces {
	struct str *v;
	uint32_t n;
};
void str_pieces_fini(struct str_pieces *p);
SCOPED_FINI(str_pieces_fini, struct str_pieces)

/* Drop `n` bytes from the front (a consumed request, a parsed frame). */
void str_consume(struct str *s, size_t n);

/* strlcpy with a result that can't be ignored by accident: true if all of `src` fitted. */
bool str_copy(char *dst, size_t size, const char *src);

/* The largest n' <= n at which UTF-8 text may be cut without splitting a character. */
size_t utf8_cut(const char *s, size_t n);
/* The same for a terminated text that may be shorter: at most `n` bytes of it. */
size_t utf8_most(const char *s, size_t n);
/* True when all `n` bytes are well-formed UTF-8 (RFC 3629) without NUL. */
bool utf8_valid(const char *s, size_t n);
/* Bytes at the start of `s` that JSON writes as they are, of ASCII: no control characters, no
 * quotes, no backslashes. */
size_t ascii_plain(const char *s, size_t n);

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}
static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* FNV-1a over the text, each run of digits counted as one: texts that differ in a counter or a
 * timing have the same gist. */
uint64_t str_gist(const char *s);

/* Levenshtein distance, for "did you mean"; gives up above 64 bytes and returns SIZE_MAX. */
size_t str_distance(const char *a, const char *b);

/* Percent-encoded: all but the unreserved characters of RFC 3986. */
void str_add_percent(struct str *s, const char *text);

#endif
