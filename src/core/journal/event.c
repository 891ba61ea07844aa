/* SPDX-License-Identifier: Apache-2.0 */
#include "core/journal/event.h"

#include "base/limits.h"
#include "base/str.h"

#include <endian.h>

static const char *const kinds[] = {
#define EVENT_KIND(symbol, text, subject, what) [EVENT_##symbol] = text,
#include "core/journal/event_kinds.def"
#undef EVENT_KIND
};
_Static_assert(COUNT(kinds) == EVENT_UNKNOWN, "every kind has a text");

enum event_kind event_kind_of(const char *text)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i][0] == text[0] && str_eq(kinds[i], text))
			return (enum event_kind)i;
	return EVENT_UNKNOWN;
}

const char *event_kind_text(enum event_kind kind)
{
	return kind < EVENT_UNKNOWN ? kinds[kind] : "unknown";
}

/* Small pieces are hashed together: an event has ten. */
struct hashing {
	struct sha256_state state;
	size_t n;
	uint8_t bytes[512];
};

static void add(struct hashing *h, const void *data, size_t n)
{
	if (n > sizeof h->bytes - h->n) {
		sha256_add(&h->state, h->bytes, h->n);
		h->n = 0;
	}
	if (n > sizeof h->bytes) {
		sha256_add(&h->state, data, n);
		return;
	}
	memcpy(h->bytes + h->n, data, n);
	h->n += n;
}

static void add_text(struct hashing *h, const char *text)
{
	add(h, text, strlen(text) + 1);
}

static void add_u64(struct hashing *h, uint64_t value)
{
	value = htole64(value);
	add(h, &value, sizeof value);
}

struct sha256 event_hash(const struct event *ev)
{
	struct hashing h;

	h.n = 0;
	sha256_begin(&h.state);
	add_text(&h, "diarchy.event.1");
	add_text(&h, ev->site);
	add_u64(&h, ev->epoch);
	add_u64(&h, ev->seq);
	add_u64(&h, ev->hlc);
	add_u64(&h, (uint64_t)ev->wall.ms);
	add_text(&h, ev->kind);
	add_text(&h, ev->subject);
	add_text(&h, ev->body);
	add(&h, ev->previous.bytes, sizeof ev->previous.bytes);
	sha256_add(&h.state, h.bytes, h.n);
	return sha256_end(&h.state);
}

/* Names go to terminals and logs: well-formed text without control characters. */
static enum rc check_name(const char *what, const char *text, size_t most, struct err *e)
{
	size_t n = text ? strnlen(text, most + 1) : 0;

	if (!text)
		return err_set(e, RC_INPUT, "event without %s", what);
	if (n > most)
		return err_set(e, RC_LIMIT, "event whose %s is longer than %zu bytes", what, most);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return err_set(e, RC_INPUT, "event with a control character in its %s",
				what);
	if (!utf8_valid(text, n))
		return err_set(e, RC_INPUT, "event whose %s is not UTF-8", what);
	return RC_OK;
}

static enum rc check_numbers(const struct event *ev, struct err *e)
{
	if (ev->epoch == 0 || ev->epoch > INT64_MAX)
		return err_set(e, RC_INPUT, "event whose epoch is out of range");
	if (ev->seq == 0 || ev->seq > INT64_MAX)
		return err_set(e, RC_INPUT, "event whose seq is out of range");
	if (ev->hlc == 0 || ev->hlc >= INT64_MAX)
		return err_set(e, RC_INPUT, "event whose hlc is out of range");
	if (ev->wall.ms < 0 || ev->wall.ms > EVENT_WALL_MAX_MS)
		return err_set(e, RC_INPUT, "event whose wall time is out of range");
	return RC_OK;
}

static enum rc check_heading(const struct event *ev, struct err *e)
{
	enum rc rc = check_name("site", ev->site, NAME_BYTES_MAX, e);

	if (rc == RC_OK)
		rc = check_name("kind", ev->kind, NAME_BYTES_MAX, e);
	if (rc == RC_OK)
		rc = check_name("subject", ev->subject, EVENT_SUBJECT_BYTES_MAX, e);
	if (rc == RC_OK && (ev->site[0] == '\0' || ev->kind[0] == '\0'))
		rc = err_set(e, RC_INPUT, "event with an empty site or kind");
	return rc == RC_OK ? check_numbers(ev, e) : rc;
}

static enum rc check_body(const char *body, struct err *e)
{
	scoped(json_decref) json_t *object = NULL;
	scoped(str_fini) struct str spelt = STR_EMPTY;
	size_t n = body ? strnlen(body, EVENT_BODY_BYTES_MAX + 1) : 0;
	enum rc rc;

	if (n > EVENT_BODY_BYTES_MAX)
		return err_set(e, RC_LIMIT, "event whose body is longer than %d bytes",
			EVENT_BODY_BYTES_MAX);
	if (event_body_is_spelt(body, n))
		return RC_OK;
	rc = json_read(&object, body ? body : "", n, e);
	if (rc != RC_OK)
		return err_in(e, rc, "event's body");
	rc = event_write_body(object, &spelt, e);
	if (rc == RC_OK && !str_eq(str_c(&spelt), body))
		rc = err_set(e, RC_INPUT, "event whose body is not in its one spelling");
	return rc;
}

enum rc event_validate(const struct event *ev, struct err *e)
{
	enum rc rc = check_heading(ev, e);

	return rc == RC_OK ? check_body(ev->body, e) : rc;
}

static bool write_value(struct json_out *w, const char *key, const json_t *value);

static bool write_members(struct json_out *w, const char *key, json_t *object)
{
	const char *name;
	json_t *value;

	json_object_open(w, key);
	json_object_foreach (object, name, value)
		if (!write_value(w, name, value))
			return false;
	json_close(w);
	return true;
}

