/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void scrape_until(struct store *s, int n, int64_t from, int64_t to)
{
	for (int64_t second = from; second < to; second++)
		assert_int_equal(fixture_scrape(s, n, second), RC_OK);
}

static void work(struct store *s, int64_t ms)
{
	struct err e = { 0 };

	if (fixture_work(s, ms, &e) != RC_OK)
		fail_msg("%s", e.text);
}

static void what_was_committed_is_seen(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);

	(void)state;
	scrape_until(s, 300, 0, 100);
	fixture_look(s, 300, 100);
}

static void what_was_committed_survives_a_kill(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);

	(void)state;
	scrape_until(s, 300, 0, 50);
	memory_files_kill(files);
	store_close(s);
	s = fixture_open(files, NULL);
	fixture_look(s, 300, 50);
	scrape_until(s, 300, 50, 70);
	memory_files_kill(files);
	store_close(s);
	s = fixture_open(files, NULL);
	assert_int_equal(store_findings(s).n, 0);
	fixture_look(s, 300, 70);
	store_close(s);
}

static void what_was_flushed_is_read_from_parts(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	struct store_stats stats;

	(void)state;
	scrape_until(s, 300, 0, 50);
	work(s, 200000);
	store_stats(s, &stats);
	assert_int_equal(stats.head_samples, 0);
	assert_int_equal(stats.samples, 15000);
	assert_int_equal(stats.parts, 1);
	fixture_look(s, 300, 50);
	scrape_until(s, 300, 50, 70);
	fixture_look(s, 300, 70);
	work(s, 210000);
	store_close(s);
	memory_files_crash(files);
	s = fixture_open(files, NULL);
	assert_int_equal(store_findings(s).n, 0);
	fixture_look(s, 300, 70);
	store_close(s);
}

/* How many series a view has, each with `samples` samples. */
static int count_series(struct store_view *view, uint32_t samples)
{
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(series_column_fini) struct series_column column = { 0 };
	struct series_cursor *c = NULL;
	struct labels l;
	bool has = true;
	int n = 0;

	assert_int_equal(source->open(source->self, &q, &c, NULL), RC_OK);
	for (;;) {
		assert_int_equal(source->next(c, &l, &has, NULL), RC_OK);
		if (!has)
			break;
		assert_int_equal(source->read(c, &column, NULL), RC_OK);
		assert_int_equal(column.n, samples);
		n++;
	}
	source->close(c);
	return n;
}

static void a_view_doesnt_change_whatever_happens_meanwhile(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	struct store_view *first, *second;

	(void)state;
	scrape_until(s, 300, 0, 10);
	first = store_view_new(s);
	scrape_until(s, 300, 10, 20);
	second = store_view_new(s);
	work(s, 200000);
	scrape_until(s, 400, 20, 30);
	work(s, 400000);
	assert_int_equal(count_series(first, 10), 300);
	assert_int_equal(count_series(second, 20), 300);
	store_view_free(first);
	assert_int_equal(count_series(second, 20), 300);
	store_view_free(second);
}

static void a_ref_is_good_for_as_long_as_its_series_is_known(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	const struct series_sink *sink = store_sink(s);
	struct store_stats stats;

	(void)state;
	scrape_until(s, 10, 0, 10);
	for (int i = 1; i < 30; i++) {
		assert_int_equal(
			sink->append(sink->self, 1, FIXTURE_BEGIN.wall.ms + i * 10 * MINUTE_MS, 1),
			SERIES_TAKEN);
		assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
		work(s, i * 10 * MINUTE_MS + MINUTE_MS);
	}
	store_stats(s, &stats);
	assert_int_equal(stats.series, 1);
	assert_int_equal(sink->append(sink->self, 7, FIXTURE_BEGIN.wall.ms + 10 * HOUR_MS, 1),
		SERIES_TAKEN);
	assert_int_equal(sink->append(sink->self, 77, FIXTURE_BEGIN.wall.ms + 10 * HOUR_MS, 1),
		SERIES_GONE);
}

static enum series_verdict append(struct store *s, int64_t second, double v)
{
	const struct series_sink *sink = store_sink(s);

