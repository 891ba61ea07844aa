/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packed: native histograms as bytes, each told by how it differs from the one before.
 *
 * Most scrapes find few buckets changed, and the layout as it was.  Numbers are the count, that of
 * the zero bucket, those of the positive and those of the negative buckets.
 *
 *	u8 flags
 *	with PACKED_LAYOUT   i8 schema, u64 zero threshold, spans, spans of negative buckets; with
 *	                     custom bounds varint n, n u64.  The sum and all numbers before are 0
 *	                     spans: varint n, then of each varint zigzag offset, varint length
 *	u8, bytes            the sum: bits XORed with those before; low four bits: bytes that follow,
 *	                     high four: zero bytes below them
 *	bits                 of each number whether it changes, the lowest first, in whole bytes
 *	of each that does    varint zigzag change, of the count: less the sum of the other changes;
 *	                     with PACKED_DOUBLES as the sum
 *
 * PACKED_SAME stands alone: the one before, again.  A number that is no integer counts as 0 where an
 * integer follows it.
 */
#ifndef CORE_METRICS_PACKED_H
#define CORE_METRICS_PACKED_H

#include "base/histogram.h"
#include "base/limits.h"
#include "core/metrics/varint.h"

enum packed_flag {
	PACKED_RESET = 0x03, /* enum histogram_reset */
	PACKED_FLOAT = 0x04, /* is_float */
	PACKED_LAYOUT = 0x08,
	PACKED_DOUBLES = 0x10,
	PACKED_SAME = 0x20,
};

#define PACKED_NUMBERS_MAX (HISTOGRAM_BUCKETS_MAX + 2)
#define PACKED_BYTES_MAX   60000 /* of one histogram */

/* Add `h`, whose layout was checked (histogram_check_layout), behind `before`; NULL: the first. */
void packed_add(struct str *out, const struct histogram *before, const struct histogram *h);

/* Take one from the front of `in`, into the arena; parts that didn't change are those of `before`.
 * RC_CORRUPT; RC_LIMIT: the arena is full. */
enum rc packed_take(struct varint_bytes *in, const struct histogram *before, struct arena *a,
	const struct histogram **ret, struct err *e) MUST_USE;

#endif
