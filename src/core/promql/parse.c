/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descent by hand, operators by how tightly they bind.  Prometheus' parser is made from an LALR
 * grammar with rules for errors; which of them it ends up in depends only on what is open around
 * the place: a list, a bracket, offset, @, else the arguments of an aggregation, else nothing.
 */
#include "core/promql/parse.h"

#include "base/golang.h"
#include "base/limits.h"
#include "core/promql/functions.h"
#include "core/promql/operators.h"
#include "core/promql/parse_private.h"

#include <math.h>
#include <stdio.h>

/* "line:column" of a byte, both from 1. */
static void describe_place(const char *text, uint32_t at, char ret[32])
{
	uint32_t line = 1, begin = 0;

	if (*text == '\0') {
		snprintf(ret, 32, "unknown position");
		return;
	}
	for (uint32_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			line++;
			begin = i + 1;
		}
	}
	snprintf(ret, 32, "%u:%u", line, at - begin + 1);
}

void parse_fail(struct parser *p, uint32_t at, const char *fmt, ...)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char place[32];
	va_list ap;

	if (p->rc != RC_OK)
		return;
	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	describe_place(p->lex.text, at, place);
	p->rc = err_set(p->e, RC_INPUT, "%s: parse error: %s", place, str_c(&text));
}

void parse_fail_full(struct parser *p)
{
	if (p->rc == RC_OK)
		p->rc = err_set(p->e, RC_LIMIT,
			"the expression needs more than %zu bytes of memory",
			p->arena->budget_bytes);
}

static void fail_depth(struct parser *p)
{
	if (p->rc == RC_OK)
		p->rc = err_set(p->e, RC_LIMIT, "the expression is more than %d levels deep",
			QUERY_DEPTH_MAX);
}

void parse_unexpected(struct parser *p, const char *context, const char *expected)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (p->rc != RC_OK)
		return;
	str_add(&text, "unexpected ");
	token_describe(&p->lex, p->next, &text);
	if (context)
		str_addf(&text, " in %s", context);
	if (expected)
		str_addf(&text, ", expected %s", expected);
	parse_fail(p, p->next.start, "%s", str_c(&text));
}

/* The same where an expression, an operator or the end of it would have been right. */
static void *unexpected(struct parser *p)
{
	parse_unexpected(p, p->aggregations ? "aggregation" : NULL, NULL);
	return NULL;
}

enum token_type parse_peek(struct parser *p)
{
	if (!p->has_next) {
		p->next = lexer_next(&p->lex);
		p->has_next = true;
		if (p->next.type == TOKEN_ERROR)
			parse_fail(p, p->next.start, "%s", p->lex.problem);
	}
	return p->next.type;
}

/* An error and the end are never taken, so that they stay the next. */
struct token parse_take(struct parser *p)
{
	enum token_type t = parse_peek(p);

	p->has_next = t == TOKEN_ERROR || t == TOKEN_END;
	p->end = p->next.end;
	return p->next;
}

bool parse_accept(struct parser *p, enum token_type type)
{
	if (parse_peek(p) != type)
		return false;
	parse_take(p);
	return true;
}

bool parse_enter(struct parser *p)
{
	if (p->depth == QUERY_DEPTH_MAX) {
		fail_depth(p);
		return false;
	}
	p->depth++;
	return true;
}

void parse_leave(struct parser *p)
{
	p->depth--;
}

void *parse_alloc(struct parser *p, size_t size_bytes)
{
	void *memory = arena_alloc(p->arena, size_bytes);

	if (!memory)
		parse_fail_full(p);
	return memory;
}

bool parse_list_add(struct parser *p, struct parse_list *list, void *item)
{
	if (list->n == list->cap) {
		uint32_t cap = list->cap ? 2 * list->cap : 4;
		void **v = parse_alloc(p, cap * sizeof *v);

		if (!v)
			return false;
		if (list->n)
			memcpy(v, list->v, list->n * sizeof *v);
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n++] = item;
	return true;
}

const char *parse_word(struct parser *p, struct token t)
{
	char *s = arena_strndup(p->arena, p->lex.text + t.start, t.end - t.start);

	if (!s)
		parse_fail_full(p);
	return s;
}

