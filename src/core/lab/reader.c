/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/reader.h"

#include <stdio.h>

/* Words of other programs for what we call otherwise; offered when nothing is spelt alike. */
static const struct {
	const char *theirs, *ours;
} synonyms[] = {
	{ "interval", "every" },
	{ "period", "every" },
	{ "schedule", "cron" },
	{ "tz", "timezone" },
	{ "zone", "timezone" },
	{ "depends_on", "needs" },
	{ "parents", "needs" },
	{ "retries", "confirm" },
	{ "host", "address" },
	{ "hostname", "address" },
	{ "query", "name" },
	{ "expected_status", "status" },
	{ "valid_status_codes", "status" },
	{ "follow_redirects", "redirects" },
	{ "insecure_skip_verify", "insecure" },
	{ "ca_file", "ca" },
	{ "cert_file", "cert" },
	{ "key_file", "key" },
	{ "bearer_token", "bearer" },
	{ "username", "user" },
};

void reader_init(struct reader *r, struct arena *arena, struct findings *findings,
	const struct lab_source *source)
{
	*r = (struct reader){ .arena = arena, .findings = findings, .source = source };
	r->folder = "";
}

void reader_fini(struct reader *r)
{
	map_fini(&r->patterns);
	free(r->refusals);
}

struct place reader_place(const struct reader *r, const struct doc_node *node)
{
	return (struct place){ r->file, node->line, node->column };
}

void *reader_alloc(struct reader *r, size_t n)
{
	void *p = arena_alloc(r->arena, n);

	if (!p && !r->is_full) {
		r->is_full = true;
		finding_error(r->findings, (struct place){ r->file, 1, 1 },
			"the lab needs more memory than it may have");
	}
	return p;
}

/* "every: " of the value that is being read. */
static const char *subject(const struct reader *r, char buf[NAME_BYTES_MAX + 3])
{
	buf[0] = '\0';
	if (r->at_key)
		snprintf(buf, NAME_BYTES_MAX + 3, "%.*s: ", NAME_BYTES_MAX, r->at_key->text);
	return buf;
}

void reader_error(struct reader *r, const struct doc_node *node, const char *fmt, ...)
{
	char key[NAME_BYTES_MAX + 3], text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	finding_error(r->findings, reader_place(r, node), "%s%s", subject(r, key), text);
}

void reader_expected(struct reader *r, const struct key *key, const struct doc_node *node)
{
	static const char *const kinds[] = {
		[DOC_NULL] = "nothing",
		[DOC_SEQUENCE] = "a list",
		[DOC_MAPPING] = "a mapping",
	};

	if (node->kind == DOC_SCALAR)
		reader_error(r, node, "expected %s, not '%.80s'", key->type->name, node->text);
	else
		reader_error(r, node, "expected %s, not %s", key->type->name, kinds[node->kind]);
}

bool reader_scalar(struct reader *r, const struct key *key, const struct doc_node *node)
{
	if (node->kind == DOC_SCALAR)
		return true;
	reader_expected(r, key, node);
	return false;
}

void reader_refuse(struct reader *r, const struct doc_node *node, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!r->is_foreign || !r->entry) {
		finding_error(r->findings, reader_place(r, node), "%s", text);
		return;
	}
	must_grow(r->refusals, r->n_refusals, r->cap_refusals);
	r->refusals[r->n_refusals++] = (struct refusal){
		r->entry,
		reader_place(r, node),
		arena_strdup(r->arena, text),
	};
}

const char *reader_text(struct reader *r, const struct doc_node *node)
{
	char *copy;

	if (strlen(node->text) != node->text_len) {
		reader_refuse(r, node, "a text with NUL bytes is not supported yet");
		return NULL;
	}
	copy = reader_alloc(r, node->text_len + 1);
	return copy ? memcpy(copy, node->text, node->text_len) : NULL;
}

const char *reader_path(struct reader *r, const struct doc_node *node)
{
	const char *text = reader_text(r, node);
	size_t n = text ? strlen(r->folder) + strlen(text) + 1 : 0;
	char *path;

	if (!text || text[0] == '/')
		return text;
	path = reader_alloc(r, n);
	if (path)
		snprintf(path, n, "%s%s", r->folder, text);
	return path;
}

bool lab_name_is_valid(const char *name)
{
	return name[0] && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name) &&
	       !strchr("._-", name[0]);
}

const struct key *shape_key(const struct shape *shape, const char *name)
{
	for (const struct key *it = shape->keys; it->name; it++)
		if (str_eq(it->name, name))
			return it;
	return NULL;
}

/* "tls of probe 'immich'": what a complaint about a whole mapping is about; `at` is its key. */
static const char *describe(const struct reader *r, const struct shape *shape,
	const struct doc_node *at, char buf[160])
{
	if (r->entry && shape == r->entry_shape)
		snprintf(buf, 160, "%s '%.*s'", shape->name, NAME_BYTES_MAX, r->entry->name);
	else if (r->entry)
		snprintf(buf, 160, "%.32s of %s '%.*s'", at ? at->text : shape->name,
			r->entry_shape->name, NAME_BYTES_MAX, r->entry->name);
	else
		snprintf(buf, 160, "%.*s", NAME_BYTES_MAX, at ? at->text : shape->name);
	return buf;
}

