/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recursive descent with three tokens of lookahead, as in Go, so that the same line is named when
 * something is wrong.  After the first complaint every token is the end of the text: nothing needs
 * to be unwound.
 */
#include "core/template/parse.h"

#include "base/golang.h"
#include "base/limits.h"
#include "core/template/functions.h"
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

static struct node *item(struct parser *p);
static struct node *pipeline(struct parser *p, const char *context, enum token_kind end);

static void fail(struct parser *p, const char *fmt, ...) PRINTF(2, 3);
static void fail(struct parser *p, const char *fmt, ...)
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

static void fail_full(struct parser *p)
{
	fail(p, "the template needs more than %zu bytes", p->arena->budget_bytes);
	p->rc = RC_LIMIT;
}

static struct node *new_node(struct parser *p, enum node_kind kind, uint32_t at)
{
	struct node *n = arena_alloc(p->arena, sizeof *n);

	if (!n) {
		fail_full(p);
		n = &p->spare;
		*n = (struct node){ 0 };
	}
	n->kind = kind;
	n->at = at;
	return n;
}

static void add(struct nodes *list, struct node *n)
{
	if (list->last)
		list->last->next = n;
	else
		list->first = n;
	list->last = n;
	list->n++;
}

/* Tokens */

static struct token next(struct parser *p)
{
	if (p->rc != RC_OK)
		return (struct token){ .kind = TOKEN_EOF, .text = "" };
	if (p->n_back > 0)
		p->n_back--;
	else
		p->tokens[0] = scanner_next(&p->scanner);
	return p->tokens[p->n_back];
}

static void back(struct parser *p)
{
	p->n_back++;
}

static struct token peek(struct parser *p)
{
	struct token t = next(p);

	if (p->rc == RC_OK)
		back(p);
	return t;
}

static struct token next_word(struct parser *p) /* no space */
{
	struct token t;

	do {
		t = next(p);
	} while (t.kind == TOKEN_SPACE);
	return t;
}

static struct token peek_word(struct parser *p)
{
	struct token t = next_word(p);

	if (p->rc == RC_OK)
		back(p);
	return t;
}

/* A broken token says so itself, and where its action began. */
static void unexpected(struct parser *p, const struct token *t, const char *context)
{
	scoped(str_fini) struct str shown = STR_EMPTY;
	uint32_t line = p->scope.action_line;
	bool is_of_action = t->n > 7 && memcmp(t->text + t->n - 7, " action", 7) == 0;

	token_text(t, &shown);
	if (t->kind != TOKEN_ERROR)
		fail(p, "unexpected %s in %s", str_c(&shown), context);
	else if (line == 0 || line == t->line)
		fail(p, "%s", str_c(&shown));
	else
		fail(p, "%s%s started at %s:%u", str_c(&shown), is_of_action ? "" : " in action",
			p->t->name, line);
}

static struct token expect(struct parser *p, enum token_kind kind, const char *context)
{
	struct token t = next_word(p);

	if (t.kind != kind)
		unexpected(p, &t, context);
	return t;
}

static struct text token_source(const struct token *t)
{
	return (struct text){ t->text, t->n };
}

/* What a quoted token stands for, in the arena. */
static struct text unquoted(struct parser *p, const struct token *t)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	struct text copy = { "", 0 };

	if (!go_unquote(&s, t->text, t->n))
		fail(p, "invalid syntax");
	copy.s = arena_strndup(p->arena, str_c(&s), s.len);
	if (!copy.s)
		fail_full(p);
	else
		copy.n = s.len;
	return copy;
}

/* Terms */

/* "a.b.c" as its parts. */
static struct names split(struct parser *p, const char *s, size_t n)
{
	struct names names = { 0 };
	struct text *v;

