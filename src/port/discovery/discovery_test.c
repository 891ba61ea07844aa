/* SPDX-License-Identifier: Apache-2.0 */
#include "port/discovery/discovery.h"

#include "base/doc_fixture.h"
#include "base/log.h"
#include "base/str.h"
#include "port/discovery/request.h"
#include "test/support/dns_answer.h"
#include "test/support/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 60000

struct fixture {
	struct doc *doc;
	struct findings findings;
	struct scrape_configs *configs;
	struct discovery *discovery;
	struct discoverer *discoverer;
	uv_loop_t loop;
	uv_timer_t timer;
	uint32_t wanted; /* targets of the first job at which the loop stops */
	bool is_late;
	char folder[64];
};

static uint32_t count(struct fixture *f)
{
	struct discovery_change change;
	bool has = true;

	while (has)
		assert_int_equal(discovery_sync(f->discovery, (struct mono){ NEVER_MS - 1 },
					 &change, &has, NULL),
			RC_OK);
	return discovery_targets(f->discovery, 0)->n_active;
}

static void found(void *ctx, const struct discovered *d)
{
	struct fixture *f = ctx;

	assert_int_equal(discovery_take(f->discovery, d, (struct mono){ 0 }, NULL), RC_OK);
	if (count(f) == f->wanted)
		uv_stop(&f->loop);
}

static void late(uv_timer_t *timer)
{
	((struct fixture *)timer->data)->is_late = true;
	uv_stop(timer->loop);
}

/* One job with this service discovery, until it has so many targets. */
static void run_until(struct fixture *f, uint32_t n)
{
	f->wanted = n;
	f->is_late = false;
	uv_timer_start(&f->timer, late, PATIENCE_MS, 0);
	if (count(f) != n)
		uv_run(&f->loop, UV_RUN_DEFAULT);
	if (f->is_late)
		fail_msg("%u targets, not %u: %s", count(f), n,
			discoverer_state(f->discoverer, (struct discovery_from){ 0 })->error);
}

static void begin(struct fixture *f, const char *sd, const char *name_server)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct scrape_section section = { .file = "p.yml", .folder = "" };
	struct discoverer_wish wish = { .found = found, .ctx = f, .name_server = name_server };

	str_addf(&text, "[{job_name: a, %s}]", sd);
	f->doc = doc_fixture(str_c(&text));
	section.scrape_configs = f->doc->root;
	if (scrape_config_read(&f->configs, &section, 1, &f->findings, NULL) != RC_OK)
		fail_msg("%s", f->findings.items[0].text);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(uv_timer_init(&f->loop, &f->timer), 0);
	f->timer.data = f;
	f->discovery = discovery_new(f->configs);
	wish.loop = &f->loop;
	wish.configs = f->configs;
	f->discoverer = discoverer_new(&wish);
}

