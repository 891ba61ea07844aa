/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is built from libyaml's events, within the document's budget, where anchors, aliases and
 * merge keys are still to be seen.
 *
 * libfyaml 0.7 was tried first: its errors are as good, but hostile text makes it write through bad
 * pointers (fuzzing found that within minutes), and its documents take 600 bytes a node.
 */
#include "port/yaml/yaml.h"

#include "base/map.h"

#include <stdio.h>
#include <yaml.h>

#define DOC_BYTES_MAX ((size_t)96 * 1024 * 1024)

/* A node that is still open: its children so far. */
struct frame {
	struct doc_node *node;
	uint32_t weight; /* values in it, aliases counted as what they stand for */
	const char *anchor;
	struct doc_node *key; /* mappings: waiting for its value */
	struct doc_node **keys, **values;
	uint32_t n, cap_keys, cap_values;
};

struct anchored {
	struct doc_node *node;
	uint32_t weight;
};

struct builder {
	struct doc *doc;
	struct findings *findings;
	struct frame frames[YAML_DEPTH_MAX];
	uint32_t depth;
	struct map anchors;    /* name -> struct anchored */
	uint32_t line, column; /* of what was read last, for what has no place of its own */
	bool is_full;          /* a bound was hit, and said: nothing more is built */
	bool is_broken;        /* the text is no YAML, and that was said */
	uint32_t n_documents;
};

static struct place here(const struct builder *b)
{
	return (struct place){ b->doc->file, b->line, b->column };
}

static struct place place_of(const struct builder *b, const struct doc_node *node)
{
	return (struct place){ b->doc->file, node->line, node->column };
}

static void overflow(struct builder *b, const char *what)
{
	if (!b->is_full)
		finding_error(b->findings, here(b), "%s", what);
	b->is_full = true;
}

static void *allocate(struct builder *b, size_t n)
{
	void *p = arena_alloc(&b->doc->arena, n);

	if (!p)
		overflow(b, "the file holds more than can be read");
	return p;
}

static void move_to(struct builder *b, yaml_mark_t mark)
{
	b->line = (uint32_t)mark.line + 1;
	b->column = (uint32_t)mark.column + 1;
}

static struct doc_node *new_node(struct builder *b, enum doc_kind kind)
{
	struct doc_node *node = allocate(b, sizeof *node);

	if (!node)
		return NULL;
	node->kind = kind;
	node->line = b->line;
	node->column = b->column;
	return node;
}

static bool is_null_text(const char *s, size_t n)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
			return true;
	return false;
}

/* The part of a tag that says what it is: "binary" of "tag:yaml.org,2002:binary". */
static const char *tag_name(const yaml_char_t *tag)
{
	static const char prefix[] = "tag:yaml.org,2002:";
	const char *text = (const char *)tag;

	return str_starts(text, prefix) ? text + sizeof prefix - 1 : text;
}

static void decode_binary(struct builder *b, struct doc_node *node)
{
	char *bytes = allocate(b, node->text_len + 1);
	char *packed = allocate(b, node->text_len + 1);
	size_t n = 0;
	long decoded;

	if (!bytes || !packed)
		return;
	for (size_t i = 0; i < node->text_len; i++)
		if (!strchr(" \t\r\n", node->text[i]))
			packed[n++] = node->text[i];
	decoded = base64_decode(packed, bytes, node->text_len + 1);
	if (decoded < 0) {
		finding_error(b->findings, place_of(b, node), "!!binary is not base64");
		return;
	}
	node->text = bytes;
	node->text_len = (size_t)decoded;
	node->is_quoted = true;
}

/* Tags say no more than the schema does, except these. */
static void apply_tag(struct builder *b, struct doc_node *node, const yaml_char_t *tag)
{
	static const char *const core[] = { "int", "float", "bool", "null", "map", "seq" };
	const char *name = tag ? tag_name(tag) : "!";

	if (str_eq(name, "!"))
		return;
	if (str_eq(name, "str") && node->kind == DOC_SCALAR) {
		node->is_quoted = true;
		return;
	}
	if (str_eq(name, "binary") && node->kind == DOC_SCALAR) {
		decode_binary(b, node);
		return;
	}
	for (size_t i = 0; i < COUNT(core); i++)
		if (str_eq(name, core[i]))
			return;
	finding_error(b->findings, place_of(b, node), "tag '%.64s' is not understood here", name);
}

