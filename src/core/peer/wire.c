/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON part of a frame goes through base/json; the EVENTS part is only counted here, its
 * records are the journal's business.
 */
#include "core/peer/wire.h"

#include "base/json_flat.h"
#include "base/mem.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VERSION      1
#define LENGTH_BYTES 4
#define COUNT_BYTES  4
#define WALL_MAX_MS  INT64_C(253402300799999) /* the end of the year 9999 */
#define HELD_MAX_MS  DAY_MS
#define DIGEST_HEX   16

static uint32_t get_u32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return be32toh(v);
}

static void put_u32(char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof v);
}

static void write_heads(struct json_out *w, const struct link_msg *msg)
{
	char hex[SHA256_HEX];

	must(msg->n_heads <= LINK_HEADS_MAX);
	json_array_open(w, "heads");
	for (uint32_t i = 0; i < msg->n_heads; i++) {
		const struct link_head *h = &msg->heads[i];

		json_array_open(w, NULL);
		json_text(w, NULL, h->site);
		json_int(w, NULL, (int64_t)h->epoch);
		json_int(w, NULL, (int64_t)h->seq);
		json_text(w, NULL, sha256_hex(&h->hash, hex));
		json_close(w);
	}
	json_close(w);
}

static void write_beat(struct json_out *w, const struct link_msg *msg)
{
	uint64_t bytes = htobe64(msg->state_digest);
	char digest[DIGEST_HEX + 1];

	hex_encode((const uint8_t *)&bytes, sizeof bytes, digest);
	json_int(w, "beat", (int64_t)msg->beat);
	json_int(w, "echo", (int64_t)msg->echo);
	json_int(w, "held_ms", msg->echo_held_ms);
	json_int(w, "wall_ms", msg->wall.ms);
	json_text(w, "digest", digest);
	json_bool(w, "can_deliver", msg->can_deliver);
	if (msg->heads_of)
		json_int(w, "heads_of", (int64_t)msg->heads_of);
	else
		write_heads(w, msg);
}

static void write_hello(struct json_out *w, const struct link_msg *msg)
{
	char hex[SHA256_HEX];

	json_int(w, "protocol", msg->protocol);
	json_text(w, "site", msg->site);
	json_text(w, "lab", sha256_hex(&msg->lab_hash, hex));
	write_beat(w, msg);
}

static void write_pull(struct json_out *w, const struct link_msg *msg)
{
	json_int(w, "echo", (int64_t)msg->echo);
	write_heads(w, msg);
}

static void write_bye(struct json_out *w, const struct link_msg *msg)
{
	json_text(w, "why", msg->why);
}

static void write_events(const struct link_msg *msg, struct str *out)
{
	char count[COUNT_BYTES];

	put_u32(count, msg->n_events);
	str_addn(out, count, sizeof count);
	str_addn(out, msg->events, msg->events_len);
}

static void write_part(const struct link_msg *msg, struct str *out)
{
	str_addn(out, msg->part, msg->part_len);
}

/* A JSON body being read.  Every member that we know must be there and of its kind. */
struct reading {
	const struct json_node *object;
	struct wire_in *in;
	struct err *e;
};

static enum rc wrong(struct reading *r, const char *key, const char *wanted)
{
	return err_set(r->e, RC_INPUT, "member \"%s\" is not %s", key, wanted);
}

static enum rc read_int(struct reading *r, const char *key, int64_t most, int64_t *ret)
{
	int64_t number = json_node_int(r->object, key, -1);

	if (number < 0 || number > most)
		return wrong(r, key, "a number within its bounds");
	*ret = number;
	return RC_OK;
}

static enum rc read_number(struct reading *r, const char *key, uint64_t *ret)
{
	int64_t number = 0;
	enum rc rc = read_int(r, key, INT64_MAX, &number);

	if (rc == RC_OK)
		*ret = (uint64_t)number;
	return rc;
}

static bool is_text(const struct json_node *value)
{
	return value && value->type == JSON_STRING;
}

static bool is_name(const struct json_node *value)
{
	return is_text(value) && value->n > 0 && value->n <= NAME_BYTES_MAX;
}

static bool is_number(const struct json_node *value)
{
	return value->type == JSON_INTEGER && value->integer >= 0;
}

static bool read_hash(const struct json_node *value, struct sha256 *ret)
{
	return is_text(value) && value->n == SHA256_HEX - 1 && sha256_parse(value->text, ret);
}

/* ["site", epoch, seq, "hash"]: one node each, or it is wrong. */
static bool read_head(const struct json_node *array, struct link_head *ret)
{
	const struct json_node *item = array + 1;

	if (array->type != JSON_ARRAY || array->n < 4)
		return false;
	if (!is_name(&item[0]) || !is_number(&item[1]) || !is_number(&item[2]))
		return false;
	*ret = (struct link_head){ .epoch = (uint64_t)item[1].integer,
		.seq = (uint64_t)item[2].integer };
	str_copy(ret->site, sizeof ret->site, item[0].text);
	return read_hash(&item[3], &ret->hash);
}

