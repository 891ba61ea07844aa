/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http/http.h"

#include "base/mem.h"
#include "test/support/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* One request against one server, and a copy of what came back. */
struct exchange {
	uv_loop_t loop;
	struct http_client *client;
	struct http_call *call;
	unsigned n_done;
	struct http_response response;
	char headers[1024], body[1024];
};

static void on_done(void *ctx, const struct http_response *r)
{
	struct exchange *x = ctx;

	x->n_done++;
	x->response = *r;
	snprintf(x->headers, sizeof x->headers, "%s", r->headers);
	snprintf(x->body, sizeof x->body, "%s", r->body);
	http_client_close(x->client, NULL, NULL);
}

static void exchange_run(struct exchange *x, const struct http_request *r)
{
	struct http_request asked = *r;
	struct err e;

	asked.done = on_done;
	asked.ctx = x;
	*x = (struct exchange){ 0 };
	assert_int_equal(uv_loop_init(&x->loop), 0);
	x->client = http_client_new(&x->loop);
	assert_int_equal(http_start(x->client, &asked, &x->call, &e), RC_OK);
	uv_run(&x->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&x->loop), 0);
	assert_int_equal(x->n_done, 1);
}

static const char *url_of(const struct loopback *l, const char *scheme, char buf[64])
{
	snprintf(buf, 64, "%s://127.0.0.1:%u/hook", scheme, loopback_port(l));
	return buf;
}

static void answer_created(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n{\"a\":1}");
	memcpy(v->ctx, v->seen, v->n_seen + 1);
	visitor_say(v,
		"HTTP/1.1 201 Created\r\nX-RateLimit-Remaining: 4 \r\nContent-Length: 2\r\n\r\n{}");
}

static void a_post_sends_headers_and_body_and_returns_status_headers_and_body(void **unused)
{
	char seen[8192], url[64], remaining[8];
	const char *headers[] = { "Content-Type: application/json" };
	struct loopback *server = loopback_tcp(answer_created, seen);
	struct exchange x;

	(void)unused;
	exchange_run(&x, &(struct http_request){ .url = url_of(server, "http", url),
				 .method = "PATCH",
				 .headers = headers,
				 .n_headers = 1,
				 .body = "{\"a\":1}",
				 .body_bytes = 7 });
	loopback_free(server);
	assert_int_equal(x.response.outcome, HTTP_ANSWERED);
	assert_int_equal(x.response.status, 201);
	assert_int_equal(x.response.version, 11);
	assert_string_equal(x.body, "{}");
	assert_true(http_header(x.headers, "x-ratelimit-remaining", remaining, sizeof remaining));
	assert_string_equal(remaining, "4");
	assert_false(http_header(x.headers, "Retry-After", remaining, sizeof remaining));
	assert_non_null(strstr(seen, "PATCH /hook HTTP/1.1\r\n"));
	assert_non_null(strstr(seen, "\r\nContent-Type: application/json\r\n"));
	assert_null(strstr(seen, "Expect:"));
}

static void nobody_listening_is_no_connection(void **unused)
{
	struct exchange x;
	char url[64];

	(void)unused;
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", loopback_closed_port());
	exchange_run(&x, &(struct http_request){ .url = url });
	assert_int_equal(x.response.outcome, HTTP_NO_CONNECTION);
	assert_int_equal(x.response.status, 0);
	assert_non_null(strstr(x.response.reason, "Connection refused"));
}

static void a_black_hole_is_no_connection_in_time(void **unused)
{
	struct loopback *hole = loopback_black_hole();
	struct exchange x;
	char url[64];

	(void)unused;
	exchange_run(&x,
		&(struct http_request){ .url = url_of(hole, "http", url), .timeout_ms = 300 });
	loopback_free(hole);
	assert_int_equal(x.response.outcome, HTTP_NO_CONNECTION);
	assert_non_null(strstr(x.response.reason, "no connection in 3"));
}

static void say_nothing(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_wait(v);
}

static void silence_after_the_request_is_unanswered_because_it_may_have_arrived(void **unused)
{
	struct loopback *server = loopback_tcp(say_nothing, NULL);
	struct exchange x;
	char url[64];

	(void)unused;
	exchange_run(&x, &(struct http_request){ .url = url_of(server, "http", url),
				 .body = "x",
				 .body_bytes = 1,
				 .timeout_ms = 300 });
	loopback_free(server);
	assert_int_equal(x.response.outcome, HTTP_UNANSWERED);
	assert_non_null(strstr(x.response.reason, "no answer in 3"));
}

static void hang_up_early(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly this");
}

