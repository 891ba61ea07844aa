/* SPDX-License-Identifier: Apache-2.0 */
#include "base/doc_fixture.h"
#include "core/alertmanager/routing.h"

#include <setjmp.h>
#include <stdarg.h>
/* after the two above */
#include <cmocka.h>

#define RECEIVERS "receivers: [{name: d}, {name: a}, {name: b}, {name: c}]"

struct fixture {
	struct doc *doc;
	struct findings findings;
	struct alertmanager *am;
};

static void fixture_fini(struct fixture *f)
{
	alertmanager_free(f->am);
	findings_fini(&f->findings);
	doc_fixture_free(f->doc);
}
SCOPED_FINI(fixture_fini, struct fixture)

static const struct tz *zone(void *ctx, const char *name)
{
	(void)ctx;
	return str_eq(name, "UTC") ? tz_utc() : NULL;
}

static enum rc read(struct fixture *f, const char *text)
{
	const struct alertmanager_world world = { .zone = zone };

	f->doc = doc_fixture(text);
	return alertmanager_read(&f->am, f->doc, &world, &f->findings, NULL);
}

static void load(struct fixture *f, const char *text)
{
	if (read(f, text) != RC_OK)
		fail_msg("%s: %s", text, f->findings.items[0].text);
}

static void assert_complains(const char *text, const char *wanted)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	scoped(str_fini) struct str got = STR_EMPTY;

	assert_int_equal(read(&f, text), RC_INPUT);
	for (uint32_t i = 0; i < f.findings.n; i++)
		str_addf(&got, "%u:%u: %s\n", f.findings.items[i].line, f.findings.items[i].column,
			f.findings.items[i].text);
	assert_string_equal(str_c(&got), wanted);
}

/* "a=1,b=2", names in order. */
static struct labels labels_of(const char *text, struct label v[8], char buf[128])
{
	struct labels l = { v, 0 };
	char *save;

	assert_true(strlen(text) < 128);
	strcpy(buf, text);
	for (char *it = strtok_r(buf, ",", &save); it; it = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(it, '=');

		*equals = '\0';
		v[l.n++] = (struct label){ it, equals + 1, (uint32_t)strlen(it),
			(uint32_t)strlen(equals + 1) };
	}
	return l;
}

/* Of each route: receiver and key of its group. */
static void assert_routed(const struct fixture *f, const char *alert, const char *wanted)
{
	scoped(str_fini) struct str got = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	const struct alert_route *routes[8];
	struct label v[8];
	char buf[128];
	struct labels labels = labels_of(alert, v, buf), group;
	uint32_t n = route_match(f->am->root, &labels, routes, COUNT(routes));

	arena_init(&a, 4096);
	for (uint32_t i = 0; i < n; i++) {
		assert_true(route_group_labels(routes[i], &labels, &a, &group));
		str_addf(&got, "%s ", routes[i]->receiver);
		route_group_key(routes[i], &group, &got);
		str_addc(&got, '\n');
	}
	assert_string_equal(str_c(&got), wanted);
}

