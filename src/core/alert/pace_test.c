/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/pace.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct pace_answer judge(int status, bool is_edit, const char *headers, const char *body)
{
	return pace_judge_discord(status, is_edit, headers, body, body ? strlen(body) : 0);
}

static void a_429_for_the_route_waits_as_long_as_the_body_says(void **state)
{
	struct pace_answer a = judge(429, false,
		"HTTP/1.1 429 TOO MANY REQUESTS\r\nRetry-After: 65\r\nX-RateLimit-Limit: 10\r\n"
		"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset-After: 64.57\r\n"
		"X-RateLimit-Scope: user\r\n\r\n",
		"{\"message\":\"You are being rate "
		"limited.\",\"retry_after\":64.57,\"global\":false}");

	(void)state;
	assert_int_equal(a.verdict, PACE_LATER);
	assert_int_equal(a.retry_after_ms, 65000); /* the longer of the two */
	assert_false(a.is_global);
	assert_int_equal(a.remaining, 0);
	assert_int_equal(a.reset_after_ms, 64570);
}

static void a_shared_limit_is_not_global(void **state)
{
	struct pace_answer a = judge(429, true,
		"HTTP/2 429\r\nretry-after: 1337\r\nx-ratelimit-limit: 10\r\n"
		"x-ratelimit-remaining: 9\r\nx-ratelimit-scope: shared\r\n",
		"{\"message\":\"The resource is being rate limited.\",\"retry_after\":1336.57}");

	(void)state;
	assert_int_equal(a.retry_after_ms, 1337000);
	assert_int_equal(a.remaining, 9);
	assert_false(a.is_global);
}

static void a_global_limit_is_known_by_header_scope_or_body(void **state)
{
	(void)state;
	assert_true(judge(429, false, "X-RateLimit-Global: true\r\nX-RateLimit-Limit: 1\r\n", NULL)
			    .is_global);
	assert_true(judge(429, false, "X-RateLimit-Scope: global\r\n", NULL).is_global);
	assert_true(judge(429, false, NULL, "{\"retry_after\":0.3,\"global\":true}").is_global);
	assert_false(judge(429, false, "X-RateLimit-Scope: user\r\n", NULL).is_global);
	assert_int_equal(
		judge(429, false, NULL, "{\"retry_after\":0.3,\"global\":true}").retry_after_ms,
		300);
}

static void cloudflares_429_without_json_is_a_ban_of_the_address(void **state)
{
	struct pace_answer html =
		judge(429, false, "HTTP/2 429\r\nserver: cloudflare\r\nretry-after: 900\r\n",
			"<!DOCTYPE html><title>Access denied</title>");
	struct pace_answer bare = judge(429, false, "HTTP/2 429\r\n", "error code: 1015");
	struct pace_answer fixed =
		judge(429, false, "", "{\"code\":0,\"message\":\"You are being blocked\"}");

	(void)state;
	assert_true(html.is_global && bare.is_global && fixed.is_global);
	assert_int_equal(html.retry_after_ms, 900000);
	assert_int_equal(bare.retry_after_ms, 60000);
	assert_int_equal(fixed.retry_after_ms, 60000);
}

static void seconds_are_rounded_up_and_nonsense_is_not_given(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} rows[] = {
		{ "0", 0 },
		{ "1", 1000 },
		{ "0.5", 500 },
		{ "1.2345", 1235 },
		{ "1.2340", 1234 },
		{ "0.0001", 1 },
		{ "12.", 12000 },
		{ "99999999999999999999", DAY_MS },
		{ "86400.9", DAY_MS },
		{ "", -1 },
		{ "-1", -1 },
		{ "1e9", -1 },
		{ "abc", -1 },
		{ "Wed, 21 Oct 2015 07:28:00 GMT", -1 },
		{ "5s", -1 },
		{ "NaN", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char headers[128];

		snprintf(headers, sizeof headers, "X-RateLimit-Reset-After:%s\r\nA: b\r\n",
			rows[i].value);
		assert_int_equal(judge(200, false, headers, NULL).reset_after_ms, rows[i].ms);
	}
	assert_int_equal(judge(429, false, "", "{\"retry_after\":1e300}").retry_after_ms, DAY_MS);
	assert_int_equal(judge(429, false, "", "{\"retry_after\":1.0001}").retry_after_ms, 1001);
}

