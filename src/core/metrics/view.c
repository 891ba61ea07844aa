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

#include <stdatomic.h>

#define DAMAGES_MAX 16 /* told by one view */

struct view_damages {
	_Atomic(struct view_damage *) first;
	atomic_uint n;
};

/*
 * What can't be read is left out, and told when the view is freed: one bad block shall not make every
 * query fail. Cursors of several threads may tell at once: a list that only grows at its front.
 */
struct view_damage {
	struct view_damage *next;
	struct store_finding finding;
};

static void tell(const struct store_view *v, const char *file, const struct block_info *info,
	const struct err *what)
{
	struct view_damages *list = v->damages;
	struct view_damage *d;

	if (atomic_fetch_add(&list->n, 1) >= DAMAGES_MAX)
		return;
	d = must_alloc(sizeof *d);
	d->finding = store_finding_of(file, what, "left out");
	d->finding.from_ms = info ? info->min_ms : INT64_MIN;
	d->finding.to_ms = info ? info->max_ms : INT64_MAX;
	d->next = atomic_load(&list->first);
	while (!atomic_compare_exchange_weak(&list->first, &d->next, d))
		;
}

static bool is_told(const struct store *s, const struct store_finding *f)
{
	for (uint32_t i = 0; i < s->n_findings; i++)
		if (str_eq(s->findings[i].file, f->file) && str_eq(s->findings[i].text, f->text))
			return true;
	return false;
}

static void take_damages(struct store_view *v)
{
	struct view_damage *d = atomic_load(&v->damages->first);

	while (d) {
		struct view_damage *next = d->next;

		if (!is_told(v->store, &d->finding))
			store_find(v->store, &d->finding);
		free(d);
		d = next;
	}
	free(v->damages);
}

/* A part that has samples of the query's time. */
struct place {
	const struct part *part;
	struct block_cursor *cursor;
};

struct series_cursor {
	const struct store_view *view;
	struct series_query query;
	struct runs *selected;  /* of each segment, positions that match */
	struct place *places;   /* as in the catalog: what was stored later comes later */
	struct place **in_time; /* the same in order of time */
	uint32_t n_places;
	uint32_t *at;      /* of each generation, a place in its pages */
	struct late *late; /* of each generation */

	uint32_t segment, run, position; /* what comes next in the segments */
	uint32_t generation;             /* behind them: whose young series come next */
	struct young_walk young;

	uint32_t id;        /* of the series that is shown */
	bool must_have_all; /* what was just read: pieces overlap, or some are damaged */
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

static int by_time(const void *a, const void *b)
{
	const struct place *const *x = a, *const *y = b;
	int64_t x_ms = (*x)->part->block.info.min_ms, y_ms = (*y)->part->block.info.min_ms;

	return (x_ms > y_ms) - (x_ms < y_ms);
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
	c->in_time = must_alloc((c->n_places + 1) * sizeof *c->in_time);
	for (uint32_t i = 0; i < c->n_places; i++)
		c->in_time[i] = &c->places[i];
	qsort(c->in_time, c->n_places, sizeof *c->in_time, by_time);
}

static void select_series(struct series_cursor *c)
{
	const struct catalog *catalog = c->view->catalog;

	c->selected = must_alloc((catalog->n_segments + 1) * sizeof *c->selected);
	for (uint32_t i = 0; i < catalog->n_segments; i++) {
		struct index *x = catalog->segments[i];
		struct err what = { 0 };

		if (index_select(x, c->query.matchers, c->query.n_matchers, &c->selected[i],
			    &what) == RC_OK)
			continue;
		tell(c->view, index_name(x), NULL, &what);
		c->selected[i].n = 0;
	}
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
	free(c->in_time);
	free(c->at);
	free(c->late);
	free(c);
}

/* Everywhere where samples of the query's time may be. */
static void open_places(struct series_cursor *c)
{
	const struct head_view *head = c->view->head;

	find_places(c);
	c->at = must_alloc(head->n * sizeof *c->at);
	c->late = must_alloc(head->n * sizeof *c->late);
	for (uint32_t i = 0; i < head->n; i++)
		late_init(&c->late[i], &head->v[i], c->query.min_ms, c->query.max_ms);
}

static enum rc source_open(void *self, const struct series_query *q, struct series_cursor **ret,
	struct err *e)
{
	const struct store_view *v = self;
	struct series_cursor *c = must_alloc(sizeof *c);

