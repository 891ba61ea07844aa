/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: {matchers} and (label names). */
#include "core/promql/parse_private.h"

#include "base/golang.h"
#include "base/series.h"
#include "core/promql/quoted.h"

bool parse_unquote(struct parser *p, struct token t, struct parse_text *ret)
{
	struct quoted q;
	const char *wrong = quoted_read(p->lex.text + t.start, p->arena, &q);

	/* The lexer has looked at it: only the arena can be full. */
	if (wrong) {
		parse_fail_full(p);
		return false;
	}
	*ret = (struct parse_text){ q.s, q.n };
	return true;
}

/* What becomes a name or value of a label, which can't hold NUL here. */
static const char *unquote_label(struct parser *p, struct token t)
{
	struct parse_text text;

	if (!parse_unquote(p, t, &text))
		return NULL;
	if (memchr(text.s, '\0', text.n)) {
		parse_fail(p, t.start, "names and values of labels can't hold a NUL byte");
		return NULL;
	}
	return text.s;
}

/* An item of (names). */
static const char *read_name(struct parser *p)
{
	enum token_type next = parse_peek(p);
	const char *name;
	struct token t;

	if (next != TOKEN_STRING && !(token_rows[next].names & TOKEN_LABEL)) {
		parse_unexpected(p, "grouping opts", "label");
		return NULL;
	}
	t = parse_take(p);
	if (next != TOKEN_STRING)
		return parse_word(p, t);
	name = unquote_label(p, t);
	if (name && (*name == '\0' || !utf8_valid(name, strlen(name)))) {
		scoped(str_fini) struct str quoted = STR_EMPTY;

		go_quote(&quoted, name, strlen(name), GO_QUOTE);
		parse_fail(p, t.start, "invalid label name for grouping: %s", str_c(&quoted));
		return NULL;
	}
	return name;
}

bool parse_names(struct parser *p, struct promql_names *ret)
{
	struct parse_list list = { 0 };

	if (!parse_accept(p, TOKEN_LEFT_PAREN)) {
		parse_unexpected(p, "grouping opts", "\"(\"");
		return false;
	}
	while (!parse_accept(p, TOKEN_RIGHT_PAREN)) {
		const char *name = read_name(p);

		if (!name || !parse_list_add(p, &list, (void *)name))
			return false;
		if (!parse_accept(p, TOKEN_COMMA) && parse_peek(p) != TOKEN_RIGHT_PAREN) {
			parse_unexpected(p, "grouping opts", "\",\" or \")\"");
			return false;
		}
	}
	*ret = (struct promql_names){ (const char *const *)list.v, list.n };
	return true;
}

static bool match_op(enum token_type t, enum matcher_op *ret)
{
	static const struct {
		enum token_type token;
		enum matcher_op op;
	} rows[] = {
		{ TOKEN_EQUAL, MATCHER_EQUAL },
		{ TOKEN_NE, MATCHER_NOT_EQUAL },
		{ TOKEN_REGEX, MATCHER_REGEX },
		{ TOKEN_NOT_REGEX, MATCHER_NOT_REGEX },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].token == t) {
			*ret = rows[i].op;
			return true;
		}
	}
	return false;
}

static void release_matcher(void *m)
{
	matcher_free(m);
}

/* One of a name that began at byte `at`. */
static struct matcher *new_matcher(struct parser *p, uint32_t at, enum matcher_op op,
	const char *name, const char *value)
{
	struct matcher *m;
	struct err e = { 0 };

	if (matcher_new(&m, op, name, value, &e) != RC_OK) {
		parse_fail(p, at, "%s", e.text);
		return NULL;
	}
	if (!arena_own(p->arena, m, release_matcher)) {
		parse_fail_full(p);
		return NULL;
	}
	return m;
}

/* name="value", or "name" of a metric alone. */
static struct matcher *read_matcher(struct parser *p)
{
	enum token_type next = parse_peek(p);
	enum matcher_op op;
	const char *name, *value;
	struct token t;

	if (next != TOKEN_IDENTIFIER && next != TOKEN_STRING) {
		parse_unexpected(p, "label matching", "identifier or \"}\"");
		return NULL;
	}
	t = parse_take(p);
	name = next == TOKEN_STRING ? unquote_label(p, t) : parse_word(p, t);
	if (!name)
		return NULL;
	if (!match_op(parse_peek(p), &op)) {
		if (next == TOKEN_STRING)
			return new_matcher(p, t.start, MATCHER_EQUAL, METRIC_NAME, name);
		parse_unexpected(p, "label matching", "label matching operator");
		return NULL;
	}
	parse_take(p);
	if (parse_peek(p) != TOKEN_STRING) {
		parse_unexpected(p, "label matching", "string");
		return NULL;
	}
	value = unquote_label(p, parse_take(p));
	return value ? new_matcher(p, t.start, op, name, value) : NULL;
}

static bool read_matchers(struct parser *p, struct parse_list *list)
{
	parse_take(p);
	while (!parse_accept(p, TOKEN_RIGHT_BRACE)) {
		struct matcher *m = read_matcher(p);

		if (!m || !parse_list_add(p, list, m))
			return false;
		if (!parse_accept(p, TOKEN_COMMA) && parse_peek(p) != TOKEN_RIGHT_BRACE) {
			parse_unexpected(p, "label matching", "\",\" or \"}\"");
			return false;
		}
	}
	return true;
}

bool parse_matchers(struct parser *p, const struct token *name, struct promql_selector *ret)
{
	struct parse_list list = { 0 };
	const char *metric = name ? parse_word(p, *name) : NULL;

	if (name && !metric)
		return false;
	if (parse_peek(p) == TOKEN_LEFT_BRACE && !read_matchers(p, &list))
		return false;
	if (metric) {
		struct matcher *m = new_matcher(p, name->start, MATCHER_EQUAL, METRIC_NAME, metric);

		if (!m || !parse_list_add(p, &list, m))
			return false;
	}
	*ret = (struct promql_selector){ .metric = metric,
		.matchers = (const struct matcher *const *)list.v,
		.n_matchers = list.n };
	return true;
}