static void only_the_last_block_of_headers_counts(void **state)
{
	struct pace_answer a = judge(200, false,
		"HTTP/1.1 100 Continue\r\nX-RateLimit-Remaining: 0\r\n\r\n"
		"HTTP/1.1 200 OK\r\nX-RateLimit-Remaining: 4\r\n\r\n",
		"{}");

	(void)state;
	assert_int_equal(a.remaining, 4);
	assert_int_equal(judge(200, false, NULL, NULL).remaining, -1);
}

static void each_status_means_what_the_contract_says(void **state)
{
	static const struct {
		int status;
		bool is_edit;
		const char *body;
		enum pace_verdict verdict;
	} rows[] = {
		{ 0, false, NULL, PACE_FAILED },
		{ -1, false, NULL, PACE_UNANSWERED },
		{ 200, false, "{}", PACE_DELIVERED },
		{ 204, true, NULL, PACE_DELIVERED },
		{ 301, false, NULL, PACE_FAILED },
		{ 400, false, "{\"code\":50035,\"message\":\"Invalid Form Body\"}", PACE_REJECTED },
		{ 400, false, "<h1>Bad Request</h1>", PACE_FAILED }, /* some proxy's */
		{ 401, false, "{\"code\":50027}", PACE_GONE },
		{ 403, false, NULL, PACE_GONE },
		{ 404, false, "{\"code\":10015}", PACE_GONE },
		{ 404, true, "{\"code\":10015}", PACE_GONE },
		{ 404, true, "{\"code\":10008}", PACE_LOST },
		{ 404, true, "not found", PACE_FAILED },
		{ 408, false, NULL, PACE_FAILED },
		{ 413, false, NULL, PACE_REJECTED },
		{ 500, false, NULL, PACE_FAILED },
		{ 502, true, NULL, PACE_FAILED },
		{ 504, false, NULL, PACE_UNANSWERED },
		{ 524, false, NULL, PACE_UNANSWERED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (judge(rows[i].status, rows[i].is_edit, NULL, rows[i].body).verdict !=
			rows[i].verdict)
			fail_msg("row %zu, status %d", i, rows[i].status);
}

static void answer(struct pace *p, int64_t now_ms, enum pace_verdict verdict)
{
	struct pace_answer a = { .verdict = verdict,
		.retry_after_ms = -1,
		.remaining = -1,
		.reset_after_ms = -1 };

	pace_answered(p, (struct mono){ now_ms }, &a);
}

static void a_channel_is_in_doubt_from_an_attempt_without_answer_to_the_next_answer(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 1);
	answer(&p, 100, PACE_FAILED);
	assert_int_equal(pace_doubt_ends(&p).ms, 0);
	answer(&p, 1000, PACE_UNANSWERED);
	answer(&p, 2000, PACE_FAILED);
	assert_int_equal(pace_doubt_ends(&p).ms, 1000 + PACE_DOUBT_MS);
	answer(&p, 3000, PACE_DELIVERED);
	assert_int_equal(pace_doubt_ends(&p).ms, 0);
}

static void failures_back_off_from_one_second_to_five_minutes(void **state)
{
	struct pace p;
	int64_t now = 0, wait = PACE_RETRY_MIN_MS;

	(void)state;
	pace_init(&p, 1);
	assert_int_equal(pace_next(&p).ms, 0);
	for (int i = 0; i < 20; i++) {
		answer(&p, now, i % 2 ? PACE_FAILED : PACE_UNANSWERED);
		assert_in_range(pace_next(&p).ms - now, wait, wait + wait / 4);
		now = pace_next(&p).ms;
		wait = 2 * wait < PACE_RETRY_MAX_MS ? 2 * wait : PACE_RETRY_MAX_MS;
	}
	answer(&p, now, PACE_DELIVERED);
	answer(&p, now, PACE_FAILED);
	assert_in_range(pace_next(&p).ms - now, PACE_RETRY_MIN_MS, PACE_RETRY_MIN_MS * 5 / 4);
}

static void a_success_ends_the_back_off_but_not_what_the_channel_asked_for(void **state)
{
	struct pace p;
	struct pace_answer busy = { PACE_FAILED, 60000, false, -1, -1 };

	(void)state;
	pace_init(&p, 1);
	for (int i = 0; i < 20; i++)
		answer(&p, i, PACE_FAILED);
	answer(&p, 100, PACE_DELIVERED);
	assert_int_equal(pace_next(&p).ms, 0);
	pace_answered(&p, (struct mono){ 200 }, &busy);
	answer(&p, 300, PACE_DELIVERED);
	assert_int_equal(pace_next(&p).ms, 60200);
}

static void egress_is_dead_after_three_failures_over_eight_seconds(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 1);
	answer(&p, 0, PACE_FAILED);
	answer(&p, 1000, PACE_FAILED);
	assert_false(pace_is_dead(&p, (struct mono){ 60000 })); /* two are not enough */
	answer(&p, 3000, PACE_FAILED);
	assert_false(pace_is_dead(&p, (struct mono){ 7999 })); /* nor is a short while */
	assert_true(pace_is_dead(&p, (struct mono){ 8000 }));
	answer(&p, 9000, PACE_LATER); /* but whoever says "later" is reachable */
	assert_false(pace_is_dead(&p, (struct mono){ 9000 }));
}

