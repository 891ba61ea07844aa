/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http_server/http_server.h"

#include "port/http_server/pump.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* A server whose owner does what the first path segment says. */
struct bench {
	uv_loop_t loop;
	struct http_server *server;
	struct http_exchange *kept; /* /later, /stream */
	struct str asked;           /* what handle() saw */
	struct str flow;            /* what /stream still has to give */
	size_t keep_bytes, most_bytes;
	int begun, handled, closed;
	bool is_stopped;
};

static void describe(struct str *out, const struct http_ask *ask)
{
	const char *agent = http_ask_header(ask, "x-Test");

	str_clear(out);
	str_addf(out, "%s %s from %s test=%s body=%s cut=%d tls=%d", ask->method, ask->target,
		ask->address, agent ? agent : "-", ask->body, ask->is_cut, ask->is_tls);
}

static size_t pull(void *ctx, char *bytes, size_t n)
{
	struct bench *b = ctx;

	n = n < b->flow.len ? n : b->flow.len;
	memcpy(bytes, str_c(&b->flow), n);
	str_consume(&b->flow, n);
	return n;
}

static void on_closed(void *ctx)
{
	struct bench *b = ctx;

	b->closed++;
	b->kept = NULL;
}

static const struct http_stream_source source = { pull, on_closed };

static void on_begin(void *ctx, struct http_exchange *x, const struct http_ask *ask)
{
	struct bench *b = ctx;

	b->begun++;
	if (str_starts(ask->target, "/never"))
		http_reply_error(x, RC_REFUSED, "not here", NULL, 0);
	else
		http_take_body(x, b->keep_bytes, b->most_bytes);
}

static void on_handle(void *ctx, struct http_exchange *x, const struct http_ask *ask)
{
	struct http_header head = { "X-Own", "yes" };
	struct http_reply r = { .status = 200,
		.type = "text/plain",
		.headers = &head,
		.n_headers = 1 };
	struct bench *b = ctx;

	b->handled++;
	describe(&b->asked, ask);
	if (str_starts(ask->target, "/later")) {
		b->kept = x;
	} else if (str_starts(ask->target, "/stream")) {
		b->kept = x;
		http_reply_stream(x, &r, &source, b);
	} else {
		str_add(&r.body, str_c(&b->asked));
		http_reply(x, &r);
	}
}

static void on_stopped(void *ctx)
{
	((struct bench *)ctx)->is_stopped = true;
}

static const struct http_header fixed[] = { { "X-Fixed", "always" } };

static void start(struct bench *b, struct http_server_setup setup)
{
	struct err e = { 0 };

	*b = (struct bench){ .keep_bytes = 100, .most_bytes = 1000 };
	uv_loop_init(&b->loop);
	setup.loop = &b->loop;
	setup.listen = setup.listen ? setup.listen : "127.0.0.1:0";
	setup.headers = fixed;
	setup.n_headers = 1;
	setup.begin = on_begin;
	setup.handle = on_handle;
	setup.ctx = b;
	if (http_server_start(&b->server, &setup, &e) != RC_OK)
		fail_msg("%s", e.text);
}

static void bench_fini(struct bench *b)
{
	http_server_stop(b->server, on_stopped, b);
	while (!b->is_stopped)
		uv_run(&b->loop, UV_RUN_ONCE);
	uv_run(&b->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	str_fini(&b->asked);
	str_fini(&b->flow);
}
SCOPED_FINI(bench_fini, struct bench)

static void connect_to(struct bench *b, struct pump *p)
{
	pump_connect(p, &b->loop, http_server_address(b->server));
}

#define WITH_LENGTH(text) text, sizeof text - 1
#define HEAD              "HTTP/1.1\r\nHost: localhost\r\n"

static void the_owner_sees_what_was_asked_as_it_was_sent(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;
	char value[64];

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &p);
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
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;

	(void)state;
	start(&b, (struct http_server_setup){ .listen = "[::1]:0" });
	connect_to(&b, &p);
	pump_send(&p, "GET /1 " HEAD "\r\nGET /2 " HEAD "\r\n");
	for (int i = 1; i <= 2; i++) {
		scoped(pump_answer_fini) struct pump_answer a;
		char wanted[64];

		pump_answer(&p, &a);
		snprintf(wanted, sizeof wanted, "GET /%d from ::1 test=- body= cut=0 tls=0", i);
		assert_string_equal(str_c(&a.body), wanted);
	}
	assert_int_equal(http_server_connections(b.server), 1);
}

