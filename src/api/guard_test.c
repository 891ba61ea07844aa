/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what: exposure, login, sessions, CSRF, origins, hosts, and hostile requests. */
#include "api/api_fixture.h"
#include "api/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define STATUS "/api/lab/v1/status"
#define NOTES  "/api/lab/v1/notes"
#define NOTE   "{\"text\": \"hello\"}"
#define CSRF   "X-Diarchy-CSRF: none\r\n"
#define TOKEN  "Authorization: Bearer " FIXTURE_TOKEN "\r\n"

static int status_of(struct fixture *f, const char *method, const char *target, const char *headers,
	const char *body)
{
	scoped(pump_answer_fini) struct pump_answer a;

	fixture_ask(f, method, target, headers, body, &a);
	return a.status;
}

/* ---- exposure */

static void without_a_login_only_loopback_is_listened_on(void **state)
{
	static const struct {
		const char *listen;
		bool has_login;
		enum rc rc;
	} rows[] = {
		{ "127.0.0.1:7080", false, RC_OK },
		{ "[::1]:7080", false, RC_OK },
		{ "localhost:7080", false, RC_OK },
		{ "0.0.0.0:7080", false, RC_REFUSED },
		{ "[::]:7080", false, RC_REFUSED },
		{ ":7080", false, RC_REFUSED },
		{ "10.1.0.1:7080", false, RC_REFUSED },
		{ "nas.lan:7080", false, RC_REFUSED },
		{ "0.0.0.0:7080", true, RC_OK },
		{ "nonsense", true, RC_INPUT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		assert_int_equal(api_check_exposure(rows[i].listen, rows[i].has_login, &e),
			rows[i].rc);
		if (rows[i].rc == RC_REFUSED) {
			assert_non_null(strstr(e.text, rows[i].listen));
			assert_non_null(strstr(e.text, "login-hash"));
			assert_non_null(strstr(e.text, "127.0.0.1:7080"));
		}
	}
}

static void the_api_does_not_start_where_it_would_be_open(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct api_setup setup;
	struct err e = { 0 };

	(void)state;
	fixture_init_site(&f);
	setup = fixture_setup(&f);
	setup.listen = "0.0.0.0:0";
	assert_int_equal(api_start(&f.api, &setup, &e), RC_REFUSED);
	setup.login.token = "short";
	assert_int_equal(api_start(&f.api, &setup, &e), RC_INPUT);
	setup.login = (struct api_login){ .password_hash = "hunter2" };
	assert_int_equal(api_start(&f.api, &setup, &e), RC_INPUT);
	assert_null(strstr(e.text, "hunter2"));
	setup.login = (struct api_login){ .token = FIXTURE_TOKEN };
	assert_int_equal(api_start(&f.api, &setup, &e), RC_OK);
	assert_true(str_starts(api_address(f.api), "0.0.0.0:"));
}

/* ---- login */

static void without_a_login_nothing_of_the_lab_is_told(void **state)
{
	static const char *const closed[] = { STATUS, "/api/lab/v1/checks", "/api/lab/v1/stream",
		"/api/lab/v1/events", "/api/lab/v1/when/immich" };
	static const char *const open[] = { "/", "/healthz", "/metrics", "/heartbeat/export" };
	static const char *const wrong[] = { "", "Authorization: Bearer wrong\r\n",
		"Authorization: Bearer \r\n", "Authorization: Basic OnRva2Vu\r\n",
		"Cookie: diarchy=\r\n",
		"Cookie: "
		"diarchy=0000000000000000000000000000000000000000000000000000000000000000\r\n" };
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	for (size_t i = 0; i < COUNT(closed); i++) {
		for (size_t k = 0; k < COUNT(wrong); k++) {
			scoped(pump_answer_fini) struct pump_answer a;
			char value[64];

			fixture_ask(&f, "GET", closed[i], wrong[k], NULL, &a);
			assert_int_equal(a.status, 401);
			assert_non_null(pump_header(&a, "WWW-Authenticate", value, sizeof value));
			assert_null(strstr(str_c(&a.body), "immich"));
		}
	}
	for (size_t i = 0; i < COUNT(open); i++)
		assert_int_equal(status_of(&f, "GET", open[i], "", NULL), 200);
}

static void a_body_without_a_login_is_not_even_taken(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	pump_connect(&p, &f.loop, api_address(f.api));
	pump_send(&p,
		"POST " NOTES " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n");
	pump_answer(&p, &a); /* not a byte of it was sent */
	assert_int_equal(a.status, 401);
}

static void the_token_opens_without_csrf(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	assert_int_equal(status_of(&f, "GET", STATUS, TOKEN, NULL), 200);
	assert_int_equal(status_of(&f, "POST", NOTES, TOKEN, NOTE), 200);
	assert_int_equal(status_of(&f, "POST", "/logout", TOKEN, NULL), 200);
}

static void the_password_opens_a_session(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a;
	scoped(json_decref) json_t *s = NULL;
	char cookie[256];

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	fixture_ask(&f, "POST", "/login", "", "password=correct%20horse", &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(str_c(&a.body), "{}");
	assert_non_null(pump_header(&a, "Set-Cookie", cookie, sizeof cookie));
	assert_true(str_starts(cookie, "diarchy="));
	assert_non_null(strstr(cookie, "; HttpOnly"));
	assert_non_null(strstr(cookie, "; SameSite=Strict"));
	assert_non_null(strstr(cookie, "; Path=/"));
	assert_null(strstr(cookie, "Secure"));
	fixture_log_in(&f);
	s = fixture_get(&f, STATUS);
	assert_true(json_is_true(json_at(s, "session.login")));
	assert_int_equal(strlen(text_at(s, "session.csrf")), 64);
	assert_null(strstr(f.cookie, f.csrf));
}

static void behind_tls_the_cookie_is_secure(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a;
	char cookie[256];

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	fixture_ask(&f, "POST", "/login", "X-Forwarded-Proto: https\r\n", "password=correct+horse",
		&a);
	assert_non_null(strstr(pump_header(&a, "Set-Cookie", cookie, sizeof cookie), "; Secure"));
}

static void wrong_passwords_are_refused_and_slowed_down(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer locked, right;
	char seconds[16];

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	for (int i = 0; i < AUTH_FREE_TRIES; i++)
		assert_int_equal(status_of(&f, "POST", "/login", "", "password=wrong"), 401);
	fixture_ask(&f, "POST", "/login", "", "password=correct+horse", &locked);
	assert_int_equal(locked.status, 429);
	assert_string_equal(pump_header(&locked, "Retry-After", seconds, sizeof seconds), "1");
	f.ahead_ms += 1100;
	fixture_ask(&f, "POST", "/login", "", "password=correct+horse", &right);
	assert_int_equal(right.status, 200);
	assert_int_equal(status_of(&f, "POST", "/login", "", "password=wrong"), 401); /* forgiven */
}

static void what_is_no_login_form_is_refused(void **state)
{
	static const char *const bodies[] = { NULL, "", "pass=x", "password=%zz",
		"{\"password\":\"x\"}" };
	scoped(fixture_fini) struct fixture f;
	scoped(str_fini) struct str huge = STR_EMPTY;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_int_equal(status_of(&f, "POST", "/login", "", bodies[i]), 400);
	str_addf(&huge, "password=%05000d", 1);
	assert_int_equal(status_of(&f, "POST", "/login", "", str_c(&huge)), 413);
}

static void only_so_many_passwords_are_checked_at_once(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct pump p[LOGIN_CHECKS_MAX + 1];
	int refused = 0;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	for (size_t i = 0; i < COUNT(p); i++) {
		pump_connect(&p[i], &f.loop, api_address(f.api));
		pump_send(&p[i],
			"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
			"password=x");
	}
	for (size_t i = 0; i < COUNT(p); i++) {
		scoped(pump_answer_fini) struct pump_answer a;

		pump_answer(&p[i], &a);
		refused += a.status == 429;
		pump_fini(&p[i]);
	}
	assert_int_equal(refused, 1);
}

static void stopping_waits_for_passwords_under_way(void **state)
{
	struct fixture f;
	scoped(pump_fini) struct pump p;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	pump_connect(&p, &f.loop, api_address(f.api));
	pump_send(&p,
		"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\npassword=x");
	for (int i = 0; i < 5; i++)
		uv_run(&f.loop, UV_RUN_NOWAIT);
	fixture_fini(&f);
	assert_true(f.is_stopped);
}

static void a_session_ends_with_logout_and_with_time(void **state)
{
	scoped(fixture_fini) struct fixture f;
	char browser[512];

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	fixture_log_in(&f);
	str_copy(browser, sizeof browser, fixture_browser(&f));
	assert_int_equal(status_of(&f, "GET", STATUS, browser, NULL), 200);
	assert_int_equal(status_of(&f, "POST", "/logout", browser, NULL), 200);
	assert_int_equal(status_of(&f, "GET", STATUS, browser, NULL), 401);
	fixture_log_in(&f);
	f.ahead_ms += AUTH_SESSION_IDLE_MS;
	assert_int_equal(status_of(&f, "GET", STATUS, fixture_browser(&f), NULL), 401);
}

/* ---- CSRF, origins, hosts */

static void a_change_needs_the_csrf_header_of_its_session(void **state)
{
	scoped(fixture_fini) struct fixture f;
	char header[512];

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	fixture_log_in(&f);
	snprintf(header, sizeof header, "Cookie: %s\r\n", f.cookie);
	assert_int_equal(status_of(&f, "POST", NOTES, header, NOTE), 403);
	assert_int_equal(status_of(&f, "POST", "/logout", header, NULL), 403);
	snprintf(header, sizeof header, "Cookie: %s\r\n" CSRF, f.cookie);
	assert_int_equal(status_of(&f, "POST", NOTES, header, NOTE), 403);
	snprintf(header, sizeof header, "Cookie: %s\r\nX-Diarchy-CSRF: %.63s\r\n", f.cookie,
		f.csrf);
	assert_int_equal(status_of(&f, "POST", NOTES, header, NOTE), 403);
	snprintf(header, sizeof header, "Cookie: %s\r\nX-Diarchy-CSRF: %.63s%c\r\n", f.cookie,
		f.csrf, f.csrf[63] == 'a' ? 'b' : 'a'); /* of the right length */
	assert_int_equal(status_of(&f, "POST", NOTES, header, NOTE), 403);
	assert_int_equal(status_of(&f, "GET", STATUS, header, NULL), 200); /* reading doesn't */
	assert_int_equal(status_of(&f, "POST", NOTES, fixture_browser(&f), NOTE), 200);
}

/* The path of a pattern, with something in the place of each {name}. */
static void path_of(const struct route *r, char *ret, size_t size)
{
	size_t n = 0;

	for (const char *at = r->pattern; *at && n < size - 1; at++) {
		ret[n++] = *at == '{' ? 'x' : *at;
		at += *at == '{' ? strcspn(at, "}") : 0;
	}
	ret[n] = '\0';
}

/* Whoever adds a route has it checked here. */
static void nothing_is_changed_without_csrf_or_for_another_origin(void **state)
{
	static const char *const foreign[] = { "Origin: http://evil.example\r\n",
		"Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n" };
	scoped(fixture_fini) struct fixture f;
	char path[128], headers[1024];
	int changing = 0;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	fixture_log_in(&f);
	for (size_t i = 0; i < route_count; i++) {
		const struct route *r = &routes[i];
		const char *method = route_method_name(r->method);

		path_of(r, path, sizeof path);
		/* A question may come as a form. */
		assert_true(r->method == ROUTE_GET || r->needs == ROUTE_CHANGE ||
			    r->needs == ROUTE_PING || r->needs == ROUTE_FEED ||
			    r->takes == ROUTE_QUERY);
		for (size_t k = 0;
			r->needs >= ROUTE_PING && r->needs != ROUTE_READ && k < COUNT(foreign);
			k++) {
			snprintf(headers, sizeof headers, "%s%s", foreign[k], fixture_browser(&f));
			assert_int_equal(status_of(&f, method, path, headers, NULL), 403);
		}
		if (r->needs != ROUTE_CHANGE)
			continue;
		changing++;
		snprintf(headers, sizeof headers, "Cookie: %s\r\n", f.cookie);
		assert_int_equal(status_of(&f, method, path, headers, NULL), 403);
		assert_int_equal(status_of(&f, method, path, CSRF, NULL), 401);
	}
	assert_true(changing > 5);
	assert_int_equal(status_of(&f, "POST", NOTES, fixture_browser(&f), NOTE), 200);
}

/* What a browser brought along, somebody else may have planted there. */
static void a_login_opens_a_session_that_nobody_could_know_before(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a;
	char planted[256], first[128], header[256];

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	snprintf(planted, sizeof planted, "Cookie: diarchy=%064d\r\n", 7);
	fixture_ask(&f, "POST", "/login", planted, "password=correct+horse", &a);
	assert_int_equal(a.status, 200);
	assert_null(strstr(pump_header(&a, "Set-Cookie", header, sizeof header), planted + 8));
	assert_int_equal(status_of(&f, "GET", STATUS, planted, NULL), 401);
	fixture_log_in(&f);
	str_copy(first, sizeof first, f.cookie);
	fixture_log_in(&f);
	assert_string_not_equal(first, f.cookie);
}

static void without_login_a_change_needs_any_csrf_header(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	assert_int_equal(status_of(&f, "POST", NOTES, "", NOTE), 403);
	assert_int_equal(status_of(&f, "POST", NOTES, CSRF, NOTE), 200);
}

static void pages_of_other_origins_can_change_nothing(void **state)
{
	static const char *const foreign[] = { "Origin: http://evil.example\r\n",
		"Origin: null\r\n", "Origin: http://localhost\r\n",
		"Origin: http://localhost:1\r\n", "Origin: \r\n",
		"Origin: http://evil.example/localhost:80\r\n", "Sec-Fetch-Site: cross-site\r\n",
		"Sec-Fetch-Site: same-site\r\n" };
	static const char *const targets[] = { NOTES, "/heartbeat/export", "/login" };
	scoped(fixture_fini) struct fixture f;
	char headers[512];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (size_t i = 0; i < COUNT(foreign); i++) {
		for (size_t k = 0; k < COUNT(targets); k++) {
			snprintf(headers, sizeof headers, "%s" CSRF, foreign[i]);
			assert_int_equal(status_of(&f, "POST", targets[k], headers, NOTE), 403);
		}
	}
	snprintf(headers, sizeof headers,
		"Origin: http://%s\r\nSec-Fetch-Site: same-origin\r\n" CSRF, api_address(f.api));
	assert_int_equal(status_of(&f, "POST", NOTES, headers, NOTE), 200);
	snprintf(headers, sizeof headers,
		"Origin: https://localhost:9\r\nHost: localhost:9\r\n" CSRF);
	assert_int_equal(status_of(&f, "POST", NOTES, headers, NOTE), 200); /* TLS by a proxy */
}

static void on_loopback_only_our_own_names_are_answered(void **state)
{
	static const char *const ours[] = { "localhost", "localhost:7080", "127.0.0.1",
		"127.9.9.9:1", "[::1]", "[::1]:7080", "diarchy.localhost" };
	static const char *const foreign[] = { "evil.example", "evil.example:7080", "10.0.0.1",
		"[fd00::1]:7080", "localhost.evil.example", "127.0.0.1.evil.example", "", "[",
		"::1" };
	scoped(fixture_fini) struct fixture f;
	char headers[256];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (size_t i = 0; i < COUNT(ours); i++) {
		snprintf(headers, sizeof headers, "Host: %s\r\n", ours[i]);
		assert_int_equal(status_of(&f, "GET", STATUS, headers, NULL), 200);
	}
	for (size_t i = 0; i < COUNT(foreign); i++) {
		snprintf(headers, sizeof headers, "Host: %s\r\n", foreign[i]);
		assert_int_equal(status_of(&f, "GET", STATUS, headers, NULL), 403);
		assert_int_equal(status_of(&f, "GET", "/", headers, NULL), 403);
		assert_int_equal(status_of(&f, "GET", "/metrics", headers, NULL), 403);
	}
}

static void a_name_that_a_proxy_passes_on_is_answered_when_it_is_ours(void **state)
{
	static const char dublin[] = "timezone: Europe/Dublin";
	scoped(fixture_fini) struct fixture f;
	scoped(str_fini) struct str yaml = STR_EMPTY;
	const char *at = strstr(fixture_yaml, dublin);

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	assert_int_equal(status_of(&f, "GET", STATUS, "Host: LAB.example.net\r\n", NULL), 403);
	str_addn(&yaml, fixture_yaml, (size_t)(at - fixture_yaml));
	str_addf(&yaml, "url: \"https://lab.example.net:8443\", %s", at);
	fixture_reload(&f, str_c(&yaml));
	assert_int_equal(status_of(&f, "GET", STATUS, "Host: LAB.example.net\r\n", NULL), 200);
	assert_int_equal(status_of(&f, "GET", STATUS, "Host: lab.example.org\r\n", NULL), 403);
}

/* ---- hostile requests */

static void hostile_targets_do_no_harm(void **state)
{
	static const struct {
		const char *target;
		int status;
	} rows[] = {
		{ "/../../../../etc/passwd",
			200 }, /* the pages: no file system is there to leave */
		{ "/..%2f..%2fetc%2fpasswd", 200 },
		{ "/api/lab/v1/../../../etc/passwd", 404 },
		{ "/api/lab/v1/when/%2e%2e%2fetc%2fpasswd", 404 },
		{ "/api/lab/v1/when/%", 400 },
		{ "/api/lab/v1/when/%00", 400 },
		{ "/api/lab/v1/when/%ff%fe", 400 },
		{ "/api/lab/v1/events?kind=%zz", 400 },
		{ "/api/lab/v1/events?site=';DROP%20TABLE%20event;--", 200 },
		{ "/api/lab/v1/events?kind=%E2%80%AE", 200 },
		{ "http://localhost/api/lab/v1/status", 400 },
		{ "*", 400 },
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(pump_answer_fini) struct pump_answer a;

		fixture_ask(&f, "GET", rows[i].target, "", NULL, &a);
		if (a.status != rows[i].status)
			fail_msg("%s: %d, wanted %d", rows[i].target, a.status, rows[i].status);
		assert_null(strstr(str_c(&a.body), "root:"));
	}
}

static void hostile_json_is_an_error_with_a_place(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer broken, twice;
	scoped(str_fini) struct str deep = STR_EMPTY, huge = STR_EMPTY;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_ask(&f, "POST", NOTES, CSRF, "{\"text\":\n\"x\",}", &broken);
	assert_int_equal(broken.status, 400);
	assert_non_null(strstr(str_c(&broken.body), "line 2"));
	fixture_ask(&f, "POST", NOTES, CSRF, "{\"text\": \"a\", \"text\": \"b\"}", &twice);
	assert_int_equal(twice.status, 400);
	for (int i = 0; i < 100000; i++)
		str_addc(&deep, '[');
	assert_int_equal(status_of(&f, "POST", NOTES, CSRF, str_c(&deep)), 400);
	for (int i = 0; i < HTTP_REQUEST_BYTES_MAX; i++)
		str_addc(&huge, ' ');
	assert_int_equal(status_of(&f, "POST", NOTES, CSRF, str_c(&huge)), 400);
	str_addc(&huge, ' ');
	assert_int_equal(status_of(&f, "POST", NOTES, CSRF, str_c(&huge)), 413);
}

static void headers_without_end_are_cut_off(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(str_fini) struct str many = STR_EMPTY, lengthy = STR_EMPTY;
	int status;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (int i = 0; i < 10000; i++)
		str_addf(&many, "X-%d: y\r\n", i);
	status = status_of(&f, "GET", STATUS, str_c(&many), NULL);
	assert_true(status == 431 || status == 0);
	str_add(&lengthy, "Cookie: ");
	for (int i = 0; i < 100000; i++)
		str_addc(&lengthy, 'x');
	str_add(&lengthy, "\r\n");
	status = status_of(&f, "GET", STATUS, str_c(&lengthy), NULL);
	assert_true(status == 431 || status == 0);
	assert_int_equal(status_of(&f, "GET", STATUS, "", NULL), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_login_only_loopback_is_listened_on),
		cmocka_unit_test(the_api_does_not_start_where_it_would_be_open),
		cmocka_unit_test(without_a_login_nothing_of_the_lab_is_told),
		cmocka_unit_test(a_body_without_a_login_is_not_even_taken),
		cmocka_unit_test(the_token_opens_without_csrf),
		cmocka_unit_test(the_password_opens_a_session),
		cmocka_unit_test(behind_tls_the_cookie_is_secure),
		cmocka_unit_test(wrong_passwords_are_refused_and_slowed_down),
		cmocka_unit_test(what_is_no_login_form_is_refused),
		cmocka_unit_test(only_so_many_passwords_are_checked_at_once),
		cmocka_unit_test(stopping_waits_for_passwords_under_way),
		cmocka_unit_test(a_session_ends_with_logout_and_with_time),
		cmocka_unit_test(a_change_needs_the_csrf_header_of_its_session),
		cmocka_unit_test(nothing_is_changed_without_csrf_or_for_another_origin),
		cmocka_unit_test(a_login_opens_a_session_that_nobody_could_know_before),
		cmocka_unit_test(without_login_a_change_needs_any_csrf_header),
		cmocka_unit_test(pages_of_other_origins_can_change_nothing),
		cmocka_unit_test(on_loopback_only_our_own_names_are_answered),
		cmocka_unit_test(a_name_that_a_proxy_passes_on_is_answered_when_it_is_ours),
		cmocka_unit_test(hostile_targets_do_no_harm),
		cmocka_unit_test(hostile_json_is_an_error_with_a_place),
		cmocka_unit_test(headers_without_end_are_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
