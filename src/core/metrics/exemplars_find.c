/* SPDX-License-Identifier: Apache-2.0 */
/* Exemplars know their series by id; labels are found for each that has any in the time asked for. */
#include "core/metrics/beside.h"
#include "core/metrics/store_private.h"

#include "base/limits.h"

struct found {
	uint32_t id, order; /* of arrival */
	struct exemplar x;
};

struct finding {
	const struct store_selection *which; /* the same time in each */
	uint32_t n_which;
	struct arena *arena;
	struct found *v;
	uint32_t n, cap;
	bool is_full; /* the arena */
	struct store_exemplar_list list;
	uint32_t cap_list;
	struct label labels[SERIES_LABELS_MAX];
};

static bool take_exemplar(void *self, uint32_t id, const struct exemplar *x)
{
	struct finding *f = self;
	struct found *one;

	if (x->t_ms < f->which->min_ms || x->t_ms > f->which->max_ms)
		return true;
	must_grow(f->v, f->n, f->cap);
	one = &f->v[f->n];
	*one = (struct found){ id, f->n, *x };
	f->is_full = !labels_copy(&x->labels, f->arena, &one->x.labels);
	f->n += !f->is_full;
	return !f->is_full;
}

static int by_id(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int by_labels(const void *a, const void *b)
{
	const struct store_exemplars *x = a, *y = b;

	return labels_compare(&x->series, &y->series);
}

static bool matches_all(const struct store_selection *s, const struct labels *l)
{
	for (uint32_t i = 0; i < s->n_matchers; i++) {
		const struct label *found = labels_find(l, matcher_name(s->matchers[i]));

		if (!matcher_matches(s->matchers[i], found ? found->value : "",
			    found ? found->value_len : 0))
			return false;
	}
	return true;
}

static bool is_wanted(const struct finding *f, const struct labels *l)
{
	for (uint32_t i = 0; i < f->n_which; i++)
		if (matches_all(&f->which[i], l))
			return true;
	return false;
}

/* The exemplars of v[at], v[at + 1], ..., which are of the series with these labels. */
static bool give_series(struct finding *f, uint32_t at, const struct labels *l)
{
	struct store_exemplars one = { 0 };

	if (!is_wanted(f, l))
		return true;
	while (at + one.n < f->n && f->v[at + one.n].id == f->v[at].id)
		one.n++;
	one.v = arena_alloc(f->arena, one.n * sizeof *one.v);
	if (!one.v || !labels_copy(l, f->arena, &one.series))
		return false;
	for (uint32_t i = 0; i < one.n; i++)
		one.v[i] = f->v[at + i].x;
	must_grow(f->list.v, f->list.n, f->cap_list);
	f->list.v[f->list.n++] = one;
	return true;
}

static uint32_t next_series(const struct finding *f, uint32_t at)
{
	uint32_t id = f->v[at].id;

	while (at < f->n && f->v[at].id == id)
		at++;
	return at;
}

static bool find_position(const struct index *x, uint32_t id, uint32_t *ret)
{
	uint32_t low = 0, high = index_count(x);

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (index_id(x, middle) < id)
			low = middle + 1;
		else
			high = middle;
	}
	*ret = low;
	return low < index_count(x) && index_id(x, low) == id;
}

/* What a segment can't tell is left out: queries tell of the damage. */
static bool look_in_segment(struct finding *f, const struct index *x)
{
	for (uint32_t at = 0; at < f->n; at = next_series(f, at)) {
		uint32_t position;
		struct labels l;

		if (find_position(x, f->v[at].id, &position) &&
			index_labels(x, position, f->labels, &l, NULL) == RC_OK &&
			!give_series(f, at, &l))
			return false;
	}
	return true;
}

static bool look_in_young(struct finding *f, const struct generation_view *g)
{
	struct young_walk walk = young_walk(g->g->slabs, g->young_slabs, g->n_young);
	const struct young_series *s;
	uint32_t at = 0;

	while (at < f->n && (s = young_next(&walk))) {
		while (at < f->n && f->v[at].id < s->id)
			at = next_series(f, at);
		if (at == f->n || f->v[at].id != s->id)
			continue;
		young_labels(g->g->slabs, s, f->labels);
		if (!give_series(f, at, &(struct labels){ f->labels, s->n }))
			return false;
	}
	return true;
}

static bool look(struct finding *f, const struct store_view *v)
{
	bool fits = true;

	for (uint32_t i = 0; fits && i < v->catalog->n_segments; i++)
		fits = look_in_segment(f, v->catalog->segments[i]);
	for (uint32_t i = 0; fits && i < v->head->n; i++)
		fits = look_in_young(f, &v->head->v[i]);
	return fits;
}

/* The list goes to the arena. */
static bool give_list(struct finding *f, struct store_exemplar_list *ret)
{
	struct store_exemplars *v = arena_alloc(f->arena, (f->list.n + 1) * sizeof *v);

	if (!v)
		return false;
	if (f->list.n)
		memcpy(v, f->list.v, f->list.n * sizeof *v);
	qsort(v, f->list.n, sizeof *v, by_labels);
	*ret = (struct store_exemplar_list){ v, f->list.n };
	return true;
}

enum rc store_find_exemplars(const struct store_view *v, const struct str *copied,
	const struct store_selection *which, uint32_t n_which, struct arena *a,
	struct store_exemplar_list *ret, struct err *e)
{
	struct finding *f = must_alloc(sizeof *f);
	struct beside_visitor visitor = { .self = f, .exemplar = take_exemplar };
	bool fits;

	*ret = (struct store_exemplar_list){ 0 };
	f->which = which;
	f->n_which = n_which;
	f->arena = a;
	fits = !n_which || beside_read((const uint8_t *)copied->s, copied->len, &visitor);
	if (f->n)
		qsort(f->v, f->n, sizeof *f->v, by_id);
	fits = fits && look(f, v) && give_list(f, ret);
	free(f->list.v);
	free(f->v);
	free(f);
	return fits ? RC_OK
		    : err_set(e, RC_LIMIT, "exemplars of more than %zu bytes: ask more narrowly",
			      a->budget_bytes);
}
