/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of Printf: flags, width, precision, which argument. */
#include "base/unicode.h"
#include "core/template/print.h"

#define SIZE_LARGEST 1000000 /* of a width or a precision */

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
		print_rune(p->out, verb);
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