	for (size_t i = 0; i < n; i++)
		names.n += s[i] == '.';
	v = arena_alloc(p->arena, ++names.n * sizeof *v);
	if (!v) {
		fail_full(p);
		return (struct names){ 0 };
	}
	names.v = v;
	for (;; v++) {
		const char *dot = memchr(s, '.', n);

		*v = (struct text){ s, dot ? (size_t)(dot - s) : n };
		if (!dot)
			return names;
		n -= v->n + 1;
		s = dot + 1;
	}
}

static struct names joined(struct parser *p, const struct names *a, const struct names *b)
{
	struct text *v = arena_alloc(p->arena, (a->n + b->n) * sizeof *v);

	if (!v) {
		fail_full(p);
		return (struct names){ 0 };
	}
	if (a->n > 0)
		memcpy(v, a->v, a->n * sizeof *v);
	if (b->n > 0)
		memcpy(v + a->n, b->v, b->n * sizeof *v);
	return (struct names){ v, a->n + b->n };
}

static void declare(struct parser *p, struct text name)
{
	struct variables *vs = &p->scope.variables;

	must_grow(vs->v, vs->n, vs->cap);
	vs->v[vs->n++] = name;
}

static bool is_declared(const struct parser *p, struct text name)
{
	const struct variables *vs = &p->scope.variables;

	for (uint32_t i = 0; i < vs->n; i++)
		if (text_equal(vs->v[i], name))
			return true;
	return false;
}

static struct node *literal(struct parser *p, enum node_kind kind, const struct token *t)
{
	struct node *n = new_node(p, kind, t->at);

	n->source = token_source(t);
	return n;
}

static struct node *identifier(struct parser *p, const struct token *t)
{
	struct node *n = literal(p, NODE_IDENTIFIER, t);

	n->function = function_find(n->source);
	if (!n->function)
		fail(p, "function \"%.*s\" not defined", (int)t->n, t->text);
	return n;
}

static struct node *variable(struct parser *p, const struct token *t)
{
	struct node *n = literal(p, NODE_VARIABLE, t);

	n->names = split(p, t->text, t->n);
	return n;
}

static struct node *used_variable(struct parser *p, const struct token *t)
{
	struct node *n = variable(p, t);

	if (!is_declared(p, token_source(t)))
		fail(p, "undefined variable \"%.*s\"", (int)t->n, t->text);
	return n;
}

static struct node *number(struct parser *p, const struct token *t)
{
	scoped(str_fini) struct str why = STR_EMPTY;
	struct node *n = literal(p, NODE_NUMBER, t);

	if (!number_read(n->source, t->kind == TOKEN_CHARACTER, &n->number, &why))
		fail(p, "%s", str_c(&why));
	return n;
}

static struct node *string(struct parser *p, const struct token *t)
{
	struct node *n = literal(p, NODE_STRING, t);

	n->string = unquoted(p, t);
	return n;
}

static struct node *boolean(struct parser *p, const struct token *t)
{
	struct node *n = literal(p, NODE_BOOL, t);

	n->truth = t->text[0] == 't';
	return n;
}

static struct node *field(struct parser *p, const struct token *t)
{
	struct node *n = literal(p, NODE_FIELD, t);

	n->names = split(p, t->text + 1, t->n - 1);
	return n;
}

static bool enter(struct parser *p)
{
	if (p->depth >= TEMPLATE_DEPTH_MAX)
		fail(p, "max expression depth exceeded");
	else
		p->depth++;
	return p->rc == RC_OK;
}

static struct node *parenthesized(struct parser *p)
{
	struct node *n;

	if (!enter(p))
		return NULL;
	n = pipeline(p, "parenthesized pipeline", TOKEN_RIGHT_PAREN);
	p->depth--;
	return n;
}

/* NULL: the next token begins none. */
static struct node *term(struct parser *p)
{
	struct token t = next_word(p);

