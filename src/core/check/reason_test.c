/* SPDX-License-Identifier: Apache-2.0 */
/* Why a check fails, and when another reason is news. */
#include "core/check/check_fixture.h"

static uint16_t immich;

/* One observation, every 15 seconds. */
static void fails_with(const char *reason)
{
	struct observation o = { .reason = reason, .took_us = -1 };

	advance(15 * SECOND_MS);
	checks_observe(checks, now, immich, &o);
	drain();
}

static void fails_with_for(const char *reason, int64_t ms)
{
	for (int64_t end = now.mono.ms + ms; now.mono.ms < end;)
		fails_with(reason);
}

static void it_fell(const char *reason)
{
	load();
	fails_with(reason);
	fails_with(reason);
	assert_state(immich, CHECK_FAILING);
	assert_string_equal(view(immich).reason, reason);
	forget_seen();
}

static void it_is_probed_and_fell(const char *reason)
{
	immich = probe("immich", DUBLIN, 1u << DUBLIN);
	it_fell(reason);
}

static void assert_said(unsigned times, const char *reason)
{
	assert_string_equal(view(immich).reason, reason);
	assert_int_equal(seen[immich].words, times);
	assert_int_equal(seen[immich].states, times);
}

static void another_reason_is_said_when_it_came_twice(void **state)
{
	struct wall fell;

	(void)state;
	it_is_probed_and_fell("connection refused");
	fell = view(immich).since;
	fails_with("HTTP 503");
	assert_said(0, "connection refused");
	fails_with("HTTP 503");
	assert_said(1, "HTTP 503");
	assert_int_equal(view(immich).since.ms, fell.ms); /* it is the same fall */
	assert_int_equal(ours(immich)->since.ms, fell.ms);
	fails_with_for("HTTP 503", HOUR_MS);
	assert_said(1, "HTTP 503");
}

static void a_counter_or_a_timing_is_no_other_reason(void **state)
{
	(void)state;
	it_is_probed_and_fell("no answer after 3000 ms, try 9");
	fails_with("no answer after 3001 ms, try 10");
	fails_with("no answer after 3002 ms, try 11");
	assert_said(0, "no answer after 3002 ms, try 11");
}

static void an_empty_reason_replaces_none(void **state)
{
	(void)state;
	it_is_probed_and_fell("connection refused");
	fails_with("");
	fails_with(NULL);
	fails_with("");
	assert_said(0, "connection refused");
}

static void a_first_failure_without_a_reason_takes_that_of_the_second(void **state)
{
	(void)state;
	immich = probe("immich", DUBLIN, 1u << DUBLIN);
	load();
	fails_with("connection refused");
	fails_with("");
	assert_state(immich, CHECK_FAILING);
	assert_string_equal(view(immich).reason, "connection refused");
}

static void reasons_that_alternate_are_not_said(void **state)
{
	(void)state;
	it_is_probed_and_fell("connection refused");
	for (int i = 0; i < 100; i++)
		fails_with(i % 2 ? "connection refused" : "HTTP 503");
	assert_said(0, "connection refused");
	for (int i = 0; i < 99; i++)
		fails_with(i % 3 == 0 ? "connection refused" : i % 3 == 1 ? "reset" : "HTTP 503");
	assert_said(0, "connection refused");
}

static void reasons_that_alternate_slowly_settle(void **state)
{
	(void)state;
	it_is_probed_and_fell("connection refused");
	for (int day = 0; day < 144; day++) {
		fails_with_for("HTTP 503", 5 * MINUTE_MS);
		fails_with_for("connection refused", 5 * MINUTE_MS);
	}
	assert_true(seen[immich].words <= 4); /* at once, after 1, 2 and 4 minutes */
	assert_int_equal(seen[immich].words, seen[immich].states);
}

static void a_reason_that_came_to_stay_is_said_however_often_it_changed(void **state)
{
	(void)state;
	it_is_probed_and_fell("connection refused");
	for (int i = 0; i < 50; i++)
		fails_with_for(i % 2 ? "connection refused" : "HTTP 503", 10 * MINUTE_MS);
	fails_with_for("certificate expired", HOUR_MS);
	assert_string_equal(view(immich).reason, "certificate expired");
}

