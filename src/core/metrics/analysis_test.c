/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/analysis.h"

#include "base/str.h"
#include "core/metrics/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A sample of each of `n` series metric{instance="i",site="mumbai"}. */
static void keep(struct store *s, const char *metric, int n, int64_t second)
{
	const struct series_sink *sink = store_sink(s);

	for (int i = 0; i < n; i++) {
		char text[16];
		struct label v[3] = { { METRIC_NAME, metric, 8, (uint32_t)strlen(metric) },
			{ "instance", text, 8, (uint32_t)snprintf(text, sizeof text, "%d", i) },
			{ "site", "mumbai", 4, 6 } };
		struct labels l = { v, 3 };
		series_ref ref;

		assert_int_equal(sink->series(sink->self, &l, &ref, NULL), RC_OK);
		assert_int_equal(sink->append(sink->self, ref,
					 FIXTURE_BEGIN.wall.ms + second * SECOND_MS,
					 (double)(second * 7919 % 1000 + i)),
			SERIES_TAKEN);
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
}

static void flush(struct store *s, int64_t second)
{
	store_flush_soon(s);
	assert_int_equal(fixture_work(s, second * SECOND_MS, NULL), RC_OK);
}

static void series_samples_and_bytes_are_counted_by_metric(void **state)
{
	scoped(memory_files_free) struct memory_files *m = memory_files_new(3);
	struct store *s = fixture_open(m, NULL);
	scoped(arena_fini) struct arena a;
	struct metrics_analysis x;
	uint64_t bytes = 0;

	(void)state;
	arena_init(&a, 1 << 20);
	for (int i = 0; i < 600; i++) {
		keep(s, "many", 50, i);
		keep(s, "few", 2, i);
	}
	flush(s, 600);
	for (int i = 5 * 3600; i < 5 * 3600 + 600; i++)
		keep(s, "few", 2, i); /* hours later the others are gone */
	flush(s, 5 * 3600 + 600);
	assert_int_equal(metrics_analyse(memory_files_port(m), 10, &a, &x, NULL), RC_OK);
	assert_int_equal(x.n_series, 52);
	assert_int_equal(x.n_gone, 50);
	assert_int_equal(x.n_samples, 52 * 600 + 2 * 600);
	assert_int_equal(x.n_metrics, 2);
	assert_string_equal(x.metrics[0].name, "many");
	assert_int_equal(x.metrics[0].n_series, 50);
	assert_int_equal(x.metrics[0].n_samples, 50 * 600);
	assert_int_equal(x.metrics[0].n_gone, 50);
	assert_int_equal(x.metrics[1].n_samples, 2 * 1200);
	assert_int_equal(x.metrics[1].n_gone, 0);
	for (uint32_t i = 0; i < x.n_metrics; i++)
		bytes += x.metrics[i].bytes;
	assert_true(bytes + x.shared_times_bytes <= x.part_bytes);
	assert_true(bytes + x.shared_times_bytes > x.part_bytes * 8 / 10);
	store_close(s);
}

static void labels_are_listed_by_how_many_values_they_have(void **state)
{
	scoped(memory_files_free) struct memory_files *m = memory_files_new(3);
	struct store *s = fixture_open(m, NULL);
	scoped(arena_fini) struct arena a;
	struct metrics_analysis x;

	(void)state;
	arena_init(&a, 1 << 20);
	keep(s, "a", 30, 0);
	flush(s, 60);
	keep(s, "b", 20, 61); /* in a segment of its own */
	flush(s, 120);
	assert_int_equal(metrics_analyse(memory_files_port(m), 2, &a, &x, NULL), RC_OK);
	assert_int_equal(x.n_labels_all, 3);
	assert_int_equal(x.n_labels, 2);
	assert_string_equal(x.labels[0].name, "instance");
	assert_int_equal(x.labels[0].n_values, 30);
	assert_string_equal(x.labels[1].name, METRIC_NAME);
	assert_int_equal(x.labels[1].n_values, 2);
	assert_string_equal(x.pairs[0].name, "site");
	assert_string_equal(x.pairs[0].value, "mumbai");
	assert_int_equal(x.pairs[0].n_series, 50);
	store_close(s);
}

static void an_empty_folder_has_nothing_to_say(void **state)
{
	scoped(memory_files_free) struct memory_files *m = memory_files_new(3);
	struct store *s = fixture_open(m, NULL);
	scoped(arena_fini) struct arena a;
	struct metrics_analysis x;

	(void)state;
	arena_init(&a, 1 << 20);
	assert_int_equal(fixture_work(s, 1000, NULL), RC_OK);
	store_close(s);
	assert_int_equal(metrics_analyse(memory_files_port(m), 10, &a, &x, NULL), RC_OK);
	assert_int_equal(x.n_series, 0);
	assert_int_equal(x.n_samples, 0);
	assert_true(x.min_ms > x.max_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(series_samples_and_bytes_are_counted_by_metric),
		cmocka_unit_test(labels_are_listed_by_how_many_values_they_have),
		cmocka_unit_test(an_empty_folder_has_nothing_to_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
