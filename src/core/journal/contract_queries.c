/* SPDX-License-Identifier: Apache-2.0 */
/* What a store answers. */
#include "core/journal/contract_private.h"

/* Two chains whose stamps interleave and, twice, are equal. */
static void put_interleaved(struct event dublin[4], struct event mumbai[4])
{
	static const int64_t times[2][4] = { { 10, 20, 30, 40 }, { 15, 20, 35, 40 } };
	struct event_maker d = contract_maker("dublin", 1), m = contract_maker("mumbai", 1);

	for (size_t i = 0; i < 4; i++) {
		dublin[i] =
			make_event(&d, contract_at(times[0][i]), i % 2 ? "ack" : "note", "x", "{}");
		mumbai[i] = make_event(&m, contract_at(times[1][i]), i % 2 ? "ack" : "note",
			i ? "x" : "y", "{}");
	}
	contract_must_put(mumbai, 4);
	contract_must_put(dublin, 4);
}

static void a_query_tells_the_newest_first(void **state)
{
	struct event d[4], m[4];
	const struct event *expected[] = { &m[3], &d[3], &m[2], &d[2], &m[1], &d[1], &m[0], &d[0] };
	struct contract_answer all = { 0 };

	(void)state;
	put_interleaved(d, m);
	contract_query(&(struct event_query){ 0 }, &all);
	assert_answer(&all, 8, expected);
	contract_query(&(struct event_query){ .most = 3 }, &all);
	assert_answer(&all, 3, expected);
}

static void the_declared_order_decides_between_equal_stamps(void **state)
{
	static const char *const sites[] = { "mumbai", "dublin" };
	struct event d[4], m[4];
	const struct event *expected[] = { &d[3], &m[3], &m[2], &d[2], &d[1], &m[1], &m[0], &d[0] };
	struct contract_answer all = { 0 };

	(void)state;
	put_interleaved(d, m);
	contract.store->order(contract.store->ctx, sites, 2);
	contract_query(&(struct event_query){ 0 }, &all);
	assert_answer(&all, 8, expected);
	contract.store->order(contract.store->ctx, sites, 1); /* dublin is not declared any more */
	contract_query(&(struct event_query){ .most = 1 }, &all);
	assert_memory_equal(&all.hashes[0], &m[3].hash, SHA256_BYTES);
}

static void filters_narrow_a_query(void **state)
{
	struct event d[4], m[4];
	const struct event *of_dublin[] = { &d[3], &d[2], &d[1], &d[0] };
	const struct event *acks[] = { &m[3], &d[3], &m[1], &d[1] };
	const struct event *about_y[] = { &m[0] };
	const struct event *between[] = { &d[2], &m[1], &d[1], &m[0] };
	struct contract_answer answer = { 0 };

	(void)state;
	put_interleaved(d, m);
	contract_query(&(struct event_query){ .site = "dublin" }, &answer);
	assert_answer(&answer, 4, of_dublin);
	contract_query(&(struct event_query){ .kind = "ack" }, &answer);
	assert_answer(&answer, 4, acks);
	contract_query(&(struct event_query){ .kind = "ack", .site = "dublin", .subject = "x" },
		&answer);
	assert_answer(&answer, 2, (const struct event *[]){ &d[3], &d[1] });
	contract_query(&(struct event_query){ .subject = "y" }, &answer);
	assert_answer(&answer, 1, about_y);
	contract_query(&(struct event_query){ .since = { 15 }, .until = { 30 } }, &answer);
	assert_answer(&answer, 4, between);
}

static void what_never_occurred_matches_nothing(void **state)
{
	struct event d[4], m[4];
	struct contract_answer answer = { 0 };
	static const struct event_query nothing[] = { { .site = "oslo" }, { .kind = "oslo" },
		{ .subject = "oslo" }, { .since = { 41 } }, { .until = { 9 } },
		{ .since = { 31 }, .until = { 34 } }, { .kind = "ack", .subject = "y" },
		{ .kind = "oslo", .is_latest_by_subject = true }, { .after_cursor = UINT64_MAX },
		{ .after_cursor = 9 } };

	(void)state;
	contract_query(&(struct event_query){ 0 }, &answer);
	assert_int_equal(answer.n, 0);
	put_interleaved(d, m);
	for (size_t i = 0; i < COUNT(nothing); i++) {
		contract_query(&nothing[i], &answer);
		assert_int_equal(answer.n, 0);
	}
}

static void paging_tells_every_event_once(void **state)
{
	struct event d[4], m[4];
	struct contract_answer all = { 0 }, page = { 0 };
	struct event_query q = { .most = 1 };

	(void)state;
	put_interleaved(d, m);
	contract_query(&(struct event_query){ 0 }, &all);
	for (size_t i = 0; i < 8; i++) {
		contract_query(&q, &page);
		assert_int_equal(page.n, 1);
		assert_memory_equal(&page.hashes[0], &all.hashes[i], SHA256_BYTES);
		q.before_cursor = page.cursors[0];
	}
	contract_query(&q, &page);
	assert_int_equal(page.n, 0);
}