	return sink->append(sink->self, 1, FIXTURE_BEGIN.wall.ms + second * SECOND_MS, v);
}

static void what_comes_twice_or_too_late_is_told_apart(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings window = { .out_of_order_ms = 10000 };
	struct store *s = fixture_open(files, NULL);

	(void)state;
	scrape_until(s, 1, 0, 1);
	assert_int_equal(append(s, 100, 5), SERIES_TAKEN);
	assert_int_equal(append(s, 100, 5), SERIES_SAME);
	assert_int_equal(append(s, 100, 6), SERIES_DUPLICATE);
	assert_int_equal(append(s, 99, 6), SERIES_OUT_OF_ORDER);
	store_close(s);
	s = fixture_open(files, &window);
	scrape_until(s, 1, 200, 201);
	assert_int_equal(append(s, 195, 6), SERIES_TAKEN);
	assert_int_equal(append(s, 189, 6), SERIES_TOO_OLD);
	store_close(s);
}

static void memory_is_bounded_and_what_has_no_room_is_told(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings little = { .memory_bytes_max = 1 << 20 };
	scoped(store_close) struct store *s = fixture_open(files, &little);
	const struct series_sink *sink = store_sink(s);
	enum rc rc = RC_OK;
	struct store_stats stats;
	series_ref ref = 0;
	int n = 0;

	(void)state;
	for (; rc == RC_OK && n < 100000; n++) {
		char text[32];
		struct label v = { METRIC_NAME, text, 8, (uint32_t)sprintf(text, "m%d", n) };

		rc = sink->series(sink->self, &(struct labels){ &v, 1 }, &ref, NULL);
	}
	assert_int_equal(rc, RC_LIMIT);
	store_stats(s, &stats);
	assert_true(stats.memory_bytes < 2 << 20);
	for (int second = 0; second < 100000 && rc != RC_OK; second++) {
		sink->append(sink->self, ref, second, second * 0.1);
		rc = sink->commit(sink->self, NULL) == RC_LIMIT ? RC_OK : RC_LIMIT;
	}
	assert_int_equal(rc, RC_OK);
	store_stats(s, &stats);
	assert_true(stats.dropped > 0);
	assert_true(stats.memory_bytes < 2 << 20);
	work(s, 1000);
	assert_int_equal(sink->append(sink->self, ref, 1000000, 1), SERIES_TAKEN);
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
}

static void series_are_bounded(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings few = { .series_max = 10 };
	scoped(store_close) struct store *s = fixture_open(files, &few);
	const struct series_sink *sink = store_sink(s);
	struct label v = { METRIC_NAME, "one_more", 8, 8 };
	struct err e = { 0 };
	series_ref ref;

	(void)state;
	scrape_until(s, 10, 0, 1);
	assert_int_equal(sink->series(sink->self, &(struct labels){ &v, 1 }, &ref, &e), RC_LIMIT);
	assert_non_null(strstr(e.text, "10 series"));
	scrape_until(s, 10, 1, 2);
}

static void samples_older_than_the_retention_go(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings day = { .retention_ms = DAY_MS };
	scoped(store_close) struct store *s = fixture_open(files, &day);
	struct store_stats stats;

	(void)state;
	scrape_until(s, 10, 0, 10);
	work(s, HOUR_MS);
	scrape_until(s, 10, 50000, 50010);
	work(s, 51000 * SECOND_MS);
	store_stats(s, &stats);
	assert_int_equal(stats.samples, 200);
	work(s, DAY_MS + HOUR_MS);
	store_stats(s, &stats);
	assert_int_equal(stats.samples, 100);
	assert_int_equal(stats.min_ms, FIXTURE_BEGIN.wall.ms + 50000 * SECOND_MS);
}

