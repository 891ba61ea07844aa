/* SPDX-License-Identifier: Apache-2.0 */
#include "base/golang.h"
#include "core/template/tree.h"

#include <math.h>

static bool ends_with(struct text t, char c)
{
	return t.n > 0 && t.s[t.n - 1] == c;
}

static bool holds_any(struct text t, const char *any)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.s[i] && strchr(any, t.s[i]))
			return true;
	return false;
}

/* What 0x, 0b, 0o and 0 before a number mean. */
static unsigned base_of(struct text *t)
{
	static const struct {
		char letter;
		unsigned base;
	} bases[] = { { 'x', 16 }, { 'b', 2 }, { 'o', 8 } };

	if (t->n < 2 || t->s[0] != '0')
		return 10;
	for (size_t i = 0; i < COUNT(bases); i++)
		if ((t->s[1] | 0x20) == bases[i].letter) {
			*t = (struct text){ t->s + 2, t->n - 2 };
			return bases[i].base;
		}
	*t = (struct text){ t->s + 1, t->n - 1 };
	return 8;
}

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (unsigned)((c | 0x20) - 'a') + 10 : 99;
}

/* Without a sign. */
static bool read_unsigned(struct text t, uint64_t *ret)
{
	struct text all = t;
	unsigned base = base_of(&t);
	bool after_digit = all.n > t.n; /* a prefix counts */
	uint64_t value = 0;

	if (t.n == 0)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		unsigned digit = digit_of(t.s[i]);

		if (t.s[i] == '_' && after_digit) {
			after_digit = false;
			continue;
		}
		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
			__builtin_add_overflow(value, digit, &value))
			return false;
		after_digit = true;
	}
	*ret = value;
	return after_digit;
}

static bool read_signed(struct text t, int64_t *ret)
{
	bool is_negative = t.n > 0 && t.s[0] == '-';
	uint64_t u;

	if (is_negative || (t.n > 0 && t.s[0] == '+'))
		t = (struct text){ t.s + 1, t.n - 1 };
	if (!read_unsigned(t, &u) || u > (uint64_t)INT64_MAX + is_negative)
		return false;
	*ret = is_negative ? (int64_t)(0 - u) : (int64_t)u;
	return true;
}

/* A float that is whole is an integer as well. */
static void take_whole(struct number *n)
{
	if (n->f != trunc(n->f))
		return;
	if (n->f >= -0x1p63 && n->f < 0x1p63) {
		n->is_int = true;
		n->i = (int64_t)n->f;
	}
	if (n->f >= 0 && n->f < 0x1p64) {
		n->is_uint = true;
		n->u = (uint64_t)n->f;
	}
}

static bool read_character(struct text t, struct number *n, struct str *why)
{
	uint32_t c = 0;
	bool is_byte;
	size_t length = go_unquote_char(t.s + 1, t.n - 1, '\'', &c, &is_byte);

	if (length == 0) {
		str_add(why, "invalid syntax");
		return false;
	}
	if (length + 2 != t.n) {
		str_addf(why, "malformed character constant: %.*s", (int)t.n, t.s);
		return false;
	}
	*n = (struct number){ .is_int = true, .is_uint = true, .is_float = true };
	n->i = c;
	n->u = c;
	n->f = c;
	return true;
}

static bool refuse(struct str *why, const char *what, struct text t)
{
	str_addf(why, "%s: ", what);
	go_quote(why, t.s, t.n, GO_QUOTE);
	return false;
}

/* Where the imaginary part of "1+2i" begins; 0 for "2i". */
static size_t imaginary_at(struct text t)
{
	for (size_t i = t.n; i-- > 1;)
		if ((t.s[i] == '+' || t.s[i] == '-') && !strchr("eEpP", t.s[i - 1]))
			return i;
	return 0;
}

static bool read_complex(struct text t, struct number *n, struct str *why)
{
	size_t split = imaginary_at(t);
	struct err e = { 0 };

	*n = (struct number){ .is_complex = true };
	if ((split > 0 && go_parse_float(t.s, split, &n->f, &e) != RC_OK) ||
		go_parse_float(t.s + split, t.n - split - 1, &n->imaginary, &e) != RC_OK) {
		str_add(why, e.text);
		return false;
	}
	n->is_float = n->imaginary == 0;
	if (n->is_float)
		take_whole(n);
	return true;
}

static bool read_float(struct text t, struct number *n, struct str *why)
{
	if (go_parse_float(t.s, t.n, &n->f, NULL) != RC_OK)
		return refuse(why, "illegal number syntax", t);
	if (!holds_any(t, ".eEpP"))
		return refuse(why, "integer overflow", t);
	n->is_float = true;
	take_whole(n);
	return true;
}

bool number_read(struct text source, bool is_character, struct number *ret, struct str *why)
{
	struct number n = { 0 };

	if (is_character)
		return read_character(source, ret, why);
	if (ends_with(source, 'i'))
		return read_complex(source, ret, why);
	n.is_uint = read_unsigned(source, &n.u);
	n.is_int = read_signed(source, &n.i);
	if (n.is_int && n.i == 0)
		n.is_uint = true; /* -0 */
	n.f = n.is_int ? (double)n.i : (double)n.u;
	n.is_float = n.is_int || n.is_uint;
	if (!n.is_float && !read_float(source, &n, why))
		return false;
	*ret = n;
	return true;
}
