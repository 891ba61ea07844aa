/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ints: up to 256 integers as bytes, made to be decoded fast: a vector.
 *
 * Times, the digits of values, ids and offsets all become such vectors.  Each stands for itself, so
 * that any of them can be decoded without the others.
 *
 *	u8       mode (low 2 bits), INTS_FACTOR, INTS_PATCHED; high 4 bits: the caller's tag
 *	varint   base, zigzag
 *	varint   least change, zigzag            INTS_CHANGES only
 *	varint   factor - 1                      with INTS_FACTOR
 *	u8       width in bits, 0 to 64          not with INTS_SAME
 *	u8, u8   number of patches - 1, width    with INTS_PATCHED
 *	bits     n numbers (n - 1: of changes) of `width` bits, the first in the lowest bits
 *	bytes    of each patch its place
 *	bits     of each patch the bits above `width`
 *
 *	INTS_SAME      v = base
 *	INTS_OFFSETS   v = base + factor * number
 *	INTS_CHANGES   the first is base, then v += least + factor * number
 *	INTS_SIGNED    the first is base, then v += factor * unzigzag(number)
 *
 * All is reckoned modulo 2^64.  The frame of reference with patches is Zukowski and others, "Super-
 * Scalar RAM-CPU Cache Compression", 2006.
 */
#ifndef CORE_METRICS_INTS_H
#define CORE_METRICS_INTS_H

#include <stdbool.h>
#include <stdint.h>

#define INTS_MAX       256
#define INTS_BYTES_MAX 2112 /* of a vector */
#define INTS_SLACK     8    /* bytes beyond a vector that are written, or read, and don't count */
#define INTS_TAG_MAX   15

struct ints_span {
	const uint8_t *p, *end;
};

/* Write 1 to INTS_MAX integers to `out`, of INTS_BYTES_MAX + INTS_SLACK bytes; returns how many
 * bytes count. */
unsigned ints_encode(const int64_t *v, unsigned n, unsigned tag, uint8_t *out);

/* Read a vector of `n` at in->p and move it behind; INTS_SLACK bytes behind in->end must be
 * readable.  `ret` has INTS_MAX places.  False: that is no vector of n. */
bool ints_decode(struct ints_span *in, unsigned n, int64_t *ret);

/* The tag of the vector that begins with this byte, and whether it is INTS_SAME. */
static inline unsigned ints_tag(uint8_t first)
{
	return first >> 4;
}
static inline bool ints_is_same(uint8_t first)
{
	return (first & 3) == 0;
}

#endif
