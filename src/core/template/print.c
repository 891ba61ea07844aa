/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's package fmt: https://pkg.go.dev/fmt.  A flag that a verb doesn't know is ignored where Go
 * ignores it, and mistakes are part of the text ("%!d(string=hi)"), as they are there.
 */
#include "base/golang.h"
#include "base/limits.h"
#include "base/unicode.h"
#include "core/template/exec.h"

#include <math.h>
#include <stdio.h>

#define SIZE_LARGEST 1000000 /* of a width or a precision */
#define LOWER_DIGITS "0123456789abcdefx"
#define UPPER_DIGITS "0123456789ABCDEFX"

struct flags {
	bool minus, plus, sharp, space, zero;
	bool plus_v, sharp_v; /* %+v, %#v */
	bool has_width, has_precision;
	int width, precision;
};

struct printer {
	struct exec *x;
	struct str *out;
	struct flags f;
	int depth;        /* of lists and maps in each other */
	bool is_erroring; /* inside %!v(...): methods aren't called */
};

static void print_value(struct printer *p, const struct value *v, uint32_t verb, int depth);

/* Padding */

static void add_padding(struct printer *p, int n)
{
	char with = p->f.zero && !p->f.minus ? '0' : ' ';

	for (; n > 0 && !p->out->is_cut; n--)
		str_addc(p->out, with);
}

static void pad(struct printer *p, const char *s, size_t n)
{
	int width = p->f.has_width ? p->f.width - (int)utf8_count(s, n) : 0;

	if (!p->f.minus)
		add_padding(p, width);
	str_addn(p->out, s, n);
	if (p->f.minus)
		add_padding(p, width);
}

static void pad_text(struct printer *p, const char *s)
{
	pad(p, s, strlen(s));
}

/* Zeros go between sign and digits, never before. */
static void pad_with_spaces(struct printer *p, const char *s, size_t n)
{
	bool zero = p->f.zero;

	p->f.zero = false;
	pad(p, s, n);
	p->f.zero = zero;
}

/* Verbs that don't fit */

static void print_arg(struct printer *p, const struct value *v, uint32_t verb);

static void add_rune(struct str *out, uint32_t c)
{
	char bytes[UTF8_BYTES_MAX];

	str_addn(out, bytes, utf8_encode(c, bytes));
}

static void bad_verb(struct printer *p, const struct value *v, uint32_t verb)
{
	bool was_erroring = p->is_erroring;

	str_add(p->out, "%!");
	add_rune(p->out, verb);
	str_addc(p->out, '(');
	if (v->kind == VALUE_NIL || v->kind == VALUE_INVALID) {
		str_add(p->out, "<nil>");
	} else {
		p->is_erroring = true;
		str_addf(p->out, "%s=", value_type(v));
		print_arg(p, v, 'v');
		p->is_erroring = was_erroring;
	}
	str_addc(p->out, ')');
}

/* Numbers */

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
		pad_with_spaces(p, "", 0);
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
	pad_with_spaces(p, str_c(&s), s.len);
}

static void print_character(struct printer *p, uint64_t c, bool is_quoted)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	uint32_t rune = c > UNICODE_MAX ? UNICODE_REPLACEMENT : (uint32_t)c;

	if (is_quoted)
		go_quote_rune(&s, rune, p->f.plus ? GO_QUOTE_ASCII : GO_QUOTE);
	else
		add_rune(&s, rune);
	pad(p, str_c(&s), s.len);
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
		add_rune(&s, (uint32_t)u);
		str_addc(&s, '\'');
	}
	pad_with_spaces(p, str_c(&s), s.len);
}

static void print_whole(struct printer *p, const struct value *v, uint32_t verb)
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
		bad_verb(p, v, verb);
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
		add_padding(p, p->f.width - (int)s->len);
		str_addn(p->out, s->s + 1, s->len - 1);
		return;
	}
	pad(p, s->s + !shows_sign, s->len - !shows_sign);
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

		pad_with_spaces(p, s.s + is_bare, s.len - is_bare);
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

