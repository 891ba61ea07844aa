/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor goes through the series in order of their ids: those of the segments, then those of the
 * generations' young labels. Each place where samples may be is asked for that id, and remembers
 * how far it has come.
 */
#include "core/metrics/column.h"
#include "core/metrics/late.h"
#include "core/metrics/store_private.h"

#include "base/limits.h"

/* A part that has samples of the query's time. */
struct place {
	const struct part *part;
	struct block_cursor *cursor;
};

struct series_cursor {
	const struct store_view *view;
	struct series_query query;
	struct runs *selected; /* of each segment, positions that match */
	struct place *places;  /* as in the catalog: what was stored later comes later */
	uint32_t n_places;
	uint32_t *at;      /* of each generation, a place in its pages */
	struct late *late; /* of each generation */

	uint32_t segment, run, position; /* what comes next in the segments */
	uint32_t generation;             /* behind them: whose young series come next */
	struct young_walk young;

	uint32_t id; /* of the series that is shown */
	struct label labels[SERIES_LABELS_MAX];
	uint8_t bytes[CHUNK_BYTES_MAX];
};

static bool matches(const struct series_query *q, const struct labels *l)
{
	for (uint32_t i = 0; i < q->n_matchers; i++) {
		const struct label *found = labels_find(l, matcher_name(q->matchers[i]));

		if (!matcher_matches(q->matchers[i], found ? found->value : "",
			    found ? found->value_len : 0))
			return false;
	}
	return true;
}

static void begin_young(struct series_cursor *c)
{
	const struct generation_view *g = &c->view->head->v[c->generation];

	c->young = young_walk(g->g->slabs, g->young_slabs, g->n_young);
}

static void find_places(struct series_cursor *c)
{
	const struct catalog *catalog = c->view->catalog;

	c->places = must_alloc((catalog->n_parts + 1) * sizeof *c->places);
	for (uint32_t i = 0; i < catalog->n_parts; i++) {
		const struct part *p = catalog->parts[i];

		if (p->block.info.max_ms >= c->query.min_ms &&
			p->block.info.min_ms <= c->query.max_ms)
			c->places[c->n_places++] = (struct place){ p, block_cursor_new(&p->block) };
	}
}

static enum rc select_series(struct series_cursor *c, struct err *e)
{
	const struct catalog *catalog = c->view->catalog;
	enum rc rc = RC_OK;

	c->selected = must_alloc((catalog->n_segments + 1) * sizeof *c->selected);
	for (uint32_t i = 0; rc == RC_OK && i < catalog->n_segments; i++)
		rc = index_select(catalog->segments[i], c->query.matchers, c->query.n_matchers,
			&c->selected[i], e);
	return rc;
}

static void cursor_free(struct series_cursor *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; c->selected && i < c->view->catalog->n_segments; i++)
		runs_fini(&c->selected[i]);
	for (uint32_t i = 0; i < c->n_places; i++)
		block_cursor_free(c->places[i].cursor);
	for (uint32_t i = 0; c->late && i < c->view->head->n; i++)
		late_fini(&c->late[i]);
	free(c->selected);
	free(c->places);
	free(c->at);
	free(c->late);
	free(c);
}
SCOPED_BY(cursor_free, struct series_cursor *)

static enum rc source_open(void *self, const struct series_query *q, struct series_cursor **ret,
	struct err *e)
{
	const struct store_view *v = self;
	scoped(cursor_free) struct series_cursor *c = must_alloc(sizeof *c);
	enum rc rc;

	c->view = v;
	c->query = *q;
	rc = select_series(c, e);
	if (rc != RC_OK)
		return rc;
	find_places(c);
	c->at = must_alloc(v->head->n * sizeof *c->at);
	c->late = must_alloc(v->head->n * sizeof *c->late);
	for (uint32_t i = 0; i < v->head->n; i++)
		late_init(&c->late[i], &v->head->v[i], q->min_ms, q->max_ms);
	begin_young(c);
	*ret = TAKE(c);
	return RC_OK;
}

/* Whether the series has samples in a place that was looked at because of its time. */
static enum rc is_present(struct series_cursor *c, bool *ret, struct err *e)
{
	const struct head_view *head = c->view->head;
	enum rc rc = RC_OK;
	bool has = false;

	for (uint32_t i = 0; !has && i < head->n; i++) {
		const struct generation_view *g = &head->v[i];

		has = late_has(&c->late[i], c->id) ||
		      (g->max_ms >= c->query.min_ms && g->min_ms <= c->query.max_ms &&
			      generation_view_word(g, c->id, &c->at[i]).n_samples);
	}
	for (uint32_t i = c->n_places; rc == RC_OK && !has && i > 0; i--)
		rc = block_find(c->places[i - 1].cursor, c->id, &has, e);
	*ret = has;
	return rc;
}

