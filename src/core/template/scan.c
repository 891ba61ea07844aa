/* SPDX-License-Identifier: Apache-2.0 */
#include "core/template/scan.h"

#include "base/golang.h"
#include "base/unicode.h"

#define SPACES      " \t\r\n"
#define SHOWN_RUNES 10 /* of a token in messages */
#define END_OF_TEXT UINT32_MAX

void scanner_init(struct scanner *l, const char *text, size_t n)
{
	*l = (struct scanner){ .text = text, .n = n, .line = 1, .start_line = 1 };
}

void scanner_fini(struct scanner *l)
{
	str_fini(&l->why);
}

static bool is_space(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_alphanumeric(uint32_t c)
{
	return c != END_OF_TEXT && (c == '_' || unicode_is_letter(c) || unicode_is_digit(c));
}

static uint32_t peek_at(const struct scanner *l, size_t *ret_bytes)
{
	*ret_bytes = 0;
	return l->pos < l->n ? utf8_decode(l->text + l->pos, l->n - l->pos, ret_bytes)
			     : END_OF_TEXT;
}

static uint32_t peek(const struct scanner *l)
{
	size_t bytes;

	return peek_at(l, &bytes);
}

static uint32_t next(struct scanner *l)
{
	size_t bytes;
	uint32_t c = peek_at(l, &bytes);

	l->pos += bytes;
	l->line += c == '\n';
	return c;
}

static bool stands_at(const struct scanner *l, size_t pos, const char *word)
{
	size_t n = strlen(word);

	return pos <= l->n && l->n - pos >= n && memcmp(l->text + pos, word, n) == 0;
}

static const char *find(const struct scanner *l, const char *word)
{
	return memmem(l->text + l->pos, l->n - l->pos, word, strlen(word));
}

/* "- " behind {{ */
static bool trims_left(const struct scanner *l, size_t pos)
{
	return pos + 2 <= l->n && l->text[pos] == '-' && is_space((unsigned char)l->text[pos + 1]);
}

/* " -}}" */
static bool trims_right(const struct scanner *l, size_t pos)
{
	return pos + 2 <= l->n && is_space((unsigned char)l->text[pos]) &&
	       stands_at(l, pos + 1, "-}}");
}

static bool is_at_right(const struct scanner *l)
{
	return trims_right(l, l->pos) || stands_at(l, l->pos, "}}");
}

static void skip_to(struct scanner *l, size_t pos)
{
	for (; l->pos < pos; l->pos++)
		l->line += l->text[l->pos] == '\n';
}

static void skip_spaces(struct scanner *l)
{
	while (l->pos < l->n && strchr(SPACES, l->text[l->pos]) && l->text[l->pos])
		skip_to(l, l->pos + 1);
}

static void ignore(struct scanner *l)
{
	l->start = l->pos;
	l->start_line = l->line;
}

static struct token emit(struct scanner *l, enum token_kind kind)
{
	struct token t = { .kind = kind,
		.text = l->text + l->start,
		.n = l->pos - l->start,
		.at = (uint32_t)l->start,
		.line = l->start_line };

	ignore(l);
	return t;
}

/* Nothing follows it. */
static struct token fail(struct scanner *l, const char *fmt, ...) PRINTF(2, 3);
static struct token fail(struct scanner *l, const char *fmt, ...)
{
	struct token t = { .kind = TOKEN_ERROR, .at = (uint32_t)l->start, .line = l->start_line };
	va_list ap;

	str_clear(&l->why);
	va_start(ap, fmt);
	str_vaddf(&l->why, fmt, ap);
	va_end(ap);
	l->start = l->pos = l->n = 0;
	l->is_inside = false;
	t.text = str_c(&l->why);
	t.n = l->why.len;
	return t;
}

/* As Go's %#U: U+0040 '@' */
static struct token fail_at(struct scanner *l, const char *what, uint32_t c)
{
	char bytes[UTF8_BYTES_MAX];

	if (c == END_OF_TEXT)
		return fail(l, "%s U+FFFFFFFFFFFFFFFF", what);
	if (!unicode_is_printable(c))
		return fail(l, "%s U+%04X", what, c);
	return fail(l, "%s U+%04X '%.*s'", what, c, (int)utf8_encode(c, bytes), bytes);
}

static struct token lex_comment(struct scanner *l)
{
	const char *end;
	struct token t;
	bool is_trimmed;

	l->pos += strlen("/*");
	end = find(l, "*/");
	if (!end)
		return fail(l, "unclosed comment");
	skip_to(l, (size_t)(end - l->text) + strlen("*/"));
	if (!is_at_right(l))
		return fail(l, "comment ends before closing delimiter");
	is_trimmed = trims_right(l, l->pos);
	skip_to(l, l->pos + (is_trimmed ? strlen(" -}}") : strlen("}}")));
	t = emit(l, TOKEN_COMMENT);
	if (is_trimmed)
		skip_spaces(l);
	ignore(l);
	return t;
}

static struct token lex_left(struct scanner *l)
{
	size_t inner = l->pos + strlen("{{");
	size_t marker = trims_left(l, inner) ? strlen("- ") : 0;
	struct token t;

	if (stands_at(l, inner + marker, "/*")) {
		skip_to(l, inner + marker);
		ignore(l);
		return lex_comment(l);
	}
	l->pos = inner;
	t = emit(l, TOKEN_LEFT);
	l->is_inside = true;
	l->parens = 0;
	skip_to(l, inner + marker);
	ignore(l);
	return t;
}

static struct token lex_text(struct scanner *l)
{
	const char *left = find(l, "{{");
	size_t end = left ? (size_t)(left - l->text) : l->n, kept = end;
	struct token t;

	if (end == l->pos)
		return left ? lex_left(l) : emit(l, TOKEN_EOF);
	if (left && trims_left(l, end + strlen("{{")))
		while (kept > l->pos && is_space((unsigned char)l->text[kept - 1]))
			kept--;
	skip_to(l, kept);
	t = emit(l, TOKEN_TEXT);
	skip_to(l, end);
	ignore(l);
	return t.n > 0 ? t : lex_left(l);
}

static struct token lex_right(struct scanner *l)
{
	bool is_trimmed = trims_right(l, l->pos);
	struct token t;

	if (is_trimmed) {
		skip_to(l, l->pos + strlen(" -"));
		ignore(l);
	}
	l->pos += strlen("}}");
	t = emit(l, TOKEN_RIGHT);
	if (is_trimmed)
		skip_spaces(l);
	ignore(l);
	l->is_inside = false;
	return t;
}

/* The last space may belong to " -}}". */
static struct token lex_space(struct scanner *l)
{
	while (is_space(peek(l)) && !trims_right(l, l->pos))
		next(l);
	return l->pos == l->start ? lex_right(l) : emit(l, TOKEN_SPACE);
}

static bool is_at_terminator(const struct scanner *l)
{
	uint32_t c = peek(l);

	if (c == END_OF_TEXT || is_space(c) || (c && c < 0x80 && strchr(".,|:)(", (int)c)))
		return true;
	return stands_at(l, l->pos, "}}");
}

static enum token_kind word_kind(const char *word, size_t n)
{
	static const struct {
		const char *word;
		enum token_kind kind;
	} words[] = {
		{ "block", TOKEN_BLOCK },
		{ "break", TOKEN_BREAK },
		{ "continue", TOKEN_CONTINUE },
		{ "define", TOKEN_DEFINE },
		{ "else", TOKEN_ELSE },
		{ "end", TOKEN_END },
		{ "if", TOKEN_IF },
		{ "nil", TOKEN_NIL },
		{ "range", TOKEN_RANGE },
		{ "template", TOKEN_TEMPLATE },
		{ "with", TOKEN_WITH },
		{ "true", TOKEN_BOOL },
		{ "false", TOKEN_BOOL },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i].word) == n && memcmp(words[i].word, word, n) == 0)
			return words[i].kind;
	return TOKEN_IDENTIFIER;
}

