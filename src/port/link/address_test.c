/* SPDX-License-Identifier: Apache-2.0 */
#include "port/link/address.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void hosts_and_ports_are_told_apart(void **unused)
{
	static const struct {
		const char *text, *host, *shown;
		uint16_t port;
	} rows[] = {
		{ "dublin.example.net:7443", "dublin.example.net", NULL, 7443 },
		{ "192.0.2.1:80", "192.0.2.1", "192.0.2.1:80", 80 },
		{ "[2001:db8::1]:7443", "2001:db8::1", "[2001:db8::1]:7443", 7443 },
		{ "[::ffff:192.0.2.1]:1", "::ffff:192.0.2.1", "192.0.2.1:1", 1 },
		{ ":7443", "", NULL, 7443 },
		{ "a:0", "a", NULL, 0 },
		{ "a:65535", "a", NULL, 65535 },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a;
		char text[ADDRESS_TEXT_MAX];

		assert_int_equal(address_parse(rows[i].text, &a, NULL), RC_OK);
		assert_string_equal(a.host, rows[i].host);
		assert_int_equal(a.port, rows[i].port);
		assert_int_equal(a.is_numeric, rows[i].shown != NULL);
		if (rows[i].shown)
			assert_string_equal(address_text((struct sockaddr *)&a.sockaddr, text),
				rows[i].shown);
	}
}

static void what_is_no_address_is_refused(void **unused)
{
	static const char *const texts[] = { "", "dublin", "dublin:", "dublin:x", "dublin:65536",
		"dublin:-1", "dublin:000001", "2001:db8::1:7443", "[2001:db8::1]", "[dublin]:1",
		"[]:1" };
	struct err e = { 0 };

	(void)unused;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct address a;

		assert_int_equal(address_parse(texts[i], &a, &e), RC_INPUT);
	}
	assert_string_equal(e.text,
		"'[]:1' is not host:port (IPv6 addresses stand in brackets: [::1]:7080)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_ports_are_told_apart),
		cmocka_unit_test(what_is_no_address_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