static enum rc read_heads(struct reading *r)
{
	const struct json_node *list = json_node_get(r->object, "heads");
	struct link_msg *msg = &r->in->msg;

	if (!list || list->type != JSON_ARRAY || list->n > LINK_HEADS_MAX)
		return err_set(r->e, RC_INPUT, "member \"heads\" is not a list of at most %d",
			LINK_HEADS_MAX);
	msg->heads = r->in->heads;
	msg->n_heads = 0;
	json_node_each (head, list)
		if (!read_head(head, &r->in->heads[msg->n_heads++]))
			return wrong(r, "heads", "a list of [site, epoch, seq, hash]");
	return RC_OK;
}

static enum rc read_digest(struct reading *r)
{
	const struct json_node *value = json_node_get(r->object, "digest");
	uint8_t bytes[DIGEST_HEX / 2];

	if (!is_text(value) || value->n != DIGEST_HEX ||
		!hex_decode(value->text, bytes, sizeof bytes))
		return wrong(r, "digest", "16 hexadecimal digits");
	memcpy(&r->in->msg.state_digest, bytes, sizeof bytes);
	r->in->msg.state_digest = be64toh(r->in->msg.state_digest);
	return RC_OK;
}

static enum rc read_beat(struct reading *r)
{
	struct link_msg *msg = &r->in->msg;
	const struct json_node *can_deliver = json_node_get(r->object, "can_deliver");
	enum rc rc = read_number(r, "beat", &msg->beat);

	if (rc == RC_OK)
		rc = read_number(r, "echo", &msg->echo);
	if (rc == RC_OK)
		rc = read_int(r, "held_ms", HELD_MAX_MS, &msg->echo_held_ms);
	if (rc == RC_OK)
		rc = read_int(r, "wall_ms", WALL_MAX_MS, &msg->wall.ms);
	if (rc == RC_OK)
		rc = read_digest(r);
	if (rc == RC_OK && (!can_deliver || (can_deliver->type != JSON_TRUE &&
						    can_deliver->type != JSON_FALSE)))
		rc = wrong(r, "can_deliver", "true or false");
	if (rc != RC_OK)
		return rc;
	msg->can_deliver = can_deliver->type == JSON_TRUE;
	if (msg->kind != LINK_BEAT || !json_node_get(r->object, "heads_of"))
		return read_heads(r);
	rc = read_number(r, "heads_of", &msg->heads_of);
	if (rc == RC_OK && (msg->heads_of == 0 || msg->heads_of >= msg->beat))
		rc = wrong(r, "heads_of", "an earlier beat");
	return rc;
}

static enum rc read_hello(struct reading *r)
{
	struct link_msg *msg = &r->in->msg;
	const struct json_node *site = json_node_get(r->object, "site");
	int64_t protocol = 0;
	enum rc rc = read_int(r, "protocol", UINT32_MAX, &protocol);

	if (rc != RC_OK)
		return rc;
	if (!is_name(site))
		return wrong(r, "site", "a name");
	if (!read_hash(json_node_get(r->object, "lab"), &msg->lab_hash))
		return wrong(r, "lab", "64 hexadecimal digits");
	msg->protocol = (uint32_t)protocol;
	str_copy(msg->site, sizeof msg->site, site->text);
	return read_beat(r);
}

static enum rc read_pull(struct reading *r)
{
	enum rc rc = read_number(r, "echo", &r->in->msg.echo);

	if (rc == RC_OK)
		rc = read_heads(r);
	if (rc == RC_OK && r->in->msg.n_heads != 1)
		rc = wrong(r, "heads", "one head");
	return rc;
}

static enum rc read_bye(struct reading *r)
{
	const struct json_node *why = json_node_get(r->object, "why");
	struct link_msg *msg = &r->in->msg;

	if (!is_text(why))
		return wrong(r, "why", "a text");
	if (!str_copy(msg->why, sizeof msg->why, why->text))
		msg->why[utf8_cut(why->text, sizeof msg->why - 1)] = '\0';
	return RC_OK;
}

/* Each record begins with its length. */
static bool are_records(const char *p, const char *end, uint32_t n)
{
	for (; n > 0 && end - p >= LENGTH_BYTES; n--) {
		uint32_t length = get_u32(p);

		p += LENGTH_BYTES;
		if (length > (size_t)(end - p))
			return false;
		p += length;
	}
	return n == 0 && p == end;
}

static enum rc read_events(const char *body, size_t n, struct link_msg *msg, struct err *e)
{
	uint32_t count;

