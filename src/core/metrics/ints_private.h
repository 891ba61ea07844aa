/* SPDX-License-Identifier: Apache-2.0 */
/* ints_private: the bytes at the beginning of a vector of ints.h, for its two directions. */
#ifndef CORE_METRICS_INTS_PRIVATE_H
#define CORE_METRICS_INTS_PRIVATE_H

#include <stdbool.h>

enum ints_mode {
	INTS_SAME,
	INTS_OFFSETS,
	INTS_CHANGES,
	INTS_SIGNED,
	INTS_TURNS,
	INTS_FEW,
	INTS_MODES
};
#define INTS_MODE   7
#define INTS_FACTOR 8

/* The byte that tells how numbers are written. */
#define INTS_RICE    65 /* added to the width of the low bits */
#define INTS_WIDTH   0x7f
#define INTS_PATCHED 0x80

#define INTS_RICE_WIDTH_MAX (INTS_WIDTH - INTS_RICE)

/* Whether a change stands behind the base. */
static inline bool ints_has_change(enum ints_mode mode)
{
	return mode == INTS_CHANGES || mode == INTS_SIGNED || mode == INTS_TURNS;
}

#endif
