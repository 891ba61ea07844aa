/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_plain.h"

#include "base/json.h"

#define DIGITS_MAX 18 /* of any number that fits 64 bits */

struct reader {
	const char *p, *end;
	uint32_t depth;
	struct str text; /* of which escapes were taken out */
};

static json_t *read_value(struct reader *r);

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
		r->p++;
}

/* With the space behind it. */
static bool take(struct reader *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	skip_space(r);
	return true;
}

/* Up to a quote or a backslash; notes whether there are other characters than ASCII's. */
static bool skip_run(struct reader *r, unsigned char *seen)
{
	r->p += ascii_plain(r->p, (size_t)(r->end - r->p));
	while (r->p < r->end && *r->p != '"' && *r->p != '\\') {
		unsigned char c = (unsigned char)*r->p++;

		if (c < 0x20)
			return false;
		*seen |= c;
	}
	return r->p < r->end;
}

static bool unescape(struct reader *r)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

	for (const char *s = escapes; r->p + 1 < r->end && *s; s += 2)
		if (r->p[1] == s[0]) {
			str_addc(&r->text, s[1]);
			r->p += 2;
			return true;
		}
	return false;
}

/* What stands between quotes, in the source or, with escapes, in r->text. */
static bool read_text(struct reader *r, bool may_escape, const char **ret, size_t *ret_n)
{
	const char *begin = ++r->p, *run = begin;
	unsigned char seen = 0;

	str_clear(&r->text);
	if (!skip_run(r, &seen))
		return false;
	while (*r->p == '\\') {
		str_addn(&r->text, run, (size_t)(r->p - run));
		if (!may_escape || !unescape(r))
			return false;
		run = r->p;
		if (!skip_run(r, &seen))
			return false;
	}
	*ret = begin;
	*ret_n = (size_t)(r->p - begin);
	if (run != begin) {
		str_addn(&r->text, run, (size_t)(r->p - run));
		*ret = str_c(&r->text);
		*ret_n = r->text.len;
	}
	return (seen < 0x80 || utf8_valid(*ret, *ret_n)) && take(r, '"');
}

static json_t *read_string(struct reader *r)
{
	const char *text;
	size_t n;

	return read_text(r, true, &text, &n) ? json_stringn_nocheck(text, n) : NULL;
}

static json_t *read_integer(struct reader *r)
{
	bool is_negative = *r->p == '-';
	const char *digits = r->p + is_negative;
	int64_t value = 0;

	for (r->p = digits; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
		if (r->p - digits == DIGITS_MAX)
			return NULL;
		value = 10 * value + (*r->p - '0');
	}
	if (r->p == digits || (*digits == '0' && r->p - digits > 1))
		return NULL;
	if (r->p < r->end && (*r->p == '.' || *r->p == 'e' || *r->p == 'E'))
		return NULL;
	skip_space(r);
	return json_integer(is_negative ? -value : value);
}

static json_t *read_word(struct reader *r, const char *word, json_t *value)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return NULL;
	r->p += n;
	skip_space(r);
	return value;
}

static bool read_member(struct reader *r, json_t *object)
{
	size_t before = json_object_size(object), n;
	const char *key;
	json_t *value;

	if (r->p == r->end || *r->p != '"' || !read_text(r, false, &key, &n) || !take(r, ':'))
		return false;
	value = read_value(r);
	if (!value || json_object_setn_new_nocheck(object, key, n, value) != 0)
		return false;
	return json_object_size(object) > before; /* else it was there already */
}

static json_t *read_object(struct reader *r)
{
	scoped(json_decref) json_t *object = json_object();

	take(r, '{');
	if (take(r, '}'))
		return TAKE(object);
	do
		if (!read_member(r, object))
			return NULL;
	while (take(r, ','));
	return take(r, '}') ? TAKE(object) : NULL;
}

static json_t *read_array(struct reader *r)
{
	scoped(json_decref) json_t *array = json_array();

	take(r, '[');
	if (take(r, ']'))
		return TAKE(array);
	do
		if (json_array_append_new(array, read_value(r)) != 0)
			return NULL;
	while (take(r, ','));
	return take(r, ']') ? TAKE(array) : NULL;
}

static json_t *read_nested(struct reader *r)
{
	json_t *value;

	if (r->depth == JSON_DEPTH_MAX)
		return NULL;
	r->depth++;
	value = *r->p == '{' ? read_object(r) : read_array(r);
	r->depth--;
	return value;
}

static json_t *read_value(struct reader *r)
{
	switch (r->p < r->end ? *r->p : '\0') {
	case '{':
	case '[':
		return read_nested(r);
	case '"':
		return read_string(r);
	case 't':
		return read_word(r, "true", json_true());
	case 'f':
		return read_word(r, "false", json_false());
	case 'n':
		return read_word(r, "null", json_null());
	default:
		return r->p < r->end ? read_integer(r) : NULL;
	}
}

json_t *json_read_plain(const char *text, size_t n)
{
	scoped(json_decref) json_t *value = NULL;
	struct reader r = { .p = text, .end = text + n };

	skip_space(&r);
	value = read_value(&r);
	str_fini(&r.text);
	return r.p == r.end ? TAKE(value) : NULL;
}
