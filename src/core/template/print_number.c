/* SPDX-License-Identifier: Apache-2.0 */
/* Integers, characters and floating point numbers under fmt's verbs. */
#include "base/golang.h"
#include "base/unicode.h"
#include "core/template/print.h"

#include <math.h>
#include <stdio.h>

struct integer {
	uint64_t u;
	bool is_signed;
	unsigned base;
	uint32_t verb;
	const char *digits; /* 16, then the letter of the prefix */
};

static int zeros_wanted(const struct printer *p, bool has_sign)
{
	if (p->f.has_precision)
		return p->f.precision;
	if (p->f.zero && !p->f.minus && p->f.has_width)
		return p->f.width - has_sign;
	return 0;
}

static void add_prefix(struct printer *p, const struct integer *n, char first, struct str *s)
{
	if (n->verb == 'O')
		str_add(s, "0o");
	if (!p->f.sharp)
		return;
	if (n->base == 2)
		str_add(s, "0b");
	else if (n->base == 8 && first != '0')
		str_addc(s, '0');
	else if (n->base == 16)
		str_addf(s, "0%c", n->digits[16]);
}

static void print_integer(struct printer *p, const struct integer *n)
{
	scoped(str_fini) struct str s = exec_text(p->x);
	bool is_negative = n->is_signed && (int64_t)n->u < 0;
	char sign = is_negative ? '-' : p->f.plus ? '+' : p->f.space ? ' ' : '\0', digits[64];
	uint64_t u = is_negative ? 0 - n->u : n->u;
	int i = sizeof digits, zeros = zeros_wanted(p, sign != '\0');

	if (p->f.has_precision && p->f.precision == 0 && u == 0) {
		print_padded_with_spaces(p, "", 0);
		return;
	}
	do {
		digits[--i] = n->digits[u % n->base];
		u /= n->base;
	} while (u > 0);
	zeros -= (int)sizeof digits - i;
	if (sign)
		str_addc(&s, sign);
	add_prefix(p, n, zeros > 0 ? '0' : digits[i], &s);
	for (; zeros > 0 && !s.is_cut; zeros--)
		str_addc(&s, '0');
	str_addn(&s, digits + i, sizeof digits - (size_t)i);
	print_padded_with_spaces(p, str_c(&s), s.len);
}

static void print_character(struct printer *p, uint64_t c, bool is_quoted)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	uint32_t rune = c > UNICODE_MAX ? UNICODE_REPLACEMENT : (uint32_t)c;

	if (is_quoted)
		go_quote_rune(&s, rune, p->f.plus ? GO_QUOTE_ASCII : GO_QUOTE);
	else
		print_rune(&s, rune);
	print_padded(p, str_c(&s), s.len);
}

static void print_unicode(struct printer *p, uint64_t u)
{
	scoped(str_fini) struct str s = exec_text(p->x);
	int digits = p->f.has_precision && p->f.precision > 4 ? p->f.precision : 4;
	char hex[20];
	int n = snprintf(hex, sizeof hex, "%llX", (unsigned long long)u);

	str_add(&s, "U+");
	for (; n < digits && !s.is_cut; n++)
		str_addc(&s, '0');
	str_add(&s, hex);
	if (p->f.sharp && u <= UNICODE_MAX && unicode_is_printable((uint32_t)u)) {
		str_add(&s, " '");
		print_rune(&s, (uint32_t)u);
		str_addc(&s, '\'');
	}
	print_padded_with_spaces(p, str_c(&s), s.len);
}

void print_whole(struct printer *p, const struct value *v, uint32_t verb)
{
	static const struct {
		char verb;
		unsigned base;
		const char *digits;
	} forms[] = {
		{ 'v', 10, LOWER_DIGITS },
		{ 'd', 10, LOWER_DIGITS },
		{ 'b', 2, LOWER_DIGITS },
		{ 'o', 8, LOWER_DIGITS },
		{ 'O', 8, LOWER_DIGITS },
		{ 'x', 16, LOWER_DIGITS },
		{ 'X', 16, UPPER_DIGITS },
	};
	struct integer n = { .u = (uint64_t)v->i,
		.is_signed = value_class(v) == CLASS_INT,
		.verb = verb };
	bool sharp = p->f.sharp;

	for (size_t i = 0; i < COUNT(forms); i++)
		if (verb == (unsigned char)forms[i].verb) {
			bool is_hex = verb == 'v' && p->f.sharp_v && !n.is_signed;

			n.base = is_hex ? 16 : forms[i].base;
			n.digits = forms[i].digits;
			p->f.sharp = sharp || is_hex;
			print_integer(p, &n);
			p->f.sharp = sharp;
			return;
		}
	if (verb == 'c' || verb == 'q')
		print_character(p, n.u, verb == 'q');
	else if (verb == 'U')
		print_unicode(p, n.u);
	else
		print_bad_verb(p, v, verb);
}