/* A node from byte `start` to the token taken last. */
static struct promql_node *new_node(struct parser *p, enum promql_kind kind, enum promql_type type,
	uint32_t start)
{
	struct promql_node *n = parse_alloc(p, sizeof *n);

	if (n)
		*n = (struct promql_node){ .kind = kind,
			.type = type,
			.start = start,
			.end = p->end,
			.depth = 1 };
	return n;
}

/* `inner` stands below `n`. */
static bool add_depth(struct parser *p, struct promql_node *n, const struct promql_node *inner)
{
	if (inner->depth >= QUERY_DEPTH_MAX) {
		fail_depth(p);
		return false;
	}
	if (n->depth <= inner->depth)
		n->depth = (uint16_t)(inner->depth + 1);
	return true;
}

static struct promql_node *read_expression(struct parser *p, unsigned least);

static bool begins_expression(enum token_type t)
{
	static const enum token_type others[] = { TOKEN_NUMBER, TOKEN_DURATION, TOKEN_STRING,
		TOKEN_LEFT_PAREN, TOKEN_LEFT_BRACE, TOKEN_ADD, TOKEN_SUB };

	for (size_t i = 0; i < COUNT(others); i++)
		if (t == others[i])
			return true;
	return token_rows[t].names & TOKEN_METRIC;
}

/* (), (a, b): up to and with the right parenthesis. */
static bool read_arguments(struct parser *p, struct parse_list *ret)
{
	if (!parse_accept(p, TOKEN_LEFT_PAREN)) {
		unexpected(p);
		return false;
	}
	if (parse_accept(p, TOKEN_RIGHT_PAREN))
		return true;
	for (;;) {
		struct promql_node *arg = read_expression(p, 0);
		struct token t;

		if (!arg || !parse_list_add(p, ret, arg))
			return false;
		if (parse_accept(p, TOKEN_RIGHT_PAREN))
			return true;
		if (parse_peek(p) != TOKEN_COMMA) {
			unexpected(p);
			return false;
		}
		t = parse_take(p);
		if (!begins_expression(parse_peek(p))) {
			parse_fail(p, t.start, "trailing commas not allowed in function call args");
			return false;
		}
	}
}

static struct promql_node *read_number(struct parser *p)
{
	struct token t = parse_take(p);
	struct promql_node *n = new_node(p, PROMQL_NUMBER, PROMQL_SCALAR, t.start);

	if (!n || !parse_number(p, t, &n->number))
		return NULL;
	n->is_duration = t.type == TOKEN_DURATION;
	return n;
}

static struct promql_node *read_text(struct parser *p)
{
	struct token t = parse_take(p);
	struct promql_node *n = new_node(p, PROMQL_TEXT, PROMQL_STRING, t.start);
	struct parse_text text;

	if (!n || !parse_unquote(p, t, &text))
		return NULL;
	n->text.s = text.s;
	n->text.n = text.n;
	return n;
}

static struct promql_node *read_paren(struct parser *p)
{
	struct token t = parse_take(p);
	struct promql_node *inner = read_expression(p, 0);
	struct promql_node *n;

	if (!inner)
		return NULL;
	if (!parse_accept(p, TOKEN_RIGHT_PAREN))
		return unexpected(p);
	n = new_node(p, PROMQL_PAREN, inner->type, t.start);
	if (!n || !add_depth(p, n, inner))
		return NULL;
	n->inner = inner;
	return n;
}

/* An identifier and what stands in parentheses behind it were read. */
static struct promql_node *new_call(struct parser *p, struct token name,
	const struct parse_list *args)
{
	const char *word = parse_word(p, name);
	const struct promql_function *f = word ? promql_function_find(word) : NULL;
	struct promql_node *n;

	if (!word)
		return NULL;
	if (!f)
		parse_fail(p, name.start, "unknown function with name \"%s\"", word);
	else if (f->is_experimental && !p->allow_experimental)
		parse_fail(p, name.start, "function \"%s\" is not enabled", word);
	if (p->rc != RC_OK)
		return NULL;
	n = new_node(p, PROMQL_CALL, f->returns, name.start);
	for (uint32_t i = 0; n && i < args->n; i++)
		if (!add_depth(p, n, args->v[i]))
			return NULL;
	if (!n)
		return NULL;
	n->call.function = f;
	n->call.args = (struct promql_node **)args->v;
	n->call.n_args = args->n;
	return n;
}

