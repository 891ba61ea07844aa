/* SPDX-License-Identifier: Apache-2.0 */
#include "api/metrics_fixture.h"

#include "core/promql/notation.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct store *open_at(struct memory_files *files, const struct store_settings *settings,
	struct now now)
{
	struct store *s;
	struct err e = { 0 };

	if (store_open(&s, memory_files_port(files), settings, now, &e) != RC_OK)
		fail_msg("%s", e.text);
	return s;
}

struct store *metrics_fixture_open(struct metrics_fixture *m, struct memory_files *files)
{
	static const struct store_settings settings;
	struct now now = fixture_now(&m->f);

	now.wall.ms = METRICS_BEGIN_MS + HOUR_MS;
	return open_at(files, &settings, now);
}

void metrics_fixture_init(struct metrics_fixture *m)
{
	*m = (struct metrics_fixture){ .files = memory_files_new(1) };
	fixture_init_site(&m->f);
	m->store = metrics_fixture_open(m, m->files);
}

void metrics_fixture_init_now(struct metrics_fixture *m, uint64_t seed,
	const struct store_settings *settings)
{
	*m = (struct metrics_fixture){ .files = memory_files_new(seed) };
	fixture_init_site(&m->f);
	m->store = open_at(m->files, settings, fixture_now(&m->f));
}

struct api_setup metrics_fixture_setup(struct metrics_fixture *m)
{
	struct api_setup api = fixture_setup(&m->f);

	api.metrics = m->store;
	return api;
}

void metrics_fixture_start(struct metrics_fixture *m, const struct api_setup *api)
{
	struct err e = { 0 };

	if (api_start(&m->f.api, api, &e) != RC_OK)
		fail_msg("%s", e.text);
}

void metrics_fixture_fini(struct metrics_fixture *m)
{
	fixture_fini(&m->f);
	store_close(m->store);
	memory_files_free(m->files);
}

void metrics_fixture_keep(struct store *s, const char *line)
{
	const struct series_sink *sink = store_sink(s);
	scoped(arena_fini) struct arena a;
	struct notation n;
	series_ref ref;

	arena_init(&a, NOTATION_BYTES_MAX);
	assert_int_equal(notation_parse(line, &a, &n, NULL), RC_OK);
	assert_int_equal(sink->series(sink->self, &n.labels, &ref, NULL), RC_OK);
	for (uint32_t i = 0; i < n.n; i++) {
		int64_t t_ms = METRICS_BEGIN_MS + i * METRICS_STEP_MS;

		if (n.values[i].h)
			assert_int_equal(
				sink->append_histogram(sink->self, ref, t_ms, n.values[i].h),
				SERIES_TAKEN);
		else if (!n.values[i].is_omitted)
			assert_int_equal(sink->append(sink->self, ref, t_ms, n.values[i].v),
				SERIES_TAKEN);
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
}

void metrics_fixture_work(void *m)
{
	struct metrics_fixture *it = m;
	struct now now = fixture_now(&it->f);
	struct store_work *w;
	struct mono wake;

	while ((w = store_due(it->store, now, &wake))) {
		store_work_run(w);
		assert_int_equal(store_work_done(it->store, w, NULL), RC_OK);
	}
}
