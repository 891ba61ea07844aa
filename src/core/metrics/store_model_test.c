/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operations on a store and on a naive model of it, through crashes.  SEED=N replays one run.
 *
 * The model is a list of samples, each with the number of its commit.  A power cut may cost commits
 * that weren't synced, each altogether or not at all; samples of the past that the store said are kept
 * survive everything.
 */
#include "core/metrics/few_fixture.h"
#include "core/metrics/histogram_fixture.h"
#include "core/metrics/memory_files.h"
#include "core/metrics/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SERIES      40
#define STEPS       300
#define RUNS        60
#define SAMPLES_MAX 20000
#define LATE_MS     60000

struct sample {
	int64_t t_ms;
	double v;
	const struct histogram *h; /* NULL: a float */
	uint32_t series, commit;
	bool is_past; /* it was kept for good when it was added */
};

struct world {
	struct memory_files *files;
	struct store *store;
	struct rng rng;
	struct now now;
	struct sample *v;
	uint32_t n;
	uint32_t commits, synced; /* so many; of these, so many survive everything */
	int64_t newest[SERIES];
	double value[SERIES];
	const struct histogram *histogram[SERIES]; /* the newest */
	struct arena histograms;
	uint64_t seed;
};

static struct labels labels_of(struct label v[3], char text[2][16], uint32_t series)
{
	snprintf(text[0], sizeof text[0], "m%u", series % 7);
	snprintf(text[1], sizeof text[1], "i%u", series);
	v[0] = (struct label){ METRIC_NAME, text[0], 8, (uint32_t)strlen(text[0]) };
	v[1] = (struct label){ "instance", text[1], 8, (uint32_t)strlen(text[1]) };
	v[2] = (struct label){ "odd", "yes", 3, 3 };
	return (struct labels){ v, series % 2 ? 3 : 2 };
}

static void open_store(struct world *w)
{
	struct store_settings settings = { .out_of_order_ms = LATE_MS, .flush_ms = 60000 };
	struct err e = { 0 };

	if (store_open(&w->store, memory_files_port(w->files), &settings, w->now, &e) != RC_OK)
		fail_msg("seed %lu: %s", w->seed, e.text);
}

static bool has_sample(const struct world *w, uint32_t series, int64_t t_ms)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->v[i].series == series && w->v[i].t_ms == t_ms)
			return true;
	return false;
}

static const struct histogram *next_histogram(struct world *w, uint32_t series)
{
	if (!w->histogram[series] || rng_chance(&w->rng, 1, 30))
		w->histogram[series] = fixture_histogram(&w->rng, &w->histograms);
	else if (rng_chance(&w->rng, 2, 3))
		w->histogram[series] = fixture_grown(w->histogram[series], &w->rng, &w->histograms);
	return w->histogram[series];
}

static bool is_histogram(struct world *w, uint32_t series)
{
	return series % 4 == 1 ? rng_chance(&w->rng, 29, 30) : rng_chance(&w->rng, 1, 200);
}

static void append_histogram(struct world *w, uint32_t series, int64_t t_ms, series_ref ref)
{
	const struct series_sink *sink = store_sink(w->store);
	const struct histogram *h = next_histogram(w, series);

	assert_int_equal(sink->append_histogram(sink->self, ref, t_ms, h), SERIES_TAKEN);
	assert_int_equal(sink->append_histogram(sink->self, ref, t_ms, h),
		t_ms > w->newest[series] ? SERIES_SAME : SERIES_TAKEN);
	w->v[w->n++] = (struct sample){ t_ms, 0, h, series, w->commits };
}

static void append_float(struct world *w, uint32_t series, int64_t t_ms, series_ref ref)
{
	const struct series_sink *sink = store_sink(w->store);

	if (rng_chance(&w->rng, 1, 2))
		w->value[series] += (double)rng_below(&w->rng, 1000) / (series % 3 ? 1 : 7);
	assert_int_equal(sink->append(sink->self, ref, t_ms, w->value[series]), SERIES_TAKEN);
	w->v[w->n++] = (struct sample){ t_ms, w->value[series], NULL, series, w->commits };
}

