/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs report. */
#include "api/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void a_heartbeat_is_reported_in_every_way(void **state)
{
	static const struct {
		const char *method, *target, *body, *state;
	} rows[] = {
		{ "GET", "/heartbeat/export", NULL, "ok" },
		{ "POST", "/heartbeat/export/fail", "log", "failing" },
		{ "POST", "/heartbeat/export/0", NULL, "ok" },
		{ "GET", "/heartbeat/export/17", NULL, "failing" },
		{ "POST", "/heartbeat/export/start", NULL, "failing" },
		{ "HEAD", "/heartbeat/export", NULL, "ok" },
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN); /* jobs have no login */
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(pump_answer_fini) struct pump_answer a;
		struct check_view view;

		f.ahead_ms += 5000;
		fixture_ask(&f, rows[i].method, rows[i].target, "", rows[i].body, &a);
		assert_int_equal(a.status, 200);
		if (!str_eq(rows[i].method, "HEAD"))
			assert_string_equal(str_c(&a.body), "ok");
		view = checks_view(site_checks(f.site), fixture_check(&f, "export"));
		assert_string_equal(check_state_name(view.state), rows[i].state);
	}
}

static void what_is_no_report_is_refused(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_expect(&f, "GET", "/heartbeat/nothing", NULL, 404, "NOT_FOUND");
	fixture_expect(&f, "GET", "/heartbeat/immich", NULL, 404, "NOT_FOUND"); /* a probe */
	fixture_expect(&f, "GET", "/heartbeat/export/256", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", "/heartbeat/export/-1", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", "/heartbeat/export/stop", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", "/heartbeat/export/99999999999999999999", NULL, 400, "INPUT");
}

static void a_heartbeat_at_the_wrong_site_learns_the_right_one(void **state)
{
	static const char ours[] = "nightly: {home: dublin", theirs[] = "nightly: {home: mumbai";
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a;
	scoped(str_fini) struct str yaml = STR_EMPTY;
	size_t before;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	str_add(&yaml, fixture_yaml);
	memcpy(strstr(yaml.s, ours), theirs, sizeof theirs - 1);
	fixture_reload(&f, str_c(&yaml));
	before = memory_store_count(f.store);
	fixture_ask(&f, "POST", "/heartbeat/nightly", "", "", &a);
	assert_int_equal(a.status, 409);
	assert_non_null(strstr(str_c(&a.body), "'nightly' is at home at mumbai: report it there"));
	assert_int_equal(memory_store_count(f.store), before);
}

static void what_is_not_on_the_disk_is_not_called_ok(void **state)
{
	const struct memory_fault full = { .count = UINT64_MAX, .rc = RC_FULL }, none = { 0 };
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a;
	size_t before;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	before = memory_store_count(f.store);
	memory_store_set_fault(f.store, full);
	fixture_expect(&f, "GET", "/heartbeat/export", NULL, 507, "FULL"); /* kept for later */
	fixture_expect(&f, "GET", "/heartbeat/export", NULL, 507, "FULL"); /* not even that */
	fixture_expect(&f, "POST", LAB_ "/notes", "{\"text\": \"x\"}", 507, "FULL");
	memory_store_set_fault(f.store, none);
	site_tick(f.site, fixture_now(&f));
	fixture_drain(&f);
	assert_int_equal(memory_store_count(f.store), before + 1);
	fixture_ask(&f, "GET", "/heartbeat/export", "", NULL, &a);
	assert_int_equal(a.status, 200);
}

static void a_heartbeat_with_a_token_wants_it(void **state)
{
	static const struct {
		const char *target, *headers;
		int status;
	} rows[] = {
		{ "/heartbeat/locked", "", 401 },
		{ "/heartbeat/locked?token=wrong", "", 401 },
		{ "/heartbeat/locked?token=", "", 401 },
		{ "/heartbeat/locked", "Authorization: Bearer wrong\r\n", 401 },
		{ "/heartbeat/locked", "Authorization: Basic heartbeat secret\r\n", 401 },
		{ "/heartbeat/locked?token=heartbeat+secret", "", 200 },
		{ "/heartbeat/locked", "Authorization: Bearer heartbeat secret\r\n", 200 },
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(pump_answer_fini) struct pump_answer a;

		fixture_ask(&f, "GET", rows[i].target, rows[i].headers, NULL, &a);
		assert_int_equal(a.status, rows[i].status);
		assert_null(strstr(str_c(&a.body), FIXTURE_HEARTBEAT_TOKEN));
	}
}

static void the_beginning_of_a_log_is_kept_whatever_it_holds(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a, b;
	scoped(str_fini) struct str log = STR_EMPTY;
	scoped(json_decref) json_t *events = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	str_add(&log, "line one\nquote \" tab\t\x1b[31mred");
	for (int i = 0; i < 600000; i++)
		str_addc(&log, "\x01\xff\"\\\x1f"[i % 5]);
	fixture_ask_ok(&f, "POST", "/heartbeat/export", str_c(&log), &a);
	str_addf(&log, "%0500000d", 1);
	fixture_ask(&f, "POST", "/heartbeat/export", "", str_c(&log), &b);
	assert_int_equal(b.status, 413);
	events = fixture_get(&f, LAB_ "/events?kind=ping");
	assert_int_equal(json_array_size(json_at(events, "events")), 1);
	assert_true(str_starts(text_at(events, "events.0.body.log"),
		"line one\nquote \" tab\t [31mred"));
}

static void a_nul_does_not_end_a_log(void **state)
{
	static const char request[] = "POST /heartbeat/export HTTP/1.1\r\nHost: localhost\r\n"
				      "Content-Length: 12\r\n\r\nbefore\0after";
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(pump_answer_fini) struct pump_answer a;
	scoped(json_decref) json_t *events = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	pump_connect(&p, &f.loop, api_address(f.api));
	pump_send_bytes(&p, request, sizeof request - 1);
	pump_answer(&p, &a);
	assert_int_equal(a.status, 200);
	events = fixture_get(&f, LAB_ "/events?kind=ping");
	assert_string_equal(text_at(events, "events.0.body.log"), "before after");
}

static void a_job_that_loops_cannot_fill_the_journal(void **state)
{
	scoped(fixture_fini) struct fixture f;
	int taken = 0, refused = 0;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (int i = 0; i < 60; i++) {
		scoped(pump_answer_fini) struct pump_answer a;

		fixture_ask(&f, "GET", "/heartbeat/export", "", NULL, &a);
		taken += a.status == 200;
		refused += a.status == 429;
	}
	assert_in_range(taken, 20, 25);
	assert_int_equal(taken + refused, 60);
	f.ahead_ms += 5000;
	for (int i = 0; i < 3; i++) {
		scoped(pump_answer_fini) struct pump_answer a;

		fixture_ask(&f, "GET", "/heartbeat/export", "", NULL, &a);
		assert_int_equal(a.status, 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_heartbeat_is_reported_in_every_way),
		cmocka_unit_test(what_is_no_report_is_refused),
		cmocka_unit_test(a_heartbeat_at_the_wrong_site_learns_the_right_one),
		cmocka_unit_test(what_is_not_on_the_disk_is_not_called_ok),
		cmocka_unit_test(a_heartbeat_with_a_token_wants_it),
		cmocka_unit_test(the_beginning_of_a_log_is_kept_whatever_it_holds),
		cmocka_unit_test(a_nul_does_not_end_a_log),
		cmocka_unit_test(a_job_that_loops_cannot_fill_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
