/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/merge.h"

#include "core/metrics/column.h"

/* An input, and the series at which it stands. */
struct place {
	struct block_cursor *cursor;
	uint32_t id;
	bool has;
};

struct merging {
	const struct merge *m;
	struct place *places;
	struct series_query time;
	struct series_column column;
	struct arena histograms;
};

/* Of one series at a time; one histogram surely takes less. */
#define HISTOGRAMS_BYTES_MAX (16u << 20)

static void tell(const struct merging *g, uint32_t input, struct block_ids ids,
	const struct err *what)
{
	if (g->m->damaged)
		g->m->damaged(g->m->self, input, ids, what);
}

static void advance(struct merging *g, uint32_t input)
{
	struct place *p = &g->places[input];
	struct err what = { 0 };

	while (block_next(p->cursor, &p->id, &p->has, &what) != RC_OK)
		tell(g, input, block_damaged(p->cursor), &what);
}

static void begin(struct merging *g, const struct merge *m)
{
	*g = (struct merging){ .m = m };
	arena_init(&g->histograms, HISTOGRAMS_BYTES_MAX);
	g->column.histograms = &g->histograms;
	g->time = (struct series_query){ .min_ms = INT64_MAX, .max_ms = INT64_MIN };
	g->places = must_alloc((m->n_inputs + 1) * sizeof *g->places);
	for (uint32_t i = 0; i < m->n_inputs; i++) {
		const struct block_info *info = &m->inputs[i].block->info;

		g->places[i].cursor = block_cursor_new(m->inputs[i].block);
		advance(g, i);
		g->time.min_ms = info->min_ms < g->time.min_ms ? info->min_ms : g->time.min_ms;
		g->time.max_ms = info->max_ms > g->time.max_ms ? info->max_ms : g->time.max_ms;
	}
	g->time.min_ms = m->min_ms > g->time.min_ms ? m->min_ms : g->time.min_ms;
	g->time.max_ms = m->max_ms < g->time.max_ms ? m->max_ms : g->time.max_ms;
}

static void end(struct merging *g)
{
	for (uint32_t i = 0; i < g->m->n_inputs; i++)
		block_cursor_free(g->places[i].cursor);
	free(g->places);
	series_column_fini(&g->column);
	arena_fini(&g->histograms);
}
SCOPED_FINI(end, struct merging)

static bool next_id(const struct merging *g, uint32_t *ret)
{
	bool has = false;

	for (uint32_t i = 0; i < g->m->n_inputs; i++) {
		const struct place *p = &g->places[i];

		if (!p->has || (has && p->id >= *ret))
			continue;
		*ret = p->id;
		has = true;
	}
	return has;
}

/* What one input has of its series, behind what others had.  False: there is no memory for it. */
static bool take(struct merging *g, uint32_t input)
{
	const struct merge_input *in = &g->m->inputs[input];
	struct place *p = &g->places[input];
	uint32_t from = g->column.n;
	struct err what = { 0 };

	switch (block_read(p->cursor, &g->time, &g->column, &what)) {
	case RC_OK:
		break;
	case RC_LIMIT:
		return false;
	default:
		tell(g, input, (struct block_ids){ p->id, p->id }, &what);
	}
	if (in->without)
		in->without(in->self, p->id, &g->column, from);
	column_settle(&g->column, from);
	return true;
}

static bool take_all(struct merging *g, uint32_t id)
{
	g->column.n = 0;
	arena_reset(&g->histograms);
	for (uint32_t i = 0; i < g->m->n_inputs; i++)
		if (g->places[i].has && g->places[i].id == id && !take(g, i))
			return false;
	return true;
}

static enum rc write_column(struct merging *g, struct block_writer *w, uint32_t id, struct err *e)
{
	if (g->m->window_ms)
		column_downsample(&g->column, g->m->window_ms);
	return block_writer_add(w, id, &g->column, e);
}

/* Let all cursors read the series once more. */
static enum rc stand_again(struct merging *g, uint32_t id, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < g->m->n_inputs; i++) {
		struct place *p = &g->places[i];
		bool has;

		if (p->has && p->id == id)
			rc = block_find(p->cursor, id, &has, e);
	}
	return rc;
}

static enum rc write_halves(struct merging *g, struct block_writer *w, uint32_t id, struct err *e);

static enum rc write_time(struct merging *g, struct block_writer *w, uint32_t id, struct err *e)
{
	enum rc rc = stand_again(g, id, e);

	if (rc != RC_OK)
		return rc;
	if (take_all(g, id))
		return write_column(g, w, id, e);
	if (g->time.min_ms == g->time.max_ms)
		return err_set(e, RC_LIMIT, "a histogram of series %u is too large", id);
	return write_halves(g, w, id, e);
}

/* The end of the first half: where no window of downsampling reaches across, if there is such. */
static int64_t middle_of(const struct series_query *time, int64_t window_ms)
{
	uint64_t span = (uint64_t)time->max_ms - (uint64_t)time->min_ms;
	int64_t middle = (int64_t)((uint64_t)time->min_ms + span / 2);
	int64_t end = window_ms ? middle - middle % window_ms : middle;

	return end >= time->min_ms && end < time->max_ms ? end : middle;
}

/* A series that doesn't fit in memory: the first half of the time, then the second. */
static enum rc write_halves(struct merging *g, struct block_writer *w, uint32_t id, struct err *e)
{
	const struct series_query all = g->time;
	enum rc rc;

	g->time.max_ms = middle_of(&all, g->m->window_ms);
	rc = write_time(g, w, id, e);
	g->time.min_ms = g->time.max_ms + 1;
	g->time.max_ms = all.max_ms;
	if (rc == RC_OK)
		rc = write_time(g, w, id, e);
	g->time = all;
	return rc;
}

enum rc merge_run(const struct merge *m, struct block_writer *w, struct err *e)
{
	scoped(end) struct merging g;
	enum rc rc = RC_OK;
	uint32_t id = 0;

	begin(&g, m);
	while (rc == RC_OK && next_id(&g, &id)) {
		rc = take_all(&g, id) ? write_column(&g, w, id, e) : write_halves(&g, w, id, e);
		for (uint32_t i = 0; i < m->n_inputs; i++)
			if (g.places[i].has && g.places[i].id == id)
				advance(&g, i);
	}
	return rc;
}
