/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/block_private.h"

#include "core/metrics/bytes.h"

struct block_cursor *block_cursor_new(const struct block *b)
{
	struct block_cursor *c = must_alloc(sizeof *c);

	c->block = b;
	c->group = UINT32_MAX;
	return c;
}

void block_cursor_free(struct block_cursor *c)
{
	if (!c)
		return;
	free(c->times.vectors);
	free(c->times.t_ms);
	free(c->points.v);
	free(c);
}

static bool ascend(const int64_t *ids, uint32_t n, uint32_t first_id)
{
	for (uint32_t i = 1; i < n; i++)
		if (ids[i] < ids[i - 1])
			return false;
	return ids[0] == first_id && ids[n - 1] <= UINT32_MAX;
}

/* Hold this group.  RC_CORRUPT: an empty one is held in its place. */
static enum rc hold_group(struct block_cursor *c, uint32_t group, struct err *e)
{
	const struct block *b = c->block;
	struct block_row row = block_row(b, group);
	bool is_last = group + 1 == b->n_groups;
	const uint8_t *end = is_last ? b->table : b->bytes + block_row(b, group + 1).offset;
	struct ints_span in = { b->bytes + row.offset, end };
	uint32_t n = is_last ? (uint32_t)(b->info.n_chunks - (uint64_t)group * BLOCK_GROUP)
			     : BLOCK_GROUP;

	c->group = group;
	c->n = c->at = 0;
	if (check_32(in.p, (size_t)(end - in.p)) != row.check || !ints_decode(&in, n, c->ids) ||
		!ints_decode(&in, n, c->offsets) || !ascend(c->ids, n, row.first_id))
		return err_set(e, RC_CORRUPT, "group %u of %u, series from %u on, is damaged",
			group + 1, b->n_groups, row.first_id);
	c->n = n;
	return RC_OK;
}

/* The number of groups that begin before this id. */
static uint32_t groups_before(const struct block *b, uint32_t id)
{
	uint32_t low = 0, high = b->n_groups;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (block_row(b, middle).first_id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first row of the held group, from `at` on, that isn't below this id. */
static uint32_t row_from(const struct block_cursor *c, uint32_t at, uint32_t id)
{
	uint32_t low = at, high = c->n, reach = 1;

	while (low + reach < high && c->ids[low + reach] < id) {
		low += reach;
		reach *= 2;
	}
	high = low + reach < high ? low + reach : high;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (c->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum rc block_find(struct block_cursor *c, uint32_t id, bool *ret_has, struct err *e)
{
	bool is_ahead = c->n && c->ids[0] < id && id <= c->ids[c->n - 1];
	enum rc rc = RC_OK;

	c->is_at_series = false;
	if (is_ahead) {
		c->at = row_from(c, c->at < c->n && c->ids[c->at] <= id ? c->at : 0, id);
	} else {
		uint32_t before = groups_before(c->block, id);

		if (before > 0 && (c->group != before - 1 || !c->n))
			rc = hold_group(c, before - 1, e);
		if (before > 0 && rc == RC_OK)
			c->at = row_from(c, 0, id);
		if ((before == 0 || rc != RC_OK || c->at == c->n) && before < c->block->n_groups &&
			block_row(c->block, before).first_id == id)
			rc = hold_group(c, before, e);
	}
	if (rc != RC_OK)
		return rc;
	c->is_at_series = c->at < c->n && c->ids[c->at] == id;
	c->id = id;
	*ret_has = c->is_at_series;
	return RC_OK;
}

enum rc block_next(struct block_cursor *c, uint32_t *ret_id, bool *ret_has, struct err *e)
{
	for (;;) {
		if (c->at >= c->n) {
			enum rc rc;

			if (c->group + 1 >= c->block->n_groups) {
				c->is_at_series = *ret_has = false;
				return RC_OK;
			}
			rc = hold_group(c, c->group + 1, e);
			if (rc != RC_OK)
				return rc;
		}
		if (!c->is_at_series || c->ids[c->at] != c->id)
			break;
		c->at++;
	}
	c->is_at_series = *ret_has = true;
	*ret_id = c->id = (uint32_t)c->ids[c->at];
	return RC_OK;
}

/* The row behind this one when it is of the same series, too. */
static bool has_more(struct block_cursor *c)
{
	if (++c->at < c->n)
		return c->ids[c->at] == c->id;
	return c->group + 1 < c->block->n_groups &&
	       block_row(c->block, c->group + 1).first_id == c->id;
}

enum rc block_read(struct block_cursor *c, const struct series_query *q,
	struct series_column *column, struct err *e)
{
	uint32_t chunk = 1;
	enum rc rc = RC_OK;

	must(c->is_at_series && c->at < c->n && c->ids[c->at] == c->id);
	if (q && q->min_ms > q->max_ms)
		return RC_OK;
	for (;; chunk++) {
		uint64_t offset = (uint64_t)c->offsets[c->at];

		enum rc one = block_read_chunk(c, offset, q, column);

		if (one == RC_LIMIT)
			return err_set(e, one, "histograms of more than %zu bytes",
				column->histograms->budget_bytes);
		if (one != RC_OK)
			rc = err_set(e, RC_CORRUPT,
				"chunk %u of series %u, at byte %llu, is damaged", chunk, c->id,
				(unsigned long long)offset);
		if (!has_more(c))
			return rc;
		if (c->at < c->n)
			continue;
		if (hold_group(c, c->group + 1, rc == RC_OK ? e : NULL) != RC_OK) {
			c->group--; /* so that block_next() tells of it, too */
			return RC_CORRUPT;
		}
	}
}

struct block_ids block_damaged(const struct block_cursor *c)
{
	const struct block *b = c->block;
	bool is_last = c->group + 1 >= b->n_groups;

	return (struct block_ids){ block_row(b, c->group).first_id,
		is_last ? b->info.last_id : block_row(b, c->group + 1).first_id };
}

enum rc block_verify(const struct block *b, const struct block_verifier *v, uint64_t *ret_damaged,
	struct err *e)
{
	scoped(block_cursor_free) struct block_cursor *c = block_cursor_new(b);
	scoped(arena_fini) struct arena histograms;
	scoped(series_column_fini) struct series_column column = { .histograms = &histograms };
	struct err first = { 0 }, what = { 0 };
	uint64_t damaged = 0;
	bool has = true;

	arena_init(&histograms, 0);
	while (has) {
		struct block_ids ids;
		uint32_t id;

		column.n = 0;
		arena_reset(&histograms);
		if (block_next(c, &id, &has, &what) != RC_OK)
			ids = block_damaged(c);
		else if (has && block_read(c, NULL, &column, &what) != RC_OK)
			ids = (struct block_ids){ id, id };
		else
			continue;
		if (damaged++ == 0)
			first = what;
		if (v && v->damaged)
			v->damaged(v->self, ids, &what);
	}
	*ret_damaged = damaged;
	return damaged ? err_set(e, RC_CORRUPT, "%s", first.text) : RC_OK;
}
