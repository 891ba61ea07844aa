/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people's programs ask Prometheus for, asked of us: each call that Grafana's Prometheus data
 * source makes (pkg/promlib and packages/grafana-prometheus of Grafana 11 to 13), and what pages and
 * scripts want to know of a server's state.
 */
#include "api/metrics_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TIMES "start=1700000000&end=1700000600"

static void set_up(struct metrics_fixture *s)
{
	struct api_setup api;

	metrics_fixture_init(s);
	metrics_fixture_keep(s->store, "up{job=\"node\",instance=\"a:9100\"} 1x40");
	metrics_fixture_keep(s->store, "up{job=\"web\",instance=\"b:80\"} 1x40");
	metrics_fixture_keep(s->store,
		"request_seconds_bucket{le=\"+Inf\",\"http.route\"=\"/login\"} 0+3x40");
	api = metrics_fixture_setup(s);
	metrics_fixture_start(s, &api);
}

struct exchange {
	const char *method, *target, *body; /* `body` NULL: none */
	int status;
	const char *says; /* somewhere in the answer */
};

/* With the headers that Grafana's backend passes on. */
static void replay(struct metrics_fixture *s, const struct exchange *x)
{
	static const char from_grafana[] =
		"User-Agent: Grafana/12.3.0\r\nAccept-Encoding: gzip\r\n"
		"X-Grafana-Org-Id: 1\r\nX-Datasource-Uid: PBFA97CFB590B2093\r\n"
		"X-Dashboard-Uid: rYdddlPWk\r\nX-Panel-Id: 77\r\nX-Query-Group-Id: 0b2c\r\n"
		"X-Panel-Plugin-Id: timeseries\r\nX-Ds-Name: lab\r\nX-Rule-Uid: a\r\n"
		"FromAlert: true\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	char type[64];

	fixture_ask(&s->f, x->method, x->target, from_grafana, x->body, &a);
	if (a.status != x->status || !strstr(str_c(&a.body), x->says))
		fail_msg("%s %s %s:\n%d %s\nwanted: %d %s", x->method, x->target,
			x->body ? x->body : "", a.status, str_c(&a.body), x->status, x->says);
	if (a.status == 200 && str_starts(x->target, "/api/"))
		assert_string_equal(pump_header(&a, "Content-Type", type, sizeof type),
			"application/json");
}

