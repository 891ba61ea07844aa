/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/follow.h"

#include "base/rng.h"
#include "core/metrics/histogram_fixture.h"
#include "core/metrics/store_fixture.h"
#include "core/metrics/store_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SERIES  300
#define SAMPLES 400 /* of each at most */
#define LANES   3

/*
 * A store, who follows it, and what he was shown.  Sample k of a series has the value k; a lane has
 * the series whose id leaves its number as a rest.
 */
struct world {
	uint64_t seed;
	struct rng rng;
	struct memory_files *files;
	struct store *store;
	struct follower *f;
	int64_t ms;
	uint32_t n_series;
	uint32_t n[SERIES];             /* samples that were committed */
	uint8_t shown[SERIES][SAMPLES]; /* how often */
	uint32_t next[SERIES];          /* what must be shown next */
	bool is_strict;                 /* nothing is shown twice, and all in order */
};

static void open_all(struct world *w)
{
	const struct store_settings settings = { .out_of_order_ms = HOUR_MS };
	struct now now = { { FIXTURE_BEGIN.mono.ms + w->ms }, { FIXTURE_BEGIN.wall.ms + w->ms } };
	struct err e = { 0 };

	if (store_open(&w->store, memory_files_port(w->files), &settings, now, &e) != RC_OK ||
		store_follow(w->store, "test", &w->f, &e) != RC_OK)
		fail_msg("seed %lu: %s", w->seed, e.text);
	store_follow_no_others(w->store);
}

static void close_all(struct world *w)
{
	follower_free(TAKE(w->f));
	store_close(TAKE(w->store));
}

static void world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof *w);
	w->seed = seed;
	w->is_strict = true;
	w->n_series = 3;
	rng_seed(&w->rng, seed);
	w->files = memory_files_new(seed);
	open_all(w);
	assert_int_equal(follower_set_lanes(w->f, LANES, NULL), RC_OK);
}

static void world_fini(struct world *w)
{
	close_all(w);
	memory_files_free(w->files);
}

