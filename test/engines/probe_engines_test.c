/* SPDX-License-Identifier: Apache-2.0 */
/* Probes against nginx, OpenSSL's server and dnsmasq. */
#include "base/mem.h"
#include "port/probe/probe.h"
#include "test/support/loopback.h"
#include "test/support/probing.h"
#include "test/support/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

SCOPED_FINI(probe_result_fini, struct probe_result)
SCOPED_FINI(program_stop, struct program)

#define ANY (-1)

static char folder[] = "/tmp/diarchy-engines-XXXXXX";
static char ca_file[64], cert_file[64], key_file[64];

static char *path(char buf[128], const char *name)
{
	snprintf(buf, 128, "%s/%s", folder, name);
	return buf;
}

static int make_folder(void **unused)
{
	struct identity *ca, *server;

	(void)unused;
	must(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0);
	snprintf(ca_file, sizeof ca_file, "%s/ca.pem", folder);
	snprintf(cert_file, sizeof cert_file, "%s/cert.pem", folder);
	snprintf(key_file, sizeof key_file, "%s/key.pem", folder);
	ca = identity_new(&(struct identity_wish){ .common_name = "CA", .is_ca = true });
	server = identity_new(&(struct identity_wish){ .common_name = "server",
		.dns_name = "localhost",
		.has_loopback_ip = true,
		.issuer = ca });
	identity_write(ca, ca_file, NULL);
	identity_write(server, cert_file, key_file);
	identity_free(ca);
	identity_free(server);
	return 0;
}

static int remove_folder(void **unused)
{
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, folder, NULL };
	pid_t pid = fork();

	(void)unused;
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	return 0;
}

