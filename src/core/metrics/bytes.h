/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes: numbers as they stand in the files and chunks of metrics: little-endian, unaligned.
 */
#ifndef CORE_METRICS_BYTES_H
#define CORE_METRICS_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the formats are read where they lie");

static inline uint64_t get_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}
static inline uint32_t get_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}
static inline uint16_t get_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* The low `n` bytes; 8 bytes at p must be writable (readable) all the same. */
static inline uint8_t *put_low(uint8_t *p, uint64_t v, unsigned n)
{
	memcpy(p, &v, sizeof v);
	return p + n;
}
static inline uint64_t get_low(const uint8_t *p, unsigned n)
{
	return n ? get_u64(p) & UINT64_MAX >> (64 - 8 * n) : 0;
}

/* How many bytes, or bits, `v` takes; at least 1 byte, at least 0 bits. */
static inline unsigned bits_of(uint64_t v)
{
	return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}
static inline unsigned bytes_of(uint64_t v)
{
	return (bits_of(v | 1) + 7) / 8;
}

/* 7 bits a byte, the lowest first; at most 10 bytes. */
#define VARINT_MAX 10
static inline uint8_t *put_varint(uint8_t *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	return p;
}
/* Moves *p behind it; false: it doesn't end before `end`. */
static inline bool get_varint(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && *p < end; shift += 7) {
		uint8_t byte = *(*p)++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = v;
			return true;
		}
	}
	return false;
}

/* What tells damage: of 32 bits for what is read at once, of 16 for each of many small pieces. */
static inline uint32_t check_32(const void *p, size_t n)
{
	return (uint32_t)XXH3_64bits(p, n);
}
static inline uint16_t check_16(const void *p, size_t n)
{
	return (uint16_t)XXH3_64bits(p, n);
}

/* Small numbers of either sign as small numbers: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... */
static inline uint64_t zigzag(uint64_t v)
{
	return v << 1 ^ (0 - (v >> 63));
}
static inline uint64_t unzigzag(uint64_t z)
{
	return z >> 1 ^ (0 - (z & 1));
}

#endif
