/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snappy_out: a snappy block (https://github.com/google/snappy/blob/main/format_description.txt) from
 * somebody who knows himself what he repeats.
 *
 * A compressor hashes its input to find what was there before.  Who writes a request knows: the label
 * that he writes stood there so many bytes ago.  So he says either "these bytes" or "again those n
 * bytes from so far back", which costs a few bytes and nothing is looked for.
 */
#ifndef CORE_REMOTE_WRITE_SNAPPY_OUT_H
#define CORE_REMOTE_WRITE_SNAPPY_OUT_H

#include <stdint.h>
#include <string.h>

#define SNAPPY_HEAD_MAX    5 /* of the block: its length as a varint */
#define SNAPPY_LITERAL_MAX 65536
/* What n bytes that are told in k pieces take at most. */
#define SNAPPY_BOUND(n, k) (SNAPPY_HEAD_MAX + (uint64_t)(n) + 6 * ((uint64_t)(k) + 1) + (n) / 8192)

struct snappy_out {
	uint8_t *start, *p;     /* SNAPPY_HEAD_MAX bytes of room are before the first element */
	uint8_t *literal;       /* where the open literal's bytes begin; NULL: there is none */
	uint32_t n;             /* bytes that were told so far, uncompressed */
	uint32_t offset, again; /* a copy that may still become longer; again 0: none */
};

/* `room` has SNAPPY_BOUND() bytes of what will come. */
static inline void snappy_begin(struct snappy_out *o, uint8_t *room)
{
	*o = (struct snappy_out){ .start = room, .p = room + SNAPPY_HEAD_MAX };
}

void snappy_end_literal(struct snappy_out *o);
void snappy_end_copy(struct snappy_out *o);

static inline void snappy_open_literal(struct snappy_out *o, uint32_t n)
{
	if (o->again)
		snappy_end_copy(o);
	if (o->literal && (uint32_t)(o->p - o->literal) + n > SNAPPY_LITERAL_MAX)
		snappy_end_literal(o);
	if (!o->literal)
		o->literal = o->p += 3;
}
/* These bytes, at most SNAPPY_LITERAL_MAX. */
static inline void snappy_bytes(struct snappy_out *o, const void *bytes, uint32_t n)
{
	if (!n)
		return;
	snappy_open_literal(o, n);
	memcpy(o->p, bytes, n);
	o->p += n;
	o->n += n;
}
/* Again the n bytes that were told from `at` on; n > 0. */
static inline void snappy_again(struct snappy_out *o, uint32_t at, uint32_t n)
{
	uint32_t offset = o->n - at;

	if (o->again && o->offset != offset)
		snappy_end_copy(o);
	if (o->literal)
		snappy_end_literal(o);
	o->offset = offset;
	o->again += n;
	o->n += n;
}
/* The whole block; it begins at or behind `start`. */
uint8_t *snappy_finish(struct snappy_out *o, uint32_t *ret_n);

#endif
