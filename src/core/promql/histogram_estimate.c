/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/histogram_estimate.h"

#include "core/promql/go_math.h"
#include "core/promql/window.h"

#include <math.h>

static double nan_value(void)
{
	return double_of_bits(PLAIN_NAN_BITS);
}

/* With observations of one sign only, the zero bucket ends, or begins, at 0. */
static void trim_zero_bucket(const struct histogram *h, struct histogram_bucket *b)
{
	if (h->n_negative == 0 && h->n_positive > 0)
		b->lower = 0;
	else if (h->n_positive == 0 && h->n_negative > 0)
		b->upper = 0;
}

/* Where in a bucket: 0 at its lower, 1 at its upper bound. */
static double interpolate(const struct histogram *h, const struct histogram_bucket *b,
	double fraction)
{
	double low = go_log2(fabs(b->lower)), high = go_log2(fabs(b->upper));

	if (histogram_is_custom(h->schema) || (b->lower <= 0 && b->upper >= 0))
		return b->lower + (b->upper - b->lower) * fraction;
	if (b->lower > 0)
		return exp2(low + (high - low) * fraction);
	return -exp2(high + (low - high) * (1 - fraction));
}

/* The bucket that holds the observation of this rank, from the lowest or from the highest one on;
 * *ret_count: the observations up to its end.  The last bucket if there are too few. */
static const struct histogram_bucket *find_rank(const struct histogram_buckets *b, double rank,
	bool is_upward, double *ret_count)
{
	static const struct histogram_bucket none = { .count = 0 };
	const struct histogram_bucket *found = &none;

	*ret_count = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		found = &b->v[is_upward ? i : b->n - 1 - i];
		if (found->count == 0)
			continue;
		*ret_count += found->count;
		if (*ret_count >= rank)
			break;
	}
	return found;
}

static double total(const struct histogram_buckets *b)
{
	double count = 0;

	for (uint32_t i = 0; i < b->n; i++)
		count += b->v[i].count;
	return count;
}

double histogram_quantile(double q, const struct histogram *h, struct histogram_buckets *b,
	enum histogram_remark *ret)
{
	bool is_upward = isnan(h->sum) || q < 0.5;
	double rank = (is_upward ? q : 1 - q) * h->count, count;
	struct histogram_bucket at;

	*ret = HISTOGRAM_NO_REMARK;
	if (q < 0 || q > 1)
		return q < 0 ? -INFINITY : INFINITY;
	if (h->count == 0 || isnan(q))
		return nan_value();
	histogram_buckets_load(b, h);
	at = *find_rank(b, rank, is_upward, &count);
	if (histogram_is_custom(h->schema)) {
		if (at.lower == -INFINITY && at.upper <= 0)
			return at.upper;
		if (at.lower == -INFINITY)
			at.lower = 0;
		else if (at.upper == INFINITY)
			return at.lower;
	} else if (at.lower < 0 && at.upper > 0) {
		trim_zero_bucket(h, &at);
	}
	if (count > h->count)
		count = h->count;
	if (count < rank) {
		*ret = isnan(h->sum) ? HISTOGRAM_IS_NAN : HISTOGRAM_NO_REMARK;
		return isnan(h->sum) ? nan_value() : at.upper;
	}
	if (isnan(h->sum) && total(b) < h->count)
		*ret = HISTOGRAM_IS_SKEWED;
	rank = is_upward ? rank - (count - at.count) : count - rank;
	return interpolate(h, &at, rank / at.count);
}

/* Observations up to `v`, which lies within the bucket. */
static double part_of(const struct histogram *h, const struct histogram_bucket *b, double v)
{
	double low = go_log2(fabs(b->lower)), high = go_log2(fabs(b->upper)), at = go_log2(fabs(v));

	if (histogram_is_custom(h->schema) || (b->lower <= 0 && b->upper >= 0))
		return b->count * (v - b->lower) / (b->upper - b->lower);
	if (v > 0)
		return b->count * ((at - low) / (high - low));
	return b->count * (1 - (at - high) / (low - high));
}

static double rank_of(const struct histogram *h, const struct histogram_buckets *b, double v,
	double count)
{
	double rank = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		struct histogram_bucket at = b->v[i];

		if (at.lower <= 0 && at.upper >= 0)
			trim_zero_bucket(h, &at);
		if (at.lower >= v)
			return rank > count ? count : rank;
		if (at.upper > v) {
			rank += part_of(h, &at, v);
			return rank > count ? count : rank;
		}
		rank += at.count;
	}
	return count;
}

double histogram_fraction(const double range[2], const struct histogram *h,
	struct histogram_buckets *b, enum histogram_remark *ret)
{
	double count = h->count;

	*ret = HISTOGRAM_NO_REMARK;
	if (h->count == 0 || isnan(range[0]) || isnan(range[1]))
		return nan_value();
	if (range[0] >= range[1])
		return 0;
	histogram_buckets_load(b, h);
	if (isnan(h->sum)) {
		count = total(b);
		*ret = count < h->count ? HISTOGRAM_IS_SKEWED : HISTOGRAM_NO_REMARK;
	}
	return (rank_of(h, b, range[1], count) - rank_of(h, b, range[0], count)) / h->count;
}

double histogram_variance(const struct histogram *h, struct histogram_buckets *b)
{
	double mean = h->sum / h->count;
	struct exact_sum squares = { 0, 0 };

	histogram_buckets_load(b, h);
	for (uint32_t i = 0; i < b->n; i++) {
		const struct histogram_bucket *at = &b->v[i];
		double v, delta;

		if (at->count == 0)
			continue;
		if (histogram_is_custom(h->schema))
			v = (at->upper + at->lower) / 2;
		else if (at->lower <= 0 && at->upper >= 0)
			v = 0;
		else
			v = at->upper < 0 ? -sqrt(at->upper * at->lower)
					  : sqrt(at->upper * at->lower);
		delta = v - mean;
		exact_add(&squares, at->count * delta * delta);
	}
	return (squares.sum + squares.rest) / h->count;
}
