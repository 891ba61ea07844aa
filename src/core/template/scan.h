/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: the text of a template as tokens, as Go's text/template/parse cuts it.
 *
 * Text outside {{ }} is one token; "{{- " and " -}}" trim the white space beside them; comments are
 * left out.  White space inside an action is a token, too: "$x .y" is not "$x.y".
 */
#ifndef CORE_TEMPLATE_SCAN_H
#define CORE_TEMPLATE_SCAN_H

#include "base/str.h"

enum token_kind {
	TOKEN_ERROR, /* `text` says what is wrong; the last */
	TOKEN_EOF,
	TOKEN_TEXT,
	TOKEN_COMMENT, /* scanner_next() leaves them out */
	TOKEN_LEFT,
	TOKEN_RIGHT, /* {{ }} */
	TOKEN_SPACE,
	TOKEN_ASSIGN,
	TOKEN_DECLARE, /* = := */
	TOKEN_PIPE,
	TOKEN_LEFT_PAREN,
	TOKEN_RIGHT_PAREN,
	TOKEN_CHAR, /* any other printable ASCII character */
	TOKEN_BOOL,
	TOKEN_NUMBER,
	TOKEN_COMPLEX,
	TOKEN_CHARACTER,
	TOKEN_STRING,
	TOKEN_RAW_STRING,
	TOKEN_FIELD,    /* .name */
	TOKEN_VARIABLE, /* $ or $name */
	TOKEN_IDENTIFIER,
	/* Words of the language: all that follow. */
	TOKEN_BLOCK,
	TOKEN_BREAK,
	TOKEN_CONTINUE,
	TOKEN_DEFINE,
	TOKEN_DOT,
	TOKEN_ELSE,
	TOKEN_END,
	TOKEN_IF,
	TOKEN_NIL,
	TOKEN_RANGE,
	TOKEN_TEMPLATE,
	TOKEN_WITH,
};

struct token {
	enum token_kind kind;
	const char *text; /* within the template, or scanner.why */
	size_t n;
	uint32_t at;   /* its first byte */
	uint32_t line; /* that it begins on, from 1 */
};

struct scanner {
	const char *text; /* UTF-8, as far as it matters */
	size_t n;
	size_t pos, start; /* next byte; first of the current token */
	uint32_t line, start_line;
	uint32_t parens;
	bool is_inside; /* an action */
	struct str why; /* of TOKEN_ERROR */
};

void scanner_init(struct scanner *l, const char *text, size_t n);
void scanner_fini(struct scanner *l);
SCOPED_FINI(scanner_fini, struct scanner)

struct token scanner_next(struct scanner *l); /* TOKEN_EOF for ever at the end */

/* How messages show it: "EOF", <if>, "text", "long text "... */
void token_text(const struct token *t, struct str *out);

#endif
