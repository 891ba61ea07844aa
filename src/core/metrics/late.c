/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/late.h"

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

bool late_has(struct late *l, uint32_t id)
{
	while (l->at < l->n && l->v[l->at].id < id)
		l->at++;
	return l->at < l->n && l->v[l->at].id == id;
}

void late_read(struct late *l, uint32_t id, struct series_column *column)
{
	uint32_t from = column->n;

	if (!late_has(l, id))
		return;
	for (uint32_t i = l->at; i < l->n && l->v[i].id == id; i++) {
		/* In order of arrival: of two at one time the later one stays. */
		if (column->n > from && column->t_ms[column->n - 1] == l->v[i].t_ms)
			column->v[column->n - 1] = l->v[i].v;
		else
			series_column_add(column, l->v[i].t_ms, l->v[i].v);
	}
}