/* by (names), without (names), if one is next. */
static bool read_grouping(struct parser *p, struct promql_node *n, bool *ret_is_there)
{
	bool is_without = parse_peek(p) == TOKEN_WITHOUT;

	*ret_is_there = is_without || parse_peek(p) == TOKEN_BY;
	if (!*ret_is_there)
		return true;
	parse_take(p);
	n->aggregate.is_without = is_without;
	return parse_names(p, &n->aggregate.grouping);
}

/* Its arguments were read, and are put into it. */
static bool fill_aggregate(struct parser *p, struct promql_node *n, const struct parse_list *args)
{
	const struct promql_aggregator *a = &promql_aggregators[n->aggregate.op];
	unsigned wanted = a->param == PROMQL_NONE ? 1 : 2;

	if (args->n == 0)
		parse_fail(p, n->start, "no arguments for aggregate expression provided");
	else if (a->is_experimental && !p->allow_experimental)
		parse_fail(p, n->start,
			"%s() is experimental and must be enabled with "
			"--enable-feature=promql-experimental-functions",
			a->text);
	else if (args->n != wanted)
		parse_fail(p, n->start,
			"wrong number of arguments for aggregate expression provided, "
			"expected %u, got %u",
			wanted, args->n);
	if (p->rc != RC_OK)
		return false;
	n->aggregate.inner = args->v[wanted - 1];
	n->aggregate.param = wanted == 2 ? args->v[0] : NULL;
	return add_depth(p, n, n->aggregate.inner) &&
	       (wanted == 1 || add_depth(p, n, n->aggregate.param));
}

/* Its grouping may stand before or behind its arguments. */
static struct promql_node *read_aggregate(struct parser *p, struct token op)
{
	struct promql_node *n = new_node(p, PROMQL_AGGREGATE, PROMQL_VECTOR, op.start);
	struct parse_list args = { 0 };
	bool has_grouping;

	if (!n)
		return NULL;
	n->aggregate.op = (enum promql_aggregation)token_rows[op.type].value;
	p->aggregations++;
	if (!read_grouping(p, n, &has_grouping) || !read_arguments(p, &args))
		return NULL;
	p->aggregations--;
	if (!has_grouping && !read_grouping(p, n, &has_grouping))
		return NULL;
	n->end = p->end;
	return fill_aggregate(p, n, &args) ? n : NULL;
}

/* `name` was read, unless it is NULL and there is none. */
static struct promql_node *read_selector(struct parser *p, const struct token *name)
{
	struct promql_node *n;
	struct promql_selector s;
	uint32_t start = name ? name->start : p->next.start;

	if (!parse_matchers(p, name, &s))
		return NULL;
	n = new_node(p, PROMQL_SELECTOR, PROMQL_VECTOR, start);
	if (n)
		n->selector = s;
	return n;
}

/* What a word begins depends on what follows it. */
static struct promql_node *read_word(struct parser *p)
{
	struct token word = parse_take(p);
	enum token_type next = parse_peek(p);
	struct parse_list args = { 0 };

	if (word.type == TOKEN_IDENTIFIER && next == TOKEN_LEFT_PAREN)
		return read_arguments(p, &args) ? new_call(p, word, &args) : NULL;
	if (token_rows[word.type].kind == TOKEN_AGGREGATION &&
		(next == TOKEN_LEFT_PAREN || next == TOKEN_BY || next == TOKEN_WITHOUT))
		return read_aggregate(p, word);
	return read_selector(p, &word);
}

static struct promql_node *read_primary(struct parser *p)
{
	enum token_type next = parse_peek(p);

	if (token_rows[next].names & TOKEN_METRIC)
		return read_word(p);
	if (next == TOKEN_NUMBER || next == TOKEN_DURATION)
		return read_number(p);
	if (next == TOKEN_STRING)
		return read_text(p);
	if (next == TOKEN_LEFT_PAREN)
		return read_paren(p);
	if (next == TOKEN_LEFT_BRACE)
		return read_selector(p, NULL);
	return unexpected(p);
}

