/* SPDX-License-Identifier: Apache-2.0 */
#include "base/golang.h"
#include "core/template/tree.h"

static void add_names(const struct names *names, bool is_dotted, struct str *out)
{
	for (uint32_t i = 0; i < names->n; i++) {
		if (i > 0 || is_dotted)
			str_addc(out, '.');
		str_addn(out, names->v[i].s, names->v[i].n);
	}
}

static void add_operand(const struct node *n, struct str *out)
{
	if (n->kind == NODE_PIPE)
		str_addc(out, '(');
	node_text(n, out);
	if (n->kind == NODE_PIPE)
		str_addc(out, ')');
}

static void add_nodes(const struct nodes *nodes, const char *between, struct str *out)
{
	for (const struct node *n = nodes->first; n; n = n->next) {
		if (n != nodes->first)
			str_add(out, between);
		add_operand(n, out);
	}
}

static void add_invocation(const struct node *n, struct str *out)
{
	str_add(out, "{{template ");
	go_quote(out, n->invocation.name.s, n->invocation.name.n, GO_QUOTE);
	if (n->invocation.pipe) {
		str_addc(out, ' ');
		node_text(n->invocation.pipe, out);
	}
	str_add(out, "}}");
}

static void add_pipe(const struct node *n, struct str *out)
{
	add_nodes(&n->pipe.variables, ", ", out);
	if (n->pipe.variables.n > 0)
		str_add(out, n->pipe.is_assign ? " = " : " := ");
	add_nodes(&n->pipe.commands, " | ", out);
}

void node_text(const struct node *n, struct str *out)
{
	switch (n->kind) {
	case NODE_ACTION:
		str_add(out, "{{");
		node_text(n->control.pipe, out);
		str_add(out, "}}");
		break;
	case NODE_TEMPLATE:
		add_invocation(n, out);
		break;
	case NODE_PIPE:
		add_pipe(n, out);
		break;
	case NODE_COMMAND:
		add_nodes(&n->list, " ", out);
		break;
	case NODE_FIELD:
	case NODE_VARIABLE:
		add_names(&n->names, n->kind == NODE_FIELD, out);
		break;
	case NODE_CHAIN:
		add_operand(n->chain.inner, out);
		add_names(&n->chain.names, true, out);
		break;
	default: /* what was written */
		str_addn(out, n->source.s, n->source.n);
		break;
	}
}
