/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/probe.h"

#include "base/mem.h"
#include "test/support/loopback.h"
#include "test/support/probing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

SCOPED_BY(loopback_free, struct loopback *)
SCOPED_FINI(probe_result_fini, struct probe_result)

/* A spec for a server of the test, to be changed at will. */
struct spec {
	char url[128];
	struct probe_spec probe;
};

static struct probe_spec *spec_for(struct spec *s, const struct loopback *l, const char *scheme,
	const char *path)
{
	snprintf(s->url, sizeof s->url, "%s://127.0.0.1:%u%s", scheme, loopback_port(l), path);
	s->probe = (struct probe_spec){
		.kind = PROBE_HTTP,
		.timeout_ms = 5000,
		.http = { .url = s->url, .method = "GET", .follow_redirects = true },
	};
	return &s->probe;
}

static struct probe_result run(const struct probe_spec *spec)
{
	struct probe_result r;

	probing_run(spec, &r);
	return r;
}

/* Against a server that serves by `serve`. */
static struct probe_result run_against(serve_tcp *serve, void *ctx)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(serve, ctx);
	struct spec s;

	return run(spec_for(&s, server, "http", "/"));
}

static void pong(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	if (v->ctx)
		memcpy(v->ctx, v->seen, v->n_seen + 1);
	visitor_say(v, "HTTP/1.1 200 OK\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		       "Content-Length: 5\r\n\r\npong\n");
}

static void an_answer_is_noted_with_its_timings(void **unused)
{
	char seen[8192];
	scoped(probe_result_fini) struct probe_result r = run_against(pong, seen);

	(void)unused;
	assert_string_equal(r.reason, "");
	assert_true(r.is_ok);
	assert_int_equal(r.http.status, 200);
	assert_int_equal(r.http.version, 11);
	assert_int_equal(r.http.content_length, 5);
	assert_int_equal(r.http.body_bytes, 5);
	assert_true(r.http.has_last_modified);
	assert_int_equal(r.http.last_modified_s, 784111777);
	assert_int_equal(r.ip_version, 4);
	assert_int_equal(r.ip_hash, 3668918509u);
	assert_true(r.phase_us[PHASE_PROCESSING] > 0);
	assert_true(r.duration_us >= r.phase_us[PHASE_CONNECT] + r.phase_us[PHASE_PROCESSING]);
	assert_non_null(strstr(seen, "GET / HTTP/1.1\r\nHost: 127.0.0.1:"));
	assert_non_null(strstr(seen, "\r\nUser-Agent: diarchy/"));
}

static void bad_gateway(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
}

static void a_wrong_status_fails(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_against(bad_gateway, NULL);

	(void)unused;
	assert_string_equal(r.reason, "HTTP 502, wanted 200-299");
	assert_int_equal(r.http.status, 502);
}

static void a_body_that_does_not_match_fails(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(pong, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct pattern *pattern;
	const char *text = "healthy";
	struct spec s;

	(void)unused;
	assert_int_equal(pattern_compile(&pattern, text, PATTERN_SEARCH, NULL), RC_OK);
	spec_for(&s, server, "http", "/");
	s.probe.http.body_matches = (struct pattern_list){ &pattern, &text, 1 };
	r = run(&s.probe);
	assert_string_equal(r.reason, "body doesn't match 'healthy'");
	assert_true(r.failed_by_pattern);
	pattern_free(pattern);
}

/* /hop/N leads to /hop/N-1, relatively; /hop/0 answers. */
static void hop(struct visitor *v)
{
	char answer[256];
	unsigned n = 0;

	visitor_read_until(v, "\r\n\r\n");
	sscanf(strstr(v->seen, "/hop/"), "/hop/%u", &n);
	if (n == 0) {
		memcpy(v->ctx, v->seen, v->n_seen + 1);
		visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		return;
	}
	snprintf(answer, sizeof answer,
		"HTTP/1.1 303 See Other\r\nLocation: %u\r\nSet-Cookie: c%u=x; Path=/\r\n"
		"Content-Length: 100000\r\n\r\nthis page is never read to its end",
		n - 1, n);
	visitor_say(v, answer);
}

static void redirects_are_followed_with_their_cookies(void **unused)
{
	char seen[8192] = "";
	scoped(loopback_free) struct loopback *server = loopback_tcp(hop, seen);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server, "http", "/hop/2");
	s.probe.http.method = "POST";
	s.probe.http.body = "x=1";
	r = run(&s.probe);
	assert_string_equal(r.reason, "");
	assert_int_equal(r.http.redirects, 2);
	assert_int_equal(r.http.body_bytes, 2);
	assert_non_null(strstr(seen, "GET /hop/0 HTTP/1.1\r\n"));
	assert_non_null(strstr(seen, "\r\nCookie: c2=x; c1=x\r\n"));
	assert_null(strstr(seen, "Content-Length"));
}

static void redirects_without_end_are_given_up(void **unused)
{
	char seen[8192] = "";
	scoped(loopback_free) struct loopback *server = loopback_tcp(hop, seen);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	r = run(spec_for(&s, server, "http", "/hop/11"));
	assert_string_equal(r.reason, "over 10 redirects, the last to 0");
	assert_int_equal(loopback_visits(server), 11);
}

static void send_to_login(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 2\r\n\r\nhi");
}

static void a_redirect_that_is_not_followed_is_the_answer(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(send_to_login, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server, "http", "/");
	s.probe.http.follow_redirects = false;
	r = run(&s.probe);
	assert_string_equal(r.reason, "HTTP 302 to /login, wanted 200-299");
	assert_int_equal(r.http.redirects, 0);
}

static void send_to_localhost(struct visitor *v)
{
	char answer[256], *port;

	visitor_read_until(v, "\r\n\r\n");
	memcpy((char *)v->ctx + v->number * 8192, v->seen, v->n_seen + 1);
	if (v->number > 0) {
		visitor_say(v, "HTTP/1.1 200 OK\r\n\r\n");
		return;
	}
	port = strstr(v->seen, "127.0.0.1:") + 10;
	snprintf(answer, sizeof answer, "HTTP/1.1 307 Go\r\nLocation: //localhost:%d/\r\n\r\n",
		atoi(port));
	visitor_say(v, answer);
}

static void a_login_is_not_shown_to_the_host_of_a_redirect(void **unused)
{
	static char seen[2][8192];
	const char *names[] = { "Cookie", "X-Plain" }, *values[] = { "session=1", "yes" };
	scoped(loopback_free) struct loopback *server = loopback_tcp(send_to_localhost, seen);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	setenv("PROBE_TEST_TOKEN", "s3cret", 1);
	spec_for(&s, server, "http", "/");
	s.probe.ip = IP_V4;
	s.probe.http.bearer = (struct secret){ SECRET_ENV, "PROBE_TEST_TOKEN", NULL };
	s.probe.http.header_names = names;
	s.probe.http.header_values = values;
	s.probe.http.n_headers = 2;
	r = run(&s.probe);
	assert_string_equal(r.reason, "");
	assert_non_null(strstr(seen[0], "Authorization: Bearer s3cret\r\n"));
	assert_non_null(strstr(seen[0], "Cookie: session=1\r\n"));
	assert_non_null(strstr(seen[1], "Host: localhost:"));
	assert_null(strstr(seen[1], "s3cret"));
	assert_null(strstr(seen[1], "session=1"));
	assert_non_null(strstr(seen[1], "X-Plain: yes\r\n"));
}

/* To where it came from, or to the port that the test gives. */
static void send_to_port(struct visitor *v)
{
	char answer[256];

	visitor_read_until(v, "\r\n\r\n");
	snprintf(answer, sizeof answer,
		"HTTP/1.1 307 Go\r\nSet-Cookie: id=1\r\nLocation: http://127.0.0.1:%u/\r\n\r\n",
		*(unsigned *)v->ctx);
	visitor_say(v, answer);
}

static void keep_what_came(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	memcpy(v->ctx, v->seen, v->n_seen + 1);
	visitor_say(v, "HTTP/1.1 200 OK\r\n\r\n");
}

static void a_login_is_not_shown_to_another_port_of_the_same_host(void **unused)
{
	static char seen[8192];
	scoped(loopback_free) struct loopback *other = loopback_tcp(keep_what_came, seen);
	unsigned port = loopback_port(other);
	scoped(loopback_free) struct loopback *server = loopback_tcp(send_to_port, &port);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server, "http", "/");
	s.probe.http.user = "ana";
	r = run(&s.probe);
	assert_string_equal(r.reason, "");
	assert_true(seen[0]);
	assert_null(strstr(seen, "Authorization"));
	assert_null(strstr(seen, "Cookie"));
}

