/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recursive descent with three tokens of lookahead, as in Go, so that the same line is named when
 * something is wrong.  After the first complaint every token is the end of the text: nothing needs
 * to be unwound.
 */
#include "core/template/parser.h"

#include "base/golang.h"

static struct node *item(struct parser *p);

static struct node *control(struct parser *p, enum node_kind kind);

/* Up to {{end}} or {{else}}, which *ret_end is. */
static struct node *list(struct parser *p, struct node **ret_end)
{
	struct node *n = parser_node(p, NODE_LIST, parser_peek_word(p).at);

	while (parser_peek_word(p).kind != TOKEN_EOF && p->rc == RC_OK) {
		*ret_end = item(p);
		if ((*ret_end)->kind == NODE_END || (*ret_end)->kind == NODE_ELSE)
			return n;
		node_append(&n->list, *ret_end);
	}
	parser_fail(p, "unexpected EOF");
	*ret_end = parser_node(p, NODE_END, 0);
	return n;
}

static const char *end_text(const struct node *n)
{
	return n->kind == NODE_END ? "{{end}}" : "{{else}}";
}

/* "else if" and "else with" are a list of one, which shares our {{end}}. */
static struct node *otherwise(struct parser *p, enum node_kind kind, uint32_t at)
{
	enum token_kind word = parser_peek(p).kind;
	struct node *n, *end;

	if ((kind == NODE_IF && word == TOKEN_IF) || (kind == NODE_WITH && word == TOKEN_WITH)) {
		parser_next(p);
		n = parser_node(p, NODE_LIST, at);
		node_append(&n->list, control(p, kind));
		return n;
	}
	n = list(p, &end);
	if (end->kind != NODE_END)
		parser_fail(p, "expected end; found %s", end_text(end));
	return n;
}

static struct node *control(struct parser *p, enum node_kind kind)
{
	static const char *const
		contexts[] = { [NODE_IF] = "if", [NODE_RANGE] = "range", [NODE_WITH] = "with" };
	uint32_t visible = p->scope.variables.n;
	struct node *n = parser_node(p, kind, 0), *end;

	if (!parser_enter(p))
		return n;
	n->control.pipe = parser_pipeline(p, contexts[kind], TOKEN_RIGHT);
	n->at = n->control.pipe->at;
	p->scope.ranges += kind == NODE_RANGE;
	n->control.body = list(p, &end);
	p->scope.ranges -= kind == NODE_RANGE;
	if (end->kind == NODE_ELSE)
		n->control.otherwise = otherwise(p, kind, end->at);
	p->scope.variables.n = visible;
	p->depth--;
	return n;
}

static struct node *leave(struct parser *p, const struct token *word)
{
	bool is_break = word->kind == TOKEN_BREAK;
	struct token t = parser_next_word(p);

	if (t.kind != TOKEN_RIGHT)
		parser_unexpected(p, &t, is_break ? "{{break}}" : "{{continue}}");
	if (p->scope.ranges == 0)
		parser_fail(p, "{{%s}} outside {{range}}", is_break ? "break" : "continue");
	return parser_node(p, is_break ? NODE_BREAK : NODE_CONTINUE, word->at);
}

static struct node *else_word(struct parser *p)
{
	struct token t = parser_peek_word(p);

	if (t.kind != TOKEN_IF && t.kind != TOKEN_WITH)
		t = parser_expect(p, TOKEN_RIGHT, "else");
	return parser_node(p, NODE_ELSE, t.at);
}

/* Definitions */

static bool is_empty(const struct node *root)
{
	for (const struct node *n = root->list.first; n; n = n->next) {
		if (n->kind != NODE_TEXT)
			return false;
		for (size_t i = 0; i < n->source.n; i++)
			if (!strchr(" \t\n\v\f\r", n->source.s[i]) || !n->source.s[i])
				return false;
	}
	return true;
}

struct definition *definition_find(const struct template *t, struct text name)
{
	struct definition *d = t->definitions;

	while (d && !text_equal(d->name, name))
		d = d->next;
	return d;
}

/* The first that says something counts; two that do are refused. */
static void define(struct parser *p, struct text name, struct node *root)
{
	struct definition *d = definition_find(p->t, name);

	if (!d) {
		d = arena_alloc(p->arena, sizeof *d);
		if (!d) {
			parser_fail_full(p);
			return;
		}
		*d = (struct definition){ p->t->definitions, name, root };
		p->t->definitions = d;
	} else if (is_empty(d->root)) {
		d->root = root;
	} else if (!is_empty(root)) {
		scoped(str_fini) struct str quoted = STR_EMPTY;

		go_quote(&quoted, name.s, name.n, GO_QUOTE);
		parser_fail(p, "template: multiple definition of template %s", str_c(&quoted));
	}
}

