/* SPDX-License-Identifier: Apache-2.0 */
/* Values of all types but numbers. */
#include "core/template/print.h"
#include "base/golang.h"
#include "base/limits.h"
#include "base/unicode.h"

static void print_value(struct printer *p, const struct value *v, uint32_t verb, int depth);

void print_padding(struct printer *p, int n)
{
	char with = p->f.zero && !p->f.minus ? '0' : ' ';

	for (; n > 0 && !p->out->is_cut; n--)
		str_addc(p->out, with);
}

void print_padded(struct printer *p, const char *s, size_t n)
{
	int width = p->f.has_width ? p->f.width - (int)utf8_count(s, n) : 0;

	if (!p->f.minus)
		print_padding(p, width);
	str_addn(p->out, s, n);
	if (p->f.minus)
		print_padding(p, width);
}

static void pad_text(struct printer *p, const char *s)
{
	print_padded(p, s, strlen(s));
}

void print_padded_with_spaces(struct printer *p, const char *s, size_t n)
{
	bool zero = p->f.zero;

	p->f.zero = false;
	print_padded(p, s, n);
	p->f.zero = zero;
}

/* Verbs that don't fit */

void print_rune(struct str *out, uint32_t c)
{
	char bytes[UTF8_BYTES_MAX];

	str_addn(out, bytes, utf8_encode(c, bytes));
}

void print_bad_verb(struct printer *p, const struct value *v, uint32_t verb)
{
	bool was_erroring = p->is_erroring;

	str_add(p->out, "%!");
	print_rune(p->out, verb);
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
	print_padded(p, str_c(&s), s.len);
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
	print_padded(p, str_c(&s), s.len);
}

static void print_text(struct printer *p, const struct value *v, struct text t, uint32_t verb)
{
	struct text cut = truncated(p, t);

	switch (verb) {
	case 'v':
		if (p->f.sharp_v)
			print_quoted(p, t);
		else
			print_padded(p, cut.s, cut.n);
		break;
	case 's':
		print_padded(p, cut.s, cut.n);
		break;
	case 'x':
	case 'X':
		print_hex(p, t, verb == 'x' ? LOWER_DIGITS : UPPER_DIGITS);
		break;
	case 'q':
		print_quoted(p, t);
		break;
	default:
		print_bad_verb(p, v, verb);
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
			print_bad_verb(p, v, verb);
		return;
	}
	if (verb != 'v' && (depth > 0 || v->kind != VALUE_SAMPLE)) {
		print_bad_verb(p, v, verb);
		return;
	}
	if (v->kind != VALUE_SAMPLE) { /* Go shows what is inside */
		scoped(str_fini) struct str s = exec_text(p->x);

		own_text(p, v, &s);
		print_padded(p, str_c(&s), s.len);
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
		print_bad_verb(p, v, verb);
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
			print_bad_verb(p, v, verb);
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

void print_arg(struct printer *p, const struct value *v, uint32_t verb)
{
	if (verb == 'T' && v->kind != VALUE_INVALID && v->kind != VALUE_NIL)
		print_text(p, v, (struct text){ value_type(v), strlen(value_type(v)) }, 's');
	else
		print_value(p, v, verb, 0);
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
