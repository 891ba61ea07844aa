/* SPDX-License-Identifier: Apache-2.0 */
#include "port/crowd/crowd.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <uv.h>

#include <cmocka.h>

#define PIECES 1000

struct count {
	unsigned v[PIECES]; /* how often each was done; no two threads have the same */
	atomic_uint sum;
};

static void add(void *of, unsigned i)
{
	struct count *count = of;

	count->v[i]++;
	atomic_fetch_add(&count->sum, i);
}

static void assert_each_once(const struct count *count, unsigned n)
{
	for (unsigned i = 0; i < PIECES; i++)
		assert_int_equal(count->v[i], i < n);
	assert_int_equal(count->sum, n * (n - 1) / 2);
}

static void each_piece_is_done_once(void **state)
{
	(void)state;
	for (unsigned helpers = 0; helpers < 4; helpers++) {
		struct crowd *c = crowd_new(helpers);

		assert_int_equal(crowd_threads(c), helpers + 1);
		for (unsigned n = 1; n <= PIECES; n *= 10) {
			struct count count = { 0 };

			crowd_spread(c, n, add, &count);
			assert_each_once(&count, n);
		}
		crowd_spread(c, 0, add, NULL);
		crowd_free(c);
	}
	crowd_free(NULL);
}

/* All of two threads are in it at once, or it would never end. */
static void meet(void *of, unsigned i)
{
	(void)i;
	uv_barrier_wait(of);
}

static void helpers_work_at_the_same_time(void **state)
{
	struct crowd *c = crowd_new(1);
	uv_barrier_t both;

	(void)state;
	assert_int_equal(uv_barrier_init(&both, 2), 0);
	for (int i = 0; i < 100; i++)
		crowd_spread(c, 2, meet, &both);
	uv_barrier_destroy(&both);
	crowd_free(c);
}

struct asker {
	struct crowd *crowd;
	struct count counts[50];
};

static void ask(void *self)
{
	struct asker *a = self;

	for (size_t i = 0; i < COUNT(a->counts); i++)
		crowd_spread(a->crowd, PIECES, add, &a->counts[i]);
}

static void several_may_ask_at_once(void **state)
{
	struct crowd *c = crowd_new(2);
	static struct asker askers[4];
	uv_thread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		askers[i] = (struct asker){ .crowd = c };
		assert_int_equal(uv_thread_create(&threads[i], ask, &askers[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		uv_thread_join(&threads[i]);
	for (int i = 0; i < 4; i++)
		for (size_t k = 0; k < COUNT(askers[i].counts); k++)
			assert_each_once(&askers[i].counts[k], PIECES);
	crowd_free(c);
}

struct nested {
	struct crowd *crowd;
	struct count counts[8];
};

static void spread_again(void *of, unsigned i)
{
	struct nested *n = of;

	crowd_spread(n->crowd, PIECES, add, &n->counts[i]);
}

static void a_piece_may_be_cut_again(void **state)
{
	static struct nested n;

	(void)state;
	n.crowd = crowd_new(2);
	crowd_spread(n.crowd, COUNT(n.counts), spread_again, &n);
	for (size_t i = 0; i < COUNT(n.counts); i++)
		assert_each_once(&n.counts[i], PIECES);
	crowd_free(n.crowd);
}

/* Five seconds are enough for any machine. */
static bool falls_asleep(struct crowd *c)
{
	for (int ms = 0; ms < 5000 && crowd_is_awake(c); ms++)
		uv_sleep(1);
	return !crowd_is_awake(c);
}

static void a_helper_that_was_roused_sleeps_again(void **state)
{
	struct crowd *c = crowd_new(1), *alone = crowd_new(0);
	struct count count = { 0 };

	(void)state;
	assert_false(crowd_is_awake(c));
	for (int i = 0; i < 3; i++) {
		crowd_rouse(c);
		assert_true(falls_asleep(c));
	}
	crowd_spread(c, PIECES, add, &count);
	assert_each_once(&count, PIECES);
	assert_true(falls_asleep(c));
	crowd_rouse(alone);
	assert_false(crowd_is_awake(alone));
	crowd_free(alone);
	crowd_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_piece_is_done_once),
		cmocka_unit_test(helpers_work_at_the_same_time),
		cmocka_unit_test(several_may_ask_at_once),
		cmocka_unit_test(a_piece_may_be_cut_again),
		cmocka_unit_test(a_helper_that_was_roused_sleeps_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
