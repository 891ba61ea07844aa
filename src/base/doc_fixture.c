/* SPDX-License-Identifier: Apache-2.0 */
#include "base/doc_fixture.h"

#include "base/mem.h"
#include "base/str.h"

#define CHILDREN_MAX 64

struct source {
	struct doc *doc;
	const char *at, *line_start;
	uint32_t line;
};

static void skip_blanks(struct source *s)
{
	for (; *s->at && strchr(" \t\n", *s->at); s->at++)
		if (*s->at == '\n') {
			s->line++;
			s->line_start = s->at + 1;
		}
}

static struct doc_node *new_node(struct source *s, enum doc_kind kind)
{
	struct doc_node *n = arena_alloc(&s->doc->arena, sizeof *n);

	must(n != NULL);
	n->kind = kind;
	n->line = s->line;
	n->column = (uint32_t)(s->at - s->line_start) + 1;
	n->text = "";
	return n;
}

static void set_text(struct source *s, struct doc_node *n, const struct str *text)
{
	n->text = arena_strndup(&s->doc->arena, str_c(text), text->len);
	n->text_len = text->len;
	must(n->text != NULL);
}

static struct doc_node *quoted(struct source *s)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct doc_node *n = new_node(s, DOC_SCALAR);
	char quote = *s->at++;

	for (; *s->at != quote || (quote == '\'' && s->at[1] == '\''); s->at++) {
		must(*s->at != '\0');
		if (quote == '\'' && *s->at == '\'')
			s->at++;
		if (quote == '"' && *s->at == '\\')
			str_addc(&text, *++s->at == 'n' ? '\n' : *s->at == 't' ? '\t' : *s->at);
		else
			str_addc(&text, *s->at);
	}
	s->at++;
	n->is_quoted = true;
	set_text(s, n, &text);
	return n;
}

static bool ends_word(const char *at)
{
	return *at == '\0' || strchr(",[]{}\n", *at) ||
	       (*at == ':' && (at[1] == '\0' || strchr(" \n,[]{}", at[1])));
}

static struct doc_node *bare(struct source *s)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct doc_node *n = new_node(s, DOC_SCALAR);

	while (!ends_word(s->at))
		str_addc(&text, *s->at++);
	while (text.len && text.s[text.len - 1] == ' ')
		text.s[--text.len] = '\0';
	set_text(s, n, &text);
	if (text.len == 0 || str_eq(str_c(&text), "null") || str_eq(str_c(&text), "~"))
		n->kind = DOC_NULL;
	return n;
}

static struct doc_node *value(struct source *s);

static struct doc_node *collection(struct source *s, enum doc_kind kind, char end)
{
	struct doc_node *n = new_node(s, kind);

	n->keys = arena_alloc(&s->doc->arena, CHILDREN_MAX * sizeof(struct doc_node *));
	n->values = arena_alloc(&s->doc->arena, CHILDREN_MAX * sizeof(struct doc_node *));
	must(n->keys && n->values);
	s->at++;
	for (skip_blanks(s); *s->at != end; skip_blanks(s)) {
		must(n->n < CHILDREN_MAX);
		if (kind == DOC_MAPPING) {
			n->keys[n->n] = *s->at == '\'' || *s->at == '"' ? quoted(s) : bare(s);
			skip_blanks(s);
			must(*s->at == ':');
			s->at++;
			skip_blanks(s);
		}
		n->values[n->n++] = value(s);
		skip_blanks(s);
		must(*s->at == ',' || *s->at == end);
		s->at += *s->at == ',';
	}
	s->at++;
	return n;
}

static struct doc_node *value(struct source *s)
{
	switch (*s->at) {
	case '{':
		return collection(s, DOC_MAPPING, '}');
	case '[':
		return collection(s, DOC_SEQUENCE, ']');
	case '"':
	case '\'':
		return quoted(s);
	default:
		return bare(s);
	}
}

struct doc *doc_fixture(const char *text)
{
	struct doc *doc = must_alloc(sizeof *doc);
	struct source s = { doc, text, text, 1 };

	arena_init(&doc->arena, 0);
	doc->file = "test.yml";
	skip_blanks(&s);
	doc->root = value(&s);
	skip_blanks(&s);
	must(*s.at == '\0');
	return doc;
}

void doc_fixture_free(struct doc *d)
{
	if (!d)
		return;
	arena_fini(&d->arena);
	free(d);
}
