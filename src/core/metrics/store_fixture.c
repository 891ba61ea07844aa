/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct store *fixture_open(struct memory_files *files, const struct store_settings *settings)
{
	struct store_settings none = { 0 };
	struct store *s = NULL;
	struct err e = { 0 };

	if (store_open(&s, memory_files_port(files), settings ? settings : &none, FIXTURE_BEGIN,
		    &e) != RC_OK)
		fail_msg("%s", e.text);
	return s;
}

static struct labels labels_of(struct label v[2], char text[32], int i)
{
	snprintf(text, 32, "%d", i);
	v[0] = (struct label){ METRIC_NAME, "up", 8, 2 };
	v[1] = (struct label){ "instance", text, 8, (uint32_t)strlen(text) };
	return (struct labels){ v, 2 };
}

enum rc fixture_scrape(struct store *s, int n, int64_t second)
{
	const struct series_sink *sink = store_sink(s);
	int64_t t_ms = FIXTURE_BEGIN.wall.ms + second * SECOND_MS;
	struct label v[2];
	char text[32];

	for (int i = 0; i < n; i++) {
		struct labels l = labels_of(v, text, i);
		series_ref ref;

		assert_int_equal(sink->series(sink->self, &l, &ref, NULL), RC_OK);
		assert_int_equal(sink->append(sink->self, ref, t_ms, (double)(t_ms + i)),
			SERIES_TAKEN);
	}
	return sink->commit(sink->self, NULL);
}

static void look_at(const struct series_column *column, int i, uint32_t seconds)
{
	assert_int_equal(column->n, seconds);
	for (uint32_t k = 0; k < seconds; k++) {
		assert_int_equal(column->t_ms[k], FIXTURE_BEGIN.wall.ms + k * SECOND_MS);
		assert_true(column->v[k] == (double)(column->t_ms[k] + i));
	}
}

void fixture_look(struct store *s, int n, uint32_t seconds)
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
		look_at(&column, i, seconds);
	}
	assert_int_equal(source->next(cursor, &l, &has, NULL), RC_OK);
	assert_false(has);
	source->close(cursor);
	store_view_free(view);
}

enum rc fixture_work(struct store *s, int64_t ms, struct err *e)
{
	struct now now = { { FIXTURE_BEGIN.mono.ms + ms }, { FIXTURE_BEGIN.wall.ms + ms } };
	enum rc rc = RC_OK;
	struct store_work *w;
	struct mono wake;

	while ((w = store_due(s, now, &wake))) {
		enum rc one;

		store_work_run(w);
		one = store_work_done(s, w, rc == RC_OK ? e : NULL);
		rc = rc == RC_OK ? one : rc;
	}
	return rc;
}