static void a_secret_that_cannot_be_read_fails_the_probe(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(pong, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server, "http", "/");
	s.probe.http.user = "ana";
	s.probe.http.password = (struct secret){ SECRET_ENV, "PROBE_TEST_NONE", NULL };
	r = run(&s.probe);
	assert_string_equal(r.reason, "no secret 'PROBE_TEST_NONE'");
}

static void basic_authentication_is_sent(void **unused)
{
	char seen[8192];
	scoped(loopback_free) struct loopback *server = loopback_tcp(pong, seen);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server, "http", "/");
	snprintf(s.url, sizeof s.url, "http://Aladdin:open%%20sesame@127.0.0.1:%u/",
		loopback_port(server));
	r = run(&s.probe);
	assert_true(r.is_ok);
	assert_non_null(strstr(seen, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

static void chunks(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npo");
	visitor_sleep(20);
	visitor_say(v, "ng\r\n1\r\n!\r\n0\r\n\r\n");
}

static void a_chunked_body_is_read(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_against(chunks, NULL);

	(void)unused;
	assert_string_equal(r.reason, "");
	assert_int_equal(r.http.body_bytes, 5);
	assert_int_equal(r.http.content_length, -1);
}

/* A gzip of a megabyte and a half of blanks, the last *ctx bytes missing. */
static void gzipped(struct visitor *v)
{
	static unsigned char packed[65536];
	size_t size = 1536 * 1024, *missing = v->ctx;
	char head[128], *plain = must_alloc(size);
	z_stream z = { .next_in = (unsigned char *)plain,
		.avail_in = (unsigned)size,
		.next_out = packed,
		.avail_out = sizeof packed };

	must(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	must(deflate(&z, Z_FINISH) == Z_STREAM_END);
	visitor_read_until(v, "\r\n\r\n");
	must(strstr(v->seen, "Accept-Encoding: gzip\r\n") != NULL);
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %lu\r\n\r\n",
		z.total_out - *missing);
	visitor_say(v, head);
	visitor_sayn(v, packed, z.total_out - *missing);
	deflateEnd(&z);
	free(plain);
}

static void a_compressed_body_is_counted_decoded_and_bounded(void **unused)
{
	size_t missing = 0;
	scoped(loopback_free) struct loopback *server = loopback_tcp(gzipped, &missing);
	scoped(probe_result_fini) struct probe_result whole = { 0 }, limited = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server, "http", "/");
	s.probe.http.compression = "gzip";
	s.probe.http.body_size_limit_bytes = 2 * 1024 * 1024;
	whole = run(&s.probe);
	assert_string_equal(whole.reason, "");
	assert_int_equal(whole.http.body_bytes, 1536 * 1024);
	s.probe.http.body_size_limit_bytes = 1000;
	limited = run(&s.probe);
	assert_string_equal(limited.reason, "the body is over 1000 bytes");
	assert_int_equal(limited.http.body_bytes, 1000);
}

static void a_compressed_body_that_is_cut_short_fails(void **unused)
{
	size_t missing = 20;
	scoped(loopback_free) struct loopback *server = loopback_tcp(gzipped, &missing);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server, "http", "/");
	s.probe.http.compression = "gzip";
	s.probe.http.body_size_limit_bytes = 2 * 1024 * 1024;
	r = run(&s.probe);
	assert_string_equal(r.reason, "the compressed body is cut short");
}