static void a_reply_may_come_later(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &p);
	pump_send(&p, "GET /later " HEAD "\r\n");
	pump_run(&b.loop, 50);
	assert_non_null(b.kept);
	http_reply_error(b.kept, RC_CONFLICT, "now", NULL, 0);
	pump_answer(&p, &a);
	assert_int_equal(a.status, 409);
	assert_string_equal(str_c(&a.body), "{\"error\":\"CONFLICT\",\"text\":\"now\"}");
	assert_int_equal(b.handled, 1);
}

static void a_refusal_comes_before_the_body(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &p);
	pump_send(&p, "POST /never " HEAD "Content-Length: 900\r\n\r\n");
	pump_answer(&p, &a);
	assert_int_equal(a.status, 403);
	assert_int_equal(b.handled, 0);
}

static void a_body_is_kept_as_far_as_wanted(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	b.keep_bytes = 4;
	connect_to(&b, &p);
	pump_send(&p, "POST / " HEAD "Transfer-Encoding: chunked\r\n\r\n"
		      "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
	pump_answer(&p, &a);
	assert_non_null(strstr(str_c(&a.body), "body=abcd cut=1"));
}

static void a_body_that_is_too_long_is_refused(void **state)
{
	static const char *const requests[] = {
		"POST / " HEAD "Content-Length: 1001\r\n\r\n", /* announced */
		"POST / " HEAD "Content-Length: 99999999999999999999999\r\n\r\n",
		"POST / " HEAD "Content-Length: -1\r\n\r\n",
	};
	scoped(bench_fini) struct bench b;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(requests); i++) {
		scoped(pump_fini) struct pump p;
		scoped(pump_answer_fini) struct pump_answer a;

		connect_to(&b, &p);
		pump_send(&p, requests[i]);
		pump_answer(&p, &a);
		assert_in_range(a.status, 400, 413);
	}
	assert_int_equal(b.handled, 0);
}

static void an_endless_body_ends_the_connection(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;
	char chunk[512];

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &p);
	pump_send(&p, "POST / " HEAD "Transfer-Encoding: chunked\r\n\r\n");
	snprintf(chunk, sizeof chunk, "100\r\n%0256d\r\n", 7);
	for (int i = 0; i < 1000; i++)
		pump_send(&p, chunk);
	assert_true(pump_until_closed(&p, PUMP_MS));
	assert_int_equal(b.handled, 0);
}

static void a_chunked_body_beyond_the_bound_is_refused_at_its_end(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;
	char chunk[512];

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &p);
	pump_send(&p, "POST / " HEAD "Transfer-Encoding: chunked\r\n\r\n");
	snprintf(chunk, sizeof chunk, "100\r\n%0256d\r\n", 7);
	for (int i = 0; i < 5; i++)
		pump_send(&p, chunk);
	pump_send(&p, "0\r\n\r\n");
	pump_answer(&p, &a);
	assert_int_equal(a.status, 413);
	assert_int_equal(b.handled, 0);
}