/* The rest of a name; a mark before it ('.', '$') has been read. */
static struct token lex_name(struct scanner *l, enum token_kind kind)
{
	while (is_alphanumeric(peek(l)))
		next(l);
	if (!is_at_terminator(l))
		return fail_at(l, "bad character", peek(l));
	if (kind == TOKEN_IDENTIFIER)
		kind = word_kind(l->text + l->start, l->pos - l->start);
	return emit(l, kind);
}

static struct token lex_field(struct scanner *l)
{
	return is_at_terminator(l) ? emit(l, TOKEN_DOT) : lex_name(l, TOKEN_FIELD);
}

/* The opening quote has been read. */
static struct token lex_quoted(struct scanner *l, char quote, enum token_kind kind)
{
	const char *what = kind == TOKEN_STRING ? "quoted string" : "character constant";

	for (;;) {
		uint32_t c = next(l);

		if (c == (unsigned char)quote)
			return emit(l, kind);
		if (c == '\\')
			c = next(l);
		if (c == END_OF_TEXT || c == '\n')
			return fail(l, "unterminated %s", what);
	}
}

static struct token lex_raw_string(struct scanner *l)
{
	for (;;) {
		uint32_t c = next(l);

		if (c == '`')
			return emit(l, TOKEN_RAW_STRING);
		if (c == END_OF_TEXT)
			return fail(l, "unterminated raw quoted string");
	}
}

static bool accept(struct scanner *l, const char *any)
{
	uint32_t c = peek(l);
	bool is_any = c && c < 0x80 && strchr(any, (int)c);

	if (is_any)
		next(l);
	return is_any;
}

static void accept_run(struct scanner *l, const char *any)
{
	while (accept(l, any))
		;
}

