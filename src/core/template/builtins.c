/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that Go's text/template brings: https://pkg.go.dev/text/template#hdr-Functions */
#include "base/golang.h"
#include "base/unicode.h"
#include "core/template/functions.h"

#define NOTHING ((struct value){ .kind = VALUE_INVALID })

static bool is_whole(const struct value *v)
{
	return value_class(v) == CLASS_INT || value_class(v) == CLASS_UINT;
}

/* Printing */

static struct value kept(struct exec *x, const struct str *s)
{
	return value_of_text(exec_keep(x, s));
}

struct value function_print(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x);

	exec_print(x, a->v, a->n, &s);
	return kept(x, &s);
}

struct value function_println(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x);

	exec_println(x, a->v, a->n, &s);
	return kept(x, &s);
}

struct value function_printf(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x);

	exec_printf(x, a->v[0].text, &(struct values){ a->v + 1, a->n - 1 }, &s);
	return kept(x, &s);
}

/* Indexes */

static bool index_of(struct exec *x, const struct value *v, int64_t most, int64_t *ret)
{
	if (v->kind == VALUE_INVALID || v->kind == VALUE_NIL)
		exec_refuse(x, "cannot index slice/array with nil");
	else if (!is_whole(v))
		exec_refuse(x, "cannot index slice/array with type %s", value_type(v));
	else if (v->i < 0 || v->i > most)
		exec_refuse(x, "index out of range: %lld", (long long)v->i);
	*ret = v->i;
	return x->refusal.len == 0;
}

static struct value index_map(struct exec *x, const struct value *of, const struct value *key)
{
	if (key->kind == VALUE_INVALID || key->kind == VALUE_NIL) {
		exec_refuse(x, "value is nil; should be of type string");
		return NOTHING;
	}
	if (key->kind != VALUE_STRING) {
		exec_refuse(x, "value has type %s; should be string", value_type(key));
		return NOTHING;
	}
	if (of->kind == VALUE_LABELS)
		return value_of_text(labels_text(of->labels, key->text));
	for (uint32_t i = 0; i < of->args.n; i++)
		if (text_equal(of->args.v[i].name, key->text))
			return of->args.v[i].value;
	return (struct value){ .kind = VALUE_NIL };
}

static struct value index_sequence(struct exec *x, const struct value *of, const struct value *at)
{
	bool is_text = value_class(of) == CLASS_STRING;
	int64_t n = is_text ? (int64_t)of->text.n : of->samples.n, i;

	if (!index_of(x, at, n, &i))
		return NOTHING;
	if (i == n) {
		exec_refuse(x, "reflect: %s index out of range", is_text ? "string" : "slice");
		return NOTHING;
	}
	if (is_text)
		return (struct value){ .kind = VALUE_UINT8, .i = (unsigned char)of->text.s[i] };
	return (struct value){ .kind = VALUE_SAMPLE, .sample = of->samples.v[i] };
}

static struct value index_one(struct exec *x, const struct value *of, const struct value *at)
{
	enum value_class class = value_class(of);

	if (of->kind == VALUE_SAMPLE && !of->sample)
		exec_refuse(x, "index of nil pointer");
	else if (class == CLASS_MAP)
		return index_map(x, of, at);
	else if (class == CLASS_STRING || class == CLASS_SLICE)
		return index_sequence(x, of, at);
	else
		exec_refuse(x, "can't index item of type %s", value_type_pointed(of));
	return NOTHING;
}

struct value function_index(struct exec *x, const struct arguments *a)
{
	struct value v = a->v[0];

	if (v.kind == VALUE_INVALID || v.kind == VALUE_NIL)
		exec_refuse(x, "index of untyped nil");
	for (uint32_t i = 1; i < a->n && x->refusal.len == 0; i++)
		v = v.kind == VALUE_NIL ? (exec_refuse(x, "index of nil pointer"), v)
					: index_one(x, &v, &a->v[i]);
	return v;
}

static struct value sliced(const struct value *v, int64_t from, int64_t to)
{
	struct value part = *v;

	if (value_class(v) == CLASS_STRING) {
		part.text = (struct text){ v->text.s + from, (size_t)(to - from) };
	} else {
		part.samples.v = v->samples.v ? v->samples.v + from : NULL;
		part.samples.n = (uint32_t)(to - from);
	}
	return part;
}

static bool can_slice(struct exec *x, const struct value *v, uint32_t n_indexes)
{
	enum value_class class = value_class(v);

	if (v->kind == VALUE_INVALID || v->kind == VALUE_NIL)
		exec_refuse(x, "slice of untyped nil");
	else if (v->kind == VALUE_SAMPLE && !v->sample)
		exec_refuse(x, "slice of nil pointer");
	else if (n_indexes > 3)
		exec_refuse(x, "too many slice indexes: %u", n_indexes);
	else if (class != CLASS_STRING && class != CLASS_SLICE)
		exec_refuse(x, "can't slice item of type %s", value_type_pointed(v));
	else if (class == CLASS_STRING && n_indexes == 3)
		exec_refuse(x, "cannot 3-index slice a string");
	return x->refusal.len == 0;
}

