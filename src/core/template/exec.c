/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is walked; each expression gives a value.  What fails says so once (exec_fail), and from
 * then on nothing is evaluated any more: callers need no error of their own.
 */
#include "core/template/exec.h"

#include "base/golang.h"
#include "base/limits.h"
#include "core/template/functions.h"
#include "core/template/parse.h"

enum walk { WALK_ON, WALK_BREAK, WALK_CONTINUE };

#define NOTHING ((struct value){ .kind = VALUE_INVALID })

/* One call, or one field with what is given to it. */
struct call {
	const struct node *node;  /* the command, or the term alone */
	const struct node *args;  /* behind the first word; NULL: none */
	const struct value *last; /* what the pipeline had before; NULL: nothing */
	struct value dot;
};

static struct value eval_pipe(struct exec *x, struct value dot, const struct node *n);
static enum walk walk(struct exec *x, struct value dot, const struct node *n);

/* Failing */

static void note_place(struct exec *x)
{
	scoped(str_fini) struct str shown = STR_EMPTY;
	const char *text = x->t->text.s;
	uint32_t line = 1, column = x->at ? x->at->at : 0;

	if (!x->at)
		return;
	for (uint32_t i = 0; i < x->at->at; i++)
		if (text[i] == '\n') {
			line++;
			column = x->at->at - i - 1;
		}
	node_text(x->at, &shown);
	str_addf(&x->why, "template: %s:%u:%u: executing ", x->t->name, line, column);
	go_quote(&x->why, x->name.s, x->name.n, GO_QUOTE);
	str_addf(&x->why, " at <%s>: ", str_c(&shown));
}

void exec_fail(struct exec *x, const char *fmt, ...)
{
	va_list ap;

	if (x->rc != RC_OK)
		return;
	x->rc = RC_INPUT;
	note_place(x);
	va_start(ap, fmt);
	str_vaddf(&x->why, fmt, ap);
	va_end(ap);
}

void exec_refuse(struct exec *x, const char *fmt, ...)
{
	va_list ap;

	if (x->refusal.len > 0)
		return;
	va_start(ap, fmt);
	str_vaddf(&x->refusal, fmt, ap);
	va_end(ap);
}

void exec_limit(struct exec *x, const char *fmt, ...)
{
	va_list ap;

	if (x->rc != RC_OK)
		return;
	x->rc = RC_LIMIT;
	str_addf(&x->why, "template: %s: ", x->t->name);
	va_start(ap, fmt);
	str_vaddf(&x->why, fmt, ap);
	va_end(ap);
}

static void limit_bytes(struct exec *x)
{
	exec_limit(x, "expanding takes more than %d bytes", TEMPLATE_BYTES_MAX);
}

void *exec_alloc(struct exec *x, size_t n)
{
	void *p = x->rc == RC_OK ? arena_alloc(&x->arena, n) : NULL;

	if (!p)
		limit_bytes(x);
	return p;
}

struct str exec_text(struct exec *x)
{
	return (struct str){ .limit_bytes = x->arena.budget_bytes - x->arena.used_bytes + 1 };
}

struct text exec_keep(struct exec *x, const struct str *s)
{
	char *copy =
		s->is_cut || x->rc != RC_OK ? NULL : arena_strndup(&x->arena, str_c(s), s->len);

	if (!copy)
		limit_bytes(x);
	return copy ? (struct text){ copy, s->len } : (struct text){ "", 0 };
}

static bool may_go_on(struct exec *x)
{
	if (++x->steps > TEMPLATE_STEPS_MAX)
		exec_limit(x, "expanding takes more than %d steps", TEMPLATE_STEPS_MAX);
	if (x->out->is_cut)
		exec_limit(x, "it expands to more than %d bytes", TEMPLATE_OUTPUT_BYTES_MAX);
	return x->rc == RC_OK;
}

/* Variables */

static void push(struct exec *x, struct text name, struct value v)
{
	must_grow(x->variables, x->n_variables, x->cap_variables);
	x->variables[x->n_variables++] = (struct exec_variable){ name, v };
}

static struct exec_variable *find_variable(struct exec *x, struct text name)
{
	for (uint32_t i = x->n_variables; i > x->first_variable; i--)
		if (text_equal(x->variables[i - 1].name, name))
			return &x->variables[i - 1];
	exec_fail(x, "undefined variable: %.*s", (int)name.n, name.s);
	return NULL;
}

static void set_variable(struct exec *x, struct text name, struct value v)
{
	struct exec_variable *found = find_variable(x, name);

	if (found)
		found->value = v;
}

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
		return checked(x, eval_pipe(x, dot, n), type);
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

