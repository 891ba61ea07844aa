/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/quoted.h"

#include <stdbool.h>
#include <string.h>

#define NOT_ENDED "unterminated quoted string"

/* What stands behind the backslash, and the byte it means. */
static const char simple[][2] = { { 'a', '\a' }, { 'b', '\b' }, { 'f', '\f' }, { 'n', '\n' },
	{ 'r', '\r' }, { 't', '\t' }, { 'v', '\v' }, { '\\', '\\' } };

static const struct {
	char letter;
	uint8_t skip, digits, base;
	bool is_rune; /* a character to be written in UTF-8; else a byte */
} numeric[] = {
	{ 'x', 1, 2, 16, false }, { 'u', 1, 4, 16, true }, { 'U', 1, 8, 16, true },
	{ 0, 0, 3, 8, false }, /* octal: no letter */
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Returns the bytes written. */
static size_t put_utf8(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

struct unescaping {
	const char *at; /* behind the backslash */
	char *out;
};

static const char *unescape_number(struct unescaping *u)
{
	size_t kind = 0;
	uint64_t value = 0;

	while (numeric[kind].letter && numeric[kind].letter != *u->at)
		kind++;
	if (!numeric[kind].letter && digit_value(*u->at) > 7)
		return "unknown escape sequence";
	u->at += numeric[kind].skip;
	for (int i = 0; i < numeric[kind].digits; i++) {
		int digit = digit_value(*u->at);

		if (digit >= numeric[kind].base)
			return *u->at ? "illegal character in escape sequence"
				      : "escape sequence not terminated";
		value = value * numeric[kind].base + (uint64_t)digit;
		u->at++;
	}
	if (numeric[kind].is_rune && (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)))
		return "escape sequence is an invalid Unicode code point";
	if (!numeric[kind].is_rune && value > 0xff)
		return "octal escape value > 255";
	if (numeric[kind].is_rune)
		u->out += put_utf8((uint32_t)value, u->out);
	else
		*u->out++ = (char)value;
	return NULL;
}

static const char *unescape(struct unescaping *u, char quote)
{
	if (*u->at == quote) {
		*u->out++ = *u->at++;
		return NULL;
	}
	for (size_t i = 0; i < COUNT(simple); i++) {
		if (*u->at == simple[i][0]) {
			*u->out++ = simple[i][1];
			u->at++;
			return NULL;
		}
	}
	return *u->at ? unescape_number(u) : "escape sequence not terminated";
}

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

/* No escape is shorter than what it stands for. */
const char *quoted_read(const char *text, struct arena *a, struct quoted *ret)
{
	char quote = text[0];
	size_t n = find_end(text + 1, quote);
	const char *end = text + 1 + n;
	struct unescaping u = { .at = text + 1 };
	const char *wrong = NULL;
	char *copy;

	if (n >= UINT32_MAX - 2)
		return NOT_ENDED;
	u.out = copy = arena_alloc(a, n + 1);
	if (!copy)
		return "text is too long";
	while (!wrong && u.at < end) {
		if (*u.at != '\\' || quote == '`') {
			*u.out++ = *u.at++;
			continue;
		}
		u.at++;
		wrong = unescape(&u, quote);
	}
	if (wrong)
		return wrong;
	*u.out = '\0';
	*ret = (struct quoted){ copy, (uint32_t)(u.out - copy), (uint32_t)n + 2 };
	return NULL;
}