static void append(struct world *w, uint32_t series, int64_t t_ms)
{
	const struct series_sink *sink = store_sink(w->store);
	struct label v[3];
	char text[2][16];
	struct labels l = labels_of(v, text, series);
	series_ref ref;

	if (has_sample(w, series, t_ms) || w->n == SAMPLES_MAX)
		return;
	assert_int_equal(sink->series(sink->self, &l, &ref, NULL), RC_OK);
	if (is_histogram(w, series)) {
		append_histogram(w, series, t_ms, ref);
	} else {
		append_float(w, series, t_ms, ref);
	}
	if (t_ms > w->newest[series])
		w->newest[series] = t_ms;
}
static void scrape(struct world *w)
{
	const struct series_sink *sink = store_sink(w->store);
	uint32_t first = (uint32_t)rng_below(&w->rng, SERIES);
	uint32_t n = (uint32_t)rng_below(&w->rng, SERIES - first) + 1;

	w->now.mono.ms += 5000;
	w->now.wall.ms += 5000;
	for (uint32_t i = first; i < first + n; i++) {
		append(w, i, w->now.wall.ms);
		if (rng_chance(&w->rng, 1, 10))
			append(w, i, w->newest[i] - (int64_t)rng_below(&w->rng, LATE_MS));
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	w->commits++;
}

static void work(struct world *w)
{
	struct store_work *work;
	struct mono wake;
	struct err e = { 0 };

	while ((work = store_due(w->store, w->now, &wake))) {
		bool is_sync = store_work_kind(work) == STORE_SYNC;

		store_work_run(work);
		if (store_work_done(w->store, work, &e) != RC_OK)
			fail_msg("seed %lu: %s", w->seed, e.text);
		if (is_sync)
			w->synced = w->commits;
	}
}

static void add_past(struct world *w, struct series_sample *v, uint32_t *n)
{
	int64_t ago_ms = 2 * HOUR_MS + (int64_t)rng_below(&w->rng, 40 * HOUR_MS);
	uint32_t series = (uint32_t)rng_below(&w->rng, SERIES);
	struct label label[3];
	char text[2][16];
	struct labels l = labels_of(label, text, series);
	struct sample s = { .t_ms = w->now.wall.ms - ago_ms,
		.v = (double)rng_below(&w->rng, 1000),
		.series = series,
		.is_past = true };
	series_ref ref = 0;

	if (has_sample(w, series, s.t_ms) || w->n == SAMPLES_MAX)
		return;
	assert_int_equal(store_past_series(w->store, &l, &ref, NULL), RC_OK);
	v[(*n)++] = (struct series_sample){ .t_ms = s.t_ms, .v = s.v, .series = ref };
	w->v[w->n++] = s;
}

/* A batch of the past, until it is kept. */
static void import(struct world *w)
{
	const struct series_sink *sink = store_sink(w->store);
	uint32_t n = 0, most = 1 + (uint32_t)rng_below(&w->rng, 30);
	struct series_sample *v = must_alloc(most * sizeof *v);
	uint64_t ticket;

	for (uint32_t i = 0; i < most; i++)
		add_past(w, v, &n);
	ticket = store_past_add(w->store, v, n);
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	store_past_soon(w->store);
	for (int i = 0; i < 3; i++)
		work(w);
	assert_true(store_past_kept(w->store) == ticket);
}

static const struct sample *find(const struct world *w, uint32_t series, int64_t t_ms)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->v[i].series == series && w->v[i].t_ms == t_ms)
			return &w->v[i];
	return NULL;
}

static bool is_same(const struct sample *s, const struct series_column *column, uint32_t i)
{
	const struct histogram *h = column->h ? column->h[i] : NULL;

	if (s->h && h)
		return histogram_equal(s->h, h);
	return !s->h && !h && double_bits(s->v) == double_bits(column->v[i]);
}

/* The column has exactly the samples of the model up to a commit, or the model doesn't matter. */
static void compare(const struct world *w, uint32_t series, const struct series_query *q,
	const struct series_column *column)
{
	uint32_t expected = 0;

	for (uint32_t i = 0; i < w->n; i++)
		expected += w->v[i].series == series && w->v[i].t_ms >= q->min_ms &&
			    w->v[i].t_ms <= q->max_ms;
	for (uint32_t i = 0; i < column->n; i++) {
		const struct sample *s = find(w, series, column->t_ms[i]);

		if (!s || !is_same(s, column, i))
			fail_msg("seed %lu: series %u has %g at %ld, which was never appended",
				w->seed, series, column->v[i], column->t_ms[i]);
		if (i && column->t_ms[i] <= column->t_ms[i - 1])
			fail_msg("seed %lu: series %u isn't in order", w->seed, series);
	}
	if (column->n != expected)
		fail_msg("seed %lu: series %u has %u samples of %u", w->seed, series, column->n,
			expected);
}

