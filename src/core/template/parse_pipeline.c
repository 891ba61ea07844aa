/* SPDX-License-Identifier: Apache-2.0 */
/* Terms, commands and pipelines: what stands within an action. */
#include "core/template/parser.h"

#include "base/golang.h"
#include "base/limits.h"
#include "core/template/functions.h"

static struct text token_source(const struct token *t)
{
	return (struct text){ t->text, t->n };
}

/* "a.b.c" as its parts. */
static struct names split(struct parser *p, const char *s, size_t n)
{
	struct names names = { 0 };
	struct text *v;

	for (size_t i = 0; i < n; i++)
		names.n += s[i] == '.';
	v = arena_alloc(p->arena, ++names.n * sizeof *v);
	if (!v) {
		parser_fail_full(p);
		return (struct names){ 0 };
	}
	names.v = v;
	for (;; v++) {
		const char *dot = memchr(s, '.', n);

		*v = (struct text){ s, dot ? (size_t)(dot - s) : n };
		if (!dot)
			return names;
		n -= v->n + 1;
		s = dot + 1;
	}
}

static struct names joined(struct parser *p, const struct names *a, const struct names *b)
{
	struct text *v = arena_alloc(p->arena, (a->n + b->n) * sizeof *v);

	if (!v) {
		parser_fail_full(p);
		return (struct names){ 0 };
	}
	if (a->n > 0)
		memcpy(v, a->v, a->n * sizeof *v);
	if (b->n > 0)
		memcpy(v + a->n, b->v, b->n * sizeof *v);
	return (struct names){ v, a->n + b->n };
}

void parser_declare(struct parser *p, struct text name)
{
	struct variables *vs = &p->scope.variables;

	must_grow(vs->v, vs->n, vs->cap);
	vs->v[vs->n++] = name;
}

static bool is_declared(const struct parser *p, struct text name)
{
	const struct variables *vs = &p->scope.variables;

	for (uint32_t i = 0; i < vs->n; i++)
		if (text_equal(vs->v[i], name))
			return true;
	return false;
}

struct node *parser_literal(struct parser *p, enum node_kind kind, const struct token *t)
{
	struct node *n = parser_node(p, kind, t->at);

	n->source = token_source(t);
	return n;
}

static struct node *identifier(struct parser *p, const struct token *t)
{
	struct node *n = parser_literal(p, NODE_IDENTIFIER, t);

	n->function = function_find(n->source);
	if (!n->function)
		parser_fail(p, "function \"%.*s\" not defined", (int)t->n, t->text);
	return n;
}

static struct node *variable(struct parser *p, const struct token *t)
{
	struct node *n = parser_literal(p, NODE_VARIABLE, t);

	n->names = split(p, t->text, t->n);
	return n;
}

static struct node *used_variable(struct parser *p, const struct token *t)
{
	struct node *n = variable(p, t);

	if (!is_declared(p, token_source(t)))
		parser_fail(p, "undefined variable \"%.*s\"", (int)t->n, t->text);
	return n;
}

static struct node *number(struct parser *p, const struct token *t)
{
	scoped(str_fini) struct str why = STR_EMPTY;
	struct node *n = parser_literal(p, NODE_NUMBER, t);

	if (!number_read(n->source, t->kind == TOKEN_CHARACTER, &n->number, &why))
		parser_fail(p, "%s", str_c(&why));
	return n;
}

static struct node *string(struct parser *p, const struct token *t)
{
	struct node *n = parser_literal(p, NODE_STRING, t);

	n->string = parser_unquoted(p, t);
	return n;
}

static struct node *boolean(struct parser *p, const struct token *t)
{
	struct node *n = parser_literal(p, NODE_BOOL, t);

	n->truth = t->text[0] == 't';
	return n;
}

static struct node *field(struct parser *p, const struct token *t)
{
	struct node *n = parser_literal(p, NODE_FIELD, t);

	n->names = split(p, t->text + 1, t->n - 1);
	return n;
}

bool parser_enter(struct parser *p)
{
	if (p->depth >= TEMPLATE_DEPTH_MAX)
		parser_fail(p, "max expression depth exceeded");
	else
		p->depth++;
	return p->rc == RC_OK;
}

static struct node *parenthesized(struct parser *p)
{
	struct node *n;

	if (!parser_enter(p))
		return NULL;
	n = parser_pipeline(p, "parenthesized pipeline", TOKEN_RIGHT_PAREN);
	p->depth--;
	return n;
}

/* NULL: the next token begins none. */
static struct node *term(struct parser *p)
{
	struct token t = parser_next_word(p);

	switch (t.kind) {
	case TOKEN_IDENTIFIER:
		return identifier(p, &t);
	case TOKEN_DOT:
		return parser_literal(p, NODE_DOT, &t);
	case TOKEN_NIL:
		return parser_literal(p, NODE_NIL, &t);
	case TOKEN_VARIABLE:
		return used_variable(p, &t);
	case TOKEN_FIELD:
		return field(p, &t);
	case TOKEN_BOOL:
		return boolean(p, &t);
	case TOKEN_CHARACTER:
	case TOKEN_COMPLEX:
	case TOKEN_NUMBER:
		return number(p, &t);
	case TOKEN_LEFT_PAREN:
		return parenthesized(p);
	case TOKEN_STRING:
	case TOKEN_RAW_STRING:
		return string(p, &t);
	default:
		parser_back(p);
		return NULL;
	}
}

