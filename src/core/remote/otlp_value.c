/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote/otlp_value.h"

#include "base/hash.h"
#include "base/number_text.h"
#include "base/unicode.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define LIST PROTOBUF_BYTES(5)
#define MAP  PROTOBUF_BYTES(6)

struct writing {
	struct str out;
	struct arena *arena;
	struct err *e;
	uint32_t depth;
	bool is_not_json; /* a number in it is none of JSON's */
};

static enum rc malformed(struct err *e)
{
	return err_set(e, RC_INPUT, "proto: the message is malformed");
}

/* Of several the last counts; the key is 0 where there is none. */
static enum rc find_value(const struct protobuf_field *any, struct protobuf_field *ret,
	struct err *e)
{
	struct protobuf p = protobuf_inside(any);
	struct protobuf_field f;

	*ret = (struct protobuf_field){ 0 };
	while (protobuf_next(&p, &f))
		if (f.key >> 3 >= 1 && f.key >> 3 <= 7)
			*ret = f;
	if (p.is_bad)
		return malformed(e);
	if (ret->key == PROTOBUF_BYTES(1) && !utf8_valid((const char *)ret->s, ret->n))
		return err_set(e, RC_INPUT, "a text that isn't UTF-8");
	return RC_OK;
}

/* JSON's 1e-7, where others write 1e-07. */
static void add_number(struct str *out, double v)
{
	char text[NUMBER_TEXT_MAX];
	size_t n = number_text(v, NUMBER_SAMPLE, text);

	if (n >= 4 && strncmp(text + n - 4, "e-0", 3) == 0) {
		text[n - 2] = text[n - 1];
		n--;
	}
	str_addn(out, text, n);
}

static enum rc add_base64(struct writing *w, const struct protobuf_field *f)
{
	char *text = arena_alloc(w->arena, 4 * ((f->n + (size_t)2) / 3) + 1);

	if (!text)
		return err_set(w->e, RC_LIMIT, "more text than is taken at once");
	base64_encode(f->s, f->n, text);
	str_add(&w->out, text);
	return RC_OK;
}

/* ---- JSON, as Go's encoding/json writes it */

static void add_character(struct str *out, uint32_t c, const char *bytes, size_t n)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (const char *e = escapes; *e; e += 2)
		if (c == (uint8_t)*e) {
			str_addf(out, "\\%c", e[1]);
			return;
		}
	if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029)
		str_addf(out, "\\u%04" PRIx32, c);
	else
		str_addn(out, bytes, n);
}

static void add_quoted(struct str *out, const char *s, size_t n)
{
	size_t used;

	str_addc(out, '"');
	for (size_t i = 0; i < n; i += used) {
		uint32_t c = utf8_decode(s + i, n - i, &used);

		add_character(out, c, s + i, used);
	}
	str_addc(out, '"');
}

static enum rc add_json(struct writing *w, const struct protobuf_field *any);

static enum rc add_list(struct writing *w, const struct protobuf_field *list)
{
	struct protobuf p = protobuf_inside(list);
	const char *before = "";
	struct protobuf_field f;
	enum rc rc = RC_OK;

	str_addc(&w->out, '[');
	while (rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key != PROTOBUF_BYTES(1))
			continue;
		str_add(&w->out, before);
		before = ",";
		rc = add_json(w, &f);
	}
	str_addc(&w->out, ']');
	return rc == RC_OK && p.is_bad ? malformed(w->e) : rc;
}

struct member {
	const char *key; /* not terminated */
	uint32_t n, at;  /* `at`: its place, since of a key that comes twice the last counts */
	struct protobuf_field value;
};

static int by_key(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = memcmp(x->key, y->key, x->n < y->n ? x->n : y->n);

	if (order == 0)
		order = (x->n > y->n) - (x->n < y->n);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static bool same_key(const struct member *a, const struct member *b)
{
	return a->n == b->n && memcmp(a->key, b->key, a->n) == 0;
}

static enum rc read_member(const struct protobuf_field *message, struct member *to, struct err *e)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;

	*to = (struct member){ .key = "", .at = to->at };
	while (protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(1)) {
			to->key = (const char *)f.s;
			to->n = f.n;
		} else if (f.key == PROTOBUF_BYTES(2)) {
			to->value = f;
		}
	if (p.is_bad)
		return malformed(e);
	return utf8_valid(to->key, to->n) ? RC_OK : err_set(e, RC_INPUT, "a text that isn't UTF-8");
}

static enum rc read_members(struct writing *w, const struct protobuf_field *map,
	struct member **ret, uint32_t *ret_n)
{
	struct protobuf p = protobuf_inside(map);
	struct protobuf_field f;
	uint32_t n = 0;
	enum rc rc = RC_OK;

