/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/classic.h"

#include "base/series.h"

#include <float.h>
#include <math.h>

/* Counts that differ by less than this share are the same number, computed in other ways. */
#define ROUNDING 1e-12

static bool is_rounding(double a, double b)
{
	double sum = fabs(a) + fabs(b), difference = fabs(a - b);

	if (a == b || (isnan(a) && isnan(b)))
		return true;
	if (a == 0 || b == 0 || sum < DBL_MIN)
		return difference < ROUNDING * DBL_MIN;
	return difference / fmin(sum, DBL_MAX) < ROUNDING;
}

/* Buckets of one bound are added up; returns how many are left. */
static uint32_t join_equal(struct bucket *v, uint32_t n)
{
	uint32_t last = 0;

	for (uint32_t i = 1; i < n; i++) {
		if (v[i].upper == v[last].upper)
			v[last].count += v[i].count;
		else
			v[++last] = v[i];
	}
	return last + 1;
}

static bool raise_falling(struct bucket *v, uint32_t n)
{
	double before = v[0].count;
	bool is_fixed = false;

	for (uint32_t i = 1; i < n; i++) {
		double count = v[i].count;

		if (count == before)
			continue;
		if (is_rounding(before, count)) {
			v[i].count = before;
		} else if (count < before) {
			v[i].count = before;
			is_fixed = true;
		} else {
			before = count;
		}
	}
	return is_fixed;
}

/* The first bucket that reaches the rank, but for the last; by halving, as counts may be NaN. */
static uint32_t find_rank(const struct bucket *v, uint32_t n, double rank)
{
	uint32_t low = 0, high = n - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (v[middle].count >= rank)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

double bucket_quantile(double q, struct bucket *v, uint32_t n, bool *ret_is_fixed)
{
	double rank, start = 0, count;
	uint32_t at;

	if (isnan(q))
		return double_of_bits(PLAIN_NAN_BITS);
	if (q < 0 || q > 1)
		return q < 0 ? -INFINITY : INFINITY;
	if (v[n - 1].upper != INFINITY)
		return double_of_bits(PLAIN_NAN_BITS);
	n = join_equal(v, n);
	*ret_is_fixed = raise_falling(v, n);
	if (n < 2 || v[n - 1].count == 0) {
		*ret_is_fixed = false;
		return double_of_bits(PLAIN_NAN_BITS);
	}
	rank = q * v[n - 1].count;
	at = find_rank(v, n, rank);
	if (at == n - 1)
		return v[n - 2].upper;
	if (at == 0 && v[0].upper <= 0)
		return v[0].upper;
	count = v[at].count;
	if (at > 0) {
		start = v[at - 1].upper;
		count -= v[at - 1].count;
		rank -= v[at - 1].count;
	}
	return start + (v[at].upper - start) * (rank / count);
}

/* Observations up to `bound`: of the buckets below it, and a share of the one that it lies in. */
static double rank_of(double bound, const struct bucket *v, uint32_t n)
{
	double rank = 0, low = -INFINITY, all = v[n - 1].count;

	for (uint32_t i = 0; i < n; i++) {
		if (low >= bound)
			return fmin(rank, all);
		if (v[i].upper > bound) {
			rank += (v[i].count - rank) * (bound - low) / (v[i].upper - low);
			return rank > all ? all : rank;
		}
		rank = v[i].count;
		low = v[i].upper;
	}
	return all;
}

double bucket_fraction(double lower, double upper, struct bucket *v, uint32_t n)
{
	double all;

	if (v[n - 1].upper != INFINITY)
		return double_of_bits(PLAIN_NAN_BITS);
	n = join_equal(v, n);
	all = v[n - 1].count;
	if (all == 0 || isnan(lower) || isnan(upper))
		return double_of_bits(PLAIN_NAN_BITS);
	if (lower >= upper)
		return 0;
	return (rank_of(upper, v, n) - rank_of(lower, v, n)) / all;
}
