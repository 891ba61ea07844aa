/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/column.h"

#include <math.h>

static void move(struct series_column *c, uint32_t to, uint32_t from)
{
	c->t_ms[to] = c->t_ms[from];
	c->v[to] = c->v[from];
	if (c->h)
		c->h[to] = c->h[from];
	if (c->has_gaps)
		c->nth[to] = c->nth[from];
}

/* Everything from `from` on, copied behind the end, where it is out of the way. */
static void copy_behind(struct series_column *c, uint32_t from)
{
	uint32_t n = c->n - from;

	series_column_reserve(c, c->n + n);
	memcpy(c->t_ms + c->n, c->t_ms + from, n * sizeof *c->t_ms);
	memcpy(c->v + c->n, c->v + from, n * sizeof *c->v);
	if (c->h)
		memcpy(c->h + c->n, c->h + from, n * sizeof *c->h);
	if (c->has_gaps)
		memcpy(c->nth + c->n, c->nth + from, n * sizeof *c->nth);
}

void column_settle(struct series_column *c, uint32_t from)
{
	uint32_t all = c->n, a = from, b, to = c->n, n;

	if (from == 0 || from == c->n || c->t_ms[from] > c->t_ms[from - 1])
		return;
	copy_behind(c, from);
	/* From the back: what is taken from the front part moves up, never over what is left. */
	b = all + (all - from);
	while (b > all) {
		bool is_same = a > 0 && c->t_ms[a - 1] == c->t_ms[b - 1];

		if (a > 0 && c->t_ms[a - 1] > c->t_ms[b - 1]) {
			move(c, --to, --a);
			continue;
		}
		move(c, --to, --b);
		a -= is_same;
	}
	/* [0, a) stands where it did; between it and `to` is what was there twice. */
	for (n = a; to < all; n++, to++)
		move(c, n, to);
	c->n = n;
}

/* The first sample before `from` that isn't earlier than this. */
static uint32_t find_time(const struct series_column *c, uint32_t from, int64_t t_ms)
{
	uint32_t low = 0, high = from;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (c->t_ms[middle] < t_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool column_settle_few(struct series_column *c, uint32_t from)
{
	uint32_t at, first, n;

	if (from == 0 || from == c->n || c->t_ms[from] > c->t_ms[from - 1])
		return true;
	at = find_time(c, from, c->t_ms[from]);
	if (c->t_ms[at] <= c->t_ms[c->n - 1] || (at > 0 && c->nth[at] != c->nth[at - 1] + 1))
		return false;
	n = c->nth[c->n - 1] - c->nth[from] + 1;
	first = c->nth[from];
	for (uint32_t i = from; i < c->n; i++)
		c->nth[i] += (at ? c->nth[at - 1] + 1 : 0) - first;
	for (uint32_t i = at; i < from; i++)
		c->nth[i] += n;
	column_settle(c, from);
	return true;
}

static const struct histogram *histogram_at(const struct series_column *c, uint32_t i)
{
	return c->h ? c->h[i] : NULL;
}

static bool same_spans(const struct histogram_span *a, const struct histogram_span *b, uint32_t n)
{
	return n == 0 || memcmp(a, b, n * sizeof *a) == 0;
}

static bool same_layout(const struct histogram *a, const struct histogram *b)
{
	return a->schema == b->schema && a->n_positive_spans == b->n_positive_spans &&
	       a->n_negative_spans == b->n_negative_spans && a->n_positive == b->n_positive &&
	       a->n_negative == b->n_negative &&
	       same_spans(a->positive_spans, b->positive_spans, a->n_positive_spans) &&
	       same_spans(a->negative_spans, b->negative_spans, a->n_negative_spans);
}

/* A counter began again, of a histogram: if the whole or any bucket has less.  Where the layout
 * changes it may have. */
static bool is_histogram_drop(const struct histogram *before, const struct histogram *h)
{
	if (h->count < before->count || h->zero_count < before->zero_count ||
		h->reset != before->reset || !same_layout(before, h))
		return true;
	for (uint32_t i = 0; i < h->n_positive; i++)
		if (h->positive[i] < before->positive[i])
			return true;
	for (uint32_t i = 0; i < h->n_negative; i++)
		if (h->negative[i] < before->negative[i])
			return true;
	return false;
}

static bool is_drop(const struct series_column *c, uint32_t i)
{
	return i > 0 && c->v[i] < c->v[i - 1] && !histogram_at(c, i) && !histogram_at(c, i - 1);
}

/* A sample that is kept with both its neighbours: the end of a series, the first one of a kind. */
static bool is_mark(const struct series_column *c, uint32_t i)
{
	return is_stale(c->v[i]) || (i > 0 && !histogram_at(c, i) != !histogram_at(c, i - 1));
}

static bool is_edge(const struct series_column *c, uint32_t i, bool is_counter)
{
	const struct histogram *h = histogram_at(c, i);
	const struct histogram *before = i > 0 ? histogram_at(c, i - 1) : NULL;

	if (h && before)
		return h->reset != HISTOGRAM_GAUGE && is_histogram_drop(before, h);
	return is_mark(c, i) || (is_counter && is_drop(c, i));
}

static bool is_counter(const struct series_column *c)
{
	uint32_t drops = 0;

	for (uint32_t i = 1; i < c->n; i++)
		drops += is_drop(c, i);
	return c->n == 0 ||
	       drops <= 1 + ((uint64_t)c->t_ms[c->n - 1] - (uint64_t)c->t_ms[0]) / COLUMN_DROP_MS;
}

/* The number of the window; the end of each belongs to it. */
static int64_t window_of(int64_t t_ms, int64_t window_ms)
{
	int64_t down = t_ms / window_ms;

	return down + (t_ms % window_ms > 0);
}

/* Histograms are neither least nor greatest. */
static double number_at(const struct series_column *c, uint32_t i)
{
	return histogram_at(c, i) ? NAN : c->v[i];
}

static void keep_extremes(const struct series_column *c, uint32_t from, uint32_t to, bool *keep)
{
	uint32_t least = from, most = from;

	for (uint32_t i = from; i < to; i++) {
		double v = number_at(c, i);

		if (v < number_at(c, least) || isnan(number_at(c, least)))
			least = i;
		if (v > number_at(c, most) || isnan(number_at(c, most)))
			most = i;
	}
	keep[from] = keep[to - 1] = keep[least] = keep[most] = true;
}

static void keep_edges(const struct series_column *c, bool *keep)
{
	bool counts = is_counter(c);

	for (uint32_t i = 0; i < c->n; i++) {
		if (!is_edge(c, i, counts))
			continue;
		keep[i] = true;
		if (i > 0)
			keep[i - 1] = true;
		if (is_mark(c, i) && i + 1 < c->n)
			keep[i + 1] = true;
	}
}

void column_downsample(struct series_column *c, int64_t window_ms)
{
	bool *keep = must_alloc(c->n + !c->n);
	uint32_t from = 0, n = 0;

	keep_edges(c, keep);
	while (from < c->n) {
		int64_t window = window_of(c->t_ms[from], window_ms);
		uint32_t to = from;

		while (to < c->n && window_of(c->t_ms[to], window_ms) == window)
			to++;
		keep_extremes(c, from, to, keep);
		from = to;
	}
	for (uint32_t i = 0; i < c->n; i++)
		if (keep[i])
			move(c, n++, i);
	c->n = n;
	free(keep);
}
