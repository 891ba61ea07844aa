/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest, the largest and what lies between.  Extremes of moving windows come from a queue of
 * the samples that no later one beats: each sample enters it once and leaves it once. */
#include "core/promql/window.h"

#include <math.h>

struct order {
	bool is_max;
	bool is_last; /* of equal ones the last counts: ts_of_... */
	bool is_time;
};

/* Whether a queued sample can't be the extreme of a window that holds the newer one too. */
static inline bool is_beaten(double queued, double newer, struct order order)
{
	if (order.is_last && queued == newer)
		return true;
	return order.is_max ? queued < newer : queued > newer;
}

/* A NaN is the result only where there is nothing else: the first of the window, or, where the last
 * of equal ones counts, the last, as every NaN replaces a NaN. */
static double extreme(const struct windows *w, uint32_t step, uint32_t at, struct order order)
{
	(void)step;
	return order.is_time ? (double)w->t_ms[at] / 1000 : w->v[at];
}

static inline __attribute__((always_inline)) void roll_extreme(const struct windows *w, double *out,
	struct order order)
{
	uint32_t *queue = w->places, head = 0, tail = 0, seen = 0;

	for (uint32_t i = 0; i < w->steps->n; i++) {
		uint32_t low = w->low[i], high = w->high[i];

		for (; seen < high; seen++) {
			if (isnan(w->v[seen]))
				continue;
			while (tail > head && is_beaten(w->v[queue[tail - 1]], w->v[seen], order))
				tail--;
			queue[tail++] = seen;
		}
		while (head < tail && queue[head] < low)
			head++;
		if (low == high)
			out[i] = absent();
		else if (head == tail)
			out[i] = extreme(w, i, order.is_last ? high - 1 : low, order);
		else
			out[i] = extreme(w, i, queue[head], order);
	}
}

void roll_min(const struct windows *w, double *out)
{
	roll_extreme(w, out, (struct order){ .is_max = false });
}

void roll_max(const struct windows *w, double *out)
{
	roll_extreme(w, out, (struct order){ .is_max = true });
}

void roll_time_of_min(const struct windows *w, double *out)
{
	roll_extreme(w, out, (struct order){ .is_max = false, .is_last = true, .is_time = true });
}

void roll_time_of_max(const struct windows *w, double *out)
{
	roll_extreme(w, out, (struct order){ .is_max = true, .is_last = true, .is_time = true });
}

/* NaN first. */
static inline bool is_less(double a, double b)
{
	return a < b || (isnan(a) && !isnan(b));
}

static void swap(double *a, double *b)
{
	double t = *a;

	*a = *b;
	*b = t;
}

/* Puts the k-th smallest of v[0..n) at v[k], smaller ones before it, larger ones behind (Hoare's
 * selection; the middle of three keeps sorted input from being the worst case). */
static void select_nth(double *v, uint32_t n, uint32_t k)
{
	uint32_t low = 0, high = n - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2, i = low, j = high;
		double pivot;

		if (is_less(v[middle], v[low]))
			swap(&v[middle], &v[low]);
		if (is_less(v[high], v[low]))
			swap(&v[high], &v[low]);
		if (is_less(v[high], v[middle]))
			swap(&v[high], &v[middle]);
		pivot = v[middle];
		while (i <= j) {
			while (is_less(v[i], pivot))
				i++;
			while (is_less(pivot, v[j]))
				j--;
			if (i > j)
				break;
			swap(&v[i++], &v[j]);
			if (j-- == 0)
				break;
		}
		if (k <= j && j != UINT32_MAX)
			high = j;
		else if (k >= i)
			low = i;
		else
			return;
	}
}

double quantile_of(double q, double *v, uint32_t n)
{
	double rank, weight, below, above;
	uint32_t low, high;

	if (n == 0 || isnan(q))
		return not_a_number();
	if (q < 0)
		return -INFINITY;
	if (q > 1)
		return INFINITY;
	rank = q * (double)(n - 1);
	low = (uint32_t)floor(rank);
	high = low + 1 < n ? low + 1 : n - 1;
	weight = rank - floor(rank);
	select_nth(v, n, low);
	below = above = v[low];
	if (high > low) {
		above = v[high];
		for (uint32_t i = high + 1; i < n; i++)
			if (is_less(v[i], above))
				above = v[i];
	}
	return below * (1 - weight) + above * weight;
}

void roll_quantile(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++) {
		uint32_t low = w->low[i], n = w->high[i] - low;

		memcpy(w->scratch, w->v + low, n * sizeof *w->scratch);
		out[i] = n ? quantile_of(w->params[0][i], w->scratch, n) : absent();
	}
}

/* The median of the distances to the median. */
void roll_mad(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++) {
		uint32_t low = w->low[i], n = w->high[i] - low;
		double median;

		out[i] = absent();
		if (n == 0)
			continue;
		memcpy(w->scratch, w->v + low, n * sizeof *w->scratch);
		median = quantile_of(0.5, w->scratch, n);
		for (uint32_t k = 0; k < n; k++)
			w->scratch[k] = fabs(w->v[low + k] - median);
		out[i] = quantile_of(0.5, w->scratch, n);
	}
}
