/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_flat.h"

#define DIGITS_MAX  18 /* of any number that fits 64 bits */
#define MEMBERS_MAX 64 /* of an object, whose names are compared one by one */

void json_flat_fini(struct json_flat *f)
{
	json_decref(f->tree);
	free(f->nodes);
	free(f->text);
	*f = JSON_FLAT_EMPTY;
}

/* ---- plain */

struct reader {
	struct json_flat *to;
	char *p, *end; /* in the copy; a NUL at the end, with which nothing goes on */
	uint32_t depth;
};

struct name {
	const char *text; /* NULL: of an item, or of what is at the top */
	uint32_t n;
};

static bool read_value(struct reader *r, struct name name);

static void skip_space(struct reader *r)
{
	while (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r')
		r->p++;
}

/* With the space behind it. */
static bool take(struct reader *r, char c)
{
	if (*r->p != c)
		return false;
	r->p++;
	skip_space(r);
	return true;
}

static struct json_node *add(struct json_flat *to, json_type type, struct name name)
{
	struct json_node *node;

	must_grow(to->nodes, to->n_nodes, to->cap_nodes);
	node = &to->nodes[to->n_nodes++];
	*node = (struct json_node){ .type = type, .span = 1, .name = name.text, .n_name = name.n };
	return node;
}

/* What the two characters of an escape stand for; NUL when jansson must tell. */
static char unescaped(const char *escape)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

	for (const char *s = escapes; *s; s += 2)
		if (escape[1] == s[0])
			return s[1];
	return '\0';
}

/* The rest of a text with escapes, or with more than ASCII, from r->p on; *to is where it goes. */
static bool read_rest(struct reader *r, char **to)
{
	unsigned char seen = 0;
	const char *begin = *to;

	while (*r->p != '"') {
		char c = *r->p;

		if ((unsigned char)c < 0x20)
			return false;
		if (c == '\\') {
			c = unescaped(r->p++);
			if (!c)
				return false;
		}
		seen |= (unsigned char)c;
		*(*to)++ = c;
		r->p++;
	}
	return seen < 0x80 || utf8_valid(begin, (size_t)(*to - begin));
}

/* From the opening quote to behind the closing one and its space. */
static bool read_text(struct reader *r, struct name *ret)
{
	char *begin = ++r->p, *to;

	to = r->p += ascii_plain(r->p, (size_t)(r->end - r->p));
	if (*r->p != '"' && !read_rest(r, &to))
		return false;
	*ret = (struct name){ begin, (uint32_t)(to - begin) };
	if (!take(r, '"'))
		return false;
	*to = '\0';
	return true;
}

static bool read_string(struct reader *r, struct name name)
{
	struct json_node *node = add(r->to, JSON_STRING, name);
	struct name text;

	if (!read_text(r, &text))
		return false;
	node->text = text.text;
	node->n = text.n;
	return true;
}

static bool read_integer(struct reader *r, struct name name)
{
	bool is_negative = *r->p == '-';
	const char *digits = r->p + is_negative;
	int64_t value = 0;

	for (r->p += is_negative; *r->p >= '0' && *r->p <= '9'; r->p++) {
		if (r->p - digits == DIGITS_MAX)
			return false;
		value = 10 * value + (*r->p - '0');
	}
	if (r->p == digits || (*digits == '0' && r->p - digits > 1))
		return false;
	if (*r->p == '.' || *r->p == 'e' || *r->p == 'E')
		return false;
	skip_space(r);
	add(r->to, JSON_INTEGER, name)->integer = is_negative ? -value : value;
	return true;
}