static void a_truncated_answer_is_unanswered(void **unused)
{
	struct loopback *server = loopback_tcp(hang_up_early, NULL);
	struct exchange x;
	char url[64];

	(void)unused;
	exchange_run(&x, &(struct http_request){ .url = url_of(server, "http", url) });
	loopback_free(server);
	assert_int_equal(x.response.outcome, HTTP_UNANSWERED);
}

static void break_off(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_reset(v);
}

static void a_connection_that_breaks_says_so_in_words_for_people(void **unused)
{
	struct loopback *server = loopback_tcp(break_off, NULL);
	struct exchange x;
	char url[64];

	(void)unused;
	exchange_run(&x, &(struct http_request){ .url = url_of(server, "http", url) });
	loopback_free(server);
	assert_int_equal(x.response.outcome, HTTP_UNANSWERED);
	assert_string_equal(x.response.reason, "the connection broke: Connection reset by peer");
}

static void leave(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
}

static void a_connection_that_is_closed_instead_of_an_answer_says_so(void **unused)
{
	struct loopback *server = loopback_tcp(leave, NULL);
	struct exchange x;
	char url[64];

	(void)unused;
	exchange_run(&x, &(struct http_request){ .url = url_of(server, "http", url) });
	loopback_free(server);
	assert_int_equal(x.response.outcome, HTTP_UNANSWERED);
	assert_string_equal(x.response.reason, "the connection was closed before an answer came");
}

static void say_too_much(struct visitor *v)
{
	char line[256];

	memset(line, 'x', sizeof line);
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 2560000\r\n\r\n");
	for (int i = 0; i < 10000; i++)
		visitor_sayn(v, line, sizeof line);
}

static void an_answer_over_the_limit_is_cut_off(void **unused)
{
	struct loopback *server = loopback_tcp(say_too_much, NULL);
	struct exchange x;
	char url[64];

	(void)unused;
	exchange_run(&x, &(struct http_request){ .url = url_of(server, "http", url),
				 .answer_bytes_max = 1000 });
	loopback_free(server);
	assert_int_equal(x.response.outcome, HTTP_TOO_LARGE);
	assert_int_equal(x.response.body_bytes, 1000);
	assert_string_equal(x.response.reason, "the answer is over 1000 bytes");
}

static void pong(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npong\n");
}

static void a_certificate_from_nowhere_is_no_tls(void **unused)
{
	struct identity *id = identity_new(
		&(struct identity_wish){ .common_name = "stranger", .has_loopback_ip = true });
	struct loopback *server = loopback_tls(pong, NULL, id);
	struct exchange x;
	char url[64];

	(void)unused;
	exchange_run(&x, &(struct http_request){ .url = url_of(server, "https", url) });
	assert_int_equal(x.response.outcome, HTTP_NO_TLS);
	assert_int_equal(x.response.status, 0);
	exchange_run(&x, &(struct http_request){ .url = url_of(server, "https", url),
				 .tls.is_insecure = true });
	assert_int_equal(x.response.status, 200);
	assert_string_equal(x.body, "pong\n");
	loopback_free(server);
	identity_free(id);
}

static void a_name_without_address_is_no_name(void **unused)
{
	struct exchange x;

	(void)unused;
	exchange_run(&x,
		&(struct http_request){ .url = "http://nowhere.invalid/", .proxy_url = "" });
	assert_int_equal(x.response.outcome, HTTP_NO_NAME);
}

static void a_malformed_url_is_unusable(void **unused)
{
	struct exchange x;

	(void)unused;
	exchange_run(&x, &(struct http_request){ .url = "http://[::1/" });
	assert_int_equal(x.response.outcome, HTTP_UNUSABLE);
}

/* A mail server that knows one line for each that it hears. */
static void take_mail(struct visitor *v)
{
	visitor_say(v, "220 mail ready\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "250 mail\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "250 sender ok\r\n");
	visitor_read_until(v, "\r\n");
	if (strstr(v->seen, "nobody@")) {
		visitor_say(v, "550 no such user\r\n");
		visitor_read_until(v, "QUIT");
		visitor_say(v, "221 bye\r\n");
		return;
	}
	visitor_say(v, "250 recipient ok\r\n");
	visitor_read_until(v, "DATA\r\n");
	visitor_say(v, "354 go on\r\n");
	visitor_read_until(v, "\r\n.\r\n");
	memcpy(v->ctx, v->seen, v->n_seen + 1);
	visitor_say(v, "250 queued\r\n");
	visitor_read_until(v, "QUIT");
	visitor_say(v, "221 bye\r\n");
}