	switch (t.kind) {
	case TOKEN_IDENTIFIER:
		return identifier(p, &t);
	case TOKEN_DOT:
		return literal(p, NODE_DOT, &t);
	case TOKEN_NIL:
		return literal(p, NODE_NIL, &t);
	case TOKEN_VARIABLE:
		return used_variable(p, &t);
	case TOKEN_FIELD:
		return field(p, &t);
	case TOKEN_BOOL:
		return boolean(p, &t);
	case TOKEN_CHARACTER:
	case TOKEN_COMPLEX:
	case TOKEN_NUMBER:
		return number(p, &t);
	case TOKEN_LEFT_PAREN:
		return parenthesized(p);
	case TOKEN_STRING:
	case TOKEN_RAW_STRING:
		return string(p, &t);
	default:
		back(p);
		return NULL;
	}
}

static void refuse_fields(struct parser *p, const struct node *n)
{
	scoped(str_fini) struct str shown = STR_EMPTY, quoted = STR_EMPTY;

	node_text(n, &shown);
	go_quote(&quoted, str_c(&shown), shown.len, GO_QUOTE);
	fail(p, "unexpected . after term %s", str_c(&quoted));
}

/* Fields behind a field or a variable are part of it; behind anything else, a chain. */
static struct node *with_fields(struct parser *p, struct node *inner)
{
	struct names more = { 0 };
	struct node *n;
	uint32_t at = peek(p).at;

	while (p->rc == RC_OK && peek(p).kind == TOKEN_FIELD) {
		struct token t = next(p);
		struct names one = split(p, t.text + 1, t.n - 1);

		more = joined(p, &more, &one);
	}
	if (inner->kind != NODE_FIELD && inner->kind != NODE_VARIABLE && inner->kind != NODE_PIPE &&
		inner->kind != NODE_IDENTIFIER) {
		refuse_fields(p, inner);
		return inner;
	}
	n = new_node(p, NODE_CHAIN, at);
	if (inner->kind == NODE_FIELD || inner->kind == NODE_VARIABLE) {
		n->kind = inner->kind;
		n->names = joined(p, &inner->names, &more);
		return n;
	}
	n->chain.inner = inner;
	n->chain.names = more;
	return n;
}

static struct node *operand(struct parser *p)
{
	struct node *n = term(p);

	return n && peek(p).kind == TOKEN_FIELD ? with_fields(p, n) : n;
}

static struct node *command(struct parser *p)
{
	struct node *n = new_node(p, NODE_COMMAND, peek_word(p).at);
	struct token t;

	do {
		struct node *arg;

		peek_word(p);
		arg = operand(p);
		if (arg)
			add(&n->list, arg);
		t = next(p);
	} while (t.kind == TOKEN_SPACE);
	if (t.kind == TOKEN_RIGHT || t.kind == TOKEN_RIGHT_PAREN)
		back(p);
	else if (t.kind != TOKEN_PIPE)
		unexpected(p, &t, "operand");
	if (n->list.n == 0)
		fail(p, "empty command");
	return n;
}

/* Pipelines */

static void declared(struct parser *p, struct node *pipe, const struct token *name)
{
	next_word(p);
	add(&pipe->pipe.variables, variable(p, name));
	declare(p, token_source(name));
}

/* "$i," of "$i, $x := ".  False: that was all. */
static bool declared_first(struct parser *p, struct node *pipe, const char *context)
{
	enum token_kind kind;

	if (!str_eq(context, "range") || pipe->pipe.variables.n >= 2) {
		fail(p, "too many declarations in %s", context);
		return false;
	}
	kind = peek_word(p).kind;
	if (kind == TOKEN_VARIABLE || kind == TOKEN_RIGHT || kind == TOKEN_RIGHT_PAREN)
		return true;
	fail(p, "range can only initialize variables");
	return false;
}

static void put_back(struct parser *p, const struct token *variable, const struct token *space)
{
	if (space->kind == TOKEN_SPACE) {
		p->tokens[1] = *space;
		p->tokens[2] = *variable;
		p->n_back = 3;
		return;
	}
	p->tokens[1] = *variable;
	p->n_back = 2;
}

