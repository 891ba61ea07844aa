/* SPDX-License-Identifier: Apache-2.0 */
/* TLS, with programs that know nothing of us. */
#include "port/http_server/http_fixture.h"

#include <unistd.h>

static void make_certificate(const char *cert, const char *key)
{
	const char *const argv[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
		"subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key, "-out", cert, NULL };
	uv_loop_t loop;

	uv_loop_init(&loop);
	assert_int_equal(fixture_run(&loop, argv), 0);
	uv_loop_close(&loop);
}

static int64_t curl(struct fixture *f, const char *cert, const char *option, const char *value)
{
	char url[128];
	const char *const argv[] = { "curl", "-sSf", "-o", "/dev/null", "-m", "5", "--cacert", cert,
		option, value, url, NULL };

	snprintf(url, sizeof url, "https://%s/tls", http_server_address(f->server));
	return fixture_run(&f->loop, argv);
}

/* There an answer in pieces is not sent from where they are. */
static void check_pieces(struct fixture *f, const char *folder, const char *cert)
{
	scoped(str_fini) struct str whole = STR_EMPTY;
	scoped(str_pieces_fini) struct str_pieces more = { 0 };
	char url[128], path[128], *got;
	const char *const argv[] = { "curl", "-sSf", "-o", path, "-m", "60", "--cacert", cert, url,
		NULL };
	FILE *file;

	fixture_pieces(&whole, &more);
	for (uint32_t i = 0; i < more.n; i++)
		str_add(&whole, str_c(&more.v[i]));
	snprintf(url, sizeof url, "https://%s/pieces", http_server_address(f->server));
	snprintf(path, sizeof path, "%s/answer", folder);
	assert_int_equal(fixture_run(&f->loop, argv), 0);
	file = fopen(path, "r");
	assert_non_null(file);
	got = must_alloc(whole.len + 1);
	assert_int_equal(fread(got, 1, whole.len + 1, file), whole.len);
	assert_memory_equal(got, whole.s, whole.len);
	free(got);
	fclose(file);
	remove(path);
}

static void with_a_certificate_it_speaks_tls_1_2_and_later(void **state)
{
	scoped(fixture_fini) struct fixture f;
	char folder[] = "/tmp/http_server_test.XXXXXX", cert[64], key[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(cert, sizeof cert, "%s/cert.pem", folder);
	snprintf(key, sizeof key, "%s/key.pem", folder);
	make_certificate(cert, key);
	fixture_start(&f, (struct http_server_setup){ .cert_file = cert, .key_file = key });
	assert_int_equal(curl(&f, cert, "--tlsv1.3", "-s"), 0);
	assert_string_equal(str_c(&f.asked), "GET /tls from 127.0.0.1 test=- body= cut=0 tls=1");
	assert_int_equal(curl(&f, cert, "--tls-max", "1.2"), 0);
	assert_int_not_equal(curl(&f, cert, "--tls-max", "1.1"), 0);
	assert_int_equal(f.handled, 2);
	check_pieces(&f, folder, cert);
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
	scoped(fixture_fini) struct fixture f;
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
	fixture_start(&f, (struct http_server_setup){ .cert_file = cert, .key_file = key });
	assert_int_equal(http_server_refresh(f.server, &is_new, &e), RC_OK);
	assert_false(is_new);

	make_certificate(new_cert, new_key);
	replace(new_cert, cert);
	assert_int_equal(http_server_refresh(f.server, &is_new, &e), RC_INPUT); /* one of two */
	assert_non_null(strstr(e.text, cert));
	assert_int_equal(http_server_refresh(f.server, &is_new, &e), RC_INPUT); /* still */
	assert_int_equal(curl(&f, known, "--tlsv1.3", "-s"), 0);
	replace(new_key, key);
	assert_int_equal(http_server_refresh(f.server, &is_new, &e), RC_OK);
	assert_true(is_new);
	assert_int_equal(curl(&f, cert, "--tlsv1.3", "-s"), 0);
	assert_int_not_equal(curl(&f, known, "--tlsv1.3", "-s"), 0);

	remove(key);
	assert_int_equal(http_server_refresh(f.server, &is_new, &e), RC_INPUT);
	assert_non_null(strstr(e.text, key));
	assert_int_equal(curl(&f, cert, "--tls-max", "1.2"), 0);
	assert_int_equal(http_server_use(f.server, NULL, NULL, &e), RC_UNSUPPORTED);
	remove(cert);
	remove(known);
	remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_a_certificate_it_speaks_tls_1_2_and_later),
		cmocka_unit_test(a_renewed_certificate_is_shown_to_the_next_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