static void scrape(struct world *w)
{
	const struct series_sink *sink = store_sink(w->store);

	w->ms += 1000 + (int64_t)rng_below(&w->rng, 3);
	fixture_work(w->store, w->ms, NULL);
	if (rng_chance(&w->rng, 1, 4) && w->n_series < SERIES - 20)
		w->n_series += (uint32_t)rng_below(&w->rng, 20);
	for (uint32_t i = 0; i < w->n_series; i++) {
		char text[16];
		struct label v[2] = { { METRIC_NAME, "up", 8, 2 }, { "instance", text, 8, 0 } };
		series_ref ref;

		if (w->n[i] == SAMPLES || rng_chance(&w->rng, 1, 5))
			continue;
		v[1].value_len = (uint32_t)snprintf(text, sizeof text, "%u", i);
		assert_int_equal(sink->series(sink->self, &(struct labels){ v, 2 }, &ref, NULL),
			RC_OK);
		assert_int_equal(sink->append(sink->self, ref, FIXTURE_BEGIN.wall.ms + w->ms,
					 (double)w->n[i]),
			SERIES_TAKEN);
		w->n[i]++;
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
}

static void show(struct world *w, uint32_t id, uint32_t k)
{
	struct label v[16];
	struct labels l;
	uint32_t i;

	if (!follower_labels(w->f, id, v, &l))
		fail_msg("seed %lu: nobody knows series %u", w->seed, id);
	i = (uint32_t)atoi(labels_get(&l, "instance"));
	if (w->is_strict && k != w->next[i])
		fail_msg("seed %lu: series %u shows sample %u, not %u", w->seed, i, k, w->next[i]);
	w->next[i] = k + 1;
	w->shown[i][k]++;
}

/* Each lane takes of one commit as many samples as it likes, at least one commit a call altogether. */
static void take(struct world *w, const struct followed *r, const struct log_mark *from, bool all)
{
	for (uint32_t lane = 0; lane < LANES; lane++) {
		uint32_t n = all ? r->n : (uint32_t)rng_below(&w->rng, r->n + 1);
		struct log_mark mark = r->at;

		for (uint32_t k = 0; k < n; k++) {
			mark.index = k;
			if (r->ids[k] % LANES == lane && log_mark_compare(&mark, &from[lane]) >= 0)
				show(w, r->ids[k], (uint32_t)r->v[k]);
		}
		mark.index = n;
		if (log_mark_compare(&mark, &from[lane]) > 0)
			assert_int_equal(follower_move(w->f, lane, &mark, NULL), RC_OK);
	}
}

/* Read commits; `is_cut`: in the middle of the last one it is killed, so it begins there again. */
static bool follow(struct world *w, uint32_t most, bool is_cut)
{
	struct log_mark from[LANES];
	struct followed r;
	bool has = true;

	if (!follower_begin(w->f))
		return false;
	memcpy(from, follower_marks(w->f)->v, sizeof from);
	for (uint32_t i = 0; has && i < most; i++) {
		assert_int_equal(follower_next(w->f, &r, &has, NULL), RC_OK);
		if (has)
			take(w, &r, from, !is_cut || i + 1 < most);
	}
	follower_end(w->f);
	return true;
}

static void assert_all_shown(struct world *w)
{
	while (follow(w, 1000, false))
		;
	for (uint32_t i = 0; i < w->n_series; i++)
		if (w->next[i] != w->n[i])
			fail_msg("seed %lu: of series %u %u samples of %u were shown", w->seed, i,
				w->next[i], w->n[i]);
}

static void kill_it(struct world *w)
{
	follow(w, 1 + (uint32_t)rng_below(&w->rng, 3), true);
	memory_files_kill(w->files);
	close_all(w);
	open_all(w);
}

static void run_kills(uint64_t seed)
{
	struct world *w = must_alloc(sizeof *w);

	world_init(w, seed);
	for (int i = 0; i < 300; i++) {
		uint64_t dice = rng_below(&w->rng, 100);

		if (dice < 70)
			scrape(w);
		else if (dice < 90)
			follow(w, (uint32_t)rng_below(&w->rng, 10), false);
		else if (dice < 92)
			w->ms += 4 * MINUTE_MS; /* a flush */
		else if (dice < 95)
			kill_it(w);
		else if (dice < 96)
			store_flush_soon(w->store);
	}
	assert_all_shown(w);
	world_fini(w);
	free(w);
}

static void each_sample_is_shown_once_and_in_order_through_kills(void **unused)
{
	const char *seed = getenv("SEED");

	(void)unused;
	if (seed)
		return run_kills(strtoull(seed, NULL, 0));
	for (uint64_t i = 1; i <= 60; i++)
		run_kills(i);
}

/* What the disk still has after a power cut has been shown, if maybe twice. */
static void note_kept(struct world *w, bool kept[SERIES][SAMPLES])
{
	struct store_view *view = store_view_new(w->store);
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(series_column_fini) struct series_column column = { 0 };
	struct series_cursor *cursor;
	struct labels l;
	bool has;

	assert_int_equal(source->open(source->self, &q, &cursor, NULL), RC_OK);
	while (source->next(cursor, &l, &has, NULL) == RC_OK && has) {
		uint32_t i = (uint32_t)atoi(labels_get(&l, "instance"));

		assert_int_equal(source->read(cursor, &column, NULL), RC_OK);
		for (uint32_t k = 0; k < column.n; k++)
			kept[i][(uint32_t)column.v[k]] = true;
	}
	source->close(cursor);
	store_view_free(view);
}

static void cut_power(struct world *w)
{
	follow(w, 1 + (uint32_t)rng_below(&w->rng, 3), true);
	close_all(w);
	memory_files_crash(w->files);
	w->ms += SECOND_MS; /* a log that was lost and one that takes its number differ in time */
	open_all(w);
}

static void run_cuts(uint64_t seed)
{
	struct world *w = must_alloc(sizeof *w);
	bool(*kept)[SAMPLES] = must_alloc(SERIES * sizeof *kept);

	world_init(w, seed);
	w->is_strict = false;
	for (int i = 0; i < 200; i++) {
		uint64_t dice = rng_below(&w->rng, 100);

		if (dice < 80)
			scrape(w);
		else if (dice < 95)
			follow(w, (uint32_t)rng_below(&w->rng, 10), false);
		else if (dice < 97)
			w->ms += 4 * MINUTE_MS;
		else
			cut_power(w);
	}
	while (follow(w, 1000, false))
		;
	note_kept(w, kept);
	for (uint32_t i = 0; i < SERIES; i++)
		for (uint32_t k = 0; k < SAMPLES; k++)
			if (kept[i][k] && !w->shown[i][k])
				fail_msg(
					"seed %lu: sample %u of series %u is kept and wasn't shown",
					w->seed, k, i);
	world_fini(w);
	free(kept);
	free(w);
}

static void what_a_power_cut_leaves_is_shown(void **unused)
{
	const char *seed = getenv("SEED");

	(void)unused;
	if (seed)
		return run_cuts(strtoull(seed, NULL, 0));
	for (uint64_t i = 1; i <= 60; i++)
		run_cuts(i);
}

static bool has_file(const struct files *files, const char *name)
{
	struct files_map map = { 0 };
	bool has = files->map(files->self, name, &map, NULL) == RC_OK;

	files->unmap(files->self, &map);
	return has;
}

static void a_log_that_nobody_follows_goes_with_its_flush(void **unused)
{
	struct world *w = must_alloc(sizeof *w);
	char name[] = "wal-00000001";

	(void)unused;
	world_init(w, 1);
	scrape(w);
	store_flush_soon(w->store);
	fixture_work(w->store, w->ms, NULL);
	assert_true(has_file(memory_files_port(w->files), name));
	follow(w, 1000, false); /* to the end of that log */
	scrape(w);
	follow(w, 1000, false);
	fixture_work(w->store, w->ms, NULL);
	assert_false(has_file(memory_files_port(w->files), name));
	follower_free(TAKE(w->f));
	store_follow_no_others(w->store);
	store_flush_soon(w->store);
	fixture_work(w->store, w->ms + 1000, NULL);
	assert_false(has_file(memory_files_port(w->files), "mark-test"));
	assert_false(has_file(memory_files_port(w->files), "wal-00000002"));
	world_fini(w);
	free(w);
}

static void too_many_bytes_let_the_oldest_log_go_and_are_said(void **unused)
{
	const struct store_settings settings = { .kept_bytes_max = 3000 };
	struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, &settings);
	struct store_stats stats;
	struct follower *f;

	(void)unused;
	assert_int_equal(store_follow(s, "slow", &f, NULL), RC_OK);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(fixture_scrape(s, 50, i), RC_OK);
		store_flush_soon(s);
		fixture_work(s, i * 1000, NULL);
	}
	store_stats(s, &stats);
	assert_true(stats.logs_lost > 5);
	assert_true(stats.kept_bytes <= 3000);
	assert_non_null(strstr(store_findings(s).v[0].text, "the oldest is let go, not sent"));
	follower_free(f);
	store_close(s);
	memory_files_free(files);
}