static void headers_are_bounded_in_number_and_size(void **state)
{
	static const int counts[] = { HTTP_HEADERS_MAX + 1, 10000 };
	scoped(bench_fini) struct bench b;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(counts); i++) {
		scoped(pump_fini) struct pump p;
		scoped(pump_answer_fini) struct pump_answer a;
		scoped(str_fini) struct str head = STR_EMPTY;

		connect_to(&b, &p);
		str_add(&head, "GET / " HEAD);
		for (int n = 0; n < counts[i]; n++)
			str_addf(&head, "X-%d: y\r\n", n);
		str_add(&head, "\r\n");
		pump_send(&p, str_c(&head));
		pump_answer(&p, &a);
		assert_true(a.status == 431 || (i == 1 && a.status == 0));
	}
	assert_int_equal(b.begun, 0);
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
	scoped(bench_fini) struct bench b;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(requests); i++) {
		scoped(pump_fini) struct pump p;
		scoped(pump_answer_fini) struct pump_answer a;

		connect_to(&b, &p);
		pump_send(&p, requests[i]);
		pump_answer(&p, &a);
		assert_int_equal(a.status, 400);
	}
	assert_int_equal(b.handled, 0);
}

static void a_target_that_is_cut_by_a_nul_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} requests[] = {
		{ WITH_LENGTH("GET /heartbeat/a\0b " HEAD "\r\n") },
		{ WITH_LENGTH("GET /\0 " HEAD "\r\n") },
		{ WITH_LENGTH("GET /a?b=\0c " HEAD "\r\n") },
		{ WITH_LENGTH("GET\0 /a " HEAD "\r\n") },
		{ WITH_LENGTH("GET /a\x1b[2J " HEAD "\r\n") },
		{ WITH_LENGTH("GET /a\x7f " HEAD "\r\n") },
		{ WITH_LENGTH("GET /a\tb " HEAD "\r\n") },
	};
	scoped(bench_fini) struct bench b;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(requests); i++) {
		scoped(pump_fini) struct pump p;
		scoped(pump_answer_fini) struct pump_answer a;

		connect_to(&b, &p);
		pump_send_bytes(&p, requests[i].bytes, requests[i].n);
		pump_answer(&p, &a);
		if (a.status != 400)
			fail_msg("request %zu: %d", i, a.status);
	}
	assert_int_equal(b.begun, 0);
}

static void noise_does_no_harm(void **state)
{
	static const char *const noise[] = { "\r\n\r\n\r\n\r\n", "\x16\x03\x01\x02", "GET\r\n\r\n",
		"GET / HTTP/9.9\r\nHost: a\r\n\r\n", "\xff\xff\xff\r\n\r\n", "A B C D\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\n folded\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET / " HEAD "Transfer-Encoding: what\r\n\r\n" };
	scoped(bench_fini) struct bench b;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	for (size_t i = 0; i < COUNT(noise); i++) {
		scoped(pump_fini) struct pump p;

		connect_to(&b, &p);
		pump_send(&p, noise[i]);
		pump_run(&b.loop, 20);
	}
	pump_run(&b.loop, 50);
	assert_int_equal(http_server_connections(b.server), 0);
}

static const struct http_patience short_patience = { 200, 200, 200, 200 };

/* Bytes keep coming, so no timeout that starts over with each would ever end. */
static void dribble(struct bench *b, const char *first, const char *then)
{
	scoped(pump_fini) struct pump p;

	connect_to(b, &p);
	pump_send(&p, first);
	for (int i = 0; i < 100 && !pump_until_closed(&p, 50); i++)
		pump_send(&p, then);
	assert_true(p.is_closed);
}

static void a_client_that_dribbles_is_cut_off(void **state)
{
	scoped(bench_fini) struct bench b;

	(void)state;
	start(&b, (struct http_server_setup){ .patience = short_patience });
	dribble(&b, "GET / " HEAD, "a: b\r\n");
	dribble(&b, "POST / " HEAD "Content-Length: 900\r\n\r\n", "x");
	dribble(&b, "", "");
	assert_int_equal(b.handled, 0);
	assert_int_equal(http_server_connections(b.server), 0);
}

