/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/column.h"

static void move(struct series_column *c, uint32_t to, uint32_t from)
{
	c->t_ms[to] = c->t_ms[from];
	c->v[to] = c->v[from];
	if (c->h)
		c->h[to] = c->h[from];
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

static bool is_drop(const struct series_column *c, uint32_t i)
{
	return i > 0 && c->v[i] < c->v[i - 1];
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

static void keep_extremes(const struct series_column *c, uint32_t from, uint32_t to, bool *keep)
{
	uint32_t least = from, most = from;

	for (uint32_t i = from; i < to; i++) {
		if (c->v[i] < c->v[least] || c->v[least] != c->v[least])
			least = i;
		if (c->v[i] > c->v[most] || c->v[most] != c->v[most])
			most = i;
	}
	keep[from] = keep[to - 1] = keep[least] = keep[most] = true;
}

static void keep_edges(const struct series_column *c, bool *keep)
{
	bool counts = is_counter(c);

	for (uint32_t i = 0; i < c->n; i++) {
		bool is_mark = is_stale(c->v[i]) || (c->h && c->h[i]);

		if (!is_mark && !(counts && is_drop(c, i)))
			continue;
		keep[i] = true;
		if (i > 0)
			keep[i - 1] = true;
		if (is_mark && i + 1 < c->n)
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
