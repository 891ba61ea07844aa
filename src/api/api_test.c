/* SPDX-License-Identifier: Apache-2.0 */
/* What the API answers, over real sockets, from a real site. */
#include "api/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- status */

static void the_status_is_the_whole_picture(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *s = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	s = fixture_get(&f, LAB_ "/status");
	assert_members(s,
		"lab site now version started session revision sites links watchers checks "
		"incidents silences counts");
	assert_string_equal(text_at(s, "lab"), "home");
	assert_string_equal(text_at(s, "site"), "dublin");
	assert_string_equal(text_at(s, "version"), DIARCHY_VERSION);
	assert_members(json_at(s, "session"), "login csrf");
	assert_true(json_is_false(json_at(s, "session.login")));
	assert_members(json_at(s, "revision"), "hash commit author summary since");
	assert_int_equal(strlen(text_at(s, "revision.hash")), 64);
	assert_string_not_equal(text_at(s, "revision.since"), "");
	assert_members(json_at(s, "counts"), "ok failing silent pending paused");
	assert_int_equal(json_array_size(json_at(s, "checks")), f.lab->n_checks);
}

static void the_status_tells_sites_links_and_watchers(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *s = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	s = fixture_get(&f, LAB_ "/status");
	assert_members(json_at(s, "sites.0"),
		"name index zone state since is_self is_blind lab_hash egress journal");
	assert_members(json_at(s, "sites.0.journal"), "events epoch head");
	assert_string_equal(text_at(s, "sites.0.zone"), "Europe/Dublin");
	assert_string_equal(text_at(s, "sites.0.state"), "ok");
	assert_true(json_is_true(json_at(s, "sites.0.is_self")));
	assert_string_equal(text_at(s, "sites.0.lab_hash"), text_at(s, "revision.hash"));
	assert_true(number_at(s, "sites.0.journal.events") >= 2);
	assert_int_equal(strlen(text_at(s, "sites.0.journal.head")), 64);
	assert_string_equal(text_at(s, "sites.1.state"), "pending");
	assert_string_equal(text_at(s, "sites.1.egress"), "unknown");
	assert_members(json_at(s, "links.0"), "a b state since rtt_ms skew_ms lag_events");
	assert_string_equal(text_at(s, "links.0.b"), "mumbai");
	assert_string_equal(text_at(s, "links.0.state"), "down");
	assert_true(json_is_null(json_at(s, "links.0.rtt_ms")));
	assert_members(json_at(s, "watchers.0"), "name state since hears drill");
	assert_members(json_at(s, "watchers.0.hears"), "dublin mumbai");
	assert_true(json_is_null(json_at(s, "watchers.0.drill")));
}

static void a_check_tells_what_is_declared_and_what_was_seen(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *s = NULL;
	const json_t *c;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_observe(&f, "immich", NULL);
	s = fixture_get(&f, LAB_ "/checks");
	c = json_where(json_at(s, "checks"), "name", "immich");
	assert_members(c,
		"name kind probe target home host severity state scope since reason every_ms "
		"is_flapping is_silenced incident paused_until needs description runbook "
		"vantages");
	assert_string_equal(text_at(c, "kind"), "probe");
	assert_string_equal(text_at(c, "probe"), "http");
	assert_string_equal(text_at(c, "target"), "http://photos.lan/ping");
	assert_string_equal(text_at(c, "home"), "dublin");
	assert_string_equal(text_at(c, "host"), "nas");
	assert_string_equal(text_at(c, "severity"), "warning");
	assert_string_equal(text_at(c, "state"), "ok");
	assert_string_equal(text_at(c, "scope"), "none");
	assert_int_equal(number_at(c, "every_ms"), 15000);
	assert_string_equal(text_at(c, "description"), "the photos");
	assert_int_equal(json_array_size(json_at(c, "vantages")), 2);
	assert_members(json_at(c, "vantages.0"),
		"site word since heard last_ok reason took_ms is_fresh is_blind");
	assert_string_equal(text_at(c, "vantages.0.word"), "ok");
	assert_true(json_number_value(json_at(c, "vantages.0.took_ms")) == 12.5);
	assert_true(json_is_true(json_at(c, "vantages.0.is_fresh")));
	assert_string_equal(text_at(c, "vantages.1.word"), "none");
	c = json_where(json_at(s, "checks"), "name", "export");
	assert_string_equal(text_at(c, "kind"), "heartbeat");
	assert_true(json_is_null(json_at(c, "probe")));
	c = json_where(json_at(s, "checks"), "name", "dns");
	assert_string_equal(text_at(c, "needs.0"), "immich");
	assert_non_null(strstr(text_at(c, "target"), "nas.lan"));
}

