/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
	struct remote_write config;
	struct remote_queue q;
	struct now now;
};

static void fixture_init(struct fixture *f, uint32_t n_shards)
{
	*f = (struct fixture){ .config = { .queue = { .capacity = 100,
						   .max_shards = 50,
						   .min_shards = 1,
						   .max_samples_per_send = 10,
						   .min_backoff_ms = 30,
						   .max_backoff_ms = 5000,
						   .retry_on_http_429 = true } },
		.now = { { 1000 }, { 1700000000000 } } };
	remote_queue_init(&f->q, &f->config, n_shards, 1);
}

static void put(struct fixture *f, uint32_t shard, uint32_t n, uint32_t index)
{
	struct remote_body *b = must_alloc(sizeof *b);

	b->n_samples = b->has[REMOTE_SAMPLES] = n;
	b->end.index = index;
	b->newest_ms = f->now.wall.ms;
	remote_queue_put(&f->q, shard, b);
}

/* The index of what is sent now, by any shard; 0: nothing is. */
static uint32_t sent(struct fixture *f, uint32_t *ret_shard, int64_t *ret_wake_ms)
{
	struct mono wake = { INT64_MAX };
	const struct remote_body *b = remote_queue_next(&f->q, f->now, ret_shard, &wake);

	if (ret_wake_ms)
		*ret_wake_ms = wake.ms - f->now.mono.ms;
	return b ? b->end.index : 0;
}

static enum remote_fate answer(struct fixture *f, uint32_t shard, int status)
{
	const struct remote_answer a = { .is_answered = status != 0, .status = status };
	struct remote_body *done = NULL;
	enum remote_fate fate = remote_queue_answer(&f->q, shard, &a, f->now, &done);

	assert_true((fate == REMOTE_RETRIED) == !done);
	free(done);
	return fate;
}

static void a_shard_sends_one_request_at_a_time_in_order(void **unused)
{
	struct fixture f;
	uint32_t shard;

	(void)unused;
	fixture_init(&f, 1);
	put(&f, 0, 10, 1);
	put(&f, 0, 10, 2);
	assert_int_equal(sent(&f, &shard, NULL), 1);
	assert_int_equal(sent(&f, &shard, NULL), 0);
	assert_int_equal(answer(&f, 0, 200), REMOTE_SENT);
	assert_int_equal(sent(&f, &shard, NULL), 2);
	assert_int_equal(answer(&f, 0, 204), REMOTE_SENT);
	assert_int_equal(f.q.stats.sent[REMOTE_SAMPLES], 20);
	assert_int_equal(f.q.pending, 0);
	assert_true(remote_queue_is_empty(&f.q));
	remote_queue_fini(&f.q);
}

static void what_a_receiver_cannot_take_now_is_sent_again_later_each_time_later(void **unused)
{
	static const int statuses[] = { 500, 503, 429, 0, 599 };
	struct fixture f;
	uint32_t shard;
	int64_t wake_ms, most_ms = 30;

	(void)unused;
	fixture_init(&f, 1);
	put(&f, 0, 10, 1);
	put(&f, 0, 10, 2);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(sent(&f, &shard, NULL), 1);
		assert_int_equal(answer(&f, 0, statuses[i % 5]), REMOTE_RETRIED);
		assert_int_equal(sent(&f, &shard, &wake_ms), 0);
		assert_in_range(wake_ms, most_ms / 2, most_ms);
		f.now.mono.ms += wake_ms;
		most_ms = most_ms * 2 > 5000 ? 5000 : most_ms * 2;
	}
	assert_int_equal(f.q.stats.retried[REMOTE_SAMPLES], 190);
	assert_int_equal(sent(&f, &shard, NULL), 1);
	assert_int_equal(answer(&f, 0, 200), REMOTE_SENT);
	assert_int_equal(sent(&f, &shard, NULL), 2); /* at once: the backoff is over */
	remote_queue_fini(&f.q);
}

