/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/quoted.h"

#include "base/golang.h"
#include "base/unicode.h"

#include <string.h>

/* Bytes up to the closing quote; SIZE_MAX: there is none. */
static size_t find_end(const char *text, char quote)
{
	size_t n = 0;

	for (; text[n] && text[n] != quote; n++) {
		if (quote != '`' && text[n] == '\n')
			return SIZE_MAX;
		if (quote != '`' && text[n] == '\\' && text[n + 1])
			n++;
	}
	return text[n] ? n : SIZE_MAX;
}

/* One character or escape at `s`, of `n` bytes, to `out`; returns the bytes taken, 0: it is none. */
static size_t take(const char *s, size_t n, char quote, char **out)
{
	bool is_byte;
	uint32_t c;
	size_t used;

	if (*s != '\\' || quote == '`') {
		*(*out)++ = *s;
		return 1;
	}
	used = go_unquote_char(s, n, quote, &c, &is_byte);
	if (is_byte)
		*(*out)++ = (char)c;
	else if (used)
		*out += utf8_encode(c, *out);
	return used;
}

/* No escape is shorter than what it stands for, but for what utf8_encode() may touch. */
const char *quoted_read(const char *text, struct arena *a, struct quoted *ret)
{
	char quote = text[0];
	size_t n = find_end(text + 1, quote);
	const char *at = text + 1, *end = at + n;
	char *copy, *out;

	if (n >= UINT32_MAX - 2)
		return "unterminated quoted string";
	out = copy = arena_alloc(a, n + UTF8_BYTES_MAX + 1);
	if (!copy)
		return "text is too long";
	while (at < end) {
		size_t used = take(at, (size_t)(end - at), quote, &out);

		if (used == 0)
			return "unknown escape sequence";
		at += used;
	}
	*out = '\0';
	*ret = (struct quoted){ copy, (uint32_t)(out - copy), (uint32_t)n + 2 };
	return NULL;
}

#define LETTERS "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

bool quoted_is_plain(const char *name, const char *more)
{
	for (const char *at = name; *at; at++)
		if (!strchr(LETTERS, *at) && !strchr(more, *at) &&
			!(at > name && *at >= '0' && *at <= '9'))
			return false;
	return *name != '\0';
}