/* ---- incidents */

static void open_incident(struct fixture *f, char id[INCIDENT_ID_MAX])
{
	scoped(json_decref) json_t *list = NULL;

	fixture_observe(f, "dns", NULL);
	fixture_break(f, "dns", "SERVFAIL, wanted NOERROR");
	list = fixture_get(f, LAB_ "/incidents?state=open");
	str_copy(id, INCIDENT_ID_MAX,
		text_at(json_where(json_at(list, "incidents"), "cause", "dns"), "id"));
	assert_string_not_equal(id, "");
}

static void an_incident_tells_what_died_and_who_was_told(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *in = NULL, *s = NULL;
	char id[INCIDENT_ID_MAX], target[256];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	open_incident(&f, id);
	snprintf(target, sizeof target, LAB_ "/incidents/%s", id);
	in = fixture_get(&f, target);
	assert_string_equal(text_at(in, "id"), id);
	assert_string_equal(text_at(in, "owner"), "dublin");
	assert_string_equal(text_at(in, "cause"), "dns");
	assert_string_equal(text_at(in, "state"), "open");
	assert_string_equal(text_at(in, "severity"), "critical");
	assert_string_equal(text_at(in, "members.0.check"), "dns");
	assert_string_equal(text_at(in, "members.0.reason"), "SERVFAIL, wanted NOERROR");
	assert_true(json_is_null(json_at(in, "ack")));
	assert_true(json_is_null(json_at(in, "closed")));
	assert_members(json_at(in, "told.0"), "channel version wanted first at via message");
	assert_string_equal(text_at(in, "told.0.channel"), "discord");
	assert_int_equal(number_at(in, "told.0.version"), 0);
	assert_true(number_at(in, "told.0.wanted") >= 1);
	assert_true(json_array_size(json_at(in, "timeline")) >= 2);
	assert_non_null(json_where(json_at(in, "timeline"), "kind", "incident"));
	assert_non_null(json_where(json_at(in, "timeline"), "kind", "evidence"));
	s = fixture_get(&f, LAB_ "/status");
	assert_non_null(json_where(json_at(s, "incidents"), "id", id));
	assert_string_equal(text_at(json_where(json_at(s, "checks"), "name", "dns"), "incident"),
		id);
	assert_true(number_at(s, "counts.failing") >= 1);
}

static void an_acknowledgement_shows(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a;
	scoped(json_decref) json_t *in = NULL;
	char id[INCIDENT_ID_MAX], target[256];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	open_incident(&f, id);
	snprintf(target, sizeof target, LAB_ "/incidents/%s/ack", id);
	fixture_ask_ok(&f, "POST", target, "{\"why\": \"on it\", \"by\": \"ana\"}", &a);
	assert_string_equal(str_c(&a.body), "{}");
	snprintf(target, sizeof target, LAB_ "/incidents/%s", id);
	in = fixture_get(&f, target);
	assert_string_equal(text_at(in, "ack.by"), "ana");
	assert_string_equal(text_at(in, "ack.why"), "on it");
	assert_non_null(json_where(json_at(in, "timeline"), "kind", "ack"));
	fixture_expect(&f, "POST", LAB_ "/incidents/dublin-nothing/ack", "{}", 404, "NOT_FOUND");
}

