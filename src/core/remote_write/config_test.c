/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/outside.h"

#include "base/doc_fixture.h"
#include "base/str.h"
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
	struct doc *doc;
	struct findings findings;
	struct remote_writes *writes;
	struct err e;
};

static void fixture_fini(struct fixture *f)
{
	remote_writes_free(f->writes);
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
}
SCOPED_FINI(fixture_fini, struct fixture)

static enum rc read(struct fixture *f, const char *text)
{
	struct remote_write_section section = { .file = "prometheus.yml", .folder = "/etc/p/" };

	f->doc = doc_fixture(text);
	section.remote_write = f->doc->root;
	return remote_writes_read(&f->writes, &section, 1, &f->findings, &f->e);
}

static void what_is_left_out_is_prometheus_default(void **unused)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct remote_write *w;

	(void)unused;
	assert_int_equal(read(&f, "[{url: 'http://vm:8428/api/v1/write'}]"), RC_OK);
	assert_int_equal(f.writes->n, 1);
	w = &f.writes->v[0];
	assert_string_equal(w->url, "http://vm:8428/api/v1/write");
	assert_int_equal(w->timeout_ms, 30000);
	assert_int_equal(w->protocol, REMOTE_WRITE_1);
	assert_int_equal(w->queue.capacity, 10000);
	assert_int_equal(w->queue.max_shards, 50);
	assert_int_equal(w->queue.max_samples_per_send, 2000);
	assert_int_equal(w->queue.batch_send_deadline_ms, 5000);
	assert_int_equal(w->queue.min_backoff_ms, 30);
	assert_int_equal(w->queue.max_backoff_ms, 5000);
	assert_true(w->queue.retry_on_http_429);
	assert_true(w->metadata.send);
	assert_false(w->send_exemplars);
	assert_false(w->send_native_histograms);
	assert_int_equal(strlen(w->name), 6);
	assert_int_equal(strlen(w->key), 16);
}

static void all_that_prometheus_says_is_read(void **unused)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct remote_write *w;

	(void)unused;
	assert_int_equal(
		read(&f, "[{url: 'https://mimir/api/v1/push', name: mimir, remote_timeout: 5s,\n"
			 " protobuf_message: 'io.prometheus.write.v2.Request',\n"
			 " headers: {X-Scope-OrgID: home},\n"
			 " basic_auth: {username: me, password_file: secret},\n"
			 " tls_config: {ca_file: ca.pem},\n"
			 " write_relabel_configs: [{source_labels: [__name__], regex: 'go_.*', "
			 "action: drop}],\n"
			 " queue_config: {capacity: 500, max_shards: 3, min_shards: 2, "
			 "max_samples_per_send: 100,\n"
			 "  batch_send_deadline: 1s, min_backoff: 1s, max_backoff: 9s, "
			 "retry_on_http_429: false,\n"
			 "  sample_age_limit: 2h},\n"
			 " send_exemplars: true, metadata_config: {send: false}}]"),
		RC_OK);
	w = &f.writes->v[0];
	assert_string_equal(w->name, "mimir");
	assert_int_equal(w->protocol, REMOTE_WRITE_2);
	assert_string_equal(w->headers.v[0].name, "X-Scope-OrgID");
	assert_string_equal(w->headers.v[0].value, "home");
	assert_string_equal(w->http.basic_auth->password.name, "/etc/p/secret");
	assert_int_equal(w->relabel.n, 1);
	assert_int_equal(w->queue.min_shards, 2);
	assert_false(w->queue.retry_on_http_429);
	assert_int_equal(w->queue.sample_age_limit_ms, 2 * HOUR_MS);
	assert_false(w->metadata.send);
	assert_true(w->send_exemplars);
	assert_true(w->send_native_histograms); /* as 2.0 has it */
}

