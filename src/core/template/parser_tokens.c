/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens are read with three of lookahead, and what is wrong is said as Go says it. */
#include "core/template/parser.h"

#include "base/golang.h"

void parser_fail(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->rc != RC_OK)
		return;
	p->rc = RC_INPUT;
	str_addf(&p->why, "template: %s:%u: ", p->t->name, p->tokens[0].line);
	va_start(ap, fmt);
	str_vaddf(&p->why, fmt, ap);
	va_end(ap);
}

void parser_fail_full(struct parser *p)
{
	parser_fail(p, "the template needs more than %zu bytes", p->arena->budget_bytes);
	p->rc = RC_LIMIT;
}

struct node *parser_node(struct parser *p, enum node_kind kind, uint32_t at)
{
	struct node *n = arena_alloc(p->arena, sizeof *n);

	if (!n) {
		parser_fail_full(p);
		n = &p->spare;
		*n = (struct node){ 0 };
	}
	n->kind = kind;
	n->at = at;
	return n;
}

void node_append(struct nodes *list, struct node *n)
{
	if (list->last)
		list->last->next = n;
	else
		list->first = n;
	list->last = n;
	list->n++;
}

struct token parser_next(struct parser *p)
{
	if (p->rc != RC_OK)
		return (struct token){ .kind = TOKEN_EOF, .text = "" };
	if (p->n_back > 0)
		p->n_back--;
	else
		p->tokens[0] = scanner_next(&p->scanner);
	return p->tokens[p->n_back];
}

void parser_back(struct parser *p)
{
	p->n_back++;
}

struct token parser_peek(struct parser *p)
{
	struct token t = parser_next(p);

	if (p->rc == RC_OK)
		parser_back(p);
	return t;
}

struct token parser_next_word(struct parser *p) /* no space */
{
	struct token t;

	do {
		t = parser_next(p);
	} while (t.kind == TOKEN_SPACE);
	return t;
}

struct token parser_peek_word(struct parser *p)
{
	struct token t = parser_next_word(p);

	if (p->rc == RC_OK)
		parser_back(p);
	return t;
}

/* A broken token says so itself, and where its action began. */
void parser_unexpected(struct parser *p, const struct token *t, const char *context)
{
	scoped(str_fini) struct str shown = STR_EMPTY;
	uint32_t line = p->scope.action_line;
	bool is_of_action = t->n > 7 && memcmp(t->text + t->n - 7, " action", 7) == 0;

	token_text(t, &shown);
	if (t->kind != TOKEN_ERROR)
		parser_fail(p, "unexpected %s in %s", str_c(&shown), context);
	else if (line == 0 || line == t->line)
		parser_fail(p, "%s", str_c(&shown));
	else
		parser_fail(p, "%s%s started at %s:%u", str_c(&shown),
			is_of_action ? "" : " in action", p->t->name, line);
}

struct token parser_expect(struct parser *p, enum token_kind kind, const char *context)
{
	struct token t = parser_next_word(p);

	if (t.kind != kind)
		parser_unexpected(p, &t, context);
	return t;
}

struct text parser_unquoted(struct parser *p, const struct token *t)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	struct text copy = { "", 0 };

	if (!go_unquote(&s, t->text, t->n))
		parser_fail(p, "invalid syntax");
	copy.s = arena_strndup(p->arena, str_c(&s), s.len);
	if (!copy.s)
		parser_fail_full(p);
	else
		copy.n = s.len;
	return copy;
}
