/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th thing that changes the disk fails, for every n: once, or from then on until somebody makes
 * room.  What was taken is still there when it works again, and then survives a power cut.
 */
#include "base/limits.h"
#include "core/metrics/beside.h"
#include "core/metrics/follow.h"
#include "core/metrics/histogram_fixture.h"
#include "core/metrics/manifest.h"
#include "core/metrics/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SERIES  20
#define SECONDS 60
#define STEP_MS (400 * SECOND_MS) /* of the clock, between two scrapes: each is flushed */

static struct store *try_to_open(struct memory_files *files)
{
	struct store_settings settings = { 0 };
	struct store *s = NULL;

	if (store_open(&s, memory_files_port(files), &settings, FIXTURE_BEGIN, NULL) != RC_OK)
		return NULL;
	return s;
}

/* Returns how many things were changed. */
static uint64_t run(struct memory_files_fault fault)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	const struct memory_files_fault none = { 0 };
	struct store *s;
	uint64_t changes;
	int64_t now_ms = 0;

	memory_files_set_fault(files, fault);
	s = try_to_open(files);
	for (int64_t second = 0; s && second < SECONDS; second++, now_ms += STEP_MS) {
		if (fixture_scrape(s, SERIES, second) != RC_OK)
			assert_true(fault.count > 0);
		if (fixture_work(s, now_ms, NULL) != RC_OK)
			assert_true(fault.count > 0);
	}
	changes = memory_files_changes(files);
	memory_files_set_fault(files, none);
	if (!s)
		return changes;
	for (int i = 0; i < 3; i++)
		fixture_work(s, now_ms += STEP_MS, NULL);
	fixture_look(s, SERIES, SECONDS);
	store_close(s);
	memory_files_crash(files);
	s = fixture_open(files, NULL);
	fixture_look(s, SERIES, SECONDS);
	assert_int_equal(store_findings(s).n, 0);
	store_close(s);
	return changes;
}

static void sweep(uint64_t count, enum rc rc)
{
	uint64_t changes = run((struct memory_files_fault){ 0 });

	assert_true(changes > 300);
	for (uint64_t after = 0; after < changes; after++)
		run((struct memory_files_fault){ .after = after, .count = count, .rc = rc });
}

static void nothing_is_lost_when_one_write_fails(void **state)
{
	(void)state;
	sweep(1, RC_IO);
}

static void nothing_is_lost_when_a_few_writes_fail(void **state)
{
	(void)state;
	sweep(5, RC_FULL);
}

static void nothing_is_lost_when_the_disk_is_full_until_there_is_room(void **state)
{
	(void)state;
	sweep(UINT64_MAX, RC_FULL);
}

/*
 * ---- everything at once: floats, histograms, exemplars, metadata, samples of the past, a deletion, and
 * somebody who follows the log.
 */

#define STEPS       12
#define DELETE_STEP 5

struct scene {
	struct memory_files *files;
	struct store *store;
	struct follower *follower; /* NULL: the disk failed when it was opened */
	struct arena arena;
	const struct histogram *h[STEPS];
	uint64_t ticket;
	bool is_deleted, may_be_deleted;
	uint32_t shown[STEPS]; /* samples of "up", by second */
};

static series_ref series_of(struct scene *x, const char *metric)
{
	const struct series_sink *sink = store_sink(x->store);
	struct label l = { METRIC_NAME, metric, 8, (uint32_t)strlen(metric) };
	series_ref ref = 0;

	assert_int_equal(sink->series(sink->self, &(struct labels){ &l, 1 }, &ref, NULL), RC_OK);
	return ref;
}

static void tell_of_the_past(struct scene *x, int step)
{
	struct series_sample *v = must_alloc(sizeof *v);
	struct label l = { METRIC_NAME, "old", 8, 3 };
	series_ref ref = 0;

	assert_int_equal(store_past_series(x->store, &(struct labels){ &l, 1 }, &ref, NULL), RC_OK);
	*v = (struct series_sample){ .t_ms = FIXTURE_BEGIN.wall.ms - (1 + step) * HOUR_MS,
		.v = step,
		.series = ref };
	x->ticket = store_past_add(x->store, v, 1);
}

static enum rc tell(struct scene *x, int step)
{
	const struct series_sink *sink = store_sink(x->store);
	int64_t t_ms = FIXTURE_BEGIN.wall.ms + step * SECOND_MS;
	series_ref ref = series_of(x, "h");
	struct label l = { "trace_id", "abc", 8, 3 };
	struct exemplar e = { .labels = { &l, 1 }, .v = step, .t_ms = t_ms };
	char help[16];
	struct metric_metadata m = { "histogram", help, "" };

