/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/http_answer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct read_answer {
	struct http_answer answer;
	struct str body;
	size_t body_max; /* then the body is enough; 0: never */
	enum rc rc;
	struct err e;
};

static bool keep(void *ctx, const char *bytes, size_t n)
{
	struct read_answer *r = ctx;

	str_addn(&r->body, bytes, n);
	return !r->body_max || r->body.len < r->body_max;
}

/* In pieces of `step` bytes, then the end of the connection. */
static void read_in_steps(struct read_answer *r, const char *text, size_t n, size_t step,
	bool is_head)
{
	*r = (struct read_answer){ .body_max = r->body_max };
	http_answer_init(&r->answer, is_head, keep, r);
	for (size_t at = 0; at < n && r->rc == RC_OK; at += step)
		r->rc = http_answer_feed(&r->answer, text + at, n - at < step ? n - at : step,
			&r->e);
}

static void finish(struct read_answer *r)
{
	if (r->rc == RC_OK)
		r->rc = http_answer_end(&r->answer, &r->e);
}

static void forget(struct read_answer *r)
{
	http_answer_fini(&r->answer);
	str_fini(&r->body);
}

/* The same outcome however the bytes are cut. */
static void assert_reads(const char *text, uint16_t status, const char *body)
{
	for (size_t step = 1; step <= strlen(text); step += step < 8 ? 1 : step) {
		struct read_answer r = { 0 };

		read_in_steps(&r, text, strlen(text), step, false);
		finish(&r);
		if (r.rc != RC_OK)
			fail_msg("steps of %zu: %s", step, r.e.text);
		assert_int_equal(r.answer.status, status);
		assert_string_equal(str_c(&r.body), body);
		forget(&r);
	}
}

static void assert_fails(const char *text, const char *why)
{
	for (size_t step = 1; step <= strlen(text); step += step < 8 ? 1 : step) {
		struct read_answer r = { 0 };

		read_in_steps(&r, text, strlen(text), step, false);
		finish(&r);
		assert_int_not_equal(r.rc, RC_OK);
		if (!strstr(r.e.text, why))
			fail_msg("'%s' is not in '%s'", why, r.e.text);
		forget(&r);
	}
}

static void a_body_ends_with_its_length(void **unused)
{
	(void)unused;
	assert_reads("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong", 200, "pong");
	assert_reads("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong and more", 200, "pong");
	assert_reads("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "");
}

static void without_a_length_it_ends_with_the_connection(void **unused)
{
	(void)unused;
	assert_reads("HTTP/1.0 200 OK\r\n\r\npong", 200, "pong");
	assert_reads("HTTP/1.1 503\r\n\r\n", 503, "");
}

static void chunks_are_joined_and_trailers_read_over(void **unused)
{
	(void)unused;
	assert_reads("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "3\r\npon\r\n00A;x=y\r\ng and more\r\n0\r\nX-Sum: 1\r\n\r\n",
		200, "pong and more");
	assert_reads("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"
		     "1\nx\n0\n\n",
		200, "x");
}

static void lines_may_end_in_a_newline_alone(void **unused)
{
	(void)unused;
	assert_reads("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok");
}

static void interim_answers_are_passed_over(void **unused)
{
	(void)unused;
	assert_reads("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
		     "HTTP/1.1 204 No Content\r\n\r\n",
		204, "");
	assert_fails("HTTP/1.1 101 Switching Protocols\r\n\r\n", "nobody asked for");
}

static void a_head_request_has_no_body_whatever_the_length(void **unused)
{
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n";
	struct read_answer r = { 0 };

	(void)unused;
	read_in_steps(&r, text, strlen(text), strlen(text), true);
	assert_int_equal(r.answer.state, ANSWER_DONE);
	assert_int_equal(r.answer.content_length, 400);
	forget(&r);
}

static void what_is_cut_short_is_an_error(void **unused)
{
	(void)unused;
	assert_fails("HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\npong",
		"36 bytes of 40 are missing");
	assert_fails("HTTP/1.1 200 OK\r\nContent-Len", "cut short");
	assert_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\npong", "cut short");
	assert_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npong\r\n",
		"cut short");
}

static void a_connection_without_an_answer_is_said_as_such(void **unused)
{
	struct read_answer r = { 0 };

	(void)unused;
	read_in_steps(&r, "", 0, 1, false);
	finish(&r);
	assert_string_equal(r.e.text, "the server closed the connection without an answer");
	forget(&r);
}

