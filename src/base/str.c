/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <endian.h>
#include <stdint.h>
#include <stdio.h>

#define CAP_FIRST    64
#define DISTANCE_MAX 64

void str_fini(struct str *s)
{
	free(s->s);
	*s = (struct str){ .limit_bytes = s->limit_bytes };
}

void str_clear(struct str *s)
{
	s->len = 0;
	s->is_cut = false;
	if (s->s)
		s->s[0] = '\0';
}

/* How many of `n` more bytes the limit allows; notes when that is not all of them. */
static size_t allowed(struct str *s, size_t n)
{
	size_t room = SIZE_MAX - 1 - s->len;

	if (s->limit_bytes)
		room = s->limit_bytes > s->len ? s->limit_bytes - s->len : 0;
	if (n <= room)
		return n;
	s->is_cut = true;
	return room;
}

/* Into large pages, as it is about to be filled: what was is little against that. */
static void grow_large(struct str *s, size_t cap)
{
	char *grown = must_alloc_large(cap);

	if (s->len)
		memcpy(grown, s->s, s->len);
	free(s->s);
	s->s = grown;
}

/* Memory for `n` more bytes and the terminator. */
static void reserve(struct str *s, size_t n)
{
	size_t needed = s->len + n + 1;
	size_t cap = s->cap ? s->cap : CAP_FIRST;

	if (needed <= s->cap)
		return;
	while (cap < needed)
		cap = cap <= SIZE_MAX / 2 ? 2 * cap : needed;
	if (cap >= MEM_LARGE_PAGE_BYTES && cap % MEM_LARGE_PAGE_BYTES == 0)
		grow_large(s, cap);
	else
		s->s = must_realloc(s->s, cap);
	s->cap = cap;
}

void str_addn(struct str *s, const void *bytes, size_t n)
{
	n = allowed(s, n);
	reserve(s, n);
	if (n)
		memcpy(s->s + s->len, bytes, n);
	s->len += n;
	s->s[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
	if (s->len + 1 >= s->cap || s->limit_bytes) {
		str_addn(s, &c, 1);
		return;
	}
	s->s[s->len++] = c;
	s->s[s->len] = '\0';
}

char *str_add_zeros(struct str *s, size_t n)
{
	must(!s->limit_bytes);
	reserve(s, n);
	memset(s->s + s->len, 0, n + 1);
	s->len += n;
	return s->s + s->len - n;
}

char *str_room(struct str *s, size_t n)
{
	reserve(s, n);
	return s->s + s->len;
}

void str_wrote(struct str *s, size_t n)
{
	must(n < s->cap - s->len);
	s->len += allowed(s, n);
	s->s[s->len] = '\0';
}

void str_pieces_fini(struct str_pieces *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		str_fini(&p->v[i]);
	free(p->v);
	*p = (struct str_pieces){ 0 };
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

/* Formats into the room there is, and once more when that was too little. */
void str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	int wanted;
	size_t n;

	reserve(s, 0);
	va_copy(again, ap);
	wanted = vsnprintf(s->s + s->len, s->cap - s->len, fmt, ap);
	must(wanted >= 0);
	n = allowed(s, (size_t)wanted);
	if (s->len + n >= s->cap) {
		reserve(s, n);
		vsnprintf(s->s + s->len, n + 1, fmt, again);
	}
	va_end(again);
	s->len += n;
	s->s[s->len] = '\0';
}

const char *str_c(const struct str *s)
{
	return s->s ? s->s : "";
}

char *str_take(struct str *s)
{
	char *text;

	reserve(s, 0);
	s->s[s->len] = '\0';
	text = TAKE(s->s);
	str_fini(s);
	return text;
}

void str_consume(struct str *s, size_t n)
{
	must(n <= s->len);
	if (n == 0)
		return;
	s->len -= n;
	memmove(s->s, s->s + n, s->len + 1);
}

bool str_copy(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size);

	if (n < size) {
		memcpy(dst, src, n + 1);
		return true;
	}
	if (size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = '\0';
	}
	return false;
}

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Length of the sequence that `lead` opens by its bit pattern; 1 for what opens none. */
static size_t sequence_length(unsigned char lead)
{
	if (lead >= 0xf0)
		return 4;
	if (lead >= 0xe0)
		return 3;
	return lead >= 0xc0 ? 2 : 1;
}

/* Looks back for the last lead byte, never at s[n], which may not exist. */
size_t utf8_cut(const char *s, size_t n)
{
	for (size_t back = 1; back <= 4 && back <= n; back++) {
		unsigned char c = (unsigned char)s[n - back];

		if (!is_continuation(c))
			return sequence_length(c) > back ? n - back : n;
	}
	return n;
}

size_t utf8_most(const char *s, size_t n)
{
	size_t len = strnlen(s, n + 1);

	return len <= n ? len : utf8_cut(s, n);
}

/* Bytes of the well-formed character at `s`, of which `n` are there; 0 when it is none.  The second
 * byte's range is what excludes overlong forms, surrogates and what lies above U+10FFFF
 * (RFC 3629, section 4). */
static size_t character_length(const unsigned char *s, size_t n)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (s[0] < 0x80)
		return s[0] != 0;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = sequence_length(s[0]);
	if (length > n)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!is_continuation(s[i]))
			return 0;
	return length;
}

bool utf8_valid(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	while (n > 0) {
		size_t length = character_length(p, n);

		if (length == 0)
			return false;
		p += length;
		n -= length;
	}
	return true;
}

/* The highest bit of the first byte that is zero, and maybe of some behind it or above 0x7f. */
static uint64_t zero_bytes(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	return (word - ones) & (ones << 7);
}

size_t ascii_plain(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;

	for (uint64_t word, ends; n - i >= sizeof word; i += sizeof word) {
		memcpy(&word, s + i, sizeof word);
		word = le64toh(word); /* the first byte is the lowest */
		ends = (word | (word - 0x20 * ones) | zero_bytes(word ^ '"' * ones) |
			       zero_bytes(word ^ '\\' * ones)) &
		       ones << 7;
		if (ends)
			return i + (size_t)__builtin_ctzll(ends) / 8;
	}
	while (i < n && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

uint64_t str_gist(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (*s) {
		bool is_digit = *s >= '0' && *s <= '9';

		h = (h ^ (uint8_t)(is_digit ? '0' : *s)) * UINT64_C(0x100000001b3);
		s += is_digit ? strspn(s, "0123456789") : 1;
	}
	return h;
}

/* Wagner and Fischer with one row: row[j] is the distance of the first i bytes of `a` to the first
 * j of `b`. */
size_t str_distance(const char *a, const char *b)
{
	size_t na = strnlen(a, DISTANCE_MAX + 1), nb = strnlen(b, DISTANCE_MAX + 1);
	size_t row[DISTANCE_MAX + 1];

	if (na > DISTANCE_MAX || nb > DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(replaced, 1 + least(row[j], row[j - 1]));
		}
	}
	return row[nb];
}

void str_add_percent(struct str *s, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			strchr("-._~", c))
			str_addc(s, (char)c);
		else
			str_addf(s, "%%%02X", c);
	}
}