	while (protobuf_next(&p, &f))
		n += f.key == PROTOBUF_BYTES(1);
	if (p.is_bad)
		return malformed(w->e);
	*ret = arena_alloc(w->arena, (n + (size_t)1) * sizeof **ret);
	if (!*ret)
		return err_set(w->e, RC_LIMIT, "more attributes than are taken");
	*ret_n = 0;
	for (p = protobuf_inside(map); rc == RC_OK && protobuf_next(&p, &f);)
		if (f.key == PROTOBUF_BYTES(1)) {
			(*ret)[*ret_n].at = *ret_n;
			rc = read_member(&f, &(*ret)[(*ret_n)++], w->e);
		}
	return rc;
}

static enum rc add_map(struct writing *w, const struct protobuf_field *map)
{
	const char *before = "";
	struct member *v = NULL;
	uint32_t n = 0;
	enum rc rc = read_members(w, map, &v, &n);

	if (rc != RC_OK)
		return rc;
	if (n)
		qsort(v, n, sizeof *v, by_key);
	str_addc(&w->out, '{');
	for (uint32_t i = 0; rc == RC_OK && i < n; i++) {
		if (i + 1 < n && same_key(&v[i], &v[i + 1]))
			continue;
		str_add(&w->out, before);
		before = ",";
		add_quoted(&w->out, v[i].key, v[i].n);
		str_addc(&w->out, ':');
		rc = add_json(w, &v[i].value);
	}
	str_addc(&w->out, '}');
	return rc;
}

static enum rc add_nested(struct writing *w, const struct protobuf_field *f)
{
	enum rc rc;

	if (w->depth == OTLP_VALUE_DEPTH_MAX)
		return err_set(w->e, RC_INPUT, "an attribute nests more than %d deep",
			OTLP_VALUE_DEPTH_MAX);
	w->depth++;
	rc = (f->key == LIST ? add_list : add_map)(w, f);
	w->depth--;
	return rc;
}

/* What is written alike in JSON and by itself. */
static enum rc add_plain(struct writing *w, const struct protobuf_field *f)
{
	if (f->key == PROTOBUF_VARINT(2))
		str_add(&w->out, f->v ? "true" : "false");
	else if (f->key == PROTOBUF_VARINT(3))
		str_addf(&w->out, "%" PRId64, (int64_t)f->v);
	else if (f->key == PROTOBUF_FIXED64(4))
		add_number(&w->out, protobuf_double(f));
	else if (f->key == PROTOBUF_BYTES(7))
		return add_base64(w, f);
	else if (f->key == LIST || f->key == MAP)
		return add_nested(w, f);
	return RC_OK;
}

static enum rc add_json(struct writing *w, const struct protobuf_field *any)
{
	struct protobuf_field f;
	enum rc rc = find_value(any, &f, w->e);

	if (rc != RC_OK)
		return rc;
	if (f.key == PROTOBUF_FIXED64(4) && !isfinite(protobuf_double(&f)))
		w->is_not_json = true;
	if (f.key == PROTOBUF_BYTES(1))
		add_quoted(&w->out, (const char *)f.s, f.n);
	else if (f.key == PROTOBUF_BYTES(7))
		str_addc(&w->out, '"');
	else if (!f.key)
		str_add(&w->out, "null");
	rc = add_plain(w, &f);
	if (f.key == PROTOBUF_BYTES(7))
		str_addc(&w->out, '"');
	return rc;
}

/* ---- */

static enum rc add_value(struct writing *w, const struct protobuf_field *any)
{
	struct protobuf_field f;
	enum rc rc = find_value(any, &f, w->e);

	if (rc != RC_OK)
		return rc;
	if (f.key == PROTOBUF_BYTES(1))
		str_addn(&w->out, f.s, f.n);
	else if (f.key == PROTOBUF_FIXED64(4) && !isfinite(protobuf_double(&f)))
		str_add(&w->out, "json: unsupported value: ");
	return add_plain(w, &f);
}

enum rc otlp_value_text(const struct protobuf_field *any, struct arena *a, const char **ret,
	struct err *e)
{
	struct writing w = { .arena = a, .e = e };
	enum rc rc = add_value(&w, any);
	const char *text = NULL;

	if (rc == RC_OK) {
		text = arena_strdup(a, w.is_not_json ? "" : str_c(&w.out));
		if (!text)
			rc = err_set(e, RC_LIMIT, "more text than is taken at once");
	}
	str_fini(&w.out);
	if (rc == RC_OK)
		*ret = text;
	return rc;
}
