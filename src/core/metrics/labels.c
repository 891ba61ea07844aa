/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and values of labels, and how common they are.
 *
 * Without matchers and with all of time the index alone knows the answer. Else one goes through the
 * series.
 */
#include "core/metrics/store_private.h"
#include "core/metrics/tally.h"

#include "base/limits.h"

/* Every pair of every place, with the number of its series there. */
struct visitor {
	void *self;
	void (*pair)(void *self, struct tally_text name, struct tally_text value, uint64_t n);
};

static struct tally_text tally_text(struct index_text t)
{
	return (struct tally_text){ t.s, t.n };
}

static void visit_segment(const struct index *x, const struct visitor *visitor)
{
	for (uint32_t name = 0; name < index_n_names(x); name++) {
		struct run pairs = index_pairs(x, name);

		for (uint32_t i = pairs.from; i < pairs.to; i++)
			visitor->pair(visitor->self, tally_text(index_label_name(x, name)),
				tally_text(index_value(x, i)), index_pair_count(x, i));
	}
}

static void visit_labels(const struct labels *l, const struct visitor *visitor)
{
	for (uint32_t i = 0; i < l->n; i++)
		visitor->pair(visitor->self, (struct tally_text){ l->v[i].name, l->v[i].name_len },
			(struct tally_text){ l->v[i].value, l->v[i].value_len }, 1);
}

static void visit_young(const struct generation_view *g, const struct visitor *visitor)
{
	struct young_walk walk = young_walk(g->g->slabs, g->young_slabs, g->n_young);
	struct label *v = must_alloc(SERIES_LABELS_MAX * sizeof *v);
	const struct young_series *s;

	while ((s = young_next(&walk))) {
		young_labels(g->g->slabs, s, v);
		visit_labels(&(struct labels){ v, s->n }, visitor);
	}
	free(v);
}

static void visit_all(const struct store_view *v, const struct visitor *visitor)
{
	for (uint32_t i = 0; i < v->catalog->n_segments; i++)
		visit_segment(v->catalog->segments[i], visitor);
	for (uint32_t i = 0; i < v->head->n; i++)
		visit_young(&v->head->v[i], visitor);
}

/* Series that are young have texts that live as long as the view; so have those of segments. */
static enum rc visit_selected(const struct store_view *v, const struct store_selection *which,
	const struct visitor *visitor, struct err *e)
{
	struct series_query q = { .matchers = which->matchers,
		.n_matchers = which->n_matchers,
		.min_ms = which->min_ms,
		.max_ms = which->max_ms };
	struct series_cursor *c;
	struct labels l;
	enum rc rc = v->source.open(v->source.self, &q, &c, e);
	bool has = true;

	if (rc != RC_OK)
		return rc;
	for (;;) {
		rc = v->source.next(c, &l, &has, e);
		if (rc != RC_OK || !has)
			break;
		visit_labels(&l, visitor);
	}
	v->source.close(c);
	return rc;
}

static bool is_everything(const struct store_view *v, const struct store_selection *which)
{
	int64_t min_ms = INT64_MAX, max_ms = INT64_MIN;

	for (uint32_t i = 0; i < v->catalog->n_parts; i++) {
		const struct block_info *info = &v->catalog->parts[i]->block.info;

		min_ms = info->min_ms < min_ms ? info->min_ms : min_ms;
		max_ms = info->max_ms > max_ms ? info->max_ms : max_ms;
	}
	for (uint32_t i = 0; i < v->head->n; i++) {
		min_ms = v->head->v[i].min_ms < min_ms ? v->head->v[i].min_ms : min_ms;
		max_ms = v->head->v[i].max_ms > max_ms ? v->head->v[i].max_ms : max_ms;
	}
	return !which->n_matchers && which->min_ms <= min_ms && which->max_ms >= max_ms;
}

static enum rc visit(const struct store_view *v, const struct store_selection *which,
	const struct visitor *visitor, struct err *e)
{
	if (!is_everything(v, which))
		return visit_selected(v, which, visitor, e);
	visit_all(v, visitor);
	return RC_OK;
}

struct texts {
	struct tally tally;
	const char *name; /* only its values; NULL: names */
	size_t n_name;
};

static void note_text(void *self, struct tally_text name, struct tally_text value, uint64_t n)
{
	struct texts *t = self;
	const struct tally_text none = { 0 };

	(void)n;
	if (!t->name)
		tally_add(&t->tally, name, none, 1);
	else if (name.n == t->n_name && memcmp(name.s, t->name, name.n) == 0)
		tally_add(&t->tally, value, none, 1);
}

