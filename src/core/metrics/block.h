/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block: samples of many series over some time, in a file that is written once and read where it
 * lies.
 *
 * Series stand in order of their ids.  What a series has in a block is a chunk: either sealed (times
 * and values in vectors of 256, each of which is decoded by itself) or open (the bytes of chunk.h, as
 * the head had them).  Series that were scraped together have the same times: these stand in the
 * file once.  So do chunks that are equal altogether, as those of all that stay zero are.
 *
 *	header │ chunks and times │ groups of ids │ table of groups │ footer
 *
 * Numbers are little-endian; a varint has 7 bits a byte, the lowest first, with 0x80 in all but the
 * last; `check` is the low 32 (or 16) bits of XXH3-64; offsets count from the file's beginning.
 *
 *	header   u64 magic "dblock\r\n"   u32 version, 2   u32 0   i64 base_ms
 *	chunk    u32 check of what follows, vectors after a table aside   u8 kind   varint samples
 *	         BLOCK_TIMES    column of times (ints.h)
 *	         BLOCK_SEALED   varint offset of its times; column of values (values.h)
 *	         BLOCK_OPEN     varint zigzag of its base_ms - the header's; varint size; bytes
 *	         BLOCK_HISTOGRAMS varint offset of its times; a row for each vector of up to 64
 *	                          histograms: u32 size, u32 check; then the vectors: histograms as
 *	                          packed.h has them, the first of a vector behind none
 *	column   up to 256 samples, or BLOCK_SAME: varint size; one vector
 *	         else a table: a row for each vector: u16 size, u16 check; then the vectors
 *	group    up to 256 ids ascending, a vector of ints.h; offsets of their chunks, another
 *	table    a row for each group: u32 first id, u32 check, u64 offset
 *	footer   BLOCK_FOOTER_BYTES: u64 offset of the table, rows of the groups, series, samples,
 *	         i64 min_ms, max_ms, u32 first id, last id, level, resolution_ms, check of the table,
 *	         0, u64 XXH3-64 of header and footer so far, u64 magic
 *
 * BLOCK_SAME added to BLOCK_SEALED: all values are the one of the vector.  A series with more than
 * BLOCK_CHUNK_MAX samples has several chunks, one after the other in time.
 *
 * Damage is found by the checks and costs what they cover: one vector's chunk, one group; only that
 * of table or footer costs the file.  RC_CORRUPT names the section.
 */
#ifndef CORE_METRICS_BLOCK_H
#define CORE_METRICS_BLOCK_H

#include "core/metrics/chunk.h"
#include "core/metrics/ints.h"

enum block_kind { BLOCK_TIMES, BLOCK_SEALED, BLOCK_OPEN, BLOCK_HISTOGRAMS, BLOCK_KINDS };
#define BLOCK_SAME 0x10

#define BLOCK_VECTOR           256 /* samples */
#define BLOCK_HISTOGRAM_VECTOR 64
#define BLOCK_GROUP            256    /* series */
#define BLOCK_CHUNK_MAX        262144 /* samples in one chunk; of BLOCK_OPEN: CHUNK_SAMPLES_MAX */
#define BLOCK_HEADER_BYTES     24
#define BLOCK_FOOTER_BYTES     88
#define BLOCK_ROW_BYTES        16

struct block_info {
	int64_t min_ms, max_ms; /* of all samples; min > max: there are none */
	uint64_t n_chunks, n_series, n_samples;
	uint32_t first_id, last_id;
	uint32_t level;         /* as the writer was told */
	uint32_t resolution_ms; /* 0: all samples; else some of each so many (column.h) */
	uint64_t size_bytes;
};

/*
 * Writing, in one pass: ids ascending, of one id the times ascending.  The bytes go out in order
 * through `write`, some 256 KiB at a time; its errors are passed on, and end the writer's use.
 */
struct block_output {
	void *self;
	enum rc (*write)(void *self, const void *bytes, size_t n, struct err *e);
};
struct block_settings {
	uint32_t level, resolution_ms;
	int64_t base_ms; /* near the base_ms of open chunks, so that it costs a byte of each */
};
struct block_writer;
struct block_writer *block_writer_new(const struct block_output *out,
	const struct block_settings *settings);
void block_writer_free(struct block_writer *w);
SCOPED_BY(block_writer_free, struct block_writer *)
/* The samples of one series, sealed; nothing when there are none.  Floats and histograms that follow
 * each other stand in chunks of their own. */
enum rc block_writer_add(struct block_writer *w, uint32_t id, const struct series_column *column,
	struct err *e) MUST_USE;
/* The same of an open chunk, its bytes as they are.  RC_CORRUPT when it can't be read. */
enum rc block_writer_add_chunk(struct block_writer *w, uint32_t id, const struct chunk *chunk,
	struct err *e) MUST_USE;
enum rc block_writer_finish(struct block_writer *w, struct block_info *ret, struct err *e) MUST_USE;

/* A block over mapped bytes, which must stay; immutable, so threads may share it. */
struct block {
	const uint8_t *bytes;
	const uint8_t *table; /* also the end of groups */
	uint32_t n_groups;
	int64_t base_ms;
	struct block_info info;
};
/* Reads header, footer and table.  RC_CORRUPT. */
enum rc block_open(struct block *ret, const uint8_t *bytes, size_t n, struct err *e) MUST_USE;

/* One thread's place in a block. */
struct block_cursor;
struct block_cursor *block_cursor_new(const struct block *b);
void block_cursor_free(struct block_cursor *c);
SCOPED_BY(block_cursor_free, struct block_cursor *)

/* Stand at the series of this id.  Fastest when ids ascend from call to call. */
enum rc block_find(struct block_cursor *c, uint32_t id, bool *ret_has, struct err *e) MUST_USE;
/* Stand at the series after this one (at first: the first).  After RC_CORRUPT the next call goes on
 * behind what is damaged. */
enum rc block_next(struct block_cursor *c, uint32_t *ret_id, bool *ret_has, struct err *e) MUST_USE;
/* The series that the RC_CORRUPT of the last block_next() may concern. */
struct block_ids {
	uint32_t first, last;
};
struct block_ids block_damaged(const struct block_cursor *c);
/* Add the samples of the series at which the cursor stands, once.  `q`: min_ms and max_ms, and the windows
 * when there are such; NULL: all.  RC_CORRUPT: some of its samples may have been added, in order.
 * RC_LIMIT: the column's arena is full.  A column without one gets floats only. */
enum rc block_read(struct block_cursor *c, const struct series_query *q,
	struct series_column *column, struct err *e) MUST_USE;

/* Read everything.  What is damaged is told to `damaged` (NULL: nobody) and counted; RC_CORRUPT with
 * the first of it. */
struct block_verifier {
	void *self;
	/* These lost samples. */
	void (*damaged)(void *self, struct block_ids ids, const struct err *what);
};
enum rc block_verify(const struct block *b, const struct block_verifier *v, uint64_t *ret_damaged,
	struct err *e) MUST_USE;

#endif