static void an_idle_connection_is_closed(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	start(&b, (struct http_server_setup){ .patience = short_patience });
	connect_to(&b, &p);
	pump_send(&p, "GET / " HEAD "\r\n");
	pump_answer(&p, &a);
	assert_int_equal(a.status, 200);
	assert_true(pump_until_closed(&p, 3000));
}

static void a_late_reply_has_no_deadline(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	start(&b, (struct http_server_setup){ .patience = short_patience });
	connect_to(&b, &p);
	pump_send(&p, "GET /later " HEAD "\r\n");
	assert_false(pump_until_closed(&p, 1500));
	http_reply_error(b.kept, RC_CONFLICT, "now", NULL, 0);
	pump_answer(&p, &a);
	assert_int_equal(a.status, 409);
}

static void a_stream_gives_what_there_is_when_it_is_there(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;

	(void)state;
	start(&b, (struct http_server_setup){ .patience = short_patience });
	connect_to(&b, &p);
	pump_send(&p, "GET /stream " HEAD "\r\n");
	assert_true(pump_until(&p, "\r\n\r\n"));
	for (int i = 0; i < 20; i++) {
		char part[32];

		snprintf(part, sizeof part, "part %d.", i);
		str_add(&b.flow, part);
		http_stream_wake(b.kept);
		assert_true(pump_until(&p, part));
	}
	assert_false(pump_until_closed(&p, 1500));
	http_stream_end(b.kept);
	assert_true(pump_until_closed(&p, 1000));
	assert_int_equal(b.closed, 1);
}

static void a_long_stream_arrives_whole(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &p);
	for (int i = 0; i < 200000; i++)
		str_addf(&b.flow, "%07d\n", i);
	pump_send(&p, "GET /stream " HEAD "\r\n");
	assert_true(pump_until(&p, "0199999\n"));
	assert_int_equal(b.flow.len, 0);
}

static void a_follower_that_leaves_is_noticed(void **state)
{
	scoped(bench_fini) struct bench b;
	struct pump p;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &p);
	pump_send(&p, "GET /stream " HEAD "\r\n");
	assert_true(pump_until(&p, "\r\n\r\n"));
	pump_fini(&p);
	for (int i = 0; i < 50 && !b.closed; i++) {
		str_add(&b.flow, "beat");
		http_stream_wake(b.kept);
		pump_run(&b.loop, 10);
	}
	assert_int_equal(b.closed, 1);
	assert_int_equal(http_server_connections(b.server), 0);
}

static void a_stream_that_nobody_reads_can_be_ended(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump p;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &p);
	for (int i = 0; i < 4000000; i++)
		str_addc(&b.flow, 'x');
	pump_send(&p, "GET /stream " HEAD "\r\n");
	pump_run(&b.loop, 200);
	assert_in_range(b.flow.len, 1, 3999999);
	http_stream_end(b.kept);
	pump_run(&b.loop, 100);
	assert_int_equal(b.closed, 1);
	assert_int_equal(http_server_connections(b.server), 0);
}

static void stopping_ends_streams_and_waiting_requests(void **state)
{
	struct bench b;
	scoped(pump_fini) struct pump following, waiting;
	struct http_exchange *owed;

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	connect_to(&b, &waiting);
	pump_send(&waiting, "GET /later " HEAD "\r\n");
	pump_run(&b.loop, 50);
	owed = b.kept;
	connect_to(&b, &following);
	pump_send(&following, "GET /stream " HEAD "\r\n");
	pump_run(&b.loop, 50);
	bench_fini(&b);
	assert_int_equal(b.closed, 1);
	http_reply_error(owed, RC_OFFLINE, "too late for anybody", NULL, 0);
}

/* `n` connections, one after the other, each of which sends `text`. */
static void crowd(struct bench *b, struct pump *p, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		connect_to(b, &p[i]);
		pump_send(&p[i], text);
		pump_run(&b->loop, 20);
	}
}