static void garbage_is_refused_with_what_it_was(void **unused)
{
	(void)unused;
	assert_fails("SSH-2.0-OpenSSH_9.2\r\n", "not HTTP: 'SSH-2.0-OpenSSH_9.2'");
	assert_fails("HTTP/2.0 200 OK\r\n\r\n", "not HTTP");
	assert_fails("HTTP/1.1 2000 OK\r\n\r\n", "not HTTP");
	assert_fails("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "malformed header line");
	assert_fails("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "malformed header line");
	assert_fails("HTTP/1.1 200 OK\r\n: b\r\n\r\n", "malformed header line");
	assert_fails("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed Content-Length");
	assert_fails("HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
		"malformed Content-Length");
	assert_fails("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"two different values");
	assert_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "unsupported");
	assert_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "chunk size");
	assert_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "fffffffffffffffffff\r\n",
		"chunk size");
	assert_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		"longer than it says");
}

static void headers_without_end_are_bounded(void **unused)
{
	char line[2048];
	struct read_answer r = { 0 };

	(void)unused;
	memset(line, 'x', sizeof line);
	memcpy(line, "A: ", 3);
	line[sizeof line - 1] = '\n';
	read_in_steps(&r, "HTTP/1.1 200 OK\r\n", 17, 17, false);
	for (int i = 0; i < 1000 && r.rc == RC_OK; i++)
		r.rc = http_answer_feed(&r.answer, line, sizeof line, &r.e);
	assert_int_equal(r.rc, RC_LIMIT);
	assert_true(r.answer.head.cap < 4 * ANSWER_HEAD_BYTES_MAX);
	forget(&r);
	read_in_steps(&r, "HTTP/1.1 200 OK\r\n", 17, 17, false);
	for (int i = 0; i < 1000 && r.rc == RC_OK; i++)
		r.rc = http_answer_feed(&r.answer, line, sizeof line - 1, &r.e);
	assert_int_equal(r.rc, RC_LIMIT);
	forget(&r);
}

static void the_owner_may_have_enough(void **unused)
{
	const char *text = "HTTP/1.1 200 OK\r\n\r\n0123456789";
	struct read_answer r = { .body_max = 5 };

	(void)unused;
	read_in_steps(&r, text, strlen(text), 3, false);
	assert_int_equal(r.answer.state, ANSWER_DONE);
	assert_int_equal(http_answer_end(&r.answer, NULL), RC_OK);
	forget(&r);
}

static void a_header_is_found_in_any_case_and_more_than_once(void **unused)
{
	const char *text = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-Set-Cookie: no\r\n"
			   "set-cookie:\t b=2 \r\n\r\n";
	struct read_answer r = { 0 };
	const char *cursor = NULL, *value;
	char text_value[8];
	size_t n;

	(void)unused;
	read_in_steps(&r, text, strlen(text), 5, false);
	value = http_answer_header(&r.answer, "SET-COOKIE", &cursor, &n);
	assert_int_equal(n, 3);
	assert_memory_equal(value, "a=1", n);
	value = http_answer_header(&r.answer, "SET-COOKIE", &cursor, &n);
	assert_int_equal(n, 3);
	assert_memory_equal(value, "b=2", n);
	assert_null(http_answer_header(&r.answer, "SET-COOKIE", &cursor, &n));
	assert_true(http_answer_header_text(&r.answer, "x-set-cookie", text_value, 3));
	assert_string_equal(text_value, "no");
	assert_false(http_answer_header_text(&r.answer, "x-set-cookie", text_value, 2));
	forget(&r);
}

static void dates_are_read_in_all_three_forms(void **unused)
{
	int64_t s;

	(void)unused;
	assert_true(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", &s));
	assert_int_equal(s, 784111777);
	assert_true(http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", &s));
	assert_int_equal(s, 784111777);
	assert_true(http_date_parse("Sun Nov  6 08:49:37 1994", &s));
	assert_int_equal(s, 784111777);
	assert_false(http_date_parse("yesterday", &s));
	assert_false(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT+1", &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_ends_with_its_length),
		cmocka_unit_test(without_a_length_it_ends_with_the_connection),
		cmocka_unit_test(chunks_are_joined_and_trailers_read_over),
		cmocka_unit_test(lines_may_end_in_a_newline_alone),
		cmocka_unit_test(interim_answers_are_passed_over),
		cmocka_unit_test(a_head_request_has_no_body_whatever_the_length),
		cmocka_unit_test(what_is_cut_short_is_an_error),
		cmocka_unit_test(a_connection_without_an_answer_is_said_as_such),
		cmocka_unit_test(garbage_is_refused_with_what_it_was),
		cmocka_unit_test(headers_without_end_are_bounded),
		cmocka_unit_test(the_owner_may_have_enough),
		cmocka_unit_test(a_header_is_found_in_any_case_and_more_than_once),
		cmocka_unit_test(dates_are_read_in_all_three_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
