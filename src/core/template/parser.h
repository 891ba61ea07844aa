/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser: what reading a template goes through: tokens, put back and looked ahead at, and nodes.
 * parser_tokens.c has them, parse_pipeline.c what stands within an action, parse.c the actions.
 */
#ifndef CORE_TEMPLATE_PARSER_H
#define CORE_TEMPLATE_PARSER_H

#include "core/template/parse.h"
#include "core/template/scan.h"

struct variables {
	struct text *v;
	uint32_t n, cap;
};

/* What belongs to one {{define}}, or to the whole. */
struct scope {
	struct variables variables;
	uint32_t ranges;      /* around us */
	uint32_t action_line; /* where the action began that is being read; 0: none */
};

struct parser {
	struct scanner scanner;
	struct token tokens[3]; /* [0] is the last that was read; others were put back */
	int n_back;
	struct arena *arena;
	struct template *t;
	struct scope scope;
	uint32_t depth;
	struct node spare; /* stands for the nodes that there is no memory for */
	enum rc rc;
	struct str why;
};

/* The first is kept, with the line of the last token; from then on all tokens are the end. */
void parser_fail(struct parser *p, const char *fmt, ...) PRINTF(2, 3);
void parser_fail_full(struct parser *p); /* RC_LIMIT */

/* Never NULL: a spare one after having failed. */
struct node *parser_node(struct parser *p, enum node_kind kind, uint32_t at);
void node_append(struct nodes *list, struct node *n);

struct token parser_next(struct parser *p);
void parser_back(struct parser *p); /* the last that was read will be the next */
struct token parser_peek(struct parser *p);
/* The same, without the space before it. */
struct token parser_next_word(struct parser *p);
struct token parser_peek_word(struct parser *p);
/* One of a kind; another one fails, and `context` is where. */
struct token parser_expect(struct parser *p, enum token_kind kind, const char *context);
void parser_unexpected(struct parser *p, const struct token *t, const char *context);
/* What a quoted token stands for, in the arena. */
struct text parser_unquoted(struct parser *p, const struct token *t);

/* One level deeper; false, and a failure: too deep.  Whoever entered takes one from `depth`. */
bool parser_enter(struct parser *p);
struct node *parser_literal(struct parser *p, enum node_kind kind, const struct token *t);
void parser_declare(struct parser *p, struct text name); /* a variable */
/* Up to a token of that kind, which is read. */
struct node *parser_pipeline(struct parser *p, const char *context, enum token_kind end);

#endif
