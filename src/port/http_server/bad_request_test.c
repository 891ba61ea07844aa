/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are too long, that say two things, or that are none. */
#include "port/http_server/http_fixture.h"

#include <malloc.h>

static void a_body_that_is_too_long_is_refused(void **state)
{
	static const char *const requests[] = {
		"POST / " HEAD "Content-Length: 1001\r\n\r\n", /* announced */
		"POST / " HEAD "Content-Length: 99999999999999999999999\r\n\r\n",
		"POST / " HEAD "Content-Length: -1\r\n\r\n",
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(requests); i++) {
		scoped(pump_fini) struct pump p;
		scoped(pump_answer_fini) struct pump_answer a;

		fixture_connect(&f, &p);
		pump_send(&p, requests[i]);
		pump_answer(&p, &a);
		assert_in_range(a.status, 400, 413);
	}
	assert_int_equal(f.handled, 0);
}

static void an_endless_body_ends_the_connection(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	char chunk[512];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p, "POST / " HEAD "Transfer-Encoding: chunked\r\n\r\n");
	snprintf(chunk, sizeof chunk, "100\r\n%0256d\r\n", 7);
	for (int i = 0; i < 1000; i++)
		pump_send(&p, chunk);
	assert_true(pump_until_closed(&p, PUMP_MS));
	assert_int_equal(f.handled, 0);
}

static void a_chunked_body_beyond_the_bound_is_refused_at_its_end(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;
	char chunk[512];

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p, "POST / " HEAD "Transfer-Encoding: chunked\r\n\r\n");
	snprintf(chunk, sizeof chunk, "100\r\n%0256d\r\n", 7);
	for (int i = 0; i < 5; i++)
		pump_send(&p, chunk);
	pump_send(&p, "0\r\n\r\n");
	pump_answer(&p, &a);
	assert_int_equal(a.status, 413);
	assert_int_equal(f.handled, 0);
}

static void headers_are_bounded_in_number_and_size(void **state)
{
	static const int counts[] = { HTTP_HEADERS_MAX + 1, 10000 };
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(counts); i++) {
		scoped(pump_fini) struct pump p;
		scoped(pump_answer_fini) struct pump_answer a;
		scoped(str_fini) struct str head = STR_EMPTY;

		fixture_connect(&f, &p);
		str_add(&head, "GET / " HEAD);
		for (int n = 0; n < counts[i]; n++)
			str_addf(&head, "X-%d: y\r\n", n);
		str_add(&head, "\r\n");
		pump_send(&p, str_c(&head));
		pump_answer(&p, &a);
		assert_true(a.status == 431 || (i == 1 && a.status == 0));
	}
	assert_int_equal(f.begun, 0);
}

static void a_request_that_can_be_read_in_two_ways_is_refused(void **state)
{
	static const char *const requests[] = {
		"GET / " HEAD "Host: other\r\n\r\n",
		"POST / " HEAD "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"POST / " HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET / " HEAD "Origin: http://a\r\nOrigin: http://b\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", /* no Host */
		"POST / " HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n",
		"POST / " HEAD "Content-Length : 2\r\n\r\nab",
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(requests); i++) {
		scoped(pump_fini) struct pump p;
		scoped(pump_answer_fini) struct pump_answer a;

		fixture_connect(&f, &p);
		pump_send(&p, requests[i]);
		pump_answer(&p, &a);
		assert_int_equal(a.status, 400);
	}
	assert_int_equal(f.handled, 0);
}

#define WITH_LENGTH(text) text, sizeof text - 1

struct bytes {
	const char *bytes;
	size_t n;
};

static void assert_refused(struct fixture *f, const struct bytes *requests, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		scoped(pump_fini) struct pump p;
		scoped(pump_answer_fini) struct pump_answer a;

		fixture_connect(f, &p);
		pump_send_bytes(&p, requests[i].bytes, requests[i].n);
		pump_answer(&p, &a);
		if (a.status != 400)
			fail_msg("request %zu: %d", i, a.status);
	}
	assert_int_equal(f->begun, 0);
}