static void declarations(struct parser *p, struct node *pipe, const char *context)
{
	struct token name = peek_word(p), after, then;

	while (name.kind == TOKEN_VARIABLE) {
		next(p);
		after = peek(p);
		then = peek_word(p);
		if (then.kind == TOKEN_ASSIGN || then.kind == TOKEN_DECLARE) {
			pipe->pipe.is_assign = then.kind == TOKEN_ASSIGN;
			declared(p, pipe, &name);
			return;
		}
		if (then.kind != TOKEN_CHAR || then.text[0] != ',') {
			if (p->rc == RC_OK)
				put_back(p, &name, &after);
			return;
		}
		declared(p, pipe, &name);
		if (!declared_first(p, pipe, context))
			return;
		name = peek_word(p);
	}
}

static void check_pipeline(struct parser *p, const struct node *pipe, const char *context)
{
	unsigned stage = 1;

	if (pipe->pipe.commands.n == 0)
		fail(p, "missing value for %s", context);
	for (const struct node *c = pipe->pipe.commands.first; c && p->rc == RC_OK;
		c = c->next, stage++) {
		enum node_kind kind = c->list.first->kind;

		if (stage > 1 && kind >= NODE_DOT && kind <= NODE_STRING)
			fail(p, "non executable command in pipeline stage %u", stage);
	}
}

static struct node *pipeline(struct parser *p, const char *context, enum token_kind end)
{
	struct node *n = new_node(p, NODE_PIPE, peek_word(p).at);

	declarations(p, n, context);
	while (p->rc == RC_OK) {
		struct token t = next_word(p);

		if (t.kind == end) {
			check_pipeline(p, n, context);
			return n;
		}
		if ((t.kind >= TOKEN_BOOL && t.kind <= TOKEN_IDENTIFIER) || t.kind == TOKEN_DOT ||
			t.kind == TOKEN_NIL || t.kind == TOKEN_LEFT_PAREN) {
			back(p);
			add(&n->pipe.commands, command(p));
		} else {
			unexpected(p, &t, context);
		}
	}
	return n;
}

/* Control */

static struct node *control(struct parser *p, enum node_kind kind);

/* Up to {{end}} or {{else}}, which *ret_end is. */
static struct node *list(struct parser *p, struct node **ret_end)
{
	struct node *n = new_node(p, NODE_LIST, peek_word(p).at);

	while (peek_word(p).kind != TOKEN_EOF && p->rc == RC_OK) {
		*ret_end = item(p);
		if ((*ret_end)->kind == NODE_END || (*ret_end)->kind == NODE_ELSE)
			return n;
		add(&n->list, *ret_end);
	}
	fail(p, "unexpected EOF");
	*ret_end = new_node(p, NODE_END, 0);
	return n;
}

static const char *end_text(const struct node *n)
{
	return n->kind == NODE_END ? "{{end}}" : "{{else}}";
}

/* "else if" and "else with" are a list of one, which shares our {{end}}. */
static struct node *otherwise(struct parser *p, enum node_kind kind, uint32_t at)
{
	enum token_kind word = peek(p).kind;
	struct node *n, *end;

	if ((kind == NODE_IF && word == TOKEN_IF) || (kind == NODE_WITH && word == TOKEN_WITH)) {
		next(p);
		n = new_node(p, NODE_LIST, at);
		add(&n->list, control(p, kind));
		return n;
	}
	n = list(p, &end);
	if (end->kind != NODE_END)
		fail(p, "expected end; found %s", end_text(end));
	return n;
}

static struct node *control(struct parser *p, enum node_kind kind)
{
	static const char *const
		contexts[] = { [NODE_IF] = "if", [NODE_RANGE] = "range", [NODE_WITH] = "with" };
	uint32_t visible = p->scope.variables.n;
	struct node *n = new_node(p, kind, 0), *end;

