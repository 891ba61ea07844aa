/* SPDX-License-Identifier: Apache-2.0 */
#include "base/doc_reader.h"

#include "base/nearest.h"
#include "base/str.h"
#include "base/time.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#define QUOTED_BYTES_MAX 80 /* of what was written, in a complaint */

static struct place place_of(const struct doc_reader *r, const struct doc_node *node)
{
	return (struct place){ r->file, node->line, node->column };
}

void doc_error(struct doc_reader *r, const struct doc_node *node, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	finding_error(r->findings, place_of(r, node), "%s%s", text, r->within ? r->within : "");
}

void doc_warning(struct doc_reader *r, const struct doc_node *node, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	finding_warning(r->findings, place_of(r, node), "%s%s", text, r->within ? r->within : "");
}

void doc_expected(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	const char *what)
{
	static const char *const kinds[] = {
		[DOC_NULL] = "nothing",
		[DOC_SEQUENCE] = "a list",
		[DOC_MAPPING] = "a mapping",
	};

	if (node->kind == DOC_SCALAR)
		doc_error(r, node, "%s: expected %s, not '%.*s'", key->name, what,
			(int)utf8_most(node->text, QUOTED_BYTES_MAX), node->text);
	else
		doc_error(r, node, "%s: expected %s, not %s", key->name, what, kinds[node->kind]);
}

const struct doc_node *doc_at(const struct doc_node *mapping, const char *key)
{
	const struct doc_node *found = doc_get(mapping, key);

	return found ? found : mapping;
}

void *doc_alloc(struct doc_reader *r, size_t n)
{
	void *p = arena_alloc(r->arena, n ? n : 1);

	if (!p && !r->is_full) {
		r->is_full = true;
		finding_error(r->findings, (struct place){ r->file, 1, 1 },
			"this takes more memory than it may: %zu bytes", r->arena->budget_bytes);
	}
	return p;
}

static bool is_scalar(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	const char *what)
{
	if (node->kind == DOC_SCALAR)
		return true;
	doc_expected(r, key, node, what);
	return false;
}

const char *doc_copy(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node)
{
	char *copy;

	if (!is_scalar(r, key, node, "a text"))
		return NULL;
	if (memchr(node->text, '\0', node->text_len)) {
		doc_error(r, node, "%s: a text with NUL bytes", key->name);
		return NULL;
	}
	copy = doc_alloc(r, node->text_len + 1);
	if (copy)
		memcpy(copy, node->text, node->text_len);
	return copy;
}

/* Mappings. */

static const struct doc_key *key_called(const struct doc_shape *shape, const struct doc_node *name)
{
	for (const struct doc_key *it = shape->keys; it->name; it++)
		if (strlen(it->name) == name->text_len &&
			memcmp(it->name, name->text, name->text_len) == 0)
			return it;
	return NULL;
}

static void unknown_key(struct doc_reader *r, const struct doc_shape *shape,
	const struct doc_node *key)
{
	struct nearest best = { 0 };
	char hint[NEAREST_TEXT_MAX];

	for (const struct doc_key *it = shape->keys; it->name; it++)
		nearest_offer(&best, key->text, it->name);
	doc_error(r, key, "unknown key '%.*s' in %s%s", (int)utf8_most(key->text, QUOTED_BYTES_MAX),
		key->text, shape->name, nearest_text(&best, hint));
}

void doc_read(struct doc_reader *r, const struct doc_shape *shape, const struct doc_node *node,
	void *to)
{
	if (shape->init)
		shape->init(r, to);
	if (node->kind != DOC_MAPPING && node->kind != DOC_NULL) {
		doc_error(r, node, "%s: expected a mapping of keys", shape->name);
		return;
	}
	for (uint32_t i = 0; node->kind == DOC_MAPPING && i < node->n; i++) {
		const struct doc_key *key = key_called(shape, node->keys[i]);

		r->at_key = node->keys[i];
		if (!key)
			unknown_key(r, shape, node->keys[i]);
		else if (node->values[i]->kind != DOC_NULL)
			key->take(r, key, node->values[i], (char *)to + key->at);
	}
	if (shape->check)
		shape->check(r, node, to);
}

void doc_mapping(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	if (node->kind == DOC_MAPPING)
		doc_read(r, key->shape, node, to);
	else
		doc_expected(r, key, node, "a mapping");
}

void doc_pointer(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	void *inner;

	if (node->kind != DOC_MAPPING) {
		doc_expected(r, key, node, "a mapping");
		return;
	}
	inner = doc_alloc(r, key->shape->size_bytes);
	if (!inner)
		return;
	doc_read(r, key->shape, node, inner);
	*(void **)to = inner;
}

