/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/last_histograms.h"

#include "base/mem.h"

void last_histograms_fini(struct last_histograms *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct last_histograms){ 0 };
}

/* Where this id stands, or would. */
static uint32_t place_of(const struct last_histograms *l, uint32_t id)
{
	uint32_t low = 0, high = l->n;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (l->v[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct last_histogram *last_histograms_find(const struct last_histograms *l, uint32_t id)
{
	uint32_t at = place_of(l, id);

	return at < l->n && l->v[at]->id == id ? l->v[at] : NULL;
}

static size_t size_of(const struct histogram *h)
{
	return sizeof(struct last_histogram) +
	       (h->n_positive_spans + (size_t)h->n_negative_spans) * sizeof *h->positive_spans +
	       (h->n_positive + (size_t)h->n_negative + h->n_bounds) * sizeof(double);
}

static const void *put_array(uint8_t **at, const void *from, size_t n)
{
	void *to = *at;

	if (n)
		memcpy(to, from, n);
	*at += n;
	return to;
}

static void fill(struct last_histogram *last, const struct histogram *h)
{
	uint8_t *at = (uint8_t *)(last + 1);

	last->h = *h;
	last->h.positive = put_array(&at, h->positive, h->n_positive * sizeof(double));
	last->h.negative = put_array(&at, h->negative, h->n_negative * sizeof(double));
	last->h.bounds = put_array(&at, h->bounds, h->n_bounds * sizeof(double));
	last->h.positive_spans =
		put_array(&at, h->positive_spans, h->n_positive_spans * sizeof *h->positive_spans);
	last->h.negative_spans =
		put_array(&at, h->negative_spans, h->n_negative_spans * sizeof *h->negative_spans);
}

struct last_histogram *last_histograms_put(struct last_histograms *l, uint32_t id, int64_t t_ms,
	const struct histogram *h)
{
	uint32_t at = place_of(l, id);
	bool is_there = at < l->n && l->v[at]->id == id;
	size_t size = size_of(h);

	if (!is_there) {
		must_grow(l->v, l->n, l->cap);
		memmove(l->v + at + 1, l->v + at, (l->n - at) * sizeof *l->v);
		l->v[at] = NULL;
		l->n++;
	}
	if (!is_there || l->v[at]->size_bytes != size) {
		l->size_bytes += size - (is_there ? l->v[at]->size_bytes : 0);
		l->v[at] = must_realloc(l->v[at], size);
		l->v[at]->size_bytes = size;
	}
	l->v[at]->id = id;
	l->v[at]->generation = 0;
	l->v[at]->t_ms = t_ms;
	fill(l->v[at], h);
	return l->v[at];
}

void last_histograms_keep(struct last_histograms *l,
	bool (*is_wanted)(const void *ctx, uint32_t id), const void *ctx)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		if (is_wanted(ctx, l->v[i]->id)) {
			l->v[n++] = l->v[i];
			continue;
		}
		l->size_bytes -= l->v[i]->size_bytes;
		free(l->v[i]);
	}
	l->n = n;
}
