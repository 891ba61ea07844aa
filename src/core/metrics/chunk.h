/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk: the newest samples of one series, in bytes that only grow.
 *
 * The head keeps a chunk_state and a few bytes for each living series.  Appending writes 0 to
 * CHUNK_APPEND_MAX bytes: none at all while the step in time and the value stay as they were, since
 * a chunk is its bytes *and* its number of samples, and samples that the bytes don't tell of repeat
 * the last one.  So who publishes (n_bytes, n_samples) as one word after each append lets other
 * threads read without a lock; the bytes below n_bytes never change.
 *
 * The bytes are tokens; the first byte tells which.  Before the first there was a sample of value 0
 * and exponent 0 at `base_ms`, and the step between samples was 0.  Numbers are little-endian; d is
 * a change of `digits` (decimal.h), in zigzag.
 *
 *	0ddddddd                    the next sample, one step later: digits + d
 *	10dddddd d8                 the same; the first byte holds the high bits
 *	110ddddd d16                the same
 *	1110 0nnn  n+1 bytes        the same
 *	1110 1nnn  exp, n+1 bytes   digits, whole, in zigzag; the exponent is `exp` from here on
 *	f0  u8, bytes              bits of the double, XORed with those of the last
 *	f1  u8      f2  u16         so many more samples (u8 + 1) like the last, each one step later
 *	f3  i8      f4  i16         the step changes by this; a token of a value follows
 *	f5  i64                     the same
 *	f6                          the last sample again (after a step has changed)
 *	f7  varint, bytes           a native histogram (packed.h) behind the chunk's last one
 *	f8 ... ff                   as f3: -4 -3 -2 -1 +1 +2 +3 +4
 *
 * The second byte of f0: the low four bits are the number of bytes that follow, 0 to 8; the high
 * four how many zero bytes stand below them.  After f0 the digits aren't known; a sample told by
 * its digits is then told whole.  A step beyond 32 bits is used once and becomes 0.  Floats and
 * histograms of a series stand among each other; each kind is told by the last one of it.
 */
#ifndef CORE_METRICS_CHUNK_H
#define CORE_METRICS_CHUNK_H

#include "base/series.h"

#define CHUNK_APPEND_MAX  22    /* bytes one append may add */
#define CHUNK_APPEND_ROOM 32    /* bytes it may scribble on */
#define CHUNK_SAMPLES_MAX 65535 /* so that both numbers of a chunk fit in one word of 32 bits */
#define CHUNK_BYTES_MAX   65535

/* What the writer knows: of the last sample, and of the samples that no byte tells of yet. */
struct chunk_state {
	int64_t t_ms;
	uint64_t bits; /* of the last value */
	int32_t step_ms;
	uint16_t repeats;
	uint8_t exp;       /* CHUNK_EXP_NONE: the last value isn't a decimal */
	bool is_histogram; /* the last sample; `bits` and `exp` are those of the last float */
};
#define CHUNK_EXP_NONE 255

static inline struct chunk_state chunk_begin(int64_t base_ms)
{
	return (struct chunk_state){ .t_ms = base_ms };
}

/* Append one sample, later than the last.  Writes to `out` and returns the number of bytes that
 * count.  A chunk holds at most CHUNK_SAMPLES_MAX samples and CHUNK_BYTES_MAX bytes: the caller
 * ends it before. */
unsigned chunk_append(struct chunk_state *s, uint8_t out[CHUNK_APPEND_ROOM], int64_t t_ms,
	double v);

/* The same of a histogram packed behind the chunk's last one; n 0: it is the last sample again.  Up to
 * CHUNK_HISTOGRAM_HEAD bytes more than `n`. */
#define CHUNK_HISTOGRAM_HEAD       16
#define CHUNK_HISTOGRAMS_BYTES_MAX (64u << 20) /* no chunk's take more in an arena */
unsigned chunk_append_histogram(struct chunk_state *s, uint8_t *out, int64_t t_ms,
	const uint8_t *bytes, unsigned n);

/* A chunk to be read: as published, and gathered where it lay in pieces. */
struct chunk {
	const uint8_t *bytes;
	uint32_t n_bytes, n_samples;
	int64_t base_ms; /* what chunk_begin() was given */
};

/* Add those of its samples to `column` that lie in [min_ms, max_ms].  RC_CORRUPT for bytes that
 * chunk_append() doesn't write, or times that don't ascend; the column may have got some samples
 * then, in order.  RC_LIMIT: the column's arena is full.  A column without one gets floats only. */
enum rc chunk_read(const struct chunk *c, int64_t min_ms, int64_t max_ms,
	struct series_column *column, struct err *e) MUST_USE;

/* One chunk as it grows: what each append added to it, decoded at once. */
struct chunk_tail {
	int64_t t_ms;
	uint64_t bits; /* of the value */
	int64_t digits;
	int32_t step_ms;
	uint16_t repeats; /* samples that no byte has told of yet */
	uint8_t exp;
	bool is_begun;     /* it has a sample */
	bool is_histogram; /* the last one; then `bits` are those of the last float */
};

static inline struct chunk_tail chunk_tail_begin(int64_t base_ms)
{
	return (struct chunk_tail){ .t_ms = base_ms };
}
/* The next sample, of the `n` bytes that chunk_append() returned for it; it stands in `t` then, unless
 * it is a histogram, of which `t` has the time only.  False: that is no sample's bytes. */
bool chunk_tail_next(struct chunk_tail *t, const uint8_t *bytes, unsigned n) MUST_USE;
/* Of the bytes of a histogram that chunk_tail_next() took: where the packed one stands, and how long it
 * is.  NULL: it is the one before, again. */
const uint8_t *chunk_tail_packed(const uint8_t *bytes, unsigned n, unsigned *ret_n);

#endif
