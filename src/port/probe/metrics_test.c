/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_has(const struct str *out, const char *text)
{
	if (!strstr(str_c(out), text))
		fail_msg("no '%s' in:\n%s", text, str_c(out));
}

static unsigned count(const struct str *out, const char *text)
{
	unsigned n = 0;

	for (const char *at = strstr(str_c(out), text); at; at = strstr(at + 1, text))
		n++;
	return n;
}

static void families_come_once_with_a_line_for_each_probe(void **unused)
{
	struct probe_result http = { .kind = PROBE_HTTP,
		.is_ok = true,
		.duration_us = 12345,
		.ip_version = 4,
		.ip_hash = 3668918509u,
		.phase_us = { 10, 20, 0, 40, 50 },
		.http = { .status = 200, .version = 11, .content_length = -1 } };
	struct probe_result dns = { .kind = PROBE_DNS, .phase_us = { 1, 2, 3, 4, 5 } };
	struct probe_metrics_row rows[] = { { "check=\"a\"", &http }, { "check=\"b\"", &dns } };
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)unused;
	probe_metrics_write(rows, 2, &out);
	assert_has(&out, "# HELP probe_success Displays whether or not the probe was a success\n"
			 "# TYPE probe_success gauge\n"
			 "probe_success{check=\"a\"} 1\n"
			 "probe_success{check=\"b\"} 0\n");
	assert_has(&out, "probe_duration_seconds{check=\"a\"} 0.012345\n");
	assert_has(&out, "probe_ip_addr_hash{check=\"a\"} 3668918509\n");
	assert_has(&out, "probe_http_duration_seconds{check=\"a\",phase=\"processing\"} 4e-05\n");
	assert_has(&out, "probe_http_version{check=\"a\"} 1.1\n");
	assert_has(&out, "probe_http_content_length{check=\"a\"} -1\n");
	assert_has(&out, "probe_dns_duration_seconds{check=\"b\",phase=\"connect\"} 5e-06\n");
	assert_int_equal(count(&out, "# TYPE probe_success "), 1);
	assert_int_equal(count(&out, "probe_http_status_code{"), 1);
	assert_int_equal(count(&out, "probe_ssl"), 0);
	assert_int_equal(count(&out, "probe_icmp"), 0);
	assert_int_equal(count(&out, "last_modified"), 0);
}

static void what_certificates_say_is_escaped(void **unused)
{
	struct probe_tls tls = { .version = "TLS 1.3",
		.cipher = "TLS_AES_128_GCM_SHA256",
		.subject = "CN=a\"b\\c\nd",
		.earliest_expiry_s = 1864492701 };
	struct probe_result r = { .kind = PROBE_TLS, .tls = &tls };
	struct probe_metrics_row row = { "", &r };
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)unused;
	probe_metrics_write(&row, 1, &out);
	assert_has(&out, "probe_ssl_earliest_cert_expiry 1864492701\n");
	assert_has(&out, "probe_tls_version_info{version=\"TLS 1.3\"} 1\n");
	assert_has(&out, ",subject=\"CN=a\\\"b\\\\c\\nd\",");
	assert_int_equal(count(&out, "probe_ssl_last_chain_expiry"), 0); /* not verified */
}

static void nothing_probed_is_nothing_written(void **unused)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)unused;
	probe_metrics_write(NULL, 0, &out);
	assert_string_equal(str_c(&out), "");
}

static void a_copy_of_a_result_owns_its_certificates(void **unused)
{
	struct probe_tls tls = { .subject = "CN=a" };
	struct probe_result from = { .kind = PROBE_TLS, .tls = &tls }, to = { 0 };

	(void)unused;
	probe_result_copy(&to, &from);
	probe_result_copy(&to, &from);
	assert_ptr_not_equal(to.tls, &tls);
	assert_string_equal(to.tls->subject, "CN=a");
	probe_result_fini(&to);
	assert_null(to.tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_come_once_with_a_line_for_each_probe),
		cmocka_unit_test(what_certificates_say_is_escaped),
		cmocka_unit_test(nothing_probed_is_nothing_written),
		cmocka_unit_test(a_copy_of_a_result_owns_its_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