static struct doc_node *scalar(struct builder *b, const yaml_event_t *ev)
{
	struct doc_node *node = new_node(b, DOC_SCALAR);
	size_t n = ev->data.scalar.length;
	char *copy = allocate(b, n + 1);

	if (!node || !copy)
		return NULL;
	memcpy(copy, ev->data.scalar.value, n);
	node->text = copy;
	node->text_len = n;
	node->is_quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!node->is_quoted && is_null_text(copy, n))
		node->kind = DOC_NULL;
	return node;
}

static void anchor(struct builder *b, const char *name, struct doc_node *node, uint32_t weight)
{
	struct anchored *it = name ? allocate(b, sizeof *it) : NULL;

	if (!it)
		return;
	*it = (struct anchored){ node, weight };
	map_put(&b->anchors, name, it);
}

/* A key that nobody can look up would be ignored in silence. */
static bool is_usable_key(struct builder *b, struct doc_node *key)
{
	if (key->kind == DOC_NULL) /* "null: x" and "~: x" are text enough; ": x" is not */
		key->kind = DOC_SCALAR;
	if (key->kind != DOC_SCALAR || key->text_len == 0)
		finding_error(b->findings, place_of(b, key), "a key must be plain text");
	else if (strlen(key->text) != key->text_len)
		finding_error(b->findings, place_of(b, key), "a key must not hold a NUL byte");
	else
		return true;
	return false;
}

static void add_pair(struct frame *f, struct doc_node *key, struct doc_node *value)
{
	uint32_t n = f->n;

	must_grow(f->keys, n, f->cap_keys);
	must_grow(f->values, n, f->cap_values);
	f->keys[f->n] = key;
	f->values[f->n++] = value;
}

/* A finished value takes its place in the container that is open, or is the root. */
static void place_value(struct builder *b, struct doc_node *node, uint32_t weight)
{
	struct frame *f = b->depth ? &b->frames[b->depth - 1] : NULL;

	if (!node)
		return;
	if (!f) {
		b->doc->root = node;
		return;
	}
	f->weight += weight;
	if (f->weight > YAML_NODES_MAX) {
		overflow(b, "the file holds more values than can be read (aliases count as what "
			    "they stand for)");
		return;
	}
	if (f->node->kind == DOC_SEQUENCE) {
		must_grow(f->values, f->n, f->cap_values);
		f->values[f->n++] = node;
		return;
	}
	if (!f->key) {
		f->key = node;
		return;
	}
	if (is_usable_key(b, f->key))
		add_pair(f, f->key, node);
	f->key = NULL;
}

static void open_container(struct builder *b, enum doc_kind kind, const yaml_char_t *tag,
	const yaml_char_t *name)
{
	struct doc_node *node;

	if (b->depth == YAML_DEPTH_MAX) {
		overflow(b, "nested too deeply");
		return;
	}
	node = new_node(b, kind);
	if (!node)
		return;
	apply_tag(b, node, tag);
	b->frames[b->depth++] = (struct frame){
		.node = node,
		.weight = 1,
		.anchor = name ? arena_strdup(&b->doc->arena, (const char *)name) : NULL,
	};
}

/* "<<": what `from` has and the mapping itself has not. */
static void merge_one(struct builder *b, struct frame *f, struct map *seen,
	const struct doc_node *from)
{
	if (from->kind != DOC_MAPPING) {
		finding_error(b->findings, place_of(b, from),
			"'<<' wants a mapping or a list of them");
		return;
	}
	for (uint32_t i = 0; i < from->n; i++) {
		if (map_has(seen, from->keys[i]->text))
			continue;
		map_put(seen, from->keys[i]->text, from->keys[i]);
		add_pair(f, from->keys[i], from->values[i]);
	}
}

static void merge(struct builder *b, struct frame *f, struct map *seen, const struct doc_node *from)
{
	if (from->kind != DOC_SEQUENCE) {
		merge_one(b, f, seen, from);
		return;
	}
	for (uint32_t i = 0; i < from->n; i++)
		merge_one(b, f, seen, from->values[i]);
}

