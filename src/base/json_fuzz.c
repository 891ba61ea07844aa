/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever json_read() takes, the writer writes so that it is read back as the same value. */
#include "base/json.h"
#include "base/json_flat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void write_value(struct json_out *w, const char *key, const json_t *value)
{
	const char *name;
	json_t *member;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		json_object_open(w, key);
		json_object_foreach ((json_t *)(uintptr_t)value, name, member)
			write_value(w, name, member);
		json_close(w);
		break;
	case JSON_ARRAY:
		json_array_open(w, key);
		json_array_foreach (value, i, member)
			write_value(w, NULL, member);
		json_close(w);
		break;
	case JSON_STRING:
		json_textn(w, key, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		json_int(w, key, json_integer_value(value));
		break;
	case JSON_REAL: /* -0 would come back as the integer 0 */
		json_double(w, key, json_real_value(value) == 0 ? 0 : json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		json_bool(w, key, json_is_true(value));
		break;
	case JSON_NULL:
		json_text(w, key, NULL);
		break;
	}
}

static void write_text(struct str *out, const json_t *value)
{
	struct json_out w;

	json_begin(&w, out);
	write_value(&w, NULL, value);
}

static bool is_same(const struct json_node *node, const json_t *value);

static bool has_same_inside(const struct json_node *node, const json_t *value)
{
	size_t i = 0;

	json_node_each (it, node) {
		const json_t *inside = it->name ? json_object_getn(value, it->name, it->n_name)
						: json_array_get(value, i);

		if (!inside || !is_same(it, inside))
			return false;
		i++;
	}
	return i == node->n && i == json_object_size(value) + json_array_size(value);
}

static bool is_same(const struct json_node *node, const json_t *value)
{
	if (node->type != json_typeof(value))
		return false;
	if (json_is_string(value))
		return node->n == json_string_length(value) && !node->text[node->n] &&
		       memcmp(node->text, json_string_value(value), node->n) == 0;
	if (json_is_integer(value))
		return node->integer == json_integer_value(value);
	if (json_is_real(value))
		return node->real == json_real_value(value);
	return !json_is_object(value) && !json_is_array(value) ? node->span == 1
							       : has_same_inside(node, value);
}

/* The fast way reads what jansson reads, or nothing; and both give the same values. */
static void check_flat(const char *text, size_t n)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(json_decref)
		json_t *read = NULL,
		       *value = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	const struct json_node *root = json_flat_plain(&flat, text, n);
	struct err e = { 0 };

	must(!root || (value && is_same(root, value)));
	if (json_flat_read(&flat, text, n, &root, &e) == RC_OK)
		must(is_same(root, value) && json_read(&read, text, n, &e) == RC_OK &&
			json_equal(read, value));
	else
		must(json_read(&read, text, n, &e) != RC_OK);
}

/* Any bytes at all may be written as text, and the result can be read. */
static void check_text(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(json_decref) json_t *value = NULL;
	struct json_out w;

	json_begin(&w, &out);
	json_textn(&w, NULL, (const char *)data, n);
	must(json_read(&value, out.s, out.len, NULL) == RC_OK);
	must(json_is_string(value));
	if (utf8_valid((const char *)data, n)) {
		must(json_string_length(value) == n);
		must(n == 0 || memcmp(json_string_value(value), data, n) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(json_decref) json_t *value = NULL, *again = NULL;
	scoped(str_fini) struct str first = STR_EMPTY, second = STR_EMPTY;
	struct err e = { 0 };

	check_text(data, n);
	check_flat((const char *)data, n);
	if (json_read(&value, (const char *)data, n, &e) != RC_OK) {
		must(value == NULL && str_starts(e.text, "line "));
		return 0;
	}
	write_text(&first, value);
	must(json_read(&again, first.s, first.len, &e) == RC_OK);
	write_text(&second, again);
	must(first.len == second.len && memcmp(first.s, second.s, first.len) == 0);
	return 0;
}