	snprintf(help, sizeof help, "help %d", step);
	assert_int_equal(sink->append_histogram(sink->self, ref, t_ms, x->h[step]), SERIES_TAKEN);
	sink->exemplar(sink->self, ref, &e);
	sink->metadata(sink->self, "h", &m);
	if (step < DELETE_STEP)
		assert_int_equal(sink->append(sink->self, series_of(x, "gone"), t_ms, 1),
			SERIES_TAKEN);
	tell_of_the_past(x, step);
	return fixture_scrape(x->store, SERIES, step);
}

static void delete_gone(struct scene *x)
{
	struct matcher *m = NULL;
	struct store_selection which = { .n_matchers = 1,
		.min_ms = INT64_MIN,
		.max_ms = INT64_MAX };

	assert_int_equal(matcher_new(&m, MATCHER_EQUAL, METRIC_NAME, "gone", NULL), RC_OK);
	which.matchers = (const struct matcher *const *)&m;
	x->is_deleted = store_delete(x->store, &which, NULL) == RC_OK;
	x->may_be_deleted = true;
	matcher_free(m);
}

static void follow(struct scene *x)
{
	bool has = true;

	if (!x->follower || !follower_begin(x->follower))
		return;
	while (has) {
		struct label v[SERIES_LABELS_MAX];
		struct followed r;
		struct labels l;

		assert_int_equal(follower_next(x->follower, &r, &has, NULL), RC_OK);
		for (uint32_t i = 0; has && i < r.n; i++) {
			assert_true(follower_labels(x->follower, r.ids[i], v, &l));
			if (strcmp(labels_get(&l, METRIC_NAME), "up") == 0)
				x->shown[(r.t_ms[i] - FIXTURE_BEGIN.wall.ms) / SECOND_MS]++;
		}
	}
	follower_end(x->follower);
	(void)!follower_move(x->follower, 0,
		&(struct log_mark){ follower_at(x->follower).generation, 0,
			follower_at(x->follower).offset },
		NULL);
}

static void assert_series(struct scene *x, const struct labels *l, const struct series_column *c)
{
	const char *metric = labels_get(l, METRIC_NAME);

	if (strcmp(metric, "gone") == 0) {
		assert_false(x->is_deleted && c->n);
		assert_true(x->may_be_deleted || c->n == DELETE_STEP);
		return;
	}
	assert_int_equal(c->n, STEPS);
	for (uint32_t i = 0; i < c->n; i++) {
		int64_t t_ms = FIXTURE_BEGIN.wall.ms + i * SECOND_MS;

		if (strcmp(metric, "old") == 0) {
			assert_true(c->v[i] == STEPS - 1 - i);
			continue;
		}
		assert_int_equal(c->t_ms[i], t_ms);
		if (strcmp(metric, "h") == 0)
			assert_true(c->h && c->h[i] && histogram_equal(c->h[i], x->h[i]));
		else
			assert_true(c->v[i] == (double)(t_ms + atoi(labels_get(l, "instance"))));
	}
}

static void assert_samples(struct scene *x)
{
	struct store_view *view = store_view_new(x->store);
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(arena_fini) struct arena a;
	scoped(series_column_fini) struct series_column column = { .histograms = &a };
	struct series_cursor *cursor;
	struct labels l;
	int n = 0;
	bool has;

	arena_init(&a, 0);
	assert_int_equal(source->open(source->self, &q, &cursor, NULL), RC_OK);
	while (source->next(cursor, &l, &has, NULL) == RC_OK && has) {
		assert_int_equal(source->read(cursor, &column, NULL), RC_OK);
		assert_series(x, &l, &column);
		n += strcmp(labels_get(&l, METRIC_NAME), "gone") != 0;
	}
	assert_int_equal(n, SERIES + 2);
	source->close(cursor);
	store_view_free(view);
}

static bool count_exemplar(void *self, uint32_t id, const struct exemplar *e)
{
	int *n = self;

	assert_true(id > 0 && e->v == *n);
	++*n;
	return true;
}

static void assert_all(struct scene *x)
{
	scoped(str_fini) struct str copied = STR_EMPTY;
	struct metric_metadata m;
	int n = 0;
	const struct beside_visitor visitor = { .self = &n, .exemplar = count_exemplar };

	assert_samples(x);
	store_copy_exemplars(x->store, &copied);
	assert_true(beside_read((uint8_t *)copied.s, copied.len, &visitor));
	assert_int_equal(n, STEPS);
	assert_true(store_metadata(x->store, "h", &m));
	assert_string_equal(m.help, "help 11");
}