static void print_float(struct printer *p, const struct value *v, uint32_t verb)
{
	char form;
	int precision;

	if (!float_form(verb, &form, &precision)) {
		bad_verb(p, v, verb);
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

/* Texts */

static struct text truncated(const struct printer *p, struct text t)
{
	size_t i = 0, bytes;

	if (!p->f.has_precision)
		return t;
	for (int n = p->f.precision; n > 0 && i < t.n; n--, i += bytes)
		utf8_decode(t.s + i, t.n - i, &bytes);
	return (struct text){ t.s, i };
}

static void print_quoted(struct printer *p, struct text t)
{
	scoped(str_fini) struct str s = exec_text(p->x);

	t = truncated(p, t);
	if (p->f.sharp && go_can_backquote(t.s, t.n)) {
		str_addc(&s, '`');
		str_addn(&s, t.s, t.n);
		str_addc(&s, '`');
	} else {
		go_quote(&s, t.s, t.n, p->f.plus ? GO_QUOTE_ASCII : GO_QUOTE);
	}
	pad(p, str_c(&s), s.len);
}

static void print_hex(struct printer *p, struct text t, const char *digits)
{
	scoped(str_fini) struct str s = exec_text(p->x);

	if (p->f.has_precision && (size_t)p->f.precision < t.n)
		t.n = (size_t)p->f.precision;
	for (size_t i = 0; i < t.n && !s.is_cut; i++) {
		unsigned char c = (unsigned char)t.s[i];

		if (i > 0 && p->f.space)
			str_addc(&s, ' ');
		if (p->f.sharp && (i == 0 || p->f.space))
			str_addf(&s, "0%c", digits[16]);
		str_addc(&s, digits[c >> 4]);
		str_addc(&s, digits[c & 15]);
	}
	pad(p, str_c(&s), s.len);
}

static void print_text(struct printer *p, const struct value *v, struct text t, uint32_t verb)
{
	struct text cut = truncated(p, t);

	switch (verb) {
	case 'v':
		if (p->f.sharp_v)
			print_quoted(p, t);
		else
			pad(p, cut.s, cut.n);
		break;
	case 's':
		pad(p, cut.s, cut.n);
		break;
	case 'x':
	case 'X':
		print_hex(p, t, verb == 'x' ? LOWER_DIGITS : UPPER_DIGITS);
		break;
	case 'q':
		print_quoted(p, t);
		break;
	default:
		bad_verb(p, v, verb);
		break;
	}
}

/* What has a method String. */
static bool own_text(const struct printer *p, const struct value *v, struct str *s)
{
	if (v->kind == VALUE_TIME)
		value_time_text(v->i, s);
	else if (v->kind == VALUE_MONTH)
		str_add(s, value_month(v->i));
	else if (v->kind == VALUE_WEEKDAY)
		str_add(s, value_weekday(v->i));
	else if (v->kind == VALUE_HISTOGRAM)
		p->x->data->world->histogram(v->histogram, s);
	else
		return false;
	return true;
}

static bool print_own(struct printer *p, const struct value *v, uint32_t verb)
{
	scoped(str_fini) struct str s = exec_text(p->x);

	if (p->is_erroring || verb > 'x' || !strchr("vsxXq", (int)verb) ||
		(p->f.sharp_v && v->kind != VALUE_TIME) || !own_text(p, v, &s))
		return false;
	print_text(p, v, (struct text){ str_c(&s), s.len }, verb);
	return true;
}

/* Lists, maps and structs */

static void add_separator(struct printer *p)
{
	str_add(p->out, p->f.sharp_v ? ", " : " ");
}

static void open_map(struct printer *p, const struct value *v)
{
	if (p->f.sharp_v)
		str_addf(p->out, "%s{", value_type(v));
	else
		str_add(p->out, "map[");
}

static void print_entry(struct printer *p, struct text name, const struct value *v, uint32_t verb)
{
	struct value key = value_of_text(name);

	print_value(p, &key, verb, 1);
	str_addc(p->out, ':');
	print_value(p, v, verb, 1);
}

static void print_labels(struct printer *p, const struct value *v, uint32_t verb)
{
	open_map(p, v);
	for (uint32_t i = 0; i < v->labels->n && !p->out->is_cut; i++) {
		const struct label *l = &v->labels->v[i];
		struct value of = value_of_text((struct text){ l->value, l->value_len });

		if (i > 0)
			add_separator(p);
		print_entry(p, (struct text){ l->name, l->name_len }, &of, verb);
	}
	str_addc(p->out, p->f.sharp_v ? '}' : ']');
}

static void print_args(struct printer *p, const struct value *v, uint32_t verb)
{
	if (p->depth >= TEMPLATE_DEPTH_MAX) {
		exec_limit(p->x, "maps are more than %d deep", TEMPLATE_DEPTH_MAX);
		return;
	}
	p->depth++;
	open_map(p, v);
	for (uint32_t i = 0; i < v->args.n && !p->out->is_cut && p->x->rc == RC_OK; i++) {
		if (i > 0)
			add_separator(p);
		print_entry(p, v->args.v[i].name, &v->args.v[i].value, verb);
	}
	str_addc(p->out, p->f.sharp_v ? '}' : ']');
	p->depth--;
}

struct member {
	const char *name;
	struct value value;
};

static void print_struct(struct printer *p, const struct member *members, uint32_t n, uint32_t verb)
{
	str_addc(p->out, '{');
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			add_separator(p);
		if (p->f.plus_v || p->f.sharp_v)
			str_addf(p->out, "%s:", members[i].name);
		print_value(p, &members[i].value, verb, 1);
	}
	str_addc(p->out, '}');
}

static void print_sample(struct printer *p, const struct template_sample *s, uint32_t verb)
{
	const struct member members[] = {
		{ "Labels", { .kind = VALUE_LABELS, .labels = &s->labels } },
		{ "Value", value_of_sample(s) },
	};

	if (p->f.sharp_v)
		str_add(p->out, "template.sample");
	print_struct(p, members, COUNT(members), verb);
}

static void print_data(struct printer *p, const struct value *v, uint32_t verb)
{
	const struct template_data *d = v->data;
	const struct member members[] = {
		{ "Labels", { .kind = VALUE_LABELS, .labels = &d->labels } },
		{ "ExternalLabels", { .kind = VALUE_LABELS, .labels = &d->external_labels } },
		{ "ExternalURL",
			value_of_text((struct text){ d->external_url, strlen(d->external_url) }) },
		{ "Value", value_of_sample(&d->value) },
	};

	if (p->f.sharp_v)
		str_add(p->out, value_type(v));
	print_struct(p, members, COUNT(members), verb);
}

static void print_pointed(struct printer *p, const struct value *v, uint32_t verb, int depth)
{
	if (value_is_nil(v)) {
		if (verb == 'v')
			pad_text(p, p->f.sharp_v ? "(*template.sample)(nil)" : "<nil>");
		else
			bad_verb(p, v, verb);
		return;
	}
	if (verb != 'v' && (depth > 0 || v->kind != VALUE_SAMPLE)) {
		bad_verb(p, v, verb);
		return;
	}
	if (v->kind != VALUE_SAMPLE) { /* Go shows what is inside */
		scoped(str_fini) struct str s = exec_text(p->x);

		own_text(p, v, &s);
		pad(p, str_c(&s), s.len);
		return;
	}
	str_addc(p->out, '&');
	print_sample(p, v->sample, verb);
}

static void print_samples(struct printer *p, const struct value *v, uint32_t verb)
{
	if (p->f.sharp_v)
		str_add(p->out, value_type(v));
	if (p->f.sharp_v && value_is_nil(v)) {
		str_add(p->out, "(nil)");
		return;
	}
	str_addc(p->out, p->f.sharp_v ? '{' : '[');
	for (uint32_t i = 0; i < v->samples.n && !p->out->is_cut; i++) {
		struct value one = { .kind = VALUE_SAMPLE, .sample = v->samples.v[i] };

		if (i > 0)
			add_separator(p);
		print_value(p, &one, verb, 1);
	}
	str_addc(p->out, p->f.sharp_v ? '}' : ']');
}

static void print_nil(struct printer *p, const struct value *v, uint32_t verb, int depth)
{
	if (verb != 'v' && (verb != 'T' || depth > 0))
		bad_verb(p, v, verb);
	else if (depth == 0)
		pad_text(p, "<nil>");
	else
		str_add(p->out, p->f.sharp_v ? "interface {}(nil)" : "<nil>");
}

static void print_value(struct printer *p, const struct value *v, uint32_t verb, int depth)
{
	if (v->kind == VALUE_INVALID || v->kind == VALUE_NIL) {
		print_nil(p, v, verb, depth);
		return;
	}
	if (print_own(p, v, verb))
		return;
	switch (value_class(v)) {
	case CLASS_BOOL:
		if (verb == 't' || verb == 'v')
			pad_text(p, v->truth ? "true" : "false");
		else
			bad_verb(p, v, verb);
		break;
	case CLASS_INT:
	case CLASS_UINT:
		print_whole(p, v, verb);
		break;
	case CLASS_FLOAT:
	case CLASS_COMPLEX:
		print_float(p, v, verb);
		break;
	case CLASS_STRING:
		print_text(p, v, v->text, verb);
		break;
	case CLASS_MAP:
		if (v->kind == VALUE_LABELS)
			print_labels(p, v, verb);
		else
			print_args(p, v, verb);
		break;
	case CLASS_SLICE:
		print_samples(p, v, verb);
		break;
	case CLASS_POINTER:
		print_pointed(p, v, verb, depth);
		break;
	default:
		print_data(p, v, verb);
		break;
	}
}

static void print_arg(struct printer *p, const struct value *v, uint32_t verb)
{
	if (verb == 'T' && v->kind != VALUE_INVALID && v->kind != VALUE_NIL)
		print_text(p, v, (struct text){ value_type(v), strlen(value_type(v)) }, 's');
	else
		print_value(p, v, verb, 0);
}

/* Formats */

struct formatting {
	const char *at, *end;
	const struct values *args;
	uint32_t arg; /* the next */
	bool is_reordered, is_good, after_index;
};

/* Digits at fm->at; false: none, or too large, which uses up the format. */
static bool read_size(struct formatting *fm, int *ret)
{
	int n = 0;
	bool is_number = false;

	for (; fm->at < fm->end && *fm->at >= '0' && *fm->at <= '9'; fm->at++) {
		if (n > SIZE_LARGEST) {
			*ret = 0;
			fm->at = fm->end;
			return false;
		}
		n = n * 10 + (*fm->at - '0');
		is_number = true;
	}
	*ret = n;
	return is_number;
}

/* "[3]": which argument comes next. */
static void read_index(struct formatting *fm)
{
	const char *close;
	struct formatting inner;
	int index = 0;

	fm->after_index = false;
	if (fm->at >= fm->end || *fm->at != '[')
		return;
	fm->is_reordered = true;
	close = fm->end - fm->at < 3 ? NULL : memchr(fm->at, ']', (size_t)(fm->end - fm->at));
	if (!close) {
		fm->is_good = false;
		fm->at++;
		return;
	}
	inner = (struct formatting){ .at = fm->at + 1, .end = close };
	fm->after_index = read_size(&inner, &index) && inner.at == close;
	fm->at = close + 1;
	if (fm->after_index && index >= 1 && (uint32_t)index <= fm->args->n)
		fm->arg = (uint32_t)index - 1;
	else
		fm->is_good = false;
}

/* "*": the next argument, if it is a number. */
static bool size_of_argument(struct formatting *fm, int *ret)
{
	const struct value *v;

	*ret = 0;
	if (fm->arg >= fm->args->n)
		return false;
	v = &fm->args->v[fm->arg++];
	if ((value_class(v) != CLASS_INT && value_class(v) != CLASS_UINT) || v->i > SIZE_LARGEST ||
		v->i < -SIZE_LARGEST)
		return false;
	*ret = (int)v->i;
	return true;
}

static void read_width(struct printer *p, struct formatting *fm)
{
	if (fm->at >= fm->end || *fm->at != '*') {
		p->f.has_width = read_size(fm, &p->f.width);
		if (fm->after_index && p->f.has_width)
			fm->is_good = false;
		return;
	}
	fm->at++;
	p->f.has_width = size_of_argument(fm, &p->f.width);
	if (!p->f.has_width)
		str_add(p->out, "%!(BADWIDTH)");
	if (p->f.width < 0) {
		p->f.width = -p->f.width;
		p->f.minus = true;
		p->f.zero = false;
	}
	fm->after_index = false;
}

static void read_precision(struct printer *p, struct formatting *fm)
{
	if (fm->end - fm->at < 2 || *fm->at != '.')
		return;
	fm->at++;
	if (fm->after_index)
		fm->is_good = false;
	read_index(fm);
	if (fm->at >= fm->end || *fm->at != '*') {
		if (!read_size(fm, &p->f.precision))
			p->f.precision = 0;
		p->f.has_precision = true;
		return;
	}
	fm->at++;
	p->f.has_precision = size_of_argument(fm, &p->f.precision) && p->f.precision >= 0;
	if (!p->f.has_precision) {
		p->f.precision = 0;
		str_add(p->out, "%!(BADPREC)");
	}
	fm->after_index = false;
}

static void read_flags(struct printer *p, struct formatting *fm)
{
	bool *const flags[] = { &p->f.sharp, &p->f.zero, &p->f.plus, &p->f.minus, &p->f.space };
	static const char letters[] = "#0+- ";

	p->f = (struct flags){ 0 };
	for (; fm->at < fm->end; fm->at++) {
		const char *letter = *fm->at ? strchr(letters, *fm->at) : NULL;

		if (!letter)
			return;
		*flags[letter - letters] = true;
	}
}

static void print_verb(struct printer *p, struct formatting *fm, uint32_t verb)
{
	static const char *const words[] = { "BADINDEX", "MISSING" };

	if (verb == '%') {
		str_addc(p->out, '%');
		return;
	}
	if (!fm->is_good || fm->arg >= fm->args->n) {
		str_add(p->out, "%!");
		add_rune(p->out, verb);
		str_addf(p->out, "(%s)", words[fm->is_good]);
		return;
	}
	if (verb == 'v') {
		p->f.sharp_v = p->f.sharp;
		p->f.plus_v = p->f.plus;
		p->f.sharp = p->f.plus = false;
	}
	print_arg(p, &fm->args->v[fm->arg++], verb);
}

static void print_extra(struct printer *p, const struct formatting *fm)
{
	p->f = (struct flags){ 0 };
	str_add(p->out, "%!(EXTRA ");
	for (uint32_t i = fm->arg; i < fm->args->n && !p->out->is_cut; i++) {
		const struct value *v = &fm->args->v[i];

		if (i > fm->arg)
			str_add(p->out, ", ");
		if (v->kind != VALUE_NIL && v->kind != VALUE_INVALID)
			str_addf(p->out, "%s=", value_type(v));
		print_arg(p, v, 'v');
	}
	str_addc(p->out, ')');
}

/* What follows a percent sign. */
static void print_directive(struct printer *p, struct formatting *fm)
{
	size_t bytes;
	uint32_t verb;

	fm->is_good = true;
	read_flags(p, fm);
	read_index(fm);
	read_width(p, fm);
	read_precision(p, fm);
	if (!fm->after_index)
		read_index(fm);
	if (fm->at >= fm->end) {
		str_add(p->out, "%!(NOVERB)");
		return;
	}
	verb = utf8_decode(fm->at, (size_t)(fm->end - fm->at), &bytes);
	fm->at += bytes;
	print_verb(p, fm, verb);
}

void exec_printf(struct exec *x, struct text format, const struct values *args, struct str *out)
{
	struct printer p = { .x = x, .out = out };
	struct formatting fm = { .at = format.s, .end = format.s + format.n, .args = args };

	while (fm.at < fm.end && !out->is_cut) {
		const char *percent = memchr(fm.at, '%', (size_t)(fm.end - fm.at));

		if (!percent) {
			str_addn(out, fm.at, (size_t)(fm.end - fm.at));
			break;
		}
		str_addn(out, fm.at, (size_t)(percent - fm.at));
		fm.at = percent + 1;
		print_directive(&p, &fm);
	}
	if (!fm.is_reordered && fm.arg < args->n)
		print_extra(&p, &fm);
}

void exec_print(struct exec *x, const struct value *v, uint32_t n, struct str *out)
{
	struct printer p = { .x = x, .out = out };

	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && value_class(&v[i]) != CLASS_STRING &&
			value_class(&v[i - 1]) != CLASS_STRING)
			str_addc(out, ' ');
		print_arg(&p, &v[i], 'v');
	}
}

void exec_println(struct exec *x, const struct value *v, uint32_t n, struct str *out)
{
	struct printer p = { .x = x, .out = out };

	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			str_addc(out, ' ');
		print_arg(&p, &v[i], 'v');
	}
	str_addc(out, '\n');
}

void exec_show(struct exec *x, const struct value *v, struct str *out)
{
	struct printer p = { .x = x, .out = out };

	if (v->kind == VALUE_INVALID)
		str_add(out, "<no value>");
	else if (v->kind == VALUE_SAMPLE && v->sample)
		print_sample(&p, v->sample, 'v');
	else
		print_arg(&p, v, 'v');
}