void doc_list(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	size_t size = key->shape->size_bytes;
	char *items;

	if (node->kind != DOC_SEQUENCE) {
		doc_expected(r, key, node, "a list");
		return;
	}
	items = doc_alloc(r, node->n * size);
	for (uint32_t i = 0; items && i < node->n; i++) {
		if (node->values[i]->kind == DOC_MAPPING)
			doc_read(r, key->shape, node->values[i], items + i * size);
		else
			doc_error(r, node->values[i], "%s: each item must be a mapping", key->name);
	}
	doc_list_put(to, items, items ? node->n : 0);
}

/* Values. */

void doc_text(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const char *text = doc_copy(r, key, node);

	if (text)
		*(const char **)to = text;
}

static const char *path_of(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node)
{
	const char *text = doc_copy(r, key, node);
	char *path;

	if (!text || text[0] == '/' || text[0] == '\0' || !r->folder || !r->folder[0])
		return text;
	path = doc_alloc(r, strlen(r->folder) + strlen(text) + 1);
	if (path)
		sprintf(path, "%s%s", r->folder, text);
	return path;
}

void doc_path(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const char *path = path_of(r, key, node);

	if (path)
		*(const char **)to = path;
}

/* YAML 1.1's words, since that is what Prometheus reads. */
static int flag_of(const struct doc_node *node)
{
	static const struct {
		const char *text;
		bool is_on;
	} words[] = {
		{ "true", true },
		{ "True", true },
		{ "TRUE", true },
		{ "yes", true },
		{ "Yes", true },
		{ "YES", true },
		{ "on", true },
		{ "On", true },
		{ "ON", true },
		{ "y", true },
		{ "Y", true },
		{ "false", false },
		{ "False", false },
		{ "FALSE", false },
		{ "no", false },
		{ "No", false },
		{ "NO", false },
		{ "off", false },
		{ "Off", false },
		{ "OFF", false },
		{ "n", false },
		{ "N", false },
	};

	for (size_t i = 0; node->kind == DOC_SCALAR && i < COUNT(words); i++)
		if (!node->is_quoted && str_eq(words[i].text, node->text))
			return words[i].is_on;
	return -1;
}

void doc_flag(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	int flag = flag_of(node);

	if (flag < 0)
		doc_expected(r, key, node, "true or false");
	else
		*(bool *)to = flag;
}

void doc_flag_set(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	bool flag = false;

	if (flag_of(node) >= 0)
		*(int8_t *)to = (int8_t)flag_of(node);
	else
		doc_flag(r, key, node, &flag);
}

void doc_duration(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	static const char what[] = "a duration such as 15s or 1h30m";
	int64_t ms;

	if (!is_scalar(r, key, node, what))
		return;
	if (duration_parse(node->text, &ms, NULL) == RC_OK)
		*(int64_t *)to = ms;
	else
		doc_expected(r, key, node, what);
}

/* Digits, with an optional plus before them; false also when it is too large. */
static bool parse_count(const char *text, uint64_t *ret)
{
	char *end;

	text += *text == '+';
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0;
}

void doc_count(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	static const char what[] = "a number from 0";
	uint64_t count;

	if (!is_scalar(r, key, node, what))
		return;
	if (!node->is_quoted && parse_count(node->text, &count))
		*(uint64_t *)to = count;
	else
		doc_expected(r, key, node, what);
}

/* One "10MB" of "1GB512MB": all units are of 1024. */
static bool take_size(const char **text, double *sum)
{
	static const struct {
		const char *unit;
		unsigned shift;
	} units[] = {
		{ "KiB", 10 },
		{ "MiB", 20 },
		{ "GiB", 30 },
		{ "TiB", 40 },
		{ "PiB", 50 },
		{ "EiB", 60 },
		{ "KB", 10 },
		{ "MB", 20 },
		{ "GB", 30 },
		{ "TB", 40 },
		{ "PB", 50 },
		{ "EB", 60 },
		{ "B", 0 },
	};
	char *end;
	double number;

	if ((**text < '0' || **text > '9') && **text != '.')
		return false;
	number = strtod(*text, &end);
	for (size_t i = 0; end > *text && i < COUNT(units); i++) {
		if (!str_starts(end, units[i].unit))
			continue;
		*sum += ldexp(number, (int)units[i].shift);
		*text = end + strlen(units[i].unit);
		return true;
	}
	return false;
}

static bool parse_size(const char *text, uint64_t *ret)
{
	double sum = 0;

	if (str_eq(text, "0")) {
		*ret = 0;
		return true;
	}
	if (!*text || strpbrk(text, "xXpPnN") == text + 1)
		return false;
	while (*text)
		if (!take_size(&text, &sum))
			return false;
	if (!(sum < ldexp(1, 63)))
		return false;
	*ret = (uint64_t)sum;
	return true;
}

