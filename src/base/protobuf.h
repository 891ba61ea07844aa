/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf: the wire format of Protocol Buffers, read where it lies and written into a str.
 * https://protobuf.dev/programming-guides/encoding/
 *
 *	struct protobuf p = protobuf_over(bytes, n);
 *	struct protobuf_field f;
 *
 *	while (protobuf_next(&p, &f))
 *		if (f.key == PROTOBUF_BYTES(1))
 *			...
 *	if (p.is_bad)
 *		...
 *
 * A field that isn't known is passed over; one of a known number and another type is another key.
 * Groups, which nobody writes any more, are bad.
 *
 * There are two ways to write: protobuf_add_...() append to a str; protobuf_write_...() put it where the
 * caller has room, who has measured it before.
 */
#ifndef BASE_PROTOBUF_H
#define BASE_PROTOBUF_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Keys: the number of a field, and how it is written. */
#define PROTOBUF_VARINT(number)  ((number) << 3 | 0u)
#define PROTOBUF_FIXED64(number) ((number) << 3 | 1u)
#define PROTOBUF_BYTES(number)   ((number) << 3 | 2u)
#define PROTOBUF_FIXED32(number) ((number) << 3 | 5u)

struct protobuf {
	const uint8_t *at, *end;
	bool is_bad; /* cut off, or malformed */
};

struct protobuf_field {
	uint32_t key;
	uint32_t n;       /* of BYTES */
	const uint8_t *s; /* of BYTES */
	uint64_t v;       /* of the others: as it stands there */
};

static inline struct protobuf protobuf_over(const void *bytes, size_t n)
{
	return (struct protobuf){ .at = bytes, .end = n ? (const uint8_t *)bytes + n : bytes };
}
static inline struct protobuf protobuf_inside(const struct protobuf_field *f)
{
	return protobuf_over(f->s, f->n);
}

/* What doesn't fit in a byte. */
bool protobuf_take_varint_slowly(struct protobuf *p, uint64_t *ret);

static inline bool protobuf_take_varint(struct protobuf *p, uint64_t *ret)
{
	if (p->at < p->end && *p->at < 0x80) {
		*ret = *p->at++;
		return true;
	}
	return protobuf_take_varint_slowly(p, ret);
}

static inline bool protobuf_take_fixed(struct protobuf *p, unsigned n, uint64_t *ret)
{
	if ((size_t)(p->end - p->at) < n) {
		p->is_bad = true;
		return false;
	}
	*ret = 0;
	memcpy(ret, p->at, n);
	p->at += n;
	return true;
}

/* False: there are no more, or it is bad. */
static inline bool protobuf_next(struct protobuf *p, struct protobuf_field *ret)
{
	uint64_t v;

	if (p->at == p->end || !protobuf_take_varint(p, &v))
		return false;
	ret->key = (uint32_t)v;
	if (v > UINT32_MAX || v < 8) {
		p->is_bad = true;
		return false;
	}
	switch (v & 7) {
	case 0:
		return protobuf_take_varint(p, &ret->v);
	case 1:
		return protobuf_take_fixed(p, 8, &ret->v);
	case 2:
		if (!protobuf_take_varint(p, &v))
			return false;
		p->is_bad = v > (uint64_t)(p->end - p->at);
		if (p->is_bad)
			return false;
		ret->s = p->at;
		ret->n = (uint32_t)v;
		p->is_bad = v > UINT32_MAX;
		p->at += v;
		return !p->is_bad;
	case 5:
		return protobuf_take_fixed(p, 4, &ret->v);
	default:
		p->is_bad = true;
		return false;
	}
}

static inline double protobuf_double(const struct protobuf_field *f)
{
	double v;

	memcpy(&v, &f->v, sizeof v);
	return v;
}
static inline int64_t protobuf_zigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

/* Writing; fields that have their default are left out, as proto3 has it. */
void protobuf_put_varint(struct str *out, uint64_t v);
void protobuf_add_uint(struct str *out, uint32_t number, uint64_t v);
static inline void protobuf_add_int(struct str *out, uint32_t number, int64_t v)
{
	protobuf_add_uint(out, number, (uint64_t)v);
}
void protobuf_add_sint(struct str *out, uint32_t number, int64_t v); /* zigzag */
void protobuf_add_double(struct str *out, uint32_t number, double v);
void protobuf_add_bytes(struct str *out, uint32_t number, const void *s, size_t n);
/* A message within: what is added between the two.  The length is put in behind, so that nothing is
 * measured twice. */
size_t protobuf_open(struct str *out, uint32_t number);
void protobuf_close(struct str *out, size_t opened);

/* Writing into room; each returns where the next one goes. */
#define PROTOBUF_VARINT_MAX 10 /* bytes */

static inline uint32_t protobuf_varint_bytes(uint64_t v)
{
	return (uint32_t)(63 - __builtin_clzll(v | 1)) / 7 + 1;
}
static inline uint8_t *protobuf_write_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}
static inline uint8_t *protobuf_write_key(uint8_t *p, uint32_t key)
{
	return protobuf_write_varint(p, key);
}
static inline uint8_t *protobuf_write_text(uint8_t *p, uint32_t number, const void *text,
	uint32_t n)
{
	p = protobuf_write_varint(protobuf_write_key(p, PROTOBUF_BYTES(number)), n);
	if (n)
		memcpy(p, text, n);
	return p + n;
}

#endif
