/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ints: up to 256 integers as bytes, made to be decoded fast: a vector.
 *
 * Times, the digits of values, ids and offsets all become such vectors.  Each stands for itself, so
 * that any of them can be decoded without the others.
 *
 *	u8       mode (low 3 bits), INTS_FACTOR (8); high 4 bits: the caller's tag
 *	varint   base, zigzag
 *	varint   change, zigzag                  INTS_CHANGES, INTS_SIGNED, INTS_TURNS
 *	varint   factor - 1                      with INTS_FACTOR, else factor is 1
 *	u8       width, 0 to 64, or 65 + width: Rice's code; 0x80: patches     not with INTS_SAME
 *	u8, u8   number of patches - 1, width    with patches
 *	bits     n - 1: has it changed           INTS_FEW only
 *	bits     the numbers' low `width` bits, the first in the lowest bits
 *	bytes    of each patch its place
 *	bits     of each patch what stands above the number's `width` bits
 *	bits     of each number what stands above, as so many zeros and a one     with Rice's code
 *
 *	INTS_SAME      v = base
 *	INTS_OFFSETS   v = base + factor * number, n numbers
 *	INTS_CHANGES   the first is base, then v += change + factor * number
 *	INTS_SIGNED    the first is base, then v += factor * (change + unzigzag(number))
 *	INTS_TURNS     the first is base, then v += factor * change; then also, before, change +=
 *	               unzigzag(number): n - 2 numbers
 *	INTS_FEW       the first is base, then, where it has changed,
 *	               v += factor * unzigzag(number + 1)
 *
 * All is reckoned modulo 2^64.  The frame of reference with patches is Zukowski and others, "Super-
 * Scalar RAM-CPU Cache Compression", 2006; the code is Rice, "Some Practical Universal Noiseless
 * Coding Techniques", 1979.
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

/* The first `few` of n alone, which takes less time. */
bool ints_decode_first(struct ints_span in, unsigned n, unsigned few, int64_t *ret);

/* Whether the head tells that each is the one before and always the same more. */
bool ints_is_regular(struct ints_span in, unsigned n, int64_t *ret_first, int64_t *ret_change);

/* Those at some places, of a vector that never falls; where its head tells that, without decoding it.
 * False: it falls, or that is no vector of n. */
struct ints_places {
	uint8_t v[INTS_MAX]; /* ascending, each once */
	unsigned n;          /* at least 1 */
};
struct ints_picked {
	int64_t v[INTS_MAX];
	bool is_strict; /* and no two of the vector are equal */
};
bool ints_pick_rising(struct ints_span in, unsigned n, const struct ints_places *at,
	struct ints_picked *ret);

/* The tag of the vector that begins with this byte. */
static inline unsigned ints_tag(uint8_t first)
{
	return first >> 4;
}

#endif