static void every_call_of_grafanas_data_source_is_answered(void **state)
{
	static const struct exchange exchanges[] = {
		/* "Save & test": CheckHealth, then what kind of server it is. */
		{ "POST", "/api/v1/query", "query=1%2B1&time=4", 200, "[4,\"2\"]" },
		{ "GET", "/api/v1/query?query=1%2B1&time=4", NULL, 200, "[4,\"2\"]" },
		{ "GET", "/api/v1/status/buildinfo", NULL, 200, "\"version\":\"3." },
		{ "POST", "/api/v1/status/buildinfo", "", 405, "GET only" }, /* then by GET */
		/* Panels: range, instant, with a timeout of the data source's. */
		{ "POST", "/api/v1/query_range",
			"end=1700000600&query=sum+by+%28job%29+%28rate%28up%5B1m%5D%29%29&"
			"start=1700000000.5&step=15",
			200, "\"resultType\":\"matrix\"" },
		{ "POST", "/api/v1/query_range",
			"end=1700000600&query=up&start=1700000000&step=0.5&timeout=60s", 200,
			"\"values\":[[1700000000,\"1\"],[1700000000.500,\"1\"]" },
		{ "POST", "/api/v1/query", "query=up&time=1700000600.123&timeout=60", 200,
			"\"resultType\":\"vector\"" },
		{ "POST", "/api/v1/query", "query=%22text%22&time=1700000600", 200,
			"\"resultType\":\"string\"" },
		{ "POST", "/api/v1/query", "query=up%5B1m%5D&time=1700000600", 200,
			"\"resultType\":\"matrix\"" },
		{ "POST", "/api/v1/query_range", "end=1&query=up%7B&start=0&step=15", 400,
			"\"errorType\":\"bad_data\"" },
		{ "POST", "/api/v1/query_exemplars",
			"end=1700000600&query=histogram_quantile%280.9%2C+request_seconds_bucket%"
			"29&"
			"start=1700000000",
			200, "\"data\":[" },
		/* The editor: metrics, labels, values; completion asks for 40,000 at most. */
		{ "GET", "/api/v1/label/__name__/values?limit=40000&" TIMES, NULL, 200,
			"\"data\":[\"request_seconds_bucket\",\"up\"]" },
		{ "GET", "/api/v1/label/__name__/values?limit=1&" TIMES, NULL, 200,
			"\"data\":[\"request_seconds_bucket\"],\"warnings\":[" },
		{ "POST", "/api/v1/labels", "limit=40000&" TIMES, 200,
			"\"data\":[\"__name__\",\"http.route\",\"instance\",\"job\",\"le\","
			"\"site\"]" },
		{ "POST", "/api/v1/labels", "limit=40000&" TIMES "&match%5B%5D=up", 200,
			"\"data\":[\"__name__\",\"instance\",\"job\",\"site\"]" },
		{ "GET", "/api/v1/labels?" TIMES "&match%5B%5D=%7B__name__%3D%22up%22%7D", NULL,
			200, "\"data\":[\"__name__\",\"instance\",\"job\",\"site\"]" },
		{ "GET",
			"/api/v1/label/job/values?limit=40000&" TIMES
			"&match%5B%5D=%7B__name__%3D%22up%22%2C__ignore_usage__%3D%22%22%7D",
			NULL, 200, "\"data\":[\"node\",\"web\"]" },
		{ "GET", "/api/v1/label/U__http_2e_route/values?" TIMES, NULL, 200,
			"\"data\":[\"/login\"]" },
		{ "GET", "/api/v1/label/http.route/values?" TIMES, NULL, 200,
			"\"data\":[\"/login\"]" },
		{ "GET", "/api/v1/label/U__no_zz_/values?" TIMES, NULL, 200, "\"data\":[]" },
		{ "POST", "/api/v1/series",
			"limit=40000&" TIMES "&match%5B%5D=%7B__name__%21%3D%22%22%7D", 200,
			"{\"__name__\":\"request_seconds_bucket\",\"http.route\":\"/login\"" },
		{ "GET", "/api/v1/series?limit=1&" TIMES "&match%5B%5D=up", NULL, 200,
			"\"warnings\":[" },
		{ "GET", "/api/v1/metadata", NULL, 200, "\"status\":\"success\"" },
		{ "GET", "/api/v1/metadata?limit=5000&limit_per_metric=1", NULL, 200,
			"\"status\":\"success\"" },
		{ "GET", "/api/v1/metadata?metric=up", NULL, 200, "\"data\":{" },
		/* A data source that is loaded tries whether there are exemplars, in milliseconds. */
		{ "POST", "/api/v1/query_exemplars",
			"query=test&start=1699998200000&end=1700000000000", 200, "\"data\":[]" },
		{ "GET", "/api/v1/query_exemplars?query=test&start=1699998200000&end=1700000000000",
			NULL, 200, "\"data\":[]" },
		/* Values by series, where the data source is set to that. */
		{ "POST", "/api/v1/series",
			TIMES
			"&match%5B%5D=%7B__name__%3D%22up%22%2Cjob%21%3D%22%22%7D&limit=40000",
			200, "\"instance\":\"b:80\",\"job\":\"web\"" },
		{ "POST", "/api/v1/series",
			TIMES "&match%5B%5D=%7B%22http.route%22%21%3D%22%22%7D&limit=40000", 200,
			"\"http.route\":\"/login\"" },
		/* label_names(up), metrics(u.*), and what ad hoc filters ask. */
		{ "POST", "/api/v1/labels",
			"limit=40000&" TIMES "&match%5B%5D=%7B__name__%3D~%22.%2Aup.%2A%22%7D", 200,
			"\"data\":[\"__name__\",\"instance\",\"job\",\"site\"]" },
		{ "GET",
			"/api/v1/label/__name__/values?limit=40000&" TIMES
			"&match%5B%5D=%7B__name__%3D~%22u.%2A%22%7D",
			NULL, 200, "\"data\":[\"up\"]" },
		{ "POST", "/api/v1/labels",
			"limit=1&" TIMES
			"&match%5B%5D=%7B__name__%3D~%22up%22%2Cjob%3D%22node%22%7D",
			200, "\"data\":[\"__name__\"],\"warnings\":[" },
		/* Variables: query_result(), metrics(), series. */
		{ "POST", "/api/v1/query", "query=count+by+%28job%29+%28up%29&time=1700000600", 200,
			"\"job\":\"node\"" },
		{ "POST", "/api/v1/series", TIMES "&match%5B%5D=up%7Bjob%3D~%22node%7Cweb%22%7D",
			200, "\"instance\":\"b:80\"" },
		/* Rules that the data source has, and what is up of them. */
		{ "GET", "/api/v1/rules", NULL, 200, "\"groups\":[" },
		{ "GET", "/api/v1/rules?type=alert", NULL, 200, "\"groups\":[" },
		{ "GET", "/api/v1/alerts", NULL, 200, "\"alerts\":[" },
		/* Older ones tried whether there is a path at all. */
		{ "GET", "/api/v1/status/features", NULL, 404, "" },
	};
	scoped(metrics_fixture_fini) struct metrics_fixture s;

	(void)state;
	set_up(&s);
	for (size_t i = 0; i < COUNT(exchanges); i++)
		replay(&s, &exchanges[i]);
}