static void marks_that_cannot_be_read_begin_with_the_oldest_log(void **unused)
{
	struct world *w = must_alloc(sizeof *w);

	(void)unused;
	world_init(w, 7);
	scrape(w);
	follow(w, 1000, false);
	close_all(w);
	for (uint64_t bit = 0; bit < 2000; bit += 7)
		memory_files_flip(w->files, "mark-test", bit);
	open_all(w);
	assert_int_equal(store_findings(w->store).n, 1);
	memset(w->next, 0, sizeof w->next);
	assert_int_equal(follower_set_lanes(w->f, LANES, NULL), RC_OK);
	assert_all_shown(w);
	world_fini(w);
	free(w);
}

static void a_name_of_a_path_is_refused(void **unused)
{
	struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	struct follower *f;

	(void)unused;
	assert_int_equal(store_follow(s, "../etc/passwd", &f, NULL), RC_INPUT);
	assert_int_equal(store_follow(s, "", &f, NULL), RC_INPUT);
	store_close(s);
	memory_files_free(files);
}

#define MIXED 300

/* What was committed of one series: floats, histograms, and what came late or beside. */
struct mixed {
	struct arena arena;
	struct rng rng;
	const struct histogram *h[2 * MIXED]; /* NULL: a float */
	int64_t t_ms[2 * MIXED];
	uint32_t n, n_exemplars, n_shown;
};

