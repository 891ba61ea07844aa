/* SPDX-License-Identifier: Apache-2.0 */
/* Growth over a window, extrapolated to its ends as Prometheus does: to the very end where a sample
 * is about as near as the samples are apart, else by half of that distance; and never beyond the
 * point where a counter would have been 0. */
#include "core/promql/window.h"

#define AT_ONCE 8 /* samples looked at together; resets are seldom */

static inline bool any_falls(const double *v)
{
	bool falls = false;

	for (int k = 0; k < AT_ONCE; k++)
		falls |= v[k + 1] < v[k];
	return falls;
}

/* The samples before which a counter began anew; `places` has them. */
static uint32_t find_resets(const struct windows *w)
{
	uint32_t n = 0, i = 1;

	while (i < w->n_samples) {
		uint32_t end = i + AT_ONCE <= w->n_samples ? i + AT_ONCE : w->n_samples;

		if (end - i == AT_ONCE && !any_falls(w->v + i - 1)) {
			i = end;
			continue;
		}
		for (; i < end; i++)
			if (w->v[i] < w->v[i - 1])
				w->places[n++] = i;
	}
	return n;
}

double rate_factor(const struct windows *w, uint32_t step, double growth, int kind)
{
	uint32_t first = w->low[step], last = w->high[step] - 1;
	int64_t end_ms = reach_end(&w->reach, step);
	double to_start = (double)(w->t_ms[first] - (end_ms - w->reach.range_ms)) / 1000;
	double to_end = (double)(end_ms - w->t_ms[last]) / 1000;
	double sampled = (double)(w->t_ms[last] - w->t_ms[first]) / 1000;
	double distance = sampled / (double)(windows_count(w, first, last + 1) - 1);
	double near = distance * 1.1;
	double factor;

	if (to_start >= near)
		to_start = distance / 2;
	if (kind & RATE_COUNTER && growth > 0 && w->v[first] >= 0) {
		double to_zero = sampled * (w->v[first] / growth);

		if (to_zero < to_start)
			to_start = to_zero;
	}
	if (to_end >= near)
		to_end = distance / 2;
	factor = (sampled + to_start + to_end) / sampled;
	if (kind & RATE_A_SECOND)
		factor /= seconds_of(w->reach.range_ms);
	return factor;
}

static inline __attribute__((always_inline)) void roll_growth(const struct windows *w, double *out,
	int kind)
{
	uint32_t n_resets = kind & RATE_COUNTER ? find_resets(w) : 0;
	uint32_t next = 0; /* the first reset that may lie in this window or a later one */

	for (uint32_t i = 0; i < w->steps->n; i++) {
		uint32_t low = w->low[i], high = w->high[i];
		double growth;

		if (high - low < 2) {
			out[i] = absent();
			continue;
		}
		growth = w->v[high - 1] - w->v[low];
		while (next < n_resets && w->places[next] <= low)
			next++;
		for (uint32_t r = next; r < n_resets && w->places[r] < high; r++)
			growth += w->v[w->places[r] - 1];
		out[i] = growth * rate_factor(w, i, growth, kind);
	}
}

void roll_rate(const struct windows *w, double *out)
{
	roll_growth(w, out, RATE_COUNTER | RATE_A_SECOND);
}

void roll_increase(const struct windows *w, double *out)
{
	roll_growth(w, out, RATE_COUNTER);
}

void roll_delta(const struct windows *w, double *out)
{
	roll_growth(w, out, 0);
}

/* Between the last two samples. */
static void roll_instant(const struct windows *w, double *out, bool is_rate)
{
	for (uint32_t i = 0; i < w->steps->n; i++) {
		uint32_t last = w->high[i] - 1;
		double growth;
		int64_t between_ms;

		out[i] = absent();
		if (w->high[i] - w->low[i] < 2)
			continue;
		between_ms = w->t_ms[last] - w->t_ms[last - 1];
		if (between_ms == 0)
			continue;
		growth = w->v[last];
		if (!is_rate || !(w->v[last] < w->v[last - 1]))
			growth = w->v[last] - w->v[last - 1];
		out[i] = is_rate ? growth / ((double)between_ms / 1000) : growth;
	}
}

void roll_irate(const struct windows *w, double *out)
{
	roll_instant(w, out, true);
}

void roll_idelta(const struct windows *w, double *out)
{
	roll_instant(w, out, false);
}
