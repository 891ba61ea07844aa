/* SPDX-License-Identifier: Apache-2.0 */
#include "base/protobuf.h"

bool protobuf_take_varint_slowly(struct protobuf *p, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte;

		if (p->at == p->end)
			break;
		byte = *p->at++;
		if (shift == 63 && byte > 1)
			break;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = v;
			return true;
		}
	}
	p->is_bad = true;
	return false;
}

void protobuf_put_varint(struct str *out, uint64_t v)
{
	uint8_t bytes[PROTOBUF_VARINT_MAX];

	str_addn(out, bytes, (size_t)(protobuf_write_varint(bytes, v) - bytes));
}

void protobuf_add_uint(struct str *out, uint32_t number, uint64_t v)
{
	if (!v)
		return;
	protobuf_put_varint(out, PROTOBUF_VARINT(number));
	protobuf_put_varint(out, v);
}

void protobuf_add_sint(struct str *out, uint32_t number, int64_t v)
{
	protobuf_add_uint(out, number, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

void protobuf_add_double(struct str *out, uint32_t number, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	if (!bits)
		return;
	protobuf_put_varint(out, PROTOBUF_FIXED64(number));
	str_addn(out, &bits, sizeof bits);
}

void protobuf_add_bytes(struct str *out, uint32_t number, const void *s, size_t n)
{
	if (!n)
		return;
	protobuf_put_varint(out, PROTOBUF_BYTES(number));
	protobuf_put_varint(out, n);
	str_addn(out, s, n);
}

size_t protobuf_open(struct str *out, uint32_t number)
{
	protobuf_put_varint(out, PROTOBUF_BYTES(number));
	str_addc(out, 0);
	return out->len;
}

void protobuf_close(struct str *out, size_t opened)
{
	size_t n = out->len - opened, n_length;
	uint8_t bytes[PROTOBUF_VARINT_MAX];

	if (out->is_cut)
		return;
	n_length = (size_t)(protobuf_write_varint(bytes, n) - bytes);
	for (size_t i = 1; i < n_length; i++)
		str_addc(out, 0);
	if (out->is_cut)
		return;
	memmove(out->s + opened - 1 + n_length, out->s + opened, n);
	memcpy(out->s + opened - 1, bytes, n_length);
}