static enum rc next_old(struct series_cursor *c, struct labels *ret, bool *ret_has, struct err *e)
{
	const struct catalog *catalog = c->view->catalog;

	for (; c->segment < catalog->n_segments; c->segment++, c->run = c->position = 0) {
		const struct runs *selected = &c->selected[c->segment];
		const struct index *x = catalog->segments[c->segment];
		enum rc rc;

		while (c->run < selected->n && c->position >= selected->v[c->run].to)
			c->run++;
		if (c->run == selected->n)
			continue;
		if (c->position < selected->v[c->run].from)
			c->position = selected->v[c->run].from;
		rc = index_labels(x, c->position, c->labels, ret, e);
		if (rc != RC_OK)
			return rc;
		c->id = index_id(x, c->position++);
		*ret_has = true;
		return RC_OK;
	}
	*ret_has = false;
	return RC_OK;
}

static bool next_young(struct series_cursor *c, struct labels *ret)
{
	const struct head_view *head = c->view->head;

	while (c->generation < head->n) {
		const struct young_series *s = young_next(&c->young);

		if (!s) {
			if (++c->generation < head->n)
				begin_young(c);
			continue;
		}
		young_labels(head->v[c->generation].g->slabs, s, c->labels);
		*ret = (struct labels){ c->labels, s->n };
		if (!matches(&c->query, ret))
			continue;
		c->id = s->id;
		return true;
	}
	return false;
}

static enum rc source_next(struct series_cursor *c, struct labels *ret, bool *ret_has,
	struct err *e)
{
	struct labels l;
	bool has, is_there = false;

	while (!is_there) {
		enum rc rc = next_old(c, &l, &has, e);

		if (rc == RC_OK && !has)
			has = next_young(c, &l);
		if (rc != RC_OK || !has) {
			*ret_has = false;
			return rc;
		}
		rc = is_present(c, &is_there, e);
		if (rc != RC_OK)
			return rc;
	}
	*ret = l;
	*ret_has = true;
	return RC_OK;
}

static enum rc read_part(struct series_cursor *c, struct place *p, struct series_column *column,
	struct err *e)
{
	uint32_t from = column->n;
	bool has = false;
	enum rc rc;

	rc = block_find(p->cursor, c->id, &has, e);
	if (rc == RC_OK && has)
		rc = block_read(p->cursor, &c->query, column, e);
	if (rc != RC_OK)
		return err_in(e, rc, "%s", p->part->name);
	catalog_delete_of_part(c->view->catalog, p->part, c->id, column, from);
	column_settle(column, from);
	return RC_OK;
}

static enum rc read_generation(struct series_cursor *c, uint32_t i, struct series_column *column,
	struct err *e)
{
	const struct generation_view *v = &c->view->head->v[i];
	struct chunk_word word = generation_view_word(v, c->id, &c->at[i]);
	uint32_t from = column->n;
	struct chunk chunk;
	enum rc rc = RC_OK;

	if (word.n_samples) {
		chunk = generation_chunk(v->g->slabs, v->g->base_ms, word, c->bytes);
		rc = chunk_read(&chunk, c->query.min_ms, c->query.max_ms, column, e);
	}
	catalog_delete_of_generation(c->view->catalog, v->g->number, c->id, column, from);
	column_settle(column, from);
	from = column->n;
	late_read(&c->late[i], c->id, column);
	catalog_delete_of_generation(c->view->catalog, v->g->number, c->id, column, from);
	column_settle(column, from);
	return rc;
}

static enum rc source_read(struct series_cursor *c, struct series_column *column, struct err *e)
{
	enum rc rc = RC_OK;

	column->n = 0;
	for (uint32_t i = 0; rc == RC_OK && i < c->n_places; i++)
		rc = read_part(c, &c->places[i], column, e);
	for (uint32_t i = 0; rc == RC_OK && i < c->view->head->n; i++)
		rc = read_generation(c, i, column, e);
	return rc;
}

uint32_t view_cursor_id(const struct series_cursor *c)
{
	return c->id;
}

struct store_view *store_view_new(struct store *s)
{
	struct store_view *v = must_alloc(sizeof *v);

	v->store = s;
	v->head = head_view_new(&s->head);
	v->catalog = catalog_hold(s->catalog);
	v->source = (struct series_source){ .self = v,
		.open = source_open,
		.next = source_next,
		.read = source_read,
		.close = cursor_free };
	s->stats.views++;
	return v;
}

void store_view_free(struct store_view *v)
{
	if (!v)
		return;
	v->store->stats.views--;
	head_view_free(&v->store->head, v->head);
	catalog_drop(v->catalog);
	free(v);
}

const struct series_source *store_view_source(const struct store_view *v)
{
	return &v->source;
}