static void another_retention_holds_from_the_next_work_on(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	struct store_stats stats;

	(void)state;
	scrape_until(s, 10, 0, 10);
	work(s, HOUR_MS);
	scrape_until(s, 10, 50000, 50010);
	work(s, DAY_MS + HOUR_MS);
	store_stats(s, &stats);
	assert_int_equal(stats.samples, 200);
	store_keep(s, &(struct store_settings){ .retention_ms = DAY_MS });
	assert_int_equal(store_retention_ms(s), DAY_MS);
	work(s, DAY_MS + HOUR_MS + 1);
	store_stats(s, &stats);
	assert_int_equal(stats.samples, 100);
	store_keep(s, &(struct store_settings){ .retention_bytes = 1 });
	assert_int_equal(store_retention_ms(s), 15 * DAY_MS);
	work(s, DAY_MS + HOUR_MS + 2);
	store_stats(s, &stats);
	assert_int_equal(stats.samples, 0);
}

static void another_retention_waits_for_a_merge_that_is_under_way(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	struct now now = FIXTURE_BEGIN;
	struct store_work *merge;
	struct store_stats stats;
	struct mono wake;

	(void)state;
	scrape_until(s, 3, 0, 600);
	work(s, 5 * MINUTE_MS);
	now.mono.ms += 3 * HOUR_MS;
	now.wall.ms += 3 * HOUR_MS;
	do {
		merge = store_due(s, now, &wake);
		assert_non_null(merge);
		store_work_run(merge);
		if (store_work_kind(merge) != STORE_MERGE)
			assert_int_equal(store_work_done(s, merge, NULL), RC_OK);
	} while (store_work_kind(merge) != STORE_MERGE);
	store_keep(s, &(struct store_settings){ .retention_ms = HOUR_MS });
	fixture_look(s, 3, 600);
	assert_int_equal(store_work_done(s, merge, NULL), RC_OK);
	work(s, 3 * HOUR_MS + 1);
	store_stats(s, &stats);
	assert_int_equal(stats.work_done[STORE_MERGE], 1);
	assert_int_equal(stats.samples, 0);
}

/* Nothing newer comes after an import: its spans are over by the clock. */
static void what_ended_long_ago_is_merged(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	struct store_stats stats;

	(void)state;
	scrape_until(s, 3, 0, 600);
	work(s, 5 * MINUTE_MS);
	store_stats(s, &stats);
	assert_int_equal(stats.work_done[STORE_FLUSH], 1);
	assert_int_equal(stats.work_done[STORE_MERGE], 0);
	work(s, 3 * HOUR_MS);
	store_stats(s, &stats);
	assert_int_equal(stats.work_done[STORE_MERGE], 1);
	assert_int_equal(stats.parts, 1);
	fixture_look(s, 3, 600);
}

static void what_came_in_bulk_is_flushed_when_it_has_ended(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	struct store_stats stats;

	(void)state;
	work(s, 0);
	scrape_until(s, 20000, 0, 1);
	work(s, SECOND_MS);
	store_stats(s, &stats);
	assert_int_equal(stats.head_samples, 20000);
	work(s, 2 * SECOND_MS);
	store_stats(s, &stats);
	assert_int_equal(stats.head_samples, 0);
}

static void a_flood_of_bytes_drives_out_the_oldest(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings small = { .retention_bytes = 20000 };
	scoped(store_close) struct store *s = fixture_open(files, &small);
	struct store_stats stats;

	(void)state;
	for (int64_t hour = 0; hour < 100; hour += 3) {
		scrape_until(s, 100, hour * 3600, hour * 3600 + 30);
		work(s, hour * HOUR_MS + HOUR_MS);
	}
	work(s, 101 * HOUR_MS);
	store_stats(s, &stats);
	assert_true(stats.disk_bytes - stats.log_bytes < 30000);
	assert_true(stats.samples > 0);
	assert_true(stats.min_ms > FIXTURE_BEGIN.wall.ms);
	assert_int_equal(stats.max_ms, FIXTURE_BEGIN.wall.ms + (99 * 3600 + 29) * SECOND_MS);
}

