/* SPDX-License-Identifier: Apache-2.0 */
/* Real sockets, real clocks: targets that behave, and those that don't. */
#include "port/scrape/scrape_port.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include "port/files/files.h"
#include "test/support/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define INTERVAL_MS 60

/* A sink that counts, and keeps the last value. */
struct lab {
	uv_loop_t loop;
	uv_timer_t check;
	struct scraper *scraper;
	struct scrape_port *port;
	struct scrape_config job;
	struct scrape_configs configs;
	struct series_sink sink;
	series_ref n_series;
	uint32_t n_samples;
	uint64_t wanted;    /* scrapes to wait for */
	int64_t timeout_ms; /* 0: long */
	char address[32], url[64];
	bool is_over;
};

static enum rc take_series(void *self, const struct labels *labels, series_ref *ret, struct err *e)
{
	struct lab *l = self;

	(void)e;
	*ret = str_starts(labels_get(labels, METRIC_NAME), "m") ? 1 : 2;
	l->n_series++;
	return RC_OK;
}

static enum series_verdict take_sample(void *self, series_ref ref, int64_t t_ms, double v)
{
	struct lab *l = self;

	(void)t_ms;
	l->n_samples += ref == 1 && !is_stale(v);
	return SERIES_TAKEN;
}

static enum rc commit(void *self, struct err *e)
{
	(void)self, (void)e;
	return RC_OK;
}

static void set_up(struct lab *l, const char *scheme, uint16_t port)
{
	struct scraper_wish wish = { .sink = &l->sink };

	*l = (struct lab){ .sink = { .self = l,
				   .series = take_series,
				   .append = take_sample,
				   .commit = commit } };
	uv_loop_init(&l->loop);
	l->scraper = scraper_new(&wish);
	l->port = scrape_port_new(&l->loop, l->scraper);
	l->job = (struct scrape_config){ .job_name = "j",
		.enable_compression = true,
		.http.follow_redirects = true,
		.fallback_protocol = SCRAPE_PROTOCOL_NONE,
		.terms = { .protocols = { .v = { SCRAPE_TEXT_0_0_4 }, .n = 1 } } };
	l->configs = (struct scrape_configs){ .v = &l->job, .n = 1 };
	snprintf(l->address, sizeof l->address, "127.0.0.1:%u", port);
	snprintf(l->url, sizeof l->url, "%s://%s/metrics?a=b", scheme, l->address);
	uv_timer_init(&l->loop, &l->check);
	l->check.data = l;
}

static void on_closed(void *ctx)
{
	struct lab *l = ctx;

	l->is_over = true;
}

static void tear_down(struct lab *l)
{
	uv_close((uv_handle_t *)&l->check, NULL);
	scrape_port_close(l->port, on_closed, l);
	uv_run(&l->loop, UV_RUN_DEFAULT);
	assert_true(l->is_over);
	assert_int_equal(uv_loop_close(&l->loop), 0);
	scraper_free(l->scraper);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

static struct scrape_target *target(struct lab *l)
{
	return scraper_job(l->scraper, 0)->targets[0];
}

static void on_check(uv_timer_t *timer)
{
	struct lab *l = timer->data;

	if (target(l)->n_scrapes >= l->wanted)
		uv_stop(&l->loop);
}

/* Until the target was scraped `n` times. */
static struct scrape_target *run(struct lab *l, uint64_t n)
{
	struct target_list list;
	struct target_spec spec = { .url = l->url,
		.scheme = str_starts(l->url, "https") ? "https" : "http",
		.address = l->address,
		.interval_ms = INTERVAL_MS,
		.timeout_ms = l->timeout_ms ? l->timeout_ms : 5000,
		.hash = 1 };

	target_list_init(&list);
	must_grow(list.active, list.n_active, list.cap_active);
	list.active[list.n_active++] = spec;
	scraper_set_jobs(l->scraper, &l->configs, scrape_port_now());
	assert_int_equal(scraper_set_targets(l->scraper, "j", &list, scrape_port_now(), NULL),
		RC_OK);
	target_list_fini(&list);
	l->wanted = n;
	scrape_port_wake(l->port);
	uv_timer_start(&l->check, on_check, 5, 5);
	uv_run(&l->loop, UV_RUN_DEFAULT);
	return target(l);
}

static void serve_metrics(struct visitor *v)
{
	while (visitor_read_until(v, "\r\n\r\n"))
		visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
			       "Content-Length: 10\r\n\r\nm 1\nm2 22\n");
}