	if (!enter(p))
		return n;
	n->control.pipe = pipeline(p, contexts[kind], TOKEN_RIGHT);
	n->at = n->control.pipe->at;
	p->scope.ranges += kind == NODE_RANGE;
	n->control.body = list(p, &end);
	p->scope.ranges -= kind == NODE_RANGE;
	if (end->kind == NODE_ELSE)
		n->control.otherwise = otherwise(p, kind, end->at);
	p->scope.variables.n = visible;
	p->depth--;
	return n;
}

static struct node *leave(struct parser *p, const struct token *word)
{
	bool is_break = word->kind == TOKEN_BREAK;
	struct token t = next_word(p);

	if (t.kind != TOKEN_RIGHT)
		unexpected(p, &t, is_break ? "{{break}}" : "{{continue}}");
	if (p->scope.ranges == 0)
		fail(p, "{{%s}} outside {{range}}", is_break ? "break" : "continue");
	return new_node(p, is_break ? NODE_BREAK : NODE_CONTINUE, word->at);
}

static struct node *else_word(struct parser *p)
{
	struct token t = peek_word(p);

	if (t.kind != TOKEN_IF && t.kind != TOKEN_WITH)
		t = expect(p, TOKEN_RIGHT, "else");
	return new_node(p, NODE_ELSE, t.at);
}

/* Definitions */

static bool is_empty(const struct node *root)
{
	for (const struct node *n = root->list.first; n; n = n->next) {
		if (n->kind != NODE_TEXT)
			return false;
		for (size_t i = 0; i < n->source.n; i++)
			if (!strchr(" \t\n\v\f\r", n->source.s[i]) || !n->source.s[i])
				return false;
	}
	return true;
}

struct definition *definition_find(const struct template *t, struct text name)
{
	struct definition *d = t->definitions;

	while (d && !text_equal(d->name, name))
		d = d->next;
	return d;
}

/* The first that says something counts; two that do are refused. */
static void define(struct parser *p, struct text name, struct node *root)
{
	struct definition *d = definition_find(p->t, name);

	if (!d) {
		d = arena_alloc(p->arena, sizeof *d);
		if (!d) {
			fail_full(p);
			return;
		}
		*d = (struct definition){ p->t->definitions, name, root };
		p->t->definitions = d;
	} else if (is_empty(d->root)) {
		d->root = root;
	} else if (!is_empty(root)) {
		scoped(str_fini) struct str quoted = STR_EMPTY;

		go_quote(&quoted, name.s, name.n, GO_QUOTE);
		fail(p, "template: multiple definition of template %s", str_c(&quoted));
	}
}

/* The body of a template of its own: other variables, no range around it. */
static void definition_body(struct parser *p, struct text name, const char *context)
{
	struct scope outer = p->scope;
	struct node *root, *end;

	p->scope = (struct scope){ 0 };
	declare(p, (struct text){ "$", 1 });
	if (enter(p)) {
		root = list(p, &end);
		if (end->kind != NODE_END)
			fail(p, "unexpected %s in %s", end_text(end), context);
		define(p, name, root);
		p->depth--;
	}
	free(p->scope.variables.v);
	p->scope = outer;
}

static struct text template_name(struct parser *p, const struct token *t, const char *context)
{
	if (t->kind == TOKEN_STRING || t->kind == TOKEN_RAW_STRING)
		return unquoted(p, t);
	unexpected(p, t, context);
	return (struct text){ "", 0 };
}

static void definition(struct parser *p)
{
	static const char context[] = "define clause";
	struct token t = next_word(p);
	struct text name = template_name(p, &t, context);

	expect(p, TOKEN_RIGHT, context);
	definition_body(p, name, context);
}