static void expect_sample(struct mixed *m, int64_t t_ms, const struct histogram *h)
{
	m->t_ms[m->n] = t_ms;
	m->h[m->n++] = h;
}

/* Sometimes a late one comes first; in the log it stands behind. */
static void commit_mixed(struct mixed *m, const struct series_sink *sink, series_ref ref, int64_t t_ms)
{
	static const struct label trace[] = { { "trace_id", "a", 8, 1 } };
	const struct exemplar x = { { trace, 1 }, (double)m->n_exemplars, t_ms, true };
	const struct histogram *h = m->n ? m->h[m->n - 1] : NULL, *late;
	bool is_late = false;

	h = h ? fixture_next(h, &m->rng, &m->arena) : fixture_histogram(&m->rng, &m->arena);
	late = fixture_histogram(&m->rng, &m->arena);
	if (rng_chance(&m->rng, 1, 20))
		is_late = sink->append_histogram(sink->self, ref, t_ms - 5500, late) == SERIES_TAKEN;
	if (rng_chance(&m->rng, 1, 3))
		h = NULL;
	assert_int_equal(h ? sink->append_histogram(sink->self, ref, t_ms, h)
			   : sink->append(sink->self, ref, t_ms, (double)m->n),
		SERIES_TAKEN);
	expect_sample(m, t_ms, h);
	if (is_late)
		expect_sample(m, t_ms - 5500, late);
	if (rng_chance(&m->rng, 1, 5)) {
		sink->exemplar(sink->self, ref, &x);
		m->n_exemplars++;
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
}

static void check_followed(const struct mixed *m, uint32_t at, const struct followed *r)
{
	assert_true(at + r->n <= m->n);
	for (uint32_t i = 0; i < r->n; i++) {
		const struct histogram *want = m->h[at + i], *got = r->h ? r->h[i] : NULL;

		assert_int_equal(r->t_ms[i], m->t_ms[at + i]);
		assert_true(!want == !got);
		if (!want) {
			assert_true(r->v[i] == (double)(at + i));
			continue;
		}
		assert_true(got->count == want->count && got->sum == want->sum);
		assert_int_equal(got->n_positive, want->n_positive);
		assert_memory_equal(got->positive, want->positive,
			want->n_positive * sizeof *want->positive);
	}
}

/* Sample `at` is the first that the marks leave; read until there are none from `to` on.  Returns where
 * the commit that was read last begins, where the marks are now. */
static uint32_t follow_mixed(struct mixed *m, struct follower *f, uint32_t at, uint32_t to)
{
	uint32_t begin = at;
	struct followed r;
	bool has = true;

	assert_true(follower_begin(f));
	while (at < to) {
		assert_int_equal(follower_next(f, &r, &has, NULL), RC_OK);
		assert_true(has);
		check_followed(m, at, &r);
		for (uint32_t i = 0; i < r.n_exemplars; i++, m->n_shown++) {
			const struct exemplar *x = &r.exemplars[i].x;

			assert_string_equal(labels_get(&x->labels, "trace_id"), "a");
			assert_int_equal(x->t_ms, r.t_ms[0]);
		}
		assert_int_equal(follower_move(f, 0, &r.at, NULL), RC_OK);
		begin = at;
		at += r.n;
	}
	follower_end(f);
	assert_int_equal(follower_damaged(f), 0);
	return begin;
}

static void native_histograms_and_exemplars_are_shown_as_they_came(void **unused)
{
	const struct store_settings settings = { .out_of_order_ms = HOUR_MS };
	struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, &settings);
	const struct series_sink *sink = store_sink(s);
	const struct label v[] = { { METRIC_NAME, "up", 8, 2 } };
	struct mixed *m = must_alloc(sizeof *m);
	struct follower *f;
	series_ref ref;
	uint32_t n;

	(void)unused;
	arena_init(&m->arena, 0);
	rng_seed(&m->rng, 1);
	assert_int_equal(store_follow(s, "x", &f, NULL), RC_OK);
	assert_int_equal(sink->series(sink->self, &(struct labels){ v, 1 }, &ref, NULL), RC_OK);
	for (int64_t i = 0; i < MIXED; i++)
		commit_mixed(m, sink, ref, FIXTURE_BEGIN.wall.ms + i * 1000);
	n = follow_mixed(m, f, 0, MIXED / 2);
	follower_free(f);
	assert_int_equal(store_follow(s, "x", &f, NULL), RC_OK);
	follow_mixed(m, f, n, m->n); /* from there, though unpacked from the log's begin */
	assert_in_range(m->n_shown, m->n_exemplars, m->n_exemplars + 1);
	assert_true(m->n_exemplars > 20);
	follower_free(f);
	store_close(s);
	memory_files_free(files);
	arena_fini(&m->arena);
	free(m);
}