static void refuse_fields(struct parser *p, const struct node *n)
{
	scoped(str_fini) struct str shown = STR_EMPTY, quoted = STR_EMPTY;

	node_text(n, &shown);
	go_quote(&quoted, str_c(&shown), shown.len, GO_QUOTE);
	parser_fail(p, "unexpected . after term %s", str_c(&quoted));
}

/* Fields behind a field or a variable are part of it; behind anything else, a chain. */
static struct node *with_fields(struct parser *p, struct node *inner)
{
	struct names more = { 0 };
	struct node *n;
	uint32_t at = parser_peek(p).at;

	while (p->rc == RC_OK && parser_peek(p).kind == TOKEN_FIELD) {
		struct token t = parser_next(p);
		struct names one = split(p, t.text + 1, t.n - 1);

		more = joined(p, &more, &one);
	}
	if (inner->kind != NODE_FIELD && inner->kind != NODE_VARIABLE && inner->kind != NODE_PIPE &&
		inner->kind != NODE_IDENTIFIER) {
		refuse_fields(p, inner);
		return inner;
	}
	n = parser_node(p, NODE_CHAIN, at);
	if (inner->kind == NODE_FIELD || inner->kind == NODE_VARIABLE) {
		n->kind = inner->kind;
		n->names = joined(p, &inner->names, &more);
		return n;
	}
	n->chain.inner = inner;
	n->chain.names = more;
	return n;
}

static struct node *operand(struct parser *p)
{
	struct node *n = term(p);

	return n && parser_peek(p).kind == TOKEN_FIELD ? with_fields(p, n) : n;
}

static struct node *command(struct parser *p)
{
	struct node *n = parser_node(p, NODE_COMMAND, parser_peek_word(p).at);
	struct token t;

	do {
		struct node *arg;

		parser_peek_word(p);
		arg = operand(p);
		if (arg)
			node_append(&n->list, arg);
		t = parser_next(p);
	} while (t.kind == TOKEN_SPACE);
	if (t.kind == TOKEN_RIGHT || t.kind == TOKEN_RIGHT_PAREN)
		parser_back(p);
	else if (t.kind != TOKEN_PIPE)
		parser_unexpected(p, &t, "operand");
	if (n->list.n == 0)
		parser_fail(p, "empty command");
	return n;
}

/* Pipelines */

static void declared(struct parser *p, struct node *pipe, const struct token *name)
{
	parser_next_word(p);
	node_append(&pipe->pipe.variables, variable(p, name));
	parser_declare(p, token_source(name));
}

/* "$i," of "$i, $x := ".  False: that was all. */
static bool declared_first(struct parser *p, struct node *pipe, const char *context)
{
	enum token_kind kind;

	if (!str_eq(context, "range") || pipe->pipe.variables.n >= 2) {
		parser_fail(p, "too many declarations in %s", context);
		return false;
	}
	kind = parser_peek_word(p).kind;
	if (kind == TOKEN_VARIABLE || kind == TOKEN_RIGHT || kind == TOKEN_RIGHT_PAREN)
		return true;
	parser_fail(p, "range can only initialize variables");
	return false;
}

static void put_back(struct parser *p, const struct token *variable, const struct token *space)
{
	if (space->kind == TOKEN_SPACE) {
		p->tokens[1] = *space;
		p->tokens[2] = *variable;
		p->n_back = 3;
		return;
	}
	p->tokens[1] = *variable;
	p->n_back = 2;
}

static void declarations(struct parser *p, struct node *pipe, const char *context)
{
	struct token name = parser_peek_word(p), after, then;

	while (name.kind == TOKEN_VARIABLE) {
		parser_next(p);
		after = parser_peek(p);
		then = parser_peek_word(p);
		if (then.kind == TOKEN_ASSIGN || then.kind == TOKEN_DECLARE) {
			pipe->pipe.is_assign = then.kind == TOKEN_ASSIGN;
			declared(p, pipe, &name);
			return;
		}
		if (then.kind != TOKEN_CHAR || then.text[0] != ',') {
			if (p->rc == RC_OK)
				put_back(p, &name, &after);
			return;
		}
		declared(p, pipe, &name);
		if (!declared_first(p, pipe, context))
			return;
		name = parser_peek_word(p);
	}
}

static void check_pipeline(struct parser *p, const struct node *pipe, const char *context)
{
	unsigned stage = 1;

	if (pipe->pipe.commands.n == 0)
		parser_fail(p, "missing value for %s", context);
	for (const struct node *c = pipe->pipe.commands.first; c && p->rc == RC_OK;
		c = c->next, stage++) {
		enum node_kind kind = c->list.first->kind;

		if (stage > 1 && kind >= NODE_DOT && kind <= NODE_STRING)
			parser_fail(p, "non executable command in pipeline stage %u", stage);
	}
}

struct node *parser_pipeline(struct parser *p, const char *context, enum token_kind end)
{
	struct node *n = parser_node(p, NODE_PIPE, parser_peek_word(p).at);

	declarations(p, n, context);
	while (p->rc == RC_OK) {
		struct token t = parser_next_word(p);

		if (t.kind == end) {
			check_pipeline(p, n, context);
			return n;
		}
		if ((t.kind >= TOKEN_BOOL && t.kind <= TOKEN_IDENTIFIER) || t.kind == TOKEN_DOT ||
			t.kind == TOKEN_NIL || t.kind == TOKEN_LEFT_PAREN) {
			parser_back(p);
			node_append(&n->pipe.commands, command(p));
		} else {
			parser_unexpected(p, &t, context);
		}
	}
	return n;
}
