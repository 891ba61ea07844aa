/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever json_read() takes, the writer writes so that it is read back as the same value. */
#include "base/json.h"
#include "base/json_plain.h"

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

/* The fast way reads what jansson reads, or nothing. */
static void check_plain(const char *text, size_t n)
{
	scoped(json_decref) json_t *plain = json_read_plain(text, n);
	scoped(json_decref) json_t *value =
		json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

	must(!plain || (value && json_equal(plain, value)));
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
	check_plain((const char *)data, n);
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
