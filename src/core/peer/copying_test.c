/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A site that copies, and a peer of which each series has a sample in each window, or none: what is
 * held at the end is compared with what the peer had.
 */
#include "core/peer/copying.h"

#include "base/mem.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define EVERY_MS MINUTE_MS
#define BEGIN_MS (INT64_C(1700000000000) / DAY_MS * DAY_MS)
#define WINDOWS  (14 * 24 * 60) /* from BEGIN_MS on */
#define KEPT_MS  (5 * DAY_MS)

struct world {
	struct copying c;
	struct now now;
	int64_t skew_ms;           /* the peer's clock minus ours */
	uint64_t bytes_a_window;   /* of an answer */
	uint64_t bytes_most;       /* more is refused; 0: nothing is */
	bool peer_was_up[WINDOWS]; /* and scraped */
	uint8_t copies[WINDOWS];
	int64_t newest_ms;
	uint64_t bytes, questions, refusals;
};

static struct world *new_world(void)
{
	struct world *w = must_alloc(sizeof *w);

	w->now = (struct now){ { 1000 }, { BEGIN_MS + 2 * DAY_MS } };
	w->bytes_a_window = 1000;
	w->newest_ms = INT64_MIN;
	copying_init(&w->c, w->newest_ms);
	copying_declare(&w->c, EVERY_MS, KEPT_MS);
	memset(w->peer_was_up, true, sizeof w->peer_was_up);
	return w;
}

static void pass(struct world *w, int64_t ms)
{
	w->now.mono.ms += ms;
	w->now.wall.ms += ms;
}

/* Bytes of the answer; it is kept unless it was too much. */
static bool answer(struct world *w, const struct copying_question *q)
{
	int64_t over_ms = w->now.wall.ms + w->skew_ms - COPYING_SETTLED_MS;
	int64_t until_ms = over_ms < q->until_ms ? over_ms : q->until_ms;
	uint64_t bytes = 100;

	for (int64_t t = q->from_ms + EVERY_MS; t <= until_ms; t += EVERY_MS)
		bytes += w->bytes_a_window;
	w->bytes += bytes;
	if (w->bytes_most && bytes > w->bytes_most) {
		w->refusals++;
		assert_true(copying_refused(&w->c, w->now));
		return false;
	}
	for (int64_t t = q->from_ms + EVERY_MS; t <= until_ms; t += EVERY_MS) {
		int64_t k = (t - BEGIN_MS) / EVERY_MS;

		assert_in_range(k, 0, WINDOWS - 1);
		if (!w->peer_was_up[k])
			continue;
		w->copies[k]++;
		w->newest_ms = t - 7000; /* somewhere in the window */
	}
	copying_taken(&w->c, w->now, until_ms, bytes);
	return true;
}

/* Until the time has passed. */
static void run(struct world *w, int64_t ms)
{
	int64_t end_ms = w->now.mono.ms + ms;
	struct copying_question q;

	while (w->now.mono.ms < end_ms) {
		int64_t wake_ms = copying_wake(&w->c).ms;

		if (copying_next(&w->c, w->now, &q)) {
			w->questions++;
			pass(w, 140);
			answer(w, &q);
			continue;
		}
		assert_true(wake_ms > w->now.mono.ms);
		pass(w, (wake_ms < end_ms ? wake_ms : end_ms) - w->now.mono.ms);
	}
}

/* Each window of the time is held once, if there was anything in it. */
static void assert_held(const struct world *w, int64_t from_ms, int64_t until_ms)
{
	for (int64_t t = from_ms + EVERY_MS; t <= until_ms; t += EVERY_MS) {
		int64_t k = (t - BEGIN_MS) / EVERY_MS;

		if (w->copies[k] != w->peer_was_up[k])
			fail_msg("window %lld is here %d times", (long long)k, w->copies[k]);
	}
}

static void a_new_copy_begins_a_day_ago_and_then_follows(void **state)
{
	struct world *w = new_world();

	(void)state;
	copying_connected(&w->c, w->now, true);
	run(w, 10 * MINUTE_MS);
	assert_held(w, BEGIN_MS + DAY_MS, BEGIN_MS + 2 * DAY_MS + 9 * MINUTE_MS);
	assert_int_equal(w->copies[(DAY_MS / EVERY_MS)], 0);
	w->questions = 0;
	run(w, HOUR_MS);
	assert_in_range(w->questions, 59, 61);
	assert_held(w, BEGIN_MS + DAY_MS, BEGIN_MS + 2 * DAY_MS + 69 * MINUTE_MS);
	free(w);
}

