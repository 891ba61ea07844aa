/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lex: the text of an expression as tokens (tokens.def), one at a time.
 *
 * What a character means depends on where it stands: in braces there are names, strings and
 * matchers; in brackets durations, and every letter behind the first is taken for a colon, as
 * Prometheus takes it.  Comments and space are left out.  Errors are Prometheus' words; after one
 * there are no more tokens.
 */
#ifndef CORE_PROMQL_LEX_H
#define CORE_PROMQL_LEX_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum token_type {
#define TOKEN(name, ...) TOKEN_##name,
#include "core/promql/tokens.def"
#undef TOKEN
	TOKENS
};

enum token_kind { TOKEN_NAMED, TOKEN_PLAIN, TOKEN_OPERATOR, TOKEN_AGGREGATION, TOKEN_KEYWORD };
enum token_names { TOKEN_NOTHING = 0, TOKEN_METRIC = 1, TOKEN_LABEL = 2, TOKEN_BOTH = 3 };

struct token_row {
	const char *text;
	enum token_kind kind;
	int value; /* enum promql_op or promql_aggregation */
	enum token_names names;
};
extern const struct token_row token_rows[TOKENS];

struct token {
	enum token_type type;
	uint32_t start, end; /* bytes of the text: [start, end) */
};

struct lexer {
	const char *text;
	uint32_t n;
	uint32_t start, at; /* of the token; what is read next */
	int parens;         /* open ones */
	bool in_braces, in_brackets;
	bool in_duration; /* in brackets, before the first number */
	bool got_colon, got_duration;
	char problem[ERR_TEXT_MAX]; /* of a TOKEN_ERROR; it stands at the token's start */
};

void lexer_init(struct lexer *l, const char *text, uint32_t n);
struct token lexer_next(struct lexer *l);

/* As errors show it: `identifier "x"`, `<aggr:sum>`, `"("`, `end of input`. */
void token_describe(const struct lexer *l, struct token t, struct str *out);

#endif