static void what_a_receiver_refuses_is_dropped_and_counted(void **unused)
{
	struct fixture f;
	uint32_t shard;

	(void)unused;
	fixture_init(&f, 1);
	put(&f, 0, 10, 1);
	put(&f, 0, 7, 2);
	assert_int_equal(sent(&f, &shard, NULL), 1);
	assert_int_equal(answer(&f, 0, 400), REMOTE_DROPPED);
	assert_int_equal(sent(&f, &shard, NULL), 2);
	assert_int_equal(answer(&f, 0, 200), REMOTE_SENT);
	assert_int_equal(f.q.stats.failed[REMOTE_SAMPLES], 10);
	assert_int_equal(f.q.stats.sent[REMOTE_SAMPLES], 7);
	f.config.queue.retry_on_http_429 = false;
	put(&f, 0, 3, 3);
	assert_int_equal(sent(&f, &shard, NULL), 3);
	assert_int_equal(answer(&f, 0, 429), REMOTE_DROPPED);
	remote_queue_fini(&f.q);
}

static void retry_after_is_heeded_within_bounds(void **unused)
{
	struct remote_answer a = { .is_answered = true, .status = 429, .retry_after_ms = 60000 };
	struct remote_body *done;
	struct fixture f;
	uint32_t shard;
	int64_t wake_ms;

	(void)unused;
	fixture_init(&f, 1);
	put(&f, 0, 10, 1);
	assert_int_equal(sent(&f, &shard, NULL), 1);
	assert_int_equal(remote_queue_answer(&f.q, 0, &a, f.now, &done), REMOTE_RETRIED);
	assert_int_equal(sent(&f, &shard, &wake_ms), 0);
	assert_int_equal(wake_ms, 60000);
	f.now.mono.ms += 60000;
	assert_int_equal(sent(&f, &shard, NULL), 1);
	a.retry_after_ms = INT64_MAX;
	assert_int_equal(remote_queue_answer(&f.q, 0, &a, f.now, &done), REMOTE_RETRIED);
	sent(&f, &shard, &wake_ms);
	assert_int_equal(wake_ms, REMOTE_RETRY_AFTER_MAX_MS);
	assert_int_equal(remote_retry_after("120", f.now.wall), 120000);
	assert_int_equal(remote_retry_after("Tue, 14 Nov 2023 22:13:30 GMT", f.now.wall), 10000);
	assert_int_equal(remote_retry_after("Tue, 14 Nov 2023 22:13:10 GMT", f.now.wall), 0);
	assert_int_equal(remote_retry_after("soon", f.now.wall), 0);
	assert_int_equal(remote_retry_after("-5", f.now.wall), 0);
	assert_int_equal(remote_retry_after("99999999999999999999", f.now.wall), 0);
	remote_queue_fini(&f.q);
}

static void a_receiver_of_2_0_that_says_nothing_of_samples_has_not_written_them(void **unused)
{
	struct remote_answer a = { .is_answered = true, .status = 204 };
	struct remote_body *done;
	struct fixture f;
	uint32_t shard;

	(void)unused;
	fixture_init(&f, 1);
	f.config.protocol = REMOTE_WRITE_2;
	put(&f, 0, 10, 1);
	put(&f, 0, 10, 2);
	sent(&f, &shard, NULL);
	assert_int_equal(remote_queue_answer(&f.q, 0, &a, f.now, &done), REMOTE_DROPPED);
	free(done);
	assert_int_equal(f.q.stats.failed[REMOTE_SAMPLES], 10);
	a.has_written = true;
	a.written[REMOTE_SAMPLES] = 8;
	sent(&f, &shard, NULL);
	assert_int_equal(remote_queue_answer(&f.q, 0, &a, f.now, &done), REMOTE_SENT);
	free(done);
	assert_int_equal(f.q.stats.failed[REMOTE_SAMPLES], 12);
	assert_int_equal(f.q.stats.sent[REMOTE_SAMPLES], 8);
	remote_queue_fini(&f.q);
}

