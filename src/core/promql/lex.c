/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function for each thing that a token may begin with; l->at stands on its first byte.  How far
 * a malformed number is read is part of its error's text, so numbers are scanned step by step as
 * Prometheus scans them.
 */
#include "core/promql/lex.h"

#include "base/golang.h"
#include "base/unicode.h"
#include "core/promql/ast.h"

#include <stdio.h>
#include <strings.h>

#define DIGITS      "0123456789"
#define END_OF_TEXT (-1)

const struct token_row token_rows[TOKENS] = {
#define TOKEN(name, text, kind, value, names) \
	[TOKEN_##name] = { (text), TOKEN_##kind, (value), TOKEN_##names },
#include "core/promql/tokens.def"
#undef TOKEN
};

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(int c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alphanumeric(int c)
{
	return is_alpha(c) || is_digit(c);
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int peek_at(const struct lexer *l, uint32_t ahead)
{
	return ahead < l->n - l->at ? (unsigned char)l->text[l->at + ahead] : END_OF_TEXT;
}

static int peek(const struct lexer *l)
{
	return peek_at(l, 0);
}

static bool is_any(const struct lexer *l, const char *set)
{
	int c = peek(l);

	return c > 0 && strchr(set, c) != NULL;
}

static bool accept(struct lexer *l, const char *set)
{
	bool is_one = is_any(l, set);

	l->at += is_one;
	return is_one;
}

/* The character that is next, and *ret its bytes; U+FFFD at the end of the text, as Go has it. */
static uint32_t next_character(const struct lexer *l, size_t *ret)
{
	*ret = 0;
	if (l->at >= l->n)
		return UNICODE_REPLACEMENT;
	return utf8_decode(l->text + l->at, l->n - l->at, ret);
}

static struct token emit(struct lexer *l, enum token_type type)
{
	struct token t = { type, l->start, l->at };

	l->start = l->at;
	return t;
}

static struct token emit_after(struct lexer *l, enum token_type type, uint32_t bytes)
{
	l->at += bytes;
	return emit(l, type);
}

static PRINTF(2, 3) struct token problem(struct lexer *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->problem, sizeof l->problem, fmt, ap);
	va_end(ap);
	return (struct token){ TOKEN_ERROR, l->start, l->at };
}

/* The same, followed by the character that is next, in quotes. */
static struct token problem_here(struct lexer *l, const char *what)
{
	scoped(str_fini) struct str quoted = STR_EMPTY;
	size_t bytes;

	go_quote_rune(&quoted, next_character(l, &bytes), GO_QUOTE);
	return problem(l, "%s%s", what, str_c(&quoted));
}

static int digit_value(int c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

static struct token problem_in_escape(struct lexer *l, const char *before, const char *after)
{
	scoped(str_fini) struct str character = STR_EMPTY;
	size_t bytes;
	uint32_t c = next_character(l, &bytes);

	if (bytes == 0)
		return problem(l, "escape sequence not terminated");
	str_addf(&character, "U+%04X", c);
	if (unicode_is_printable(c)) {
		char utf8[UTF8_BYTES_MAX];

		str_addf(&character, " '%.*s'", (int)utf8_encode(c, utf8), utf8);
	}
	return problem(l, "%s%s%s", before, str_c(&character), after);
}

static const struct escape {
	char letter; /* 0: octal, which begins with its digits */
	uint8_t digits, base;
	uint32_t most;
} escapes[] = { { 'x', 2, 16, 255 }, { 'u', 4, 16, UNICODE_MAX }, { 'U', 8, 16, UNICODE_MAX },
	{ 0, 3, 8, 255 } };

/* A backslash was read.  What the escape stands for is found out later (quoted.h). */
static bool check_escape(struct lexer *l, int quote, struct token *ret_problem)
{
	const struct escape *e = escapes;
	uint64_t value = 0;

	if (accept(l, (char[]){ (char)quote, '\0' }) || accept(l, "abfnrtv\\"))
		return true;
	while (e->letter && e->letter != peek(l))
		e++;
	if (!e->letter && digit_value(peek(l)) >= 8) {
		*ret_problem = problem_in_escape(l, "unknown escape sequence ", "");
		return false;
	}
	l->at += e->letter != 0;
	for (int i = 0; i < e->digits; i++, l->at++) {
		int digit = digit_value(peek(l));

		if (digit >= e->base) {
			*ret_problem =
				problem_in_escape(l, "illegal character ", " in escape sequence");
			return false;
		}
		value = value * e->base + (unsigned)digit;
	}
	if (value > e->most || (value >= 0xd800 && value < 0xe000)) {
		*ret_problem = problem(l, "escape sequence is an invalid Unicode code point");
		return false;
	}
	return true;
}

static struct token lex_string(struct lexer *l)
{
	int quote = (unsigned char)l->text[l->at++];
	bool is_raw = quote == '`';
	struct token wrong;

	for (;;) {
		size_t bytes;
		uint32_t c = next_character(l, &bytes);

		if (bytes == 0 || (c == '\n' && !is_raw))
			return problem(l,
				is_raw ? "unterminated raw string" : "unterminated quoted string");
		if (c == UNICODE_REPLACEMENT)
			return problem(l, "invalid UTF-8 rune");
		l->at += (uint32_t)bytes;
		if (c == (uint32_t)quote)
			return emit(l, TOKEN_STRING);
		if (c == '\\' && !is_raw && !check_escape(l, quote, &wrong))
			return wrong;
	}
}

/* The next piece of a number.  False: it can't stand there, and is read up to what is wrong. */
static bool scan_piece(struct lexer *l, const char *digits, bool *dot, bool *exponent)
{
	if (is_any(l, ".") && *dot) {
		l->at++;
		return false;
	}
	if (is_any(l, "eE") && *exponent) {
		l->at++;
		return false;
	}
	if (accept(l, ".")) {
		*dot = true;
		return !accept(l, "_.") && digits[10] == '\0';
	}
	if (accept(l, "eE")) {
		*exponent = true;
		accept(l, "+-");
		return !accept(l, "._eE") && peek(l) != END_OF_TEXT;
	}
	if (accept(l, "_"))
		return !accept(l, "._eE") && peek(l) != END_OF_TEXT;
	while (accept(l, digits))
		;
	return true;
}

/* True for what looks like a number; the parser finds out whether it is one. */
static bool scan_number(struct lexer *l)
{
	const char *digits = DIGITS;
	bool dot = false, exponent = false;
	uint32_t before = l->at;

	if (accept(l, "0") && accept(l, "xX")) {
		accept(l, "_");
		digits = DIGITS "abcdefABCDEF";
	}
	accept(l, ".");
	accept(l, digits);
	while (is_any(l, digits) || is_any(l, "._eE"))
		if (!scan_piece(l, digits, &dot, &exponent))
			return false;
	return l->at > before && !is_alphanumeric(peek(l));
}

/* The digits of a duration were read: its unit, and further pairs of both. */
static bool scan_units(struct lexer *l)
{
	if (!accept(l, "smhdwy"))
		return false;
	accept(l, "s"); /* of ms; units that don't exist are the parser's business */
	while (accept(l, DIGITS)) {
		while (accept(l, DIGITS))
			;
		if (!accept(l, "smhdw"))
			return false;
		accept(l, "s");
	}
	if (!is_alphanumeric(peek(l)))
		return true;
	l->at++;
	return false;
}

static struct token lex_number(struct lexer *l)
{
	scoped(str_fini) struct str quoted = STR_EMPTY;

	l->in_duration = false;
	if (scan_number(l))
		return emit(l, TOKEN_NUMBER);
	if (scan_units(l))
		return emit(l, TOKEN_DURATION);
	go_quote(&quoted, l->text + l->start, l->at - l->start, GO_QUOTE);
	return problem(l, "bad number or duration syntax: %s", str_c(&quoted));
}

static bool is_number_next(const struct lexer *l)
{
	return is_digit(peek(l)) || (peek(l) == '.' && is_digit(peek_at(l, 1)));
}

static enum token_type word_type(const char *word, size_t n)
{
	static const char *const numbers[] = { "inf", "nan" };

	for (size_t i = 0; i < COUNT(numbers); i++)
		if (n == 3 && strncasecmp(word, numbers[i], n) == 0)
			return TOKEN_NUMBER;
	for (int i = 0; i < TOKENS; i++)
		if (token_rows[i].kind != TOKEN_NAMED && is_alpha(token_rows[i].text[0]) &&
			strlen(token_rows[i].text) == n &&
			strncasecmp(token_rows[i].text, word, n) == 0)
			return (enum token_type)i;
	return memchr(word, ':', n) ? TOKEN_METRIC_IDENTIFIER : TOKEN_IDENTIFIER;
}

static struct token lex_word(struct lexer *l)
{
	while (is_alphanumeric(peek(l)) || peek(l) == ':')
		l->at++;
	return emit(l, word_type(l->text + l->start, l->at - l->start));
}

static struct token lex_name(struct lexer *l)
{
	while (is_alphanumeric(peek(l)))
		l->at++;
	return emit(l, TOKEN_IDENTIFIER);
}

/* A letter or colon in brackets. */
static struct token lex_colon(struct lexer *l)
{
	if (l->got_colon)
		return problem_here(l, "unexpected colon ");
	l->got_colon = true;
	return emit_after(l, TOKEN_COLON, 1);
}

/* = ! < > and what they make with the character behind. */
static struct token lex_comparison(struct lexer *l)
{
	char first = l->text[l->at++];
	int second = peek(l);

	if (first == '!')
		return second == '=' ? emit_after(l, TOKEN_NE, 1)
				     : problem_here(l, "unexpected character after '!': ");
	if (first == '<')
		return second == '=' ? emit_after(l, TOKEN_LE, 1) : emit(l, TOKEN_LT);
	if (first == '>')
		return second == '=' ? emit_after(l, TOKEN_GE, 1) : emit(l, TOKEN_GT);
	if (second == '~')
		return problem_here(l, "unexpected character after '=': ");
	return second == '=' ? emit_after(l, TOKEN_EQ, 1) : emit(l, TOKEN_EQUAL);
}

/* = and ! in braces. */
static struct token lex_match(struct lexer *l)
{
	bool is_not = l->text[l->at++] == '!';

	if (accept(l, "~"))
		return emit(l, is_not ? TOKEN_NOT_REGEX : TOKEN_REGEX);
	if (!is_not)
		return emit(l, TOKEN_EQUAL);
	if (accept(l, "="))
		return emit(l, TOKEN_NE);
	return problem_here(l, "unexpected character after '!' inside braces: ");
}

/* Errors about these stand where they are, but for one parenthesis too many: behind it. */
static struct token lex_parenthesis(struct lexer *l)
{
	bool is_left = peek(l) == '(';
	struct token t = emit_after(l, is_left ? TOKEN_LEFT_PAREN : TOKEN_RIGHT_PAREN, 1);

	l->parens += is_left ? 1 : -1;
	return l->parens < 0 ? problem(l, "unexpected right parenthesis ')'") : t;
}

static struct token lex_bracket(struct lexer *l)
{
	bool is_left = peek(l) == '[';

	if (is_left == l->in_brackets)
		return problem(l, "unexpected %s bracket '%c'", is_left ? "left" : "right",
			is_left ? '[' : ']');
	l->in_brackets = l->in_duration = is_left;
	l->got_colon = false;
	return emit_after(l, is_left ? TOKEN_LEFT_BRACKET : TOKEN_RIGHT_BRACKET, 1);
}

static struct token lex_brace(struct lexer *l)
{
	l->in_braces = peek(l) == '{';
	return emit_after(l, l->in_braces ? TOKEN_LEFT_BRACE : TOKEN_RIGHT_BRACE, 1);
}

/* A sign that is a token by itself; TOKEN_ERROR: none of those in `signs` is next. */
static enum token_type sign_type(const struct lexer *l, const char *signs)
{
	int c = peek(l);

	if (!is_any(l, signs))
		return TOKEN_ERROR;
	for (int i = 0; i < TOKENS; i++)
		if (token_rows[i].text[0] == c && token_rows[i].text[1] == '\0')
			return (enum token_type)i;
	return TOKEN_ERROR;
}

static struct token lex_in_braces(struct lexer *l)
{
	int c = peek(l);

	if (c == END_OF_TEXT)
		return problem(l, "unexpected end of input inside braces");
	if (is_alpha(c))
		return lex_name(l);
	if (is_any(l, "\"'`"))
		return lex_string(l);
	if (is_any(l, "=!"))
		return lex_match(l);
	if (c == ',')
		return emit_after(l, TOKEN_COMMA, 1);
	if (c == '}')
		return lex_brace(l);
	return problem_here(l,
		c == '{' ? "unexpected left brace " : "unexpected character inside braces: ");
}

/* Behind a left bracket, until a number is read. */
static struct token lex_in_duration(struct lexer *l)
{
	enum token_type sign = sign_type(l, "+-*/%^");

	if (peek(l) == END_OF_TEXT)
		return problem(l, "unexpected end of input in duration expression");
	if (is_number_next(l)) {
		l->got_duration = true;
		return lex_number(l);
	}
	if (sign != TOKEN_ERROR)
		return emit_after(l, sign, 1);
	if (is_any(l, "()"))
		return lex_parenthesis(l);
	if (peek(l) == ']')
		return lex_bracket(l);
	if (peek(l) != ':')
		return problem_here(l, "unexpected character in duration expression: ");
	l->got_colon = true;
	/* Any duration before it will do, even that of an earlier bracket. */
	if (l->got_duration)
		return emit_after(l, TOKEN_COLON, 1);
	l->start = ++l->at;
	return problem(l, "unexpected colon before duration in duration expression");
}

static struct token lex_end(struct lexer *l)
{
	if (l->parens != 0)
		return problem(l, "unclosed left parenthesis");
	if (l->in_brackets)
		return problem(l, "unclosed left bracket");
	return emit(l, TOKEN_END);
}

static struct token lex_anywhere(struct lexer *l)
{
	int c = peek(l);
	enum token_type sign = sign_type(l, ",*/%+-^@");

	if (c == END_OF_TEXT)
		return lex_end(l);
	if (sign != TOKEN_ERROR)
		return emit_after(l, sign, 1);
	if (is_number_next(l))
		return lex_number(l);
	if (is_alpha(c) || c == ':')
		return l->in_brackets ? lex_colon(l) : lex_word(l);
	if (is_any(l, "\"'`"))
		return lex_string(l);
	if (is_any(l, "=!<>"))
		return lex_comparison(l);
	if (is_any(l, "()"))
		return lex_parenthesis(l);
	if (is_any(l, "[]"))
		return lex_bracket(l);
	if (c == '{')
		return lex_brace(l);
	return problem_here(l, "unexpected character: ");
}

static void skip_space(struct lexer *l)
{
	while (is_space(peek(l)))
		l->at++;
	while (!l->in_duration && peek(l) == '#') {
		while (peek(l) != END_OF_TEXT && !is_any(l, "\r\n"))
			l->at++;
		while (is_space(peek(l)))
			l->at++;
	}
	l->start = l->at;
}

void lexer_init(struct lexer *l, const char *text, uint32_t n)
{
	*l = (struct lexer){ .text = text, .n = n };
}

struct token lexer_next(struct lexer *l)
{
	skip_space(l);
	if (l->in_duration)
		return lex_in_duration(l);
	return l->in_braces ? lex_in_braces(l) : lex_anywhere(l);
}

/* At most 10 characters of it, as Prometheus cuts what may be long. */
static void describe_cut(struct str *out, const char *s, size_t n)
{
	size_t cut = 0;

	if (n > 10) {
		for (int i = 0; i < 10 && cut < n; i++) {
			size_t bytes;

			utf8_decode(s + cut, n - cut, &bytes);
			cut += bytes;
		}
	}
	go_quote(out, s, n > 10 ? cut : n, GO_QUOTE);
	if (n > 10)
		str_add(out, "...");
}

void token_describe(const struct lexer *l, struct token t, struct str *out)
{
	static const char *const before[] = { [TOKEN_OPERATOR] = "<op:",
		[TOKEN_AGGREGATION] = "<aggr:",
		[TOKEN_KEYWORD] = "<" };
	const struct token_row *row = &token_rows[t.type];
	const char *s = l->text + t.start;
	uint32_t n = t.end - t.start;

	if (row->kind == TOKEN_NAMED)
		str_add(out, row->text);
	if (t.type == TOKEN_END)
		return;
	if (row->kind == TOKEN_NAMED)
		str_addc(out, ' ');
	if (t.type == TOKEN_IDENTIFIER || t.type == TOKEN_METRIC_IDENTIFIER)
		go_quote(out, s, n, GO_QUOTE);
	else if (row->kind == TOKEN_NAMED || row->kind == TOKEN_PLAIN)
		describe_cut(out, s, n);
	else
		str_addf(out, "%s%.*s>", before[row->kind], (int)n, s);
}