/* The body of a template of its own: other variables, no range around it. */
static void definition_body(struct parser *p, struct text name, const char *context)
{
	struct scope outer = p->scope;
	struct node *root, *end;

	p->scope = (struct scope){ 0 };
	parser_declare(p, (struct text){ "$", 1 });
	if (parser_enter(p)) {
		root = list(p, &end);
		if (end->kind != NODE_END)
			parser_fail(p, "unexpected %s in %s", end_text(end), context);
		define(p, name, root);
		p->depth--;
	}
	free(p->scope.variables.v);
	p->scope = outer;
}

static struct text template_name(struct parser *p, const struct token *t, const char *context)
{
	if (t->kind == TOKEN_STRING || t->kind == TOKEN_RAW_STRING)
		return parser_unquoted(p, t);
	parser_unexpected(p, t, context);
	return (struct text){ "", 0 };
}

static void definition(struct parser *p)
{
	static const char context[] = "define clause";
	struct token t = parser_next_word(p);
	struct text name = template_name(p, &t, context);

	parser_expect(p, TOKEN_RIGHT, context);
	definition_body(p, name, context);
}

static struct node *block(struct parser *p)
{
	static const char context[] = "block clause";
	struct token t = parser_next_word(p);
	struct node *n = parser_node(p, NODE_TEMPLATE, t.at);

	n->invocation.name = template_name(p, &t, context);
	n->invocation.pipe = parser_pipeline(p, context, TOKEN_RIGHT);
	definition_body(p, n->invocation.name, context);
	return n;
}

static struct node *invocation(struct parser *p)
{
	static const char context[] = "template clause";
	struct token t = parser_next_word(p);
	struct node *n = parser_node(p, NODE_TEMPLATE, t.at);

	n->invocation.name = template_name(p, &t, context);
	if (parser_next_word(p).kind == TOKEN_RIGHT)
		return n;
	parser_back(p);
	n->invocation.pipe = parser_pipeline(p, context, TOKEN_RIGHT);
	return n;
}

/* What stands between {{ and }}. */
static struct node *action(struct parser *p)
{
	struct token t = parser_next_word(p);
	struct node *n;

	switch (t.kind) {
	case TOKEN_BLOCK:
		return block(p);
	case TOKEN_BREAK:
	case TOKEN_CONTINUE:
		return leave(p, &t);
	case TOKEN_ELSE:
		return else_word(p);
	case TOKEN_END:
		return parser_node(p, NODE_END, parser_expect(p, TOKEN_RIGHT, "end").at);
	case TOKEN_IF:
		return control(p, NODE_IF);
	case TOKEN_RANGE:
		return control(p, NODE_RANGE);
	case TOKEN_TEMPLATE:
		return invocation(p);
	case TOKEN_WITH:
		return control(p, NODE_WITH);
	default:
		parser_back(p);
		n = parser_node(p, NODE_ACTION, parser_peek(p).at);
		n->control.pipe = parser_pipeline(p, "command", TOKEN_RIGHT);
		return n;
	}
}

static struct node *item(struct parser *p)
{
	struct token t = parser_next_word(p);
	struct node *n;

	if (t.kind == TOKEN_TEXT)
		return parser_literal(p, NODE_TEXT, &t);
	if (t.kind != TOKEN_LEFT) {
		parser_unexpected(p, &t, "input");
		return parser_node(p, NODE_END, 0);
	}
	p->scope.action_line = t.line;
	n = action(p);
	p->scope.action_line = 0;
	return n;
}

static void whole(struct parser *p)
{
	struct node *root = parser_node(p, NODE_LIST, 0);

	while (p->rc == RC_OK && parser_peek(p).kind != TOKEN_EOF) {
		struct token t = parser_next(p);
		struct node *n;

		if (t.kind == TOKEN_LEFT && parser_next_word(p).kind == TOKEN_DEFINE) {
			definition(p);
			continue;
		}
		if (t.kind == TOKEN_LEFT) {
			p->tokens[1] = t;
			p->n_back = 2;
		} else {
			parser_back(p);
		}
		n = item(p);
		if (n->kind == NODE_END || n->kind == NODE_ELSE)
			parser_fail(p, "unexpected %s", end_text(n));
		node_append(&root->list, n);
	}
	p->t->root = root;
	define(p, (struct text){ p->t->name, strlen(p->t->name) }, root);
}

enum rc template_parse(const struct template_source *source, struct arena *a, struct template **ret,
	struct str *why)
{
	struct parser p = { .arena = a };
	struct definition *own;

	p.t = arena_alloc(a, sizeof *p.t);
	if (!p.t)
		return RC_LIMIT;
	p.t->name = source->name;
	p.t->text = (struct text){ source->text, source->n };
	scanner_init(&p.scanner, source->text, source->n);
	parser_declare(&p, (struct text){ "$", 1 });
	whole(&p);
	own = definition_find(p.t, (struct text){ p.t->name, strlen(p.t->name) });
	if (own)
		p.t->root = own->root;
	free(p.scope.variables.v);
	scanner_fini(&p.scanner);
	if (p.rc == RC_OK)
		*ret = p.t;
	else
		str_addn(why, str_c(&p.why), p.why.len);
	str_fini(&p.why);
	return p.rc;
}
