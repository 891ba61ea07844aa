/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunks: samples as the chunks that Prometheus keeps on its disk, which remote read may answer with.
 *
 *	XOR             u16 samples (big-endian); then bits, the highest first: the first time as a varint,
 *	                the first value's 64 bits; the second's distance as a varint; of the others by how
 *	                much the distance changes; each value by its bits XORed with those before
 *	HISTOGRAM,      u16 samples, u8 reset hint in the highest two bits; then layout, time, counts, sum
 *	FLOAT_HISTOGRAM and buckets
 *
 * A histogram is a chunk by itself, so that it says of itself whether its counters have begun anew: of
 * the second and later ones of a chunk a reader believes that they haven't.
 *
 * Source: tsdb/docs/format/chunks.md and tsdb/chunkenc of Prometheus 3.5.
 */
#ifndef CORE_REMOTE_CHUNKS_H
#define CORE_REMOTE_CHUNKS_H

#include "base/series.h"
#include "base/str.h"

#define REMOTE_CHUNK_SAMPLES 120 /* at most, as Prometheus has it */

enum remote_encoding { REMOTE_XOR = 1, REMOTE_HISTOGRAM, REMOTE_FLOAT_HISTOGRAM };

struct remote_chunk {
	enum remote_encoding encoding;
	int64_t min_ms, max_ms;
	struct str bytes;
};

/* The chunk that begins with sample `at`, in place of what `ret` held; returns where the next one begins. */
uint32_t remote_chunk_make(const struct series_column *c, uint32_t at, struct remote_chunk *ret);

#endif