static void a_gap_is_filled_when_the_link_is_back(void **state)
{
	struct world *w = new_world();

	(void)state;
	copying_connected(&w->c, w->now, true);
	run(w, HOUR_MS);
	copying_connected(&w->c, w->now, false);
	run(w, 2 * DAY_MS);
	assert_int_equal(copying_wake(&w->c).ms, NEVER_MS);
	copying_connected(&w->c, w->now, true);
	run(w, HOUR_MS);
	assert_held(w, BEGIN_MS + DAY_MS, w->now.wall.ms - 2 * MINUTE_MS);
	free(w);
}

static void after_a_gap_longer_than_the_retention_only_that_is_asked_for(void **state)
{
	struct world *w = new_world();
	struct copying_question q;

	(void)state;
	copying_connected(&w->c, w->now, true);
	run(w, HOUR_MS);
	copying_connected(&w->c, w->now, false);
	run(w, 8 * DAY_MS);
	copying_connected(&w->c, w->now, true);
	assert_true(copying_next(&w->c, w->now, &q));
	assert_int_equal(q.from_ms, (w->now.wall.ms - KEPT_MS) / EVERY_MS * EVERY_MS);
	free(w);
}

static void what_was_missed_comes_no_faster_than_it_may(void **state)
{
	struct world *w = new_world();
	uint64_t bytes;

	(void)state;
	w->bytes_a_window = 60000; /* of ten thousand series */
	copying_connected(&w->c, w->now, true);
	for (int i = 0; i < 20; i++) {
		bytes = w->bytes;
		run(w, 10 * SECOND_MS);
		assert_in_range(w->bytes - bytes, 1, 10 * COPYING_BYTES_PER_S + 2 * COPYING_BYTES);
	}
	run(w, 30 * MINUTE_MS);
	assert_held(w, BEGIN_MS + DAY_MS, w->now.wall.ms - 2 * MINUTE_MS);
	free(w);
}

static void what_is_refused_as_too_much_is_asked_for_in_smaller_pieces(void **state)
{
	struct world *w = new_world();

	(void)state;
	w->bytes_a_window = 100;
	w->bytes_most = 5000;
	copying_connected(&w->c, w->now, true);
	run(w, 12 * HOUR_MS);
	assert_held(w, BEGIN_MS + DAY_MS, w->now.wall.ms - 2 * MINUTE_MS);
	free(w);
}

static void what_was_refused_is_not_asked_for_again_within_the_hour(void **state)
{
	struct world *w = new_world();

	(void)state;
	w->bytes_a_window = 100;
	w->bytes_most = 5000;
	copying_connected(&w->c, w->now, true);
	run(w, HOUR_MS / 2);
	assert_held(w, BEGIN_MS + DAY_MS, w->now.wall.ms - 2 * MINUTE_MS);
	assert_int_equal(w->refusals, 1);
	assert_true(w->c.span_ms <= w->c.most_ms);
	free(w);
}

static void that_the_least_is_refused_is_a_failure(void **state)
{
	struct world *w = new_world();
	struct copying_question q;

	(void)state;
	copying_connected(&w->c, w->now, true);
	for (uint32_t i = 1; i < 4; i++) {
		assert_true(copying_next(&w->c, w->now, &q));
		assert_int_equal(q.until_ms - q.from_ms, EVERY_MS);
		assert_false(copying_refused(&w->c, w->now));
		assert_int_equal(w->c.failures, i);
		pass(w, copying_wake(&w->c).ms - w->now.mono.ms);
	}
	free(w);
}

static void failures_are_tried_again_later_each_time(void **state)
{
	struct world *w = new_world();
	struct copying_question q;
	int64_t last_ms = 0;

	(void)state;
	copying_connected(&w->c, w->now, true);
	for (int i = 0; i < 10; i++) {
		assert_true(copying_next(&w->c, w->now, &q));
		assert_false(copying_next(&w->c, w->now, &q));
		copying_failed(&w->c, w->now);
		last_ms = copying_wake(&w->c).ms - w->now.mono.ms;
		assert_in_range(last_ms, COPYING_RETRY_MS, COPYING_RETRIES_MS);
		pass(w, last_ms);
	}
	assert_int_equal(last_ms, COPYING_RETRIES_MS);
	free(w);
}

static void a_peer_whose_clock_was_years_ahead_is_copied_again(void **state)
{
	struct world *w = new_world();
	struct copying_question q;

	(void)state;
	copying_init(&w->c, w->now.wall.ms + 1000 * DAY_MS);
	copying_declare(&w->c, EVERY_MS, KEPT_MS);
	copying_connected(&w->c, w->now, true);
	assert_true(copying_next(&w->c, w->now, &q));
	copying_taken(&w->c, w->now, w->now.wall.ms, 100);
	pass(w, 2 * EVERY_MS);
	assert_true(copying_next(&w->c, w->now, &q));
	assert_int_equal(q.from_ms, (w->now.wall.ms - 2 * EVERY_MS) / EVERY_MS * EVERY_MS);
	free(w);
}

