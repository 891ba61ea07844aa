/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that keeps metrics on a real disk is killed with SIGKILL at any moment, again and again:
 * every commit that it told of is there, whole, and nothing else is.  A kill may come in the middle of a
 * write, and leave some pages of it: the commit that was under way is cut off then, and said to be.
 */
#include "base/rng.h"
#include "core/metrics/store.h"
#include "port/blockfiles/blockfiles.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SERIES  100
#define KILLS   25
#define FEW     3 /* commits of the shortest life */
#define STEP_MS 5000
#define T0      1700000000000

struct place {
	char folder[64];
	struct blockfiles *files;
	struct store *store;
};

static struct now now_of(uint64_t commits)
{
	int64_t ms = (int64_t)commits * STEP_MS;

	return (struct now){ { ms }, { T0 + ms } };
}

static void place_open(struct place *p, uint64_t commits)
{
	struct store_settings settings = { .flush_ms = 60000, .sync_ms = 20000 };
	struct err e = { 0 };

	if (blockfiles_open(&p->files, p->folder, &e) != RC_OK ||
		store_open(&p->store, blockfiles_port(p->files), &settings, now_of(commits), &e) !=
			RC_OK)
		fail_msg("%s", e.text);
}

static void place_close(struct place *p)
{
	store_close(TAKE(p->store));
	blockfiles_close(TAKE(p->files));
}

static void commit(struct store *s, uint64_t number)
{
	const struct series_sink *sink = store_sink(s);

	for (int i = 0; i < SERIES; i++) {
		char text[16];
		struct label v = { METRIC_NAME, text, 8, (uint32_t)sprintf(text, "m%d", i) };
		series_ref ref;

		must(sink->series(sink->self, &(struct labels){ &v, 1 }, &ref, NULL) == RC_OK);
		must(sink->append(sink->self, ref, now_of(number).wall.ms,
			     (double)(number * (uint64_t)i)) == SERIES_TAKEN);
	}
	must(sink->commit(sink->self, NULL) == RC_OK);
}

/* Commits on and on, and says each number when it is committed. */
_Noreturn static void live(struct place *p, uint64_t number, int out)
{
	place_open(p, number);
	for (;; number++) {
		struct store_work *w;
		struct mono wake;

		commit(p->store, number);
		must(write(out, &number, sizeof number) == sizeof number);
		while ((w = store_due(p->store, now_of(number), &wake))) {
			store_work_run(w);
			must(store_work_done(p->store, w, NULL) == RC_OK);
		}
	}
}

/* Lets it live for so long.  Returns how many commits it has told of in all. */
static uint64_t live_and_be_killed(struct place *p, uint64_t commits, uint64_t lifetime_us)
{
	uint64_t number;
	pid_t child;
	int status, ends[2];

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		close(ends[0]);
		live(p, commits, ends[1]);
	}
	close(ends[1]);
	/* However busy the machine is, every life gets somewhere. */
	for (int i = 0; i < FEW; i++)
		assert_int_equal(read(ends[0], &number, sizeof number), sizeof number);
	usleep((useconds_t)lifetime_us);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (read(ends[0], &commits, sizeof commits) == sizeof commits)
		number = commits;
	close(ends[0]);
	return number + 1;
}

/* Each series has the commits 0 to n - 1, and maybe the one of which nobody heard.  Returns how many
 * there are. */
static uint64_t look(struct place *p, uint64_t n)
{
	struct store_view *view = store_view_new(p->store);
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(series_column_fini) struct series_column column = { 0 };
	struct series_cursor *c = NULL;
	uint64_t found = 0;
	struct labels l;
	bool has;

	assert_int_equal(source->open(source->self, &q, &c, NULL), RC_OK);
	for (uint64_t i = 0; i < SERIES; i++) {
		assert_int_equal(source->next(c, &l, &has, NULL), RC_OK);
		assert_true(has);
		assert_int_equal(source->read(c, &column, NULL), RC_OK);
		assert_true(column.n >= n && column.n <= n + 1);
		assert_true(!i || column.n == found);
		found = column.n;
		for (uint64_t k = 0; k < column.n; k++)
			assert_true(column.t_ms[k] == now_of(k).wall.ms &&
				    column.v[k] == (double)(k * i));
	}
	assert_int_equal(source->next(c, &l, &has, NULL), RC_OK);
	assert_false(has);
	source->close(c);
	store_view_free(view);
	return found;
}

static void assert_only_cut_off(struct store *s)
{
	struct store_findings f = store_findings(s);

	for (uint32_t i = 0; i < f.n; i++)
		if (!strstr(f.v[i].text, "is cut off"))
			fail_msg("%s: %s", f.v[i].file, f.v[i].text);
}

static void what_was_committed_survives_every_kill(void **state)
{
	struct place p = { .folder = "/tmp/store-kill-XXXXXX" };
	uint64_t commits = 0;
	struct rng rng;
	char command[80];

	(void)state;
	rng_seed(&rng, 1);
	assert_non_null(mkdtemp(p.folder));
	for (int i = 0; i < KILLS; i++) {
		commits = live_and_be_killed(&p, commits, rng_below(&rng, 40000));
		place_open(&p, commits);
		assert_only_cut_off(p.store);
		commits = look(&p, commits);
		place_close(&p);
	}
	assert_true(commits >= FEW * KILLS);
	snprintf(command, sizeof command, "rm -r %s", p.folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_committed_survives_every_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