static void a_closed_incident_is_remembered_and_told_apart(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *open = NULL, *closed = NULL, *all = NULL;
	char id[INCIDENT_ID_MAX];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	open_incident(&f, id);
	for (int i = 0; i < 30; i++) {
		f.ahead_ms += 20000;
		fixture_observe(&f, "dns", NULL);
		fixture_observe(&f, "immich", NULL);
		site_tick(f.site, fixture_now(&f));
		fixture_drain(&f);
	}
	open = fixture_get(&f, LAB_ "/incidents?state=open");
	closed = fixture_get(&f, LAB_ "/incidents?state=closed");
	all = fixture_get(&f, LAB_ "/incidents?state=all&limit=500");
	assert_null(json_where(json_at(open, "incidents"), "id", id));
	assert_string_equal(text_at(json_where(json_at(closed, "incidents"), "id", id), "state"),
		"closed");
	assert_string_equal(text_at(json_where(json_at(closed, "incidents"), "id", id), "title"),
		"dns was down");
	assert_non_null(json_where(json_at(all, "incidents"), "id", id));
}

static void an_incident_that_only_the_journal_knows_is_put_together_again(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *one = NULL, *list = NULL;
	char id[INCIDENT_ID_MAX], target[256];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	f.delivers = true;
	open_incident(&f, id);
	for (int i = 0; i < 60; i++) { /* two days: alert forgets what is over */
		f.ahead_ms += i < 20 ? 20000 : HOUR_MS;
		fixture_observe(&f, "dns", NULL);
		site_tick(f.site, fixture_now(&f));
		fixture_drain(&f);
	}
	assert_null(map_get(alert_incidents(site_alert(f.site)), id));
	snprintf(target, sizeof target, LAB_ "/incidents/%s", id);
	one = fixture_get(&f, target);
	assert_string_equal(text_at(one, "state"), "closed");
	assert_string_equal(text_at(one, "title"), "dns was down");
	assert_string_equal(text_at(one, "members.0.check"), "dns");
	assert_string_equal(text_at(one, "told.0.via"), "dublin");
	assert_string_equal(text_at(one, "told.0.message"), "4711");
	assert_int_equal(number_at(one, "told.0.version"), number_at(one, "version"));
	assert_true(strcmp(text_at(one, "told.0.first"), text_at(one, "told.0.at")) < 0);
	assert_true(json_array_size(json_at(one, "timeline")) >= 2);
	list = fixture_get(&f, LAB_ "/incidents?state=closed");
	assert_non_null(json_where(json_at(list, "incidents"), "id", id));
}

