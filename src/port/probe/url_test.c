/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct url parsed(const char *text)
{
	struct url u;
	struct err e;

	if (url_parse(text, &u, &e) != RC_OK)
		fail_msg("%s: %s", text, e.text);
	return u;
}

static void assert_refused(const char *text)
{
	struct url u;

	assert_int_equal(url_parse(text, &u, NULL), RC_INPUT);
}

static void a_url_is_taken_apart(void **unused)
{
	struct url u = parsed("https://Photos.Example.net:8443/api/ping?x=1#top");

	(void)unused;
	assert_true(u.is_https);
	assert_string_equal(u.host, "photos.example.net");
	assert_int_equal(u.port, 8443);
	assert_string_equal(u.target, "/api/ping?x=1");
}

static void scheme_port_and_path_have_defaults(void **unused)
{
	struct url u = parsed("nas.lan");

	(void)unused;
	assert_false(u.is_https);
	assert_int_equal(u.port, 80);
	assert_string_equal(u.target, "/");
	assert_int_equal(parsed("https://nas.lan?q").port, 443);
	assert_string_equal(parsed("https://nas.lan?q").target, "/?q");
	assert_int_equal(parsed("127.0.0.1:8080").port, 8080);
	assert_string_equal(parsed("http://[::1]:8080/").host, "::1");
}

static void a_login_is_decoded(void **unused)
{
	(void)unused;
	assert_string_equal(parsed("http://ana:p%40ss@nas.lan/").login, "ana:p@ss");
	assert_string_equal(parsed("http://a@b@nas.lan/").login, "a@b");
	assert_string_equal(parsed("http://a@b@nas.lan/").host, "nas.lan");
	assert_refused("http://ana%00:x@nas.lan/");
}

static void nothing_gets_into_the_request_line_that_could_break_it(void **unused)
{
	(void)unused;
	assert_string_equal(parsed("http://h/a b\r\nX: y").target, "/a%20b%0D%0AX:%20y");
	assert_string_equal(parsed("http://h/caf\xc3\xa9").target, "/caf%C3%A9");
	assert_refused("http://a b/");
	assert_refused("http://a\r\nb/");
	assert_refused("http://m\xc3\xbcnchen/");
}

static void nonsense_is_refused(void **unused)
{
	char long_url[URL_TARGET_MAX + 100] = "http://h/";

	(void)unused;
	memset(long_url + 9, 'x', sizeof long_url - 10);
	assert_refused(long_url);
	assert_refused("");
	assert_refused("http://");
	assert_refused("http://:80/");
	assert_refused("ftp://h/");
	assert_refused("http://[::1/");
	assert_refused("http://[::1]x/");
	assert_refused("http://[nas]/");
	assert_refused("http://h:0/");
	assert_refused("http://h:65536/");
	assert_refused("http://h:8o/");
}

static void assert_leads(const char *base, const char *location, const char *wanted)
{
	struct url from = parsed(base), to, want = parsed(wanted);
	struct err e;

	if (url_redirect(&from, location, &to, &e) != RC_OK)
		fail_msg("%s: %s", location, e.text);
	assert_int_equal(to.is_https, want.is_https);
	assert_string_equal(to.host, want.host);
	assert_int_equal(to.port, want.port);
	assert_string_equal(to.target, want.target);
}

/* RFC 3986, 5.4, as far as http has it. */
static void a_redirect_is_resolved_against_its_base(void **unused)
{
	const char *base = "http://a/b/c/d;p?q";

	(void)unused;
	assert_leads(base, "http://x/y", "http://x/y");
	assert_leads(base, "HTTPS://x", "https://x/");
	assert_leads(base, "//g", "http://g/");
	assert_leads("https://a:8443/b", "//g:1", "https://g:1/");
	assert_leads(base, "g", "http://a/b/c/g");
	assert_leads(base, "./g", "http://a/b/c/g");
	assert_leads(base, "g/", "http://a/b/c/g/");
	assert_leads(base, "/g", "http://a/g");
	assert_leads(base, "?y", "http://a/b/c/d;p?y");
	assert_leads(base, "g?y/../x", "http://a/b/c/g?y/../x");
	assert_leads(base, "#s", "http://a/b/c/d;p?q");
	assert_leads(base, "", "http://a/b/c/d;p?q");
	assert_leads(base, ".", "http://a/b/c/");
	assert_leads(base, "..", "http://a/b/");
	assert_leads(base, "../g", "http://a/b/g");
	assert_leads(base, "../../../g", "http://a/g");
	assert_leads(base, "/./g", "http://a/g");
	assert_leads(base, "g/./h/../i", "http://a/b/c/g/i");
	assert_leads(base, ".g", "http://a/b/c/.g");
	assert_leads(base, "g..", "http://a/b/c/g..");
}

static void a_redirect_elsewhere_than_the_web_is_refused(void **unused)
{
	struct url base = parsed("http://a/b"), to;

	(void)unused;
	assert_int_equal(url_redirect(&base, "file:///etc/passwd", &to, NULL), RC_INPUT);
	assert_int_equal(url_redirect(&base, "javascript:alert(1)", &to, NULL), RC_INPUT);
	assert_int_equal(url_redirect(&base, "http://", &to, NULL), RC_INPUT);
}

static void the_host_header_has_the_port_when_it_is_not_the_usual(void **unused)
{
	char buf[URL_AUTHORITY_MAX];
	struct url u = parsed("https://h:443/");

	(void)unused;
	assert_string_equal(url_authority(&u, buf), "h");
	u = parsed("http://h:443/");
	assert_string_equal(url_authority(&u, buf), "h:443");
	u = parsed("http://[fe80::1]:8080/");
	assert_string_equal(url_authority(&u, buf), "[fe80::1]:8080");
}

static void a_login_stays_with_its_origin_or_goes_where_it_is_safer(void **unused)
{
	static const struct {
		const char *first, *next;
		bool shares;
	} rows[] = {
		{ "https://nas.lan/", "https://nas.lan/login", true },
		{ "https://nas.lan/", "https://nas.lan:443/", true },
		{ "http://nas.lan/", "https://nas.lan/", true },
		{ "https://nas.lan/", "http://nas.lan/", false },
		{ "https://nas.lan:443/", "http://nas.lan:443/", false },
		{ "http://nas.lan:8080/", "http://nas.lan:9090/", false },
		{ "http://nas.lan:8080/", "https://nas.lan/", false },
		{ "http://nas.lan/", "https://nas.lan:8443/", false },
		{ "https://nas.lan/", "https://other.lan/", false },
		{ "https://nas.lan/", "https://sub.nas.lan/", false },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct url first, next;

		assert_int_equal(url_parse(rows[i].first, &first, NULL), RC_OK);
		assert_int_equal(url_parse(rows[i].next, &next, NULL), RC_OK);
		if (url_shares_login(&first, &next) != rows[i].shares)
			fail_msg("%s to %s", rows[i].first, rows[i].next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_taken_apart),
		cmocka_unit_test(scheme_port_and_path_have_defaults),
		cmocka_unit_test(a_login_is_decoded),
		cmocka_unit_test(nothing_gets_into_the_request_line_that_could_break_it),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_redirect_is_resolved_against_its_base),
		cmocka_unit_test(a_redirect_elsewhere_than_the_web_is_refused),
		cmocka_unit_test(the_host_header_has_the_port_when_it_is_not_the_usual),
		cmocka_unit_test(a_login_stays_with_its_origin_or_goes_where_it_is_safer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
