/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "base/json_flat.h"

#include <math.h>
#include <stdio.h>

/*
 * Length of the character at `p`, or, when it is malformed, of the part that one U+FFFD stands for:
 * the longest prefix of a well-formed character (Unicode 15, table 3-7 and "maximal subpart").
 */
static size_t utf8_step(const unsigned char *p, size_t n, bool *ret_valid)
{
	unsigned char lead = p[0], low = 0x80, high = 0xbf;
	size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;

	*ret_valid = lead < 0x80 || (lead >= 0xc2 && lead <= 0xf4);
	if (!*ret_valid)
		return 1;
	if (lead == 0xe0)
		low = 0xa0; /* shorter encodings exist below */
	else if (lead == 0xed)
		high = 0x9f; /* surrogates above */
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f; /* U+10FFFF is the last */
	for (size_t i = 1; i <= more; i++) {
		if (i >= n || p[i] < low || p[i] > high) {
			*ret_valid = false;
			return i;
		}
		low = 0x80;
		high = 0xbf;
	}
	return 1 + more;
}

static void add_escaped(struct str *out, unsigned char c)
{
	static const char shorthand[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *s = shorthand; *s; s += 2) {
		if (c == (unsigned char)s[0]) {
			str_addc(out, '\\');
			str_addc(out, s[1]);
			return;
		}
	}
	str_addf(out, "\\u%04x", c);
}

/* Bytes at the start of `p` that go out as they are. */
static size_t plain_run(const unsigned char *p, size_t n)
{
	size_t i = ascii_plain((const char *)p, n);

	while (i < n && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\') {
		bool valid = true;
		size_t step = p[i] < 0x80 ? 1 : utf8_step(p + i, n - i, &valid);

		if (!valid)
			break;
		i += step;
	}
	return i;
}

static void add_string(struct str *out, const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;

	str_addc(out, '"');
	for (;;) {
		size_t run = plain_run(p, n);
		bool valid;

		str_addn(out, p, run);
		p += run;
		n -= run;
		if (n == 0)
			break;
		run = utf8_step(p, n, &valid);
		if (!valid || *p == '\0')
			str_add(out, "\xef\xbf\xbd"); /* U+FFFD */
		else
			add_escaped(out, *p);
		p += run;
		n -= run;
	}
	str_addc(out, '"');
}

/* What stands before a value: a comma, and in an object its key. */
static void begin_value(struct json_out *w, const char *key)
{
	bool in_object = w->depth > 0 && w->closers[w->depth - 1] == '}';

	must(in_object == (key != NULL));
	must(w->depth > 0 || !w->needs_comma); /* one value at the top */
	if (w->needs_comma)
		str_addc(w->out, ',');
	w->needs_comma = true;
	if (key) {
		add_string(w->out, key, strlen(key));
		str_addc(w->out, ':');
	}
}

static void open_with(struct json_out *w, const char *key, char opener, char closer)
{
	must(w->depth < JSON_DEPTH_MAX);
	begin_value(w, key);
	str_addc(w->out, opener);
	w->closers[w->depth++] = closer;
	w->needs_comma = false;
}

void json_begin(struct json_out *w, struct str *out)
{
	*w = (struct json_out){ .out = out };
}

void json_object_open(struct json_out *w, const char *key)
{
	open_with(w, key, '{', '}');
}

void json_array_open(struct json_out *w, const char *key)
{
	open_with(w, key, '[', ']');
}

void json_close(struct json_out *w)
{
	must(w->depth > 0);
	str_addc(w->out, w->closers[--w->depth]);
	w->needs_comma = true;
}

void json_text(struct json_out *w, const char *key, const char *value)
{
	if (value)
		json_textn(w, key, value, strlen(value));
	else
		json_raw(w, key, "null");
}

void json_textn(struct json_out *w, const char *key, const char *value, size_t n)
{
	begin_value(w, key);
	add_string(w->out, value, n);
}

void json_int(struct json_out *w, const char *key, int64_t value)
{
	char digits[20], *p = digits + sizeof digits; /* 19 and a sign */
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do
		*--p = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--p = '-';
	begin_value(w, key);
	str_addn(w->out, p, (size_t)(digits + sizeof digits - p));
}