static void say_plain_though_gzip_is_wanted(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\n\r\nplain");
}

static void a_body_that_is_not_compressed_as_wanted_fails(void **unused)
{
	scoped(loopback_free) struct loopback *server =
		loopback_tcp(say_plain_though_gzip_is_wanted, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	spec_for(&s, server, "http", "/");
	s.probe.http.compression = "gzip";
	r = run(&s.probe);
	assert_non_null(strstr(r.reason, "the body is not gzip"));
}

static void never_stop_talking(struct visitor *v)
{
	static char block[65536];

	memset(block, 'x', sizeof block);
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\n\r\n");
	for (int i = 0; i < 1000; i++)
		visitor_sayn(v, block, sizeof block);
}

static void a_body_without_end_is_read_up_to_the_limit(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_against(never_stop_talking, NULL);

	(void)unused;
	assert_string_equal(r.reason, "");
	assert_int_equal(r.http.body_bytes, PROBE_BODY_BYTES_MAX);
}

static void garbage(struct visitor *v)
{
	visitor_say(v, "SSH-2.0-\x01\xff\r\n");
	visitor_wait(v);
}

static void garbage_is_told_in_printable_characters(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_against(garbage, NULL);

	(void)unused;
	assert_string_equal(r.reason, "the answer is not HTTP: 'SSH-2.0-\?\?'");
}

static void hang_up_in_the_middle(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
}

static void a_truncated_answer_fails(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_against(hang_up_in_the_middle, NULL);

	(void)unused;
	assert_string_equal(r.reason, "the answer is cut short: 5 bytes of 10 are missing");
}

static void reset(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_reset(v);
}

static void a_reset_connection_fails(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(reset, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	char wanted[64];
	struct spec s;

	(void)unused;
	r = run(spec_for(&s, server, "http", "/"));
	snprintf(wanted, sizeof wanted, "connection reset by 127.0.0.1:%u", loopback_port(server));
	assert_string_equal(r.reason, wanted);
}

static void nobody_there_is_refused(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = { 0 };
	uint16_t port = loopback_closed_port();
	char url[64], wanted[64];
	struct probe_spec spec = { .kind = PROBE_HTTP,
		.timeout_ms = 5000,
		.http = { .url = url, .method = "GET" } };

	(void)unused;
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
	snprintf(wanted, sizeof wanted, "connection refused by 127.0.0.1:%u", port);
	r = run(&spec);
	assert_string_equal(r.reason, wanted);
	assert_int_equal(r.ip_version, 4);
	assert_int_equal(r.http.status, 0);
}

static void say_nothing(struct visitor *v)
{
	visitor_wait(v);
}

static void say_a_header_at_a_time(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 40; i++) {
		visitor_say(v, "X: y\r\n");
		visitor_sleep(10);
	}
}

static void assert_times_out(struct loopback *server, const char *scheme, const char *while_doing)
{
	scoped(probe_result_fini) struct probe_result r = { 0 };
	char wanted[128];
	struct spec s;

	spec_for(&s, server, scheme, "/");
	s.probe.timeout_ms = 200;
	r = run(&s.probe);
	snprintf(wanted, sizeof wanted, "no answer in 200 ms (while %s", while_doing);
	if (strncmp(r.reason, wanted, strlen(wanted)) != 0)
		fail_msg("'%s', wanted '%s'", r.reason, wanted);
	assert_true(r.duration_us >= 199000); /* the loop counts in milliseconds */
}

static void the_deadline_holds_in_each_phase_and_says_which(void **unused)
{
	scoped(loopback_free) struct loopback *hole = loopback_black_hole();
	scoped(loopback_free) struct loopback *mute = loopback_tcp(say_nothing, NULL);
	scoped(loopback_free) struct loopback *mute_tls = loopback_tcp(say_nothing, NULL);
	scoped(loopback_free) struct loopback *slow = loopback_tcp(say_a_header_at_a_time, NULL);

	(void)unused;
	assert_times_out(hole, "http", "connecting to 127.0.0.1:");
	assert_times_out(mute_tls, "https", "waiting for the TLS handshake)");
	assert_times_out(mute, "http", "waiting for the answer)");
	assert_times_out(slow, "http", "reading the answer)");
}

static void a_name_without_address_fails(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct probe_spec spec = { .kind = PROBE_HTTP,
		.timeout_ms = 5000,
		.http = { .url = "http://nowhere.invalid/", .method = "GET" } };

	(void)unused;
	r = run(&spec);
	assert_false(r.is_ok);
	assert_non_null(strstr(r.reason, "nowhere.invalid"));
	assert_int_equal(r.ip_version, 0);
}

static void a_malformed_url_fails(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct probe_spec spec = { .kind = PROBE_HTTP,
		.timeout_ms = 5000,
		.http = { .url = "gopher://x/", .method = "GET" } };

	(void)unused;
	r = run(&spec);
	assert_string_equal(r.reason, "'gopher://x/' is neither http:// nor https://");
}

static void a_probe_can_be_repeated_with_one_prober(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(pong, NULL);
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct spec s;

	(void)unused;
	probing_repeat(spec_for(&s, server, "http", "/"), 50, &r);
	assert_true(r.is_ok);
	assert_int_equal(loopback_visits(server), 50);
}

static void fail_when_called(void *ctx, const struct probe_result *r)
{
	(void)ctx, (void)r;
	fail_msg("a cancelled probe must not answer");
}

static void a_cancelled_probe_never_answers(void **unused)
{
	scoped(loopback_free) struct loopback *server = loopback_tcp(say_nothing, NULL);
	uv_loop_t loop;
	struct prober_setup setup = { .loop = &loop };
	struct prober *prober;
	struct probe *first;
	struct spec s;

	(void)unused;
	assert_int_equal(uv_loop_init(&loop), 0);
	prober = prober_new(&setup);
	spec_for(&s, server, "http", "/");
	first = probe_start(prober, &s.probe, fail_when_called, NULL);
	probe_start(prober, &s.probe, fail_when_called, NULL);
	for (int i = 0; i < 10; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		usleep(2000);
	}
	probe_cancel(first);
	probe_start(prober, &s.probe, fail_when_called, NULL); /* not even begun */
	prober_close(prober, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_noted_with_its_timings),
		cmocka_unit_test(a_wrong_status_fails),
		cmocka_unit_test(a_body_that_does_not_match_fails),
		cmocka_unit_test(redirects_are_followed_with_their_cookies),
		cmocka_unit_test(redirects_without_end_are_given_up),
		cmocka_unit_test(a_redirect_that_is_not_followed_is_the_answer),
		cmocka_unit_test(a_login_is_not_shown_to_the_host_of_a_redirect),
		cmocka_unit_test(a_login_is_not_shown_to_another_port_of_the_same_host),
		cmocka_unit_test(a_secret_that_cannot_be_read_fails_the_probe),
		cmocka_unit_test(basic_authentication_is_sent),
		cmocka_unit_test(a_chunked_body_is_read),
		cmocka_unit_test(a_compressed_body_is_counted_decoded_and_bounded),
		cmocka_unit_test(a_compressed_body_that_is_cut_short_fails),
		cmocka_unit_test(a_body_that_is_not_compressed_as_wanted_fails),
		cmocka_unit_test(a_body_without_end_is_read_up_to_the_limit),
		cmocka_unit_test(garbage_is_told_in_printable_characters),
		cmocka_unit_test(a_truncated_answer_fails),
		cmocka_unit_test(a_reset_connection_fails),
		cmocka_unit_test(nobody_there_is_refused),
		cmocka_unit_test(the_deadline_holds_in_each_phase_and_says_which),
		cmocka_unit_test(a_name_without_address_fails),
		cmocka_unit_test(a_malformed_url_fails),
		cmocka_unit_test(a_probe_can_be_repeated_with_one_prober),
		cmocka_unit_test(a_cancelled_probe_never_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