static bool is_merge_key(const struct doc_node *key)
{
	return !key->is_quoted && str_eq(key->text, "<<");
}

/* Each key once, and the merge key replaced by what it brings. */
static void settle_mapping(struct builder *b, struct frame *f)
{
	scoped(map_fini) struct map seen = MAP_EMPTY;
	const struct doc_node *merged = NULL;
	uint32_t n = f->n;

	f->n = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct doc_node *key = f->keys[i];
		const struct doc_node *first = map_put(&seen, key->text, key);

		if (first)
			finding_error(b->findings, place_of(b, key),
				"duplicate key '%.64s' (it stands in line %u already)", key->text,
				first->line);
		else if (is_merge_key(key))
			merged = f->values[i];
		else
			add_pair(f, key, f->values[i]);
	}
	if (merged)
		merge(b, f, &seen, merged);
}

static struct doc_node **keep(struct builder *b, struct doc_node **items, uint32_t n)
{
	struct doc_node **kept = allocate(b, n * sizeof(struct doc_node *));

	return kept && n ? memcpy(kept, items, n * sizeof(struct doc_node *)) : kept;
}

static void close_container(struct builder *b)
{
	struct frame *f = &b->frames[b->depth - 1];
	struct doc_node *node = f->node;

	if (node->kind == DOC_MAPPING) {
		settle_mapping(b, f);
		node->keys = keep(b, f->keys, f->n);
	}
	node->values = keep(b, f->values, f->n);
	node->n = node->values ? f->n : 0;
	anchor(b, f->anchor, node, f->weight);
	free(f->keys);
	free(f->values);
	b->depth--;
	place_value(b, node, f->weight);
}

static void take_scalar(struct builder *b, const yaml_event_t *ev)
{
	struct doc_node *node = scalar(b, ev);

	if (!node)
		return;
	apply_tag(b, node, ev->data.scalar.tag);
	anchor(b, (const char *)ev->data.scalar.anchor, node, 1);
	place_value(b, node, 1);
}

static bool is_key_next(const struct builder *b)
{
	const struct frame *f = b->depth ? &b->frames[b->depth - 1] : NULL;

	return f && f->node->kind == DOC_MAPPING && !f->key;
}

static void take_alias(struct builder *b, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	const struct anchored *it = map_get(&b->anchors, name);
	struct doc_node *node;

	if (it && !is_key_next(b)) {
		place_value(b, it->node, it->weight);
		return;
	}
	finding_error(b->findings, here(b),
		it ? "alias '*%.64s' can't be a key"
		   : "alias '*%.64s' stands for nothing before it",
		name);
	node = new_node(b, DOC_SCALAR);
	if (node) {
		node->text = arena_strdup(&b->doc->arena, name);
		node->text_len = node->text ? strlen(node->text) : 0;
	}
	place_value(b, node && node->text ? node : NULL, 1);
}

static void take(struct builder *b, const yaml_event_t *ev)
{
	move_to(b, ev->start_mark);
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++b->n_documents == 2)
			overflow(b, "only one document is expected in a file");
		break;
	case YAML_SCALAR_EVENT:
		take_scalar(b, ev);
		break;
	case YAML_ALIAS_EVENT:
		take_alias(b, ev);
		break;
	case YAML_MAPPING_START_EVENT:
		open_container(b, DOC_MAPPING, ev->data.mapping_start.tag,
			ev->data.mapping_start.anchor);
		break;
	case YAML_SEQUENCE_START_EVENT:
		open_container(b, DOC_SEQUENCE, ev->data.sequence_start.tag,
			ev->data.sequence_start.anchor);
		break;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		close_container(b);
		break;
	default:
		break;
	}
}

static void drop_frames(struct builder *b)
{
	while (b->depth) {
		struct frame *f = &b->frames[--b->depth];

		free(f->keys);
		free(f->values);
	}
}

SCOPED_FINI(yaml_parser_delete, yaml_parser_t)
SCOPED_FINI(yaml_event_delete, yaml_event_t)