/* The tree, the alerts and the keys are those of Alertmanager's dispatch/route_test.go. */
static void alerts_go_where_alertmanager_sends_them(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	load(&f, "{" RECEIVERS ", route: {receiver: d, routes: [\n"
		 "{match: {owner: 'team-A'}, receiver: a, routes: [\n"
		 " {match: {env: testing}, receiver: b, group_by: ['...']},\n"
		 " {match: {env: production}, receiver: b, group_wait: 1m, continue: true},\n"
		 " {match_re: {env: 'produ.*', job: '.*'}, receiver: c, group_by: [job]}]},\n"
		 "{match_re: {owner: 'team-(B|C)'}, group_by: [foo, bar], receiver: c},\n"
		 "{match: {group_by: role}, group_by: [role], routes: [\n"
		 " {match: {env: testing}, receiver: b, routes: [{match: {wait: long}}]}]}]}}");
	assert_routed(&f, "owner=team-A", "a {}/{owner=\"team-A\"}:{}\n");
	assert_routed(&f, "env=unset,owner=team-A", "a {}/{owner=\"team-A\"}:{}\n");
	assert_routed(&f, "foo=1,owner=team-C", "c {}/{owner=~\"^(?:team-(B|C))$\"}:{foo=\"1\"}\n");
	assert_routed(&f, "env=testing,owner=team-A",
		"b {}/{owner=\"team-A\"}/{env=\"testing\"}:{env=\"testing\", owner=\"team-A\"}\n");
	assert_routed(&f, "env=production,job=j,owner=team-A",
		"b {}/{owner=\"team-A\"}/{env=\"production\"}:{}\n"
		"c {}/{owner=\"team-A\"}/{env=~\"^(?:produ.*)$\",job=~\"^(?:.*)$\"}:{job=\"j\"}\n");
	assert_routed(&f, "group_by=role", "d {}/{group_by=\"role\"}:{}\n");
	assert_routed(&f, "env=testing,group_by=role,role=x,wait=long",
		"b {}/{group_by=\"role\"}/{env=\"testing\"}/{wait=\"long\"}:{role=\"x\"}\n");
	assert_routed(&f, "owner=nobody", "d {}:{}\n");
	assert_int_equal(f.am->root->routes[0].routes[0].group_wait_ms, 30000);
	assert_int_equal(f.am->root->routes[0].routes[1].group_wait_ms, 60000);
	assert_int_equal(f.am->root->routes[1].repeat_interval_ms, 4 * HOUR_MS);
}

static bool is_inhibited(const struct fixture *f, const char *target, const char *source)
{
	struct label v[8], w[8];
	char buf[128], buffer[128];
	struct labels to = labels_of(target, v, buf), from = labels_of(source, w, buffer);
	const struct inhibiting up = { &from };

	return alertmanager_inhibited(f->am, &to, &up, 1) != NULL;
}

static void what_is_worse_keeps_the_lesser_silent(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };

	(void)state;
	load(&f, "{" RECEIVERS ", route: {receiver: d}, inhibit_rules: [{source_matchers: "
		 "['s=\"1\"'], target_matchers: ['t=\"1\"'], equal: [e, n]}]}");
	assert_true(is_inhibited(&f, "e=x,t=1", "e=x,s=1"));
	assert_false(is_inhibited(&f, "e=x,t=1", "e=y,s=1"));
	assert_false(is_inhibited(&f, "e=x,t=2", "e=x,s=1"));
	assert_false(is_inhibited(&f, "e=x,t=1", "e=x,s=2"));
	/* On both sides: its like doesn't silence it, what is a source alone does. */
	assert_false(is_inhibited(&f, "e=x,s=1,t=1", "e=x,s=1,t=1"));
	assert_true(is_inhibited(&f, "e=x,s=1,t=1", "e=x,s=1"));
	assert_true(is_inhibited(&f, "e=x,t=1", "e=x,s=1,t=1"));
}

static bool is_within(const char *interval, const char *at)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY;
	struct wall wall;

	str_addf(&text,
		"{" RECEIVERS ", route: {receiver: d, routes: [{matchers: ['a=b'], "
		"mute_time_intervals: [t]}]}, time_intervals: [{name: t, time_intervals: [%s]}]}",
		interval);
	load(&f, str_c(&text));
	assert_int_equal(wall_parse(at, &wall, NULL), RC_OK);
	return route_muted_by(&f.am->root->routes[0], wall) != NULL;
}

/* After Alertmanager's timeinterval_test.go. */
static void intervals_hold_the_times_that_they_say(void **state)
{
	static const char office[] =
		"{times: [{start_time: '09:00', end_time: '17:00'}], weekdays: ['monday:friday']}";
	static const char ends[] = "{days_of_month: ['-3:-1'], months: ['february']}";

	(void)state;
	assert_true(is_within("{}", "2020-07-08T12:00:00Z"));
	assert_true(is_within(office, "2020-07-08T09:00:00Z"));
	assert_true(is_within(office, "2020-07-08T16:59:59Z"));
	assert_false(is_within(office, "2020-07-08T17:00:00Z"));
	assert_false(is_within(office, "2020-07-08T08:59:59Z"));
	assert_false(is_within(office, "2020-07-05T12:00:00Z"));
	assert_true(is_within(ends, "2020-02-27T12:00:00Z"));
	assert_false(is_within(ends, "2020-02-26T12:00:00Z"));
	assert_true(is_within(ends, "2021-02-26T12:00:00Z"));
	assert_false(is_within(ends, "2020-03-31T12:00:00Z"));
	assert_true(is_within("{days_of_month: ['30:31']}", "2020-01-30T12:00:00Z"));
	assert_false(is_within("{days_of_month: ['30:31']}", "2020-02-28T12:00:00Z"));
	assert_true(is_within("{years: ['2020:2023']}", "2023-12-31T23:59:59Z"));
	assert_false(is_within("{years: ['2020:2023']}", "2024-01-01T00:00:00Z"));
}

