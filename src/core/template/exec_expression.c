/* SPDX-License-Identifier: Apache-2.0 */
/* Values: arguments, calls, fields, and the pipelines that they make. */
#include "core/template/exec_private.h"
#include "core/template/functions.h"

/* One call, or one field with what is given to it. */
struct call {
	const struct node *node;  /* the command, or the term alone */
	const struct node *args;  /* behind the first word; NULL: none */
	const struct value *last; /* what the pipeline had before; NULL: nothing */
	struct value dot;
};

/* Arguments */

static const char *const parameter_types[] = {
	[PARAMETER_ANY] = "interface {}",
	[PARAMETER_VALUE] = "reflect.Value",
	[PARAMETER_STRING] = "string",
	[PARAMETER_SAMPLES] = "template.queryResult",
	[PARAMETER_SAMPLE] = "*template.sample",
};

/* What `nil`, or no value, is where such a type is wanted; false: it can't be. */
static bool zero_of(enum parameter type, struct value *ret)
{
	static const enum value_kind zeros[] = {
		[PARAMETER_ANY] = VALUE_NIL,
		[PARAMETER_VALUE] = VALUE_INVALID,
		[PARAMETER_SAMPLES] = VALUE_SAMPLES,
		[PARAMETER_SAMPLE] = VALUE_SAMPLE,
	};

	if (type == PARAMETER_STRING)
		return false;
	*ret = (struct value){ .kind = zeros[type] };
	return true;
}

static struct value checked(struct exec *x, struct value v, enum parameter type)
{
	static const enum value_kind wanted[] = {
		[PARAMETER_STRING] = VALUE_STRING,
		[PARAMETER_SAMPLES] = VALUE_SAMPLES,
		[PARAMETER_SAMPLE] = VALUE_SAMPLE,
	};

	if (x->rc != RC_OK)
		return NOTHING;
	if (v.kind == VALUE_INVALID) {
		if (!zero_of(type, &v))
			exec_fail(x, "invalid value; expected %s", parameter_types[type]);
		return v;
	}
	if (type != PARAMETER_ANY && type != PARAMETER_VALUE && v.kind != wanted[type])
		exec_fail(x, "wrong type for value; expected %s; got %s", parameter_types[type],
			value_type(&v));
	return v;
}

/* A constant whose type is seen from how it is written. */
static struct value constant(struct exec *x, const struct node *n)
{
	const struct number *v = &n->number;
	struct text t = n->source;
	bool is_hex = t.n > 2 && t.s[0] == '0' && (t.s[1] | 0x20) == 'x' &&
		      !memchr(t.s, 'p', t.n) && !memchr(t.s, 'P', t.n);
	bool looks_real = false;

	for (size_t i = 0; i < t.n; i++)
		looks_real = looks_real || (t.s[i] && strchr(".eEpP", t.s[i]));
	x->at = n;
	if (v->is_complex)
		return (struct value){ .kind = VALUE_COMPLEX, .complex = { v->f, v->imaginary } };
	if (v->is_float && !is_hex && t.s[0] != '\'' && looks_real)
		return value_of_float(v->f);
	if (v->is_int)
		return value_of_int(v->i);
	exec_fail(x, "%.*s overflows int", (int)t.n, t.s);
	return NOTHING;
}

static struct value literal(struct exec *x, const struct node *n)
{
	if (n->kind == NODE_BOOL)
		return value_of_bool(n->truth);
	if (n->kind == NODE_NUMBER)
		return constant(x, n);
	return value_of_text(n->string);
}

static struct value refuse_literal(struct exec *x, const struct node *n, enum parameter type)
{
	if (type == PARAMETER_STRING)
		exec_fail(x, "expected string; found %.*s", (int)n->source.n, n->source.s);
	else
		exec_fail(x, "can't handle %.*s for arg of type %s", (int)n->source.n, n->source.s,
			parameter_types[type]);
	return NOTHING;
}

static struct value eval_term(struct exec *x, const struct call *c);

static struct value eval_arg(struct exec *x, struct value dot, const struct node *n,
	enum parameter type)
{
	struct value v = NOTHING;

	x->at = n;
	switch (n->kind) {
	case NODE_DOT:
		return checked(x, dot, type);
	case NODE_NIL:
		if (!zero_of(type, &v))
			exec_fail(x, "cannot assign nil to %s", parameter_types[type]);
		return v;
	case NODE_BOOL:
	case NODE_NUMBER:
	case NODE_STRING:
		if (type == PARAMETER_ANY || type == PARAMETER_VALUE ||
			(type == PARAMETER_STRING && n->kind == NODE_STRING))
			return literal(x, n);
		return refuse_literal(x, n, type);
	case NODE_PIPE:
		return checked(x, exec_pipe(x, dot, n), type);
	default:
		v = eval_term(x, &(struct call){ .node = n, .dot = dot });
		return checked(x, v, type);
	}
}

