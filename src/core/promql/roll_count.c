/* SPDX-License-Identifier: Apache-2.0 */
/* What only counts, or picks one sample. */
#include "core/promql/window.h"

#include <math.h>

void roll_count(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++) {
		uint32_t low = w->low[i], high = w->high[i];

		out[i] = high > low ? windows_count(w, low, high) : absent();
	}
}

void roll_present(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++)
		out[i] = w->high[i] > w->low[i] ? 1 : absent();
}

void roll_last(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++)
		out[i] = w->high[i] > w->low[i] ? w->v[w->high[i] - 1] : absent();
}

void roll_time_of_last(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++)
		out[i] = w->high[i] > w->low[i] ? (double)w->t_ms[w->high[i] - 1] / 1000 : absent();
}

/* places[i] is how often it happened up to sample i: a window's count is a difference. */
static void roll_differences(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++)
		out[i] = w->high[i] > w->low[i] ? w->places[w->high[i] - 1] - w->places[w->low[i]]
						: absent();
}

void roll_changes(const struct windows *w, double *out)
{
	if (w->n_samples)
		w->places[0] = 0;
	for (uint32_t i = 1; i < w->n_samples; i++)
		w->places[i] = w->places[i - 1] +
			       (w->v[i] != w->v[i - 1] && !(isnan(w->v[i]) && isnan(w->v[i - 1])));
	roll_differences(w, out);
}

void roll_resets(const struct windows *w, double *out)
{
	if (w->n_samples)
		w->places[0] = 0;
	for (uint32_t i = 1; i < w->n_samples; i++)
		w->places[i] = w->places[i - 1] + (w->v[i] < w->v[i - 1]);
	roll_differences(w, out);
}