typedef void visit(struct world *w, uint32_t series, const struct series_query *q,
	const struct series_column *column);

static void assert_same_columns(const struct world *w, const struct series_column *a,
	const struct series_column *b)
{
	if (a->n != b->n)
		fail_msg("seed %lu: a twin reads %u samples of %u", w->seed, a->n, b->n);
	for (uint32_t i = 0; i < a->n; i++)
		if (a->t_ms[i] != b->t_ms[i] || double_bits(a->v[i]) != double_bits(b->v[i]))
			fail_msg("seed %lu: a twin reads other samples", w->seed);
}

/* A twin reads the same in three pieces. */
static void compare_twin(const struct world *w, const struct series_source *source,
	struct series_cursor *twin, const struct series_query *q,
	const struct series_column *column)
{
	const struct series_twins *twins = source->twins;
	scoped(arena_fini) struct arena histograms = { 0 };
	scoped(series_column_fini) struct series_column piece = { .histograms = &histograms };
	scoped(series_column_fini) struct series_column all = { 0 };
	uint64_t third = ((uint64_t)q->max_ms - (uint64_t)q->min_ms) / 3;
	int64_t from = q->min_ms;

	for (int i = 0; i < 3; i++) {
		int64_t to = i < 2 ? (int64_t)((uint64_t)from + third) : q->max_ms;

		twins->narrow(twin, from, to);
		assert_int_equal(source->read(twin, &piece, NULL), RC_OK);
		for (uint32_t k = 0; k < piece.n; k++)
			series_column_add(&all, piece.t_ms[k], piece.v[k]);
		if (to == q->max_ms)
			break;
		from = to + 1;
	}
	assert_same_columns(w, &all, column);
}

/* So does a query that needs few of the samples, as far as its windows tell. */
static void compare_few(struct world *w, const struct series_source *source, uint64_t place,
	const struct series_query *of, const struct series_column *column)
{
	static const uint8_t needs[] = { SERIES_LAST, SERIES_ENDS, SERIES_ENDS | SERIES_LAST_TWO,
		SERIES_GROWTH };
	scoped(arena_fini) struct arena histograms = { 0 };
	scoped(series_column_fini) struct series_column few = { .histograms = &histograms };
	struct series_query q = *of;
	struct series_cursor *c, *twin;

	if (column->n == 0 || column->h)
		return;
	q.need = needs[rng_below(&w->rng, COUNT(needs))];
	q.first_ms = column->t_ms[0] + rng_between(&w->rng, 0, 60000);
	q.step_ms = rng_between(&w->rng, 1000, 1000000);
	q.range_ms = rng_between(&w->rng, 1, 1000000);
	assert_int_equal(source->open(source->self, &q, &c, NULL), RC_OK);
	assert_int_equal(source->twins->open(c, &twin, NULL), RC_OK);
	source->twins->go(twin, place);
	assert_int_equal(source->read(twin, &few, NULL), RC_OK);
	assert_few_suffice(column, &few, &q);
	source->close(twin);
	source->close(c);
}

