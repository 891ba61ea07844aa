/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that go on. */
#include "port/http_server/http_fixture.h"

static void a_stream_gives_what_there_is_when_it_is_there(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .patience = fixture_short_patience });
	fixture_connect(&f, &p);
	pump_send(&p, "GET /stream " HEAD "\r\n");
	assert_true(pump_until(&p, "\r\n\r\n"));
	for (int i = 0; i < 20; i++) {
		char part[32];

		snprintf(part, sizeof part, "part %d.", i);
		str_add(&f.flow, part);
		http_stream_wake(f.kept);
		assert_true(pump_until(&p, part));
	}
	assert_false(pump_until_closed(&p, 1500));
	http_stream_end(f.kept);
	assert_true(pump_until_closed(&p, 1000));
	assert_int_equal(f.closed, 1);
}

static void a_long_stream_arrives_whole(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	for (int i = 0; i < 200000; i++)
		str_addf(&f.flow, "%07d\n", i);
	pump_send(&p, "GET /stream " HEAD "\r\n");
	assert_true(pump_until(&p, "0199999\n"));
	assert_int_equal(f.flow.len, 0);
}

static void a_follower_that_leaves_is_noticed(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct pump p;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p, "GET /stream " HEAD "\r\n");
	assert_true(pump_until(&p, "\r\n\r\n"));
	pump_fini(&p);
	for (int i = 0; i < 50 && !f.closed; i++) {
		str_add(&f.flow, "beat");
		http_stream_wake(f.kept);
		pump_run(&f.loop, 10);
	}
	assert_int_equal(f.closed, 1);
	assert_int_equal(http_server_connections(f.server), 0);
}

static void a_stream_that_nobody_reads_can_be_ended(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	for (int i = 0; i < 4000000; i++)
		str_addc(&f.flow, 'x');
	pump_send(&p, "GET /stream " HEAD "\r\n");
	pump_run(&f.loop, 200);
	assert_in_range(f.flow.len, 1, 3999999);
	http_stream_end(f.kept);
	pump_run(&f.loop, 100);
	assert_int_equal(f.closed, 1);
	assert_int_equal(http_server_connections(f.server), 0);
}

static void stopping_ends_streams_and_waiting_requests(void **state)
{
	struct fixture f;
	scoped(pump_fini) struct pump following, waiting;
	struct http_exchange *owed;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &waiting);
	pump_send(&waiting, "GET /later " HEAD "\r\n");
	pump_run(&f.loop, 50);
	owed = f.kept;
	fixture_connect(&f, &following);
	pump_send(&following, "GET /stream " HEAD "\r\n");
	pump_run(&f.loop, 50);
	fixture_fini(&f);
	assert_int_equal(f.closed, 1);
	http_reply_error(owed, RC_OFFLINE, "too late for anybody", NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_gives_what_there_is_when_it_is_there),
		cmocka_unit_test(a_long_stream_arrives_whole),
		cmocka_unit_test(a_follower_that_leaves_is_noticed),
		cmocka_unit_test(a_stream_that_nobody_reads_can_be_ended),
		cmocka_unit_test(stopping_ends_streams_and_waiting_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
