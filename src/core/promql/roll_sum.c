/* SPDX-License-Identifier: Apache-2.0 */
/* Sums are made for each window from its first sample on, in Prometheus' order of operations:
 * moving sums would differ in the last bits, which a difference of two averages makes visible. */
#include "core/promql/window.h"

#include <math.h>

static double sum(const double *v, uint32_t n)
{
	struct exact_sum s = { 0, 0 };

	for (uint32_t i = 0; i < n; i++)
		exact_add(&s, v[i]);
	return isinf(s.sum) ? s.sum : s.sum + s.rest;
}

/* The mean of a sum that doesn't overflow; else, from where it would, a running mean. */
static double average(const double *v, uint32_t n)
{
	struct exact_sum s = { v[0], 0 };
	double count = 1;
	uint32_t i = 1;

	for (; i < n; i++) {
		struct exact_sum more = s;

		count = (double)(i + 1);
		exact_add(&more, v[i]);
		if (isinf(more.sum))
			break;
		s = more;
	}
	if (i == n)
		return s.sum / count + s.rest / count;
	s.sum /= count - 1;
	s.rest /= count - 1;
	for (; i < n; i++) {
		double share;

		count = (double)(i + 1);
		share = (count - 1) / count;
		s.sum *= share;
		s.rest *= share;
		exact_add(&s, v[i] / count);
	}
	return s.sum + s.rest;
}

/* Welford's, each of its two sums with its rest. */
static double variance(const double *v, uint32_t n)
{
	struct exact_sum mean = { 0, 0 }, squares = { 0, 0 };

	for (uint32_t i = 0; i < n; i++) {
		double delta = v[i] - (mean.sum + mean.rest);

		exact_add(&mean, delta / (double)(i + 1));
		exact_add(&squares, delta * (v[i] - (mean.sum + mean.rest)));
	}
	return (squares.sum + squares.rest) / (double)n;
}

static double deviation(const double *v, uint32_t n)
{
	return sqrt(variance(v, n));
}

static inline __attribute__((always_inline)) void each(const struct windows *w, double *out,
	double (*of)(const double *v, uint32_t n))
{
	for (uint32_t i = 0; i < w->steps->n; i++) {
		uint32_t low = w->low[i], n = w->high[i] - low;

		out[i] = n ? of(w->v + low, n) : absent();
	}
}

void roll_sum(const struct windows *w, double *out)
{
	each(w, out, sum);
}

void roll_avg(const struct windows *w, double *out)
{
	each(w, out, average);
}

void roll_stdvar(const struct windows *w, double *out)
{
	each(w, out, variance);
}

void roll_stddev(const struct windows *w, double *out)
{
	each(w, out, deviation);
}