static void write_text(const char *name, const char *text)
{
	char buf[128];
	FILE *f = fopen(path(buf, name), "we");

	must(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static const char nginx_conf[] =
	"daemon off; master_process off; pid %s/nginx.pid; error_log %s/nginx.log;\n"
	"events { worker_connections 64; }\n"
	"http {\n"
	"  access_log off; gzip on; gzip_types *; gzip_min_length 1;\n"
	"  client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f;\n"
	"  uwsgi_temp_path %s/u; scgi_temp_path %s/s;\n"
	"  server {\n"
	"    listen 127.0.0.1:%u;\n"
	"    listen 127.0.0.1:%u ssl http2;\n"
	"    ssl_certificate %s; ssl_certificate_key %s;\n"
	"    root %s;\n"
	"    location = /pong { return 200 pong; }\n"
	"    location = /gone { return 410; }\n"
	"    location = /away { return 301 /pong; }\n"
	"    location = /loop { return 302 /loop; }\n"
	"    location = /stall { limit_rate 1; }\n"
	"    location = /private { auth_basic x; auth_basic_user_file %s/users; }\n"
	"  }\n"
	"}\n";

struct nginx {
	struct program program;
	uint16_t port, tls_port;
};

static void nginx_start(struct nginx *n)
{
	char text[4096], conf[128], big[20001];
	char *argv[] = { (char[]){ "nginx" }, (char[]){ "-c" }, conf, NULL };
	const char *d = folder;

	if (!program_exists("nginx"))
		skip();
	n->port = loopback_closed_port();
	n->tls_port = loopback_closed_port();
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	write_text("big", big);
	write_text("stall", big);
	write_text("private", "secret page");
	write_text("users", "ana:{PLAIN}open sesame\n");
	snprintf(text, sizeof text, nginx_conf, d, d, d, d, d, d, d, n->port, n->tls_port,
		cert_file, key_file, d, d);
	write_text("nginx.conf", text);
	path(conf, "nginx.conf");
	program_start(&n->program, argv, n->port);
}

struct spec {
	char target[128];
	struct probe_spec probe;
};

static struct probe_spec *http_spec(struct spec *s, bool is_tls, uint16_t port, const char *page)
{
	snprintf(s->target, sizeof s->target, "%s://127.0.0.1:%u%s", is_tls ? "https" : "http",
		port, page);
	s->probe = (struct probe_spec){ .kind = PROBE_HTTP,
		.timeout_ms = 5000,
		.http = { .url = s->target,
			.method = "GET",
			.follow_redirects = true,
			.enable_http2 = true,
			.tls.ca_file = ca_file } };
	return &s->probe;
}

static struct probe_result run(const struct probe_spec *spec)
{
	struct probe_result r;

	probing_run(spec, &r);
	return r;
}

static void assert_page(uint16_t port, const char *page, const char *reason, int64_t body_bytes)
{
	struct spec s;
	scoped(probe_result_fini) struct probe_result r = run(http_spec(&s, false, port, page));

	if (strncmp(r.reason, reason, strlen(reason)) != 0 || (!reason[0] && !r.is_ok))
		fail_msg("%s: '%s', wanted '%s'", page, r.reason, reason);
	if (body_bytes != ANY)
		assert_int_equal(r.http.body_bytes, body_bytes);
}

static void nginx_answers_redirects_and_refuses(void **unused)
{
	scoped(program_stop) struct program program = { 0 };
	struct nginx n = { 0 };

	(void)unused;
	nginx_start(&n);
	program = n.program;
	assert_page(n.port, "/pong", "", 4);
	assert_page(n.port, "/away", "", 4);
	assert_page(n.port, "/big", "", 20000);
	assert_page(n.port, "/gone", "HTTP 410, wanted 200-299", ANY);
	assert_page(n.port, "/none", "HTTP 404, wanted 200-299", ANY);
	assert_page(n.port, "/loop", "over 10 redirects, the last to http://127.0.0.1:", 0);
	assert_page(n.port, "/private", "HTTP 401, wanted 200-299", ANY);
}

static void nginx_lets_in_who_has_the_password(void **unused)
{
	scoped(program_stop) struct program program = { 0 };
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct nginx n = { 0 };
	struct spec s;

	(void)unused;
	nginx_start(&n);
	program = n.program;
	setenv("ENGINES_PASSWORD", "open sesame", 1);
	http_spec(&s, false, n.port, "/private");
	s.probe.http.user = "ana";
	s.probe.http.password = (struct secret){ SECRET_ENV, "ENGINES_PASSWORD", NULL };
	r = run(&s.probe);
	assert_string_equal(r.reason, "");
	assert_int_equal(r.http.body_bytes, 11);
}

static void nginx_compresses_and_we_undo_it(void **unused)
{
	scoped(program_stop) struct program program = { 0 };
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct nginx n = { 0 };
	struct spec s;

	(void)unused;
	nginx_start(&n);
	program = n.program;
	http_spec(&s, false, n.port, "/big");
	s.probe.http.compression = "gzip";
	r = run(&s.probe);
	assert_string_equal(r.reason, "");
	assert_int_equal(r.http.body_bytes, 20000);
	assert_int_equal(r.http.content_length, -1); /* chunked, since compressed on the way */
}

static void nginx_that_dribbles_is_given_up_at_the_deadline(void **unused)
{
	scoped(program_stop) struct program program = { 0 };
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct nginx n = { 0 };
	struct spec s;

	(void)unused;
	nginx_start(&n);
	program = n.program;
	http_spec(&s, false, n.port, "/stall");
	s.probe.timeout_ms = 700;
	r = run(&s.probe);
	assert_non_null(strstr(r.reason, "no answer in 700 ms (while reading the answer)"));
	assert_int_equal(r.http.status, 0);
}

static void nginx_is_asked_over_tls_and_over_http2_where_that_is_insisted_on(void **unused)
{
	const char *versions[] = { "HTTP/2.0" };
	scoped(program_stop) struct program program = { 0 };
	scoped(probe_result_fini) struct probe_result one = { 0 }, two = { 0 }, wrong = { 0 };
	struct nginx n = { 0 };
	struct spec s;

	(void)unused;
	nginx_start(&n);
	program = n.program;
	one = run(http_spec(&s, true, n.tls_port, "/pong"));
	assert_string_equal(one.reason, "");
	assert_int_equal(one.http.version, 11);
	assert_true(one.http.is_tls);
	s.probe.http.versions = versions;
	s.probe.http.n_versions = 1;
	two = run(&s.probe);
	assert_string_equal(two.reason, "");
	assert_int_equal(two.http.version, 20);
	assert_int_equal(two.http.body_bytes, 4);
	assert_int_equal(two.ip_version, 4);
	assert_true(two.phase_us[PHASE_TLS] > 0);
	assert_non_null(two.tls);
	assert_string_equal(two.tls->fingerprint, one.tls->fingerprint);
	assert_int_equal(two.tls->chain_expiry_s, one.tls->chain_expiry_s);
	s.probe.http.tls.expires_after_ms = 5000 * DAY_MS;
	wrong = run(&s.probe);
	assert_non_null(strstr(wrong.reason, "certificate expires in "));
}

/* A probe of `openssl s_server` with one more argument. */
static struct probe_result run_openssl(char *option)
{
	scoped(program_stop) struct program program = { 0 };
	uint16_t port = loopback_closed_port();
	char where[32], *argv[] = { (char[]){ "openssl" }, (char[]){ "s_server" },
		(char[]){ "-accept" }, where, (char[]){ "-quiet" }, (char[]){ "-cert" }, cert_file,
		(char[]){ "-key" }, key_file, option, NULL };
	struct spec s;

	if (!program_exists("openssl"))
		skip();
	snprintf(where, sizeof where, "127.0.0.1:%u", port);
	program_start(&program, argv, port);
	snprintf(s.target, sizeof s.target, "localhost:%u", port);
	s.probe = (struct probe_spec){ .kind = PROBE_TLS,
		.timeout_ms = 5000,
		.ip = IP_V4,
		.tcp = { .address = s.target, .use_tls = true, .tls.ca_file = ca_file } };
	return run(&s.probe);
}

static void openssl_is_spoken_to_in_both_versions_of_tls(void **unused)
{
	scoped(probe_result_fini) struct probe_result new = run_openssl((char[]){ "-tls1_3" });
	scoped(probe_result_fini) struct probe_result old = run_openssl((char[]){ "-tls1_2" });

	(void)unused;
	assert_string_equal(new.reason, "");
	assert_string_equal(new.tls->version, "TLS 1.3");
	assert_string_equal(old.reason, "");
	assert_string_equal(old.tls->version, "TLS 1.2");
	assert_int_equal(strncmp(old.tls->cipher, "TLS_ECDHE_ECDSA_WITH_", 21), 0);
}

static void openssl_without_a_common_version_is_refused_with_its_words(void **unused)
{
	scoped(probe_result_fini) struct probe_result r = run_openssl((char[]){ "-tls1_1" });

	(void)unused;
	assert_false(r.is_ok);
	assert_non_null(strstr(r.reason, "TLS handshake"));
}

struct dns {
	struct program program;
	char server[32];
};

static void dns_start(struct dns *d)
{
	uint16_t port = loopback_closed_port();
	char where[32], *argv[] = { (char[]){ "dnsmasq" }, (char[]){ "--keep-in-foreground" },
		where, (char[]){ "--no-resolv" }, (char[]){ "--no-hosts" },
		(char[]){ "--conf-file=/dev/null" }, (char[]){ "--listen-address=127.0.0.1" },
		(char[]){ "--bind-interfaces" }, (char[]){ "--user=root" },
		(char[]){ "--pid-file=" }, (char[]){ "--log-facility=-" },
		(char[]){ "--host-record=nas.lan,10.1.0.2,fd00::2" }, (char[]){ "--local=/lan/" },
		(char[]){ "--cname=www.lan,nas.lan" }, (char[]){ "--mx-host=lan,mail.lan,10" },
		(char[]){ "--txt-record=lan,v=spf1 -all" },
		(char[]){ "--srv-host=_ldap._tcp.lan,nas.lan,389" }, NULL };

	if (!program_exists("dnsmasq"))
		skip();
	snprintf(where, sizeof where, "--port=%u", port);
	snprintf(d->server, sizeof d->server, "127.0.0.1:%u", port);
	program_start(&d->program, argv, port);
}

static void assert_dns(const struct dns *d, uint16_t type, const char *name, const char *answer)
{
	for (int use_tcp = 0; use_tcp < 2; use_tcp++) {
		struct probe_spec spec = { .kind = PROBE_DNS,
			.timeout_ms = 5000,
			.dns = { .server = d->server,
				.name = name,
				.type = type,
				.use_tcp = use_tcp,
				.answers = &answer,
				.n_answers = 1 } };
		scoped(probe_result_fini) struct probe_result r = run(&spec);

		assert_string_equal(r.reason, "");
		assert_true(r.dns.is_answered);
	}
}

static void dnsmasq_is_asked_for_every_type_over_both_transports(void **unused)
{
	scoped(program_stop) struct program program = { 0 };
	struct dns d = { 0 };

	(void)unused;
	dns_start(&d);
	program = d.program;
	assert_dns(&d, 1, "nas.lan", "10.1.0.2");
	assert_dns(&d, 28, "nas.lan", "fd00::2");
	assert_dns(&d, 1, "www.lan", "10.1.0.2");
	assert_dns(&d, 5, "www.lan", "nas.lan");
	assert_dns(&d, 15, "lan", "10 mail.lan");
	assert_dns(&d, 16, "lan", "v=spf1 -all");
	assert_dns(&d, 33, "_ldap._tcp.lan", "0 0 389 nas.lan.");
}

static void dnsmasq_says_what_does_not_exist(void **unused)
{
	scoped(program_stop) struct program program = { 0 };
	scoped(probe_result_fini) struct probe_result r = { 0 };
	struct dns d = { 0 };
	struct probe_spec spec = { .kind = PROBE_DNS,
		.timeout_ms = 5000,
		.dns = { .server = d.server, .name = "nowhere.lan", .type = 1 } };

	(void)unused;
	dns_start(&d);
	program = d.program;
	r = run(&spec);
	assert_string_equal(r.reason, "NXDOMAIN, wanted NOERROR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nginx_answers_redirects_and_refuses),
		cmocka_unit_test(nginx_lets_in_who_has_the_password),
		cmocka_unit_test(nginx_compresses_and_we_undo_it),
		cmocka_unit_test(nginx_that_dribbles_is_given_up_at_the_deadline),
		cmocka_unit_test(nginx_is_asked_over_tls_and_over_http2_where_that_is_insisted_on),
		cmocka_unit_test(openssl_is_spoken_to_in_both_versions_of_tls),
		cmocka_unit_test(openssl_without_a_common_version_is_refused_with_its_words),
		cmocka_unit_test(dnsmasq_is_asked_for_every_type_over_both_transports),
		cmocka_unit_test(dnsmasq_says_what_does_not_exist),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