/* It would take us for Mimir, and ask for what only Mimir has. */
static void buildinfo_lists_no_features(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture s;
	json_t *info;

	(void)state;
	set_up(&s);
	info = fixture_get(&s.f, "/api/v1/status/buildinfo");
	assert_non_null(json_at(info, "data.version"));
	assert_null(json_at(info, "data.features"));
	json_decref(info);
}

static const char with_metrics[] =
	"metrics:\n"
	"  global: {scrape_interval: 15s, external_labels: {lab: home}}\n"
	"  rule_files: [rules/*.yaml]\n"
	"  scrape_configs:\n"
	"    - job_name: web\n"
	"      basic_auth: {username: u, password: hunter2}\n"
	"      proxy_url: http://me:hunter2@proxy.lan:3128\n"
	"      static_configs: [{targets: [\"10.0.0.1:80\"], labels: {key: fob}}]\n"
	"    - job_name: api\n"
	"      authorization: {type: Bearer, credentials: hunter2}\n"
	"      http_headers: {X-Key: {secrets: [hunter2]}}\n"
	"      static_configs: [{targets: [\"10.0.0.2:80\"]}]\n"
	"  retention: 400d\n"
	"  retention_size: 20GB\n";

static void reload_with_metrics(struct metrics_fixture *s)
{
	scoped(str_fini) struct str yaml = STR_EMPTY;

	str_addf(&yaml, "%s%s", fixture_yaml, with_metrics);
	fixture_reload(&s->f, str_c(&yaml));
}

static void the_configuration_is_shown_without_its_secrets(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture s;
	json_t *answer;
	const char *yaml;

	(void)state;
	set_up(&s);
	reload_with_metrics(&s);
	answer = fixture_get(&s.f, "/api/v1/status/config");
	yaml = text_at(answer, "data.yaml");
	assert_string_equal(yaml, "global:\n"
				  "  scrape_interval: 15s\n"
				  "  external_labels:\n"
				  "    lab: home\n"
				  "rule_files:\n"
				  "- 'rules/*.yaml'\n"
				  "scrape_configs:\n"
				  "- job_name: web\n"
				  "  basic_auth:\n"
				  "    username: u\n"
				  "    password: <secret>\n"
				  "  proxy_url: <secret>\n"
				  "  static_configs:\n"
				  "  - targets:\n"
				  "    - 10.0.0.1:80\n"
				  "    labels:\n"
				  "      key: fob\n"
				  "- job_name: api\n"
				  "  authorization:\n"
				  "    type: Bearer\n"
				  "    credentials: <secret>\n"
				  "  http_headers:\n"
				  "    X-Key:\n"
				  "      secrets: <secret>\n"
				  "  static_configs:\n"
				  "  - targets:\n"
				  "    - 10.0.0.2:80\n"
				  "storage:\n"
				  "  tsdb:\n"
				  "    retention:\n"
				  "      time: 400d\n"
				  "      size: 21474836480B\n");
	json_decref(answer);
}