/* Where its offset and @ are kept; NULL: it can't have any. */
static struct promql_shift *shift_of(struct promql_node *n)
{
	if (n->kind == PROMQL_SELECTOR)
		return &n->selector.shift;
	if (n->kind == PROMQL_RANGE)
		return &n->range.selector->selector.shift;
	return n->kind == PROMQL_SUBQUERY ? &n->subquery.shift : NULL;
}

#define SHIFTED \
	"must be preceded by an instant vector selector or range vector selector or a subquery"

static struct promql_node *read_offset(struct parser *p, struct promql_node *n)
{
	struct promql_shift *shift = shift_of(n);
	int64_t offset_ms;

	parse_take(p);
	if (!parse_offset(p, &offset_ms))
		return NULL;
	if (!shift)
		parse_fail(p, n->start, "offset modifier " SHIFTED);
	else if (shift->offset_ms != 0)
		parse_fail(p, n->start, "offset may not be set multiple times");
	if (p->rc != RC_OK)
		return NULL;
	shift->offset_ms = offset_ms;
	n->end = p->end;
	return n;
}

static bool read_at_number(struct parser *p, const struct promql_node *n, int64_t *ret_ms)
{
	bool is_negative = parse_peek(p) == TOKEN_SUB;
	double s;

	if (is_negative || parse_peek(p) == TOKEN_ADD)
		parse_take(p);
	if (parse_peek(p) != TOKEN_NUMBER && parse_peek(p) != TOKEN_DURATION) {
		parse_unexpected(p, "@", "timestamp");
		return false;
	}
	if (!parse_number(p, parse_take(p), &s))
		return false;
	if (!(fabs(s) < 0x1p63)) {
		scoped(str_fini) struct str text = STR_EMPTY;

		go_float(&text, is_negative ? -s : s, 'f', 6);
		parse_fail(p, n->start, "timestamp out of bounds for @ modifier: %s", str_c(&text));
		return false;
	}
	/* Far beyond what time can be the product isn't an integer any more. */
	s = round((is_negative ? -s : s) * 1000);
	*ret_ms = s >= 0x1p63 || s < -0x1p63 ? INT64_MIN : (int64_t)s;
	return true;
}

/* start() and end(). */
static bool read_at_word(struct parser *p, enum promql_at *ret)
{
	bool is_start = parse_peek(p) == TOKEN_START;

	parse_take(p);
	if (!parse_accept(p, TOKEN_LEFT_PAREN) || !parse_accept(p, TOKEN_RIGHT_PAREN)) {
		parse_unexpected(p, "@", "timestamp");
		return false;
	}
	*ret = is_start ? PROMQL_AT_START : PROMQL_AT_END;
	return true;
}

static struct promql_node *read_at(struct parser *p, struct promql_node *n)
{
	struct promql_shift *shift = shift_of(n);
	enum promql_at at = PROMQL_AT_TIME;
	int64_t at_ms = 0;
	enum token_type next;

	parse_take(p);
	next = parse_peek(p);
	if (next == TOKEN_START || next == TOKEN_STOP) {
		if (!read_at_word(p, &at))
			return NULL;
	} else if (!read_at_number(p, n, &at_ms)) {
		return NULL;
	}
	if (!shift)
		parse_fail(p, n->start, "@ modifier " SHIFTED);
	else if (shift->at != PROMQL_AT_NONE)
		parse_fail(p, n->start, "@ <timestamp> may not be set multiple times");
	if (p->rc != RC_OK)
		return NULL;
	shift->at = at;
	shift->at_ms = at_ms;
	n->end = p->end;
	return n;
}

/* selector[5m], complete but for the checks. */
static struct promql_node *new_range(struct parser *p, struct promql_node *inner, uint32_t bracket,
	int64_t range_ms)
{
	struct promql_node *n;

	if (inner->kind != PROMQL_SELECTOR)
		parse_fail(p, bracket, "ranges only allowed for vector selectors");
	else if (inner->selector.shift.offset_ms != 0)
		parse_fail(p, bracket, "no offset modifiers allowed before range");
	else if (inner->selector.shift.at == PROMQL_AT_TIME)
		parse_fail(p, bracket, "no @ modifiers allowed before range");
	if (p->rc != RC_OK)
		return NULL;
	n = new_node(p, PROMQL_RANGE, PROMQL_MATRIX, inner->start);
	if (!n || !add_depth(p, n, inner))
		return NULL;
	n->range.selector = inner;
	n->range.range_ms = range_ms;
	return n;
}