/* Calls */

static uint32_t count_args(const struct call *c)
{
	uint32_t n = 0;

	for (const struct node *arg = c->args; arg; arg = arg->next)
		n++;
	return n;
}

/* The types that are listed, and the last again for what is beyond them. */
static enum parameter type_of(const struct function *f, uint32_t i)
{
	uint32_t last = f->n_fixed + f->is_variadic - 1;
	uint32_t listed = i < last ? i : last;

	return f->types[listed < PARAMETERS_MAX ? listed : PARAMETERS_MAX - 1];
}

static bool count_is_right(struct exec *x, const struct function *f, const struct call *c)
{
	uint32_t written = count_args(c), given = written + (c->last != NULL);

	if (f->is_variadic && given < f->n_fixed)
		exec_fail(x, "wrong number of args for %s: want at least %u got %u", f->name,
			f->n_fixed, written);
	else if (!f->is_variadic && given != f->n_fixed)
		exec_fail(x, "wrong number of args for %s: want %u got %u", f->name, f->n_fixed,
			given);
	return x->rc == RC_OK;
}

/* `and` and `or` don't evaluate what can't matter. */
static struct value eval_logic(struct exec *x, const struct function *f, const struct call *c)
{
	bool until = f->name[0] == 'o';
	struct value v = NOTHING;

	for (const struct node *arg = c->args; arg && x->rc == RC_OK; arg = arg->next) {
		v = eval_arg(x, c->dot, arg, PARAMETER_VALUE);
		if (value_truth(&v) == until)
			return v;
	}
	return c->last ? *c->last : v;
}

static struct value eval_call(struct exec *x, const struct function *f, const struct call *c)
{
	uint32_t n = count_args(c) + (c->last != NULL), i = 0;
	struct arguments a = { .n = n };
	struct value result;

	if (!count_is_right(x, f, c))
		return NOTHING;
	if (!f->call)
		return eval_logic(x, f, c);
	a.v = exec_alloc(x, (n + 1) * sizeof *a.v);
	for (const struct node *arg = c->args; arg && a.v && x->rc == RC_OK; arg = arg->next, i++)
		a.v[i] = eval_arg(x, c->dot, arg, type_of(f, i));
	if (x->rc == RC_OK && c->last)
		a.v[i] = checked(x, *c->last, type_of(f, i));
	if (x->rc != RC_OK)
		return NOTHING;
	str_clear(&x->refusal);
	x->first_arg = c->args;
	result = f->call(x, &a);
	if (x->refusal.len == 0)
		return result;
	x->at = c->node;
	exec_fail(x, "error calling %s: %s", f->name, str_c(&x->refusal));
	return NOTHING;
}

/* Fields */

static bool has_args(const struct call *c)
{
	return c->args || c->last;
}

static bool text_is(struct text t, const char *word)
{
	return t.n == strlen(word) && memcmp(t.s, word, t.n) == 0;
}

static struct value labels_value(const struct labels *l)
{
	return (struct value){ .kind = VALUE_LABELS, .labels = l };
}

static bool data_field(const struct template_data *d, struct text name, struct value *ret)
{
	if (text_is(name, "Labels"))
		*ret = labels_value(&d->labels);
	else if (text_is(name, "ExternalLabels"))
		*ret = labels_value(&d->external_labels);
	else if (text_is(name, "ExternalURL"))
		*ret = value_of_text((struct text){ d->external_url, strlen(d->external_url) });
	else if (text_is(name, "Value"))
		*ret = wrapped(value_of_sample(&d->value));
	else
		return false;
	return true;
}

static bool sample_field(const struct template_sample *s, struct text name, struct value *ret)
{
	if (text_is(name, "Labels"))
		*ret = labels_value(&s->labels);
	else if (text_is(name, "Value"))
		*ret = wrapped(value_of_sample(s));
	else
		return false;
	return true;
}

static struct value map_entry(struct exec *x, const struct value *v, struct text name,
	const struct call *c)
{
	if (has_args(c)) {
		exec_fail(x, "%.*s is not a method but has arguments", (int)name.n, name.s);
		return NOTHING;
	}
	if (v->kind == VALUE_LABELS)
		return value_of_text(labels_text(v->labels, name));
	for (uint32_t i = 0; i < v->args.n; i++)
		if (text_equal(v->args.v[i].name, name))
			return wrapped(v->args.v[i].value);
	return (struct value){ .kind = VALUE_NIL };
}

static struct value time_method(struct exec *x, struct value v, struct text name,
	const struct call *c)
{
	const struct function *f = method_find(name);

	if (!f) {
		exec_fail(x, "can't evaluate field %.*s in type %s", (int)name.n, name.s,
			value_type(&v));
		return NOTHING;
	}
	x->receiver = v;
	return eval_call(x, f, c);
}

