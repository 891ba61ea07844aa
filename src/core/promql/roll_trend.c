/* SPDX-License-Identifier: Apache-2.0 */
/* Lines through the samples of a window, by least squares; and double exponential smoothing. */
#include "core/promql/window.h"

#include <math.h>

struct line {
	double slope, at_origin;
};

/* Samples that are all the same need no reckoning, which would only blur them. */
static bool is_level(const double *v, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (v[i] != v[0])
			return false;
	return true;
}

static struct line fit(const struct windows *w, uint32_t step, int64_t origin_ms)
{
	uint32_t low = w->low[step], n = w->high[step] - low;
	struct exact_sum x = { 0, 0 }, y = { 0, 0 }, xy = { 0, 0 }, xx = { 0, 0 };
	double covariance, spread, slope;

	if (is_level(w->v + low, n)) {
		double v = w->v[low];

		return isinf(v) ? (struct line){ not_a_number(), not_a_number() }
				: (struct line){ 0, v };
	}
	for (uint32_t i = low; i < low + n; i++) {
		double at = (double)(w->t_ms[i] - origin_ms) / 1e3;

		exact_add(&x, at);
		exact_add(&y, w->v[i]);
		exact_add(&xy, at * w->v[i]);
		exact_add(&xx, at * at);
	}
	x.sum += x.rest;
	y.sum += y.rest;
	xy.sum += xy.rest;
	xx.sum += xx.rest;
	covariance = xy.sum - x.sum * y.sum / n;
	spread = xx.sum - x.sum * x.sum / n;
	slope = covariance / spread;
	return (struct line){ slope, y.sum / n - slope * x.sum / n };
}

void roll_deriv(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++)
		out[i] =
			w->high[i] - w->low[i] < 2 ? absent() : fit(w, i, w->t_ms[w->low[i]]).slope;
}

void roll_predict_linear(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++) {
		struct line line;

		out[i] = absent();
		if (w->high[i] - w->low[i] < 2)
			continue;
		line = fit(w, i, steps_time(w->steps, i));
		out[i] = line.slope * w->params[0][i] + line.at_origin;
	}
}

void roll_smoothing(const struct windows *w, double *out)
{
	for (uint32_t i = 0; i < w->steps->n; i++) {
		const double *v = w->v + w->low[i];
		uint32_t n = w->high[i] - w->low[i];
		double smoothing = w->params[0][i], trending = w->params[1][i];
		double before = 0, now, trend;

		out[i] = absent();
		if (n < 2)
			continue;
		now = v[0];
		trend = v[1] - v[0];
		for (uint32_t k = 1; k < n; k++) {
			double scaled = smoothing * v[k];
			double next;

			if (k > 1)
				trend = trending * (now - before) + (1 - trending) * trend;
			next = scaled + (1 - smoothing) * (now + trend);
			before = now;
			now = next;
		}
		out[i] = now;
	}
}