static void fixture_fini(struct fixture *f)
{
	discoverer_close(f->discoverer, NULL, NULL);
	uv_close((uv_handle_t *)&f->timer, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	must(uv_loop_close(&f->loop) == 0);
	discovery_free(f->discovery);
	scrape_configs_free(f->configs);
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
}
SCOPED_FINI(fixture_fini, struct fixture)

static const struct sd_state *state_of(const struct fixture *f)
{
	return discoverer_state(f->discoverer, (struct discovery_from){ 0 });
}

static const struct labels *discovered(const struct fixture *f, uint32_t i)
{
	return &discovery_targets(f->discovery, 0)->active[i].discovered;
}

/* Files. */

static void write_file(const struct fixture *f, const char *name, const char *text)
{
	char path[128], new[140];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", f->folder, name);
	snprintf(new, sizeof new, "%s.new", path);
	file = fopen(new, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(new, path), 0);
}

static void remove_file(const struct fixture *f, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", f->folder, name);
	assert_int_equal(unlink(path), 0);
}

static void files_are_read_again_when_they_change(void **state)
{
	scoped(fixture_fini) struct fixture f = { .folder = "/tmp/diarchy-sd-XXXXXX" };
	char sd[160];

	(void)state;
	assert_non_null(mkdtemp(f.folder));
	snprintf(sd, sizeof sd, "file_sd_configs: [{files: ['%s/*.json', '%s/y.yml']}]", f.folder,
		f.folder);
	write_file(&f, "a.json", "[{\"targets\": [\"x\", \"y\"]}, {\"targets\": [\"z\"]}]");
	begin(&f, sd, NULL);
	run_until(&f, 3);
	write_file(&f, "y.yml", "- targets: [w]\n  labels: {rack: r1}\n");
	run_until(&f, 4);
	assert_string_equal(labels_get(discovered(&f, 3), "rack"), "r1");
	write_file(&f, "a.json", "[{\"targets\": [\"x\"]}]");
	run_until(&f, 2);
	assert_string_equal(state_of(&f)->error, "");
	remove_file(&f, "y.yml");
	run_until(&f, 1);
	remove_file(&f, "a.json");
	run_until(&f, 0);
	rmdir(f.folder);
}

static void wait_for_failure(uv_idle_t *idle)
{
	if (state_of(idle->data)->n_failures)
		uv_stop(idle->loop);
}

static void run_until_failure(struct fixture *f)
{
	uv_idle_t idle = { .data = f };

	f->wanted = UINT32_MAX;
	uv_timer_start(&f->timer, late, PATIENCE_MS, 0);
	assert_int_equal(uv_idle_init(&f->loop, &idle), 0);
	idle.data = f;
	uv_idle_start(&idle, wait_for_failure);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&idle, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_true(state_of(f)->n_failures > 0);
}

static void a_broken_file_keeps_what_it_held_and_says_why(void **state)
{
	scoped(fixture_fini) struct fixture f = { .folder = "/tmp/diarchy-sd-XXXXXX" };
	char sd[160];

	(void)state;
	assert_non_null(mkdtemp(f.folder));
	snprintf(sd, sizeof sd, "file_sd_configs: [{files: ['%s/*.json']}]", f.folder);
	write_file(&f, "a.json", "[{\"targets\": [\"x\", \"y\"]}]");
	begin(&f, sd, NULL);
	run_until(&f, 2);
	write_file(&f, "a.json", "[{\"targets\": [");
	run_until_failure(&f);
	assert_int_equal(count(&f), 2);
	assert_non_null(strstr(state_of(&f)->error, "a.json"));
	remove_file(&f, "a.json");
	rmdir(f.folder);
}

/* HTTP. */

struct answer {
	const char *type, *body;
	int status;
};

static void answer(struct visitor *v)
{
	const struct answer *a = v->ctx;
	char head[256];

	visitor_read_until(v, "\r\n\r\n");
	snprintf(head, sizeof head,
		"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: "
		"close\r\n\r\n",
		a->status, a->type, strlen(a->body));
	if (!strstr(v->seen, "Authorization: Bearer s3cret") ||
		!strstr(v->seen, "X-Prometheus-Refresh-Interval-Seconds: 60"))
		snprintf(head, sizeof head, "HTTP/1.1 401 X\r\nConnection: close\r\n\r\n");
	visitor_say(v, head);
	visitor_say(v, a->body);
}

static void serve(struct fixture *f, struct answer *a, struct loopback **ret)
{
	char sd[200];

	*ret = loopback_tcp(answer, a);
	snprintf(sd, sizeof sd,
		"http_sd_configs: [{url: 'http://127.0.0.1:%u/t', authorization: {credentials: "
		"s3cret}}]",
		loopback_port(*ret));
	begin(f, sd, NULL);
}

static void a_web_server_lists_targets(void **state)
{
	struct answer a = { "application/json; charset=utf-8",
		"[{\"targets\":[\"x:1\",\"y\"],\"labels\":{\"l\":\"v\"}}]", 200 };
	struct loopback *server;

	(void)state;
	{
		scoped(fixture_fini) struct fixture f = { 0 };

		serve(&f, &a, &server);
		run_until(&f, 2);
		assert_string_equal(labels_get(discovered(&f, 0), "l"), "v");
		assert_non_null(strstr(labels_get(discovered(&f, 0), "__meta_url"), "/t"));
	}
	loopback_free(server);
}

static void what_is_no_list_is_refused_and_told(void **state)
{
	struct answer answers[] = { { "text/html", "[]", 200 }, { "application/json", "{}", 200 },
		{ "application/json", "[", 200 }, { "application/json", "[]", 500 } };

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct loopback *server;
		{
			scoped(fixture_fini) struct fixture f = { 0 };

			serve(&f, &answers[i], &server);
			run_until_failure(&f);
			assert_null(strstr(state_of(&f)->error, "s3cret"));
		}
		loopback_free(server);
	}
}

/* DNS. */

static size_t answer_srv(void *ctx, unsigned number, uint8_t *datagram, size_t n, size_t size)
{
	static const char one[] = "\0\1\0\2\x23\x8c\1a\3lan", two[] = "\0\1\0\2\0\x50\1b\3lan";
	struct dns_answer_rr rr = { .type = 33, .ttl = 60, .data = one, .data_bytes = sizeof one };
	struct dns_answer a;

	(void)ctx, (void)number;
	if (memmem(datagram, n, "\4gone", 5)) {
		dns_answer_to(&a, datagram, n, 3);
		memcpy(datagram, a.bytes, a.n);
		return a.n;
	}
	dns_answer_to(&a, datagram, n, 0);
	rr.owner = "\xc0\x0c"; /* the question's name */
	rr.owner_bytes = 2;
	dns_answer_add(&a, DNS_ANSWER, &rr);
	rr.data = two;
	rr.data_bytes = sizeof two;
	dns_answer_add(&a, DNS_ANSWER, &rr);
	assert_true(a.n <= size);
	memcpy(datagram, a.bytes, a.n);
	return a.n;
}

