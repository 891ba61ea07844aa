/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/store_fixture.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define STEP_MS (15 * SECOND_MS)
#define DAYS    4
#define SAMPLES ((uint32_t)(DAYS * DAY_MS / STEP_MS))
#define BATCH   480 /* samples between two looks at what is due: two hours */

static const struct store_settings settings = { .retention_ms = 100 * DAY_MS,
	.downsampling = { { DAY_MS, 5 * MINUTE_MS }, { 2 * DAY_MS, HOUR_MS } },
	.n_downsampling = 2 };

static struct series_column made_counter(struct rng *r)
{
	struct series_column c = { 0 };
	double v = 0;

	for (uint32_t i = 0; i < SAMPLES; i++) {
		v = rng_chance(r, 1, 700) ? 0 : v + (double)rng_below(r, 50);
		series_column_add(&c, FIXTURE_BEGIN.wall.ms + i * STEP_MS, v);
	}
	return c;
}

static struct series_column made_gauge(struct rng *r)
{
	struct series_column c = { 0 };

	for (uint32_t i = 0; i < SAMPLES; i++)
		series_column_add(&c, FIXTURE_BEGIN.wall.ms + i * STEP_MS,
			(double)rng_between(r, -1000, 1000) / 8);
	return c;
}

static series_ref ref_of(struct store *s, const char *name)
{
	struct label name_of = { METRIC_NAME, name, 8, (uint32_t)strlen(name) };
	struct labels l = { &name_of, 1 };
	const struct series_sink *sink = store_sink(s);
	series_ref ref = 0;

	assert_int_equal(sink->series(sink->self, &l, &ref, NULL), RC_OK);
	return ref;
}

static void work(struct store *s, int64_t ms)
{
	struct err e = { 0 };

	if (fixture_work(s, ms, &e) != RC_OK)
		fail_msg("%s", e.text);
}

static void fill(struct store *s, const struct series_column made[2])
{
	const struct series_sink *sink = store_sink(s);

	for (uint32_t i = 0; i < SAMPLES; i++) {
		for (int k = 0; k < 2; k++)
			assert_int_equal(sink->append(sink->self, ref_of(s, k ? "gauge" : "total"),
						 made[k].t_ms[i], made[k].v[i]),
				SERIES_TAKEN);
		if (i % BATCH)
			continue;
		assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
		work(s, i * STEP_MS);
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	work(s, DAYS * DAY_MS);
}

/* Both series, as they are read now. */
static void read_both(struct store *s, struct series_column ret[2])
{
	struct store_view *view = store_view_new(s);
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	struct series_cursor *cursor;
	struct labels l;
	bool has;

	assert_int_equal(source->open(source->self, &q, &cursor, NULL), RC_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(source->next(cursor, &l, &has, NULL), RC_OK);
		assert_true(has);
		assert_int_equal(source->read(cursor,
					 &ret[str_eq(labels_get(&l, METRIC_NAME), "gauge")], NULL),
			RC_OK);
	}
	source->close(cursor);
	store_view_free(view);
}

/* What is asked about a window. */
struct sums {
	uint32_t n;
	double first, last, least, most, increase;
};

/* Of the samples from *at on, up to `to_ms`; *at is behind them then. */
static struct sums sum(const struct series_column *c, uint32_t *at, int64_t to_ms)
{
	struct sums s = { .least = INFINITY, .most = -INFINITY };
	double before = 0;

	for (; *at < c->n && c->t_ms[*at] <= to_ms; ++*at, s.n++) {
		double v = c->v[*at];

		s.first = s.n ? s.first : v;
		s.increase += !s.n ? 0 : v >= before ? v - before : v;
		s.least = v < s.least ? v : s.least;
		s.most = v > s.most ? v : s.most;
		s.last = before = v;
	}
	return s;
}

/* Within each window the questions that matter have their true answers. */
static void assert_honest(const struct series_column *made, const struct series_column *kept,
	int64_t window_ms, bool is_counter)
{
	int64_t end_ms = FIXTURE_BEGIN.wall.ms / window_ms * window_ms;
	uint32_t a = 0, b = 0;

	while (a < made->n) {
		struct sums all, some;

		end_ms += window_ms;
		all = sum(made, &a, end_ms);
		some = sum(kept, &b, end_ms);
		assert_true(some.first == all.first && some.last == all.last);
		assert_true(some.least == all.least && some.most == all.most);
		assert_true(!is_counter || some.increase == all.increase);
	}
	assert_int_equal(b, kept->n);
}

static void assert_real(const struct series_column *made, const struct series_column *kept)
{
	for (uint32_t i = 0; i < kept->n; i++) {
		int64_t at = (kept->t_ms[i] - FIXTURE_BEGIN.wall.ms) / STEP_MS;

		assert_int_equal(made->t_ms[at], kept->t_ms[i]);
		assert_true(made->v[at] == kept->v[i]);
	}
}

static uint32_t count_between(const struct series_column *c, int64_t from_ms, int64_t to_ms)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n; i++)
		n += c->t_ms[i] >= FIXTURE_BEGIN.wall.ms + from_ms &&
		     c->t_ms[i] < FIXTURE_BEGIN.wall.ms + to_ms;
	return n;
}

