/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and their replies: at once, late, refused. */
#include "port/http_server/http_fixture.h"

static void the_owner_sees_what_was_asked_as_it_was_sent(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;
	char value[64];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p, "POST /a%2Fb%zz?q=%20+&q HTTP/1.1\r\nHost: localhost\r\nX-Test: 1\r\n"
		      "Content-Length: 5\r\n\r\nhello");
	pump_answer(&p, &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(str_c(&a.body),
		"POST /a%2Fb%zz?q=%20+&q from 127.0.0.1 test=1 body=hello cut=0 tls=0");
	assert_string_equal(pump_header(&a, "x-own", value, sizeof value), "yes");
	assert_string_equal(pump_header(&a, "x-fixed", value, sizeof value), "always");
	assert_string_equal(pump_header(&a, "content-type", value, sizeof value), "text/plain");
}

static void a_connection_serves_one_request_after_the_other(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .listen = "[::1]:0" });
	fixture_connect(&f, &p);
	pump_send(&p, "GET /1 " HEAD "\r\nGET /2 " HEAD "\r\n");
	for (int i = 1; i <= 2; i++) {
		scoped(pump_answer_fini) struct pump_answer a;
		char wanted[64];

		pump_answer(&p, &a);
		snprintf(wanted, sizeof wanted, "GET /%d from ::1 test=- body= cut=0 tls=0", i);
		assert_string_equal(str_c(&a.body), wanted);
	}
	assert_int_equal(http_server_connections(f.server), 1);
}

static void an_answer_in_pieces_arrives_in_their_order(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(str_fini) struct str whole = STR_EMPTY;
	scoped(str_pieces_fini) struct str_pieces more = { 0 };

	(void)state;
	fixture_pieces(&whole, &more);
	for (uint32_t i = 0; i < more.n; i++)
		str_add(&whole, str_c(&more.v[i]));
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p, "GET /pieces " HEAD "\r\nGET /pieces " HEAD "\r\n");
	for (int i = 0; i < 2; i++) {
		scoped(pump_answer_fini) struct pump_answer a;
		char value[64];

		pump_answer(&p, &a);
		assert_int_equal(a.status, 200);
		assert_string_equal(pump_header(&a, "x-own", value, sizeof value), "yes");
		assert_int_equal(a.body.len, whole.len);
		assert_memory_equal(str_c(&a.body), str_c(&whole), whole.len);
	}
}

static void who_leaves_amid_an_answer_in_pieces_leaves_nothing(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct pump p;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p, "GET /pieces " HEAD "\r\n");
	assert_true(pump_until(&p, "first,"));
	pump_fini(&p);
	for (int i = 0; i < 1000 && http_server_connections(f.server); i++)
		pump_run(&f.loop, 10);
	assert_int_equal(http_server_connections(f.server), 0);
}

static void a_reply_may_come_later(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p, "GET /later " HEAD "\r\n");
	pump_run(&f.loop, 50);
	assert_non_null(f.kept);
	http_reply_error(f.kept, RC_CONFLICT, "now", NULL, 0);
	pump_answer(&p, &a);
	assert_int_equal(a.status, 409);
	assert_string_equal(str_c(&a.body), "{\"error\":\"CONFLICT\",\"text\":\"now\"}");
	assert_int_equal(f.handled, 1);
}

static void a_refusal_comes_before_the_body(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p, "POST /never " HEAD "Content-Length: 900\r\n\r\n");
	pump_answer(&p, &a);
	assert_int_equal(a.status, 403);
	assert_int_equal(f.handled, 0);
}

static void a_body_is_kept_as_far_as_wanted(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	f.keep_bytes = 4;
	fixture_connect(&f, &p);
	pump_send(&p, "POST / " HEAD "Transfer-Encoding: chunked\r\n\r\n"
		      "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
	pump_answer(&p, &a);
	assert_non_null(strstr(str_c(&a.body), "body=abcd cut=1"));
}

static void a_late_reply_has_no_deadline(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ .patience = fixture_short_patience });
	fixture_connect(&f, &p);
	pump_send(&p, "GET /later " HEAD "\r\n");
	assert_false(pump_until_closed(&p, 1500));
	http_reply_error(f.kept, RC_CONFLICT, "now", NULL, 0);
	pump_answer(&p, &a);
	assert_int_equal(a.status, 409);
}

static void what_cannot_be_listened_on_is_said(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct err e = { 0 };

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	assert_int_equal(fixture_try(http_server_address(f.server), NULL, NULL, &e), RC_IO);
	assert_non_null(strstr(e.text, http_server_address(f.server)));
	assert_non_null(strstr(e.text, "in use"));
	assert_int_equal(fixture_try("nonsense", NULL, NULL, &e), RC_INPUT);
	assert_int_equal(fixture_try("192.0.2.1:0", NULL, NULL, &e), RC_IO);
	assert_int_equal(fixture_try("127.0.0.1:0", "/nonexistent", NULL, &e), RC_INPUT);
	assert_int_equal(fixture_try("127.0.0.1:0", "/nonexistent", "/nonexistent", &e), RC_INPUT);
	assert_non_null(strstr(e.text, "/nonexistent"));
	assert_int_equal(fixture_try("127.0.0.1:0", "/etc/passwd", "/etc/passwd", &e), RC_INPUT);
	assert_non_null(strstr(e.text, "/etc/passwd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_sees_what_was_asked_as_it_was_sent),
		cmocka_unit_test(a_connection_serves_one_request_after_the_other),
		cmocka_unit_test(an_answer_in_pieces_arrives_in_their_order),
		cmocka_unit_test(who_leaves_amid_an_answer_in_pieces_leaves_nothing),
		cmocka_unit_test(a_reply_may_come_later),
		cmocka_unit_test(a_refusal_comes_before_the_body),
		cmocka_unit_test(a_body_is_kept_as_far_as_wanted),
		cmocka_unit_test(a_late_reply_has_no_deadline),
		cmocka_unit_test(what_cannot_be_listened_on_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