static void a_target_is_scraped_over_one_connection(void **state)
{
	struct loopback *server = loopback_tcp(serve_metrics, NULL);
	struct lab l;

	(void)state;
	set_up(&l, "http", loopback_port(server));
	assert_int_equal(run(&l, 4)->n_failures, 0);
	assert_int_equal(l.n_samples, 8);
	assert_int_equal(loopback_visits(server), 1);
	tear_down(&l);
	loopback_free(server);
}

static void serve_request(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	snprintf(v->ctx, sizeof v->seen, "%s", v->seen);
	visitor_say(v,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nm 1\n");
}

static void the_request_says_what_prometheus_says_and_the_login(void **state)
{
	char seen[8192] = "";
	struct loopback *server = loopback_tcp(serve_request, seen);
	struct http_basic_auth auth = { .user = { SECRET_INLINE, "x", "aladdin" },
		.password = { SECRET_INLINE, "x", "opensesame" } };
	struct lab l;

	(void)state;
	set_up(&l, "http", loopback_port(server));
	l.job.http.basic_auth = &auth;
	assert_int_equal(run(&l, 1)->n_failures, 0);
	assert_int_equal(l.n_samples, 1);
	tear_down(&l);
	loopback_free(server);
	assert_true(str_starts(seen, "GET /metrics?a=b HTTP/1.1\r\nHost: 127.0.0.1:"));
	assert_non_null(strstr(seen, "\r\nAccept: text/plain;version=0.0.4;q=0.6,*/*;q=0.5\r\n"));
	assert_non_null(strstr(seen, "\r\nAccept-Encoding: gzip\r\n"));
	assert_non_null(strstr(seen, "\r\nX-Prometheus-Scrape-Timeout-Seconds: 5\r\n"));
	assert_non_null(strstr(seen, "\r\nAuthorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l\r\n"));
}

/* Says what it has at the second reading; the first it keeps, until it is left. */
struct shelf {
	struct scrape_page *kept;
	uint32_t n_left;
};

static void read_shelf(void *ctx, struct scrape_page *page)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct shelf *s = ctx;

	assert_string_equal(page->path, "/inside");
	if (!s->kept) {
		s->kept = page;
		return;
	}
	str_add(&text, "m 1\nm2 2\n");
	page->done(page->ctx, &text, NULL);
}

static void leave_shelf(void *ctx, struct scrape_page *page)
{
	struct shelf *s = ctx;

	assert_ptr_equal(page, s->kept);
	s->n_left++;
}

static void our_own_pages_need_no_connection_and_a_slow_one_is_left(void **state)
{
	struct shelf shelf = { 0 };
	struct scrape_pages pages = { &shelf, read_shelf, leave_shelf };
	struct scrape_target *t;
	struct lab l;

	(void)state;
	set_up(&l, "http", 1); /* nobody listens there */
	l.job.is_inside = true;
	l.job.metrics_path = "/inside";
	l.timeout_ms = 30;
	scrape_port_use_pages(l.port, &pages);
	t = run(&l, 3);
	assert_int_equal(t->n_failures, 1); /* the first, after its timeout */
	assert_int_equal(shelf.n_left, 1);
	assert_int_equal(l.n_samples, 4);
	tear_down(&l);
}

static void serve_gzip(struct visitor *v)
{
	static const char body[] = "m 1\nm 2 5\n";
	unsigned char packed[256];
	char head[128];
	z_stream z = { 0 };

	visitor_read_until(v, "\r\n\r\n");
	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (unsigned char *)(uintptr_t)body;
	z.avail_in = sizeof body - 1;
	z.next_out = packed;
	z.avail_out = sizeof packed;
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	snprintf(head, sizeof head,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
		"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%lx\r\n",
		z.total_out);
	visitor_say(v, head);
	visitor_sayn(v, packed, z.total_out / 2);
	visitor_sleep(20);
	visitor_sayn(v, packed + z.total_out / 2, z.total_out - z.total_out / 2);
	visitor_say(v, v->ctx ? "\r\n" : "\r\n0\r\n\r\n");
}

static void packed_bodies_are_unpacked(void **state)
{
	struct loopback *server = loopback_tcp(serve_gzip, NULL);
	struct lab l;

	(void)state;
	set_up(&l, "http", loopback_port(server));
	assert_int_equal(run(&l, 2)->n_failures, 0);
	tear_down(&l);
	loopback_free(server);
}