static void assert_as_declared(const struct series_column made[2],
	const struct series_column kept[2])
{
	for (int k = 0; k < 2; k++) {
		assert_real(&made[k], &kept[k]);
		assert_honest(&made[k], &kept[k], HOUR_MS, k == 0);
		/* The last day is whole; the first is older than two days: four an hour, and resets. */
		assert_int_equal(count_between(&kept[k], (DAYS - 1) * DAY_MS, DAYS * DAY_MS),
			DAY_MS / STEP_MS);
		assert_in_range(count_between(&kept[k], 0, HOUR_MS * 10), 10, 10 * 4 + 8);
	}
}

static void what_is_old_is_downsampled_and_stays_honest(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, &settings);
	struct series_column made[2], kept[2] = { 0 }, again[2] = { 0 };
	struct store_stats stats;
	struct rng r;

	(void)state;
	rng_seed(&r, 1);
	made[0] = made_counter(&r);
	made[1] = made_gauge(&r);
	fill(s, made);
	store_stats(s, &stats);
	assert_true(stats.downsampled_parts > 0 && stats.downsampled_parts < stats.parts);
	assert_in_range(stats.downsampled_samples, 1, 2 * SAMPLES / 10);
	read_both(s, kept);
	assert_as_declared(made, kept);
	store_close(s);
	memory_files_crash(files);
	s = fixture_open(files, &settings);
	read_both(s, again);
	assert_as_declared(made, again);
	store_close(s);
	for (int k = 0; k < 2; k++) {
		series_column_fini(&made[k]);
		series_column_fini(&kept[k]);
		series_column_fini(&again[k]);
	}
}

static void what_fails_to_be_downsampled_is_there_as_it_was(void **state)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(2);
	struct store_settings plain = settings;
	struct store *s;
	struct series_column made[2], kept[2] = { 0 };
	struct rng r;

	(void)state;
	rng_seed(&r, 2);
	made[0] = made_counter(&r);
	made[1] = made_gauge(&r);
	plain.n_downsampling = 0;
	s = fixture_open(files, &plain);
	fill(s, made);
	store_close(s);
	/* Each turn a little more of the work gets done before the power goes. */
	for (uint64_t turn = 0; turn < 60; turn++) {
		s = fixture_open(files, &settings);
		memory_files_set_fault(files,
			(struct memory_files_fault){ turn, UINT64_MAX, RC_IO });
		(void)!fixture_work(s, DAYS * DAY_MS, NULL);
		memory_files_crash(files);
		store_close(s);
		memory_files_set_fault(files, (struct memory_files_fault){ 0 });
		s = fixture_open(files, &settings);
		kept[0].n = kept[1].n = 0;
		read_both(s, kept);
		for (int k = 0; k < 2; k++) {
			assert_real(&made[k], &kept[k]);
			assert_honest(&made[k], &kept[k], HOUR_MS, k == 0);
		}
		store_close(s);
	}
	assert_as_declared(made, kept);
	for (int k = 0; k < 2; k++) {
		series_column_fini(&made[k]);
		series_column_fini(&kept[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_old_is_downsampled_and_stays_honest),
		cmocka_unit_test(what_fails_to_be_downsampled_is_there_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
