/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: a template after parsing.
 *
 *	list      text | action | if | range | with | template | break | continue ...
 *	pipe      [variables :=] command | command ...
 *	command   term term ...                the first may be a function
 *	term      field chain identifier variable dot nil bool number string (pipe)
 *
 * Nodes live in the arena of the template, and nothing changes them afterwards.
 */
#ifndef CORE_TEMPLATE_TREE_H
#define CORE_TEMPLATE_TREE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum node_kind {
	NODE_LIST,
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,     /* control */
	NODE_TEMPLATE, /* invocation */
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_PIPE,
	NODE_COMMAND,
	NODE_FIELD,      /* names: .a.b */
	NODE_VARIABLE,   /* names: $x.a.b */
	NODE_CHAIN,      /* chain: (pipe).a.b */
	NODE_IDENTIFIER, /* identifier: a function */
	NODE_DOT,
	NODE_NIL,
	NODE_BOOL,
	NODE_NUMBER,
	NODE_STRING,
	NODE_END,
	NODE_ELSE, /* never in a tree: the parser's own */
};

struct text {
	const char *s; /* it may hold NUL */
	size_t n;
};

struct number { /* all that the literal may be, as Go's untyped constants are */
	bool is_int, is_uint, is_float, is_complex;
	int64_t i;
	uint64_t u;
	double f, imaginary; /* of a complex one f is the real part */
};

struct names {
	const struct text *v;
	uint32_t n;
};

struct node;
struct nodes {
	struct node *first, *last;
	uint32_t n;
};

struct function; /* functions.h */

struct node {
	enum node_kind kind;
	uint32_t at;        /* where it begins: a byte of the template */
	struct node *next;  /* in its list */
	struct text source; /* of literals, identifiers and text: as written */
	union {
		struct nodes list; /* LIST, COMMAND */
		struct {
			struct node *pipe, *body, *otherwise; /* the latter two NULL: none */
		} control;
		struct {
			struct text name;
			struct node *pipe; /* NULL: none */
		} invocation;
		struct {
			struct nodes variables, commands;
			bool is_assign; /* = instead of := */
		} pipe;
		struct names names;
		struct {
			struct node *inner;
			struct names names;
		} chain;
		const struct function *function;
		bool truth;
		struct number number;
		struct text string;
	};
};

struct definition { /* {{define "name"}} */
	struct definition *next;
	struct text name;
	struct node *root;
};

struct template
{
	const char *name; /* in messages */
	struct text text;
	struct node *root;
	struct definition *definitions;
};

static inline bool text_equal(struct text a, struct text b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

/* The node as Go writes it in messages: "slice \"abc\" 1 9". */
void node_text(const struct node *n, struct str *out);

/* number.c: the value of a number or of a character constant.  False: `why` says in Go's words why
 * it is none. */
bool number_read(struct text source, bool is_character, struct number *ret, struct str *why);

#endif
