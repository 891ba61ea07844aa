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
};

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
	g->time = (struct series_query){ .min_ms = m->min_ms, .max_ms = m->max_ms };
	g->places = must_alloc((m->n_inputs + 1) * sizeof *g->places);
	for (uint32_t i = 0; i < m->n_inputs; i++) {
		g->places[i].cursor = block_cursor_new(m->inputs[i].block);
		advance(g, i);
	}
}

static void end(struct merging *g)
{
	for (uint32_t i = 0; i < g->m->n_inputs; i++)
		block_cursor_free(g->places[i].cursor);
	free(g->places);
	series_column_fini(&g->column);
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

/* What one input has of its series, behind what others had. */
static void take(struct merging *g, uint32_t input)
{
	const struct merge_input *in = &g->m->inputs[input];
	struct place *p = &g->places[input];
	uint32_t from = g->column.n;
	struct err what = { 0 };

	if (block_read(p->cursor, &g->time, &g->column, &what) != RC_OK)
		tell(g, input, (struct block_ids){ p->id, p->id }, &what);
	if (in->without)
		in->without(in->self, p->id, &g->column, from);
	column_settle(&g->column, from);
	advance(g, input);
}

enum rc merge_run(const struct merge *m, struct block_writer *w, struct err *e)
{
	scoped(end) struct merging g;
	enum rc rc = RC_OK;
	uint32_t id = 0;

	begin(&g, m);
	while (rc == RC_OK && next_id(&g, &id)) {
		g.column.n = 0;
		for (uint32_t i = 0; i < m->n_inputs; i++)
			if (g.places[i].has && g.places[i].id == id)
				take(&g, i);
		if (m->window_ms)
			column_downsample(&g.column, m->window_ms);
		rc = block_writer_add(w, id, &g.column, e);
	}
	return rc;
}