void doc_size(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	static const char what[] = "a size such as 512KB or 10MB";
	uint64_t size;

	if (!is_scalar(r, key, node, what))
		return;
	if (parse_size(node->text, &size))
		*(uint64_t *)to = size;
	else
		doc_expected(r, key, node, what);
}

void doc_number(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	static const char what[] = "a number";
	char *end;
	double number;

	if (!is_scalar(r, key, node, what))
		return;
	number = strtod(node->text, &end);
	if (node->text_len && *end == '\0' && isfinite(number) && !node->is_quoted)
		*(double *)to = number;
	else
		doc_expected(r, key, node, what);
}

void doc_choose(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	struct nearest best = { 0 };
	char hint[NEAREST_TEXT_MAX], words[256] = "";
	size_t at = 0;

	if (!is_scalar(r, key, node, "a word"))
		return;
	for (const struct doc_choice *it = key->choices; it->text; it++) {
		if (str_eq(it->text, node->text)) {
			*(int *)to = it->value;
			return;
		}
		nearest_offer(&best, node->text, it->text);
		if (at < sizeof words)
			at += (size_t)snprintf(words + at, sizeof words - at, "%s%s",
				at ? ", " : "", it->text);
	}
	doc_error(r, node, "%s: '%.*s' is none of %s%s", key->name,
		(int)utf8_most(node->text, QUOTED_BYTES_MAX), node->text, words,
		nearest_text(&best, hint));
}

void doc_text_list(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	struct doc_texts texts = { 0 };

	if (node->kind != DOC_SEQUENCE) {
		doc_expected(r, key, node, "a list");
		return;
	}
	texts.v = doc_alloc(r, node->n * sizeof *texts.v);
	for (uint32_t i = 0; texts.v && i < node->n; i++) {
		const char *text = doc_copy(r, key, node->values[i]);

		if (text)
			texts.v[texts.n++] = text;
	}
	*(struct doc_texts *)to = texts;
}

void doc_labels(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	struct label *v;
	struct err e = { 0 };

	if (node->kind != DOC_MAPPING) {
		doc_expected(r, key, node, "a mapping of labels");
		return;
	}
	v = doc_alloc(r, node->n * sizeof *v);
	for (uint32_t i = 0; v && i < node->n; i++) {
		const char *name = doc_copy(r, key, node->keys[i]);
		const char *value =
			node->values[i]->kind == DOC_NULL ? "" : doc_copy(r, key, node->values[i]);

		if (!name || !value)
			return;
		if (!name[0] || !utf8_valid(name, strlen(name)) ||
			!utf8_valid(value, strlen(value))) {
			doc_error(r, node->keys[i], "%s: not a label name and value", key->name);
			return;
		}
		v[i] = (struct label){ name, value, (uint32_t)strlen(name),
			(uint32_t)strlen(value) };
	}
	if (v && labels_sort(v, node->n, to, &e) != RC_OK)
		doc_error(r, node, "%s: %s", key->name, e.text);
}

static void keep_inline(struct doc_reader *r, const struct doc_node *node, const char *value,
	struct secret *to)
{
	*to = (struct secret){
		.kind = SECRET_INLINE,
		.name = arena_printf(r->arena, "%s:%u", r->file, node->line),
		.value = value,
	};
}

void doc_inline(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const char *value = doc_copy(r, key, node);

	if (value && value[0])
		keep_inline(r, node, value, to);
}

void doc_secret(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const char *value;

	if (node->kind != DOC_SCALAR) { /* what was written is not repeated */
		doc_error(r, node, "%s: expected a text", key->name);
		return;
	}
	value = doc_copy(r, key, node);
	if (!value || !value[0])
		return;
	keep_inline(r, node, value, to);
	doc_warning(r, node, "%s: a secret stands in the file; a file of its own keeps it out",
		key->name);
}

void doc_secret_file(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const char *path = path_of(r, key, node);

	if (path && path[0])
		*(struct secret *)to = (struct secret){ SECRET_FILE, path, NULL };
}

void doc_raw(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node, void *to)
{
	(void)r;
	(void)key;
	*(const struct doc_node **)to = node;
}

void doc_ignored(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	(void)r;
	(void)key;
	(void)node;
	(void)to;
}

void doc_refused(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const struct doc_node *at = r->at_key ? r->at_key : node;

	(void)to;
	if (key->hint)
		doc_error(r, at, "'%s' is not supported: %s", key->name, key->hint);
	else
		doc_error(r, at, "'%s' is not supported yet", key->name);
}

void doc_refused_flag(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	int flag = flag_of(node);

	if (flag < 0)
		doc_expected(r, key, node, "true or false");
	else if (flag)
		doc_refused(r, key, node, to);
}
