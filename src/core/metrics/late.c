/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/late.h"

#include "core/metrics/packed.h"

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
	*l = (struct late){ .slabs = g->g->slabs, .min_ms = min_ms, .max_ms = max_ms };
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
	if (l->at > 0 && l->v[l->at - 1].id >= id)
		l->at = 0;
	while (l->at < l->n && l->v[l->at].id < id)
		l->at++;
	return l->at < l->n && l->v[l->at].id == id;
}

static enum rc read_histogram(const struct late *l, const struct late_sample *s,
	struct series_column *column, struct err *e)
{
	const uint8_t *bytes = slabs_at(l->slabs, (uint32_t)s->place);
	struct varint_bytes in = { bytes + 4, bytes + 4 + get_u32(bytes) };
	const struct histogram *h;
	enum rc rc = packed_take(&in, NULL, column->histograms, &h, e);

	if (rc == RC_OK)
		series_column_add_histogram(column, s->t_ms, h);
	return rc;
}

enum rc late_read(struct late *l, uint32_t id, struct series_column *column, struct err *e)
{
	uint32_t from = column->n;
	enum rc rc = RC_OK;

	if (!late_has(l, id))
		return RC_OK;
	for (uint32_t i = l->at; rc == RC_OK && i < l->n && l->v[i].id == id; i++) {
		const struct late_sample *s = &l->v[i];

		if (s->t_ms < l->min_ms || s->t_ms > l->max_ms ||
			(s->is_histogram && !column->histograms))
			continue;
		/* In order of arrival: of two at one time the later one stays. */
		if (column->n > from && column->t_ms[column->n - 1] == s->t_ms)
			column->n--;
		if (s->is_histogram)
			rc = read_histogram(l, s, column, e);
		else
			series_column_add(column, s->t_ms, s->v);
	}
	return rc;
}