static void beyond_the_limit_connections_wait_for_those_being_served(void **state)
{
	scoped(bench_fini) struct bench b;
	struct pump p[3];

	(void)state;
	start(&b, (struct http_server_setup){ .connections_max = 2 });
	crowd(&b, p, 2, "POST / " HEAD "Content-Length: 9\r\n\r\n");
	connect_to(&b, &p[2]);
	pump_send(&p[2], "GET / " HEAD "\r\n");
	assert_false(pump_until_closed(&p[0], 200));
	assert_int_equal(p[2].got.len, 0);
	assert_int_equal(http_server_connections(b.server), 2);
	pump_fini(&p[0]);
	assert_true(pump_until(&p[2], "200 OK"));
	pump_fini(&p[1]);
	pump_fini(&p[2]);
}

static void idle_connections_make_room_the_longest_idle_first(void **state)
{
	scoped(bench_fini) struct bench b;
	struct pump p[4];

	(void)state;
	start(&b, (struct http_server_setup){ .connections_max = 3 });
	crowd(&b, p, 3, "GET / " HEAD "\r\n");
	pump_send(&p[0], "GET /again " HEAD "\r\n"); /* so that p[1] is idle for longest */
	pump_run(&b.loop, 20);
	connect_to(&b, &p[3]);
	pump_send(&p[3], "GET / " HEAD "\r\n");
	assert_true(pump_until(&p[3], "200 OK"));
	assert_true(pump_until_closed(&p[1], 1000));
	assert_false(pump_until_closed(&p[0], 50));
	assert_false(pump_until_closed(&p[2], 50));
	for (size_t i = 0; i < COUNT(p); i++)
		pump_fini(&p[i]);
}

static void a_crowd_that_says_nothing_keeps_nobody_out(void **state)
{
	enum { PLACES = 8 };
	scoped(bench_fini) struct bench b;
	struct pump silent[5 * PLACES];

	(void)state;
	start(&b, (struct http_server_setup){ .connections_max = PLACES });
	for (size_t i = 0; i < COUNT(silent); i++)
		connect_to(&b, &silent[i]);
	for (int i = 0; i < 3; i++) {
		scoped(pump_fini) struct pump honest;

		connect_to(&b, &honest);
		pump_send(&honest, "GET / " HEAD "\r\n");
		assert_true(pump_until(&honest, "200 OK"));
	}
	assert_in_range(http_server_connections(b.server), 1, PLACES);
	for (size_t i = 0; i < COUNT(silent); i++)
		pump_fini(&silent[i]);
}

static void who_is_served_is_not_shown_out_for_a_crowd(void **state)
{
	scoped(bench_fini) struct bench b;
	scoped(pump_fini) struct pump follower;
	struct pump crowd_[6];

	(void)state;
	start(&b, (struct http_server_setup){ .connections_max = 3 });
	connect_to(&b, &follower);
	pump_send(&follower, "GET /stream " HEAD "\r\n");
	assert_true(pump_until(&follower, "\r\n\r\n"));
	crowd(&b, crowd_, COUNT(crowd_), "GET / HTTP/1.1\r\n");
	pump_run(&b.loop, 50);
	str_add(&b.flow, "still here");
	http_stream_wake(b.kept);
	assert_true(pump_until(&follower, "still here"));
	for (size_t i = 0; i < COUNT(crowd_); i++)
		pump_fini(&crowd_[i]);
}

/* An address of this machine that isn't loopback, with the port of `listen`. */
static bool outside_address(const char *listen, char *ret, size_t size)
{
	uv_interface_address_t *all;
	int n;
	bool found = false;

	if (uv_interface_addresses(&all, &n) != 0)
		return false;
	for (int i = 0; i < n && !found; i++) {
		char ip[64];

		found = !all[i].is_internal && all[i].address.address4.sin_family == AF_INET;
		if (found && uv_ip4_name(&all[i].address.address4, ip, sizeof ip) == 0)
			snprintf(ret, size, "%s%s", ip, strrchr(listen, ':'));
	}
	uv_free_interface_addresses(all, n);
	return found;
}