static struct value eval_field(struct exec *x, struct value of, struct text name,
	const struct call *c)
{
	const char *type = of.is_wrapped ? "interface {}" : value_type(&of);
	struct value v;
	bool is_field = false;

	if (x->rc != RC_OK || of.kind == VALUE_INVALID)
		return NOTHING;
	if (value_class(&of) == CLASS_MAP)
		return map_entry(x, &of, name, c);
	if (of.kind == VALUE_TIME)
		return time_method(x, of, name, c);
	if (of.kind == VALUE_DATA)
		is_field = data_field(of.data, name, &v);
	else if (of.kind == VALUE_SAMPLE && of.sample)
		is_field = sample_field(of.sample, name, &v);
	if (is_field && !has_args(c))
		return v;
	if (is_field)
		exec_fail(x, "%.*s has arguments but cannot be invoked as function", (int)name.n,
			name.s);
	else if (value_is_nil(&of))
		exec_fail(x, "nil pointer evaluating %s.%.*s", type, (int)name.n, name.s);
	else
		exec_fail(x, "can't evaluate field %.*s in type %s", (int)name.n, name.s, type);
	return NOTHING;
}

/* The arguments are for the last of the names. */
static struct value eval_fields(struct exec *x, struct value of, const struct names *names,
	const struct call *c)
{
	const struct call plain = { .node = c->node, .dot = c->dot };

	for (uint32_t i = 0; i < names->n; i++)
		of = eval_field(x, of, names->v[i], i + 1 < names->n ? &plain : c);
	return of;
}

/* Terms and pipelines */

static const struct node *first_word(const struct call *c)
{
	return c->node->kind == NODE_COMMAND ? c->node->list.first : c->node;
}

static bool takes_none(struct exec *x, const struct call *c)
{
	scoped(str_fini) struct str shown = STR_EMPTY;

	if (!has_args(c))
		return true;
	node_text(first_word(c), &shown);
	exec_fail(x, "can't give argument to non-function %s", str_c(&shown));
	return false;
}

static struct value eval_variable(struct exec *x, const struct node *n, const struct call *c)
{
	const struct exec_variable *found = exec_find_variable(x, n->names.v[0]);
	struct names rest = { n->names.v + 1, n->names.n - 1 };

	if (!found || (rest.n == 0 && !takes_none(x, c)))
		return NOTHING;
	return eval_fields(x, found->value, &rest, c);
}

static struct value eval_chain(struct exec *x, const struct node *n, const struct call *c)
{
	struct value inner;

	if (n->chain.inner->kind == NODE_PIPE) {
		x->at = n->chain.inner;
		inner = exec_pipe(x, c->dot, n->chain.inner);
	} else {
		inner = eval_term(x, &(struct call){ .node = n->chain.inner, .dot = c->dot });
	}
	return eval_fields(x, inner, &n->chain.names, c);
}

static struct value eval_constant(struct exec *x, const struct node *n, const struct call *c)
{
	if (!takes_none(x, c))
		return NOTHING;
	if (n->kind == NODE_DOT)
		return c->dot;
	if (n->kind != NODE_NIL)
		return literal(x, n);
	exec_fail(x, "nil is not a command");
	return NOTHING;
}

static struct value eval_term(struct exec *x, const struct call *c)
{
	const struct node *n = first_word(c);

	x->at = n;
	if (!exec_may_go_on(x))
		return NOTHING;
	switch (n->kind) {
	case NODE_FIELD:
		return eval_fields(x, c->dot, &n->names, c);
	case NODE_CHAIN:
		return eval_chain(x, n, c);
	case NODE_IDENTIFIER:
		return eval_call(x, n->function, c);
	case NODE_VARIABLE:
		return eval_variable(x, n, c);
	case NODE_PIPE:
		return takes_none(x, c) ? exec_pipe(x, c->dot, n) : NOTHING;
	default:
		return eval_constant(x, n, c);
	}
}

static void bind_variables(struct exec *x, const struct node *pipe, struct value v)
{
	for (const struct node *n = pipe->pipe.variables.first; n && x->rc == RC_OK; n = n->next) {
		if (pipe->pipe.is_assign)
			exec_set_variable(x, n->names.v[0], v);
		else
			exec_push(x, n->names.v[0], v);
	}
}

struct value exec_pipe(struct exec *x, struct value dot, const struct node *n)
{
	struct value v = NOTHING, last;
	bool is_first = true;

	x->at = n;
	for (const struct node *c = n->pipe.commands.first; c && x->rc == RC_OK; c = c->next) {
		last = v;
		v = eval_term(x, &(struct call){ .node = c,
					 .args = c->list.first->next,
					 .last = is_first ? NULL : &last,
					 .dot = dot });
		v.is_wrapped = false;
		if (v.kind == VALUE_NIL)
			v.kind = VALUE_INVALID;
		is_first = false;
	}
	bind_variables(x, n, v);
	return x->rc == RC_OK ? v : NOTHING;
}
