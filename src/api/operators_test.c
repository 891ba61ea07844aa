/* SPDX-License-Identifier: Apache-2.0 */
/* What people order: silences, pauses, notes; and what nothing observes. */
#include "api/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- coverage, silences */

static void coverage_names_what_nothing_observes(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *c = NULL;
	const json_t *list;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_observe(&f, "immich", NULL);
	c = fixture_get(&f, LAB_ "/coverage");
	list = json_at(c, "unobserved");
	assert_members(json_array_get(list, 0), "name kind why line");
	assert_null(json_where(list, "name", "immich"));
	assert_null(json_where(list, "name", "nas")); /* immich runs on it */
	assert_string_equal(text_at(json_where(list, "name", "dark"), "kind"), "host");
	assert_non_null(strstr(text_at(json_where(list, "name", "export"), "why"), "never"));
	assert_true(number_at(json_where(list, "name", "dns"), "line") > 10);
	assert_int_equal(number_at(c, "observed"), 2);
}

static void a_silence_is_made_listed_and_ended(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer made, ended;
	scoped(json_decref) json_t *id = NULL, *list = NULL, *s = NULL, *after = NULL;
	const json_t *item;
	char target[256];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_ask_ok(&f, "POST", LAB_ "/silences",
		"{\"matchers\": \"{name=\\\"immich\\\"}\", \"for\": \"2h\", \"why\": \"moving\", "
		"\"by\": \"ana\"}",
		&made);
	assert_int_equal(json_read(&id, str_c(&made.body), made.body.len, NULL), RC_OK);
	list = fixture_get(&f, LAB_ "/silences");
	item = json_where(json_at(list, "silences"), "id", text_at(id, "id"));
	assert_members(item, "id matchers from until why by is_active is_window");
	assert_string_equal(text_at(item, "why"), "moving");
	assert_true(json_is_true(json_at(item, "is_active")));
	s = fixture_get(&f, LAB_ "/status");
	assert_true(json_is_true(
		json_at(json_where(json_at(s, "checks"), "name", "immich"), "is_silenced")));
	assert_true(json_is_false(
		json_at(json_where(json_at(s, "checks"), "name", "dns"), "is_silenced")));
	snprintf(target, sizeof target, LAB_ "/silences/%s", text_at(id, "id"));
	fixture_ask_ok(&f, "DELETE", target, NULL, &ended);
	after = fixture_get(&f, LAB_ "/silences");
	assert_null(json_where(json_at(after, "silences"), "id", text_at(id, "id")));
	fixture_expect(&f, "DELETE", LAB_ "/silences/nothing", NULL, 404, "NOT_FOUND");
}

static void a_window_is_listed_with_its_next_or_present_stretch(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *before = NULL, *during = NULL;
	const json_t *item;
	struct wall from;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	before = fixture_get(&f, LAB_ "/silences");
	item = json_where(json_at(before, "silences"), "id", "sunday");
	assert_true(json_is_true(json_at(item, "is_window")));
	assert_true(json_is_false(json_at(item, "is_active")));
	assert_string_equal(text_at(item, "why"), "updates");
	assert_int_equal(wall_parse(text_at(item, "from"), &from, NULL), RC_OK);
	f.ahead_ms += from.ms - fixture_now(&f).wall.ms + MINUTE_MS;
	during = fixture_get(&f, LAB_ "/silences");
	item = json_where(json_at(during, "silences"), "id", "sunday");
	assert_true(json_is_true(json_at(item, "is_active")));
}

static void a_silence_that_makes_no_sense_is_refused(void **state)
{
	static const char *const bodies[] = { "", "[]", "{}", "{\"for\": \"2h\"}",
		"{\"matchers\": \"{name=\\\"a\\\"}\"}",
		"{\"matchers\": \"{name=\\\"a\\\"}\", \"for\": \"2h\", \"until\": "
		"\"2030-01-01T00:00:00Z\"}",
		"{\"matchers\": \"{name=\\\"a\\\"}\", \"for\": \"soon\"}",
		"{\"matchers\": \"{name=\\\"a\\\"}\", \"until\": \"2001-01-01T00:00:00Z\"}",
		"{\"matchers\": \"{name=~\\\"(\\\"}\", \"for\": \"2h\"}",
		"{\"matchers\": 5, \"for\": \"2h\"}",
		"{\"matchers\": \"{name=\\\"a\\\"}\", \"fro\": \"2h\"}", "{\"matchers\"",
		"nonsense" };
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (size_t i = 0; i < COUNT(bodies); i++)
		fixture_expect(&f, "POST", LAB_ "/silences", bodies[i], 400, "INPUT");
	assert_int_equal(alert_silences(site_alert(f.site))->n, 0);
}

/* ---- checks, notes */

static void a_check_is_paused_and_resumed(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a, b, c;
	scoped(json_decref) json_t *open_end = NULL, *hour = NULL, *resumed = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_ask_ok(&f, "POST", LAB_ "/checks/link%3Adublin-mumbai/pause",
		"{\"for\": null, \"why\": \"moving\", \"by\": \"ana\"}", &a);
	open_end = fixture_get(&f, LAB_ "/when/link%3Adublin-mumbai");
	assert_string_equal(text_at(open_end, "check.state"), "paused");
	assert_true(json_is_null(json_at(open_end, "check.paused_until")));
	fixture_ask_ok(&f, "POST", LAB_ "/checks/immich/pause", "{\"for\": \"1h\"}", &b);
	hour = fixture_get(&f, LAB_ "/when/immich");
	assert_string_equal(text_at(hour, "check.state"), "paused");
	assert_string_not_equal(text_at(hour, "check.paused_until"), "");
	f.ahead_ms += 1000;
	fixture_ask_ok(&f, "POST", LAB_ "/checks/immich/resume", NULL, &c);
	resumed = fixture_get(&f, LAB_ "/when/immich");
	assert_string_not_equal(text_at(resumed, "check.state"), "paused");
	fixture_expect(&f, "POST", LAB_ "/checks/nothing/pause", "{}", 404, "NOT_FOUND");
	fixture_expect(&f, "POST", LAB_ "/checks/immich/pause", "{\"for\": \"0\"}", 400, "INPUT");
}

static void a_note_goes_into_the_journal(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a;
	scoped(json_decref) json_t *events = NULL;
	scoped(str_fini) struct str huge = STR_EMPTY;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_ask_ok(&f, "POST", LAB_ "/notes",
		"{\"text\": \"swapped a disk \\u0001 \\\"here\\\"\", \"by\": \"ana\", \"subject\": "
		"\"nas\"}",
		&a);
	events = fixture_get(&f, LAB_ "/events?kind=note");
	assert_string_equal(text_at(events, "events.0.subject"), "nas");
	assert_string_equal(text_at(events, "events.0.body.by"), "ana");
	fixture_expect(&f, "POST", LAB_ "/notes", "{\"text\": \"\"}", 400, "INPUT");
	str_add(&huge, "{\"text\": \"");
	for (int i = 0; i < 5000; i++)
		str_addc(&huge, 'x');
	str_add(&huge, "\"}");
	fixture_expect(&f, "POST", LAB_ "/notes", str_c(&huge), 400, "INPUT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coverage_names_what_nothing_observes),
		cmocka_unit_test(a_silence_is_made_listed_and_ended),
		cmocka_unit_test(a_window_is_listed_with_its_next_or_present_stretch),
		cmocka_unit_test(a_silence_that_makes_no_sense_is_refused),
		cmocka_unit_test(a_check_is_paused_and_resumed),
		cmocka_unit_test(a_note_goes_into_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