static struct value wrapped(struct value v)
{
	v.is_wrapped = true;
	return v;
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
	const struct exec_variable *found = find_variable(x, n->names.v[0]);
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
		inner = eval_pipe(x, c->dot, n->chain.inner);
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
	if (!may_go_on(x))
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
		return takes_none(x, c) ? eval_pipe(x, c->dot, n) : NOTHING;
	default:
		return eval_constant(x, n, c);
	}
}

static void bind_variables(struct exec *x, const struct node *pipe, struct value v)
{
	for (const struct node *n = pipe->pipe.variables.first; n && x->rc == RC_OK; n = n->next) {
		if (pipe->pipe.is_assign)
			set_variable(x, n->names.v[0], v);
		else
			push(x, n->names.v[0], v);
	}
}

static struct value eval_pipe(struct exec *x, struct value dot, const struct node *n)
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

/* Control */

static enum walk walk_list(struct exec *x, struct value dot, const struct node *n)
{
	enum walk how = WALK_ON;

	for (const struct node *i = n->list.first; i && how == WALK_ON && x->rc == RC_OK;
		i = i->next)
		how = walk(x, dot, i);
	return how;
}

static enum walk walk_if(struct exec *x, struct value dot, const struct node *n)
{
	uint32_t visible = x->n_variables;
	struct value v = eval_pipe(x, dot, n->control.pipe);
	enum walk how = WALK_ON;

	if (x->rc != RC_OK)
		return WALK_ON;
	if (value_truth(&v))
		how = walk_list(x, n->kind == NODE_WITH ? v : dot, n->control.body);
	else if (n->control.otherwise)
		how = walk_list(x, dot, n->control.otherwise);
	x->n_variables = visible;
	return how;
}

struct loop {
	const struct node *node;
	uint32_t visible; /* variables, its own included */
	uint32_t rounds;
};

/* One variable is the element, two are index and element. */
static void bind_round(struct exec *x, const struct loop *l, struct value index,
	struct value element)
{
	const struct node *pipe = l->node->control.pipe;
	const struct node *first = pipe->pipe.variables.first;
	uint32_t n = pipe->pipe.variables.n;

	if (n == 0)
		return;
	if (pipe->pipe.is_assign) {
		set_variable(x, first->names.v[0], n > 1 ? index : element);
		if (n > 1)
			set_variable(x, first->next->names.v[0], element);
		return;
	}
	x->variables[x->n_variables - 1].value = element;
	if (n > 1)
		x->variables[x->n_variables - 2].value = index;
}

/* False: no more of them. */
static bool walk_round(struct exec *x, struct loop *l, struct value index, struct value element)
{
	enum walk how;

	if (!may_go_on(x))
		return false;
	l->rounds++;
	bind_round(x, l, index, element);
	how = walk_list(x, element, l->node->control.body);
	x->n_variables = l->visible;
	return how != WALK_BREAK && x->rc == RC_OK;
}

static void loop_labels(struct exec *x, struct loop *l, const struct labels *of)
{
	for (uint32_t i = 0; i < of->n; i++) {
		struct text name = { of->v[i].name, of->v[i].name_len };
		struct text value = { of->v[i].value, of->v[i].value_len };

		if (!walk_round(x, l, value_of_text(name), value_of_text(value)))
			return;
	}
}

static void loop_args(struct exec *x, struct loop *l, const struct value *of)
{
	for (uint32_t i = 0; i < of->args.n; i++)
		if (!walk_round(x, l, value_of_text(of->args.v[i].name),
			    wrapped(of->args.v[i].value)))
			return;
}

static void loop_samples(struct exec *x, struct loop *l, const struct value *of)
{
	for (uint32_t i = 0; i < of->samples.n; i++) {
		struct value one = { .kind = VALUE_SAMPLE, .sample = of->samples.v[i] };

		if (!walk_round(x, l, value_of_int(i), one))
			return;
	}
}

static void loop_numbers(struct exec *x, struct loop *l, const struct value *of)
{
	scoped(str_fini) struct str shown = STR_EMPTY;
	struct value i = *of;

	if (l->node->control.pipe->pipe.variables.n > 1) {
		exec_show(x, of, &shown);
		exec_fail(x, "can't use %s to iterate over more than one variable", str_c(&shown));
		return;
	}
	for (i.i = 0; i.i < of->i; i.i++)
		if (!walk_round(x, l, NOTHING, i))
			return;
}

static void refuse_loop(struct exec *x, const struct value *v)
{
	scoped(str_fini) struct str shown = exec_text(x);

	exec_print(x, v, 1, &shown);
	exec_fail(x, "range can't iterate over %s", str_c(&shown));
}

static enum walk walk_range(struct exec *x, struct value dot, const struct node *n)
{
	uint32_t visible = x->n_variables;
	struct value v = eval_pipe(x, dot, n->control.pipe);
	struct loop l = { .node = n, .visible = x->n_variables };
	enum walk how = WALK_ON;

