/* SPDX-License-Identifier: Apache-2.0 */
/* What is written, how often, and which template is invoked. */
#include "base/golang.h"
#include "base/limits.h"
#include "core/template/exec_private.h"
#include "core/template/parse.h"

static enum walk walk(struct exec *x, struct value dot, const struct node *n);

enum walk exec_walk_list(struct exec *x, struct value dot, const struct node *n)
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
	struct value v = exec_pipe(x, dot, n->control.pipe);
	enum walk how = WALK_ON;

	if (x->rc != RC_OK)
		return WALK_ON;
	if (value_truth(&v))
		how = exec_walk_list(x, n->kind == NODE_WITH ? v : dot, n->control.body);
	else if (n->control.otherwise)
		how = exec_walk_list(x, dot, n->control.otherwise);
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
		exec_set_variable(x, first->names.v[0], n > 1 ? index : element);
		if (n > 1)
			exec_set_variable(x, first->next->names.v[0], element);
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

	if (!exec_may_go_on(x))
		return false;
	l->rounds++;
	bind_round(x, l, index, element);
	how = exec_walk_list(x, element, l->node->control.body);
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
	struct value v = exec_pipe(x, dot, n->control.pipe);
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
		how = exec_walk_list(x, dot, n->control.otherwise);
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
	exec_push(x, (struct text){ "$", 1 }, dot);
	exec_walk_list(x, dot, d->root);
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
	dot = n->invocation.pipe ? exec_pipe(x, dot, n->invocation.pipe) : NOTHING;
	if (x->rc == RC_OK)
		walk_definition(x, dot, d);
}

static void walk_action(struct exec *x, struct value dot, const struct node *n)
{
	struct value v = exec_pipe(x, dot, n->control.pipe);

	if (x->rc == RC_OK && n->control.pipe->pipe.variables.n == 0)
		exec_show(x, &v, x->out);
}

static enum walk walk(struct exec *x, struct value dot, const struct node *n)
{
	x->at = n;
	if (!exec_may_go_on(x))
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
