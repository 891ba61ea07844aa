/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spelling: is a body in its one spelling?  One look over the bytes instead of reading it to a
 * tree, writing that and comparing, which is what event_write_body() is for: it is asked only about
 * what this look leaves open (real numbers, control characters, unusually many members).
 */
#include "core/journal/event.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

#define KEYS_MAX   128 /* of all objects that are open at once */
#define DIGITS_MAX 18  /* of any number that fits 64 bits */

struct look {
	const char *p, *end;
	unsigned depth;
	uint32_t n_keys;
	uint64_t seen; /* a bit of each name, so that few are compared */
	struct {
		const char *text;
		size_t len;
	} keys[KEYS_MAX];
};

static bool look_at_value(struct look *l);

static bool take(struct look *l, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(l->end - l->p) < n || memcmp(l->p, text, n) != 0)
		return false;
	l->p += n;
	return true;
}

static bool take_char(struct look *l, char c)
{
	if (l->p == l->end || *l->p != c)
		return false;
	l->p++;
	return true;
}

/* From the opening quote to behind the closing one. */
static bool look_at_text(struct look *l)
{
	const char *begin = l->p + 1;
	unsigned char seen = 0;

	if (!take_char(l, '"'))
		return false;
	l->p += ascii_plain(l->p, (size_t)(l->end - l->p));
	while (l->p < l->end && *l->p != '"') {
		unsigned char c = (unsigned char)*l->p++;

		if (c < 0x20)
			return false;
		if (c == '\\' && (l->p == l->end || !memchr("\"\\bfnrt", *l->p++, 7)))
			return false;
		seen |= c;
	}
	if (seen >= 0x80 && !utf8_valid(begin, (size_t)(l->p - begin)))
		return false;
	return take_char(l, '"');
}

static bool look_at_number(struct look *l)
{
	bool is_negative = take_char(l, '-');
	const char *digits = l->p;

	while (l->p < l->end && *l->p >= '0' && *l->p <= '9')
		l->p++;
	if (l->p == digits || l->p - digits > DIGITS_MAX)
		return false;
	if (*digits == '0' && (is_negative || l->p - digits > 1))
		return false;
	return l->p == l->end || !memchr(".eE", *l->p, 3);
}

/* A name that its object doesn't have yet; its names are those from `first` on. */
static bool look_at_key(struct look *l, uint32_t first)
{
	const char *text = l->p;
	uint64_t bit;
	size_t len;

	if (l->n_keys == KEYS_MAX || !look_at_text(l))
		return false;
	len = (size_t)(l->p - text);
	bit = UINT64_C(1) << ((len + 7u * (unsigned char)text[1] + (unsigned char)l->p[-2]) % 64);
	for (uint32_t i = l->seen & bit ? first : l->n_keys; i < l->n_keys; i++)
		if (l->keys[i].len == len && memcmp(l->keys[i].text, text, len) == 0)
			return false;
	l->seen |= bit;
	l->keys[l->n_keys].text = text;
	l->keys[l->n_keys++].len = len;
	return take_char(l, ':');
}

static bool look_at_members(struct look *l)
{
	uint32_t first = l->n_keys;

	if (take_char(l, '}'))
		return true;
	do
		if (!look_at_key(l, first) || !look_at_value(l))
			return false;
	while (take_char(l, ','));
	l->n_keys = first;
	return take_char(l, '}');
}

static bool look_at_items(struct look *l)
{
	if (take_char(l, ']'))
		return true;
	do
		if (!look_at_value(l))
			return false;
	while (take_char(l, ','));
	return take_char(l, ']');
}

static bool look_inside(struct look *l, bool (*look)(struct look *l))
{
	bool is_spelt;

	l->p++;
	if (++l->depth > EVENT_BODY_DEPTH_MAX)
		return false;
	is_spelt = look(l);
	l->depth--;
	return is_spelt;
}

static bool look_at_value(struct look *l)
{
	switch (l->p < l->end ? *l->p : '\0') {
	case '{':
		return look_inside(l, look_at_members);
	case '[':
		return look_inside(l, look_at_items);
	case '"':
		return look_at_text(l);
	case 't':
		return take(l, "true");
	case 'f':
		return take(l, "false");
	case 'n':
		return take(l, "null");
	default:
		return look_at_number(l);
	}
}

bool event_body_is_spelt(const char *body, size_t n)
{
	struct look l; /* its keys are set as they come */

	l.p = body;
	l.end = body + n;
	l.depth = 0;
	l.n_keys = 0;
	l.seen = 0;
	return n > 0 && n <= EVENT_BODY_BYTES_MAX && *body == '{' && look_at_value(&l) &&
	       l.p == l.end;
}