static void srv_records_are_targets(void **state)
{
	struct loopback *server = loopback_udp(answer_srv, NULL);
	char address[32];

	(void)state;
	snprintf(address, sizeof address, "127.0.0.1:%u", loopback_port(server));
	{
		scoped(fixture_fini) struct fixture f = { 0 };

		begin(&f, "dns_sd_configs: [{names: [_svc._tcp.lan.]}]", address);
		run_until(&f, 2);
		assert_string_equal(labels_get(discovered(&f, 0), "__address__"), "a.lan:9100");
		assert_string_equal(labels_get(discovered(&f, 0), "__meta_dns_name"),
			"_svc._tcp.lan.");
		assert_string_equal(labels_get(discovered(&f, 0), "__meta_dns_srv_record_target"),
			"a.lan.");
		assert_string_equal(labels_get(discovered(&f, 0), "__meta_dns_srv_record_port"),
			"9100");
		assert_string_equal(labels_get(discovered(&f, 1), "__address__"), "b.lan:80");
	}
	loopback_free(server);
}

/* It brought the whole program down: its empty group had no name. */
static void a_name_that_is_not_there_has_no_targets(void **state)
{
	struct loopback *server = loopback_udp(answer_srv, NULL);
	char address[32];

	(void)state;
	snprintf(address, sizeof address, "127.0.0.1:%u", loopback_port(server));
	{
		scoped(fixture_fini) struct fixture f = { 0 };

		begin(&f, "dns_sd_configs: [{names: [gone.lan., _svc._tcp.lan.]}]", address);
		run_until(&f, 2);
		assert_string_equal(labels_get(discovered(&f, 0), "__address__"), "a.lan:9100");
	}
	loopback_free(server);
}

/* Kubernetes: a stand-in that lists, then watches. */

static void serve_cluster(struct visitor *v)
{
	static const char list[] = "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[{"
				   "\"metadata\":{\"name\":\"a\","
				   "\"namespace\":\"n\"},\"spec\":{\"ports\":[{\"port\":80}]}}]}";
	static const char added[] =
		"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"b\",\"namespace\":\"n\","
		"\"resourceVersion\":\"8\"},\"spec\":{\"ports\":[{\"port\":80},{\"port\":81}]}}}\n";
	static const char deleted[] =
		"{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"a\","
		"\"namespace\":\"n\",\"resourceVersion\":\"9\"}}}\n";
	char head[128];

	visitor_read_until(v, "\r\n\r\n");
	if (!strstr(v->seen, "watch=true")) {
		snprintf(head, sizeof head,
			"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
			strlen(list));
		visitor_say(v, head);
		visitor_say(v, list);
		return;
	}
	if (!strstr(v->seen, "resourceVersion=7")) {
		visitor_wait(v);
		return;
	}
	visitor_say(v, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	visitor_say(v, added);
	visitor_sayn(v, deleted, 20); /* a line may come in pieces */
	visitor_sleep(50);
	visitor_say(v, deleted + 20);
	visitor_wait(v);
}

static void a_cluster_is_listed_and_watched(void **state)
{
	struct loopback *server = loopback_tcp(serve_cluster, NULL);
	char sd[160];

	(void)state;
	snprintf(sd, sizeof sd,
		"kubernetes_sd_configs: [{role: service, api_server: 'http://127.0.0.1:%u/'}]",
		loopback_port(server));
	{
		scoped(fixture_fini) struct fixture f = { 0 };

		begin(&f, sd, NULL);
		run_until(&f, 1);
		assert_string_equal(labels_get(discovered(&f, 0), "__address__"), "a.n.svc:80");
		run_until(&f, 2);
		assert_string_equal(labels_get(discovered(&f, 1), "__address__"), "b.n.svc:81");
	}
	loopback_free(server);
}

static void texts_of_certificates_are_kept_in_one_file_each(void **state)
{
	const struct tls_config tls = { .ca = { SECRET_INLINE, "a:1", "PEM" } };
	struct request_files files;
	int ca;

	(void)state;
	request_files_init(&files);
	assert_int_equal(request_files_open(&files, &tls, NULL), RC_OK);
	ca = files.ca;
	assert_int_equal(request_files_open(&files, &tls, NULL), RC_OK);
	assert_int_equal(files.ca, ca);
	request_files_fini(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_again_when_they_change),
		cmocka_unit_test(a_broken_file_keeps_what_it_held_and_says_why),
		cmocka_unit_test(a_web_server_lists_targets),
		cmocka_unit_test(what_is_no_list_is_refused_and_told),
		cmocka_unit_test(srv_records_are_targets),
		cmocka_unit_test(a_name_that_is_not_there_has_no_targets),
		cmocka_unit_test(a_cluster_is_listed_and_watched),
		cmocka_unit_test(texts_of_certificates_are_kept_in_one_file_each),
	};

	log_init(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