	(void)e;
	c->view = v;
	c->query = *q;
	if (v->catalog->n_deletions)
		c->query.need =
			SERIES_ALL; /* what is needed instead of what was deleted isn't known */
	select_series(c);
	open_places(c);
	begin_young(c);
	*ret = c;
	return RC_OK;
}

/* Whether the part has samples of the series; damage is told, and means no. */
static bool part_has(struct series_cursor *c, struct place *p)
{
	struct err what = { 0 };
	bool has = false;

	if (block_find(p->cursor, c->id, &has, &what) == RC_OK)
		return has;
	tell(c->view, p->part->name, &p->part->block.info, &what);
	return false;
}

/* Whether the series has samples in a place that was looked at because of its time. */
static bool is_present(struct series_cursor *c)
{
	const struct head_view *head = c->view->head;

	for (uint32_t i = 0; i < head->n; i++) {
		const struct generation_view *g = &head->v[i];

		if (late_has(&c->late[i], c->id) ||
			(g->max_ms >= c->query.min_ms && g->min_ms <= c->query.max_ms &&
				generation_view_word(g, c->id, &c->at[i]).n_samples))
			return true;
	}
	for (uint32_t i = c->n_places; i > 0; i--)
		if (part_has(c, &c->places[i - 1]))
			return true;
	return false;
}

static bool next_old(struct series_cursor *c, struct labels *ret)
{
	const struct catalog *catalog = c->view->catalog;

	for (; c->segment < catalog->n_segments; c->segment++, c->run = c->position = 0) {
		const struct runs *selected = &c->selected[c->segment];
		const struct index *x = catalog->segments[c->segment];
		struct err what = { 0 };

		for (; c->run < selected->n; c->run++) {
			if (c->position < selected->v[c->run].from)
				c->position = selected->v[c->run].from;
			while (c->position < selected->v[c->run].to) {
				c->id = index_id(x, c->position);
				if (index_labels(x, c->position++, c->labels, ret, &what) == RC_OK)
					return true;
				tell(c->view, index_name(x), NULL, &what);
			}
		}
	}
	return false;
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

	(void)e;
	do {
		*ret_has = next_old(c, &l) || next_young(c, &l);
	} while (*ret_has && !is_present(c));
	if (*ret_has)
		*ret = l;
	return RC_OK;
}

/* ---- twins: cursors that read what another one finds */

static enum rc twin_open(struct series_cursor *of, struct series_cursor **ret, struct err *e)
{
	struct series_cursor *c = must_alloc(sizeof *c);

	(void)e;
	c->view = of->view;
	c->query = of->query;
	open_places(c);
	*ret = c;
	return RC_OK;
}

static uint64_t cursor_place(const struct series_cursor *c)
{
	return c->id;
}

static void twin_go(struct series_cursor *c, uint64_t place)
{
	if (place < c->id)
		memset(c->at, 0, c->view->head->n * sizeof *c->at);
	c->id = (uint32_t)place;
}

static void twin_narrow(struct series_cursor *c, int64_t min_ms, int64_t max_ms)
{
	c->query.min_ms = min_ms;
	c->query.max_ms = max_ms;
	for (uint32_t i = 0; i < c->view->head->n; i++) {
		c->late[i].min_ms = min_ms;
		c->late[i].max_ms = max_ms;
	}
}

static const struct series_twins twins = { twin_open, cursor_place, twin_go, twin_narrow };

/* What was added from `from` on comes where it belongs. */
static void put_in_order(struct series_cursor *c, struct series_column *column, uint32_t from)
{
	if (!column->has_gaps)
		column_settle(column, from);
	else if (!column_settle_few(column, from))
		c->must_have_all = true;
}

/* Only a query that wants too much fails: *e has it then; else what is damaged is told. */
static enum rc read_part(struct series_cursor *c, struct place *p, struct series_column *column,
	struct err *e)
{
	const struct block_info *info = &p->part->block.info;
	uint32_t from = column->n;
	struct err what = { 0 };