static void a_mail_is_handed_over_and_a_refused_recipient_is_an_answer(void **unused)
{
	char seen[8192] = "", url[64];
	struct loopback *server = loopback_tcp(take_mail, seen);
	const char *to[] = { "ana@example.net" }, *wrong[] = { "nobody@example.net" };
	struct http_request r = { .body = "Subject: x\r\n\r\n.hidden\r\n",
		.body_bytes = 23,
		.mail = { .from = "lab@example.net", .to = to, .n_to = 1 } };
	struct exchange x;

	(void)unused;
	r.url = url_of(server, "smtp", url);
	exchange_run(&x, &r);
	assert_int_equal(x.response.outcome, HTTP_ANSWERED);
	assert_int_equal(x.response.status / 100, 2);
	assert_string_equal(seen, "Subject: x\r\n\r\n..hidden\r\n.\r\n");
	r.mail.to = wrong;
	exchange_run(&x, &r);
	loopback_free(server);
	assert_int_equal(x.response.outcome, HTTP_ANSWERED);
	assert_int_equal(x.response.status, 550);
}

/* What a mail server may do instead of taking a mail. */
static void say_no_word(struct visitor *v)
{
	visitor_wait(v);
}

static void greet_without_end(struct visitor *v)
{
	for (int i = 0; i < 1000; i++) {
		visitor_say(v, "220-and another thing\r\n");
		visitor_sleep(2);
	}
}

/* As somebody in between does who wants to read along. */
static void hide_starttls(struct visitor *v)
{
	visitor_say(v, "220 mail ready\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "250-mail\r\n250 8BITMIME\r\n");
	visitor_read_until(v, "MAIL");
	if (strstr(v->seen, "MAIL"))
		strcpy(v->ctx, "it said MAIL in clear");
}

static void take_all_but_the_answer(struct visitor *v)
{
	visitor_say(v, "220 mail ready\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "250 mail\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "250 sender ok\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "250 recipient ok\r\n");
	visitor_read_until(v, "DATA\r\n");
	visitor_say(v, "354 go on\r\n");
	visitor_read_until(v, "\r\n.\r\n"); /* and hang up: it may be in the queue */
}

static void answer_nonsense(struct visitor *v)
{
	visitor_say(v, "HTTP/1.1 200 OK\r\n\r\n");
	visitor_wait(v);
}

static void bad_mail_servers_are_told_apart_and_given_up_in_time(void **unused)
{
	static const struct {
		serve_tcp *serve;
		bool use_starttls;
		enum http_outcome outcome;
	} rows[] = {
		{ say_no_word, false, HTTP_NO_CONNECTION },
		{ greet_without_end, false, HTTP_NO_CONNECTION },
		{ hide_starttls, true, HTTP_NO_TLS },
		{ take_all_but_the_answer, false, HTTP_UNANSWERED },
		{ answer_nonsense, false, HTTP_NO_CONNECTION },
	};
	const char *to[] = { "ana@example.net" };

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char url[64], seen[64] = "";
		struct loopback *server = loopback_tcp(rows[i].serve, seen);
		struct http_request r = { .body = "Subject: x\r\n\r\n",
			.body_bytes = 14,
			.timeout_ms = 600,
			.mail = { .from = "lab@example.net",
				.to = to,
				.n_to = 1,
				.use_starttls = rows[i].use_starttls } };
		struct exchange x;

		r.url = url_of(server, "smtp", url);
		exchange_run(&x, &r);
		loopback_free(server);
		if (x.response.outcome != rows[i].outcome)
			fail_msg("server %zu: outcome %d, %s", i, x.response.outcome,
				x.response.reason);
		assert_true(x.response.reason[0]);
		assert_string_equal(seen, "");
	}
}

/* What a receiver may do instead of answering. */
static void drip(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	for (int i = 0; i < 100; i++) {
		visitor_say(v, "x");
		visitor_sleep(20);
	}
}

static void drip_the_head(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 100; i++) {
		visitor_say(v, "X: y\r\n");
		visitor_sleep(20);
	}
}

static void say_what_is_not_http(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "220 mail ready\r\n");
}

static void insist_on_http2(struct visitor *v)
{
	static const char settings[] = "\0\0\0\4\0\0\0\0\0";

	visitor_read_until(v, "\r\n\r\n");
	visitor_sayn(v, settings, sizeof settings - 1);
}

static void heads_without_end(struct visitor *v)
{
	char line[1024];

	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\n");
	snprintf(line, sizeof line, "X: %01000d\r\n", 0);
	for (int i = 0; i < 500; i++)
		visitor_say(v, line);
}