static enum rc give_texts(struct texts *t, struct arena *a, struct store_texts *ret, struct err *e)
{
	const char **v = arena_alloc(a, (t->tally.n + 1) * sizeof *v);

	tally_sort_by_text(&t->tally);
	for (uint32_t i = 0; v && i < t->tally.n; i++) {
		v[i] = arena_strndup(a, t->tally.v[i].a.s, t->tally.v[i].a.n);
		if (!v[i])
			v = NULL;
	}
	if (!v)
		return err_set(e, RC_LIMIT, "%u texts need more memory than %zu bytes", t->tally.n,
			a->budget_bytes);
	*ret = (struct store_texts){ v, t->tally.n };
	return RC_OK;
}

enum rc store_label_names(const struct store_view *v, const struct store_selection *which,
	struct arena *a, struct store_texts *ret, struct err *e)
{
	struct texts t = { 0 };
	enum rc rc = visit(v, which, &(struct visitor){ &t, note_text }, e);

	if (rc == RC_OK)
		rc = give_texts(&t, a, ret, e);
	tally_fini(&t.tally);
	return rc;
}

enum rc store_label_values(const struct store_view *v, const char *name,
	const struct store_selection *which, struct arena *a, struct store_texts *ret,
	struct err *e)
{
	struct texts t = { .name = name, .n_name = strlen(name) };
	enum rc rc = visit(v, which, &(struct visitor){ &t, note_text }, e);

	if (rc == RC_OK)
		rc = give_texts(&t, a, ret, e);
	tally_fini(&t.tally);
	return rc;
}

struct counts {
	struct tally metrics, pairs, values, bytes;
};

/* A pair of several places is told once for each: first they are added up. */
static void note_pair(void *self, struct tally_text name, struct tally_text value, uint64_t n)
{
	struct counts *c = self;

	tally_add(&c->pairs, name, value, n);
}

static void count_pairs(struct counts *c)
{
	const struct tally_text none = { 0 };

	for (uint32_t i = 0; i < c->pairs.n; i++) {
		const struct tally_row *row = &c->pairs.v[i];

		tally_add(&c->values, row->a, none, 1);
		tally_add(&c->bytes, row->a, none, row->b.n * row->n);
		if (row->a.n == strlen(METRIC_NAME) && memcmp(row->a.s, METRIC_NAME, row->a.n) == 0)
			tally_add(&c->metrics, row->b, none, row->n);
	}
}

static enum rc give_top(struct tally *t, uint32_t most, struct arena *a, struct store_top *ret,
	struct err *e)
{
	uint32_t n = t->n < most ? t->n : most;
	struct store_count *v = arena_alloc(a, (n + 1) * sizeof *v);

	tally_sort_by_count(t);
	for (uint32_t i = 0; v && i < n; i++) {
		const struct tally_row *row = &t->v[i];

		v[i].n = row->n;
		v[i].text = arena_printf(a, "%.*s%s%.*s", (int)row->a.n, row->a.s,
			row->b.s ? "=" : "", (int)row->b.n, row->b.s ? row->b.s : "");
		if (!v[i].text)
			v = NULL;
	}
	if (!v)
		return err_set(e, RC_LIMIT,
			"the most common labels need more memory than %zu bytes", a->budget_bytes);
	*ret = (struct store_top){ v, n };
	return RC_OK;
}

static uint64_t count_series(const struct store_view *v)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < v->catalog->n_segments; i++)
		n += index_count(v->catalog->segments[i]);
	for (uint32_t i = 0; i < v->head->n; i++)
		n += v->head->v[i].n_young;
	return n;
}

enum rc store_cardinality(const struct store_view *v, uint32_t most, struct arena *a,
	struct store_cardinality *ret, struct err *e)
{
	struct counts c = { 0 };
	struct store_cardinality found = { .series = count_series(v) };
	enum rc rc;

	visit_all(v, &(struct visitor){ &c, note_pair });
	count_pairs(&c);
	found.label_pairs = c.pairs.n;
	rc = give_top(&c.metrics, most, a, &found.series_by_metric, e);
	if (rc == RC_OK)
		rc = give_top(&c.values, most, a, &found.values_by_label, e);
	if (rc == RC_OK)
		rc = give_top(&c.bytes, most, a, &found.bytes_by_label, e);
	if (rc == RC_OK)
		rc = give_top(&c.pairs, most, a, &found.series_by_pair, e);
	tally_fini(&c.metrics);
	tally_fini(&c.pairs);
	tally_fini(&c.values);
	tally_fini(&c.bytes);
	if (rc == RC_OK)
		*ret = found;
	return rc;
}
