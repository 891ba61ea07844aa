/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/histogram_fixture.h"

#define BUCKETS 24

static void lay_out_exponential(struct histogram *h, struct rng *r, struct histogram_span *spans)
{
	spans[0] = (struct histogram_span){ (int32_t)rng_below(r, 20) - 10,
		(uint32_t)rng_below(r, BUCKETS / 3) };
	spans[1] = (struct histogram_span){ 2, (uint32_t)rng_below(r, BUCKETS / 3) };
	spans[2] = (struct histogram_span){ 0, (uint32_t)rng_below(r, BUCKETS / 3) };
	h->schema = (int8_t)rng_between(r, -4, 8);
	h->zero_threshold = 0.001;
	h->negative_spans = spans + 2;
	h->n_negative_spans = 1;
	h->n_positive_spans = 2;
	h->n_positive = spans[0].length + spans[1].length;
	h->n_negative = spans[2].length;
}

static void lay_out_custom(struct histogram *h, struct rng *r, struct histogram_span *spans,
	struct arena *a)
{
	double *bounds = arena_alloc(a, BUCKETS * sizeof *bounds);

	h->schema = HISTOGRAM_CUSTOM;
	h->n_bounds = 1 + (uint32_t)rng_below(r, BUCKETS - 1);
	for (uint32_t i = 0; i < h->n_bounds; i++)
		bounds[i] = 0.005 * (i + 1) * (i + 1);
	h->bounds = bounds;
	spans[0] = (struct histogram_span){ 0, 1 + (uint32_t)rng_below(r, h->n_bounds + 1) };
	h->n_positive_spans = 1;
	h->n_positive = spans[0].length;
}

const struct histogram *fixture_histogram(struct rng *r, struct arena *a)
{
	struct histogram *h = arena_alloc(a, sizeof *h);
	struct histogram_span *spans = arena_alloc(a, 3 * sizeof *spans);

	h->positive_spans = spans;
	h->is_float = rng_chance(r, 1, 4);
	if (rng_chance(r, 1, 4))
		lay_out_custom(h, r, spans, a);
	else
		lay_out_exponential(h, r, spans);
	if (rng_chance(r, 1, 4))
		h->reset = HISTOGRAM_GAUGE;
	h->positive = arena_alloc(a, (h->n_positive + h->n_negative + 1) * sizeof *h->positive);
	h->negative = h->positive + h->n_positive;
	return h;
}

const struct histogram *fixture_grown(const struct histogram *before, struct rng *r,
	struct arena *a)
{
	struct histogram *h = histogram_copy(before, a);
	uint32_t n = h->n_positive + h->n_negative;
	double *v = arena_alloc(a, (n + 1) * sizeof *v);

	if (h->schema != HISTOGRAM_CUSTOM)
		h->zero_count += (double)rng_below(r, 3);
	h->count = h->zero_count;
	for (uint32_t i = 0; i < n; i++) {
		v[i] = i < h->n_positive ? h->positive[i] : h->negative[i - h->n_positive];
		if (rng_chance(r, 1, 3))
			v[i] += (double)rng_below(r, 500) / (h->is_float ? 4 : 1);
		h->count += v[i];
	}
	h->positive = v;
	h->negative = v + h->n_positive;
	h->sum += (double)rng_below(r, 1000) / 7;
	return h;
}

const struct histogram *fixture_next(const struct histogram *before, struct rng *r, struct arena *a)
{
	if (!before || rng_chance(r, 1, 40))
		return fixture_histogram(r, a);
	return rng_chance(r, 3, 4) ? fixture_grown(before, r, a) : before;
}

void fixture_histograms(struct series_column *c, uint32_t n, struct rng *r, struct arena *a)
{
	const struct histogram *h = c->n && c->h ? c->h[c->n - 1] : NULL;
	int64_t t_ms = c->n ? c->t_ms[c->n - 1] : 1700000000000;

	for (uint32_t i = 0; i < n; i++) {
		h = fixture_next(h, r, a);
		series_column_add_histogram(c, t_ms += 15000, h);
	}
}

static bool is_same(const struct series_column *a, const struct series_column *b, uint32_t i)
{
	const struct histogram *x = a->h ? a->h[i] : NULL, *y = b->h ? b->h[i] : NULL;

	if (a->t_ms[i] != b->t_ms[i] || !x != !y)
		return false;
	return x ? histogram_equal(x, y) : double_bits(a->v[i]) == double_bits(b->v[i]);
}

bool fixture_equal(const struct series_column *a, const struct series_column *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!is_same(a, b, i))
			return false;
	return true;
}