/* The n-th change of the disk fails; sending goes on, and nothing is lost. */
static void a_disk_that_fails_for_a_while_loses_nothing(void **unused)
{
	(void)unused;
	for (uint64_t n = 0; n < 60; n++) {
		struct world *w = must_alloc(sizeof *w);

		world_init(w, n + 1);
		memory_files_set_fault(w->files,
			(struct memory_files_fault){ .after = n, .count = 2, .rc = RC_FULL });
		for (int i = 0; i < 30; i++) {
			struct log_mark mark = { 0 };
			struct followed r;
			bool has = true;

			w->is_strict = false;
			for (uint32_t k = 0; k < 3; k++)
				w->n[k]++;
			fixture_scrape(w->store, 3, i);
			fixture_work(w->store, i * 5000, NULL);
			if (!follower_begin(w->f))
				continue;
			while (follower_next(w->f, &r, &has, NULL) == RC_OK && has) {
				for (uint32_t k = 0; k < r.n; k++)
					w->next[r.ids[k] - 1]++;
				mark = r.at;
				mark.index = r.n;
			}
			follower_end(w->f);
			for (uint32_t lane = 0; mark.generation && lane < LANES; lane++)
				(void)!follower_move(w->f, lane, &mark, NULL);
		}
		for (uint32_t k = 0; k < 3; k++)
			assert_int_equal(w->next[k], w->n[k]);
		world_fini(w);
		free(w);
	}
}

#define NOISY 20000

/* Values that no codec makes small. */
static void scrape_noise(struct store *s, struct rng *rng, int second)
{
	const struct series_sink *sink = store_sink(s);

	for (uint32_t i = 0; i < NOISY; i++) {
		char text[16];
		struct label v[2] = { { METRIC_NAME, "noise", 8, 5 }, { "i", text, 1, 0 } };
		double value = (double)rng_next(rng);
		series_ref ref;

		v[1].value_len = (uint32_t)snprintf(text, sizeof text, "%u", i);
		assert_int_equal(sink->series(sink->self, &(struct labels){ v, 2 }, &ref, NULL),
			RC_OK);
		assert_int_equal(sink->append(sink->self, ref,
					 FIXTURE_BEGIN.wall.ms + second * SECOND_MS, value),
			SERIES_TAKEN);
	}
	assert_int_not_equal(sink->commit(sink->self, NULL), RC_OK);
}

/* More than may wait in memory: it is flushed when the disk is well, but who follows reads logs only. */
static void what_a_log_that_ended_early_never_shows_is_said(void **unused)
{
	struct memory_files *files = memory_files_new(1);
	struct store *s = fixture_open(files, NULL);
	struct store_stats stats;
	struct follower *f;
	struct rng rng;
	bool is_said = false;

	(void)unused;
	rng_seed(&rng, 1);
	assert_int_equal(store_follow(s, "x", &f, NULL), RC_OK);
	assert_int_equal(fixture_scrape(s, 5, 0), RC_OK);
	memory_files_set_fault(files,
		(struct memory_files_fault){ .count = UINT64_MAX, .rc = RC_FULL });
	for (int i = 1; !store_log(s)->is_lame; i++)
		scrape_noise(s, &rng, i);
	memory_files_set_fault(files, (struct memory_files_fault){ 0 });
	store_flush_soon(s);
	fixture_work(s, 200 * 1000, NULL);
	store_stats(s, &stats);
	assert_int_equal(stats.logs_lost, 1);
	for (uint32_t i = 0; i < store_findings(s).n; i++)
		is_said |= strstr(store_findings(s).v[i].text, "not sent on") != NULL;
	assert_true(is_said);
	follower_free(f);
	store_close(s);
	memory_files_free(files);
}

