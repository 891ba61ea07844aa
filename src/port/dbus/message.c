/* SPDX-License-Identifier: Apache-2.0 */
#include "port/dbus/message.h"

#include "base/limits.h"

#include <endian.h>

#define VERSION       1
#define NO_AUTO_START 2 /* of the flags */

enum field {
	PATH = 1,
	INTERFACE,
	MEMBER,
	ERROR_NAME,
	REPLY_SERIAL,
	DESTINATION,
	SENDER,
	SIGNATURE
};

/* ---- writing */

static void align(struct str *out, size_t begin, size_t to)
{
	while ((out->len - begin) % to)
		str_addc(out, '\0');
}

static void add_u32(struct str *out, size_t begin, uint32_t v)
{
	align(out, begin, 4);
	v = htole32(v);
	str_addn(out, &v, 4);
}

static void add_text(struct str *out, size_t begin, const char *text)
{
	add_u32(out, begin, (uint32_t)strlen(text));
	str_addn(out, text, strlen(text) + 1);
}

static void add_field(struct str *out, size_t begin, enum field code, const char *type)
{
	align(out, begin, 8);
	str_addc(out, (char)code);
	str_addc(out, (char)strlen(type));
	str_addn(out, type, strlen(type) + 1);
}

static void add_text_field(struct str *out, size_t begin, enum field code, const char *text)
{
	add_field(out, begin, code, code == PATH ? "o" : "s");
	add_text(out, begin, text);
}

static void put_u32(struct str *out, size_t at, size_t v)
{
	uint32_t wire = htole32((uint32_t)v);

	memcpy(out->s + at, &wire, 4);
}

void bus_call_write(const struct bus_call *call, uint32_t serial, struct str *out)
{
	size_t begin = out->len, body, n = 0;

	while (n < COUNT(call->arguments) && call->arguments[n])
		n++;
	str_addn(out, (const char[]){ 'l', BUS_CALL, NO_AUTO_START, VERSION }, 4);
	add_u32(out, begin, 0); /* the body's size, known below */
	add_u32(out, begin, serial);
	add_u32(out, begin, 0); /* the fields' */
	add_text_field(out, begin, PATH, call->path);
	add_text_field(out, begin, DESTINATION, call->destination);
	add_text_field(out, begin, INTERFACE, call->interface);
	add_text_field(out, begin, MEMBER, call->member);
	if (n) {
		add_field(out, begin, SIGNATURE, "g");
		str_addc(out, (char)n);
		str_addn(out, "ss", n);
		str_addc(out, '\0');
	}
	put_u32(out, begin + 12, out->len - begin - BUS_HEAD_BYTES);
	align(out, begin, 8);
	body = out->len;
	for (size_t i = 0; i < n; i++)
		add_text(out, begin, call->arguments[i]);
	put_u32(out, begin + 4, out->len - body);
}

/* ---- reading */

static const uint8_t *take(struct bus_reader *r, size_t alignment, size_t n)
{
	size_t at = (r->at + alignment - 1) / alignment * alignment;

	if (r->is_broken || at > r->end || n > r->end - at) {
		r->is_broken = true;
		return NULL;
	}
	r->at = at + n;
	return r->bytes + at;
}

static uint8_t read_byte(struct bus_reader *r)
{
	const uint8_t *at = take(r, 1, 1);

	return at ? *at : 0;
}

uint32_t bus_u32(struct bus_reader *r)
{
	const uint8_t *at = take(r, 4, 4);
	uint32_t v = 0;

	if (at)
		memcpy(&v, at, 4);
	return le32toh(v);
}

uint64_t bus_u64(struct bus_reader *r)
{
	const uint8_t *at = take(r, 8, 8);
	uint64_t v = 0;

	if (at)
		memcpy(&v, at, 8);
	return le64toh(v);
}

/* They end in a NUL that their length doesn't count, and hold no other. */
static const char *read_terminated(struct bus_reader *r, size_t n)
{
	const uint8_t *at = n < SIZE_MAX ? take(r, 1, n + 1) : NULL;

	if (at && memchr(at, '\0', n + 1) == at + n)
		return (const char *)at;
	r->is_broken = true;
	return "";
}

const char *bus_text(struct bus_reader *r)
{
	return read_terminated(r, bus_u32(r));
}

const char *bus_signature(struct bus_reader *r)
{
	return read_terminated(r, read_byte(r));
}

size_t bus_structures(struct bus_reader *r)
{
	size_t n = bus_u32(r);

	if (!take(r, 8, 0) || n > r->end - r->at) {
		r->is_broken = true;
		return 0;
	}
	return r->at + n;
}

bool bus_structure(struct bus_reader *r, size_t end)
{
	return r->at < end && take(r, 8, 0) && r->at < end;
}

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, 4);
	return le32toh(v);
}

static size_t after_fields(const uint8_t head[BUS_HEAD_BYTES])
{
	return BUS_HEAD_BYTES + ((size_t)u32_at(head + 12) + 7) / 8 * 8;
}

enum rc bus_message_size(const uint8_t head[BUS_HEAD_BYTES], size_t *ret, struct err *e)
{
	size_t n = after_fields(head) + u32_at(head + 4);

	if (head[0] != 'l' || head[3] != VERSION)
		return err_set(e, RC_INPUT, "not a message of this machine's D-Bus");
	if (n > BUS_MESSAGE_BYTES_MAX)
		return err_set(e, RC_LIMIT, "a message of %zu bytes (%d at most)", n,
			BUS_MESSAGE_BYTES_MAX);
	*ret = n;
	return RC_OK;
}

struct field_value {
	uint32_t number;
	const char *text;
};

/* Of the few types that fields have; another one breaks it. */
static struct field_value read_value(struct bus_reader *r)
{
	const char *type = bus_signature(r);
	struct field_value v = { 0, "" };

	if (str_eq(type, "u"))
		v.number = bus_u32(r);
	else if (str_eq(type, "s") || str_eq(type, "o"))
		v.text = bus_text(r);
	else if (str_eq(type, "g"))
		v.text = bus_signature(r);
	else
		r->is_broken = true;
	return v;
}

static void read_field(struct bus_reader *r, struct bus_message *m)
{
	uint8_t code = read_byte(r);
	struct field_value v = read_value(r);

	if (code == REPLY_SERIAL)
		m->answers = v.number;
	else if (code == ERROR_NAME)
		m->error = v.text;
	else if (code == SIGNATURE)
		m->signature = v.text;
}

enum rc bus_message_read(const uint8_t *bytes, size_t n, struct bus_message *ret, struct err *e)
{
	struct bus_message m = { .signature = "" };
	struct bus_reader fields = { bytes, 12, n, false };
	size_t whole = 0, end, body;
	enum rc rc = n < BUS_HEAD_BYTES ? err_set(e, RC_INPUT, "a message is cut off")
					: bus_message_size(bytes, &whole, e);

	if (rc != RC_OK)
		return rc;
	if (whole != n)
		return err_set(e, RC_INPUT, "a message of %zu bytes says %zu", n, whole);
	end = bus_structures(&fields);
	while (bus_structure(&fields, end))
		read_field(&fields, &m);
	if (fields.is_broken || fields.at != end)
		return err_set(e, RC_INPUT, "a message's header is malformed");
	m.kind = bytes[1];
	if (m.kind == BUS_ERROR && !m.error)
		return err_set(e, RC_INPUT, "an error without a name");
	body = after_fields(bytes);
	m.body = (struct bus_reader){ bytes + body, 0, n - body, false };
	*ret = m;
	return RC_OK;
}