static uint32_t each_series(struct world *w, const struct series_query *q, visit *visitor)
{
	struct store_view *view = store_view_new(w->store);
	const struct series_source *source = store_view_source(view);
	scoped(arena_fini) struct arena histograms;
	scoped(series_column_fini) struct series_column column = { .histograms = &histograms };
	struct series_cursor *c, *twin;
	uint64_t first = UINT64_MAX;
	struct labels l;
	uint32_t n = 0;
	bool has;

	arena_init(&histograms, 0);
	assert_int_equal(source->open(source->self, q, &c, NULL), RC_OK);
	assert_int_equal(source->twins->open(c, &twin, NULL), RC_OK);
	for (;;) {
		struct err e = { 0 };

		assert_int_equal(source->next(c, &l, &has, NULL), RC_OK);
		if (!has)
			break;
		arena_reset(&histograms);
		if (source->read(c, &column, &e) != RC_OK)
			fail_msg("seed %lu: %s", w->seed, e.text);
		n += column.n > 0;
		/* There, and back after having been at another. */
		if (first == UINT64_MAX)
			first = source->twins->place(c);
		source->twins->go(twin, first);
		assert_int_equal(source->read(twin, &column, NULL), RC_OK);
		source->twins->go(twin, source->twins->place(c));
		assert_int_equal(source->read(c, &column, NULL), RC_OK);
		compare_twin(w, source, twin, q, &column);
		compare_few(w, source, source->twins->place(c), q, &column);
		visitor(w, (uint32_t)atoi(labels_get(&l, "instance") + 1), q, &column);
	}
	source->close(twin);
	source->close(c);
	store_view_free(view);
	return n;
}

static void compare_series(struct world *w, uint32_t series, const struct series_query *q,
	const struct series_column *column)
{
	compare(w, series, q, column);
}

static bool is_asked(const struct series_query *q, uint32_t series)
{
	struct label v[3];
	char text[2][16];
	struct labels l = labels_of(v, text, series);

	for (uint32_t i = 0; i < q->n_matchers; i++) {
		const char *value = labels_get(&l, matcher_name(q->matchers[i]));

		if (!matcher_matches(q->matchers[i], value, strlen(value)))
			return false;
	}
	return true;
}

/* How many series of the model have samples in the query's time, and match. */
static uint32_t count(const struct world *w, const struct series_query *q)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < SERIES; k++) {
		bool is_there = false;

		for (uint32_t i = 0; i < w->n && !is_there; i++)
			is_there = w->v[i].series == k && w->v[i].t_ms >= q->min_ms &&
				   w->v[i].t_ms <= q->max_ms;
		n += is_there && is_asked(q, k);
	}
	return n;
}

static const struct {
	enum matcher_op op;
	const char *name, *value;
} wanted[] = {
	{ MATCHER_EQUAL, METRIC_NAME, "m3" },
	{ MATCHER_NOT_EQUAL, METRIC_NAME, "m3" },
	{ MATCHER_EQUAL, "odd", "" },
	{ MATCHER_REGEX, "odd", ".+" },
	{ MATCHER_REGEX, METRIC_NAME, "m1|m2|m9" },
	{ MATCHER_NOT_REGEX, "instance", "i1.*" },
	{ MATCHER_REGEX, "instance", "i1.*" },
	{ MATCHER_REGEX, "odd", "yes|" },
	{ MATCHER_EQUAL, "absent", "" },
	{ MATCHER_NOT_EQUAL, "absent", "" },
};

/* A query of up to two matchers, for all of time or some of it. */
struct question {
	struct matcher *matchers[2];
	struct series_query q;
};

static void question_init(struct question *x, struct world *w)
{
	*x = (struct question){ 0 };
	for (int i = 0; i < 2; i++) {
		uint64_t k = rng_below(&w->rng, COUNT(wanted));

		assert_int_equal(matcher_new(&x->matchers[i], wanted[k].op, wanted[k].name,
					 wanted[k].value, NULL),
			RC_OK);
	}
	x->q = (struct series_query){ .matchers = (const struct matcher *const *)x->matchers,
		.n_matchers = (uint32_t)rng_below(&w->rng, 3),
		.min_ms = INT64_MIN,
		.max_ms = INT64_MAX };
	if (rng_chance(&w->rng, 1, 2))
		return;
	x->q.max_ms = w->now.wall.ms - (int64_t)rng_below(&w->rng, 300000);
	x->q.min_ms = x->q.max_ms - (int64_t)rng_below(&w->rng, 300000);
}

static void question_fini(struct question *x)
{
	matcher_free(x->matchers[0]);
	matcher_free(x->matchers[1]);
}
SCOPED_FINI(question_fini, struct question)

static void look(struct world *w)
{
	scoped(question_fini) struct question x;
	uint32_t n;

	question_init(&x, w);
	n = each_series(w, &x.q, compare_series);
	if (n != count(w, &x.q))
		fail_msg("seed %lu: %u series with samples instead of %u", w->seed, n,
			count(w, &x.q));
}