static void each_fall_begins_anew(void **state)
{
	(void)state;
	it_is_probed_and_fell("connection refused");
	for (int i = 0; i < 50; i++)
		fails_with_for(i % 2 ? "connection refused" : "HTTP 503", 10 * MINUTE_MS);
	observe(immich, true);
	drain();
	fails_with("connection refused");
	fails_with("connection refused");
	forget_seen();
	fails_with("HTTP 503");
	fails_with("HTTP 503");
	assert_said(1, "HTTP 503");
}

static void what_the_site_knows_of_itself_needs_no_second_look(void **state)
{
	(void)state;
	immich = declare((struct check_spec){ .name = "disk@dublin",
		.source = SOURCE_STATE,
		.home = DUBLIN,
		.from = 1u << DUBLIN,
		.confirm = 1 });
	it_fell("no space left");
	fails_with("read-only file system");
	assert_said(1, "read-only file system");
	fails_with("no space left");
	assert_said(1, "read-only file system"); /* but the second change does */
	fails_with_for("no space left", MINUTE_MS);
	assert_said(2, "no space left");
}

static void ends_with(const char *reason)
{
	struct report r = { DUBLIN, .end = { .reason = reason, .took_us = -1 } };

	advance(MINUTE_MS);
	r.at = now.wall;
	checks_ping(checks, now, immich, &r);
	drain();
}

static void a_job_that_fails_in_another_way_is_said(void **state)
{
	(void)state;
	immich = heartbeat("export", HOUR_MS, HOUR_MS);
	load();
	ends_with("the job ended with exit status 3");
	assert_state(immich, CHECK_FAILING);
	forget_seen();
	ends_with("the job ended with exit status 4");
	assert_int_equal(seen[immich].states, 0);
	ends_with("the job reported failure");
	assert_int_equal(seen[immich].states, 1);
	assert_string_equal(view(immich).reason, "the job reported failure");
}

static void fails_at_mumbai_with(const char *reason)
{
	struct vantage v = word_of(WORD_FAILING, now.wall);

	v.reason = (char *)reason;
	checks_hear(checks, now, immich, MUMBAI, &v);
	drain();
}

static void a_peers_other_reason_is_news_here_too(void **state)
{
	(void)state;
	immich = probe("immich", MUMBAI, 1u << MUMBAI);
	load();
	promise();
	fails_at_mumbai_with("connection refused");
	forget_seen();
	fails_at_mumbai_with("HTTP 503");
	assert_string_equal(view(immich).reason, "HTTP 503");
	assert_int_equal(seen[immich].states, 1);
	assert_int_equal(seen[immich].words, 0); /* which isn't ours to say */
}

static void a_home_that_comes_and_goes_changes_the_reason_once(void **state)
{
	(void)state;
	immich = probe("immich", MUMBAI, BOTH);
	load();
	promise();
	fails_at_mumbai_with("connection refused");
	observe(immich, false);
	observe(immich, false);
	drain();
	assert_string_equal(view(immich).reason, "connection refused");
	forget_seen();
	for (int i = 0; i < 20; i++) {
		checks_break_promise(checks, now, MUMBAI);
		drain();
		assert_string_equal(view(immich).reason, "refused");
		promise();
	}
	assert_string_equal(view(immich).reason, "refused");
	assert_int_equal(seen[immich].states, 1);
}

static void a_failing_word_that_is_said_anew_hurries_nobody(void **state)
{
	(void)state;
	immich = probe("immich", MUMBAI, BOTH);
	load();
	pass(MINUTE_MS);
	promise();
	fails_at_mumbai_with("connection refused");
	pass(SECOND_MS);
	forget_seen();
	fails_at_mumbai_with("HTTP 503");
	pass(SECOND_MS);
	assert_int_equal(seen[immich].probes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_reason_is_said_when_it_came_twice),
		TEST(a_counter_or_a_timing_is_no_other_reason),
		TEST(an_empty_reason_replaces_none),
		TEST(a_first_failure_without_a_reason_takes_that_of_the_second),
		TEST(reasons_that_alternate_are_not_said),
		TEST(reasons_that_alternate_slowly_settle),
		TEST(a_reason_that_came_to_stay_is_said_however_often_it_changed),
		TEST(each_fall_begins_anew),
		TEST(what_the_site_knows_of_itself_needs_no_second_look),
		TEST(a_job_that_fails_in_another_way_is_said),
		TEST(a_peers_other_reason_is_news_here_too),
		TEST(a_home_that_comes_and_goes_changes_the_reason_once),
		TEST(a_failing_word_that_is_said_anew_hurries_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
