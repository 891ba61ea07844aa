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
	bool is_regular; /* each is `change_ms` later than the one before: known without decoding */
	int64_t first_ms, change_ms;
};

struct times {
	uint64_t offset; /* 0: none are held */
	struct column column;
	struct times_vector *vectors;
	int64_t *t_ms; /* of those that are decoded */
	uint32_t cap;  /* vectors that there is room for */
};

/* Which samples of a chunk a query needs: the same of all that have these times. */
struct points {
	uint64_t times; /* these; 0: of none */
	struct series_query of;
	uint32_t *v; /* ascending, each once */
	uint32_t n, cap;
	bool pays; /* they are much fewer than all */
};

struct block_cursor {
	const struct block *block;
	uint32_t group;    /* UINT32_MAX: before the first */
	uint32_t n, at;    /* rows of the group; the one that is next */
	bool is_at_series; /* of this id */
	uint32_t id;
	int64_t ids[BLOCK_GROUP], offsets[BLOCK_GROUP];
	struct times times;
	struct points points;
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

static inline uint32_t vector_n(const struct column *c, uint32_t i)
{
	uint32_t left = c->n - i * BLOCK_VECTOR;

	return left < BLOCK_VECTOR ? left : BLOCK_VECTOR;
}

/* One vector, decoded. */
union vector {
	double v[BLOCK_VECTOR];
	const struct histogram *h[BLOCK_HISTOGRAM_VECTOR];
};

/* Values of a column on their way into a series_column. */
struct reading {
	struct block_cursor *c;
	bool (*give)(struct reading *r, uint32_t from, uint32_t to); /* add these samples */
	enum rc rc; /* why not, when it isn't for damage */
	struct column values;
	struct series_column *into;
	const uint8_t *end;
	uint32_t next, at; /* a vector, and where it begins */
	union vector *vector;
	uint32_t held;   /* the vector that stands there; UINT32_MAX: none */
	uint32_t n_held; /* histograms of it */
	bool gives_few;  /* and numbers what it gives, if need be */
};

/* block_read.c.  False: damage.  Vectors of values are asked for in ascending order. */
bool block_open_values(struct reading *r, uint32_t i, struct ints_span *ret);
bool block_may_be_special(const struct reading *r, uint32_t i); /* values.h */
bool block_decode_values(struct reading *r, uint32_t i, double *v);
/* After this the times of vector i are there: decoded, or regular. */
bool block_hold_times(struct block_cursor *c, uint32_t i);
/* The first sample from `from` on (there is one) that is later than this. */
bool block_find_after(struct block_cursor *c, uint32_t from, int64_t t_ms, uint32_t *ret);
/* The window that ends at or after this time: samples in (start, end]. */
struct block_window {
	int64_t start_ms, end_ms;
};
struct block_window block_window_at(const struct series_query *q, int64_t t_ms);

/* block_some.c: whether few of the samples [from, to) are needed; and those.  The times are held. */
bool block_needs_few(struct block_cursor *c, const struct series_query *q, uint32_t from,
	uint32_t to);
bool block_give_few(struct reading *r, const struct series_query *q, uint32_t from, uint32_t to);

static inline int64_t block_time(const struct times *t, uint32_t i)
{
	const struct times_vector *v = &t->vectors[i / BLOCK_VECTOR];

	return v->is_regular ? v->first_ms + v->change_ms * (int64_t)(i % BLOCK_VECTOR)
			     : t->t_ms[i];
}

/* Add what the chunk at `offset` has of the time.  RC_CORRUPT, without words; RC_LIMIT. */
enum rc block_read_chunk(struct block_cursor *c, uint64_t offset, const struct series_query *q,
	struct series_column *into) MUST_USE;

#endif
