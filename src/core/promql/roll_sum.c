/* SPDX-License-Identifier: Apache-2.0 */
/* Sums are made for each window from its first sample on, in Prometheus' order of operations: sums
 * that move would differ in the last bits, which a difference of two averages makes visible.
 *
 * But where windows overlap so much that each sample would be added a dozen times, a window's sum is
 * the difference of two running sums of twice the precision (Dekker, 1971; Knuth's two-sum).  Unless
 * much cancels out, it is correctly rounded but for a unit of the last place, and so is Prometheus';
 * where much does, the window is added up as ever. */
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

#define OVERLAP_MIN 12      /* samples added up, a sample */
#define CANCELLED   0x1p-30 /* a sum smaller than this share of what was added has lost too much */

/* Up to the sample, but not with it: the sum, its rest, and the sum of what was added or taken. */
struct running {
	double sum, rest, size;
};

static struct exact_sum two_sum(double a, double b)
{
	double sum = a + b, added = sum - a;

	return (struct exact_sum){ sum, (a - (sum - added)) + (b - added) };
}

/* False: an infinity, or NaN, is among them. */
static bool run_up(const struct windows *w, struct running *sums)
{
	struct running r = { 0, 0, 0 };

	for (uint32_t i = 0; i < w->n_samples; i++) {
		struct exact_sum s = two_sum(r.sum, w->v[i]);

		sums[i] = r;
		s = two_sum(s.sum, s.rest + r.rest);
		r = (struct running){ s.sum, s.rest, r.size + fabs(w->v[i]) };
	}
	sums[w->n_samples] = r;
	return isfinite(r.size);
}

/* False: too much was cancelled. */
static bool difference(const struct running *from, const struct running *to, double *ret)
{
	struct exact_sum d = two_sum(to->sum, -from->sum);

	*ret = d.sum + (d.rest + (to->rest - from->rest));
	return fabs(*ret) > CANCELLED * to->size;
}

static uint64_t count_overlaps(const struct windows *w)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < w->steps->n; i++)
		n += w->high[i] - w->low[i];
	return n;
}

/* Of windows that overlap; false: they don't, or something isn't finite. */
static bool roll_overlapping(const struct windows *w, double *out, bool is_mean)
{
	struct running *sums = (struct running *)w->scratch;

	if (count_overlaps(w) < (uint64_t)OVERLAP_MIN * w->n_samples || !run_up(w, sums))
		return false;
	for (uint32_t i = 0; i < w->steps->n; i++) {
		uint32_t low = w->low[i], n = w->high[i] - low;

		if (n == 0)
			out[i] = absent();
		else if (!difference(&sums[low], &sums[low + n], &out[i]))
			out[i] = is_mean ? average(w->v + low, n) : sum(w->v + low, n);
		else if (is_mean)
			out[i] /= n;
	}
	return true;
}

void roll_sum(const struct windows *w, double *out)
{
	if (!roll_overlapping(w, out, false))
		each(w, out, sum);
}

void roll_avg(const struct windows *w, double *out)
{
	if (!roll_overlapping(w, out, true))
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