static void a_route_speaks_in_its_active_intervals(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct alert_route *r;
	struct wall weekday, weekend;

	(void)state;
	load(&f, "{" RECEIVERS ", route: {receiver: d, routes: [{matchers: ['a=b'], "
		 "active_time_intervals: [work]}]}, time_intervals: [{name: work, time_intervals: "
		 "[{weekdays: ['monday:friday']}]}]}");
	r = &f.am->root->routes[0];
	assert_int_equal(wall_parse("2020-07-08T12:00:00Z", &weekday, NULL), RC_OK);
	assert_int_equal(wall_parse("2020-07-05T12:00:00Z", &weekend, NULL), RC_OK);
	assert_null(route_muted_by(r, weekday));
	assert_string_equal(route_muted_by(r, weekend), "work");
	assert_null(route_muted_by(f.am->root, weekend));
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	assert_complains("{receivers: [{name: a}]}", "1:1: no routes provided\n");
	assert_complains("{route: {receiver: x}, receivers: [{name: a}, {name: a}]}",
		"1:54: notification config name \"a\" is not unique\n"
		"1:20: undefined receiver \"x\" used in route\n");
	assert_complains("{route: {group_wait: 1s}}",
		"1:9: root route must specify a default receiver\n");
	assert_complains("{" RECEIVERS ",\nroute: {receiver: a, matchers: ['a=b']}}",
		"2:8: root route must not have any matchers\n");
	assert_complains("{" RECEIVERS ",\nroute: {receiver: a, group_by: [a, '...']}}",
		"2:32: cannot have wildcard group_by (`...`) and other labels at the same time\n");
	assert_complains("{" RECEIVERS ",\nroute: {receiver: a, group_interval: 0s}}",
		"2:38: group_interval cannot be zero\n");
	assert_complains("{route: {receiver: a}, receivers: [{name: a,\nslack_configs: []}]}",
		"2:1: 'slack_configs' is not supported: Discord, webhooks and mail are\n");
	assert_complains("{route: {receiver: a}, receivers: [{name: a,\nemail_config: []}]}",
		"2:1: unknown key 'email_config' in receiver (did you mean 'email_configs'?)\n");
}

static const char *url_file_of(struct fixture *f, const char *from, const char *named)
{
	const struct alertmanager_world world = { .zone = zone };
	scoped(str_fini) struct str text = STR_EMPTY;

	str_addf(&text,
		"{route: {receiver: a}, receivers: [{name: a, webhook_configs: [{url_file: %s}]}]}",
		named);
	f->doc = doc_fixture(str_c(&text));
	f->doc->file = from;
	assert_int_equal(alertmanager_read(&f->am, f->doc, &world, &f->findings, NULL), RC_OK);
	return f->am->receivers[0].integrations[0].url.name;
}