static void a_site_without_metrics_has_an_empty_configuration(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture s;

	(void)state;
	set_up(&s);
	replay(&s,
		&(struct exchange){ "GET", "/api/v1/status/config", NULL, 200, "{\"yaml\":\"\"}" });
}

static void pages_learn_how_the_server_is_set_up(void **state)
{
	static const struct exchange exchanges[] = {
		{ "GET", "/api/v1/status/flags", NULL, 200,
			"\"query.max-samples\":\"1000000000\"" },
		{ "GET", "/api/v1/status/flags", NULL, 200,
			"\"storage.tsdb.retention.time\":\"400d\"" },
		{ "GET", "/api/v1/status/runtimeinfo", NULL, 200, "\"reloadConfigSuccess\":true" },
		{ "GET", "/api/v1/status/runtimeinfo", NULL, 200, "\"lastConfigTime\":\"2" },
		{ "GET", "/api/v1/status/runtimeinfo", NULL, 200,
			"\"storageRetention\":\"400d or 21474836480B\"" },
		{ "GET", "/api/v1/status/walreplay", NULL, 200, "\"current\":0" },
		{ "GET", "/api/v1/notifications", NULL, 200, "\"data\":[]" },
		{ "GET", "/api/v1/alertmanagers", NULL, 200, "\"activeAlertmanagers\":[]" },
		{ "GET", "/-/healthy", NULL, 200, "Prometheus Server is Healthy.\n" },
		{ "GET", "/-/ready", NULL, 200, "Prometheus Server is Ready.\n" },
	};
	scoped(metrics_fixture_fini) struct metrics_fixture s;

	(void)state;
	set_up(&s);
	reload_with_metrics(&s);
	for (size_t i = 0; i < COUNT(exchanges); i++)
		replay(&s, &exchanges[i]);
}

/* ---- what changes the store */

static void ask(struct metrics_fixture *s, const char *target, int status, const char *says)
{
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	fixture_ask(&s->f, "POST", target, "", "", &a);
	if (a.status != status || !strstr(str_c(&a.body), says))
		fail_msg("%s:\n%d %s\nwanted: %d %s", target, a.status, str_c(&a.body), status,
			says);
}

static void reload_with_admin(struct metrics_fixture *s)
{
	scoped(str_fini) struct str yaml = STR_EMPTY;

	str_addf(&yaml, "%smetrics: {admin_api: true}\n", fixture_yaml);
	fixture_reload(&s->f, str_c(&yaml));
}

static void nothing_is_deleted_unless_that_is_declared(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture s;

	(void)state;
	set_up(&s);
	ask(&s, "/api/v1/admin/tsdb/delete_series?match[]=up", 500, "admin APIs disabled");
	ask(&s, "/api/v1/admin/tsdb/clean_tombstones", 500, "admin APIs disabled");
	ask(&s, "/api/v1/admin/tsdb/snapshot", 500, "admin APIs disabled");
}

