/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the parser share: parse.c (expressions), parse_selector.c (matchers and names),
 * parse_number.c (numbers, durations) and check.c (types).
 *
 * The first thing that goes wrong is recorded in the parser and is the answer; whatever gives a
 * pointer gives NULL then, and callers just return.  So errors are found in the order in which
 * Prometheus finds them: a token that is looked at may be one, and a function that takes no more
 * than it needs sees its own first.
 */
#ifndef CORE_PROMQL_PARSE_PRIVATE_H
#define CORE_PROMQL_PARSE_PRIVATE_H

#include "base/arena.h"
#include "core/promql/ast.h"
#include "core/promql/lex.h"

struct parser {
	struct lexer lex;
	struct token next; /* valid when has_next */
	bool has_next;
	uint32_t end; /* of the token that was taken last */
	struct arena *arena;
	bool allow_experimental;
	unsigned aggregations; /* whose arguments are being read */
	unsigned depth;
	enum rc rc;
	struct err *e;
};

/* Record an error at a byte of the text, unless there is one already. */
void parse_fail(struct parser *p, uint32_t at, const char *fmt, ...) PRINTF(3, 4);
void parse_fail_full(struct parser *p); /* the arena has no room */
/* "unexpected ... in CONTEXT, expected WHAT" about the next token; both may be NULL. */
void parse_unexpected(struct parser *p, const char *context, const char *expected);

enum token_type parse_peek(struct parser *p);
struct token parse_take(struct parser *p);
bool parse_accept(struct parser *p, enum token_type type); /* take it if it is next */

/* One level deeper; false: deep enough. */
bool parse_enter(struct parser *p);
void parse_leave(struct parser *p);

void *parse_alloc(struct parser *p, size_t size_bytes);
/* Room for one more pointer: doubles in the arena.  False: it is full. */
struct parse_list {
	void **v;
	uint32_t n, cap;
};
bool parse_list_add(struct parser *p, struct parse_list *list, void *item);

/* The text of a STRING token, unquoted. */
struct parse_text {
	const char *s;
	uint32_t n;
};
bool parse_unquote(struct parser *p, struct token t, struct parse_text *ret);
const char *parse_word(struct parser *p, struct token t); /* a copy of it as written */

/* A NUMBER or DURATION token's value: a duration in seconds. */
bool parse_number(struct parser *p, struct token t, double *ret);
/* What stands in brackets, up to ':' or ']'.  Milliseconds. */
bool parse_range(struct parser *p, const char *expected, int64_t *ret_ms);
/* What stands behind offset. */
bool parse_offset(struct parser *p, int64_t *ret_ms);

/* (a, "b.c") */
bool parse_names(struct parser *p, struct promql_names *ret);
/* What may stand behind a metric's name that was read: {a="b", ...}.  Without a name (NULL) it must
 * be next. */
bool parse_matchers(struct parser *p, const struct token *name, struct promql_selector *ret);

/* Find the first thing that is wrong with a complete tree. */
void check_tree(struct parser *p, struct promql_node *root);

#endif