static void what_is_older_than_the_age_limit_is_given_up(void **unused)
{
	struct fixture f;
	uint32_t shard;

	(void)unused;
	fixture_init(&f, 1);
	f.config.queue.sample_age_limit_ms = 60000;
	put(&f, 0, 10, 1);
	sent(&f, &shard, NULL);
	assert_int_equal(answer(&f, 0, 503), REMOTE_RETRIED);
	f.now.mono.ms += 61000;
	f.now.wall.ms += 61000;
	sent(&f, &shard, NULL);
	assert_int_equal(answer(&f, 0, 503), REMOTE_DROPPED);
	assert_int_equal(f.q.stats.too_old, 10);
	remote_queue_fini(&f.q);
}

/* A receiver that takes 100 ms for each request of 10 samples, in as many shards as there are. */
static void run(struct fixture *f, int seconds, double behind)
{
	for (int i = 0; i < seconds * 10; i++) {
		f->now.mono.ms += 100;
		for (uint32_t s = 0; s < f->q.n_shards; s++)
			if (f->q.shards[s].is_under_way)
				answer(f, s, 200);
		for (uint32_t s = 0; s < f->q.n_shards; s++) {
			uint32_t shard;

			put(f, s, 10, 1);
			sent(f, &shard, NULL);
		}
		remote_queue_look(&f->q, behind, f->now.mono);
	}
}

static void what_waits_makes_shards_more_and_what_does_not_makes_them_fewer(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_init(&f, 1);
	run(&f, 30, 100000);
	assert_int_equal(f.q.wanted_shards, 50); /* to catch up 5,000 a second, at 100 each */
	for (uint32_t s = 0; s < f.q.n_shards; s++)
		while (f.q.shards[s].first) {
			uint32_t shard;

			if (!f.q.shards[s].is_under_way)
				sent(&f, &shard, NULL);
			answer(&f, s, 200);
		}
	remote_queue_reshard(&f.q);
	assert_int_equal(f.q.n_shards, 50);
	f.config.queue.max_shards = 60;
	f.q.in_rate = f.q.out_rate = 0;
	f.q.has_rates = false;
	f.q.looked_at.ms = 0;
	for (int i = 0; i < 60; i++) { /* little comes */
		uint32_t shard;

		put(&f, 0, 1, 1);
		sent(&f, &shard, NULL);
		f.now.mono.ms += 1000;
		f.q.shards[0].sent_at.ms = f.now.mono.ms - 10;
		answer(&f, 0, 200);
		remote_queue_look(&f.q, 0, f.now.mono);
	}
	assert_int_equal(f.q.wanted_shards, 1);
	remote_queue_fini(&f.q);
}

static void a_full_shard_asks_for_no_more(void **unused)
{
	struct fixture f;

	(void)unused;
	fixture_init(&f, 3);
	assert_true(remote_queue_has_room(&f.q));
	put(&f, 1, 100, 1);
	assert_false(remote_queue_has_room(&f.q));
	remote_queue_fini(&f.q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shard_sends_one_request_at_a_time_in_order),
		cmocka_unit_test(
			what_a_receiver_cannot_take_now_is_sent_again_later_each_time_later),
		cmocka_unit_test(what_a_receiver_refuses_is_dropped_and_counted),
		cmocka_unit_test(retry_after_is_heeded_within_bounds),
		cmocka_unit_test(
			a_receiver_of_2_0_that_says_nothing_of_samples_has_not_written_them),
		cmocka_unit_test(what_is_older_than_the_age_limit_is_given_up),
		cmocka_unit_test(what_waits_makes_shards_more_and_what_does_not_makes_them_fewer),
		cmocka_unit_test(a_full_shard_asks_for_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