static void series_are_deleted_whole_or_for_a_time(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture s;

	(void)state;
	set_up(&s);
	reload_with_admin(&s);
	ask(&s, "/api/v1/admin/tsdb/delete_series", 400, "no match[] parameter provided");
	ask(&s, "/api/v1/admin/tsdb/delete_series?match[]=%7B%7D", 400, "at least one");
	ask(&s, "/api/v1/admin/tsdb/delete_series?match[]=up%7B", 400, "bad_data");
	ask(&s, "/api/v1/admin/tsdb/delete_series?match[]=up%7Bjob=%22web%22%7D", 204, "");
	ask(&s, "/api/v1/admin/tsdb/delete_series?match[]=up%7Bjob=%22node%22%7D&start=1700000300",
		204, "");
	ask(&s, "/api/v1/admin/tsdb/clean_tombstones", 204, "");
	replay(&s, &(struct exchange){ "GET",
			   "/api/v1/query?query=count_over_time(up%5B20m%5D)&time=1700000600", NULL,
			   200,
			   "\"result\":[{\"metric\":{\"instance\":\"a:9100\",\"job\":\"node\"},"
			   "\"value\":[1700000600,\"20\"]}]" });
}

static void work(uv_timer_t *timer)
{
	metrics_fixture_work(timer->data);
}

/* As Prometheus does: some clients use the one, some the other. */
static void series_are_deleted_by_put_as_by_post(void **state)
{
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	scoped(metrics_fixture_fini) struct metrics_fixture s;

	(void)state;
	set_up(&s);
	reload_with_admin(&s);
	fixture_ask(&s.f, "PUT", "/api/v1/admin/tsdb/delete_series?match[]=up", "", NULL, &a);
	assert_int_equal(a.status, 204);
	replay(&s, &(struct exchange){ "GET", "/api/v1/query?query=up&time=1700000600", NULL, 200,
			   "\"result\":[]" });
}

/* A page of somebody else's, in a browser on this machine. */
static void a_foreign_page_deletes_nothing(void **state)
{
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	scoped(metrics_fixture_fini) struct metrics_fixture s;

	(void)state;
	set_up(&s);
	reload_with_admin(&s);
	fixture_ask(&s.f, "POST", "/api/v1/admin/tsdb/delete_series?match[]=up",
		"Origin: https://evil.example\r\n", "", &a);
	assert_int_equal(a.status, 403);
}

static void a_snapshot_is_answered_when_it_is_made(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture s;
	uv_timer_t timer;

	(void)state;
	set_up(&s);
	reload_with_admin(&s);
	uv_timer_init(&s.f.loop, &timer);
	timer.data = &s;
	uv_timer_start(&timer, work, 10, 10);
	ask(&s, "/api/v1/admin/tsdb/snapshot", 200,
		"{\"status\":\"success\",\"data\":{\"name\":\"2025");
	assert_null(store_snapshot_pending(s.store));
	uv_close((uv_handle_t *)&timer, NULL);
}

static void who_waits_for_a_snapshot_at_the_end_is_told_so(void **state)
{
	static const char request[] = "POST /api/v1/admin/tsdb/snapshot HTTP/1.1\r\nHost: "
				      "localhost\r\nContent-Length: 0\r\n\r\n";
	scoped(metrics_fixture_fini) struct metrics_fixture s;
	struct pump p;

	(void)state;
	set_up(&s);
	reload_with_admin(&s); /* nobody does the store's work */
	pump_connect(&p, &s.f.loop, api_address(s.f.api));
	pump_send(&p, request);
	while (!store_snapshot_pending(s.store))
		pump_run(&s.f.loop, 10);
	pump_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_of_grafanas_data_source_is_answered),
		cmocka_unit_test(buildinfo_lists_no_features),
		cmocka_unit_test(the_configuration_is_shown_without_its_secrets),
		cmocka_unit_test(a_site_without_metrics_has_an_empty_configuration),
		cmocka_unit_test(pages_learn_how_the_server_is_set_up),
		cmocka_unit_test(nothing_is_deleted_unless_that_is_declared),
		cmocka_unit_test(series_are_deleted_whole_or_for_a_time),
		cmocka_unit_test(series_are_deleted_by_put_as_by_post),
		cmocka_unit_test(a_foreign_page_deletes_nothing),
		cmocka_unit_test(a_snapshot_is_answered_when_it_is_made),
		cmocka_unit_test(who_waits_for_a_snapshot_at_the_end_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