/* Roughly a number; whether it is one is seen when its value is taken. */
static bool scan_number(struct scanner *l)
{
	const char *digits = "0123456789_", *exponents = "eE";

	accept(l, "+-");
	if (accept(l, "0")) {
		if (accept(l, "xX")) {
			digits = "0123456789abcdefABCDEF_";
			exponents = "pP";
		} else if (accept(l, "oO")) {
			digits = "01234567_";
			exponents = "";
		} else if (accept(l, "bB")) {
			digits = "01_";
			exponents = "";
		}
	}
	accept_run(l, digits);
	if (accept(l, "."))
		accept_run(l, digits);
	if (accept(l, exponents)) {
		accept(l, "+-");
		accept_run(l, "0123456789_");
	}
	accept(l, "i");
	if (!is_alphanumeric(peek(l)))
		return true;
	next(l);
	return false;
}

static struct token lex_number(struct scanner *l)
{
	scoped(str_fini) struct str quoted = STR_EMPTY;
	bool is_good = scan_number(l);
	enum token_kind kind = TOKEN_NUMBER;

	if (is_good && (peek(l) == '+' || peek(l) == '-')) { /* 1+2i */
		kind = TOKEN_COMPLEX;
		is_good = scan_number(l) && l->text[l->pos - 1] == 'i';
	}
	if (is_good)
		return emit(l, kind);
	go_quote(&quoted, l->text + l->start, l->pos - l->start, GO_QUOTE);
	return fail(l, "bad number syntax: %s", str_c(&quoted));
}

static struct token lex_paren(struct scanner *l, uint32_t c)
{
	if (c == '(') {
		l->parens++;
		return emit(l, TOKEN_LEFT_PAREN);
	}
	if (l->parens == 0)
		return fail(l, "unexpected right paren");
	l->parens--;
	return emit(l, TOKEN_RIGHT_PAREN);
}

static bool starts_number(const struct scanner *l, uint32_t c)
{
	if (c == '.')
		return l->pos + 1 < l->n && l->text[l->pos + 1] >= '0' &&
		       l->text[l->pos + 1] <= '9';
	return c == '+' || c == '-' || (c >= '0' && c <= '9');
}

static struct token lex_mark(struct scanner *l, uint32_t c)
{
	switch (c) {
	case '=':
		return emit(l, TOKEN_ASSIGN);
	case ':':
		return next(l) == '=' ? emit(l, TOKEN_DECLARE) : fail(l, "expected :=");
	case '|':
		return emit(l, TOKEN_PIPE);
	case '"':
		return lex_quoted(l, '"', TOKEN_STRING);
	case '\'':
		return lex_quoted(l, '\'', TOKEN_CHARACTER);
	case '`':
		return lex_raw_string(l);
	case '$':
		return is_at_terminator(l) ? emit(l, TOKEN_VARIABLE) : lex_name(l, TOKEN_VARIABLE);
	case '.':
		return lex_field(l);
	case '(':
	case ')':
		return lex_paren(l, c);
	default:
		if (c < 0x80 && unicode_is_printable(c))
			return emit(l, TOKEN_CHAR);
		return fail_at(l, "unrecognized character in action:", c);
	}
}

static struct token lex_action(struct scanner *l)
{
	uint32_t c = peek(l);

	if (is_at_right(l))
		return l->parens == 0 ? lex_right(l) : fail(l, "unclosed left paren");
	if (c == END_OF_TEXT)
		return fail(l, "unclosed action");
	if (is_space(c))
		return lex_space(l);
	if (starts_number(l, c))
		return lex_number(l);
	if (is_alphanumeric(c))
		return lex_name(l, TOKEN_IDENTIFIER);
	next(l);
	return lex_mark(l, c);
}

struct token scanner_next(struct scanner *l)
{
	struct token t;

	do {
		t = l->is_inside ? lex_action(l) : lex_text(l);
	} while (t.kind == TOKEN_COMMENT);
	return t;
}

void token_text(const struct token *t, struct str *out)
{
	size_t shown = 0, bytes;

	if (t->kind == TOKEN_EOF)
		str_add(out, "EOF");
	else if (t->kind == TOKEN_ERROR)
		str_addn(out, t->text, t->n);
	else if (t->kind >= TOKEN_BLOCK)
		str_addf(out, "<%.*s>", (int)t->n, t->text);
	else if (t->n <= SHOWN_RUNES)
		go_quote(out, t->text, t->n, GO_QUOTE);
	if (t->kind == TOKEN_EOF || t->kind == TOKEN_ERROR || t->kind >= TOKEN_BLOCK ||
		t->n <= SHOWN_RUNES)
		return;
	for (int i = 0; i < SHOWN_RUNES && shown < t->n; i++, shown += bytes)
		utf8_decode(t->text + shown, t->n - shown, &bytes);
	go_quote(out, t->text, shown, GO_QUOTE);
	str_add(out, "...");
}
