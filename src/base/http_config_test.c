/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http_config.h"

#include "base/doc_fixture.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct holder {
	struct http_config http;
};
static const struct doc_key keys[] = { HTTP_CONFIG_KEYS(holder, http), { 0 } };
static void init(struct doc_reader *r, void *to)
{
	(void)r;
	http_config_init(&((struct holder *)to)->http);
}
static void check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	http_config_check(r, node, &((struct holder *)to)->http);
}
static const struct doc_shape shape = {
	.name = "holder",
	.size_bytes = sizeof(struct holder),
	.keys = keys,
	.init = init,
	.check = check,
};

struct fixture {
	struct arena arena;
	struct findings findings;
	struct doc *doc;
	struct holder holder;
};
static void fixture_fini(struct fixture *f)
{
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
	arena_fini(&f->arena);
}
SCOPED_FINI(fixture_fini, struct fixture)

static const struct http_config *read(struct fixture *f, const char *text)
{
	struct doc_reader r = {
		.arena = &f->arena,
		.findings = &f->findings,
		.file = "test.yml",
		.folder = "/etc/",
	};

	arena_init(&f->arena, 0);
	f->doc = doc_fixture(text);
	doc_read(&r, &shape, f->doc->root, &f->holder);
	return &f->holder.http;
}

static void nothing_written_means_prometheus_defaults(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct http_config *c = read(&f, "{}");

	(void)state;
	assert_true(c->follow_redirects);
	assert_true(c->enable_http2);
	assert_null(c->basic_auth);
	assert_null(c->authorization);
	assert_false(c->tls.is_insecure);
}

static void all_that_may_be_said_is_understood(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct http_config *c = read(&f,
		"{basic_auth: {username: me, password_file: pw}, proxy_url: 'http://p:3128',\n"
		"tls_config: {ca_file: ca.pem, cert_file: /c.pem, key_file: k.pem, server_name: "
		"x,\n"
		"insecure_skip_verify: true, min_version: TLS12, max_version: TLS13},\n"
		"follow_redirects: false, enable_http2: false, proxy_from_environment: false,\n"
		"http_headers: {X-Scope-OrgID: {values: [one, two], files: [three]}}}");

	(void)state;
	assert_int_equal(f.findings.n, 0);
	assert_string_equal(c->basic_auth->user.value, "me");
	assert_int_equal(c->basic_auth->password.kind, SECRET_FILE);
	assert_string_equal(c->basic_auth->password.name, "/etc/pw");
	assert_string_equal(c->tls.ca.name, "/etc/ca.pem");
	assert_string_equal(c->tls.cert.name, "/c.pem");
	assert_string_equal(c->tls.server_name, "x");
	assert_true(c->tls.is_insecure);
	assert_int_equal(c->tls.min_version, TLS_VERSION_1_2);
	assert_int_equal(c->tls.max_version, TLS_VERSION_1_3);
	assert_false(c->follow_redirects);
	assert_string_equal(c->proxy.url, "http://p:3128");
	assert_int_equal(c->n_headers, 1);
	assert_int_equal(c->headers[0].n_values, 3);
	assert_string_equal(c->headers[0].values[1].value, "two");
	assert_string_equal(c->headers[0].values[2].name, "/etc/three");
}

static void oauth2_and_proxies_are_understood(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct http_config *c = read(&f,
		"{oauth2: {client_id: me, client_secret_file: s, token_url: 'http://t/token',\n"
		"scopes: [a, b], endpoint_params: {audience: x}, proxy_from_environment: true},\n"
		"proxy_url: 'http://p:3128', no_proxy: '10.0.0.0/8,lan',\n"
		"proxy_connect_header: {Proxy-Key: [one, two]}}");

	(void)state;
	assert_int_equal(f.findings.n, 0);
	assert_string_equal(c->oauth2->client_id, "me");
	assert_string_equal(c->oauth2->client_secret.name, "/etc/s");
	assert_int_equal(c->oauth2->scopes.n, 2);
	assert_string_equal(c->oauth2->params[0].value, "x");
	assert_true(c->oauth2->proxy.from_environment);
	assert_string_equal(c->proxy.no_proxy, "10.0.0.0/8,lan");
	assert_int_equal(c->proxy.headers[0].n_values, 2);
}

static void a_bearer_token_is_an_authorization(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct http_config *c = read(&f, "{bearer_token_file: /run/token}");

	(void)state;
	assert_int_equal(f.findings.n, 0);
	assert_string_equal(c->authorization->type, "Bearer");
	assert_string_equal(c->authorization->credentials.name, "/run/token");
}

static void what_contradicts_itself_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "{basic_auth: {username: a}, authorization: {credentials_file: b}}",
			"at most one of basic_auth and authorization" },
		{ "{basic_auth: {username: a}, bearer_token_file: b}",
			"at most one of basic_auth" },
		{ "{basic_auth: {password: a, password_file: b}}",
			"at most one of password and password_file" },
		{ "{authorization: {type: ' BASIC '}}", "use basic_auth" },
		{ "{tls_config: {cert_file: a}}", "needs its key" },
		{ "{tls_config: {key_file: a}}", "needs its cert" },
		{ "{tls_config: {min_version: TLS13, max_version: TLS12}}", "max_version is less" },
		{ "{tls_config: {min_version: TLS14}}", "'TLS14' is none of TLS10" },
		{ "{proxy_url: 'socks5://x'}", "begins with http://" },
		{ "{http_headers: {Host: {values: [x]}}}", "can't be set" },
		{ "{http_headers: {'a b': {values: [x]}}}", "can't name a header" },
		{ "{http_headers: {a: {values: [\"x\\ny\"]}}}", "of one line" },
		{ "{oauth2: {client_id: x}}", "needs a token_url" },
		{ "{oauth2: {token_url: 'http://x'}}", "needs a client_id" },
		{ "{oauth2: {client_id: x, token_url: 'http://x', client_secret: a, "
		  "client_secret_file: b}}",
			"at most one of client_secret" },
		{ "{oauth2: {client_id: x, token_url: 'http://x', tls_config: {ca: x}}}",
			"takes ca_file" },
		{ "{oauth2: {client_id: x, token_url: 'http://x'}, basic_auth: {username: a}}",
			"at most one of basic_auth, oauth2" },
		{ "{proxy_from_environment: true, proxy_url: 'http://x'}",
			"at most one of proxy_url" },
		{ "{proxy_from_environment: true, no_proxy: x}", "goes with proxy_url" },
		{ "{no_proxy: x}", "needs a proxy_url" },
		{ "{proxy_connect_header: {a: [b]}}", "needs proxy_url" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(fixture_fini) struct fixture f = { 0 };
		bool is_said = false;

		read(&f, cases[i].text);
		for (uint32_t k = 0; k < f.findings.n; k++)
			is_said |= !f.findings.items[k].is_warning &&
				   strstr(f.findings.items[k].text, cases[i].says);
		if (!is_said)
			fail_msg("%s: %s", cases[i].text,
				f.findings.n ? f.findings.items[0].text : "accepted");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_written_means_prometheus_defaults),
		cmocka_unit_test(all_that_may_be_said_is_understood),
		cmocka_unit_test(oauth2_and_proxies_are_understood),
		cmocka_unit_test(a_bearer_token_is_an_authorization),
		cmocka_unit_test(what_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