#define DAY_SERIES 20
#define STEP_S     15

/* Series and sample of a day: sample k of each has the value k. */
static void scrape_of_day(struct world *w, uint32_t k)
{
	const struct series_sink *sink = store_sink(w->store);

	w->ms += STEP_S * SECOND_MS;
	for (uint32_t i = 0; i < DAY_SERIES; i++) {
		char text[16];
		struct label v[2] = { { METRIC_NAME, "up", 8, 2 }, { "instance", text, 8, 0 } };
		series_ref ref;

		v[1].value_len = (uint32_t)snprintf(text, sizeof text, "%u", i);
		assert_int_equal(sink->series(sink->self, &(struct labels){ v, 2 }, &ref, NULL),
			RC_OK);
		assert_int_equal(sink->append(sink->self, ref, FIXTURE_BEGIN.wall.ms + w->ms, k),
			SERIES_TAKEN);
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	fixture_work(w->store, w->ms, NULL);
}

/* Each series' next sample; the last commit that is shown is dealt with. */
static void follow_day(struct world *w)
{
	struct log_mark mark = { 0 };
	struct followed r;
	struct labels l;
	bool has = true;

	while (follower_begin(w->f)) {
		while (follower_next(w->f, &r, &has, NULL) == RC_OK && has) {
			for (uint32_t k = 0; k < r.n; k++) {
				struct label v[16];
				uint32_t i;

				assert_true(follower_labels(w->f, r.ids[k], v, &l));
				i = (uint32_t)atoi(labels_get(&l, "instance"));
				assert_int_equal((uint32_t)r.v[k], w->next[i]++);
			}
			mark = r.at;
			mark.index = r.n;
		}
		follower_end(w->f);
		for (uint32_t lane = 0; mark.generation && lane < LANES; lane++)
			assert_int_equal(follower_move(w->f, lane, &mark, NULL), RC_OK);
	}
}

static void a_day_without_a_receiver_loses_nothing_through_kills(void **unused)
{
	struct world *w = must_alloc(sizeof *w);
	const uint32_t n = DAY_MS / (STEP_S * SECOND_MS);
	struct store_stats stats;

	(void)unused;
	world_init(w, 1);
	for (uint32_t k = 0; k < n; k++) {
		scrape_of_day(w, k);
		if (!rng_chance(&w->rng, 1, 500))
			continue;
		memory_files_kill(w->files);
		close_all(w);
		open_all(w);
	}
	store_stats(w->store, &stats);
	assert_true(w->store->kept.n > 400); /* a log for each few minutes */
	assert_int_equal(stats.logs_lost, 0);
	follow_day(w);
	for (uint32_t i = 0; i < DAY_SERIES; i++)
		assert_int_equal(w->next[i], n);
	store_flush_soon(w->store);
	fixture_work(w->store, w->ms + 1000, NULL);
	assert_in_range(w->store->kept.n, 0, 2); /* and then they go */
	world_fini(w);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample_is_shown_once_and_in_order_through_kills),
		cmocka_unit_test(what_a_power_cut_leaves_is_shown),
		cmocka_unit_test(a_log_that_nobody_follows_goes_with_its_flush),
		cmocka_unit_test(too_many_bytes_let_the_oldest_log_go_and_are_said),
		cmocka_unit_test(marks_that_cannot_be_read_begin_with_the_oldest_log),
		cmocka_unit_test(a_name_of_a_path_is_refused),
		cmocka_unit_test(native_histograms_and_exemplars_are_shown_as_they_came),
		cmocka_unit_test(a_disk_that_fails_for_a_while_loses_nothing),
		cmocka_unit_test(what_a_log_that_ended_early_never_shows_is_said),
		cmocka_unit_test(a_day_without_a_receiver_loses_nothing_through_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
