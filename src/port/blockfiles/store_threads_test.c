/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store on three threads: the owner appends and takes views, one reads them, one does the
 * background work. For TSan; without it, it still shows that a view is what was there when it was taken.
 */
#include "core/metrics/store.h"
#include "port/blockfiles/blockfiles.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define SERIES  300
#define ROUNDS  400
#define STEP_MS 5000

/* One thing at a time from the owner to a thread, and back when it is done. */
struct desk {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void *given, *done;
	bool is_over;
	void (*work)(void *thing);
	pthread_t thread;
};

static void *sit(void *self)
{
	struct desk *d = self;

	pthread_mutex_lock(&d->lock);
	while (!d->is_over) {
		void *thing = d->given;

		if (!thing) {
			pthread_cond_wait(&d->changed, &d->lock);
			continue;
		}
		pthread_mutex_unlock(&d->lock);
		d->work(thing);
		pthread_mutex_lock(&d->lock);
		d->given = NULL;
		d->done = thing;
		pthread_cond_broadcast(&d->changed);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

static void desk_init(struct desk *d, void (*work)(void *thing))
{
	*d = (struct desk){ .work = work };
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->changed, NULL);
	assert_int_equal(pthread_create(&d->thread, NULL, sit, d), 0);
}

static void desk_fini(struct desk *d)
{
	pthread_mutex_lock(&d->lock);
	d->is_over = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->changed);
}

static bool is_free(struct desk *d)
{
	bool is;

	pthread_mutex_lock(&d->lock);
	is = !d->given && !d->done;
	pthread_mutex_unlock(&d->lock);
	return is;
}

static void give(struct desk *d, void *thing)
{
	pthread_mutex_lock(&d->lock);
	d->given = thing;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

/* What is done; NULL: nothing is, unless one waits. */
static void *take(struct desk *d, bool is_waiting)
{
	void *thing;

	pthread_mutex_lock(&d->lock);
	while (is_waiting && d->given)
		pthread_cond_wait(&d->changed, &d->lock);
	thing = TAKE(d->done);
	pthread_mutex_unlock(&d->lock);
	return thing;
}

struct reading {
	struct store_view *view;
	uint32_t rounds; /* that it shows */
	uint32_t n_series, n_wrong;
};

static void read_view(void *thing)
{
	struct reading *r = thing;
	const struct series_source *source = store_view_source(r->view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(series_column_fini) struct series_column column = { 0 };
	struct series_cursor *c = NULL;
	struct labels l;
	bool has = true;

	if (source->open(source->self, &q, &c, NULL) != RC_OK)
		return;
	for (;;) {
		if (source->next(c, &l, &has, NULL) != RC_OK || !has)
			break;
		r->n_wrong += source->read(c, &column, NULL) != RC_OK || column.n != r->rounds;
		for (uint32_t i = 0; i < column.n; i++)
			r->n_wrong += column.v[i] != (double)(column.t_ms[i] / STEP_MS % 7);
		r->n_series++;
	}
	source->close(c);
}

static void do_work(void *thing)
{
	store_work_run(thing);
}

struct scene {
	struct store *store;
	struct now now;
	struct desk reader, worker;
	struct reading reading;
	uint32_t views, rounds;
};

static void scrape(struct scene *s)
{
	const struct series_sink *sink = store_sink(s->store);

	s->now.mono.ms += STEP_MS;
	s->now.wall.ms += STEP_MS;
	for (int i = 0; i < SERIES; i++) {
		char text[16];
		struct label v = { METRIC_NAME, text, 8, (uint32_t)sprintf(text, "m%d", i) };
		series_ref ref;

		assert_int_equal(sink->series(sink->self, &(struct labels){ &v, 1 }, &ref, NULL),
			RC_OK);
		sink->append(sink->self, ref, s->now.wall.ms,
			(double)(s->now.wall.ms / STEP_MS % 7));
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	s->rounds++;
}

static void look(struct scene *s, bool is_waiting)
{
	struct reading *done = take(&s->reader, is_waiting);

	if (done) {
		assert_int_equal(done->n_wrong, 0);
		assert_int_equal(done->n_series, SERIES);
		store_view_free(done->view);
		s->views++;
	}
	if (is_waiting || !is_free(&s->reader))
		return;
	s->reading = (struct reading){ store_view_new(s->store), s->rounds, 0, 0 };
	give(&s->reader, &s->reading);
}

static void work(struct scene *s, bool is_waiting)
{
	struct store_work *done = take(&s->worker, is_waiting), *due;
	struct mono wake;

	if (done)
		assert_int_equal(store_work_done(s->store, done, NULL), RC_OK);
	if (is_waiting || !is_free(&s->worker))
		return;
	due = store_due(s->store, s->now, &wake);
	if (due)
		give(&s->worker, due);
}

static void readers_and_workers_need_no_lock(void **state)
{
	char folder[] = "/tmp/store-threads-XXXXXX", command[64];
	struct store_settings settings = { .flush_ms = 30000 };
	struct scene s = { .now = { { 1000 }, { 1700000000000 } } };
	struct blockfiles *files = NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(blockfiles_open(&files, folder, NULL), RC_OK);
	assert_int_equal(store_open(&s.store, blockfiles_port(files), &settings, s.now, NULL),
		RC_OK);
	desk_init(&s.reader, read_view);
	desk_init(&s.worker, do_work);
	for (int i = 0; i < ROUNDS; i++) {
		scrape(&s);
		look(&s, false);
		work(&s, false);
	}
	look(&s, true);
	work(&s, true);
	desk_fini(&s.reader);
	desk_fini(&s.worker);
	assert_true(s.views > 0);
	store_close(s.store);
	blockfiles_close(files);
	snprintf(command, sizeof command, "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(readers_and_workers_need_no_lock) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