static void one_address_cannot_take_all_connections(void **state)
{
	scoped(bench_fini) struct bench b;
	struct pump p[HTTP_CONNECTIONS_PER_ADDRESS_MAX + 1];
	char address[128];

	(void)state;
	start(&b, (struct http_server_setup){ .listen = ":0" });
	if (!outside_address(http_server_address(b.server), address, sizeof address))
		skip();
	for (size_t i = 0; i < COUNT(p); i++)
		pump_connect(&p[i], &b.loop, address);
	assert_true(pump_until_closed(&p[COUNT(p) - 1], PUMP_MS));
	assert_int_equal(http_server_connections(b.server), HTTP_CONNECTIONS_PER_ADDRESS_MAX);
	for (size_t i = 0; i < COUNT(p); i++)
		pump_fini(&p[i]);
}

static int64_t run_program(uv_loop_t *loop, const char *const *argv);

/* A network of our own, with nothing in it but these addresses; false where we may not make one. */
static bool enter_network(uv_loop_t *loop, const char *const *addresses, size_t n)
{
	const char *const up[] = { "ip", "link", "set", "lo", "up", NULL };

	if (unshare(CLONE_NEWNET) != 0 || run_program(loop, up) != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *const add[] = { "ip", "addr", "add", addresses[i], "dev", "lo", "nodad",
			NULL };

		if (run_program(loop, add) != 0)
			return false;
	}
	return true;
}

/* As many addresses as one likes come with one line from a provider. */
static void one_ipv6_network_cannot_take_all_connections(void **state)
{
	static const char *const addresses[] = { "2001:db8:0:1::1/128", "2001:db8:0:1::2/128",
		"2001:db8:0:2::1/128" };
	scoped(bench_fini) struct bench b;
	struct pump p[HTTP_CONNECTIONS_PER_ADDRESS_MAX + 1], other;
	char to[64];

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	if (!enter_network(&b.loop, addresses, COUNT(addresses)))
		skip();
	bench_fini(&b);
	start(&b, (struct http_server_setup){ .listen = ":0" });
	snprintf(to, sizeof to, "[2001:db8:0:1::1]%s", strrchr(http_server_address(b.server), ':'));
	for (size_t i = 0; i < COUNT(p); i++)
		pump_connect_from(&p[i], &b.loop, to,
			i % 2 ? "2001:db8:0:1::1" : "2001:db8:0:1::2");
	assert_true(pump_until_closed(&p[COUNT(p) - 1], PUMP_MS));
	assert_int_equal(http_server_connections(b.server), HTTP_CONNECTIONS_PER_ADDRESS_MAX);
	pump_connect_from(&other, &b.loop, to, "2001:db8:0:2::1");
	pump_send(&other, "GET / " HEAD "\r\n");
	assert_true(pump_until(&other, "200 OK"));
	pump_fini(&other);
	for (size_t i = 0; i < COUNT(p); i++)
		pump_fini(&p[i]);
}

static enum rc try_start(const char *listen, const char *cert, const char *key, struct err *e)
{
	uv_loop_t loop;
	struct http_server *s;
	struct http_server_setup setup = { .loop = &loop,
		.listen = listen,
		.cert_file = cert,
		.key_file = key,
		.begin = on_begin,
		.handle = on_handle };
	enum rc rc;

	uv_loop_init(&loop);
	rc = http_server_start(&s, &setup, e);
	assert_int_equal(uv_loop_close(&loop), 0);
	return rc;
}

