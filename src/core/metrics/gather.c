/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/gather.h"

static int by_id(const void *a, const void *b)
{
	const struct late_sample *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->t_ms != y->t_ms)
		return x->t_ms < y->t_ms ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

void late_init(struct late *l, const struct generation_view *g, int64_t min_ms, int64_t max_ms)
{
	*l = (struct late){ 0 };
	if (!g->n_late)
		return;
	l->v = must_alloc(g->n_late * sizeof *l->v);
	for (uint32_t i = 0; i < g->n_late; i++) {
		uint32_t slab = g->late_slabs[i / LATE_PER_SLAB];
		const struct late_sample *s =
			(const void *)slabs_at(g->g->slabs, slab << SLAB_BITS);

		s += i % LATE_PER_SLAB;
		if (s->t_ms >= min_ms && s->t_ms <= max_ms)
			l->v[l->n++] = *s;
	}
	qsort(l->v, l->n, sizeof *l->v, by_id);
}

void late_fini(struct late *l)
{
	free(l->v);
	*l = (struct late){ 0 };
}

uint32_t late_find(struct late *l, uint32_t id, uint32_t *ret_n)
{
	uint32_t n = 0;

	while (l->at < l->n && l->v[l->at].id < id)
		l->at++;
	while (l->at + n < l->n && l->v[l->at + n].id == id)
		n++;
	*ret_n = n;
	return l->at;
}

void gather_begin(struct gather *g, struct series_column *column)
{
	column->n = 0;
	*g = (struct gather){ .column = column };
}

void gather_without(struct gather *g, const struct deletion *d)
{
	struct series_column *c = g->column;
	uint32_t n = g->from;

	for (uint32_t i = g->from; i < c->n; i++) {
		if (c->t_ms[i] >= d->min_ms && c->t_ms[i] <= d->max_ms)
			continue;
		c->t_ms[n] = c->t_ms[i];
		c->v[n] = c->v[i];
		if (c->h)
			c->h[n] = c->h[i];
		n++;
	}
	c->n = n;
}

void gather_place(struct gather *g)
{
	struct series_column *c = g->column;

	if (g->from && g->from < c->n && c->t_ms[g->from] <= c->t_ms[g->from - 1])
		g->is_mixed = true;
	g->from = c->n;
}

void gather_late(struct gather *g, const struct late_sample *v, uint32_t n)
{
	struct series_column *c = g->column;

	for (uint32_t i = 0; i < n; i++) {
		/* In order of arrival: the later one of a time stands. */
		if (c->n > g->from && c->t_ms[c->n - 1] == v[i].t_ms)
			c->v[c->n - 1] = v[i].v;
		else
			series_column_add(c, v[i].t_ms, v[i].v);
	}
}

struct place {
	int64_t t_ms;
	double v;
	const struct histogram *h;
	uint32_t order;
};

static int by_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->t_ms != y->t_ms)
		return x->t_ms < y->t_ms ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

void gather_end(struct gather *g)
{
	struct series_column *c = g->column;
	struct place *v;
	uint32_t n = 0;

	if (!g->is_mixed)
		return;
	v = must_alloc(c->n * sizeof *v);
	for (uint32_t i = 0; i < c->n; i++)
		v[i] = (struct place){ c->t_ms[i], c->v[i], c->h ? c->h[i] : NULL, i };
	qsort(v, c->n, sizeof *v, by_time);
	for (uint32_t i = 0; i < c->n; i++) {
		n += n == 0 || v[i].t_ms != c->t_ms[n - 1];
		c->t_ms[n - 1] = v[i].t_ms;
		c->v[n - 1] = v[i].v;
		if (c->h)
			c->h[n - 1] = v[i].h;
	}
	c->n = n;
	free(v);
}