	if (n < COUNT_BYTES)
		return err_set(e, RC_INPUT, "EVENTS of %zu bytes", n);
	count = get_u32(body);
	if (count == 0 || count > EVENT_BATCH_MAX)
		return err_set(e, RC_INPUT, "EVENTS of %" PRIu32 " events, allowed are 1 to %u",
			count, (unsigned)EVENT_BATCH_MAX);
	if (!are_records(body + COUNT_BYTES, body + n, count))
		return err_set(e, RC_INPUT, "EVENTS says %" PRIu32 " events and has another number",
			count);
	msg->events = body + COUNT_BYTES;
	msg->events_len = n - COUNT_BYTES;
	msg->n_events = count;
	return RC_OK;
}

/* One that nobody understands is no reason to lose the link. */
static enum rc read_part(const char *body, size_t n, struct link_msg *msg, struct err *e)
{
	(void)e;
	msg->part = body;
	msg->part_len = n;
	return RC_OK;
}

/* Each is JSON, or not. */
static const struct {
	const char *name;
	void (*write)(struct json_out *w, const struct link_msg *msg);
	enum rc (*read)(struct reading *r);
	void (*write_bytes)(const struct link_msg *msg, struct str *out);
	enum rc (*read_bytes)(const char *body, size_t n, struct link_msg *msg, struct err *e);
} kinds[] = {
	[LINK_HELLO] = { "HELLO", write_hello, read_hello, NULL, NULL },
	[LINK_BEAT] = { "BEAT", write_beat, read_beat, NULL, NULL },
	[LINK_EVENTS] = { "EVENTS", NULL, NULL, write_events, read_events },
	[LINK_PULL] = { "PULL", write_pull, read_pull, NULL, NULL },
	[LINK_BYE] = { "BYE", write_bye, read_bye, NULL, NULL },
	[LINK_ASKING] = { "ASKING", NULL, NULL, write_part, read_part },
};
_Static_assert(COUNT(kinds) == LINK_MSG_KINDS, "every kind has its form");

void wire_write(const struct link_msg *msg, struct str *out)
{
	char front[WIRE_HEAD_BYTES] = { 0, 0, 0, 0, VERSION, (char)msg->kind };
	size_t start = out->len;

	str_addn(out, front, sizeof front);
	if (kinds[msg->kind].write) {
		struct json_out w;

		json_begin(&w, out);
		json_object_open(&w, NULL);
		kinds[msg->kind].write(&w, msg);
		json_close(&w);
	} else {
		kinds[msg->kind].write_bytes(msg, out);
	}
	must(out->len - start - LENGTH_BYTES <= LINK_FRAME_BYTES_MAX && !out->is_cut);
	put_u32(out->s + start, (uint32_t)(out->len - start - LENGTH_BYTES));
}

static enum rc read_body(const char *body, size_t n, struct wire_in *in, struct err *e)
{
	enum link_msg_kind kind = in->msg.kind;
	scoped(json_flat_fini) struct json_flat json = JSON_FLAT_EMPTY;
	const struct json_node *object = NULL;
	enum rc rc;

	if (!kinds[kind].read)
		return kinds[kind].read_bytes(body, n, &in->msg, e);
	rc = json_flat_read(&json, body, n, &object, e);
	if (rc == RC_OK && object->type != JSON_OBJECT)
		rc = err_set(e, RC_INPUT, "not an object");
	if (rc == RC_OK)
		rc = kinds[kind].read(&(struct reading){ object, in, e });
	if (rc != RC_OK)
		return err_in(e, rc, "%s", kinds[kind].name);
	return RC_OK;
}

enum rc wire_read(const char *bytes, size_t n, struct wire_in *ret, size_t *ret_used, struct err *e)
{
	uint32_t length;
	unsigned kind;
	enum rc rc = RC_OK;

	*ret_used = 0;
	if (n < LENGTH_BYTES)
		return RC_OK;
	length = get_u32(bytes);
	if (length < WIRE_HEAD_BYTES - LENGTH_BYTES || length > LINK_FRAME_BYTES_MAX)
		return err_set(e, RC_INPUT, "frame of %" PRIu32 " bytes, allowed are %u to %u",
			length, (unsigned)(WIRE_HEAD_BYTES - LENGTH_BYTES),
			(unsigned)LINK_FRAME_BYTES_MAX);
	if (n > LENGTH_BYTES && bytes[LENGTH_BYTES] != VERSION)
		return err_set(e, RC_INPUT, "frame of version %d, this program speaks %d",
			(unsigned char)bytes[LENGTH_BYTES], VERSION);
	if (n - LENGTH_BYTES < length)
		return RC_OK;
	kind = (unsigned char)bytes[LENGTH_BYTES + 1];
	ret->is_known = kind < LINK_MSG_KINDS;
	ret->msg = (struct link_msg){ .kind = ret->is_known ? kind : 0 };
	if (ret->is_known)
		rc = read_body(bytes + WIRE_HEAD_BYTES, length - (WIRE_HEAD_BYTES - LENGTH_BYTES),
			ret, e);
	if (rc == RC_OK)
		*ret_used = LENGTH_BYTES + (size_t)length;
	return rc;
}
