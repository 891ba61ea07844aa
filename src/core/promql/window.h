/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window: one series' samples, and for each step the part of them that its range covers.
 *
 * A rollup computes all steps of a series in one call, so that what overlapping windows share need
 * not be computed again.
 */
#ifndef CORE_PROMQL_WINDOW_H
#define CORE_PROMQL_WINDOW_H

#include "core/promql/reading.h"

struct windows {
	const int64_t *t_ms;
	const double *v;
	uint32_t n_samples;
	const uint32_t *nth; /* NULL: none was left out; else of how many each is the n-th */
	/* Step i sees the samples [low[i], high[i]). */
	const uint32_t *low, *high;
	struct reach reach;
	const struct steps *steps;
	const double *params[2]; /* scalar arguments, one value a step */
	double *scratch;         /* room for 3 * (n_samples + 1) */
	uint32_t *places;        /* the same */
};

/* How many samples a window has that isn't empty. */
static inline uint32_t windows_count(const struct windows *w, uint32_t low, uint32_t high)
{
	return series_column_count(w->nth, low, high - 1);
}

/* Fill `low` and `high`; returns the sum of the windows' samples. */
uint64_t windows_find(const struct windows *w, uint32_t *low, uint32_t *high);

/* As Go's Duration.Seconds() rounds. */
static inline double seconds_of(int64_t ms)
{
	return (double)(ms / 1000) + (double)(ms % 1000 * 1000000) / 1e9;
}

/* Write the value of every step, absent() where there is none. */
typedef void roll(const struct windows *w, double *out);

roll roll_rate, roll_increase, roll_delta, roll_irate, roll_idelta; /* roll_rate.c */
roll roll_sum, roll_avg, roll_stddev, roll_stdvar;                  /* roll_sum.c */
roll roll_deriv, roll_predict_linear, roll_smoothing;               /* roll_trend.c */
roll roll_min, roll_max, roll_time_of_min, roll_time_of_max;        /* roll_order.c */
roll roll_quantile, roll_mad;                                       /* roll_order.c */
roll roll_count, roll_last, roll_time_of_last, roll_present;        /* roll_count.c */
roll roll_changes, roll_resets;                                     /* roll_count.c */

enum { RATE_COUNTER = 1, RATE_A_SECOND = 2 }; /* bits of what a rate is */
/* What the growth within a window of at least two samples is multiplied with, so that it is the
 * window's; 0 for `growth`: where a counter would have been 0 doesn't matter. */
double rate_factor(const struct windows *w, uint32_t step, double growth, int kind);

/* The quantile of `n` values, which are put into another order.  NaN is the smallest. */
double quantile_of(double q, double *v, uint32_t n);

/* Kahan's sum as Neumaier improved it: the sum is `sum + rest` (unless it is infinite). */
struct exact_sum {
	double sum, rest;
};
static inline void exact_add(struct exact_sum *s, double v)
{
	double t = s->sum + v;

	if (__builtin_isinf(t))
		s->rest = 0;
	else if (__builtin_fabs(s->sum) >= __builtin_fabs(v))
		s->rest += (s->sum - t) + v;
	else
		s->rest += (v - t) + s->sum;
	s->sum = t;
}

#endif