static void what_cannot_be_done_is_refused_by_name(void **unused)
{
	static const char *const bad[][2] = {
		{ "[{url: 'http://a', sigv4: {}}]", "sigv4" },
		{ "[{url: 'http://a', azuread: {}}]", "azuread" },
		{ "[{url: 'http://a', send_exemplars: often}]", "send_exemplars" },
		{ "[{url: 'http://a', round_robin_dns: true}]", "round_robin_dns" },
		{ "[{url: 'http://a', protobuf_message: three}]", "protobuf_message" },
		{ "[{name: a}]", "url" },
		{ "[{url: nonsense}]", "url" },
		{ "[{url: 'http://a', headers: {Host: b}}]", "Host" },
		{ "[{url: 'http://a', headers: {\"a b\": c}}]", "a b" },
		{ "[{url: 'http://a', headers: {a: \"c\\nd: e\"}}]", "can't be a header" },
		{ "[{url: 'http://a', queue_config: {max_shards: 0}}]", "max_shards" },
		{ "[{url: 'http://a', queue_config: {capacity: 100000000}}]", "capacity" },
		{ "[{url: 'http://a', queue_config: {min_backoff: 9s}}]", "max_backoff" },
		{ "[{url: 'http://a'}, {url: 'http://a'}]", "give each a name" },
		{ "[{url: 'http://a', tls_config: {server_name: b}}]", "server_name" },
		{ "[{url: 'http://a', oauth2: {}}]", "oauth2" },
		{ "[{url: 'http://a', quque_config: {}}]", "quque_config" },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(bad); i++) {
		scoped(fixture_fini) struct fixture f = { 0 };

		assert_int_equal(read(&f, bad[i][0]), RC_INPUT);
		if (!f.findings.n || !strstr(f.findings.items[0].text, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], f.findings.n ? f.findings.items[0].text : "");
	}
}

static void the_same_place_has_the_same_key(void **unused)
{
	scoped(fixture_fini) struct fixture f = { 0 }, g = { 0 };

	(void)unused;
	assert_int_equal(read(&f, "[{url: 'http://a'}, {url: 'http://b', name: x}]"), RC_OK);
	assert_int_equal(read(&g, "[{url: 'http://c', name: x}, {url: 'http://a'}]"), RC_OK);
	assert_string_equal(f.writes->v[0].key, g.writes->v[1].key);
	assert_string_equal(f.writes->v[1].key, g.writes->v[0].key);
	assert_true(f.writes->hash != g.writes->hash);
}

static enum rc read_outside(const char *text, struct outside_config **ret,
	struct findings *findings)
{
	scoped(doc_fixture_free) struct doc *doc = doc_fixture(text);
	const struct outside_section section = { "lab.yaml", "/etc/lab/", doc->root };

	return outside_config_read(ret, &section, findings, NULL);
}

static void an_outside_server_is_a_url_and_how_to_speak_to_it(void **unused)
{
	scoped(outside_config_free) struct outside_config *c = NULL;
	scoped(findings_fini) struct findings findings = { 0 };

	(void)unused;
	assert_int_equal(read_outside("{url: 'https://mimir.lan/prometheus//', timeout: 20s,\n"
				      " headers: {X-Scope-OrgID: home}, bearer_token_file: token}",
				 &c, &findings),
		RC_OK);
	assert_string_equal(c->url, "https://mimir.lan/prometheus");
	assert_int_equal(c->timeout_ms, 20000);
	assert_string_equal(c->headers.v[0].value, "home");
	assert_string_equal(c->http.authorization->credentials.name, "/etc/lab/token");
}

static void an_outside_server_that_cannot_be_asked_is_refused(void **unused)
{
	static const char *const bad[][2] = {
		{ "{timeout: 1s}", "url" },
		{ "{url: 'http://a/?x=1'}", "without '?'" },
		{ "{url: 'ftp://a'}", "url" },
		{ "{url: 'http://a', timeout: 0s}", "timeout" },
		{ "{url: 'http://a', queries: 3}", "queries" },
		{ "[a]", "outside" },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(bad); i++) {
		scoped(outside_config_free) struct outside_config *c = NULL;
		scoped(findings_fini) struct findings findings = { 0 };

		assert_int_equal(read_outside(bad[i][0], &c, &findings), RC_INPUT);
		if (!strstr(findings.items[0].text, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], findings.items[0].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outside_server_is_a_url_and_how_to_speak_to_it),
		cmocka_unit_test(an_outside_server_that_cannot_be_asked_is_refused),
		cmocka_unit_test(what_is_left_out_is_prometheus_default),
		cmocka_unit_test(all_that_prometheus_says_is_read),
		cmocka_unit_test(what_cannot_be_done_is_refused_by_name),
		cmocka_unit_test(the_same_place_has_the_same_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