static void a_damaged_log_costs_what_stands_behind_it(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	struct store_findings found;

	(void)state;
	scrape_until(s, 10, 0, 100);
	memory_files_kill(files);
	store_close(s);
	assert_true(memory_files_flip(files, "wal-00000001", 8 * 2000));
	s = fixture_open(files, NULL);
	found = store_findings(s);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.v[0].file, "wal-00000001");
	assert_non_null(strstr(found.v[0].text, "checksum"));
	assert_true(found.v[0].from_ms > FIXTURE_BEGIN.wall.ms);
	assert_true(found.v[0].from_ms < FIXTURE_BEGIN.wall.ms + 100 * SECOND_MS);
	scrape_until(s, 10, 100, 101);
	store_close(s);
}

static void a_damaged_part_is_set_aside_and_the_rest_goes_on(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	struct store_findings found;
	struct store_view *view;

	(void)state;
	scrape_until(s, 10, 0, 10);
	work(s, HOUR_MS);
	scrape_until(s, 10, 10, 30);
	work(s, 2 * HOUR_MS);
	store_close(s);
	assert_true(memory_files_flip(files, "part-00000001", 3));
	s = fixture_open(files, NULL);
	found = store_findings(s);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.v[0].file, "part-00000001");
	view = store_view_new(s);
	assert_int_equal(count_series(view, 20), 10);
	store_view_free(view);
	store_close(s);
}

static void what_cant_be_read_is_left_out_and_told_once(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	struct store_findings found;
	struct store_view *view;

	(void)state;
	scrape_until(s, 1, 0, 10);
	work(s, HOUR_MS);
	scrape_until(s, 10, 10, 30);
	work(s, 2 * HOUR_MS);
	store_close(s);
	assert_true(memory_files_flip(files, "part-00000001", 8 * 27));
	s = fixture_open(files, NULL);
	assert_int_equal(store_findings(s).n, 0);
	for (int i = 0; i < 2; i++) {
		view = store_view_new(s);
		assert_int_equal(count_series(view, 20), 10);
		store_view_free(view);
	}
	found = store_findings(s);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.v[0].file, "part-00000001");
	assert_int_equal(found.v[0].from_ms, FIXTURE_BEGIN.wall.ms);
	store_close(s);
}

static void a_store_without_its_manifest_takes_what_is_whole(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);

	(void)state;
	scrape_until(s, 10, 0, 10);
	work(s, HOUR_MS);
	scrape_until(s, 10, 10, 30);
	work(s, 2 * HOUR_MS);
	scrape_until(s, 10, 30, 40);
	store_close(s);
	assert_true(memory_files_flip(files, "MANIFEST", 100));
	s = fixture_open(files, NULL);
	assert_int_equal(store_findings(s).n, 1);
	fixture_look(s, 10, 40);
	work(s, 3 * HOUR_MS);
	store_close(s);
	s = fixture_open(files, NULL);
	assert_int_equal(store_findings(s).n, 0);
	fixture_look(s, 10, 40);
	store_close(s);
}

static void a_snapshot_is_a_store_of_what_was_there(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	struct memory_files *snapshot;
	struct store *copy;

	(void)state;
	scrape_until(s, 10, 0, 20);
	assert_int_equal(store_snapshot(s, "../evil", NULL), RC_INPUT);
	assert_int_equal(store_snapshot(s, "today", NULL), RC_OK);
	assert_int_equal(store_snapshot(s, "today", NULL), RC_CONFLICT);
	work(s, 1000);
	scrape_until(s, 10, 20, 40);
	work(s, HOUR_MS);
	snapshot = memory_files_snapshot(files, "today");
	assert_non_null(snapshot);
	copy = fixture_open(snapshot, NULL);
	assert_int_equal(store_findings(copy).n, 0);
	fixture_look(copy, 10, 20);
	store_close(copy);
	fixture_look(s, 10, 40);
	assert_int_equal(store_snapshot(s, "tomorrow", NULL), RC_OK);
	work(s, HOUR_MS + 1000);
	copy = fixture_open(memory_files_snapshot(files, "tomorrow"), NULL);
	fixture_look(copy, 10, 40);
	store_close(copy);
}

static struct store_stats stats_of(struct store *s)
{
	struct store_stats stats;

	store_stats(s, &stats);
	return stats;
}

