/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Widths are the C library's (wcwidth in its own C.UTF-8 locale, whatever the user's is): no table
 * of ours to grow old, and most likely the one that the terminal goes by.
 */
#include "cli/term/text.h"

#include <locale.h>
#include <stdint.h>
#include <wchar.h>

/* Length and value of the well-formed character at `s`; 0 when it is none. */
static size_t decode(const char *s, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (strnlen(s, n) < n || !utf8_valid(s, n))
		return 0;
	*ret = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		*ret = *ret << 6 | (p[i] & 0x3f);
	return n;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* The characters of Unicode's bidirectional algorithm that reorder what follows them. */
static bool is_direction(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

void text_add_clean(struct str *out, const char *s)
{
	uint32_t c = 0;

	for (size_t n; *s; s += n) {
		n = decode(s, &c);
		if (*s == '\n' || *s == '\t' || *s == '\r')
			str_addc(out, ' ');
		else if (n == 0 || is_control(c) || is_direction(c))
			str_addc(out, '?');
		else
			str_addn(out, s, n);
		n = n ? n : 1;
	}
}

void text_add_json(struct str *out, const char *json)
{
	uint32_t c = 0;

	for (size_t n; *json; json += n) {
		n = decode(json, &c);
		if (n > 0 && *json != '\n' && (is_control(c) || is_direction(c)))
			str_addf(out, "\\u%04x", c);
		else
			str_addn(out, json, n ? n : 1);
		n = n ? n : 1;
	}
}

static size_t character_width(uint32_t c)
{
	static locale_t utf8;
	locale_t before;
	int width;

	if (c < 0x7f)
		return 1;
	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!utf8)
		return 1;
	before = uselocale(utf8);
	width = wcwidth((wchar_t)c);
	uselocale(before);
	return width < 0 ? 1 : (size_t)width;
}

/* Bytes of the character at `s` (1 for a malformed byte), and the columns that it takes. */
static size_t step(const char *s, size_t *ret_columns)
{
	uint32_t c = 0;
	size_t n = decode(s, &c);

	*ret_columns = n ? character_width(c) : 1;
	return n ? n : 1;
}

size_t text_width(const char *s)
{
	size_t width = 0, columns;

	for (; *s; width += columns)
		s += step(s, &columns);
	return width;
}

/* Bytes at the start of `s` that fit into `columns`, with what combines with the last of them. */
static size_t fit(const char *s, size_t columns, size_t *ret_columns)
{
	size_t n = 0, used = 0, more;

	while (s[n]) {
		size_t bytes = step(s + n, &more);

		if (used + more > columns)
			break;
		used += more;
		n += bytes;
	}
	*ret_columns = used;
	return n;
}

size_t text_add_cut(struct str *out, const char *s, size_t columns, const char *ellipsis)
{
	size_t dots = text_width(ellipsis), used, n = fit(s, columns, &used);

	if (s[n] == '\0') {
		str_addn(out, s, n);
		return used;
	}
	if (dots > columns)
		ellipsis = "", dots = 0;
	n = fit(s, columns - dots, &used);
	while (n > 0 && s[n - 1] == ' ')
		n--, used--;
	str_addn(out, s, n);
	str_add(out, ellipsis);
	return used + dots;
}

size_t text_wrap(const char *s, size_t columns, size_t *ret_next)
{
	size_t used, n = fit(s, columns, &used), space = n;

	if (n == 0 && *s)
		n = space = step(s, &used);
	while (s[n] && space > 0 && s[space] != ' ')
		space--;
	if (s[n] && space > 0)
		n = space;
	*ret_next = n + strspn(s + n, " ");
	while (n > 1 && s[n - 1] == ' ')
		n--;
	return n;
}