static bool write_items(struct json_out *w, const char *key, const json_t *array)
{
	size_t i;
	json_t *value;

	json_array_open(w, key);
	json_array_foreach (array, i, value)
		if (!write_value(w, NULL, value))
			return false;
	json_close(w);
	return true;
}

/* False when it is nested too deep. */
static bool write_value(struct json_out *w, const char *key, const json_t *value)
{
	bool is_deep = w->depth == EVENT_BODY_DEPTH_MAX;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return !is_deep && write_members(w, key, (json_t *)value);
	case JSON_ARRAY:
		return !is_deep && write_items(w, key, value);
	case JSON_STRING:
		json_textn(w, key, json_string_value(value), json_string_length(value));
		return true;
	case JSON_INTEGER:
		json_int(w, key, json_integer_value(value));
		return true;
	case JSON_REAL: /* minus zero would be read back as the integer 0 */
		json_double(w, key, json_real_value(value) == 0 ? 0 : json_real_value(value));
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		json_bool(w, key, json_is_true(value));
		return true;
	default:
		json_text(w, key, NULL);
		return true;
	}
}

enum rc event_write_body(const json_t *object, struct str *out, struct err *e)
{
	struct json_out w;

	if (!json_is_object(object))
		return err_set(e, RC_INPUT, "event whose body is not an object");
	str_clear(out);
	out->limit_bytes = EVENT_BODY_BYTES_MAX;
	json_begin(&w, out);
	if (!write_value(&w, NULL, object))
		return err_set(e, RC_LIMIT, "event whose body is nested more than %d deep",
			EVENT_BODY_DEPTH_MAX);
	if (out->is_cut)
		return err_set(e, RC_LIMIT, "event whose body is longer than %d bytes",
			EVENT_BODY_BYTES_MAX);
	return RC_OK;
}

void event_write_members(const struct event *ev, struct json_out *w)
{
	char text[WALL_TEXT_MAX], hex[SHA256_HEX], base64[4 * ((SIGNATURE_BYTES + 2) / 3) + 1];

	json_text(w, "site", ev->site);
	json_int(w, "epoch", (int64_t)ev->epoch);
	json_int(w, "seq", (int64_t)ev->seq);
	json_int(w, "hlc", (int64_t)ev->hlc);
	json_text(w, "wall", wall_rfc3339(ev->wall, text));
	json_text(w, "kind", ev->kind);
	json_text(w, "subject", ev->subject);
	json_raw(w, "body", ev->body);
	json_text(w, "previous", sha256_hex(&ev->previous, hex));
	json_text(w, "hash", sha256_hex(&ev->hash, hex));
	base64_encode(ev->signature, sizeof ev->signature, base64);
	json_text(w, "signature", base64);
}

void event_write_json(const struct event *ev, struct json_out *w, const char *key)
{
	json_object_open(w, key);
	event_write_members(ev, w);
	json_close(w);
}

/* What was malformed is left 0 or NULL, for check_heading() to refuse. */
static uint64_t get_u64(const json_t *object, const char *key)
{
	int64_t value = json_get_int(object, key, 0);

	return value > 0 ? (uint64_t)value : 0;
}

static enum rc read_proof(const json_t *object, struct event *ev, struct err *e)
{
	const char *signature = json_get_text(object, "signature", "");
	long n = base64_decode(signature, ev->signature, sizeof ev->signature);

	if (!sha256_parse(json_get_text(object, "previous", ""), &ev->previous))
		return err_set(e, RC_INPUT, "event without previous, 64 hexadecimal digits");
	if (!sha256_parse(json_get_text(object, "hash", ""), &ev->hash))
		return err_set(e, RC_INPUT, "event without hash, 64 hexadecimal digits");
	if (n != SIGNATURE_BYTES)
		return err_set(e, RC_INPUT, "event without signature, 64 bytes in base64");
	return RC_OK;
}

static enum rc read_heading(const json_t *object, struct event *ev, struct err *e)
{
	const char *wall = json_get_text(object, "wall", "");
	enum rc rc;

	ev->site = json_get_text(object, "site", NULL);
	ev->epoch = get_u64(object, "epoch");
	ev->seq = get_u64(object, "seq");
	ev->hlc = get_u64(object, "hlc");
	ev->kind = json_get_text(object, "kind", NULL);
	ev->subject = json_get_text(object, "subject", NULL);
	rc = wall_parse(wall, &ev->wall, e);
	if (rc != RC_OK)
		return err_in(e, rc, "event's wall time");
	return check_heading(ev, e);
}

/* Texts still belong to the JSON; `body` to the caller. */
static enum rc copy_texts(struct event *ev, const struct str *body, struct arena *a, struct err *e)
{
	ev->site = arena_strdup(a, ev->site);
	ev->kind = arena_strdup(a, ev->kind);
	ev->subject = arena_strdup(a, ev->subject);
	ev->body = arena_strndup(a, str_c(body), body->len);
	if (!ev->site || !ev->kind || !ev->subject || !ev->body)
		return err_set(e, RC_LIMIT, "events exceed the memory that was set aside for them");
	return RC_OK;
}

enum rc event_read_json(const json_t *object, struct arena *a, struct event *ret, struct err *e)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct event ev = { 0 };
	enum rc rc = read_heading(object, &ev, e);

	if (rc == RC_OK)
		rc = read_proof(object, &ev, e);
	if (rc == RC_OK)
		rc = event_write_body(json_object_get(object, "body"), &body, e);
	if (rc == RC_OK)
		rc = copy_texts(&ev, &body, a, e);
	if (rc == RC_OK)
		*ret = ev;
	return rc;
}