void json_bool(struct json_out *w, const char *key, bool value)
{
	json_raw(w, key, value ? "true" : "false");
}

void json_double(struct json_out *w, const char *key, double value)
{
	char text[32] = "null", *comma;

	for (int digits = 15; digits <= 17 && isfinite(value); digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	comma = strchr(text, ','); /* a library may have called setlocale() */
	if (comma)
		*comma = '.';
	json_raw(w, key, text);
}

void json_time(struct json_out *w, const char *key, struct wall value)
{
	char text[WALL_TEXT_MAX];

	json_text(w, key, value.ms ? wall_rfc3339(value, text) : NULL);
}

void json_raw(struct json_out *w, const char *key, const char *json)
{
	begin_value(w, key);
	str_add(w->out, json);
}

/*
 * What jansson leaves open: its own bound on depth is 2048, and it lets a NUL byte end the text.
 * Looks at brackets outside strings only; whether they pair up is jansson's business.
 */
static enum rc check_bounds(const char *text, size_t n, struct err *e)
{
	uint32_t depth = 0, line = 1, column = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		column += (c & 0xc0) != 0x80; /* characters, as jansson counts */
		if (c == '\0')
			return err_set(e, RC_INPUT, "line %u, column %u: NUL byte", line, column);
		if (c == '\n') {
			line++;
			column = 0;
		} else if (in_string && c == '\\' && i + 1 < n && text[i + 1] != '\0' &&
			   text[i + 1] != '\n') {
			i++;
			column++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && (c == '{' || c == '[')) {
			if (++depth > JSON_DEPTH_MAX)
				return err_set(e, RC_INPUT,
					"line %u, column %u: nested more than %d deep", line,
					column, JSON_DEPTH_MAX);
		} else if (!in_string && (c == '}' || c == ']')) {
			depth -= depth > 0;
		}
	}
	return RC_OK;
}

static json_t *tree_of(const struct json_node *node);

static json_t *tree_of_members(const struct json_node *node)
{
	json_t *object = json_object();

	json_node_each (it, node)
		json_object_setn_new_nocheck(object, it->name, it->n_name, tree_of(it));
	return object;
}

static json_t *tree_of_items(const struct json_node *node)
{
	json_t *array = json_array();

	json_node_each (it, node)
		json_array_append_new(array, tree_of(it));
	return array;
}

/* Of plain JSON, which holds no real numbers. */
static json_t *tree_of(const struct json_node *node)
{
	switch (node->type) {
	case JSON_OBJECT:
		return tree_of_members(node);
	case JSON_ARRAY:
		return tree_of_items(node);
	case JSON_STRING:
		return json_stringn_nocheck(node->text, node->n);
	case JSON_INTEGER:
		return json_integer(node->integer);
	case JSON_NULL:
		return json_null();
	default:
		return json_boolean(node->type == JSON_TRUE);
	}
}

static json_t *read_plain(const char *text, size_t n)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *root = json_flat_plain(&flat, text, n);

	return root ? tree_of(root) : NULL;
}

enum rc json_read(json_t **ret, const char *text, size_t n, struct err *e)
{
	json_error_t why;
	json_t *value = read_plain(text, n);
	enum rc rc = value ? RC_OK : check_bounds(text, n, e);

	if (rc != RC_OK)
		return rc;
	if (!value)
		value = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!value)
		return err_set(e, RC_INPUT, "line %d, column %d: %s", why.line, why.column,
			why.text);
	*ret = value;
	return RC_OK;
}

const char *json_get_text(const json_t *object, const char *key, const char *otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) ? json_string_value(value) : otherwise;
}

int64_t json_get_int(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool json_get_bool(const json_t *object, const char *key, bool otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

struct wall json_get_time(const json_t *object, const char *key)
{
	const char *text = json_get_text(object, key, NULL);
	struct wall t = { 0 };

	if (!text || wall_parse(text, &t, NULL) != RC_OK)
		return (struct wall){ 0 };
	return t;
}