	if (x->rc != RC_OK)
		return WALK_ON;
	if (v.kind == VALUE_LABELS)
		loop_labels(x, &l, v.labels);
	else if (v.kind == VALUE_ARGS)
		loop_args(x, &l, &v);
	else if (v.kind == VALUE_SAMPLES)
		loop_samples(x, &l, &v);
	else if (value_class(&v) == CLASS_INT || value_class(&v) == CLASS_UINT)
		loop_numbers(x, &l, &v);
	else if (v.kind != VALUE_INVALID)
		refuse_loop(x, &v);
	if (l.rounds == 0 && n->control.otherwise && x->rc == RC_OK)
		how = walk_list(x, dot, n->control.otherwise);
	x->n_variables = visible;
	return how;
}

static void walk_definition(struct exec *x, struct value dot, const struct definition *d)
{
	struct text name = x->name;
	uint32_t visible = x->n_variables, first = x->first_variable;

	x->depth++;
	x->name = d->name;
	x->first_variable = x->n_variables;
	push(x, (struct text){ "$", 1 }, dot);
	walk_list(x, dot, d->root);
	x->depth--;
	x->name = name;
	x->n_variables = visible;
	x->first_variable = first;
}

static void walk_template(struct exec *x, struct value dot, const struct node *n)
{
	const struct definition *d = definition_find(x->t, n->invocation.name);
	scoped(str_fini) struct str quoted = STR_EMPTY;

	if (!d) {
		go_quote(&quoted, n->invocation.name.s, n->invocation.name.n, GO_QUOTE);
		exec_fail(x, "template %s not defined", str_c(&quoted));
		return;
	}
	if (x->depth >= TEMPLATE_DEPTH_MAX) {
		exec_fail(x, "exceeded maximum template depth (%d)", TEMPLATE_DEPTH_MAX);
		return;
	}
	dot = n->invocation.pipe ? eval_pipe(x, dot, n->invocation.pipe) : NOTHING;
	if (x->rc == RC_OK)
		walk_definition(x, dot, d);
}

static void walk_action(struct exec *x, struct value dot, const struct node *n)
{
	struct value v = eval_pipe(x, dot, n->control.pipe);

	if (x->rc == RC_OK && n->control.pipe->pipe.variables.n == 0)
		exec_show(x, &v, x->out);
}

static enum walk walk(struct exec *x, struct value dot, const struct node *n)
{
	x->at = n;
	if (!may_go_on(x))
		return WALK_ON;
	switch (n->kind) {
	case NODE_TEXT:
		str_addn(x->out, n->source.s, n->source.n);
		return WALK_ON;
	case NODE_ACTION:
		walk_action(x, dot, n);
		return WALK_ON;
	case NODE_IF:
	case NODE_WITH:
		return walk_if(x, dot, n);
	case NODE_RANGE:
		return walk_range(x, dot, n);
	case NODE_TEMPLATE:
		walk_template(x, dot, n);
		return WALK_ON;
	default:
		return n->kind == NODE_BREAK ? WALK_BREAK : WALK_CONTINUE;
	}
}

/* The whole */

enum rc template_new(struct template **ret, const char *name, const char *text, struct arena *a,
	struct str *why)
{
	struct template_source source = { .n = strlen(text) };
	char *own_text = arena_strdup(a, text), *own_name = arena_strdup(a, name);

	if (!own_text || !own_name || source.n > TEMPLATE_TEXT_BYTES_MAX) {
		str_addf(why, "template: %s: more than %d bytes", name, TEMPLATE_TEXT_BYTES_MAX);
		return RC_LIMIT;
	}
	source.name = own_name;
	source.text = own_text;
	return template_parse(&source, a, ret, why);
}

enum rc template_expand(const struct template *t, const struct template_data *data, struct str *out,
	struct str *why)
{
	scoped(str_fini) struct str text = { .limit_bytes = TEMPLATE_OUTPUT_BYTES_MAX };
	struct exec x = { .t = t,
		.name = { t->name, strlen(t->name) },
		.data = data,
		.out = &text };
	struct value dot = { .kind = VALUE_DATA, .data = data };

	arena_init(&x.arena, TEMPLATE_BYTES_MAX);
	push(&x, (struct text){ "$", 1 }, dot);
	walk_list(&x, dot, t->root);
	may_go_on(&x);
	if (x.rc == RC_OK)
		str_addn(out, str_c(&text), text.len);
	else
		str_addn(why, str_c(&x.why), x.why.len);
	free(x.variables);
	str_fini(&x.why);
	str_fini(&x.refusal);
	arena_fini(&x.arena);
	return x.rc;
}