/* "intreval" is near to "interval", by which people mean "every". */
static void offer_synonym(struct nearest *best, const struct shape *shape, const char *written)
{
	for (size_t i = 0; i < COUNT(synonyms); i++) {
		struct nearest before = *best;

		if (!shape_key(shape, synonyms[i].ours))
			continue;
		nearest_offer(best, written, synonyms[i].theirs);
		if (best->word != before.word)
			best->word = synonyms[i].ours;
	}
}

static void unknown_key(struct reader *r, const struct shape *shape, const struct doc_node *at,
	const struct doc_node *key)
{
	struct nearest best = { 0 };
	char hint[NAME_BYTES_MAX + 32], where[160];

	for (const struct key *it = shape->keys; it->name; it++)
		nearest_offer(&best, key->text, it->name);
	if (!best.word)
		offer_synonym(&best, shape, key->text);
	finding_error(r->findings, reader_place(r, key), "unknown key '%.*s' in %s%s",
		NAME_BYTES_MAX, key->text, describe(r, shape, at, where),
		nearest_text(&best, hint));
}

/* Nothing where names are listed is a list of none; nothing where a value is meant is a mistake. */
static bool is_absent(const struct reader *r, const struct key *key, const struct doc_node *node)
{
	const struct type *type = key->type;

	if (!node || node->kind != DOC_NULL)
		return !node;
	return r->is_foreign || type->many == MAP || (type->shape && type->shape->rest);
}

static void read_default(struct reader *r, const struct key *key, const struct doc_node *node,
	char *to)
{
	const struct doc_node otherwise = {
		.kind = DOC_SCALAR,
		.line = node->line,
		.column = node->column,
		.text = key->otherwise,
		.text_len = strlen(key->otherwise),
	};

	key->type->read(r, key, &otherwise, to + key->at);
}

/* An embedded shape that isn't there has its defaults all the same. */
static void read_defaults(struct reader *r, const struct shape *shape, const struct doc_node *node,
	char *to)
{
	for (const struct key *key = shape->keys; key->name; key++) {
		if (key->presence == KEY_DEFAULT)
			read_default(r, key, node, to);
		else if (key->type->is_embedded)
			read_defaults(r, key->type->shape, node, to + key->at);
	}
}

/* The key isn't there: what stands for it, and a complaint if it must be. */
static void fill_in(struct reader *r, const struct shape *shape, const struct key *key,
	const struct doc_node *node, char *to)
{
	char where[160];

	if (key->presence == KEY_REQUIRED)
		finding_error(r->findings, reader_place(r, node), "%s lacks '%s'",
			describe(r, shape, r->at_key, where), key->name);
	else if (key->presence == KEY_DEFAULT)
		read_default(r, key, node, to);
	else if (key->type->is_embedded)
		read_defaults(r, key->type->shape, node, to + key->at);
}

/* "http, tcp or dns" */
static void list_words(const char *const *words, struct str *out)
{
	for (size_t i = 0; words[i]; i++) {
		if (i > 0)
			str_add(out, words[i + 1] ? ", " : " or ");
		str_addf(out, "'%s'", words[i]);
	}
}

static void check_one_of(struct reader *r, const struct shape *shape, const struct doc_node *node)
{
	scoped(str_fini) struct str words = STR_EMPTY;
	char where[160];
	unsigned n = 0;

	for (const char *const *it = shape->one_of; *it; it++)
		n += doc_get(node, *it) != NULL;
	if (n == 1)
		return;
	list_words(shape->one_of, &words);
	finding_error(r->findings, reader_place(r, node), "%s %s %s",
		describe(r, shape, r->at_key, where), n ? "wants only one of" : "lacks one of",
		str_c(&words));
}

static void read_rest(struct reader *r, const struct shape *shape, const struct doc_node *node,
	void *to);

static void read_keys(struct reader *r, const struct shape *shape, const struct doc_node *node,
	char *to)
{
	const struct doc_node *outer = r->at_key;

	for (uint32_t i = 0; i < node->n; i++) {
		const struct key *key = shape_key(shape, node->keys[i]->text);

		r->at_key = node->keys[i];
		if (!key && !shape->rest)
			unknown_key(r, shape, outer, node->keys[i]);
		else if (key && !is_absent(r, key, node->values[i]))
			key->type->read(r, key, node->values[i], to + key->at);
	}
	r->at_key = outer;
	for (const struct key *key = shape->keys; key->name; key++)
		if (is_absent(r, key, doc_get(node, key->name)))
			fill_in(r, shape, key, node, to);
	if (shape->one_of)
		check_one_of(r, shape, node);
	if (shape->rest)
		read_rest(r, shape, node, to + shape->rest_at);
}