/* Nothing lies there of what failed: a full disk would stay full.  Marks have one name only. */
static void assert_no_leftovers(struct memory_files *files)
{
	const struct files *port = memory_files_port(files);
	scoped(manifest_fini) struct manifest m = { 0 };
	struct files_entry *v;
	uint32_t n, number;
	enum manifest_kind kind;

	assert_int_equal(manifest_read(&m, port, NULL), RC_OK);
	assert_int_equal(port->list(port->self, &v, &n, NULL), RC_OK);
	for (uint32_t i = 0; i < n; i++) {
		bool is_named = !manifest_file_number(v[i].name, &kind, &number);

		for (uint32_t k = 0; k < m.n; k++)
			is_named |= strcmp(m.v[k].name, v[i].name) == 0;
		if (strcmp(v[i].name, "mark-faults.new") == 0)
			continue;
		if (!is_named || strstr(v[i].name, ".new"))
			fail_msg("%s is of no use, and was left there", v[i].name);
	}
	free(v);
}

static void open_scene(struct scene *x, struct memory_files_fault fault)
{
	struct rng rng;

	memset(x, 0, sizeof *x);
	x->files = memory_files_new(1);
	rng_seed(&rng, 7);
	arena_init(&x->arena, 0);
	for (int i = 0; i < STEPS; i++)
		x->h[i] = i ? fixture_next(x->h[i - 1], &rng, &x->arena)
			    : fixture_histogram(&rng, &x->arena);
	memory_files_set_fault(x->files, fault);
	x->store = try_to_open(x->files);
	if (x->store && store_follow(x->store, "faults", &x->follower, NULL) != RC_OK)
		x->follower = NULL;
}

static void close_scene(struct scene *x)
{
	follower_free(TAKE(x->follower));
	store_close(TAKE(x->store));
}

static void end_scene(struct scene *x, int64_t now_ms)
{
	bool was_followed = x->follower;

	for (int i = 0; i < 4; i++) {
		store_flush_soon(x->store);
		assert_int_equal(fixture_work(x->store, now_ms += STEP_MS, NULL), RC_OK);
		follow(x);
	}
	assert_true(store_past_kept(x->store) == x->ticket);
	assert_all(x);
	assert_no_leftovers(x->files);
	for (int i = 0; i < STEPS; i++)
		assert_true(!was_followed || x->shown[i] == SERIES);
	close_scene(x);
	memory_files_crash(x->files);
	x->store = fixture_open(x->files, NULL);
	assert_all(x);
	assert_int_equal(store_findings(x->store).n, 0);
}

static uint64_t run_all(struct memory_files_fault fault)
{
	struct scene *x = must_alloc(sizeof *x);
	int64_t now_ms = 0;
	uint64_t changes;

	open_scene(x, fault);
	for (int step = 0; x->store && step < STEPS; step++, now_ms += STEP_MS) {
		if (tell(x, step) != RC_OK)
			assert_true(fault.count > 0);
		if (step == DELETE_STEP)
			delete_gone(x);
		if (fixture_work(x->store, now_ms, NULL) != RC_OK)
			assert_true(fault.count > 0);
		follow(x);
	}
	changes = memory_files_changes(x->files);
	memory_files_set_fault(x->files, (struct memory_files_fault){ 0 });
	if (x->store)
		end_scene(x, now_ms);
	close_scene(x);
	memory_files_free(x->files);
	arena_fini(&x->arena);
	free(x);
	return changes;
}

static void nothing_of_all_that_is_kept_is_lost_when_writes_fail(void **state)
{
	static const struct memory_files_fault faults[] = { { 0, 1, RC_IO }, { 0, 6, RC_FULL },
		{ 0, UINT64_MAX, RC_FULL } };
	uint64_t changes = run_all((struct memory_files_fault){ 0 });

	(void)state;
	assert_true(changes > 150);
	for (size_t i = 0; i < COUNT(faults); i++)
		for (uint64_t after = i; after < changes; after += COUNT(faults)) {
			struct memory_files_fault fault = faults[i];

			fault.after = after;
			run_all(fault);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_when_one_write_fails),
		cmocka_unit_test(nothing_is_lost_when_a_few_writes_fail),
		cmocka_unit_test(nothing_is_lost_when_the_disk_is_full_until_there_is_room),
		cmocka_unit_test(nothing_of_all_that_is_kept_is_lost_when_writes_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