static void a_cursor_that_names_nothing_is_malformed_input(void **state)
{
	static const uint64_t cursors[] = { 1, 10, 11, INT64_MAX, UINT64_MAX };
	struct event d[4], m[4];
	struct contract_answer answer = { 0 };

	(void)state;
	put_interleaved(d, m);
	for (size_t i = 0; i < COUNT(cursors); i++)
		assert_int_equal(
			contract_try_query(&(struct event_query){ .before_cursor = cursors[i] },
				&answer),
			RC_INPUT);
	assert_int_equal(contract_try_query(&(struct event_query){ .after_cursor = 1,
						    .is_latest_by_subject = true },
				 &answer),
		RC_INPUT);
}

static void after_a_cursor_events_come_as_they_arrived(void **state)
{
	struct event d[4], m[4];
	const struct event *arrived[] = { &m[0], &m[1], &m[2], &m[3], &d[0], &d[1], &d[2], &d[3] };
	struct contract_answer all = { 0 }, rest = { 0 };

	(void)state;
	put_interleaved(d, m);
	contract_query(&(struct event_query){ .after_cursor = EVENT_CURSOR_OLDEST }, &all);
	assert_answer(&all, 8, arrived);
	contract_query(&(struct event_query){ .after_cursor = all.cursors[2], .most = 4 }, &rest);
	assert_answer(&rest, 4, arrived + 3);
	contract_query(&(struct event_query){ .after_cursor = all.cursors[2], .kind = "ack" },
		&rest);
	assert_answer(&rest, 3, (const struct event *[]){ &m[3], &d[1], &d[3] });
}

static void an_event_that_is_mended_keeps_its_place(void **state)
{
	struct event d[4], m[4];
	const struct event *arrived[] = { &m[0], &m[1], &m[2], &m[3], &d[0], &d[1], &d[2], &d[3] };
	struct contract_answer before = { 0 }, after = { 0 };

	(void)state;
	put_interleaved(d, m);
	contract_query(&(struct event_query){ .after_cursor = EVENT_CURSOR_OLDEST }, &before);
	for (size_t i = 0; i < COUNT(arrived); i++)
		assert_int_equal(contract.store->mend(contract.store->ctx, arrived[i], NULL),
			RC_OK);
	contract_query(&(struct event_query){ .after_cursor = EVENT_CURSOR_OLDEST }, &after);
	assert_answer(&after, 8, arrived);
	assert_memory_equal(after.cursors, before.cursors, sizeof before.cursors);
}

static void the_latest_of_each_subject_is_told_once(void **state)
{
	struct event d[4], m[4];
	struct contract_answer answer = { 0 };

	(void)state;
	put_interleaved(d, m);
	contract_query(&(struct event_query){ .is_latest_by_subject = true }, &answer);
	assert_answer(&answer, 2, (const struct event *[]){ &m[3], &m[0] });
	contract_query(&(struct event_query){ .is_latest_by_subject = true, .kind = "note" },
		&answer);
	assert_answer(&answer, 2, (const struct event *[]){ &m[2], &m[0] });
	contract_query(&(struct event_query){ .is_latest_by_subject = true, .site = "dublin" },
		&answer);
	assert_answer(&answer, 1, (const struct event *[]){ &d[3] });
	contract_query(&(struct event_query){ .is_latest_by_subject = true, .until = { 20 } },
		&answer);
	assert_answer(&answer, 2, (const struct event *[]){ &m[1], &m[0] });
	contract_query(&(struct event_query){ .is_latest_by_subject = true, .subject = "x" },
		&answer);
	assert_answer(&answer, 1, (const struct event *[]){ &m[3] });
	contract_query(&(struct event_query){ .is_latest_by_subject = true, .most = 1 }, &answer);
	assert_answer(&answer, 1, (const struct event *[]){ &m[3] });
	contract_query(&(struct event_query){ .is_latest_by_subject = true,
			       .before_cursor = answer.cursors[0] },
		&answer);
	assert_answer(&answer, 1, (const struct event *[]){ &m[0] });
}

static void a_listener_that_has_heard_enough_is_left_alone(void **state)
{
	struct event d[4], m[4];
	struct contract_answer answer = { .most = 2 };

	(void)state;
	put_interleaved(d, m);
	contract_query(&(struct event_query){ 0 }, &answer);
	assert_int_equal(answer.n, 2);
	contract_query(&(struct event_query){ .after_cursor = 1 }, &answer);
	assert_int_equal(answer.n, 2);
	answer.most = 1;
	contract_query(&(struct event_query){ .is_latest_by_subject = true }, &answer);
	assert_int_equal(answer.n, 1);
}

int contract_run_queries(const char *name)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TEST(a_query_tells_the_newest_first),
		CONTRACT_TEST(the_declared_order_decides_between_equal_stamps),
		CONTRACT_TEST(filters_narrow_a_query),
		CONTRACT_TEST(what_never_occurred_matches_nothing),
		CONTRACT_TEST(paging_tells_every_event_once),
		CONTRACT_TEST(a_cursor_that_names_nothing_is_malformed_input),
		CONTRACT_TEST(after_a_cursor_events_come_as_they_arrived),
		CONTRACT_TEST(an_event_that_is_mended_keeps_its_place),
		CONTRACT_TEST(the_latest_of_each_subject_is_told_once),
		CONTRACT_TEST(a_listener_that_has_heard_enough_is_left_alone),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