static struct node *block(struct parser *p)
{
	static const char context[] = "block clause";
	struct token t = next_word(p);
	struct node *n = new_node(p, NODE_TEMPLATE, t.at);

	n->invocation.name = template_name(p, &t, context);
	n->invocation.pipe = pipeline(p, context, TOKEN_RIGHT);
	definition_body(p, n->invocation.name, context);
	return n;
}

static struct node *invocation(struct parser *p)
{
	static const char context[] = "template clause";
	struct token t = next_word(p);
	struct node *n = new_node(p, NODE_TEMPLATE, t.at);

	n->invocation.name = template_name(p, &t, context);
	if (next_word(p).kind == TOKEN_RIGHT)
		return n;
	back(p);
	n->invocation.pipe = pipeline(p, context, TOKEN_RIGHT);
	return n;
}

/* What stands between {{ and }}. */
static struct node *action(struct parser *p)
{
	struct token t = next_word(p);
	struct node *n;

	switch (t.kind) {
	case TOKEN_BLOCK:
		return block(p);
	case TOKEN_BREAK:
	case TOKEN_CONTINUE:
		return leave(p, &t);
	case TOKEN_ELSE:
		return else_word(p);
	case TOKEN_END:
		return new_node(p, NODE_END, expect(p, TOKEN_RIGHT, "end").at);
	case TOKEN_IF:
		return control(p, NODE_IF);
	case TOKEN_RANGE:
		return control(p, NODE_RANGE);
	case TOKEN_TEMPLATE:
		return invocation(p);
	case TOKEN_WITH:
		return control(p, NODE_WITH);
	default:
		back(p);
		n = new_node(p, NODE_ACTION, peek(p).at);
		n->control.pipe = pipeline(p, "command", TOKEN_RIGHT);
		return n;
	}
}

static struct node *item(struct parser *p)
{
	struct token t = next_word(p);
	struct node *n;

	if (t.kind == TOKEN_TEXT)
		return literal(p, NODE_TEXT, &t);
	if (t.kind != TOKEN_LEFT) {
		unexpected(p, &t, "input");
		return new_node(p, NODE_END, 0);
	}
	p->scope.action_line = t.line;
	n = action(p);
	p->scope.action_line = 0;
	return n;
}

static void whole(struct parser *p)
{
	struct node *root = new_node(p, NODE_LIST, 0);

	while (p->rc == RC_OK && peek(p).kind != TOKEN_EOF) {
		struct token t = next(p);
		struct node *n;

		if (t.kind == TOKEN_LEFT && next_word(p).kind == TOKEN_DEFINE) {
			definition(p);
			continue;
		}
		if (t.kind == TOKEN_LEFT) {
			p->tokens[1] = t;
			p->n_back = 2;
		} else {
			back(p);
		}
		n = item(p);
		if (n->kind == NODE_END || n->kind == NODE_ELSE)
			fail(p, "unexpected %s", end_text(n));
		add(&root->list, n);
	}
	p->t->root = root;
	define(p, (struct text){ p->t->name, strlen(p->t->name) }, root);
}

enum rc template_parse(const struct template_source *source, struct arena *a, struct template **ret,
	struct str *why)
{
	struct parser p = { .arena = a };
	struct definition *own;

	p.t = arena_alloc(a, sizeof *p.t);
	if (!p.t)
		return RC_LIMIT;
	p.t->name = source->name;
	p.t->text = (struct text){ source->text, source->n };
	scanner_init(&p.scanner, source->text, source->n);
	declare(&p, (struct text){ "$", 1 });
	whole(&p);
	own = definition_find(p.t, (struct text){ p.t->name, strlen(p.t->name) });
	if (own)
		p.t->root = own->root;
	free(p.scope.variables.v);
	scanner_fini(&p.scanner);
	if (p.rc == RC_OK)
		*ret = p.t;
	else
		str_addn(why, str_c(&p.why), p.why.len);
	str_fini(&p.why);
	return p.rc;
}
