/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/memory_files.h"
#include "core/metrics/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct now begin = { { 1000 }, { 1700000000000 } };

static struct labels labels_of(struct label v[2], char text[32], int i)
{
	snprintf(text, 32, "%d", i);
	v[0] = (struct label){ METRIC_NAME, "up", 8, 2 };
	v[1] = (struct label){ "instance", text, 8, (uint32_t)strlen(text) };
	return (struct labels){ v, 2 };
}

static struct store *open_store(struct memory_files *files)
{
	struct store_settings settings = { 0 };
	struct store *s = NULL;
	struct err e = { 0 };

	assert_int_equal(store_open(&s, memory_files_port(files), &settings, begin, &e), RC_OK);
	return s;
}

/* `n` series get the sample (t, t + i). */
static void scrape(struct store *s, int n, int64_t t_ms)
{
	const struct series_sink *sink = store_sink(s);
	struct err e = { 0 };
	struct label v[2];
	char text[32];

	for (int i = 0; i < n; i++) {
		struct labels l = labels_of(v, text, i);
		series_ref ref;

		assert_int_equal(sink->series(sink->self, &l, &ref, &e), RC_OK);
		assert_int_equal(sink->append(sink->self, ref, t_ms, (double)(t_ms + i)),
			SERIES_TAKEN);
	}
	assert_int_equal(sink->commit(sink->self, &e), RC_OK);
}

/* That they have `samples` of them each, one a second. */
static void look(struct store *s, int n, uint32_t samples)
{
	struct store_view *view = store_view_new(s);
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(series_column_fini) struct series_column column = { 0 };
	struct series_cursor *cursor;
	struct labels l;
	bool has;

	assert_int_equal(source->open(source->self, &q, &cursor, NULL), RC_OK);
	for (int i = 0; i < n; i++) {
		assert_int_equal(source->next(cursor, &l, &has, NULL), RC_OK);
		assert_true(has);
		assert_int_equal(atoi(labels_get(&l, "instance")), i);
		assert_int_equal(source->read(cursor, &column, NULL), RC_OK);
		assert_int_equal(column.n, samples);
		for (uint32_t k = 0; k < samples; k++) {
			assert_int_equal(column.t_ms[k], begin.wall.ms + k * 1000);
			assert_true(column.v[k] == (double)(column.t_ms[k] + i));
		}
	}
	assert_int_equal(source->next(cursor, &l, &has, NULL), RC_OK);
	assert_false(has);
	source->close(cursor);
	store_view_free(view);
}

static void what_was_committed_is_seen(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	scoped(store_close) struct store *s = open_store(files);

	(void)state;
	for (int k = 0; k < 100; k++)
		scrape(s, 300, begin.wall.ms + k * 1000);
	look(s, 300, 100);
}

static void what_was_committed_survives_a_kill(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = open_store(files);

	(void)state;
	for (int k = 0; k < 50; k++)
		scrape(s, 300, begin.wall.ms + k * 1000);
	memory_files_kill(files);
	store_close(s);
	s = open_store(files);
	look(s, 300, 50);
	for (int k = 50; k < 70; k++)
		scrape(s, 300, begin.wall.ms + k * 1000);
	memory_files_kill(files);
	store_close(s);
	s = open_store(files);
	assert_int_equal(store_findings(s).n, 0);
	look(s, 300, 70);
	store_close(s);
}

/* Everything that is due at `ms` after the beginning. */
static void work(struct store *s, int64_t ms)
{
	struct now now = { { begin.mono.ms + ms }, { begin.wall.ms + ms } };
	struct store_work *w;
	struct mono wake;
	struct err e = { 0 };

	while ((w = store_due(s, now, &wake))) {
		store_work_run(w);
		if (store_work_done(s, w, &e) != RC_OK)
			fail_msg("%s", e.text);
	}
	assert_true(wake.ms > now.mono.ms);
}

static void what_was_flushed_is_read_from_parts(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = open_store(files);
	struct store_stats stats;

	(void)state;
	for (int k = 0; k < 50; k++)
		scrape(s, 300, begin.wall.ms + k * 1000);
	work(s, 200000);
	store_stats(s, &stats);
	assert_int_equal(stats.head_samples, 0);
	assert_int_equal(stats.work_done[STORE_FLUSH], 1);
	look(s, 300, 50);
	for (int k = 50; k < 70; k++)
		scrape(s, 300, begin.wall.ms + k * 1000);
	look(s, 300, 70);
	work(s, 210000);
	store_close(s);
	memory_files_crash(files);
	s = open_store(files);
	assert_int_equal(store_findings(s).n, 0);
	look(s, 300, 70);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_committed_is_seen),
		cmocka_unit_test(what_was_committed_survives_a_kill),
		cmocka_unit_test(what_was_flushed_is_read_from_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
