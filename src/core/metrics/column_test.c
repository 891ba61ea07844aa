/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/column.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void of_one_time_the_later_sample_stays(void **unused)
{
	struct rng r;

	(void)unused;
	rng_seed(&r, 1);
	for (unsigned turn = 0; turn < 3000; turn++) {
		scoped(series_column_fini) struct series_column c = { 0 };
		double model[64];
		uint32_t from, at = 0;

		for (unsigned i = 0; i < COUNT(model); i++)
			model[i] = -1;
		for (unsigned run = 0; run < 1 + turn % 4; run++) {
			from = c.n;
			for (unsigned t = (unsigned)rng_below(&r, 40); t < COUNT(model);
				t += 1 + (unsigned)rng_below(&r, 9)) {
				model[t] = run * 100 + t;
				series_column_add(&c, t, model[t]);
			}
			column_settle(&c, from);
		}
		for (unsigned t = 0; t < COUNT(model); t++) {
			if (model[t] < 0)
				continue;
			assert_true(at < c.n);
			assert_int_equal(c.t_ms[at], t);
			assert_true(c.v[at++] == model[t]);
		}
		assert_int_equal(at, c.n);
	}
}

#define WINDOW 300000

/* What PromQL makes of the samples in (from, to]. */
struct seen {
	double first, last, least, most, increase;
	unsigned n, marks;
};

static struct seen look(const struct series_column *c, int64_t from, int64_t to)
{
	struct seen s = { .least = INFINITY, .most = -INFINITY };
	double last = NAN;

	for (uint32_t i = 0; i < c->n; i++) {
		double v = c->v[i];

		if (c->t_ms[i] <= from || c->t_ms[i] > to)
			continue;
		s.marks += is_stale(v);
		if (is_stale(v))
			continue;
		s.first = s.n++ ? s.first : v;
		if (s.n > 1)
			s.increase += v < last ? v : v - last;
		s.least = fmin(s.least, v);
		s.most = fmax(s.most, v);
		s.last = last = v;
	}
	return s;
}

static double next_value(struct rng *r, bool is_counter, double v)
{
	if (rng_chance(r, 1, 60))
		return double_of_bits(STALE_NAN_BITS);
	v = is_stale(v) ? 7 : v;
	if (is_counter)
		return rng_chance(r, 1, 50) ? 0 : v + (double)rng_below(r, 1000);
	return (double)rng_between(r, -1000, 1000);
}

static void whole_windows_stay_what_they_were(void **unused)
{
	struct rng r;

	(void)unused;
	rng_seed(&r, 2);
	for (unsigned turn = 0; turn < 200; turn++) {
		scoped(series_column_fini) struct series_column all = { 0 }, some = { 0 };
		int64_t t = -5000000, window = turn % 2 ? WINDOW : 12 * WINDOW;
		bool is_counter = turn % 3;
		double v = 0;

		for (unsigned i = 0; i < 2000; i++, t += 15000 + i % 3) {
			v = next_value(&r, is_counter, v);
			series_column_add(&all, t, v);
			series_column_add(&some, t, v);
		}
		column_downsample(&some, WINDOW);
		column_downsample(&some, window);
		assert_true(some.n < all.n);
		for (int64_t from = -24 * WINDOW; from < t; from += window) {
			struct seen a = look(&all, from, from + window),
				    b = look(&some, from, from + window);

			assert_int_equal(a.marks, b.marks);
			assert_int_equal(a.n == 0, b.n == 0);
			if (!a.n)
				continue;
			assert_true(a.first == b.first && a.last == b.last);
			assert_true(a.least == b.least && a.most == b.most);
			assert_true(!is_counter || a.increase == b.increase);
		}
	}
}

static void a_gauge_keeps_four_samples_a_window(void **unused)
{
	scoped(series_column_fini) struct series_column c = { 0 };

	(void)unused;
	for (unsigned i = 0; i < 20 * 100; i++)
		series_column_add(&c, 15000 * (i + 1), i * 7919 % 1000);
	column_downsample(&c, WINDOW);
	assert_true(c.n <= 4 * 100 && c.n > 2 * 100);
}

static void downsampling_nothing_leaves_nothing(void **unused)
{
	struct series_column c = { 0 };

	(void)unused;
	column_downsample(&c, WINDOW);
	assert_int_equal(c.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_one_time_the_later_sample_stays),
		cmocka_unit_test(whole_windows_stay_what_they_were),
		cmocka_unit_test(a_gauge_keeps_four_samples_a_window),
		cmocka_unit_test(downsampling_nothing_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