struct value function_slice(struct exec *x, const struct arguments *a)
{
	const struct value *v = &a->v[0];
	int64_t n, at[3] = { 0 };

	if (!can_slice(x, v, a->n - 1))
		return NOTHING;
	n = value_class(v) == CLASS_STRING ? (int64_t)v->text.n : v->samples.n;
	at[1] = n;
	at[2] = n;
	for (uint32_t i = 1; i < a->n; i++)
		if (!index_of(x, &a->v[i], n, &at[i - 1]))
			return NOTHING;
	for (int i = 0; i < 2; i++)
		if (at[i] > at[i + 1]) {
			exec_refuse(x, "invalid slice index: %lld > %lld", (long long)at[i],
				(long long)at[i + 1]);
			return NOTHING;
		}
	return sliced(v, at[0], at[1]);
}

struct value function_len(struct exec *x, const struct arguments *a)
{
	const struct value *v = &a->v[0];
	enum value_class class = value_class(v);

	if (v->kind == VALUE_LABELS)
		return value_of_int(v->labels->n);
	if (v->kind == VALUE_ARGS)
		return value_of_int(v->args.n);
	if (class == CLASS_SLICE)
		return value_of_int(v->samples.n);
	if (class == CLASS_STRING)
		return value_of_int((int64_t)v->text.n);
	if (v->kind == VALUE_INVALID)
		exec_refuse(x, "reflect: call of reflect.Value.Type on zero Value");
	else if (value_is_nil(v))
		exec_refuse(x, "len of nil pointer");
	else
		exec_refuse(x, "len of type %s", value_type_pointed(v));
	return NOTHING;
}

/* Logic and comparison */

struct value function_not(struct exec *x, const struct arguments *a)
{
	(void)x;
	return value_of_bool(!value_truth(&a->v[0]));
}

/* There are no functions among the values. */
struct value function_call(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str shown = STR_EMPTY;

	if (a->v[0].kind == VALUE_INVALID || a->v[0].kind == VALUE_NIL) {
		exec_refuse(x, "call of nil");
		return NOTHING;
	}
	if (x->first_arg)
		node_text(x->first_arg, &shown);
	else if (a->v[0].kind == VALUE_STRING)
		str_addn(&shown, a->v[0].text.s, a->v[0].text.n);
	else
		str_addf(&shown, "<%s Value>", value_type(&a->v[0]));
	exec_refuse(x, "non-function %s of type %s", str_c(&shown), value_type(&a->v[0]));
	return NOTHING;
}

/* What numbers, texts and truths are compared as; others are CLASS_NONE. */
static enum value_class basic(const struct value *v)
{
	enum value_class class = value_class(v);

	return class <= CLASS_STRING ? class : CLASS_NONE;
}