/* Something other than a mapping stands for the key that people mean: "icmp: 10.1.0.1". */
static void read_brief(struct reader *r, const struct shape *shape, const struct doc_node *node,
	void *to)
{
	struct doc_node key = { .kind = DOC_SCALAR, .line = node->line, .column = node->column };
	struct doc_node *keys[] = { &key };
	struct doc_node value = *node;
	struct doc_node *values[] = { &value };
	struct doc_node wrapped = { .kind = DOC_MAPPING,
		.line = node->line,
		.column = node->column };

	key.text = shape->brief;
	key.text_len = strlen(shape->brief);
	wrapped.n = 1;
	wrapped.keys = keys;
	wrapped.values = values;
	read_keys(r, shape, &wrapped, to);
}

void read_shape(struct reader *r, const struct key *key, const struct doc_node *node, void *to)
{
	const struct shape *shape = key->type->shape;
	void *inner = key->type->is_embedded ? to : reader_alloc(r, shape->size_bytes);

	if (!inner)
		return;
	if (node->kind == DOC_MAPPING)
		read_keys(r, shape, node, inner);
	else if (shape->brief && node->kind != DOC_NULL)
		read_brief(r, shape, node, inner);
	else
		reader_expected(r, key, node);
	if (!key->type->is_embedded)
		*(void **)to = inner;
}

void read_shapes(struct reader *r, const struct key *key, const struct doc_node *node, void *to)
{
	const struct shape *shape = key->type->shape;
	struct list *list = to;
	char *items;

	if (node->kind != DOC_SEQUENCE) {
		reader_expected(r, key, node);
		return;
	}
	items = reader_alloc(r, node->n * shape->size_bytes);
	for (uint32_t i = 0; items && i < node->n; i++) {
		if (node->values[i]->kind == DOC_MAPPING)
			read_keys(r, shape, node->values[i], items + i * shape->size_bytes);
		else
			reader_error(r, node->values[i], "each item must be a mapping");
	}
	*list = (struct list){ items, items ? node->n : 0 };
}

static bool is_entry_named_well(struct reader *r, const struct type *type,
	const struct doc_node *key)
{
	const char *what = type->shape->name;
	size_t longest = type->high ? (size_t)type->high : NAME_BYTES_MAX;

	if (r->is_foreign)
		return true;
	if (key->text_len > longest) {
		finding_error(r->findings, reader_place(r, key),
			"a %s's name may have %zu bytes at most", what, longest);
		return false;
	}
	if (!lab_name_is_valid(key->text)) {
		finding_error(r->findings, reader_place(r, key),
			"'%s' can't name a %s: a-z, 0-9, '.', '_' and '-' only, a letter or digit "
			"first",
			key->text, what);
		return false;
	}
	return true;
}

static void read_entry(struct reader *r, const struct type *type, const struct doc_node *key,
	const struct doc_node *value, struct entry *to)
{
	const struct key as_key = { .name = type->shape->name, .type = type };
	const struct doc_node *at_key = r->at_key;
	bool is_outermost = !r->entry;

	to->name = reader_text(r, key);
	to->file = r->file;
	to->key = key;
	to->node = value;
	if (!to->name)
		return;
	if (is_outermost) {
		r->entry = to;
		r->entry_shape = type->shape;
	}
	r->at_key = key;
	if (value->kind == DOC_MAPPING)
		read_keys(r, type->shape, value, (char *)to);
	else if (type->shape->brief && value->kind != DOC_NULL)
		read_brief(r, type->shape, value, to);
	else
		reader_expected(r, &as_key, value);
	r->at_key = at_key;
	if (is_outermost)
		r->entry = NULL;
}

/* The pairs of the mapping that aren't keys of `shape` itself. */
static void read_rest(struct reader *r, const struct shape *shape, const struct doc_node *node,
	void *to)
{
	const struct type *type = shape->rest;
	size_t size = type->shape->size_bytes;
	char *items = reader_alloc(r, node->n * size);
	struct list *list = to;
	uint32_t n = 0;

	for (uint32_t i = 0; items && i < node->n; i++) {
		if (shape_key(shape, node->keys[i]->text))
			continue;
		if (is_entry_named_well(r, type, node->keys[i]))
			read_entry(r, type, node->keys[i], node->values[i],
				(struct entry *)(items + n++ * size));
	}
	*list = (struct list){ items, n };
}

void read_entries(struct reader *r, const struct key *key, const struct doc_node *node, void *to)
{
	static const struct key none[] = { { 0 } };
	const struct type of_entry = {
		.name = "a mapping",
		.shape = key->type->shape,
		.high = key->type->high,
	};
	const struct shape all = { .name = key->name, .keys = none, .rest = &of_entry };

	if (node->kind == DOC_MAPPING)
		read_rest(r, &all, node, to);
	else
		reader_expected(r, key, node);
}

void reader_read(struct reader *r, const struct shape *shape, const struct doc *doc, void *to)
{
	r->file = doc->file;
	r->at_key = NULL;
	if (doc->root->kind == DOC_MAPPING)
		read_keys(r, shape, doc->root, to);
	else if (doc->root->kind == DOC_NULL)
		finding_error(r->findings, (struct place){ doc->file, 1, 1 }, "the file is empty");
	else
		reader_error(r, doc->root, "expected a mapping of keys at the top");
}