static void what_cannot_be_listened_on_is_said(void **state)
{
	scoped(bench_fini) struct bench b;
	struct err e = { 0 };

	(void)state;
	start(&b, (struct http_server_setup){ 0 });
	assert_int_equal(try_start(http_server_address(b.server), NULL, NULL, &e), RC_IO);
	assert_non_null(strstr(e.text, http_server_address(b.server)));
	assert_non_null(strstr(e.text, "in use"));
	assert_int_equal(try_start("nonsense", NULL, NULL, &e), RC_INPUT);
	assert_int_equal(try_start("192.0.2.1:0", NULL, NULL, &e), RC_IO);
	assert_int_equal(try_start("127.0.0.1:0", "/nonexistent", NULL, &e), RC_INPUT);
	assert_int_equal(try_start("127.0.0.1:0", "/nonexistent", "/nonexistent", &e), RC_INPUT);
	assert_non_null(strstr(e.text, "/nonexistent"));
	assert_int_equal(try_start("127.0.0.1:0", "/etc/passwd", "/etc/passwd", &e), RC_INPUT);
	assert_non_null(strstr(e.text, "/etc/passwd"));
}

/* ---- TLS, with programs that know nothing of us */

static void on_program_exit(uv_process_t *process, int64_t status, int signal)
{
	*(int64_t *)process->data = status + signal;
	uv_close((uv_handle_t *)process, NULL);
}

static int64_t run_program(uv_loop_t *loop, const char *const *argv)
{
	uv_process_t process;
	int64_t status = -1;
	uv_process_options_t options = { .file = argv[0],
		.args = (char **)(uintptr_t)argv,
		.exit_cb = on_program_exit };

	process.data = &status;
	if (uv_spawn(loop, &process, &options) != 0)
		return -1;
	while (status < 0 || uv_is_active((uv_handle_t *)&process))
		uv_run(loop, UV_RUN_ONCE);
	uv_run(loop, UV_RUN_NOWAIT);
	return status;
}