static void segments_become_few(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	uint32_t most = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(fixture_scrape(s, 10 + 3 * i, i), RC_OK);
		work(s, (i + 1) * HOUR_MS);
		most = stats_of(s).segments > most ? stats_of(s).segments : most;
	}
	assert_true(most < 12);
	assert_int_equal(stats_of(s).series_known, 10 + 3 * 99);
	store_close(s);
	s = fixture_open(files, NULL);
	assert_int_equal(store_findings(s).n, 0);
	assert_int_equal(stats_of(s).series_known, 10 + 3 * 99);
	assert_int_equal(fixture_scrape(s, 10 + 3 * 99, 200), RC_OK);
	assert_int_equal(stats_of(s).series_known, 10 + 3 * 99);
	store_close(s);
}

static void series_that_have_no_samples_any_more_are_forgotten(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings day = { .retention_ms = DAY_MS };
	scoped(store_close) struct store *s = fixture_open(files, &day);
	const struct series_sink *sink = store_sink(s);

	(void)state;
	scrape_until(s, 100, 0, 10);
	work(s, HOUR_MS);
	for (int64_t hour = 1; hour < 40; hour++) {
		scrape_until(s, 10, hour * 3600, hour * 3600 + 10);
		work(s, (hour + 1) * HOUR_MS);
	}
	assert_int_equal(stats_of(s).series_known, 10);
	assert_int_equal(sink->append(sink->self, 50, FIXTURE_BEGIN.wall.ms + 41 * HOUR_MS, 1),
		SERIES_GONE);
	scrape_until(s, 100, 41 * 3600, 41 * 3600 + 10);
	assert_int_equal(stats_of(s).series_known, 100);
}

static void label_names_and_values_are_listed_in_order(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	struct store_selection all = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	struct store_selection early = { .min_ms = INT64_MIN, .max_ms = FIXTURE_BEGIN.wall.ms };
	scoped(arena_fini) struct arena arena;
	struct store_texts texts;
	struct store_view *view;

	(void)state;
	arena_init(&arena, 1 << 20);
	scrape_until(s, 12, 0, 10);
	work(s, HOUR_MS);
	scrape_until(s, 20, 10, 30);
	view = store_view_new(s);
	assert_int_equal(store_label_names(view, &all, &arena, &texts, NULL), RC_OK);
	assert_int_equal(texts.n, 2);
	assert_string_equal(texts.v[0], METRIC_NAME);
	assert_string_equal(texts.v[1], "instance");
	assert_int_equal(store_label_values(view, "instance", &all, &arena, &texts, NULL), RC_OK);
	assert_int_equal(texts.n, 20);
	assert_string_equal(texts.v[1], "1");
	assert_string_equal(texts.v[2], "10");
	assert_int_equal(store_label_values(view, "instance", &early, &arena, &texts, NULL), RC_OK);
	assert_int_equal(texts.n, 12);
	assert_int_equal(store_label_values(view, "absent", &all, &arena, &texts, NULL), RC_OK);
	assert_int_equal(texts.n, 0);
	store_view_free(view);
}

static void the_most_common_labels_are_counted(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = fixture_open(files, NULL);
	scoped(arena_fini) struct arena arena;
	struct store_cardinality c;
	struct store_view *view;

	(void)state;
	arena_init(&arena, 1 << 20);
	scrape_until(s, 12, 0, 10);
	work(s, HOUR_MS);
	scrape_until(s, 20, 10, 30);
	view = store_view_new(s);
	assert_int_equal(store_cardinality(view, 2, &arena, &c, NULL), RC_OK);
	assert_int_equal(c.series, 20);
	assert_int_equal(c.label_pairs, 21);
	assert_int_equal(c.series_by_metric.n, 1);
	assert_string_equal(c.series_by_metric.v[0].text, "up");
	assert_int_equal(c.series_by_metric.v[0].n, 20);
	assert_string_equal(c.values_by_label.v[0].text, "instance");
	assert_int_equal(c.values_by_label.v[0].n, 20);
	assert_string_equal(c.bytes_by_label.v[0].text, METRIC_NAME);
	assert_int_equal(c.bytes_by_label.v[0].n, 40);
	assert_string_equal(c.series_by_pair.v[0].text, METRIC_NAME "=up");
	store_view_free(view);
}

