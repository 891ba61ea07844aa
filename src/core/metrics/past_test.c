/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/past.h"

#include "core/metrics/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW_MS FIXTURE_BEGIN.wall.ms

static void work(struct store *s, int64_t ms)
{
	struct err e = { 0 };

	if (fixture_work(s, ms, &e) != RC_OK)
		fail_msg("%s", e.text);
}

static series_ref series(struct store *s, int i)
{
	char text[16];
	struct label v[2] = { { METRIC_NAME, "old", 8, 3 }, { "i", text, 1, 0 } };
	series_ref ref = 0;

	v[1].value_len = (uint32_t)snprintf(text, sizeof text, "%d", i);
	assert_int_equal(store_past_series(s, &(struct labels){ v, 2 }, &ref, NULL), RC_OK);
	return ref;
}

/* Hours before now, the newest first when `is_backward`; values are i + the hour. */
static uint64_t add_hours(struct store *s, int n_series, int from, int to, bool is_backward)
{
	size_t n = 0;
	struct series_sample *v = must_alloc((size_t)(n_series * (to - from)) * sizeof *v);
	uint64_t ticket;

	for (int h = from; h < to; h++)
		for (int i = 0; i < n_series; i++) {
			int hour = is_backward ? h : to - 1 - (h - from);

			v[n++] = (struct series_sample){ .t_ms = NOW_MS - hour * HOUR_MS,
				.v = i + hour,
				.series = series(s, i) };
		}
	assert_int_equal(store_sink(s)->commit(store_sink(s)->self, NULL), RC_OK);
	ticket = store_past_add(s, v, n);
	return ticket;
}

/* All series have a sample each hour in [from, to) before now, and no others. */
static void look(struct store *s, int n_series, int from, int to)
{
	struct store_view *view = store_view_new(s);
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(series_column_fini) struct series_column column = { 0 };
	struct series_cursor *c;
	struct labels l;
	bool has = true;
	int n = 0;

	assert_int_equal(source->open(source->self, &q, &c, NULL), RC_OK);
	for (; source->next(c, &l, &has, NULL) == RC_OK && has; n++) {
		assert_int_equal(source->read(c, &column, NULL), RC_OK);
		assert_int_equal(column.n, to - from);
		for (uint32_t k = 0; k < column.n; k++) {
			int hour = to - 1 - (int)k;

			assert_int_equal(column.t_ms[k], NOW_MS - hour * HOUR_MS);
			assert_true(column.v[k] == atoi(labels_get(&l, "i")) + hour);
		}
	}
	assert_int_equal(n, n_series);
	source->close(c);
	store_view_free(view);
}

static void samples_are_sorted_and_of_two_the_later_one_stays(void **state)
{
	struct series_sample v[] = { { 5, 1, 9, 0 }, { 3, 2, 9, 0 }, { 5, 3, 9, 0 },
		{ 7, 4, 70000, 0 }, { 1, 5, 2, 0 }, { 6, 6, 70000, 0 } };

	(void)state;
	assert_int_equal(past_sort(v, 6), 5);
	assert_int_equal(v[0].series, 2);
	assert_true(v[1].t_ms == 3 && v[1].v == 2);
	assert_true(v[2].t_ms == 5 && v[2].v == 3);
	assert_true(v[3].t_ms == 6 && v[3].series == 70000);
	assert_true(v[4].t_ms == 7 && v[4].series == 70000);
	assert_int_equal(past_sort(v, 0), 0);
}

static void thirty_days_of_the_past_are_kept_in_any_order(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings settings = { .retention_ms = 40 * DAY_MS };
	struct store *s = fixture_open(files, &settings);
	uint64_t ticket;

	(void)state;
	add_hours(s, 50, 300, 720, true);
	ticket = add_hours(s, 50, 1, 300, false);
	assert_int_equal(store_past_kept(s), 0);
	work(s, 3000);
	assert_int_equal(store_past_kept(s), ticket);
	look(s, 50, 1, 720);
	memory_files_crash(files);
	store_close(s);
	s = fixture_open(files, &settings);
	look(s, 50, 1, 720);
	assert_int_equal(store_findings(s).n, 0);
	store_close(s);
}

static void what_comes_behind_a_living_series_is_kept(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	const struct series_sink *sink = store_sink(s);
	series_ref ref = series(s, 0);

	(void)state;
	struct labels l = { (struct label[]){ { METRIC_NAME, "old", 8, 3 }, { "i", "0", 1, 1 } }, 2 };
	assert_int_equal(sink->series(sink->self, &l, &ref, NULL), RC_OK);
	assert_int_equal(sink->append(sink->self, ref, NOW_MS, 0), SERIES_TAKEN);
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	add_hours(s, 1, 1, 100, true);
	work(s, 3000);
	look(s, 1, 0, 100);
}

static void a_store_that_is_closed_keeps_what_waited(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);

	(void)state;
	add_hours(s, 20, 1, 30, true);
	store_close(s);
	memory_files_crash(files);
	s = fixture_open(files, NULL);
	look(s, 20, 1, 30);
	store_close(s);
}

static void a_disk_that_is_full_keeps_it_waiting(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	uint64_t ticket;

	(void)state;
	ticket = add_hours(s, 20, 1, 30, true);
	memory_files_set_fault(files,
		(struct memory_files_fault){ .after = 6, .count = UINT64_MAX, .rc = RC_FULL });
	assert_int_equal(fixture_work(s, 3000, NULL), RC_FULL);
	assert_int_equal(store_past_kept(s), 0);
	memory_files_set_fault(files, (struct memory_files_fault){ 0 });
	work(s, 300000);
	work(s, 600000);
	assert_int_equal(store_past_kept(s), ticket);
	look(s, 20, 1, 30);
}

static void days_are_merged_when_an_import_is_over(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings settings = { .retention_ms = 40 * DAY_MS };
	scoped(store_close) struct store *s = fixture_open(files, &settings);
	struct store_stats stats;

	(void)state;
	for (int i = 0; i < 4; i++) {
		add_hours(s, 10, 1 + 120 * i, 121 + 120 * i, true);
		store_past_soon(s);
		work(s, i * 100);
	}
	work(s, 60000);
	store_stats(s, &stats);
	assert_in_range(stats.parts, 20, 22 + 12);
	look(s, 10, 1, 481);
}

/* Parts that were made and aren't in the manifest yet when it stops. */
static void a_stop_between_parts_and_manifest_keeps_them(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	struct now now = { { FIXTURE_BEGIN.mono.ms + 3000 }, { NOW_MS + 3000 } };
	struct store_work *w;
	struct mono wake;
	bool is_past = false;

	(void)state;
	add_hours(s, 5, 1, 100, true);
	while (!is_past && (w = store_due(s, now, &wake))) {
		is_past = store_work_kind(w) == STORE_PAST;
		store_work_run(w);
		assert_int_equal(store_work_done(s, w, NULL), RC_OK);
	}
	assert_true(is_past);
	store_close(s);
	memory_files_crash(files);
	s = fixture_open(files, NULL);
	look(s, 5, 1, 100);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stop_between_parts_and_manifest_keeps_them),
		cmocka_unit_test(samples_are_sorted_and_of_two_the_later_one_stays),
		cmocka_unit_test(thirty_days_of_the_past_are_kept_in_any_order),
		cmocka_unit_test(what_comes_behind_a_living_series_is_kept),
		cmocka_unit_test(a_store_that_is_closed_keeps_what_waited),
		cmocka_unit_test(a_disk_that_is_full_keeps_it_waiting),
		cmocka_unit_test(days_are_merged_when_an_import_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