static void bad_receivers_are_told_apart_and_given_up_in_time(void **unused)
{
	static const struct {
		serve_tcp *serve;
		enum http_outcome outcome;
	} rows[] = {
		{ drip, HTTP_UNANSWERED },
		{ drip_the_head, HTTP_UNANSWERED },
		{ say_what_is_not_http, HTTP_UNANSWERED },
		{ insist_on_http2, HTTP_UNANSWERED },
		{ heads_without_end, HTTP_TOO_LARGE },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char url[64];
		struct loopback *server = loopback_tcp(rows[i].serve, NULL);
		struct http_request r = { .body = "{}", .body_bytes = 2, .timeout_ms = 600 };
		struct exchange x;

		r.url = url_of(server, "http", url);
		exchange_run(&x, &r);
		loopback_free(server);
		if (x.response.outcome != rows[i].outcome)
			fail_msg("receiver %zu: outcome %d, %s", i, x.response.outcome,
				x.response.reason);
		assert_true(x.response.reason[0]);
	}
}

/* Counts turns of the loop while a mail server keeps libcurl waiting. */
static void on_tick(uv_timer_t *timer)
{
	unsigned *ticks = timer->data;

	++*ticks;
}

static void refuse_mail_and_fall_silent(struct visitor *v)
{
	visitor_say(v, "220 mail ready\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "250 mail\r\n");
	visitor_read_until(v, "\r\n");
	visitor_say(v, "550 not from you\r\n");
	visitor_wait(v);
}

static void on_refused(void *ctx, const struct http_response *r)
{
	struct exchange *x = ctx;

	x->n_done++;
	x->response.outcome = r->outcome;
	uv_stop(&x->loop);
}

static void a_mail_server_that_does_not_say_goodbye_does_not_stop_the_loop(void **unused)
{
	struct loopback *server = loopback_tcp(refuse_mail_and_fall_silent, NULL);
	const char *to[] = { "ana@example.net" };
	struct exchange x = { 0 };
	unsigned ticks = 0;
	uv_timer_t timer;
	char url[64];

	(void)unused;
	uv_loop_init(&x.loop);
	uv_timer_init(&x.loop, &timer);
	timer.data = &ticks;
	uv_timer_start(&timer, on_tick, 10, 10);
	x.client = http_client_new(&x.loop);
	assert_int_equal(http_start(x.client,
				 &(struct http_request){ .url = url_of(server, "smtp", url),
					 .body = "x",
					 .body_bytes = 1,
					 .timeout_ms = 1000,
					 .mail = { .from = "a@b", .to = to, .n_to = 1 },
					 .done = on_refused,
					 .ctx = &x },
				 &x.call, NULL),
		RC_OK);
	uv_run(&x.loop, UV_RUN_DEFAULT);
	assert_int_equal(x.n_done, 1);
	assert_true(ticks > 20);
	uv_close((uv_handle_t *)&timer, NULL);
	http_client_close(x.client, NULL, NULL);
	uv_run(&x.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&x.loop), 0);
	loopback_free(server);
}

static void on_never(void *ctx, const struct http_response *r)
{
	(void)ctx;
	(void)r;
	fail_msg("a cancelled call must not answer");
}

static void a_cancelled_call_never_answers(void **unused)
{
	struct loopback *server = loopback_tcp(say_nothing, NULL);
	struct http_client *client;
	struct http_call *first, *second;
	struct http_request r = { .done = on_never };
	uv_loop_t loop;
	char url[64];

	(void)unused;
	assert_int_equal(uv_loop_init(&loop), 0);
	client = http_client_new(&loop);
	r.url = url_of(server, "http", url);
	assert_int_equal(http_start(client, &r, &first, NULL), RC_OK);
	assert_int_equal(http_start(client, &r, &second, NULL), RC_OK);
	uv_run(&loop, UV_RUN_NOWAIT);
	http_cancel(first);
	http_client_close(client, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	loopback_free(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_post_sends_headers_and_body_and_returns_status_headers_and_body),
		cmocka_unit_test(nobody_listening_is_no_connection),
		cmocka_unit_test(a_black_hole_is_no_connection_in_time),
		cmocka_unit_test(
			silence_after_the_request_is_unanswered_because_it_may_have_arrived),
		cmocka_unit_test(a_truncated_answer_is_unanswered),
		cmocka_unit_test(a_connection_that_breaks_says_so_in_words_for_people),
		cmocka_unit_test(a_connection_that_is_closed_instead_of_an_answer_says_so),
		cmocka_unit_test(an_answer_over_the_limit_is_cut_off),
		cmocka_unit_test(a_certificate_from_nowhere_is_no_tls),
		cmocka_unit_test(a_name_without_address_is_no_name),
		cmocka_unit_test(a_malformed_url_is_unusable),
		cmocka_unit_test(a_mail_is_handed_over_and_a_refused_recipient_is_an_answer),
		cmocka_unit_test(bad_mail_servers_are_told_apart_and_given_up_in_time),
		cmocka_unit_test(bad_receivers_are_told_apart_and_given_up_in_time),
		cmocka_unit_test(a_mail_server_that_does_not_say_goodbye_does_not_stop_the_loop),
		cmocka_unit_test(a_cancelled_call_never_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