static void an_empty_bucket_waits_for_its_reset(void **state)
{
	struct pace p;
	struct pace_answer a = { PACE_DELIVERED, -1, false, 0, 1500 };

	(void)state;
	pace_init(&p, 1);
	pace_answered(&p, (struct mono){ 100 }, &a);
	assert_int_equal(pace_next(&p).ms, 1600);
	a.remaining = 4; /* an answer that was overtaken doesn't shorten the wait */
	pace_answered(&p, (struct mono){ 101 }, &a);
	assert_int_equal(pace_next(&p).ms, 1600);
}

static void a_global_limit_holds_for_all_channels_and_another_for_its_own(void **state)
{
	struct pace met, other;
	struct pace_answer own = { PACE_LATER, 1000, false, -1, -1 };
	struct pace_answer global = { PACE_LATER, 5000, true, -1, -1 };

	(void)state;
	pace_init(&met, 1);
	pace_init(&other, 2);
	pace_answered(&met, (struct mono){ 10 }, &own);
	pace_follow_global(&other, &met);
	assert_int_equal(pace_next(&met).ms, 1010);
	assert_int_equal(pace_next(&other).ms, 0);
	pace_answered(&met, (struct mono){ 20 }, &global);
	pace_follow_global(&other, &met);
	assert_int_equal(pace_next(&met).ms, 5020);
	assert_int_equal(pace_next(&other).ms, 5020);
}

static void a_channel_that_is_gone_is_tried_each_ten_minutes_until_it_is_back(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 1);
	answer(&p, 0, PACE_GONE);
	assert_true(p.is_gone);
	assert_int_equal(pace_next(&p).ms, PACE_GONE_MS);
	assert_false(pace_is_dead(&p, (struct mono){ DAY_MS }));
	answer(&p, PACE_GONE_MS, PACE_DELIVERED);
	assert_false(p.is_gone);
}

static void a_rejected_payload_delays_nobody(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 1);
	answer(&p, 5, PACE_REJECTED);
	answer(&p, 6, PACE_LOST);
	assert_int_equal(pace_next(&p).ms, 0);
}

/* Discord's limiter: five requests in two seconds a webhook, fifty in a second over all; and in
 * this model a third of the requests is refused for no reason of theirs. */
struct model {
	struct rng rng;
	int64_t window_start, second_start;
	uint32_t used, used_globally;
	int64_t banned_until;
	uint32_t refused, early;
	char headers[512], body[256]; /* of its last answer */
};