static void incidents_are_asked_for_in_words_that_exist(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_expect(&f, "GET", LAB_ "/incidents?state=burning", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", LAB_ "/incidents?limit=0", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", LAB_ "/incidents?limit=999999999999999999999", NULL, 400,
		"INPUT");
	fixture_expect(&f, "GET", LAB_ "/incidents?limit=5x", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", LAB_ "/incidents/nothing", NULL, 404, "NOT_FOUND");
	fixture_expect(&f, "GET", LAB_ "/incidents/%00", NULL, 400, "INPUT");
}

/* ---- when */

static void when_tells_last_good_and_first_bad_by_vantage(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *w = NULL;
	char id[INCIDENT_ID_MAX];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	open_incident(&f, id);
	w = fixture_get(&f, LAB_ "/when/dns");
	assert_members(w, "check last_good first_bad vantages incident told before history");
	assert_string_equal(text_at(w, "check.state"), "failing");
	assert_true(strcmp(text_at(w, "last_good"), text_at(w, "first_bad")) < 0);
	assert_members(json_at(w, "vantages.0"), "site last_good first_bad reason");
	assert_string_equal(text_at(w, "vantages.0.first_bad"), text_at(w, "first_bad"));
	assert_string_equal(text_at(w, "incident.id"), id);
	assert_int_equal(json_array_size(json_at(w, "told")), 0);
	assert_members(json_at(w, "history.0"), "at vantage word reason");
	assert_string_equal(text_at(w, "history.0.word"), "failing");
	assert_string_equal(text_at(w, "history.0.reason"), "SERVFAIL, wanted NOERROR");
	assert_true(json_array_size(json_at(w, "before")) >= 1); /* the start, just before */
	assert_non_null(json_where(json_at(w, "before"), "kind", "boot"));
}

static void when_knows_jobs_by_their_reports(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a, b;
	scoped(json_decref) json_t *w = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_ask_ok(&f, "GET", "/heartbeat/export", NULL, &a);
	fixture_ask_ok(&f, "POST", "/heartbeat/export/3", "it went wrong", &b);
	w = fixture_get(&f, LAB_ "/when/export");
	assert_string_equal(text_at(w, "history.0.word"), "failing");
	assert_string_equal(text_at(w, "history.1.word"), "ok");
	assert_string_not_equal(text_at(w, "first_bad"), "");
	fixture_expect(&f, "GET", LAB_ "/when/nothing", NULL, 404, "NOT_FOUND");
}

/* ---- events */

static void events_come_newest_first_and_a_page_at_a_time(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *all = NULL;
	char target[128], note[64];
	const char *cursor = "";
	size_t n = 0;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (int i = 0; i < 10; i++) {
		f.ahead_ms += 10;
		snprintf(note, sizeof note, "note %d", i);
		assert_int_equal(site_note(f.site, fixture_now(&f),
					 &(struct site_word){ "a thing", note, "me" }, NULL),
			RC_OK);
	}
	all = fixture_get(&f, LAB_ "/events");
	assert_true(json_is_null(json_at(all, "next")));
	assert_members(json_at(all, "events.0"),
		"site epoch seq hlc wall kind subject body previous hash signature text cursor");
	assert_string_equal(text_at(all, "events.0.body.text"), "note 9");
	assert_non_null(strstr(text_at(all, "events.0.text"), "note 9"));
	for (json_t *page = NULL; cursor; json_decref(page)) {
		snprintf(target, sizeof target, LAB_ "/events?limit=3&before=%s", cursor);
		page = fixture_get(&f, target);
		for (size_t i = 0; i < json_array_size(json_at(page, "events")); i++, n++)
			assert_string_equal(
				text_at(json_array_get(json_at(page, "events"), i), "hash"),
				text_at(json_array_get(json_at(all, "events"), n), "hash"));
		cursor = json_is_null(json_at(page, "next")) ? NULL : text_at(page, "next");
		cursor = cursor ? strcpy(note, cursor) : NULL;
	}
	assert_int_equal(n, json_array_size(json_at(all, "events")));
}

static void a_page_that_is_exactly_full_is_the_last_when_nothing_follows(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *all = NULL, *full = NULL, *shorter = NULL, *kinds = NULL;
	char target[128];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	for (int i = 0; i < 5; i++)
		assert_int_equal(site_note(f.site, fixture_now(&f),
					 &(struct site_word){ "x", "a note", "me" }, NULL),
			RC_OK);
	all = fixture_get(&f, LAB_ "/events");
	snprintf(target, sizeof target, LAB_ "/events?limit=%zu",
		json_array_size(json_at(all, "events")));
	full = fixture_get(&f, target);
	assert_true(json_equal(json_at(full, "events"), json_at(all, "events")));
	assert_true(json_is_null(json_at(full, "next")));
	snprintf(target, sizeof target, LAB_ "/events?limit=%zu",
		json_array_size(json_at(all, "events")) - 1);
	shorter = fixture_get(&f, target);
	assert_string_not_equal(text_at(shorter, "next"), "");
	kinds = fixture_get(&f, LAB_ "/events?limit=2&kind=note,boot");
	assert_int_equal(json_array_size(json_at(kinds, "events")), 2);
	assert_string_not_equal(text_at(kinds, "next"), "");
}

static void events_after_a_cursor_come_as_they_arrived(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *first = NULL, *rest = NULL;
	char target[128];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	first = fixture_get(&f, LAB_ "/events?limit=1");
	for (int i = 0; i < 3; i++)
		assert_int_equal(site_note(f.site, fixture_now(&f),
					 &(struct site_word){ "x", i ? "later" : "first", "me" },
					 NULL),
			RC_OK);
	snprintf(target, sizeof target, LAB_ "/events?after=%s", text_at(first, "events.0.cursor"));
	rest = fixture_get(&f, target);
	assert_int_equal(json_array_size(json_at(rest, "events")), 3);
	assert_string_equal(text_at(rest, "events.0.body.text"), "first");
}

static void events_are_filtered(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *kinds = NULL, *subject = NULL, *site = NULL, *old = NULL,
				   *new = NULL;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	f.ahead_ms += HOUR_MS;
	assert_int_equal(
		site_note(f.site, fixture_now(&f), &(struct site_word){ "x", "hello", "me" }, NULL),
		RC_OK);
	kinds = fixture_get(&f, LAB_ "/events?kind=note,boot");
	assert_int_equal(json_array_size(json_at(kinds, "events")), 2);
	assert_string_equal(text_at(kinds, "events.0.kind"), "note");
	assert_string_equal(text_at(kinds, "events.1.kind"), "boot");
	subject = fixture_get(&f, LAB_ "/events?subject=x");
	assert_int_equal(json_array_size(json_at(subject, "events")), 1);
	site = fixture_get(&f, LAB_ "/events?site=mumbai");
	assert_int_equal(json_array_size(json_at(site, "events")), 0);
	old = fixture_get(&f, LAB_ "/events?until=30m");
	assert_null(json_where(json_at(old, "events"), "kind", "note"));
	new = fixture_get(&f, LAB_ "/events?since=30m&kind=,note,");
	assert_int_equal(json_array_size(json_at(new, "events")), 1);
	fixture_expect(&f, "GET", LAB_ "/events?since=yesterday", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", LAB_ "/events?before=1&after=1", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", LAB_ "/events?before=-1", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", LAB_ "/events?limit=501", NULL, 400, "INPUT");
	fixture_expect(&f, "GET", LAB_ "/events?kind=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", NULL, 429,
		"LIMIT");
}

/* ---- pages */

static void the_pages_come_from_the_binary(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer root, deep, plain, packed, same, refused;
	char value[128], header[256];

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN); /* they need none */
	fixture_ask(&f, "GET", "/", "", NULL, &root);
	assert_int_equal(root.status, 200);
	assert_non_null(strstr(str_c(&root.body), "<title>pages"));
	assert_string_equal(pump_header(&root, "Content-Type", value, sizeof value),
		"text/html; charset=utf-8");
	fixture_ask(&f, "GET", "/incidents/dublin-x%2F..%2F..", "", NULL, &deep);
	assert_string_equal(str_c(&deep.body), str_c(&root.body));
	fixture_ask(&f, "GET", "/app.js", "Accept-Encoding: gzip;q=0\r\n", NULL, &plain);
	assert_string_equal(str_c(&plain.body), "console.log('plain')");
	assert_null(pump_header(&plain, "Content-Encoding", value, sizeof value));
	fixture_ask(&f, "GET", "/app.js", "Accept-Encoding: br, gzip\r\n", NULL, &packed);
	assert_string_equal(str_c(&packed.body), "pretend that this is gzip");
	assert_string_equal(pump_header(&packed, "Content-Encoding", value, sizeof value), "gzip");
	assert_non_null(pump_header(&packed, "ETag", value, sizeof value));
	snprintf(header, sizeof header, "Accept-Encoding: gzip\r\nIf-None-Match: W/\"x\", %s\r\n",
		value);
	fixture_ask(&f, "GET", "/app.js", header, NULL, &same);
	assert_int_equal(same.status, 304);
	assert_int_equal(same.body.len, 0);
	fixture_ask(&f, "POST", "/app.js", "", NULL, &refused);
	assert_int_equal(refused.status, 404);
}

static void every_answer_has_the_security_headers(void **state)
{
	static const char *const targets[] = { "/", "/healthz", "/metrics", LAB_ "/status",
		LAB_ "/nothing", "/heartbeat/nothing" };
	static const struct {
		const char *name, *value;
	} headers[] = {
		{ "Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
	};
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	for (size_t i = 0; i < COUNT(targets); i++) {
		scoped(pump_answer_fini) struct pump_answer a;
		char value[128];

		fixture_ask(&f, "GET", targets[i], "", NULL, &a);
		for (size_t k = 0; k < COUNT(headers); k++)
			assert_string_equal(pump_header(&a, headers[k].name, value, sizeof value),
				headers[k].value);
		assert_null(pump_header(&a, "Access-Control-Allow-Origin", value, sizeof value));
	}
}

static void unknown_paths_of_the_api_are_not_the_pages(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer other;
	char value[64];

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_expect(&f, "GET", "/api/v1/nothing", NULL, 404, "NOT_FOUND");
	fixture_expect(&f, "GET", LAB_ "/statusx", NULL, 404, "NOT_FOUND");
	fixture_expect(&f, "GET", "/heartbeat/", NULL, 404, "NOT_FOUND");
	fixture_expect(&f, "GET", "/-/reload", NULL, 404, "NOT_FOUND"); /* of Prometheus' */
	fixture_expect(&f, "PUT", LAB_ "/status", NULL, 405, "USAGE");
	fixture_ask(&f, "OPTIONS", LAB_ "/silences", "Origin: http://evil.example\r\n", NULL,
		&other);
	assert_int_equal(other.status, 405);
	assert_string_equal(pump_header(&other, "Allow", value, sizeof value), "GET, POST");
}

static void a_reload_changes_what_is_told(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(json_decref) json_t *s = NULL;
	scoped(str_fini) struct str yaml = STR_EMPTY;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	str_add(&yaml, fixture_yaml);
	str_add(&yaml, "# another\n");
	memcpy(strstr(yaml.s, "imap:"), "smtp:", 5);
	fixture_reload(&f, str_c(&yaml));
	s = fixture_get(&f, LAB_ "/status");
	assert_null(json_where(json_at(s, "checks"), "name", "imap"));
	assert_non_null(json_where(json_at(s, "checks"), "name", "smtp"));
	assert_string_equal(text_at(s, "sites.0.lab_hash"), text_at(s, "revision.hash"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_is_the_whole_picture),
		cmocka_unit_test(the_status_tells_sites_links_and_watchers),
		cmocka_unit_test(a_check_tells_what_is_declared_and_what_was_seen),
		cmocka_unit_test(an_incident_tells_what_died_and_who_was_told),
		cmocka_unit_test(an_acknowledgement_shows),
		cmocka_unit_test(a_closed_incident_is_remembered_and_told_apart),
		cmocka_unit_test(an_incident_that_only_the_journal_knows_is_put_together_again),
		cmocka_unit_test(incidents_are_asked_for_in_words_that_exist),
		cmocka_unit_test(when_tells_last_good_and_first_bad_by_vantage),
		cmocka_unit_test(when_knows_jobs_by_their_reports),
		cmocka_unit_test(events_come_newest_first_and_a_page_at_a_time),
		cmocka_unit_test(a_page_that_is_exactly_full_is_the_last_when_nothing_follows),
		cmocka_unit_test(events_after_a_cursor_come_as_they_arrived),
		cmocka_unit_test(events_are_filtered),
		cmocka_unit_test(the_pages_come_from_the_binary),
		cmocka_unit_test(every_answer_has_the_security_headers),
		cmocka_unit_test(unknown_paths_of_the_api_are_not_the_pages),
		cmocka_unit_test(a_reload_changes_what_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
