/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/snappy_out.h"

#include "base/protobuf.h"

enum { TAG_LITERAL = 0, TAG_COPY_1 = 1, TAG_COPY_2 = 2, TAG_COPY_4 = 3 };

#define SHORT_LITERAL 60 /* bytes whose number stands in the tag */
#define TAG_LENGTH_1  60 /* then it stands in the byte behind the tag, */
#define TAG_LENGTH_2  61 /* or in two */
#define COPY_MAX      64 /* bytes of one element */

/* Three bytes were left before it; what isn't needed of these is closed. */
void snappy_end_literal(struct snappy_out *o)
{
	uint8_t *p = o->literal;
	uint32_t n = (uint32_t)(o->p - p);

	if (n <= SHORT_LITERAL) {
		p[-3] = (uint8_t)((n - 1) << 2 | TAG_LITERAL);
		memmove(p - 2, p, n);
		o->p -= 2;
	} else if (n <= 256) {
		p[-3] = TAG_LENGTH_1 << 2 | TAG_LITERAL;
		p[-2] = (uint8_t)(n - 1);
		memmove(p - 1, p, n);
		o->p -= 1;
	} else {
		p[-3] = TAG_LENGTH_2 << 2 | TAG_LITERAL;
		p[-2] = (uint8_t)(n - 1);
		p[-1] = (uint8_t)((n - 1) >> 8);
	}
	o->literal = NULL;
}

static uint8_t *put_copy(uint8_t *p, uint32_t offset, uint32_t n)
{
	if (offset < 2048 && n >= 4 && n <= 11) {
		*p++ = (uint8_t)(offset >> 8 << 5 | (n - 4) << 2 | TAG_COPY_1);
		*p++ = (uint8_t)offset;
		return p;
	}
	*p++ = (uint8_t)((n - 1) << 2 | (offset < 65536 ? TAG_COPY_2 : TAG_COPY_4));
	memcpy(p, &offset, 4);
	return p + (offset < 65536 ? 2 : 4);
}

void snappy_end_copy(struct snappy_out *o)
{
	for (; o->again > COPY_MAX; o->again -= COPY_MAX)
		o->p = put_copy(o->p, o->offset, COPY_MAX);
	o->p = put_copy(o->p, o->offset, o->again);
	o->again = 0;
}

uint8_t *snappy_finish(struct snappy_out *o, uint32_t *ret_n)
{
	uint8_t *begin = o->start + SNAPPY_HEAD_MAX - protobuf_varint_bytes(o->n);

	if (o->literal)
		snappy_end_literal(o);
	if (o->again)
		snappy_end_copy(o);
	protobuf_write_varint(begin, o->n);
	*ret_n = (uint32_t)(o->p - begin);
	return begin;
}