static void roll(struct model *m, int64_t now)
{
	if (now - m->window_start >= 2000) {
		m->window_start = now;
		m->used = 0;
	}
	if (now - m->second_start >= 1000) {
		m->second_start = now;
		m->used_globally = 0;
	}
}

static int refuse(struct model *m, int64_t now, int64_t wait_ms, bool is_global)
{
	m->refused++;
	m->banned_until = now + wait_ms;
	sprintf(m->headers,
		"HTTP/1.1 429 Too Many Requests\r\nRetry-After: %lld\r\n%s"
		"X-RateLimit-Limit: 5\r\nX-RateLimit-Scope: %s\r\n\r\n",
		(long long)(wait_ms + 999) / 1000, is_global ? "X-RateLimit-Global: true\r\n" : "",
		is_global ? "global" : "user");
	sprintf(m->body,
		"{\"message\":\"You are being rate limited.\",\"retry_after\":%.3f,\"global\":%s}",
		(double)wait_ms / 1000, is_global ? "true" : "false");
	return 429;
}

static int request(struct model *m, int64_t now)
{
	m->early += now < m->banned_until;
	roll(m, now);
	if (rng_chance(&m->rng, 1, 3)) {
		int64_t wait_ms = rng_between(&m->rng, 1, 5000);

		return refuse(m, now, wait_ms, rng_chance(&m->rng, 1, 4));
	}
	if (m->used == 5 || m->used_globally == 50) {
		m->early++; /* the headers said that the bucket was empty */
		return refuse(m, now, m->window_start + 2000 - now, m->used != 5);
	}
	m->used++;
	m->used_globally++;
	sprintf(m->headers,
		"HTTP/1.1 200 OK\r\nX-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: %u\r\n"
		"X-RateLimit-Reset-After: %.3f\r\n\r\n",
		5 - m->used, (double)(m->window_start + 2000 - now) / 1000);
	strcpy(m->body, "{\"id\":\"1\"}");
	return 200;
}

static void two_hundred_deliveries_arrive_and_none_is_sent_too_early(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct model m = { 0 };
		struct pace p;
		int64_t now = 1;
		uint32_t delivered = 0, requests = 0;

		rng_seed(&m.rng, seed);
		pace_init(&p, seed);
		while (delivered < 200) {
			struct pace_answer a;
			int status;

			if (pace_next(&p).ms > now)
				now = pace_next(&p).ms;
			status = request(&m, now);
			a = judge(status, false, m.headers, m.body);
			pace_answered(&p, (struct mono){ now }, &a);
			delivered += a.verdict == PACE_DELIVERED;
			assert_true(++requests < 2000);
		}
		assert_int_equal(m.early, 0);
		assert_true(m.refused > 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_429_for_the_route_waits_as_long_as_the_body_says),
		cmocka_unit_test(a_shared_limit_is_not_global),
		cmocka_unit_test(a_global_limit_is_known_by_header_scope_or_body),
		cmocka_unit_test(cloudflares_429_without_json_is_a_ban_of_the_address),
		cmocka_unit_test(seconds_are_rounded_up_and_nonsense_is_not_given),
		cmocka_unit_test(only_the_last_block_of_headers_counts),
		cmocka_unit_test(each_status_means_what_the_contract_says),
		cmocka_unit_test(
			a_channel_is_in_doubt_from_an_attempt_without_answer_to_the_next_answer),
		cmocka_unit_test(failures_back_off_from_one_second_to_five_minutes),
		cmocka_unit_test(a_success_ends_the_back_off_but_not_what_the_channel_asked_for),
		cmocka_unit_test(egress_is_dead_after_three_failures_over_eight_seconds),
		cmocka_unit_test(an_empty_bucket_waits_for_its_reset),
		cmocka_unit_test(a_global_limit_holds_for_all_channels_and_another_for_its_own),
		cmocka_unit_test(a_channel_that_is_gone_is_tried_each_ten_minutes_until_it_is_back),
		cmocka_unit_test(a_rejected_payload_delays_nobody),
		cmocka_unit_test(two_hundred_deliveries_arrive_and_none_is_sent_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
