/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endpoint.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void host_and_port_are_taken_apart_and_put_together(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} rows[] = {
		{ "127.0.0.1:7080", "127.0.0.1", 7080 },
		{ "[::1]:0", "::1", 0 },
		{ "localhost:65535", "localhost", 65535 },
		{ ":80", "", 80 },
		{ "[fe80::1%eth0]:80", "fe80::1%eth0", 80 },
	};
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct endpoint p;

		assert_int_equal(endpoint_parse(rows[i].text, &p, NULL), RC_OK);
		assert_string_equal(p.host, rows[i].host);
		assert_int_equal(p.port, rows[i].port);
		assert_string_equal(endpoint_text(&p, text), rows[i].text);
	}
}

static void what_is_no_endpoint_is_refused_with_its_text(void **state)
{
	static const char *const rows[] = { "", "localhost", "localhost:", ":", "::1", "::1:80",
		"1.2.3.4:65536", "1.2.3.4:+1", "1.2.3.4:-1", "1.2.3.4:8 0", "1.2.3.4:999999",
		"[::1", "[::1]", "[]:80", "[::1]x:80", "http://a:80", "a@b:80", "a b:80", "]:80",
		"[nas]:80", "[10.1.0.1]:80", "[fe80::1%]:80", "[::1]:", "a\tb:80", "a\x7f:80" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct endpoint p;
		struct err e = { 0 };

		assert_int_equal(endpoint_parse(rows[i], &p, &e), RC_INPUT);
		assert_non_null(strstr(e.text, rows[i]));
	}
}

static void what_is_connected_to_may_leave_its_port_out(void **state)
{
	static const struct {
		const char *text;
		uint16_t port_or;
		const char *host; /* NULL: refused */
		uint16_t port;
	} rows[] = {
		{ "nas.lan:993", 0, "nas.lan", 993 },
		{ "[::1]:53", 0, "::1", 53 },
		{ "fd00::1", 53, "fd00::1", 53 },
		{ "[fd00::1]", 53, "fd00::1", 53 },
		{ "fe80::1%eth0", 53, "fe80::1%eth0", 53 },
		{ "nas", 853, "nas", 853 },
		{ "nas.lan", 0, NULL, 0 },
		{ "nas.lan:", 53, NULL, 0 },
		{ "nas.lan:99999", 53, NULL, 0 },
		{ "nas.lan:0", 53, NULL, 0 },
		{ ":80", 53, NULL, 0 },
		{ "[::1", 53, NULL, 0 },
		{ "1:2:3", 53, NULL, 0 },
		{ "", 53, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct endpoint p;
		enum rc rc = endpoint_parse_or(rows[i].text, rows[i].port_or, &p, NULL);

		assert_int_equal(rc, rows[i].host ? RC_OK : RC_INPUT);
		if (rc != RC_OK)
			continue;
		assert_string_equal(p.host, rows[i].host);
		assert_int_equal(p.port, rows[i].port);
	}
}

static void a_host_that_is_too_long_is_refused(void **state)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct endpoint p;

	(void)state;
	for (int i = 0; i < ENDPOINT_HOST_MAX; i++)
		str_addc(&text, 'a');
	str_add(&text, ":80");
	assert_int_equal(endpoint_parse(str_c(&text), &p, NULL), RC_INPUT);
}

static void loopback_is_what_only_this_machine_can_reach(void **state)
{
	static const char *const near[] = { "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1",
		"localhost", "LOCALHOST", "localhost.", "app.localhost" };
	static const char *const far[] = { "", "0.0.0.0", "::", "10.0.0.1", "128.0.0.1",
		"::ffff:10.0.0.1", "notlocalhost", "localhost.example.net", "127.0.0.1.example.net",
		"nas" };

	(void)state;
	for (size_t i = 0; i < COUNT(near); i++)
		assert_true(host_is_loopback(near[i]));
	for (size_t i = 0; i < COUNT(far); i++)
		assert_false(host_is_loopback(far[i]));
}

static void an_ipv6_address_counts_with_its_network(void **state)
{
	static const char *const rows[][2] = {
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
		{ "fe80::1", "fe80::" },
		{ "::1", "::" },
		{ "192.0.2.7", "192.0.2.7" },
		{ "?", "?" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char buf[NETWORK_TEXT_MAX];

		assert_string_equal(address_network(rows[i][0], buf), rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_and_port_are_taken_apart_and_put_together),
		cmocka_unit_test(what_is_no_endpoint_is_refused_with_its_text),
		cmocka_unit_test(what_is_connected_to_may_leave_its_port_out),
		cmocka_unit_test(a_host_that_is_too_long_is_refused),
		cmocka_unit_test(loopback_is_what_only_this_machine_can_reach),
		cmocka_unit_test(an_ipv6_address_counts_with_its_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
