/* SPDX-License-Identifier: Apache-2.0 */
/* What is computed for all windows together is what each gives alone, added up plainly. */
#include "core/promql/window.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SAMPLES 2000
#define STEPS   300
#define SEEDS   40

struct bed {
	struct rng rng;
	int64_t t_ms[SAMPLES];
	double v[SAMPLES], scratch[3 * (SAMPLES + 1)];
	uint32_t places[SAMPLES], low[STEPS], high[STEPS];
	struct steps steps;
	struct windows windows;
	double out[STEPS];
};

/* Irregular times, now and then a gap; values of a few kinds. */
static void fill(struct bed *b, uint64_t seed)
{
	int64_t t_ms = 0;

	rng_seed(&b->rng, seed);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		t_ms += rng_between(&b->rng, 1, 30000);
		if (rng_chance(&b->rng, 1, 300))
			t_ms += 3600000;
		b->t_ms[i] = t_ms;
		b->v[i] = (double)rng_between(&b->rng, -1000, 100000) / 7;
		if (rng_chance(&b->rng, 1, 4))
			b->v[i] = (double)rng_below(&b->rng, 3);
		if (seed % 4 == 0 && rng_chance(&b->rng, 1, 50))
			b->v[i] = not_a_number();
		if (seed % 5 == 0 && rng_chance(&b->rng, 1, 20))
			b->v[i] *= 1e30;
	}
	b->steps = (struct steps){ 0, t_ms / STEPS, STEPS };
	b->windows = (struct windows){ .t_ms = b->t_ms,
		.v = b->v,
		.n_samples = SAMPLES,
		.low = b->low,
		.high = b->high,
		.steps = &b->steps,
		.scratch = b->scratch,
		.places = b->places,
		.reach = { 0, t_ms / STEPS, rng_between(&b->rng, 1000, 6000000) } };
	windows_find(&b->windows, b->low, b->high);
}

static void windows_hold_what_lies_in_them(void **state)
{
	struct bed *b = *state;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		fill(b, seed);
		for (uint32_t i = 0; i < STEPS; i++) {
			int64_t end_ms = reach_end(&b->windows.reach, i);

			for (uint32_t k = 0; k < SAMPLES; k++) {
				bool is_within = b->t_ms[k] <= end_ms &&
						 b->t_ms[k] > end_ms - b->windows.reach.range_ms;

				if (is_within != (k >= b->low[i] && k < b->high[i]))
					fail_msg("seed %u step %u sample %u", (unsigned)seed, i, k);
			}
		}
	}
}

typedef double plain(const double *v, uint32_t n);

static double plain_sum(const double *v, uint32_t n)
{
	struct exact_sum s = { 0, 0 };

	for (uint32_t i = 0; i < n; i++)
		exact_add(&s, v[i]);
	return s.sum + s.rest;
}

static double plain_mean(const double *v, uint32_t n)
{
	return plain_sum(v, n) / n;
}

static double plain_min(const double *v, uint32_t n)
{
	double least = v[0];

	for (uint32_t i = 0; i < n; i++)
		if (v[i] < least || isnan(least))
			least = v[i];
	return least;
}

static double plain_max(const double *v, uint32_t n)
{
	double most = v[0];

	for (uint32_t i = 0; i < n; i++)
		if (v[i] > most || isnan(most))
			most = v[i];
	return most;
}

static double plain_changes(const double *v, uint32_t n)
{
	double changes = 0;

	for (uint32_t i = 1; i < n; i++)
		changes += v[i] != v[i - 1] && !(isnan(v[i]) && isnan(v[i - 1]));
	return changes;
}

static double plain_resets(const double *v, uint32_t n)
{
	double resets = 0;

	for (uint32_t i = 1; i < n; i++)
		resets += v[i] < v[i - 1];
	return resets;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	if (isnan(x) || isnan(y))
		return isnan(y) - isnan(x);
	return (x > y) - (x < y);
}

static double plain_median(const double *v, uint32_t n)
{
	double sorted[SAMPLES];

	memcpy(sorted, v, n * sizeof *v);
	qsort(sorted, n, sizeof *v, by_value);
	return n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] * 0.5 + sorted[n / 2] * 0.5;
}

/* Within a few units of the last place. */
static bool is_same(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return a == b || fabs(a - b) <= 4 * 0x1p-53 * fabs(b);
}

static void compare(struct bed *b, roll *fast, plain *plainly)
{
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		double half[STEPS];

		for (uint32_t i = 0; i < STEPS; i++)
			half[i] = 0.5;
		fill(b, seed);
		b->windows.params[0] = half;
		fast(&b->windows, b->out);
		for (uint32_t i = 0; i < STEPS; i++) {
			uint32_t n = b->high[i] - b->low[i];

			assert_int_equal(is_absent(b->out[i]), n == 0);
			if (n && !is_same(b->out[i], plainly(b->v + b->low[i], n)))
				fail_msg("seed %u step %u: %.17g, not %.17g", (unsigned)seed, i,
					b->out[i], plainly(b->v + b->low[i], n));
		}
	}
}

static void sums_and_means(void **state)
{
	compare(*state, roll_sum, plain_sum);
	compare(*state, roll_avg, plain_mean);
}

static void extremes(void **state)
{
	compare(*state, roll_min, plain_min);
	compare(*state, roll_max, plain_max);
}

static void changes_and_resets(void **state)
{
	compare(*state, roll_changes, plain_changes);
	compare(*state, roll_resets, plain_resets);
}

static void quantiles(void **state)
{
	compare(*state, roll_quantile, plain_median);
}

static void growth_adds_what_stood_before_each_reset(void **state)
{
	struct bed *b = *state;

	for (uint64_t seed = 1; seed < SEEDS; seed += 2) {
		fill(b, seed);
		roll_increase(&b->windows, b->out);
		for (uint32_t i = 0; i < STEPS; i++) {
			uint32_t low = b->low[i], high = b->high[i];
			double growth;

			assert_int_equal(is_absent(b->out[i]), high - low < 2);
			if (high - low < 2)
				continue;
			growth = b->v[high - 1] - b->v[low];
			for (uint32_t k = low + 1; k < high; k++)
				growth += b->v[k] < b->v[k - 1] ? b->v[k - 1] : 0;
			assert_true(is_same(b->out[i],
				growth * rate_factor(&b->windows, i, growth, RATE_COUNTER)));
		}
	}
}

static int make_bed(void **state)
{
	*state = must_alloc(sizeof(struct bed));
	return 0;
}

static int free_bed(void **state)
{
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_hold_what_lies_in_them),
		cmocka_unit_test(sums_and_means),
		cmocka_unit_test(extremes),
		cmocka_unit_test(changes_and_resets),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(growth_adds_what_stood_before_each_reset),
	};

	return cmocka_run_group_tests(tests, make_bed, free_bed);
}