static void a_file_is_looked_for_beside_the_one_that_names_it(void **state)
{
	static const struct {
		const char *from, *named, *wanted;
	} cases[] = {
		{ "/etc/lab/alertmanager.yml", "url", "/etc/lab/url" },
		{ "lab/alertmanager.yml", "keys/url", "lab/keys/url" },
		{ "/etc/lab/alertmanager.yml", "/run/url", "/run/url" },
		{ "alertmanager.yml", "url", "url" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(fixture_fini) struct fixture f = { 0 };

		assert_string_equal(url_file_of(&f, cases[i].from, cases[i].named),
			cases[i].wanted);
	}
}

static void webhooks_are_asked_as_their_http_config_says(void **state)
{
	scoped(fixture_fini) struct fixture f = { 0 };
	const struct http_written *own, *shared;

	(void)state;
	load(&f, "{global: {http_config: {bearer_token_file: /t}}, route: {receiver: a}, "
		 "receivers: [{name: a, webhook_configs: [{url: 'http://h/', http_config: "
		 "{basic_auth: {username: u, password: p}, follow_redirects: false}}, "
		 "{url: 'http://h/'}], discord_configs: [{webhook_url: 'http://d/'}]}]}");
	own = f.am->receivers[0].integrations[0].http;
	shared = f.am->receivers[0].integrations[1].http;
	assert_string_equal(own->config.basic_auth->password.value, "p");
	assert_false(own->config.follow_redirects);
	assert_null(own->config.authorization); /* the global ones aren't merged in */
	assert_string_equal(shared->config.authorization->credentials.name, "/t");
	assert_ptr_equal(f.am->receivers[0].integrations[2].http, shared);
	assert_false(http_written_equal(own, shared));
	assert_complains("{route: {receiver: a}, receivers: [{name: a, webhook_configs: [{url: u,\n"
			 "http_config: {tls_config: {server_name: s}}}]}]}",
		"2:41: 'server_name' is not supported for what is told: say it in the address\n");
}

static void assert_shown(const char *text, const char *wanted)
{
	scoped(fixture_fini) struct fixture f = { .doc = doc_fixture(text) };
	scoped(str_fini) struct str got = STR_EMPTY;

	alertmanager_show(f.doc->root, &got);
	assert_string_equal(str_c(&got), wanted);
}

static void what_is_secret_is_not_shown(void **state)
{
	(void)state;
	assert_shown(
		"{receivers: [{name: a, webhook_configs: [{url: 'http://u:p@h/', url_file: f}]}]}",
		"receivers:\n  -\n    name: a\n    webhook_configs:\n      -\n"
		"        url: \"<secret>\"\n        url_file: f\n");
	assert_shown("{tls_config: {key: '-----BEGIN PRIVATE KEY-----', cert: c, key_file: /k}}",
		"tls_config:\n  key: \"<secret>\"\n  cert: c\n  key_file: /k\n");
	/* The shape stays: amtool reads the file again. */
	assert_shown("{proxy_connect_header: {P: [s1, s2]}}",
		"proxy_connect_header:\n  P:\n    - \"<secret>\"\n    - \"<secret>\"\n");
	assert_shown("{http_headers: {X: {values: [v], secrets: [s1, s2], files: [f]}}}",
		"http_headers:\n  X:\n    values:\n      - v\n"
		"    secrets:\n      - \"<secret>\"\n      - \"<secret>\"\n"
		"    files:\n      - f\n");
	assert_shown("{proxy_url: 'http://u:p@h:3128', token_url: 'https://u:p@h/t'}",
		"proxy_url: \"http://u:xxxxx@h:3128\"\ntoken_url: \"https://u:xxxxx@h/t\"\n");
	assert_shown("{proxy_url: 'http://u:a@b@h/'}", "proxy_url: \"http://u:xxxxx@h/\"\n");
	assert_shown("{match: {key: x}}", "match:\n  key: x\n");
	assert_shown("{proxy_url: 'http://h:3128/'}", "proxy_url: \"http://h:3128/\"\n");
	assert_shown("{oauth2: {client_id: c, client_secret: s, token_url: h}}",
		"oauth2:\n  client_id: c\n  client_secret: \"<secret>\"\n  token_url: h\n");
	assert_shown("{global: {slack_api_url: u, slack_app_token: t, opsgenie_api_key: k, "
		     "telegram_bot_token: b, bearer_token_file: f}}",
		"global:\n  slack_api_url: \"<secret>\"\n  slack_app_token: \"<secret>\"\n"
		"  opsgenie_api_key: \"<secret>\"\n  telegram_bot_token: \"<secret>\"\n"
		"  bearer_token_file: f\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alerts_go_where_alertmanager_sends_them),
		cmocka_unit_test(what_is_worse_keeps_the_lesser_silent),
		cmocka_unit_test(intervals_hold_the_times_that_they_say),
		cmocka_unit_test(a_route_speaks_in_its_active_intervals),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(a_file_is_looked_for_beside_the_one_that_names_it),
		cmocka_unit_test(webhooks_are_asked_as_their_http_config_says),
		cmocka_unit_test(what_is_secret_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
