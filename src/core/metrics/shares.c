/* SPDX-License-Identifier: Apache-2.0 */
/* How: chunks and times lie behind each other without gaps, so each ends where the next begins. */
#include "core/metrics/shares.h"

#include "core/metrics/block_private.h"
#include "core/metrics/bytes.h"

struct place {
	uint64_t offset;
	uint64_t row; /* of the shares; NO_ROW: a column of times */
};
#define NO_ROW UINT64_MAX

struct places {
	struct place *v;
	uint64_t n;
};

static int by_offset(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* The head of a chunk: how many samples, and where its times are; 0: among its own bytes. */
static bool read_head(const struct block *b, uint64_t offset, uint32_t *ret_n, uint64_t *ret_times)
{
	const uint8_t *end = block_chunks_end(b), *p = b->bytes + offset + 5;
	uint64_t n, times = 0;
	uint8_t kind;

	if (offset < BLOCK_HEADER_BYTES || p >= end)
		return false;
	kind = p[-1] & (BLOCK_SAME - 1);
	if (!get_varint(&p, end, &n) || n > BLOCK_CHUNK_MAX)
		return false;
	if (kind != BLOCK_OPEN && kind != BLOCK_TIMES && !get_varint(&p, end, &times))
		return false;
	*ret_n = (uint32_t)n;
	*ret_times = times < (uint64_t)(end - b->bytes) ? times : 0;
	return true;
}

static enum rc gather(const struct block *b, struct block_share *shares, struct places *places,
	struct err *e)
{
	scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(b);
	uint64_t row = 0;
	bool has = true;
	uint32_t id;
	enum rc rc;

	while ((rc = block_next(c, &id, &has, e)) == RC_OK && has) {
		for (; c->at < c->n && c->ids[c->at] == id && row < b->info.n_chunks;
			c->at++, row++) {
			uint64_t offset = (uint64_t)c->offsets[c->at], times;

			shares[row].id = id;
			if (!read_head(b, offset, &shares[row].n_samples, &times))
				return err_set(e, RC_CORRUPT, "a chunk of series %u is damaged",
					id);
			places->v[places->n++] = (struct place){ offset, row };
			if (times)
				places->v[places->n++] = (struct place){ times, NO_ROW };
		}
		c->is_at_series = false;
	}
	return rc;
}

struct span {
	uint64_t from, to;
};

/* Those of one offset share what reaches up to `end`. */
static void share_out(const struct places *p, struct span same, uint64_t end,
	struct block_share *shares, uint64_t *times)
{
	uint64_t bytes = end - p->v[same.from].offset;

	if (p->v[same.from].row == NO_ROW) {
		*times += bytes;
		return;
	}
	for (uint64_t k = same.from; k < same.to; k++)
		if (p->v[k].row != NO_ROW)
			shares[p->v[k].row].bytes = bytes / (same.to - same.from);
}

static void share_all(const struct block *b, struct places *places, struct block_share *shares,
	uint64_t *times)
{
	uint64_t chunks_end = (uint64_t)(block_chunks_end(b) - b->bytes);

	qsort(places->v, places->n, sizeof *places->v, by_offset);
	for (uint64_t i = 0; i < places->n;) {
		uint64_t next = i + 1;

		while (next < places->n && places->v[next].offset == places->v[i].offset)
			next++;
		share_out(places, (struct span){ i, next },
			next < places->n ? places->v[next].offset : chunks_end, shares, times);
		i = next;
	}
}

enum rc block_shares(const struct block *b, struct block_shares *ret, struct err *e)
{
	uint64_t n = b->info.n_chunks;
	struct places places = { must_alloc((2 * n + 1) * sizeof *places.v), 0 };
	struct block_shares s = { must_alloc((n + 1) * sizeof *s.v), n, 0 };
	enum rc rc = gather(b, s.v, &places, e);

	if (rc == RC_OK)
		share_all(b, &places, s.v, &s.times_bytes);
	free(places.v);
	if (rc != RC_OK) {
		free(s.v);
		return rc;
	}
	*ret = s;
	return RC_OK;
}

void block_shares_fini(struct block_shares *s)
{
	free(s->v);
}