/* %#g keeps zeros behind the point: so many digits. */
static void add_trailing_zeros(struct str *s, char verb, int precision)
{
	bool has_point = strchr(s->s, '.') != NULL, seen = false;
	int digits = strchr("gGx", verb) ? (precision < 0 ? 6 : precision) : 0;
	size_t n = strcspn(s->s, verb == 'x' || verb == 'X' ? "pP" : "eEpP");
	scoped(str_fini) struct str tail = STR_EMPTY;

	for (size_t i = 1; i < n; i++) {
		if (s->s[i] == '.')
			continue;
		seen = seen || s->s[i] != '0';
		digits -= seen;
	}
	str_add(&tail, s->s + n);
	if (!has_point && n == 2 && s->s[1] == '0')
		digits--;
	s->len = n;
	if (!has_point)
		str_addc(s, '.');
	for (; digits > 0; digits--)
		str_addc(s, '0');
	str_add(s, str_c(&tail));
}

/* `s` begins with a sign. */
static void pad_number(struct printer *p, const struct str *s)
{
	bool shows_sign = p->f.plus || s->s[0] != '+';

	if (shows_sign && p->f.zero && !p->f.minus && p->f.has_width && p->f.width > (int)s->len) {
		str_addc(p->out, s->s[0]);
		print_padding(p, p->f.width - (int)s->len);
		str_addn(p->out, s->s + 1, s->len - 1);
		return;
	}
	print_padded(p, s->s + !shows_sign, s->len - !shows_sign);
}

static void print_real(struct printer *p, double v, char verb, int precision)
{
	scoped(str_fini) struct str s = STR_EMPTY;

	if (p->f.has_precision)
		precision = p->f.precision;
	if (!signbit(v) && !isinf(v))
		str_addc(&s, '+');
	if (isnan(v) && s.len == 0)
		str_addc(&s, '+');
	go_float(&s, v, verb, precision);
	if (p->f.space && s.s[0] == '+' && !p->f.plus)
		s.s[0] = ' ';
	if (!isfinite(v)) {
		bool is_bare = isnan(v) && !p->f.space && !p->f.plus;

		print_padded_with_spaces(p, s.s + is_bare, s.len - is_bare);
		return;
	}
	if (p->f.sharp && verb != 'b')
		add_trailing_zeros(&s, verb, precision);
	pad_number(p, &s);
}

/* The verb of FormatFloat and its digits unless said otherwise; false: no verb for numbers. */
static bool float_form(uint32_t verb, char *ret_verb, int *ret_precision)
{
	static const struct {
		char verb, form;
		int precision;
	} forms[] = {
		{ 'v', 'g', -1 },
		{ 'b', 'b', -1 },
		{ 'g', 'g', -1 },
		{ 'G', 'G', -1 },
		{ 'x', 'x', -1 },
		{ 'X', 'X', -1 },
		{ 'f', 'f', 6 },
		{ 'F', 'f', 6 },
		{ 'e', 'e', 6 },
		{ 'E', 'E', 6 },
	};

	for (size_t i = 0; i < COUNT(forms); i++)
		if (verb == (unsigned char)forms[i].verb) {
			*ret_verb = forms[i].form;
			*ret_precision = forms[i].precision;
			return true;
		}
	return false;
}

void print_float(struct printer *p, const struct value *v, uint32_t verb)
{
	char form;
	int precision;

	if (!float_form(verb, &form, &precision)) {
		print_bad_verb(p, v, verb);
		return;
	}
	if (v->kind == VALUE_FLOAT) {
		print_real(p, v->f, form, precision);
		return;
	}
	str_addc(p->out, '(');
	print_real(p, v->complex.re, form, precision);
	{
		bool plus = p->f.plus;

		p->f.plus = true;
		print_real(p, v->complex.im, form, precision);
		p->f.plus = plus;
	}
	str_add(p->out, "i)");
}
