/* SPDX-License-Identifier: Apache-2.0 */
#include "base/unicode.h"

#include "base/mem.h"

struct range {
	uint32_t first, last;
};
/* Every `step`-th from first to last moves by `distance`. */
struct run {
	uint32_t first, last;
	uint32_t step;
	int32_t distance;
};

static const struct range letters[] = {
#define LETTER(first, last) { first, last },
#include "base/unicode.def"
#undef LETTER
};
static const struct range digits[] = {
#define DIGIT(first, last) { first, last },
#include "base/unicode.def"
#undef DIGIT
};
static const struct range marks[] = {
#define MARK(first, last) { first, last },
#include "base/unicode.def"
#undef MARK
};
static const struct range printables[] = {
#define PRINTABLE(first, last) { first, last },
#include "base/unicode.def"
#undef PRINTABLE
};
static const struct run uppers[] = {
#define UPPER(first, last, step, distance) { first, last, step, distance },
#include "base/unicode.def"
#undef UPPER
};
static const struct run lowers[] = {
#define LOWER(first, last, step, distance) { first, last, step, distance },
#include "base/unicode.def"
#undef LOWER
};
static const struct run titles[] = {
#define TITLE(first, last, step, distance) { first, last, step, distance },
#include "base/unicode.def"
#undef TITLE
};

static bool is_in(const struct range *ranges, size_t n, uint32_t c)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ranges[middle].last < c)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && ranges[low].first <= c;
}

/* Runs with a step of two may lie within each other, so the first candidate need not be the one. */
static uint32_t moved(const struct run *runs, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n && runs[i].first <= c; i++)
		if (c <= runs[i].last && (c - runs[i].first) % runs[i].step == 0)
			return (uint32_t)((int64_t)c + runs[i].distance);
	return c;
}

bool unicode_is_letter(uint32_t c)
{
	if (c < 0x80)
		return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
	return is_in(letters, COUNT(letters), c);
}

bool unicode_is_digit(uint32_t c)
{
	if (c < 0x80)
		return c >= '0' && c <= '9';
	return is_in(digits, COUNT(digits), c);
}

bool unicode_is_mark(uint32_t c)
{
	return c >= 0x80 && is_in(marks, COUNT(marks), c);
}

bool unicode_is_printable(uint32_t c)
{
	if (c < 0x80)
		return c >= ' ' && c < 0x7f;
	return is_in(printables, COUNT(printables), c);
}

uint32_t unicode_upper(uint32_t c)
{
	if (c < 0x80)
		return c >= 'a' && c <= 'z' ? c - 0x20 : c;
	return moved(uppers, COUNT(uppers), c);
}

uint32_t unicode_lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
	return moved(lowers, COUNT(lowers), c);
}

uint32_t unicode_title(uint32_t c)
{
	if (c < 0x80)
		return unicode_upper(c);
	return moved(titles, COUNT(titles), c);
}

/* By its first byte: how long it is, and the least that may stand in so many bytes. */
static size_t length_of(unsigned char first, uint32_t *ret_bits, uint32_t *ret_least)
{
	static const struct {
		unsigned char mask, is;
		uint32_t least;
	} shapes[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};

	for (size_t i = 0; i < COUNT(shapes); i++)
		if ((first & shapes[i].mask) == shapes[i].is) {
			*ret_bits = first & (unsigned char)~shapes[i].mask;
			*ret_least = shapes[i].least;
			return i + 1;
		}
	return 0;
}

static bool is_character(uint32_t c)
{
	return c <= UNICODE_MAX && (c < 0xd800 || c > 0xdfff);
}

uint32_t utf8_decode(const char *s, size_t n, size_t *ret_bytes)
{
	uint32_t c, least;
	size_t length = length_of((unsigned char)s[0], &c, &least);

	*ret_bytes = 1;
	if (length == 0 || length > n)
		return UNICODE_REPLACEMENT;
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return UNICODE_REPLACEMENT;
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (c < least || !is_character(c))
		return UNICODE_REPLACEMENT;
	*ret_bytes = length;
	return c;
}

size_t utf8_encode(uint32_t c, char ret[UTF8_BYTES_MAX])
{
	static const unsigned char firsts[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
	size_t length;

	if (!is_character(c))
		c = UNICODE_REPLACEMENT;
	length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = length; i-- > 1; c >>= 6)
		ret[i] = (char)(0x80 | (c & 0x3f));
	ret[0] = (char)(firsts[length] | c);
	return length;
}

size_t utf8_count(const char *s, size_t n)
{
	size_t count = 0, bytes;

	for (size_t i = 0; i < n; i += bytes, count++)
		utf8_decode(s + i, n - i, &bytes);
	return count;
}
