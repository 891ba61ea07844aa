/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/address.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void a_host_is_an_address_or_a_name_and_nothing_else(void **unused)
{
	static const char *const good[] = { "10.1.0.1", "fd00::10", "nas.lan", "nas",
		"a_b.example.net.", "3com.example", "xn--bcher-kva.example" };
	static const char *const bad[] = { "", "10.1.0", "10.1.0.300", "nas.lan:22", "[fd00::10]",
		"a..b", "-a.example", "nas lan", "http://nas", "a/b", "." };

	(void)unused;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(address_is_host(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(address_is_host(bad[i]));
}

static void an_endpoint_has_a_port_from_1_to_65535(void **unused)
{
	static const char *const good[] = { "10.1.0.1:22", "[fd00::10]:22", "nas.lan:1",
		"nas:65535" };
	static const char *const bad[] = { "nas", "nas:", "nas:0", "nas:65536", "nas:22x", ":22",
		"fd00::10:22", "[fd00::10]", "[nas]:22", "[10.1.0.1]:22", "nas:-1",
		"nas:99999999" };

	(void)unused;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(address_is_endpoint(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(address_is_endpoint(bad[i]));
}

static void a_url_has_a_scheme_a_host_and_no_password(void **unused)
{
	static const char *const good[] = { "http://nas", "https://nas.lan:8443/a?b#c",
		"HTTPS://[fd00::1]/", "http://10.1.0.1?x" };
	static const char *const bad[] = { "nas", "ftp://nas/", "http://", "http:///x",
		"http://a:b@nas/", "http://nas:0/", "http://nas/a b", "http://nas:99999",
		"https:nas" };

	(void)unused;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(address_is_url(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(address_is_url(bad[i]));
}

static void a_login_in_a_url_is_seen(void **unused)
{
	(void)unused;
	assert_true(address_has_login("http://a:b@nas/"));
	assert_true(address_has_login("ftp://a@nas"));
	assert_false(address_has_login("http://nas/@"));
	assert_false(address_has_login("nas@"));
}

static void a_base_url_ends_where_the_path_would_begin(void **unused)
{
	(void)unused;
	assert_true(address_is_base_url("https://watch.example.net"));
	assert_true(address_is_base_url("https://watch.example.net:8443/"));
	assert_false(address_is_base_url("https://watch.example.net/x"));
	assert_false(address_is_base_url("https://watch.example.net?x"));
}

static void the_host_is_found_wherever_it_stands(void **unused)
{
	static const struct {
		const char *text, *host;
	} rows[] = {
		{ "https://Photos.Example.net:8443/api", "photos.example.net" },
		{ "http://[FD00::1]:80/", "fd00::1" },
		{ "10.1.0.1:22", "10.1.0.1" },
		{ "[fd00::10]:22", "fd00::10" },
		{ "fd00::10", "fd00::10" },
		{ "nas.lan", "nas.lan" },
	};
	char host[ADDRESS_HOST_MAX];

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(address_host(rows[i].text, host));
		assert_string_equal(host, rows[i].host);
	}
	assert_false(address_host("", host));
	assert_false(address_host("http://", host));
	assert_false(address_host("a b", host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_an_address_or_a_name_and_nothing_else),
		cmocka_unit_test(an_endpoint_has_a_port_from_1_to_65535),
		cmocka_unit_test(a_url_has_a_scheme_a_host_and_no_password),
		cmocka_unit_test(a_login_in_a_url_is_seen),
		cmocka_unit_test(a_base_url_ends_where_the_path_would_begin),
		cmocka_unit_test(the_host_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
