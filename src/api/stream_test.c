/* SPDX-License-Identifier: Apache-2.0 */
/* What browsers that follow are told, and when. */
#include "api/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define STREAM_REQUEST "GET /api/lab/v1/stream HTTP/1.1\r\nHost: localhost\r\n"

static void follow_with(struct fixture *f, struct pump *p, const char *headers)
{
	scoped(str_fini) struct str request = STR_EMPTY;

	pump_connect(p, &f->loop, api_address(f->api));
	str_addf(&request, STREAM_REQUEST "%s\r\n", headers);
	pump_send(p, str_c(&request));
}

static void follow(struct fixture *f, struct pump *p)
{
	follow_with(f, p, fixture_browser(f));
	assert_true(pump_until(p, "event: status"));
	assert_true(pump_until(p, "\"counts\""));
	assert_true(pump_until(p, "\n\n"));
}

/* Messages of a kind among what came so far. */
static int count_of(struct pump *p, const char *text)
{
	int n = 0;

	for (const char *at = str_c(&p->got); (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

/* The data of the first message of a kind that is there in whole; the rest stays. */
static json_t *message(struct pump *p, const char *event)
{
	char start[64];
	json_t *root = NULL;
	const char *at, *end;
	struct err e = { 0 };

	snprintf(start, sizeof start, "event: %s\ndata: ", event);
	assert_true(pump_until(p, start));
	at = strstr(str_c(&p->got), start);
	str_consume(&p->got, (size_t)(at - p->got.s));
	assert_true(pump_until(p, "\n\n"));
	at = str_c(&p->got) + strlen(start);
	end = strstr(at, "\n\n");
	if (json_read(&root, at, (size_t)(end - at), &e) != RC_OK)
		fail_msg("%s", e.text);
	str_consume(&p->got, (size_t)(end - p->got.s));
	return root;
}

static void a_follower_gets_the_status_first(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(json_decref) json_t *status = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	follow_with(&f, &p, "");
	assert_true(pump_until(&p, "\r\n\r\n"));
	assert_non_null(strstr(str_c(&p.got), "Content-Type: text/event-stream\r\n"));
	assert_non_null(strstr(str_c(&p.got), "Cache-Control: no-cache\r\n"));
	status = message(&p, "status");
	assert_string_equal(text_at(status, "site"), "dublin");
	assert_int_equal(json_array_size(json_at(status, "checks")), f.lab->n_checks);
}

static void a_change_is_told_with_only_what_changed(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(json_decref) json_t *change = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	follow(&f, &p);
	fixture_observe(&f, "imap", NULL);
	fixture_observe(&f, "immich", NULL);
	change = message(&p, "change");
	assert_string_not_equal(text_at(change, "now"), "");
	assert_int_equal(json_array_size(json_at(change, "checks")), 1);
	assert_string_equal(text_at(change, "checks.0.name"),
		"immich"); /* imap isn't ours to see */
	assert_string_equal(text_at(change, "checks.0.state"), "ok");
	assert_null(json_at(change, "silences"));
	assert_null(json_at(change, "incidents"));
	assert_true(number_at(change, "counts.ok") >= 1);
}

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

static void many_changes_are_told_at_most_four_times_a_second(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	int64_t start;
	int n;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	follow(&f, &p);
	start = now_ms();
	for (int i = 0; i < 100; i++) {
		f.ahead_ms += 1000;
		fixture_observe(&f, "immich", i / 4 % 2 ? "flap" : NULL);
		pump_run(&f.loop, 10);
	}
	pump_until_closed(&p, 300);
	n = count_of(&p, "event: change");
	assert_in_range(n, 2, (now_ms() - start) / 250 + 1);
}

static void evidence_alone_is_told_once_a_second(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(json_decref) json_t *change = NULL;
	int64_t start;
	int n;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_observe(&f, "immich", NULL);
	follow(&f, &p);
	start = now_ms();
	for (int i = 0; i < 20; i++) {
		f.ahead_ms += 10;
		fixture_observe(&f, "immich", NULL); /* no word changes */
		pump_run(&f.loop, 100);
	}
	pump_until_closed(&p, 100);
	n = count_of(&p, "\"name\":\"immich\"");
	assert_in_range(n, 1, (now_ms() - start) / 1000 + 1);
	change = message(&p, "change");
	assert_string_equal(text_at(change, "checks.0.name"), "immich");
}

static void nothing_is_told_when_nothing_changes_but_that_we_live(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	int64_t start;
	int n;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	follow(&f, &p);
	start = now_ms();
	assert_false(pump_until_closed(&p, 4300));
	n = count_of(&p, "event: beat\ndata: {\"now\":\"");
	assert_int_equal(count_of(&p, "event: change"), 0);
	assert_in_range(n, 1, (now_ms() - start) / 2000 + 1);
}

static void an_incident_is_told_until_its_end(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_observe(&f, "dns", NULL);
	follow(&f, &p);
	fixture_break(&f, "dns", "SERVFAIL");
	assert_true(pump_until(&p, "\"cause\":\"dns\""));
	assert_true(pump_until(&p, "\"state\":\"open\""));
	for (int i = 0; i < 10; i++) {
		f.ahead_ms += 20000;
		fixture_observe(&f, "dns", NULL);
		site_tick(f.site, fixture_now(&f));
		fixture_drain(&f);
	}
	assert_true(pump_until(&p, "\"state\":\"closed\""));
}

static void events_of_the_journal_are_told_once_each_in_order(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	assert_int_equal(site_note(f.site, fixture_now(&f),
				 &(struct site_word){ "x", "before", "me" }, NULL),
		RC_OK);
	fixture_drain(&f);
	follow(&f, &p);
	for (int i = 0; i < 50; i++) {
		char note[32];

		snprintf(note, sizeof note, "note %d.", i);
		assert_int_equal(site_note(f.site, fixture_now(&f),
					 &(struct site_word){ "x", note, "me" }, NULL),
			RC_OK);
		fixture_drain(&f);
		if (i % 10 == 0)
			pump_run(&f.loop, 260);
	}
	for (int i = 0; i < 50; i++) {
		scoped(json_decref) json_t *ev = message(&p, "journal");
		char note[32];

		snprintf(note, sizeof note, "note %d.", i);
		assert_string_equal(text_at(ev, "body.text"), note);
		assert_string_not_equal(text_at(ev, "cursor"), "");
		assert_string_not_equal(text_at(ev, "text"), "");
	}
	assert_false(pump_until_closed(&p, 600));
	assert_int_equal(count_of(&p, "event: journal"), 0);
}

static void a_silence_and_its_end_by_the_clock_are_told(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(json_decref) json_t *begun = NULL, *over = NULL;
	struct wall until = { fixture_now(&f).wall.ms };
	char id[INCIDENT_ID_MAX];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	follow(&f, &p);
	until.ms = fixture_now(&f).wall.ms + 60000;
	assert_int_equal(site_silence(f.site, fixture_now(&f),
				 &(struct site_word){ "{name=\"immich\"}", "w", "me", until }, id,
				 NULL),
		RC_OK);
	fixture_drain(&f);
	begun = message(&p, "change");
	assert_non_null(json_where(json_at(begun, "silences"), "id", id));
	assert_true(json_is_true(
		json_at(json_where(json_at(begun, "checks"), "name", "immich"), "is_silenced")));
	f.ahead_ms += 61000;
	over = message(&p, "change");
	assert_null(json_where(json_at(over, "silences"), "id", id));
	assert_true(json_is_false(
		json_at(json_where(json_at(over, "checks"), "name", "immich"), "is_silenced")));
}

static void a_reload_sends_a_new_status(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(json_decref) json_t *status = NULL;
	scoped(str_fini) struct str yaml = STR_EMPTY;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	follow(&f, &p);
	str_clear(&p.got);
	str_add(&yaml, fixture_yaml);
	memcpy(strstr(yaml.s, "imap:"), "smtp:", 5);
	fixture_reload(&f, str_c(&yaml));
	status = message(&p, "status");
	assert_non_null(json_where(json_at(status, "checks"), "name", "smtp"));
	fixture_observe(&f, "dns", NULL);
	assert_true(pump_until(&p, "event: change"));
}

/* ---- clients */

static void a_client_that_reads_nothing_is_cut_off_and_others_go_on(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump slow, quick;
	char text[3001];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	pump_connect(&slow, &f.loop, api_address(f.api));
	pump_send(&slow, STREAM_REQUEST "\r\n");
	follow(&f, &quick);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < 300; i++) { /* 1 MB as JSON: more than the kernel's buffers and ours */
		assert_int_equal(site_note(f.site, fixture_now(&f),
					 &(struct site_word){ "x", text, "me" }, NULL),
			RC_OK);
		fixture_drain(&f);
	}
	assert_int_equal(site_note(f.site, fixture_now(&f),
				 &(struct site_word){ "x", "the last one", "me" }, NULL),
		RC_OK);
	fixture_drain(&f);
	assert_true(pump_until(&quick, "the last one"));
	assert_false(quick.is_closed);
	assert_true(pump_until_closed(&slow, PUMP_MS));
	assert_true(slow.got.len < 700000);
}

#define MANY 1000

/* Each message's checks, counted by their state. */
static int count_checks(const json_t *message, const char *state)
{
	const json_t *checks = json_at(message, "checks");
	int n = 0;

	for (size_t i = 0; i < json_array_size(checks); i++)
		n += str_eq(json_get_text(json_array_get(checks, i), "state", ""), state);
	return n;
}

static void a_thousand_checks_that_fail_at_once_cut_nobody_off(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;
	scoped(str_fini) struct str yaml = STR_EMPTY;
	scoped(json_decref) json_t *status = NULL;
	char name[16];
	int told = 0;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	str_addn(&yaml, fixture_yaml,
		(size_t)(strstr(fixture_yaml, "probes:\n") + 8 - fixture_yaml));
	for (int i = 0; i < MANY; i++)
		str_addf(&yaml,
			"  many-%d: {home: dublin, from: [dublin], every: 15s, "
			"http: \"http://10.9.9.9/a/longer/path/%d\"}\n",
			i, i);
	str_add(&yaml, strstr(fixture_yaml, "probes:\n") + 8);
	fixture_reload(&f, str_c(&yaml));
	pump_connect(&p, &f.loop, api_address(f.api));
	pump_send(&p, "GET /api/lab/v1/stream HTTP/1.0\r\nHost: localhost\r\n\r\n"); /* no chunks */
	status = message(&p, "status");
	assert_true(json_array_size(json_at(status, "checks")) > MANY);
	for (int round = 0; round < 4; round++) {
		f.ahead_ms += 2000;
		for (int i = 0; i < MANY; i++) {
			snprintf(name, sizeof name, "many-%d", i);
			fixture_observe(&f, name,
				"no route to host: the machine at the other end is gone");
		}
	}
	while (told < MANY) {
		scoped(json_decref) json_t *change = message(&p, "change");

		told += count_checks(change, "failing");
		assert_false(p.is_closed);
	}
}

static void only_so_many_may_follow(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct pump p[SSE_CLIENTS_MAX];
	scoped(pump_answer_fini) struct pump_answer refused;
	char value[32];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (size_t i = 0; i < COUNT(p); i++) {
		follow_with(&f, &p[i], "");
		assert_true(pump_until(&p[i], "event: status"));
	}
	fixture_ask(&f, "GET", "/api/lab/v1/stream", "", NULL, &refused);
	assert_int_equal(refused.status, 429);
	assert_non_null(pump_header(&refused, "Retry-After", value, sizeof value));
	for (size_t i = 0; i < COUNT(p); i++)
		pump_fini(&p[i]);
}

static void logging_out_ends_the_streams_of_the_session(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump session, script;
	scoped(pump_answer_fini) struct pump_answer a;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	fixture_log_in(&f);
	follow(&f, &session);
	follow_with(&f, &script, "Authorization: Bearer " FIXTURE_TOKEN "\r\n");
	assert_true(pump_until(&script, "event: status"));
	assert_non_null(strstr(str_c(&session.got), f.csrf));
	fixture_ask(&f, "POST", "/logout", fixture_browser(&f), NULL, &a);
	assert_int_equal(a.status, 200);
	assert_true(pump_until_closed(&session, 3000));
	assert_false(pump_until_closed(&script, 100));
}

static void a_head_request_follows_nothing(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_fini) struct pump p;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	pump_connect(&p, &f.loop, api_address(f.api));
	pump_send(&p,
		"HEAD /api/lab/v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	assert_true(pump_until_closed(&p, 2000));
	assert_non_null(strstr(str_c(&p.got), "200 OK"));
	assert_null(strstr(str_c(&p.got), "event:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_follower_gets_the_status_first),
		cmocka_unit_test(a_change_is_told_with_only_what_changed),
		cmocka_unit_test(many_changes_are_told_at_most_four_times_a_second),
		cmocka_unit_test(evidence_alone_is_told_once_a_second),
		cmocka_unit_test(nothing_is_told_when_nothing_changes_but_that_we_live),
		cmocka_unit_test(an_incident_is_told_until_its_end),
		cmocka_unit_test(events_of_the_journal_are_told_once_each_in_order),
		cmocka_unit_test(a_silence_and_its_end_by_the_clock_are_told),
		cmocka_unit_test(a_reload_sends_a_new_status),
		cmocka_unit_test(a_client_that_reads_nothing_is_cut_off_and_others_go_on),
		cmocka_unit_test(a_thousand_checks_that_fail_at_once_cut_nobody_off),
		cmocka_unit_test(only_so_many_may_follow),
		cmocka_unit_test(logging_out_ends_the_streams_of_the_session),
		cmocka_unit_test(a_head_request_follows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