static int compare_text(struct text a, struct text b)
{
	int order = memcmp(a.s, b.s, a.n < b.n ? a.n : b.n);

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static bool refuse_types(struct exec *x, const struct value *a, const struct value *b)
{
	exec_refuse(x, "incompatible types for comparison: %s and %s", value_type(a),
		value_type(b));
	return false;
}

static void show_text(struct exec *x, const struct value *v, struct str *out)
{
	exec_printf(x, (struct text){ "%s", 2 }, &(struct values){ v, 1 }, out);
}

/* Neither number nor text nor truth: nothing but nil is like another. */
static bool same_others(struct exec *x, const struct value *a, const struct value *b)
{
	scoped(str_fini) struct str shown = exec_text(x);
	enum value_class class = value_class(b);

	if (value_is_nil(a) || value_is_nil(b))
		return value_is_nil(a) == value_is_nil(b);
	if (value_class(a) == class && class == CLASS_POINTER)
		return a->kind == b->kind &&
		       (a->kind == VALUE_TIME ? false : a->sample == b->sample);
	show_text(x, b, &shown);
	if (value_class(a) == class) {
		exec_refuse(x, "non-comparable type %s: %s", str_c(&shown), value_type(b));
		return false;
	}
	{
		scoped(str_fini) struct str first = exec_text(x);

		show_text(x, a, &first);
		exec_refuse(x, "non-comparable types %s: %s, %s: %s", str_c(&first), value_type(a),
			value_type(b), str_c(&shown));
	}
	return false;
}

static bool same(struct exec *x, const struct value *a, const struct value *b)
{
	enum value_class class = basic(a);

	if (is_whole(a) && is_whole(b))
		return a->i == b->i; /* no unsigned one is too large for the sign */
	if (class != basic(b)) {
		bool has_nothing = value_class(a) == CLASS_NONE || value_class(b) == CLASS_NONE;

		return has_nothing ? false : refuse_types(x, a, b);
	}
	switch (class) {
	case CLASS_BOOL:
		return a->truth == b->truth;
	case CLASS_FLOAT:
		return a->f == b->f;
	case CLASS_COMPLEX:
		return a->complex.re == b->complex.re && a->complex.im == b->complex.im;
	case CLASS_STRING:
		return text_equal(a->text, b->text);
	default:
		return same_others(x, a, b);
	}
}

static bool less(struct exec *x, const struct value *a, const struct value *b)
{
	enum value_class class = basic(a);

	if (class == CLASS_NONE || basic(b) == CLASS_NONE) {
		exec_refuse(x, "invalid type for comparison");
		return false;
	}
	if (is_whole(a) && is_whole(b))
		return a->i < b->i;
	if (class != basic(b))
		return refuse_types(x, a, b);
	if (class == CLASS_FLOAT)
		return a->f < b->f;
	if (class == CLASS_STRING)
		return compare_text(a->text, b->text) < 0;
	exec_refuse(x, "invalid type for comparison");
	return false;
}

struct value function_eq(struct exec *x, const struct arguments *a)
{
	if (a->n < 2)
		exec_refuse(x, "missing argument for comparison");
	for (uint32_t i = 1; i < a->n && x->refusal.len == 0; i++)
		if (same(x, &a->v[0], &a->v[i]))
			return value_of_bool(true);
	return value_of_bool(false);
}

struct value function_ne(struct exec *x, const struct arguments *a)
{
	return value_of_bool(!same(x, &a->v[0], &a->v[1]));
}

struct value function_lt(struct exec *x, const struct arguments *a)
{
	return value_of_bool(less(x, &a->v[0], &a->v[1]));
}

static bool less_or_same(struct exec *x, const struct arguments *a)
{
	return less(x, &a->v[0], &a->v[1]) || (x->refusal.len == 0 && same(x, &a->v[0], &a->v[1]));
}

struct value function_le(struct exec *x, const struct arguments *a)
{
	return value_of_bool(less_or_same(x, a));
}

struct value function_gt(struct exec *x, const struct arguments *a)
{
	return value_of_bool(!less_or_same(x, a));
}

struct value function_ge(struct exec *x, const struct arguments *a)
{
	return value_of_bool(!less(x, &a->v[0], &a->v[1]));
}

/* Escaping */

/* The arguments as fmt.Sprint writes them, pointers as what they point to. */
static void join(struct exec *x, const struct arguments *a, struct str *out)
{
	for (uint32_t i = 0; i < a->n; i++) {
		if (i > 0 && value_class(&a->v[i]) != CLASS_STRING &&
			value_class(&a->v[i - 1]) != CLASS_STRING)
			str_addc(out, ' ');
		if (a->v[i].kind == VALUE_NIL)
			str_add(out, "<no value>");
		else
			exec_show(x, &a->v[i], out);
	}
}

struct value function_html(struct exec *x, const struct arguments *a)
{
	static const struct {
		char c;
		const char *escaped;
	} escapes[] = { { '\0', "\uFFFD" }, { '"', "&#34;" }, { '\'', "&#39;" }, { '&', "&amp;" },
		{ '<', "&lt;" }, { '>', "&gt;" } };
	scoped(str_fini) struct str s = exec_text(x), out = exec_text(x);

	join(x, a, &s);
	for (size_t i = 0; i < s.len; i++) {
		const char *escaped = NULL;

		for (size_t k = 0; k < COUNT(escapes); k++)
			if (escapes[k].c == s.s[i])
				escaped = escapes[k].escaped;
		if (escaped)
			str_add(&out, escaped);
		else
			str_addc(&out, s.s[i]);
	}
	return kept(x, &out);
}

/* A character of a script's text; its length. */
static size_t add_js(const char *s, size_t n, struct str *out)
{
	size_t bytes;
	uint32_t c = utf8_decode(s, n, &bytes);

	if (c < 0x80 && c && strchr("\\'\"", (int)c))
		str_addf(out, "\\%c", (int)c);
	else if (c < ' ' || c == '<' || c == '>' || c == '&' || c == '=' ||
		 (c >= 0x80 && !unicode_is_printable(c)))
		str_addf(out, "\\u%04X", c);
	else if (bytes == 1 && c == UNICODE_REPLACEMENT) /* Go takes it for the character */
		str_addn(out, s, 1);
	else
		str_addn(out, s, bytes);
	return bytes;
}

struct value function_js(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x), out = exec_text(x);

	join(x, a, &s);
	for (size_t i = 0; i < s.len;)
		i += add_js(s.s + i, s.len - i, &out);
	return kept(x, &out);
}

void query_escape(const char *s, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		bool is_plain = c < 0x80 && (unicode_is_letter(c) || unicode_is_digit(c));

		if (c == ' ')
			str_addc(out, '+');
		else if (is_plain || (c && strchr("-_.~", c)))
			str_addc(out, (char)c);
		else
			str_addf(out, "%%%02X", c);
	}
}

struct value function_urlquery(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x), out = exec_text(x);

	join(x, a, &s);
	query_escape(str_c(&s), s.len, &out);
	return kept(x, &out);
}