/* The byte at a mark; columns count characters. */
static char byte_at(const char *text, size_t n, yaml_mark_t mark)
{
	const char *end = text + n, *c = text;

	for (size_t line = 0; c && line < mark.line; line++) {
		c = memchr(c, '\n', (size_t)(end - c));
		c = c ? c + 1 : NULL;
	}
	for (size_t column = 0; c && c < end && column < mark.column; column++)
		do
			c++;
		while (c < end && (*c & 0xc0) == 0x80);
	return c && c < end ? *c : '\0';
}

/* libyaml's words, but for what people run into most. */
static const char *problem_text(const yaml_parser_t *parser, char found)
{
	if (parser->problem && strstr(parser->problem, "cannot start any token")) {
		if (found == '\t')
			return "a tab can't stand here: indent with spaces";
		if (found == '@' || found == '`')
			return "a text that begins with '@' or '`' needs quotes";
		if (found == '%')
			return "a text that begins with '%' needs quotes";
	}
	return parser->problem ? parser->problem : "this is not YAML";
}

/* "did not find expected ',' or '}' (while parsing a flow mapping that begins in line 7)" */
static void report_syntax(struct builder *b, const yaml_parser_t *parser, const char *text,
	size_t n)
{
	const char *problem = problem_text(parser, byte_at(text, n, parser->problem_mark));

	move_to(b, parser->problem_mark);
	if (parser->context && parser->context_mark.line != parser->problem_mark.line)
		finding_error(b->findings, here(b), "%s (%s that begins in line %zu)", problem,
			parser->context, parser->context_mark.line + 1);
	else
		finding_error(b->findings, here(b), "%s", problem);
	b->is_broken = true;
}

static void build(struct builder *b, const char *text, size_t n)
{
	scoped(yaml_parser_delete) yaml_parser_t parser;
	bool is_over = false;
	size_t mark = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	/* A byte order mark may begin a stream (YAML 1.2, 5.2); libyaml looks for it only when it
	 * chooses the encoding. */
	text += mark;
	n -= mark;

	must(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	while (!is_over && !b->is_full) {
		scoped(yaml_event_delete) yaml_event_t ev;

		if (!yaml_parser_parse(&parser, &ev)) {
			report_syntax(b, &parser, text, n);
			return;
		}
		is_over = ev.type == YAML_STREAM_END_EVENT;
		take(b, &ev);
	}
}

/* The scanner takes whatever comes; what isn't text is better refused with its line before. */
static bool is_text(struct builder *b, const char *text, size_t n)
{
	const char *line = text;

	if (utf8_valid(text, n))
		return true;
	for (;;) {
		const char *end = memchr(line, '\n', n - (size_t)(line - text));

		b->line++;
		if (!end || !utf8_valid(line, (size_t)(end - line)))
			break;
		line = end + 1;
	}
	finding_error(b->findings, here(b), "this line is not UTF-8 text");
	b->is_broken = true;
	return false;
}

void doc_fini(struct doc *d)
{
	arena_fini(&d->arena);
	d->root = NULL;
	d->file = NULL;
}

enum rc yaml_parse(struct doc *ret, const char *file, const struct str *text,
	struct findings *findings, struct err *e)
{
	scoped(doc_fini) struct doc doc = { 0 };
	struct builder b = { .doc = &doc, .findings = findings, .column = 1 };

	arena_init(&doc.arena, DOC_BYTES_MAX);
	doc.file = arena_strdup(&doc.arena, file);
	doc.hash = sha256_of(str_c(text), text->len);
	if (is_text(&b, str_c(text), text->len)) {
		b.line = 1;
		build(&b, str_c(text), text->len);
	}
	drop_frames(&b);
	map_fini(&b.anchors);
	if (b.is_full && b.n_documents < 2)
		return err_set(e, RC_LIMIT, "%s holds more than can be read", file);
	if (b.is_full || b.is_broken)
		return err_set(e, RC_INPUT, "%s is not well-formed", file);
	if (!doc.root)
		doc.root = new_node(&b, DOC_NULL);
	*ret = doc;
	doc = (struct doc){ 0 };
	return RC_OK;
}