/* A colon was read: the step may follow. */
static struct promql_node *read_subquery(struct parser *p, struct promql_node *inner,
	int64_t range_ms)
{
	struct promql_node *n;
	int64_t step_ms = 0;

	if (!parse_accept(p, TOKEN_RIGHT_BRACKET)) {
		if (!parse_range(p, "number or duration or \"]\"", &step_ms))
			return NULL;
		if (!parse_accept(p, TOKEN_RIGHT_BRACKET)) {
			parse_unexpected(p, "subquery selector", "\"]\"");
			return NULL;
		}
	}
	n = new_node(p, PROMQL_SUBQUERY, PROMQL_MATRIX, inner->start);
	if (!n || !add_depth(p, n, inner))
		return NULL;
	n->subquery.inner = inner;
	n->subquery.range_ms = range_ms;
	n->subquery.step_ms = step_ms;
	return n;
}

static struct promql_node *read_bracket(struct parser *p, struct promql_node *inner)
{
	uint32_t bracket = parse_take(p).start;
	int64_t range_ms;

	if (!parse_range(p, "number or duration", &range_ms))
		return NULL;
	if (parse_accept(p, TOKEN_RIGHT_BRACKET))
		return new_range(p, inner, bracket, range_ms);
	if (parse_accept(p, TOKEN_COLON))
		return read_subquery(p, inner, range_ms);
	parse_unexpected(p, "subquery or range", "\":\" or \"]\"");
	return NULL;
}

/* With all the brackets, offsets and @ behind it. */
static struct promql_node *read_shifted(struct parser *p)
{
	struct promql_node *n = read_primary(p);

	while (n) {
		enum token_type next = parse_peek(p);

		if (next == TOKEN_LEFT_BRACKET)
			n = read_bracket(p, n);
		else if (next == TOKEN_OFFSET)
			n = read_offset(p, n);
		else if (next == TOKEN_AT)
			n = read_at(p, n);
		else
			break;
	}
	return n;
}

/* A sign binds less tightly than ^; that of a number becomes part of it. */
static struct promql_node *read_signed(struct parser *p)
{
	struct token sign = parse_take(p);
	struct promql_node *inner = read_expression(p, PROMQL_BINDS_POW);
	bool is_minus = sign.type == TOKEN_SUB;
	struct promql_node *n;

	if (!inner)
		return NULL;
	if (inner->kind == PROMQL_NUMBER) {
		inner->number = is_minus ? -inner->number : inner->number;
		inner->start = sign.start;
		return inner;
	}
	n = new_node(p, is_minus ? PROMQL_NEGATE : PROMQL_PLUS, inner->type, sign.start);
	if (!n || !add_depth(p, n, inner))
		return NULL;
	n->end = inner->end;
	n->inner = inner;
	return n;
}

/* group_left(names), where the names may be left out. */
static bool read_group(struct parser *p, struct promql_matching *m)
{
	enum token_type next = parse_peek(p);

	if (next != TOKEN_GROUP_LEFT && next != TOKEN_GROUP_RIGHT)
		return true;
	parse_take(p);
	m->card = next == TOKEN_GROUP_LEFT ? PROMQL_MANY_TO_ONE : PROMQL_ONE_TO_MANY;
	if (parse_peek(p) != TOKEN_LEFT_PAREN && begins_expression(parse_peek(p)))
		return true;
	return parse_names(p, &m->include);
}

/* What may stand between an operator and its right side. */
static struct promql_matching *read_matching(struct parser *p, bool *ret_is_bool)
{
	struct promql_matching *m = parse_alloc(p, sizeof *m);

	if (!m)
		return NULL;
	*ret_is_bool = parse_accept(p, TOKEN_BOOL);
	m->is_on = parse_peek(p) == TOKEN_ON;
	if (!m->is_on && parse_peek(p) != TOKEN_IGNORING)
		return m;
	parse_take(p);
	return parse_names(p, &m->names) && read_group(p, m) ? m : NULL;
}

