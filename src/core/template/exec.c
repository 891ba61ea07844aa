/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is walked; each expression gives a value.  What fails says so once (exec_fail), and from
 * then on nothing is evaluated any more: callers need no error of their own.
 */
#include "base/golang.h"
#include "base/limits.h"
#include "core/template/exec_private.h"
#include "core/template/parse.h"

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

bool exec_may_go_on(struct exec *x)
{
	if (++x->steps > TEMPLATE_STEPS_MAX)
		exec_limit(x, "expanding takes more than %d steps", TEMPLATE_STEPS_MAX);
	if (x->out->is_cut)
		exec_limit(x, "it expands to more than %d bytes", TEMPLATE_OUTPUT_BYTES_MAX);
	return x->rc == RC_OK;
}

/* Variables */

void exec_push(struct exec *x, struct text name, struct value v)
{
	must_grow(x->variables, x->n_variables, x->cap_variables);
	x->variables[x->n_variables++] = (struct exec_variable){ name, v };
}

struct exec_variable *exec_find_variable(struct exec *x, struct text name)
{
	for (uint32_t i = x->n_variables; i > x->first_variable; i--)
		if (text_equal(x->variables[i - 1].name, name))
			return &x->variables[i - 1];
	exec_fail(x, "undefined variable: %.*s", (int)name.n, name.s);
	return NULL;
}

void exec_set_variable(struct exec *x, struct text name, struct value v)
{
	struct exec_variable *found = exec_find_variable(x, name);

	if (found)
		found->value = v;
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
	exec_push(&x, (struct text){ "$", 1 }, dot);
	exec_walk_list(&x, dot, t->root);
	exec_may_go_on(&x);
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
