/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: an event as bytes.  What the hash covers stands there as it is hashed, so that what
 * travels is spelled by nobody on the way, and is read where it lies.
 */
#include "core/journal/event.h"

#include "base/str.h"

#include <endian.h>

#define LENGTH_BYTES 4
#define U64_BYTES    8

static const char tag[] = "diarchy.event.1"; /* with its NUL */

static void put_u64(struct str *out, uint64_t value)
{
	value = htole64(value);
	str_addn(out, &value, sizeof value);
}

static void put_text(struct str *out, const char *text)
{
	str_addn(out, text, strlen(text) + 1);
}

void event_write_record(const struct event *ev, struct str *out)
{
	uint32_t length = 0;
	size_t start = out->len;

	str_addn(out, &length, sizeof length);
	str_addn(out, tag, sizeof tag);
	put_text(out, ev->site);
	put_u64(out, ev->epoch);
	put_u64(out, ev->seq);
	put_u64(out, ev->hlc);
	put_u64(out, (uint64_t)ev->wall.ms);
	put_text(out, ev->kind);
	put_text(out, ev->subject);
	put_text(out, ev->body);
	str_addn(out, ev->previous.bytes, sizeof ev->previous.bytes);
	str_addn(out, ev->hash.bytes, sizeof ev->hash.bytes);
	str_addn(out, ev->signature, sizeof ev->signature);
	length = htobe32((uint32_t)(out->len - start - LENGTH_BYTES));
	memcpy(out->s + start, &length, sizeof length);
}

/* Each take_...() moves `p` on, or leaves it NULL when the record is too short. */
struct reader {
	const char *p, *end;
};

static const char *take(struct reader *r, size_t n)
{
	const char *at = r->p;

	r->p = at && (size_t)(r->end - at) >= n ? at + n : NULL;
	return r->p ? at : NULL;
}

static void take_bytes(struct reader *r, void *ret, size_t n)
{
	const char *at = take(r, n);

	if (at)
		memcpy(ret, at, n);
}

static uint64_t take_u64(struct reader *r)
{
	uint64_t value = 0;

	take_bytes(r, &value, U64_BYTES);
	return le64toh(value);
}

static const char *take_text(struct reader *r)
{
	const char *nul = r->p ? memchr(r->p, '\0', (size_t)(r->end - r->p)) : NULL;

	if (!nul)
		return r->p = NULL;
	return take(r, (size_t)(nul + 1 - r->p));
}

static bool take_tag(struct reader *r)
{
	const char *at = take(r, sizeof tag);

	return at && memcmp(at, tag, sizeof tag) == 0;
}

static bool take_fields(struct reader *r, struct event *ev)
{
	if (!take_tag(r))
		return false;
	ev->site = take_text(r);
	ev->epoch = take_u64(r);
	ev->seq = take_u64(r);
	ev->hlc = take_u64(r);
	ev->wall.ms = (int64_t)take_u64(r);
	ev->kind = take_text(r);
	ev->subject = take_text(r);
	ev->body = take_text(r);
	take_bytes(r, ev->previous.bytes, sizeof ev->previous.bytes);
	take_bytes(r, ev->hash.bytes, sizeof ev->hash.bytes);
	take_bytes(r, ev->signature, sizeof ev->signature);
	return r->p && r->p == r->end;
}

enum rc event_read_record(const char **at, const char *end, struct event *ret, struct err *e)
{
	struct reader r = { *at, end };
	struct event ev = { 0 };
	uint32_t length = 0;

	take_bytes(&r, &length, sizeof length);
	length = be32toh(length);
	if (!r.p || (size_t)(end - r.p) < length)
		return err_set(e, RC_INPUT, "the record of an event is cut off");
	r.end = r.p + length;
	if (!take_fields(&r, &ev))
		return err_set(e, RC_INPUT, "not the record of an event");
	*at = r.end;
	*ret = ev;
	return RC_OK;
}
