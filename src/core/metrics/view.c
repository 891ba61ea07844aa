/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor goes through the series in order of their ids; each place where samples may be is asked
 * for that id, and remembers how far it has come.
 */
#include "core/metrics/store_private.h"

#include "base/limits.h"

struct series_cursor {
	const struct store_view *view;
	struct series_query query;
	uint32_t generation; /* whose young series are shown */
	struct young_walk young;
	uint32_t id;  /* of the series that is shown */
	uint32_t *at; /* a place in each generation's pages */
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

static enum rc source_open(void *self, const struct series_query *q, struct series_cursor **ret,
	struct err *e)
{
	const struct store_view *v = self;
	struct series_cursor *c = must_alloc(sizeof *c);

	(void)e;
	c->view = v;
	c->query = *q;
	c->at = must_alloc(v->head->n * sizeof *c->at);
	begin_young(c);
	*ret = c;
	return RC_OK;
}

static enum rc source_next(struct series_cursor *c, struct labels *ret, bool *ret_has,
	struct err *e)
{
	const struct head_view *head = c->view->head;

	(void)e;
	*ret_has = false;
	while (c->generation < head->n) {
		const struct young_series *s = young_next(&c->young);
		struct labels l = { c->labels, s ? s->n : 0 };

		if (!s) {
			if (++c->generation < head->n)
				begin_young(c);
			continue;
		}
		young_labels(head->v[c->generation].g->slabs, s, c->labels);
		if (!matches(&c->query, &l))
			continue;
		c->id = s->id;
		*ret = l;
		*ret_has = true;
		return RC_OK;
	}
	return RC_OK;
}

static enum rc source_read(struct series_cursor *c, struct series_column *column, struct err *e)
{
	const struct head_view *head = c->view->head;
	enum rc rc = RC_OK;

	column->n = 0;
	for (uint32_t i = 0; rc == RC_OK && i < head->n; i++) {
		const struct generation_view *g = &head->v[i];
		struct chunk_word word = generation_view_word(g, c->id, &c->at[i]);
		struct chunk chunk;

		if (!word.n_samples)
			continue;
		chunk = generation_chunk(g->g->slabs, g->g->base_ms, word, c->bytes);
		rc = chunk_read(&chunk, c->query.min_ms, c->query.max_ms, column, e);
	}
	return rc;
}

static void source_close(struct series_cursor *c)
{
	if (!c)
		return;
	free(c->at);
	free(c);
}

struct store_view *store_view_new(struct store *s)
{
	struct store_view *v = must_alloc(sizeof *v);

	v->store = s;
	v->head = head_view_new(&s->head);
	v->source = (struct series_source){ .self = v,
		.open = source_open,
		.next = source_next,
		.read = source_read,
		.close = source_close };
	s->stats.views++;
	return v;
}

void store_view_free(struct store_view *v)
{
	if (!v)
		return;
	v->store->stats.views--;
	head_view_free(&v->store->head, v->head);
	free(v);
}

const struct series_source *store_view_source(const struct store_view *v)
{
	return &v->source;
}