static void a_target_that_is_cut_by_a_nul_is_refused(void **state)
{
	static const struct bytes requests[] = {
		{ WITH_LENGTH("GET /heartbeat/a\0b " HEAD "\r\n") },
		{ WITH_LENGTH("GET /\0 " HEAD "\r\n") },
		{ WITH_LENGTH("GET /a?b=\0c " HEAD "\r\n") },
		{ WITH_LENGTH("GET\0 /a " HEAD "\r\n") },
		{ WITH_LENGTH("GET /a\x1b[2J " HEAD "\r\n") },
		{ WITH_LENGTH("GET /a\x7f " HEAD "\r\n") },
		{ WITH_LENGTH("GET /a\tb " HEAD "\r\n") },
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	assert_refused(&f, requests, COUNT(requests));
}

static void a_header_that_is_cut_by_a_nul_is_refused(void **state)
{
	static const struct bytes requests[] = {
		{ WITH_LENGTH("GET / " HEAD "X-Test: a\0b\r\n\r\n") },
		{ WITH_LENGTH("GET / HTTP/1.1\r\nX-Test: a\0b\r\nHost: a\r\n\r\n") },
		{ WITH_LENGTH("GET / HTTP/1.1\r\nX-Test: a\0\r\nHost: a\r\n\r\n") },
		{ WITH_LENGTH("GET / " HEAD "X-Test: \0a\r\n\r\n") },
		{ WITH_LENGTH("GET / " HEAD "X-Test: a\0\r\n\r\n") },
		{ WITH_LENGTH("GET / " HEAD "X-Test: a\0X-Other: b\n\n") },
		{ WITH_LENGTH("GET / " HEAD "\0X-Test: a\r\n\r\n") },
		{ WITH_LENGTH("GET / " HEAD "X-Test: a\rb\r\n\r\n") },
		{ WITH_LENGTH("GET / " HEAD "X-Test: a\x1b[2J\r\n\r\n") },
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	assert_refused(&f, requests, COUNT(requests));
}

/* The library appends it to the header's name. */
static void a_header_that_goes_on_in_the_next_line_is_refused(void **state)
{
	static const struct bytes requests[] = {
		{ WITH_LENGTH("GET / " HEAD "X-Test: a\r\n b\r\n\r\n") },
		{ WITH_LENGTH("GET / " HEAD "X-Te: a\r\n\tst\r\nX-Other: b\r\n\r\n") },
		{ WITH_LENGTH("GET / HTTP/1.1\r\nHo: a\r\n st\r\n\r\n") },
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	assert_refused(&f, requests, COUNT(requests));
}

static void lines_that_end_in_lf_alone_are_understood(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	fixture_connect(&f, &p);
	pump_send(&p,
		"POST / HTTP/1.1\nHost: a\nX-Test:\nX-Other: b\r\nContent-Length: 5\n\nhello");
	pump_answer(&p, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(str_c(&a.body), "test= body=hello"));
}

/* Bytes that the program holds; 0 under a sanitizer, which tells of what is lost by itself. */
static size_t memory_held(void)
{
	return mallinfo2().uordblks;
}

/* A head of 2000 such parts, from many clients at once; each is closed. */
static void ask_for_parts(struct fixture *f, const char *before, const char *part,
	const char *after)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct pump p[20];

	str_add(&text, before);
	for (int i = 0; i < 2000; i++)
		str_add(&text, part);
	str_add(&text, after);
	for (size_t i = 0; i < COUNT(p); i++) {
		fixture_connect(f, &p[i]);
		pump_send(&p[i], str_c(&text));
	}
	for (size_t i = 0; i < COUNT(p); i++) {
		assert_true(pump_until_closed(&p[i], PUMP_MS));
		pump_fini(&p[i]);
	}
}

static void a_head_of_more_parts_than_there_is_memory_for_leaves_nothing_behind(void **state)
{
	scoped(fixture_fini) struct fixture f;
	size_t before = 0;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	for (int round = 0; round < 3; round++) {
		before = round == 1 ? memory_held() : before;
		ask_for_parts(&f, "GET /?", "a&", " " HEAD "\r\n");
		ask_for_parts(&f, "GET / HTTP/1.1\r\nCookie: ", "a=1;", "\r\n\r\n");
		ask_for_parts(&f, "GET / " HEAD "Cookie: ", "a=1;", "\r\n\r\n");
	}
	assert_in_range(memory_held(), 0, before + 20000);
	assert_int_equal(http_server_connections(f.server), 0);
}

static void noise_does_no_harm(void **state)
{
	static const char *const noise[] = { "\r\n\r\n\r\n\r\n", "\x16\x03\x01\x02", "GET\r\n\r\n",
		"GET / HTTP/9.9\r\nHost: a\r\n\r\n", "\xff\xff\xff\r\n\r\n", "A B C D\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\n folded\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET / " HEAD "Transfer-Encoding: what\r\n\r\n" };
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_start(&f, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(noise); i++) {
		scoped(pump_fini) struct pump p;

		fixture_connect(&f, &p);
		pump_send(&p, noise[i]);
		pump_run(&f.loop, 20);
	}
	pump_run(&f.loop, 50);
	assert_int_equal(http_server_connections(f.server), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_that_is_too_long_is_refused),
		cmocka_unit_test(an_endless_body_ends_the_connection),
		cmocka_unit_test(a_chunked_body_beyond_the_bound_is_refused_at_its_end),
		cmocka_unit_test(headers_are_bounded_in_number_and_size),
		cmocka_unit_test(a_request_that_can_be_read_in_two_ways_is_refused),
		cmocka_unit_test(a_target_that_is_cut_by_a_nul_is_refused),
		cmocka_unit_test(a_header_that_is_cut_by_a_nul_is_refused),
		cmocka_unit_test(a_header_that_goes_on_in_the_next_line_is_refused),
		cmocka_unit_test(lines_that_end_in_lf_alone_are_understood),
		cmocka_unit_test(
			a_head_of_more_parts_than_there_is_memory_for_leaves_nothing_behind),
		cmocka_unit_test(noise_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