/* The operator is next. */
static struct promql_node *read_binary(struct parser *p, struct promql_node *left)
{
	enum promql_op op = (enum promql_op)token_rows[parse_take(p).type].value;
	const struct promql_operator *row = &promql_operators[op];
	bool is_bool;
	struct promql_matching *m = read_matching(p, &is_bool);
	struct promql_node *right = m ? read_expression(p, row->binds + (op != PROMQL_POW)) : NULL;
	struct promql_node *n;

	if (!right)
		return NULL;
	if (row->is_set && m->card == PROMQL_ONE_TO_ONE)
		m->card = PROMQL_MANY_TO_MANY;
	n = new_node(p, PROMQL_BINARY,
		left->type == PROMQL_SCALAR && right->type == PROMQL_SCALAR ? PROMQL_SCALAR
									    : PROMQL_VECTOR,
		left->start);
	if (!n || !add_depth(p, n, left) || !add_depth(p, n, right))
		return NULL;
	n->end = right->end;
	n->binary.op = op;
	n->binary.left = left;
	n->binary.right = right;
	n->binary.matching = m;
	n->binary.is_bool = is_bool;
	return n;
}

/* -1: it is none. */
static int operator_binds(enum token_type t)
{
	bool is_binary = token_rows[t].kind == TOKEN_OPERATOR && t != TOKEN_AT &&
			 t != TOKEN_REGEX && t != TOKEN_NOT_REGEX;

	return is_binary ? promql_operators[token_rows[t].value].binds : -1;
}

/* As much as operators that bind at least so tightly hold together. */
static struct promql_node *read_expression(struct parser *p, unsigned least)
{
	struct promql_node *n;

	if (!parse_enter(p))
		return NULL;
	n = parse_peek(p) == TOKEN_ADD || parse_peek(p) == TOKEN_SUB ? read_signed(p)
								     : read_shifted(p);
	while (n && operator_binds(parse_peek(p)) >= (int)(least ? least : 1))
		n = read_binary(p, n);
	parse_leave(p);
	return n;
}

static enum rc begin(struct parser *p, const char *text, struct arena *a, struct err *e)
{
	size_t n = strlen(text);

	*p = (struct parser){ .arena = a, .e = e };
	if (n > QUERY_TEXT_BYTES_MAX)
		return err_set(e, RC_LIMIT, "the expression has %zu bytes; at most %d are taken", n,
			QUERY_TEXT_BYTES_MAX);
	lexer_init(&p->lex, text, (uint32_t)n);
	return RC_OK;
}

enum rc promql_parse(const struct promql_parse *parse, struct arena *a, struct promql_node **ret,
	struct err *e)
{
	struct promql_node *root = NULL;
	struct parser p;
	enum rc rc = begin(&p, parse->text, a, e);

	if (rc != RC_OK)
		return rc;
	p.allow_experimental = parse->allow_experimental;
	if (parse_peek(&p) == TOKEN_END)
		parse_fail(&p, 0, "no expression found in input");
	else
		root = read_expression(&p, 0);
	if (root && parse_peek(&p) != TOKEN_END)
		unexpected(&p);
	if (p.rc == RC_OK)
		check_tree(&p, root);
	if (p.rc == RC_OK)
		*ret = root;
	return p.rc;
}

enum rc promql_parse_selector(const char *text, struct arena *a, struct promql_selector *ret,
	struct err *e)
{
	struct promql_selector s;
	struct parser p;
	enum rc rc = begin(&p, text, a, e);
	enum token_type next;
	struct token name;
	bool is_named;

	if (rc != RC_OK)
		return rc;
	next = parse_peek(&p);
	is_named = token_rows[next].names & TOKEN_METRIC;
	if (!is_named && next != TOKEN_LEFT_BRACE) {
		unexpected(&p);
		return p.rc;
	}
	if (is_named)
		name = parse_take(&p);
	if (parse_matchers(&p, is_named ? &name : NULL, &s) && parse_peek(&p) != TOKEN_END)
		unexpected(&p);
	if (p.rc == RC_OK)
		*ret = s;
	return p.rc;
}