static void a_series_that_goes_on_is_not_ended_behind_its_newest_sample(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store_settings settings = { .out_of_order_ms = 60000 };
	scoped(store_close) struct store *s = fixture_open(files, &settings);
	const struct series_sink *sink = store_sink(s);
	int64_t t_ms = FIXTURE_BEGIN.wall.ms;
	struct label v[] = { { METRIC_NAME, "up", 8, 2 } };
	struct labels l = { v, 1 };
	series_ref ref;

	(void)state;
	assert_int_equal(sink->series(sink->self, &l, &ref, NULL), RC_OK);
	assert_int_equal(sink->append(sink->self, ref, t_ms + 20000, 1), SERIES_TAKEN);
	assert_int_equal(sink->append(sink->self, ref, t_ms + 10000, 2), SERIES_TAKEN);
	assert_int_equal(
		sink->append(sink->self, ref, t_ms + 15000, double_of_bits(STALE_NAN_BITS)),
		SERIES_OUT_OF_ORDER);
	assert_int_equal(
		sink->append(sink->self, ref, t_ms + 30000, double_of_bits(STALE_NAN_BITS)),
		SERIES_TAKEN);
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
}

/* A body comes in pieces: a flush may come between a series that is found in one and its sample. */
static void a_series_found_before_a_flush_keeps_its_labels(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	const struct series_sink *sink = store_sink(s);
	struct label v[2] = { { METRIC_NAME, "up", 8, 2 }, { "instance", "0", 8, 1 } };
	series_ref ref;

	(void)state;
	assert_int_equal(sink->series(sink->self, &(struct labels){ v, 2 }, &ref, NULL), RC_OK);
	store_flush_soon(s);
	assert_int_equal(fixture_work(s, 1000, NULL), RC_OK);
	assert_int_equal(fixture_scrape(s, 5, 0), RC_OK);
	memory_files_kill(files);
	store_close(s);
	s = fixture_open(files, NULL);
	fixture_look(s, 5, 1);
	assert_int_equal(store_findings(s).n, 0);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_series_found_before_a_flush_keeps_its_labels),
		cmocka_unit_test(what_was_committed_is_seen),
		cmocka_unit_test(what_was_committed_survives_a_kill),
		cmocka_unit_test(what_was_flushed_is_read_from_parts),
		cmocka_unit_test(a_view_doesnt_change_whatever_happens_meanwhile),
		cmocka_unit_test(a_ref_is_good_for_as_long_as_its_series_is_known),
		cmocka_unit_test(what_comes_twice_or_too_late_is_told_apart),
		cmocka_unit_test(memory_is_bounded_and_what_has_no_room_is_told),
		cmocka_unit_test(series_are_bounded),
		cmocka_unit_test(samples_older_than_the_retention_go),
		cmocka_unit_test(another_retention_holds_from_the_next_work_on),
		cmocka_unit_test(another_retention_waits_for_a_merge_that_is_under_way),
		cmocka_unit_test(what_ended_long_ago_is_merged),
		cmocka_unit_test(what_came_in_bulk_is_flushed_when_it_has_ended),
		cmocka_unit_test(a_flood_of_bytes_drives_out_the_oldest),
		cmocka_unit_test(a_damaged_log_costs_what_stands_behind_it),
		cmocka_unit_test(a_damaged_part_is_set_aside_and_the_rest_goes_on),
		cmocka_unit_test(what_cant_be_read_is_left_out_and_told_once),
		cmocka_unit_test(a_store_without_its_manifest_takes_what_is_whole),
		cmocka_unit_test(a_snapshot_is_a_store_of_what_was_there),
		cmocka_unit_test(segments_become_few),
		cmocka_unit_test(series_that_have_no_samples_any_more_are_forgotten),
		cmocka_unit_test(label_names_and_values_are_listed_in_order),
		cmocka_unit_test(the_most_common_labels_are_counted),
		cmocka_unit_test(a_series_that_goes_on_is_not_ended_behind_its_newest_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
