/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_private: header, rows of the table and footer of a block, as numbers and as bytes; and what a
 * cursor holds.
 */
#ifndef CORE_METRICS_BLOCK_PRIVATE_H
#define CORE_METRICS_BLOCK_PRIVATE_H

#include "core/metrics/block.h"

struct block_row {
	uint32_t first_id, check;
	uint64_t offset;
};
struct block_table {
	uint64_t offset;
	uint32_t check;
};

void block_put_header(uint8_t header[BLOCK_HEADER_BYTES], int64_t base_ms);
void block_put_row(uint8_t row[BLOCK_ROW_BYTES], const struct block_row *r);
struct block_row block_get_row(const uint8_t row[BLOCK_ROW_BYTES]);
void block_move_row(uint8_t row[BLOCK_ROW_BYTES], uint64_t by);
void block_put_footer(uint8_t footer[BLOCK_FOOTER_BYTES], const struct block_info *info,
	int64_t base_ms, const struct block_table *table);

/* A column that lies in the file. */
struct column {
	const uint8_t *vectors; /* the first */
	const uint8_t *rows;    /* NULL: one vector of `size` bytes, covered by the chunk's check */
	uint32_t n, n_vectors, size;
	bool is_same;
};

struct times_vector {
	uint32_t at; /* from the first vector */
	bool is_decoded;
	int64_t first_ms;
};

struct times {
	uint64_t offset; /* 0: none are held */
	struct column column;
	struct times_vector *vectors;
	int64_t *t_ms; /* of those that are decoded */
	uint32_t cap;  /* vectors that there is room for */
};

struct block_cursor {
	const struct block *block;
	uint32_t group;    /* UINT32_MAX: before the first */
	uint32_t n, at;    /* rows of the group; the one that is next */
	bool is_at_series; /* of this id */
	uint32_t id;
	int64_t ids[BLOCK_GROUP], offsets[BLOCK_GROUP];
	struct times times;
};

static inline struct block_row block_row(const struct block *b, uint32_t group)
{
	return block_get_row(b->table + (size_t)group * BLOCK_ROW_BYTES);
}

/* Where groups begin, and so the chunks end. */
static inline const uint8_t *block_chunks_end(const struct block *b)
{
	return b->n_groups ? b->bytes + block_row(b, 0).offset : b->table;
}

/* Add what the chunk at `offset` has of the time.  RC_CORRUPT, without words; RC_LIMIT. */
enum rc block_read_chunk(struct block_cursor *c, uint64_t offset, const struct series_query *q,
	struct series_column *into) MUST_USE;

#endif