static void serve_once(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v,
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nm 1\n");
	visitor_sleep(10);
}

static void a_connection_that_the_target_closed_is_made_anew(void **state)
{
	struct loopback *server = loopback_tcp(serve_once, NULL);
	struct lab l;

	(void)state;
	set_up(&l, "http", loopback_port(server));
	assert_int_equal(run(&l, 3)->n_failures, 0);
	assert_int_equal(loopback_visits(server), 3);
	tear_down(&l);
	loopback_free(server);
}

/* What a misbehaving target says, and what its state then says. */
struct misdeed {
	const char *says, *error;
};

static void misbehave(struct visitor *v)
{
	const struct misdeed *m = v->ctx;

	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, m->says);
}

static void what_a_target_does_wrong_is_said_in_its_state(void **state)
{
	static const struct misdeed misdeeds[] = {
		{ "HTTP/1.1 404 Whatever\r\nContent-Length: 0\r\n\r\n",
			"server returned HTTP status 404 Not Found" },
		{ "SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP: 'SSH-2.0-OpenSSH_9.2'" },
		{ OK_HEAD "Content-Length: 100\r\n\r\nm 1\n", "96 bytes of 100 are missing" },
		{ OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed chunk size 'zz'" },
		{ "", "closed the connection without an answer" },
		{ OK_HEAD "Content-Length: 8\r\n\r\nm 1\n<ht>", "expected a valid start token" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nm 1\n", "blank Content-Type" },
		{ OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nm 1\n",
			"the body is not gzip" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(misdeeds); i++) {
		struct loopback *server = loopback_tcp(misbehave, (void *)(uintptr_t)&misdeeds[i]);
		struct scrape_target *t;
		struct lab l;

		set_up(&l, "http", loopback_port(server));
		t = run(&l, 2);
		assert_int_equal(t->n_failures, 2);
		if (!strstr(t->last.error, misdeeds[i].error))
			fail_msg("'%s' instead of '%s'", t->last.error, misdeeds[i].error);
		assert_int_equal(l.n_samples, 0);
		tear_down(&l);
		loopback_free(server);
	}
}

static void serve_forever(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	visitor_say(v, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
	for (int i = 0; i < 100000; i++)
		visitor_say(v, "# and on and on and on and on and on and on and on and on\n");
}

static void an_endless_body_ends_at_the_limit(void **state)
{
	struct loopback *server = loopback_tcp(serve_forever, NULL);
	struct scrape_target *t;
	struct lab l;

	(void)state;
	set_up(&l, "http", loopback_port(server));
	l.job.terms.body_size_limit_bytes = 300000;
	t = run(&l, 1);
	assert_string_equal(t->last.error, "body size limit exceeded");
	tear_down(&l);
	loopback_free(server);
}

static void a_target_that_refuses_is_down(void **state)
{
	struct scrape_target *t;
	struct lab l;

	(void)state;
	set_up(&l, "http", loopback_closed_port());
	t = run(&l, 2);
	assert_int_equal(t->health, HEALTH_DOWN);
	assert_non_null(strstr(t->last.error, "connection refused"));
	assert_true(str_starts(t->last.error, "Get \"http://127.0.0.1:"));
	tear_down(&l);
}

static void a_failed_scrape_is_written_down_where_the_job_wants_it(void **state)
{
	scoped(str_fini) struct str found = STR_EMPTY;
	char path[] = "/tmp/failures-XXXXXX";
	int fd = mkstemp(path);
	struct lab l;

	(void)state;
	set_up(&l, "http", loopback_closed_port());
	l.job.terms.failure_log_file = path;
	run(&l, 1);
	tear_down(&l);
	assert_int_equal(file_read(path, 10000, &found, NULL), RC_OK);
	assert_true(str_starts(str_c(&found), "{\"time\":\"20"));
	assert_non_null(strstr(str_c(&found), "\"level\":\"ERROR\""));
	assert_non_null(strstr(str_c(&found), "\"msg\":\"Get \\\"http://127.0.0.1:"));
	assert_non_null(strstr(str_c(&found), "\"job_name\":\"j\",\"target\":\"http://127.0.0.1:"));
	assert_int_equal(found.s[found.len - 1], '\n');
	close(fd);
	unlink(path);
}

static void redirect(struct visitor *v)
{
	visitor_read_until(v, "\r\n\r\n");
	if (strstr(v->seen, "GET /metrics"))
		visitor_say(v,
			"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
	else
		visitor_say(v, OK_HEAD "Content-Length: 4\r\n\r\nm 7\n");
}

static void redirects_are_followed_unless_the_job_says_no(void **state)
{
	struct loopback *server = loopback_tcp(redirect, NULL);
	struct scrape_target *t;
	struct lab l;

	(void)state;
	set_up(&l, "http", loopback_port(server));
	t = run(&l, 1);
	assert_string_equal(t->last.error, "");
	assert_int_equal(l.n_samples, 1);
	l.job.http.follow_redirects = false;
	t = run(&l, t->n_scrapes + 1);
	assert_string_equal(t->last.error, "server returned HTTP status 302 Found");
	tear_down(&l);
	loopback_free(server);
}

static void https_is_verified_against_the_jobs_authority(void **state)
{
	struct identity_wish wish = { .common_name = "target.example",
		.dns_name = "target.example",
		.is_ca = true };
	struct identity *id = identity_new(&wish);
	char ca[] = "/tmp/scrape-ca-XXXXXX", key[] = "/tmp/scrape-key-XXXXXX";
	struct loopback *server = loopback_tls(serve_once, NULL, id);
	struct scrape_target *t;
	struct lab l;

	(void)state;
	close(mkstemp(ca));
	close(mkstemp(key));
	identity_write(id, ca, key);
	set_up(&l, "https", loopback_port(server));
	l.job.http.tls.ca = (struct secret){ SECRET_FILE, ca, NULL };
	t = run(&l, 1);
	assert_int_equal(t->health, HEALTH_DOWN); /* the certificate is another's */
	l.job.http.tls.server_name = "target.example";
	t = run(&l, t->n_scrapes + 1);
	assert_string_equal(t->last.error, "");
	l.job.http.tls.server_name = NULL;
	l.job.http.tls.is_insecure = true;
	t = run(&l, t->n_scrapes + 1);
	assert_string_equal(t->last.error, "");
	tear_down(&l);
	loopback_free(server);
	identity_free(id);
	unlink(ca);
	unlink(key);
}

/* One scrape; what is wrong with it.  The server ends last: who still writes to us never would. */
static void scrape_over_tls(void (*serve)(struct visitor *v), uint64_t n_samples, const char *error)
{
	struct identity_wish wish = { .common_name = "t", .dns_name = "t", .is_ca = true };
	struct identity *id = identity_new(&wish);
	struct loopback *server = loopback_tls(serve, NULL, id);
	struct scrape_target *t;
	struct lab l;

	set_up(&l, "https", loopback_port(server));
	l.job.http.tls.is_insecure = true;
	l.job.terms.body_size_limit_bytes = 300000;
	t = run(&l, 1);
	assert_string_equal(t->last.error, error);
	assert_int_equal(t->n_failures, *error ? t->n_scrapes : 0);
	assert_int_equal(l.n_samples, n_samples);
	tear_down(&l);
	loopback_free(server);
	identity_free(id);
}

static void packed_bodies_come_over_tls_too(void **state)
{
	(void)state;
	scrape_over_tls(serve_gzip, 1, "");
}

static void an_endless_body_over_tls_ends_at_the_limit_as_it_comes(void **state)
{
	(void)state;
	scrape_over_tls(serve_forever, 0, "body size limit exceeded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_scraped_over_one_connection),
		cmocka_unit_test(our_own_pages_need_no_connection_and_a_slow_one_is_left),
		cmocka_unit_test(the_request_says_what_prometheus_says_and_the_login),
		cmocka_unit_test(packed_bodies_are_unpacked),
		cmocka_unit_test(packed_bodies_come_over_tls_too),
		cmocka_unit_test(an_endless_body_over_tls_ends_at_the_limit_as_it_comes),
		cmocka_unit_test(a_connection_that_the_target_closed_is_made_anew),
		cmocka_unit_test(what_a_target_does_wrong_is_said_in_its_state),
		cmocka_unit_test(an_endless_body_ends_at_the_limit),
		cmocka_unit_test(a_target_that_refuses_is_down),
		cmocka_unit_test(a_failed_scrape_is_written_down_where_the_job_wants_it),
		cmocka_unit_test(redirects_are_followed_unless_the_job_says_no),
		cmocka_unit_test(https_is_verified_against_the_jobs_authority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