static void make_certificate(const char *cert, const char *key)
{
	const char *const argv[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
		"subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key, "-out", cert, NULL };
	uv_loop_t loop;

	uv_loop_init(&loop);
	assert_int_equal(run_program(&loop, argv), 0);
	uv_loop_close(&loop);
}

static int64_t curl(struct bench *b, const char *cert, const char *option, const char *value)
{
	char url[128];
	const char *const argv[] = { "curl", "-sSf", "-o", "/dev/null", "-m", "5", "--cacert", cert,
		option, value, url, NULL };

	snprintf(url, sizeof url, "https://%s/tls", http_server_address(b->server));
	return run_program(&b->loop, argv);
}

static void with_a_certificate_it_speaks_tls_1_2_and_later(void **state)
{
	scoped(bench_fini) struct bench b;
	char folder[] = "/tmp/http_server_test.XXXXXX", cert[64], key[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(cert, sizeof cert, "%s/cert.pem", folder);
	snprintf(key, sizeof key, "%s/key.pem", folder);
	make_certificate(cert, key);
	start(&b, (struct http_server_setup){ .cert_file = cert, .key_file = key });
	assert_int_equal(curl(&b, cert, "--tlsv1.3", "-s"), 0);
	assert_string_equal(str_c(&b.asked), "GET /tls from 127.0.0.1 test=- body= cut=0 tls=1");
	assert_int_equal(curl(&b, cert, "--tls-max", "1.2"), 0);
	assert_int_not_equal(curl(&b, cert, "--tls-max", "1.1"), 0);
	assert_int_equal(b.handled, 2);
	remove(cert);
	remove(key);
	remove(folder);
}

/* As whoever renews them does: beside, and moved over. */
static void replace(const char *from, const char *to)
{
	assert_int_equal(rename(from, to), 0);
}

static void a_renewed_certificate_is_shown_to_the_next_caller(void **state)
{
	scoped(bench_fini) struct bench b;
	char folder[] = "/tmp/http_server_test.XXXXXX", cert[64], key[64], new_cert[64],
	     new_key[64];
	char known[64];
	struct err e = { 0 };
	bool is_new;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(cert, sizeof cert, "%s/cert.pem", folder);
	snprintf(key, sizeof key, "%s/key.pem", folder);
	snprintf(new_cert, sizeof new_cert, "%s/cert.new", folder);
	snprintf(new_key, sizeof new_key, "%s/key.new", folder);
	snprintf(known, sizeof known, "%s/known.pem", folder);
	make_certificate(cert, key);
	assert_int_equal(link(cert, known), 0);
	start(&b, (struct http_server_setup){ .cert_file = cert, .key_file = key });
	assert_int_equal(http_server_refresh(b.server, &is_new, &e), RC_OK);
	assert_false(is_new);

	make_certificate(new_cert, new_key);
	replace(new_cert, cert);
	assert_int_equal(http_server_refresh(b.server, &is_new, &e), RC_INPUT); /* one of two */
	assert_non_null(strstr(e.text, cert));
	assert_int_equal(http_server_refresh(b.server, &is_new, &e), RC_INPUT); /* still */
	assert_int_equal(curl(&b, known, "--tlsv1.3", "-s"), 0);
	replace(new_key, key);
	assert_int_equal(http_server_refresh(b.server, &is_new, &e), RC_OK);
	assert_true(is_new);
	assert_int_equal(curl(&b, cert, "--tlsv1.3", "-s"), 0);
	assert_int_not_equal(curl(&b, known, "--tlsv1.3", "-s"), 0);

	remove(key);
	assert_int_equal(http_server_refresh(b.server, &is_new, &e), RC_INPUT);
	assert_non_null(strstr(e.text, key));
	assert_int_equal(curl(&b, cert, "--tls-max", "1.2"), 0);
	assert_int_equal(http_server_use(b.server, NULL, NULL, &e), RC_UNSUPPORTED);
	remove(cert);
	remove(known);
	remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_owner_sees_what_was_asked_as_it_was_sent),
		cmocka_unit_test(a_connection_serves_one_request_after_the_other),
		cmocka_unit_test(a_reply_may_come_later),
		cmocka_unit_test(a_refusal_comes_before_the_body),
		cmocka_unit_test(a_body_is_kept_as_far_as_wanted),
		cmocka_unit_test(a_body_that_is_too_long_is_refused),
		cmocka_unit_test(an_endless_body_ends_the_connection),
		cmocka_unit_test(a_chunked_body_beyond_the_bound_is_refused_at_its_end),
		cmocka_unit_test(headers_are_bounded_in_number_and_size),
		cmocka_unit_test(a_request_that_can_be_read_in_two_ways_is_refused),
		cmocka_unit_test(a_target_that_is_cut_by_a_nul_is_refused),
		cmocka_unit_test(noise_does_no_harm),
		cmocka_unit_test(a_client_that_dribbles_is_cut_off),
		cmocka_unit_test(an_idle_connection_is_closed),
		cmocka_unit_test(a_late_reply_has_no_deadline),
		cmocka_unit_test(a_stream_gives_what_there_is_when_it_is_there),
		cmocka_unit_test(a_long_stream_arrives_whole),
		cmocka_unit_test(a_follower_that_leaves_is_noticed),
		cmocka_unit_test(a_stream_that_nobody_reads_can_be_ended),
		cmocka_unit_test(stopping_ends_streams_and_waiting_requests),
		cmocka_unit_test(beyond_the_limit_connections_wait_for_those_being_served),
		cmocka_unit_test(idle_connections_make_room_the_longest_idle_first),
		cmocka_unit_test(a_crowd_that_says_nothing_keeps_nobody_out),
		cmocka_unit_test(who_is_served_is_not_shown_out_for_a_crowd),
		cmocka_unit_test(one_address_cannot_take_all_connections),
		cmocka_unit_test(what_cannot_be_listened_on_is_said),
		cmocka_unit_test(a_renewed_certificate_is_shown_to_the_next_caller),
		cmocka_unit_test(with_a_certificate_it_speaks_tls_1_2_and_later),
		cmocka_unit_test(one_ipv6_network_cannot_take_all_connections), /* leaves ours */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