	if (info->max_ms < c->query.min_ms || info->min_ms > c->query.max_ms || !part_has(c, p))
		return RC_OK;
	switch (block_read(p->cursor, &c->query, column, &what)) {
	case RC_OK:
		break;
	case RC_LIMIT:
		return err_set(e, RC_LIMIT, "%s", what.text);
	default:
		c->must_have_all = column->has_gaps;
		tell(c->view, p->part->name, info, &what);
	}
	catalog_delete_of_part(c->view->catalog, p->part, c->id, column, from);
	put_in_order(c, column, from);
	return RC_OK;
}

/* What was added to the column from `from` on, less what was deleted, in order. */
static void settle(struct series_cursor *c, const struct generation *g,
	struct series_column *column, uint32_t from)
{
	catalog_delete_of_generation(c->view->catalog, g->number, c->id, column, from);
	if (column->has_gaps)
		series_column_number(column, from);
	put_in_order(c, column, from);
}

static enum rc read_chunk(struct series_cursor *c, const struct generation_view *v,
	struct chunk_word word, struct series_column *column, struct err *e)
{
	struct chunk chunk = generation_chunk(v->g->slabs, v->g->base_ms, word, c->bytes);
	uint32_t from = column->n;
	struct err what = { 0 };

	switch (chunk_read(&chunk, c->query.min_ms, c->query.max_ms, column, &what)) {
	case RC_OK:
		break;
	case RC_LIMIT:
		return err_set(e, RC_LIMIT, "%s", what.text);
	default:
		tell(c->view, "memory", NULL, &what);
	}
	settle(c, v->g, column, from);
	return RC_OK;
}

static enum rc read_generation(struct series_cursor *c, uint32_t i, struct series_column *column,
	struct err *e)
{
	const struct generation_view *v = &c->view->head->v[i];
	bool is_of_time = v->max_ms >= c->query.min_ms && v->min_ms <= c->query.max_ms;
	struct chunk_word word =
		is_of_time ? generation_view_word(v, c->id, &c->at[i]) : (struct chunk_word){ 0 };
	enum rc rc = word.n_samples ? read_chunk(c, v, word, column, e) : RC_OK;
	uint32_t from = column->n;

	if (rc == RC_OK)
		rc = late_read(&c->late[i], c->id, column, e);
	settle(c, v->g, column, from);
	return rc;
}

static enum rc read_places(struct series_cursor *c, struct series_column *column, struct err *e)
{
	enum rc rc = RC_OK;

	column->n = 0;
	column->has_gaps = c->must_have_all = false;
	for (uint32_t i = 0; rc == RC_OK && i < c->n_places; i++)
		rc = read_part(c, c->query.need & ~SERIES_LAST ? c->in_time[i] : &c->places[i],
			column, e);
	for (uint32_t i = 0; rc == RC_OK && i < c->view->head->n; i++)
		rc = read_generation(c, i, column, e);
	return rc;
}

static bool has_histogram(const struct series_column *column)
{
	for (uint32_t i = 0; column->h && i < column->n; i++)
		if (column->h[i])
			return true;
	return false;
}

/* Few samples come in order of time; where pieces overlap, what was stored later counts, and all are
 * read.  Not so of the last ones: each piece has those of its own. */
static enum rc source_read(struct series_cursor *c, struct series_column *column, struct err *e)
{
	uint8_t need = c->query.need;
	enum rc rc = read_places(c, column, e);

	if (rc != RC_OK || !column->has_gaps || (!c->must_have_all && !has_histogram(column)))
		return rc;
	c->query.need = SERIES_ALL;
	rc = read_places(c, column, e);
	c->query.need = need;
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
	v->damages = must_alloc(sizeof *v->damages);
	v->source = (struct series_source){ .self = v,
		.open = source_open,
		.next = source_next,
		.read = source_read,
		.close = cursor_free,
		.twins = &twins };
	s->stats.views++;
	return v;
}

void store_view_free(struct store_view *v)
{
	if (!v)
		return;
	v->store->stats.views--;
	take_damages(v);
	head_view_free(&v->store->head, v->head);
	catalog_drop(v->catalog);
	free(v);
}

const struct series_source *store_view_source(const struct store_view *v)
{
	return &v->source;
}