static void a_peer_that_tells_of_the_future_is_not_followed_there(void **state)
{
	struct world *w = new_world();
	struct copying_question q;

	(void)state;
	copying_connected(&w->c, w->now, true);
	for (int i = 0; i < 10000; i++) {
		if (copying_next(&w->c, w->now, &q))
			copying_taken(&w->c, w->now, INT64_MAX, 0);
		pass(w, 10);
	}
	assert_true(q.from_ms <= w->now.wall.ms + 5 * MINUTE_MS);
	free(w);
}

static void only_samples_of_the_time_that_was_asked_for_are_wanted(void **state)
{
	struct world *w = new_world();
	struct copying_question q;

	(void)state;
	copying_connected(&w->c, w->now, true);
	assert_false(copying_is_wanted(&w->c, w->now.wall.ms));
	assert_true(copying_next(&w->c, w->now, &q));
	assert_false(copying_is_wanted(&w->c, q.from_ms));
	assert_true(copying_is_wanted(&w->c, q.from_ms + 1));
	assert_true(copying_is_wanted(&w->c, q.until_ms));
	assert_false(copying_is_wanted(&w->c, q.until_ms + 1));
	assert_false(copying_is_wanted(&w->c, INT64_MAX));
	copying_taken(&w->c, w->now, q.until_ms, 100);
	assert_false(copying_is_wanted(&w->c, q.until_ms));
	free(w);
}

static void nothing_is_asked_for_when_nothing_is_declared(void **state)
{
	struct copying c;
	struct copying_question q;
	struct now now = { { 1000 }, { BEGIN_MS } };

	(void)state;
	copying_init(&c, INT64_MIN);
	copying_connected(&c, now, true);
	assert_false(copying_next(&c, now, &q));
	assert_int_equal(copying_wake(&c).ms, NEVER_MS);
}

/* We crash before or after an answer is kept: what was kept says where to go on. */
static void crash(struct world *w)
{
	copying_init(&w->c, w->newest_ms);
	copying_declare(&w->c, EVERY_MS, KEPT_MS);
	pass(w, 5000);
	copying_connected(&w->c, w->now, true);
}

static void weather(uint64_t seed)
{
	struct world *w = new_world();
	struct copying_question q;
	struct rng r;

	rng_seed(&r, seed);
	w->skew_ms = rng_between(&r, -4 * MINUTE_MS, 4 * MINUTE_MS);
	w->bytes_a_window = (uint64_t)rng_between(&r, 10, 3000);
	w->bytes_most = rng_below(&r, 2) ? 100 * w->bytes_a_window : 0;
	for (int k = 0; k < WINDOWS; k++)
		w->peer_was_up[k] = k < 1500 || rng_below(&r, 200) > 3;
	copying_connected(&w->c, w->now, true);
	while (w->now.wall.ms < BEGIN_MS + 8 * DAY_MS) {
		uint64_t what = rng_below(&r, 100);

		run(w, rng_between(&r, 1000, 3 * HOUR_MS));
		if (what < 10)
			crash(w);
		else if (what < 20 && copying_next(&w->c, w->now, &q))
			crash(w); /* what was asked is never answered */
		else if (what < 30 && copying_next(&w->c, w->now, &q))
			copying_failed(&w->c, w->now);
		else if (what < 40) {
			copying_connected(&w->c, w->now, false);
			pass(w, rng_between(&r, 1000, 12 * HOUR_MS));
			copying_connected(&w->c, w->now, true);
		}
	}
	run(w, 6 * HOUR_MS);
	/* Of the first day some may be missed: the clocks differ. */
	assert_held(w, BEGIN_MS + DAY_MS + 10 * MINUTE_MS, w->now.wall.ms - 10 * MINUTE_MS);
	free(w);
}

static void in_any_weather_each_window_is_copied_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++)
		weather(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_copy_begins_a_day_ago_and_then_follows),
		cmocka_unit_test(a_gap_is_filled_when_the_link_is_back),
		cmocka_unit_test(after_a_gap_longer_than_the_retention_only_that_is_asked_for),
		cmocka_unit_test(what_was_missed_comes_no_faster_than_it_may),
		cmocka_unit_test(what_is_refused_as_too_much_is_asked_for_in_smaller_pieces),
		cmocka_unit_test(what_was_refused_is_not_asked_for_again_within_the_hour),
		cmocka_unit_test(that_the_least_is_refused_is_a_failure),
		cmocka_unit_test(failures_are_tried_again_later_each_time),
		cmocka_unit_test(a_peer_whose_clock_was_years_ahead_is_copied_again),
		cmocka_unit_test(a_peer_that_tells_of_the_future_is_not_followed_there),
		cmocka_unit_test(only_samples_of_the_time_that_was_asked_for_are_wanted),
		cmocka_unit_test(nothing_is_asked_for_when_nothing_is_declared),
		cmocka_unit_test(in_any_weather_each_window_is_copied_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