static void delete_some(struct world *w)
{
	scoped(question_fini) struct question x;
	struct store_selection which;
	uint32_t n = 0;

	question_init(&x, w);
	which = (struct store_selection){ x.q.matchers, x.q.n_matchers, x.q.min_ms, x.q.max_ms };
	assert_int_equal(store_delete(w->store, &which, NULL), RC_OK);
	for (uint32_t i = 0; i < w->n; i++) {
		const struct sample *s = &w->v[i];

		if (s->t_ms < x.q.min_ms || s->t_ms > x.q.max_ms || !is_asked(&x.q, s->series))
			w->v[n++] = *s;
	}
	w->n = n;
	if (rng_chance(&w->rng, 1, 2))
		store_clean(w->store);
}

static bool *is_left; /* of each commit, whether a sample of it was seen */

static void note_commit(struct world *w, uint32_t series, const struct series_query *q,
	const struct series_column *column)
{
	(void)q;
	for (uint32_t i = 0; i < column->n; i++) {
		const struct sample *s = find(w, series, column->t_ms[i]);

		if (s && !s->is_past)
			is_left[s->commit] = true;
	}
}

static void find_newest(struct world *w)
{
	memset(w->newest, 0, sizeof w->newest);
	for (uint32_t i = 0; i < w->n; i++)
		if (!w->v[i].is_past && w->v[i].t_ms > w->newest[w->v[i].series])
			w->newest[w->v[i].series] = w->v[i].t_ms;
}

/* The model forgets the commits that a crash has cost, of which none was synced.  Returns how many
 * these are. */
static uint32_t forget_lost(struct world *w)
{
	struct series_query all = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	uint32_t n = 0, n_before = w->n;

	is_left = must_alloc(w->commits + 1);
	each_series(w, &all, note_commit);
	for (uint32_t i = 0; i < w->n; i++) {
		if (w->v[i].is_past || is_left[w->v[i].commit])
			w->v[n++] = w->v[i];
		else if (w->v[i].commit < w->synced)
			fail_msg("seed %lu: commit %u was synced and is lost", w->seed,
				w->v[i].commit);
	}
	free(is_left);
	w->n = n;
	find_newest(w);
	each_series(w, &all, compare_series);
	return n_before - n;
}

static void crash(struct world *w)
{
	store_close(TAKE(w->store));
	memory_files_crash(w->files);
	open_store(w);
	forget_lost(w);
}

static void restart(struct world *w)
{
	memory_files_kill(w->files);
	store_close(TAKE(w->store));
	open_store(w);
	if (forget_lost(w))
		fail_msg("seed %lu: a process that was killed has lost a commit", w->seed);
}

/* Long enough for spans of time to be over. */
static void wait_long(struct world *w)
{
	int64_t ms = (int64_t)rng_below(&w->rng, 5 * HOUR_MS);

	w->now.mono.ms += ms;
	w->now.wall.ms += ms;
}

static void step(struct world *w)
{
	uint64_t dice = rng_below(&w->rng, 100);

	if (dice < 60)
		scrape(w);
	else if (dice < 75)
		work(w);
	else if (dice < 90)
		look(w);
	else if (dice < 92)
		store_flush_soon(w->store);
	else if (dice < 93)
		import(w);
	else if (dice < 94)
		rng_chance(&w->rng, 1, 2) ? delete_some(w) : wait_long(w);
	else if (dice < 97)
		crash(w);
	else
		restart(w);
}

static void run(uint64_t seed)
{
	struct world w = { .seed = seed,
		.files = memory_files_new(seed),
		.now = { { 1000 }, { 1700000000000 } } };

	rng_seed(&w.rng, seed);
	arena_init(&w.histograms, 0);
	w.v = must_alloc(SAMPLES_MAX * sizeof *w.v);
	open_store(&w);
	for (int i = 0; i < STEPS; i++)
		step(&w);
	look(&w);
	store_close(w.store);
	memory_files_free(w.files);
	arena_fini(&w.histograms);
	free(w.v);
}

static void a_store_and_its_model_agree(void **state)
{
	const char *seed = getenv("SEED");

	(void)state;
	if (seed) {
		run(strtoull(seed, NULL, 10));
		return;
	}
	for (uint64_t i = 1; i <= RUNS; i++)
		run(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_store_and_its_model_agree) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