static bool read_word(struct reader *r, const char *word, json_type type, struct name name)
{
	size_t n = strlen(word);

	if (strncmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	skip_space(r);
	add(r->to, type, name);
	return true;
}

/* Whether `object` has a member of that name; *seen keeps a bit of each, so that few are
 * compared. */
static bool is_repeated(const struct json_node *object, struct name name, uint64_t *seen)
{
	unsigned char mixed =
		name.n ? (unsigned char)(name.text[0] * 7 + name.text[name.n - 1]) : 0;
	uint64_t bit = UINT64_C(1) << ((mixed + name.n) % 64);
	const struct json_node *it = object + 1;

	if (!(*seen & bit)) {
		*seen |= bit;
		return false;
	}
	for (uint32_t i = 0; i < object->n; i++, it += it->span)
		if (it->n_name == name.n && memcmp(it->name, name.text, name.n) == 0)
			return true;
	return false;
}

static bool read_members(struct reader *r, uint32_t at)
{
	uint64_t seen = 0;

	take(r, '{');
	if (take(r, '}'))
		return true;
	do {
		struct json_node *object = &r->to->nodes[at];
		struct name name;

		if (*r->p != '"' || !read_text(r, &name))
			return false;
		if (object->n == MEMBERS_MAX || is_repeated(object, name, &seen) || !take(r, ':') ||
			!read_value(r, name))
			return false;
		r->to->nodes[at].n++;
	} while (take(r, ','));
	return take(r, '}');
}

static bool read_items(struct reader *r, uint32_t at)
{
	static const struct name none = { 0 };

	take(r, '[');
	if (take(r, ']'))
		return true;
	do {
		if (!read_value(r, none))
			return false;
		r->to->nodes[at].n++;
	} while (take(r, ','));
	return take(r, ']');
}

static bool read_nested(struct reader *r, struct name name)
{
	uint32_t at = r->to->n_nodes;
	bool is_object = *r->p == '{';

	if (r->depth == JSON_DEPTH_MAX)
		return false;
	r->depth++;
	add(r->to, is_object ? JSON_OBJECT : JSON_ARRAY, name);
	if (!(is_object ? read_members(r, at) : read_items(r, at)))
		return false;
	r->depth--;
	r->to->nodes[at].span = r->to->n_nodes - at;
	return true;
}

static bool read_value(struct reader *r, struct name name)
{
	switch (*r->p) {
	case '{':
	case '[':
		return read_nested(r, name);
	case '"':
		return read_string(r, name);
	case 't':
		return read_word(r, "true", JSON_TRUE, name);
	case 'f':
		return read_word(r, "false", JSON_FALSE, name);
	case 'n':
		return read_word(r, "null", JSON_NULL, name);
	default:
		return read_integer(r, name);
	}
}

static char *copy_text(struct json_flat *f, const char *text, size_t n)
{
	if (n >= f->cap_text) {
		f->cap_text = 2 * n + 256;
		f->text = must_realloc(f->text, f->cap_text);
	}
	memcpy(f->text, text, n);
	f->text[n] = '\0';
	return f->text;
}

const struct json_node *json_flat_plain(struct json_flat *f, const char *text, size_t n)
{
	struct reader r = { .to = f };

	if (n > UINT32_MAX)
		return NULL;
	r.p = copy_text(f, text, n);
	r.end = r.p + n;
	f->n_nodes = 0;
	skip_space(&r);
	return read_value(&r, (struct name){ 0 }) && r.p == r.end ? f->nodes : NULL;
}

/* ---- not plain */

static void add_tree(struct json_flat *f, const json_t *value, struct name name)
{
	json_t *container = (json_t *)(uintptr_t)value, *inside;
	uint32_t at = f->n_nodes;
	struct json_node *node = add(f, json_typeof(value), name);
	const char *key;
	size_t i;

	if (json_is_string(value)) {
		node->text = json_string_value(value);
		node->n = (uint32_t)json_string_length(value);
	} else if (json_is_integer(value))
		node->integer = json_integer_value(value);
	else if (json_is_real(value))
		node->real = json_real_value(value);
	else if (json_is_object(value) || json_is_array(value))
		node->n = (uint32_t)(json_object_size(value) + json_array_size(value));
	json_object_foreach (container, key, inside)
		add_tree(f, inside, (struct name){ key, (uint32_t)strlen(key) });
	json_array_foreach (container, i, inside)
		add_tree(f, inside, (struct name){ 0 });
	f->nodes[at].span = f->n_nodes - at;
}

enum rc json_flat_read(struct json_flat *f, const char *text, size_t n,
	const struct json_node **ret, struct err *e)
{
	const struct json_node *root = json_flat_plain(f, text, n);
	enum rc rc;

	if (!root) {
		json_decref(f->tree);
		f->tree = NULL;
		rc = json_read(&f->tree, text, n, e);
		if (rc != RC_OK)
			return rc;
		f->n_nodes = 0;
		add_tree(f, f->tree, (struct name){ 0 });
		root = f->nodes;
	}
	*ret = root;
	return RC_OK;
}

/* ---- members */

const struct json_node *json_node_get(const struct json_node *object, const char *name)
{
	size_t n = strlen(name);

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	json_node_each (it, object)
		if (it->n_name == n && memcmp(it->name, name, n) == 0)
			return it;
	return NULL;
}

const char *json_node_text(const struct json_node *object, const char *name, const char *otherwise)
{
	const struct json_node *node = json_node_get(object, name);

	return node && node->type == JSON_STRING ? node->text : otherwise;
}

int64_t json_node_int(const struct json_node *object, const char *name, int64_t otherwise)
{
	const struct json_node *node = json_node_get(object, name);

	return node && node->type == JSON_INTEGER ? node->integer : otherwise;
}

bool json_node_bool(const struct json_node *object, const char *name, bool otherwise)
{
	const struct json_node *node = json_node_get(object, name);

	if (!node || (node->type != JSON_TRUE && node->type != JSON_FALSE))
		return otherwise;
	return node->type == JSON_TRUE;
}

struct wall json_node_time(const struct json_node *object, const char *name)
{
	const char *text = json_node_text(object, name, NULL);
	struct wall t = { 0 };

	if (!text || wall_parse(text, &t, NULL) != RC_OK)
		return (struct wall){ 0 };
	return t;
}
