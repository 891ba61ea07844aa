/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus' interface, over real sockets, from a real store in memory. */
#include "api/metrics_fixture.h"
#include "api/uri.h"
#include "port/files/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define BEGIN_TEXT "1700000000"

static const char *query_log_file; /* NULL: none */

static const char *say_query_log_file(void *ctx)
{
	(void)ctx;
	return query_log_file;
}

static void setup_named(struct metrics_fixture *l, struct labels (*external)(void *ctx))
{
	static const char *const series[] = { "up{job=\"node\",instance=\"a:9100\"} 1x40",
		"up{job=\"node\",instance=\"b:9100\"} 1x20 0x20",
		"requests_total{job=\"web\",code=\"200\"} 0+30x40",
		"odd{what=\"\\\"quoted\\\" \\\\ text\"} NaN Inf -Inf 0.1 1e21 1e-7" };
	struct api_setup api;

	metrics_fixture_init(l);
	for (size_t i = 0; i < COUNT(series); i++)
		metrics_fixture_keep(l->store, series[i]);
	api = metrics_fixture_setup(l);
	api.external_labels = external;
	api.query_log_file = say_query_log_file;
	metrics_fixture_start(l, &api);
}

static void setup(struct metrics_fixture *l)
{
	setup_named(l, NULL);
}

static void assert_answers(struct metrics_fixture *l, const char *target, int status,
	const char *body)
{
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	fixture_ask(&l->f, "GET", target, "", NULL, &a);
	if (a.status != status || !str_eq(str_c(&a.body), body))
		fail_msg("%s:\n%d %s\n%d %s", target, a.status, str_c(&a.body), status, body);
}

static int status_of(struct metrics_fixture *l, const char *target)
{
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	fixture_ask(&l->f, "GET", target, "", NULL, &a);
	return a.status;
}

static void an_instant_query_gives_a_vector(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/query?query=up%7Binstance=~%22a.*%22%7D&time=" BEGIN_TEXT ".5",
		200,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{"
		"\"metric\":"
		"{\"__name__\":\"up\",\"instance\":\"a:9100\",\"job\":\"node\"},\"value\":"
		"[1700000000.500,\"1\"]}]}}");
	assert_answers(&l, "/api/v1/query?query=1%2b2&time=" BEGIN_TEXT, 200,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":"
		"[1700000000,\"3\"]}}");
	assert_answers(&l, "/api/v1/query?query=%22text%22&time=1970-01-01T00:00:00.001Z", 200,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":"
		"[0.001,\"text\"]}}");
}

static void queries_are_written_down_as_prometheus_does(void **state)
{
	static const char params[] =
		"\"params\":{\"end\":\"2023-11-14T22:14:20.000Z\",\"query\":\"up+1\","
		"\"start\":\"2023-11-14T22:13:20.000Z\",\"step\":15},\"stats\":{\"timings\":{";
	static const char origin[] =
		"\"spanID\":\"0000000000000000\",\"httpRequest\":{\"clientIP\":"
		"\"127.0.0.1\",\"method\":\"GET\",\"path\":"
		"\"/api/v1/query_range\"}}\n";
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	scoped(str_fini) struct str found = STR_EMPTY;
	char path[] = "/tmp/queries-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	setup(&l);
	query_log_file = path;
	fixture_ask(&l.f, "GET",
		"/api/v1/query_range?query=up%2B1&start=1700000000&end=1700000060&step=15", "",
		NULL, &a);
	assert_int_equal(a.status, 200);
	query_log_file = NULL;
	assert_int_equal(file_read(path, 10000, &found, NULL), RC_OK);
	assert_true(str_starts(str_c(&found), "{\"time\":\"20"));
	assert_non_null(strstr(str_c(&found), "\"msg\":\"promql query logged\""));
	assert_non_null(strstr(str_c(&found), params));
	assert_non_null(strstr(str_c(&found), "\"samples\":{\"totalQueryableSamples\":10,"));
	assert_string_equal(strstr(str_c(&found), "\"spanID\""), origin);
	close(fd);
	unlink(path);
}

static void a_range_query_gives_a_matrix(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l,
		"/api/v1/query_range?query=increase(requests_total%5B90s%5D)&start=1700000120&end="
		"1700000150&step=15",
		200,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{"
		"\"metric\":"
		"{\"code\":\"200\",\"job\":\"web\"},\"values\":[[1700000120,\"180\"],[1700000135,"
		"\"180\"],[1700000150,\"180\"]]}]}}");
}

static void a_step_loses_what_is_less_than_a_millisecond(void **state)
{
	static const char points[] =
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{"
		"\"metric\":{},\"values\":[[0,\"1\"],[0.001,\"1\"],[0.002,\"1\"]]}]}}";
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/query_range?query=1&start=0&end=0.002&step=0.0019", 200,
		points);
	assert_answers(&l, "/api/v1/query_range?query=1&start=0&end=60&step=0.001", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"exceeded maximum "
		"resolution of 11,000 points per timeseries. Try decreasing the query resolution "
		"(?step=XX)\"}");
	/* by nanoseconds 11,000, by milliseconds more */
	assert_int_equal(
		status_of(&l, "/api/v1/query_range?query=1&start=0&end=600&step=0.05454546"), 200);
	assert_int_equal(status_of(&l, "/api/v1/query_range?query=1&start=-9e15&end=9e15&step=9e8"),
		400);
	/* more than 64 bits of nanoseconds */
	assert_int_equal(status_of(&l, "/api/v1/query_range?query=1&start=0&end=60&step=300y"),
		400);
}

#define LATENCY                                                                           \
	"latency{site=\"dublin\"} {{schema:0 count:4 sum:5.5 z_bucket:1 z_bucket_w:0.75 " \
	"buckets:[1 1] "                                                                  \
	"n_offset:2 n_buckets:[1]}}x2 _ 7 8"
#define LATENCY_JSON                                                             \
	"{\"count\":\"4\",\"sum\":\"5.5\",\"buckets\":[[1,\"-4\",\"-2\",\"1\"]," \
	"[3,\"-0.75\",\"0.75\",\"1\"],[0,\"0.75\",\"1\",\"1\"],[0,\"1\",\"2\",\"1\"]]}"

static void a_native_histogram_is_answered_with_its_buckets(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	metrics_fixture_keep(l.store, LATENCY);
	assert_answers(&l, "/api/v1/query?query=latency&time=" BEGIN_TEXT, 200,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{"
		"\"metric\":{\"__name__\":\"latency\",\"site\":\"dublin\"},\"histogram\":["
		"1700000000," LATENCY_JSON "]}]}}");
	assert_answers(&l,
		"/api/v1/query_range?query=latency&start=1700000030&end=1700000075&step=30", 200,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{"
		"\"metric\":{\"__name__\":\"latency\",\"site\":\"dublin\"},\"values\":["
		"[1700000060,\"7\"]],\"histograms\":[[1700000030," LATENCY_JSON "]]}]}}");
}

static void numbers_and_texts_are_written_as_prometheus_writes_them(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/query_range?query=odd&start=1700000000&end=1700000075&step=15s",
		200,
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{"
		"\"metric\":"
		"{\"__name__\":\"odd\",\"what\":\"\\\"quoted\\\" \\\\ text\"},\"values\":["
		"[1700000000,\"NaN\"],[1700000015,\"+Inf\"],[1700000030,\"-Inf\"],[1700000045,"
		"\"0.1\"],[1700000060,\"1e+21\"],[1700000075,\"1e-07\"]]}]}}");
}

static void a_scalar_has_no_exponent(void **state)
{
	static const struct {
		const char *query, *text;
	} cases[] = { { "1e22", "10000000000000000000000" }, { "1.5e-7", "0.00000015" },
		{ "-Inf", "-Inf" } };
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char target[100], answer[200];

		snprintf(target, sizeof target, "/api/v1/query?query=%s&time=1", cases[i].query);
		snprintf(answer, sizeof answer,
			"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":"
			"[1,\"%s\"]}}",
			cases[i].text);
		assert_answers(&l, target, 200, answer);
	}
}

static void what_is_asked_wrongly_is_answered_in_prometheus_words(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/query?query=up()", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
		"\\\"query\\\": 1:1: parse error: unknown function with name \\\"up\\\"\"}");
	assert_answers(&l, "/api/v1/query?query=up&time=noon", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
		"\\\"time\\\": invalid time value for 'time': cannot parse \\\"noon\\\" to a "
		"valid timestamp\"}");
	assert_answers(&l, "/api/v1/query_range?query=up&start=10&end=9&step=1", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
		"\\\"end\\\": end timestamp must not be before start time\"}");
	assert_answers(&l, "/api/v1/query_range?query=up&start=0&end=9&step=0", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
		"\\\"step\\\": zero or negative query resolution step widths are not accepted. Try "
		"a "
		"positive integer\"}");
	assert_answers(&l, "/api/v1/query_range?query=up&start=0&end=99999&step=1", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"exceeded maximum "
		"resolution of 11,000 points per timeseries. Try decreasing the query resolution "
		"(?step=XX)\"}");
	assert_answers(&l, "/api/v1/query?query=up%20%2B%20on(job)%20up&time=" BEGIN_TEXT, 422,
		"{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"found duplicate "
		"series "
		"for the match group {job=\\\"node\\\"} on the right hand-side of the operation: "
		"[{__name__=\\\"up\\\", instance=\\\"b:9100\\\", job=\\\"node\\\"}, "
		"{__name__=\\\"up\\\", instance=\\\"a:9100\\\", job=\\\"node\\\"}];many-to-many "
		"matching not allowed: matching labels must be unique on one side\"}");
}

static void the_first_wrong_parameter_is_blamed_in_prometheus_order(void **state)
{
	static const struct {
		const char *parameters, *blamed;
	} cases[] = { { "query=(&limit=x&start=x&end=x&step=x&timeout=x&lookback_delta=x",
			      "limit" },
		{ "query=(&start=x&end=x&step=x&timeout=x&lookback_delta=x", "start" },
		{ "query=(&start=1&end=x&step=x&timeout=x&lookback_delta=x", "end" },
		{ "query=(&start=1&end=2&step=x&timeout=x&lookback_delta=x", "step" },
		{ "query=(&start=1&end=2&step=1&timeout=x&lookback_delta=x", "timeout" },
		{ "query=(&start=1&end=2&step=1&lookback_delta=x", "lookback delta" },
		{ "query=(&start=1&end=2&step=1", "query" } };
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(pump_answer_fini) struct pump_answer a = { 0 };
		char target[200];

		snprintf(target, sizeof target, "/api/v1/query_range?%s", cases[i].parameters);
		fixture_ask(&l.f, "GET", target, "", NULL, &a);
		assert_int_equal(a.status, 400);
		if (!strstr(str_c(&a.body), cases[i].blamed))
			fail_msg("%s: %s", cases[i].parameters, str_c(&a.body));
	}
}

static void forty_selectors_are_taken(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(str_fini) struct str target = STR_EMPTY;

	(void)state;
	setup(&l);
	str_add(&target, "/api/v1/series?start=1700000000");
	for (int i = 0; i < 40; i++)
		str_addf(&target, "&match[]=requests%d_total", i);
	str_add(&target, "&match[]=requests_total");
	assert_answers(&l, str_c(&target), 200,
		"{\"status\":\"success\",\"data\":[{\"__name__\":\"requests_total\",\"code\":"
		"\"200\",\"job\":\"web\"}]}");
}

static void what_is_too_much_is_not_to_be_asked_again(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(str_fini) struct str deep = STR_EMPTY, many = STR_EMPTY;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	(void)state;
	setup(&l);
	str_add(&deep, "/api/v1/query?query=1");
	for (int i = 0; i < 3000; i++)
		str_add(&deep, "%2B1");
	assert_int_equal(status_of(&l, str_c(&deep)), 400);
	str_add(&many, "query=1");
	for (int i = 0; i < URI_PAIRS_MAX; i++)
		str_add(&many, "&x=1");
	fixture_ask(&l.f, "POST", "/api/v1/query", "", str_c(&many), &a);
	assert_int_equal(a.status, 400);
}

static void what_cannot_be_decoded_is_refused_in_prometheus_envelope(void **state)
{
	static const char *const targets[] = { "/api/v1/query?query=%zz",
		"/api/v1/series?match[]=up&x=%ff", "/api/v1/label/%ff/values" };
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	for (size_t i = 0; i < COUNT(targets); i++) {
		scoped(pump_answer_fini) struct pump_answer a = { 0 };

		fixture_ask(&l.f, "GET", targets[i], "", NULL, &a);
		assert_int_equal(a.status, 400);
		assert_true(str_starts(str_c(&a.body),
			"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\""));
	}
}

static void always_is_said_as_go_clients_say_it(void **state)
{
	static const char *const times[] = { "start=-9223309901257974&end=9223309901257974.999",
		"start=-292273086-05-16T16:47:06Z&end=292277025-08-18T07:12:54.999999999Z" };
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	for (size_t i = 0; i < COUNT(times); i++) {
		char target[200];

		snprintf(target, sizeof target, "/api/v1/series?match[]=requests_total&%s",
			times[i]);
		assert_answers(&l, target, 200,
			"{\"status\":\"success\",\"data\":[{\"__name__\":\"requests_total\","
			"\"code\":\"200\",\"job\":\"web\"}]}");
	}
	assert_int_equal(status_of(&l, "/api/v1/labels?start=1e16"), 400);
}

static void a_lookback_that_is_not_positive_is_the_usual_one(void **state)
{
	static const char answer[] =
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{"
		"\"metric\":{},\"value\":[1700000014,\"2\"]}]}}";
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/query?query=sum(up)&time=1700000014&lookback_delta=-1", 200,
		answer);
	assert_answers(&l, "/api/v1/query?query=sum(up)&time=1700000014&lookback_delta=0", 200,
		answer);
}

static void a_limit_cuts_and_says_so(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(json_decref) json_t *answer = NULL;

	(void)state;
	setup(&l);
	answer = fixture_get(&l.f, "/api/v1/query?query=up&limit=1&time=" BEGIN_TEXT);
	assert_int_equal(json_array_size(json_at(answer, "data.result")), 1);
	assert_string_equal(text_at(answer, "warnings.0"), "results truncated due to limit");
}

static void names_and_values_of_labels_are_found(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/labels", 200,
		"{\"status\":\"success\",\"data\":[\"__name__\",\"code\",\"instance\",\"job\","
		"\"site\",\"what\"]}");
	assert_answers(&l, "/api/v1/label/__name__/values", 200,
		"{\"status\":\"success\",\"data\":[\"odd\",\"requests_total\",\"up\"]}");
	assert_answers(&l, "/api/v1/label/instance/values?match%5B%5D=up&limit=1", 200,
		"{\"status\":\"success\",\"data\":[\"a:9100\"],\"warnings\":[\"results truncated "
		"due "
		"to limit\"]}");
	assert_answers(&l, "/api/v1/label/job/values?match[]=up&match[]=requests_total", 200,
		"{\"status\":\"success\",\"data\":[\"node\",\"web\"]}");
}

static void series_are_found_by_what_they_match(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/series?match[]=requests_total", 200,
		"{\"status\":\"success\",\"data\":[{\"__name__\":\"requests_total\",\"code\":"
		"\"200\","
		"\"job\":\"web\"}]}");
	assert_answers(&l, "/api/v1/series", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"no match[] parameter "
		"provided\"}");
}

static void a_site_that_scrapes_nothing_has_no_targets(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/targets?state=any", 200,
		"{\"status\":\"success\",\"data\":{\"activeTargets\":[],\"droppedTargets\":[],"
		"\"droppedTargetCounts\":{}}}");
	assert_answers(&l, "/api/v1/targets?state=Dropped", 200,
		"{\"status\":\"success\",\"data\":{\"activeTargets\":[],"
		"\"droppedTargets\":[],\"droppedTargetCounts\":{}}}");
	assert_answers(&l, "/api/v1/scrape_pools", 200,
		"{\"status\":\"success\",\"data\":{\"scrapePools\":[]}}");
}

static void metadata_is_what_the_store_was_told(void **state)
{
	static const struct metric_metadata m = { "gauge", "says \"1\"", "" };
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	const struct series_sink *sink;

	(void)state;
	setup(&l);
	sink = store_sink(l.store);
	sink->metadata(sink->self, "up", &m);
	assert_answers(&l, "/api/v1/metadata?metric=up", 200,
		"{\"status\":\"success\",\"data\":{\"up\":[{\"type\":\"gauge\",\"unit\":\"\","
		"\"help\":\"says \\\"1\\\"\"}]}}");
	assert_answers(&l, "/api/v1/metadata?metric=down", 200,
		"{\"status\":\"success\",\"data\":{}}");
	sink->metadata(sink->self, "down", &(struct metric_metadata){ "", "", "s" });
	assert_answers(&l, "/api/v1/metadata", 200,
		"{\"status\":\"success\",\"data\":{\"down\":[{\"type\":\"unknown\",\"unit\":\"s\","
		"\"help\":\"\"}],\"up\":[{\"type\":\"gauge\",\"unit\":\"\","
		"\"help\":\"says \\\"1\\\"\"}]}}");
	assert_answers(&l, "/api/v1/metadata?limit=1", 200,
		"{\"status\":\"success\",\"data\":{\"down\":[{\"type\":\"unknown\",\"unit\":\"s\","
		"\"help\":\"\"}]}}");
	assert_answers(&l, "/api/v1/metadata?limit=0", 200, "{\"status\":\"success\",\"data\":{}}");
	assert_answers(&l, "/api/v1/metadata?limit=a", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"limit must be a "
		"number\"}");
	assert_answers(&l, "/api/v1/targets/metadata?match_target=(", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
		"\\\"match_target\\\": 1:1: parse error: unexpected \\\"(\\\"\"}");
}

static void another_server_takes_the_newest_samples(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	l.f.ahead_ms += METRICS_BEGIN_MS + 601000 - fixture_now(&l.f).wall.ms;
	assert_answers(&l, "/federate", 200, "");
	assert_answers(&l, "/federate?match[]={}", 200, "");
	assert_answers(&l, "/federate?match[]=up&match[]={job=~\"node|web\"}&match[]=odd", 200,
		"# TYPE requests_total untyped\n"
		"requests_total{code=\"200\",job=\"web\",instance=\"\"} 1200 1700000600000\n"
		"# TYPE up untyped\n"
		"up{instance=\"a:9100\",job=\"node\"} 1 1700000600000\n"
		"up{instance=\"b:9100\",job=\"node\"} 0 1700000600000\n");
	assert_answers(&l, "/federate?match[]=foo(", 400, "1:4: parse error: unexpected \"(\"\n");
	l.f.ahead_ms += METRICS_BEGIN_MS + 16000 - fixture_now(&l.f).wall.ms;
	assert_answers(&l, "/federate?match[]=odd", 200,
		"# TYPE odd untyped\n"
		"odd{what=\"\\\"quoted\\\" \\\\ text\",instance=\"\"} +Inf 1700000015000\n");
}

static struct labels named_labels(void *ctx)
{
	static const struct label v[] = { { "job", "-", 3, 1 }, { "site", "dublin", 4, 6 } };

	(void)ctx;
	return (struct labels){ v, COUNT(v) };
}

static void another_server_is_told_whose_series_they_are(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup_named(&l, named_labels);
	l.f.ahead_ms += METRICS_BEGIN_MS + 601000 - fixture_now(&l.f).wall.ms;
	assert_answers(&l, "/federate?match[]=up&match[]=requests_total", 200,
		"# TYPE requests_total untyped\n"
		"requests_total{code=\"200\",job=\"web\",instance=\"\",site=\"dublin\"} 1200 "
		"1700000600000\n"
		"# TYPE up untyped\n"
		"up{instance=\"a:9100\",job=\"node\",site=\"dublin\"} 1 1700000600000\n"
		"up{instance=\"b:9100\",job=\"node\",site=\"dublin\"} 0 1700000600000\n");
}

static void a_link_to_prometheus_own_page_leads_to_ours(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	char location[128];

	(void)state;
	setup(&l);
	fixture_ask(&l.f, "GET", "/graph?g0.expr=up+%3E+0&g0.tab=1&g1.expr=x", "", NULL, &a);
	assert_int_equal(a.status, 302);
	assert_string_equal(pump_header(&a, "Location", location, sizeof location),
		"/explore?view=table&q=up%20%3E%200&q=x");
}

static void what_would_match_everything_is_refused(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/labels?match[]=up&match[]={a=\"\"}", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"match[] must contain "
		"at least one non-empty matcher\"}");
	assert_answers(&l, "/api/v1/series?match[]={job=~\".*\"}", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
		"\\\"match[]\\\": match[] must contain at least one non-empty matcher\"}");
}

static void an_expression_is_laid_out_and_taken_apart(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	assert_answers(&l, "/api/v1/format_query?query=foo/bar", 200,
		"{\"status\":\"success\",\"data\":\"foo / bar\"}");
	assert_answers(&l, "/api/v1/format_query?query=foo(", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
		"\\\"query\\\": 1:5: parse error: unclosed left parenthesis\"}");
	assert_answers(&l, "/api/v1/parse_query?query=foo", 200,
		"{\"status\":\"success\",\"data\":{\"matchers\":[{\"name\":\"__name__\",\"type\":"
		"\"=\",\"value\":\"foo\"}],\"name\":\"foo\",\"offset\":0,\"startOrEnd\":null,"
		"\"timestamp\":null,\"type\":\"vectorSelector\"}}");
}

static void tell_exemplar(struct metrics_fixture *l)
{
	static const struct label series[] = { { METRIC_NAME, "latency_bucket", 8, 14 },
		{ "le", "0.5", 2, 3 } };
	static const struct label trace = { "trace_id", "a1", 8, 2 };
	const struct series_sink *sink = store_sink(l->store);
	struct exemplar x = { .labels = { &trace, 1 }, .v = 0.25, .t_ms = 1500 };
	series_ref ref;

	assert_int_equal(sink->series(sink->self, &(struct labels){ series, 2 }, &ref, NULL),
		RC_OK);
	sink->exemplar(sink->self, ref, &x);
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
}

static void exemplars_are_found_by_an_expression(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	tell_exemplar(&l);
	assert_answers(&l,
		"/api/v1/"
		"query_exemplars?query=rate(latency_bucket%5B5m%5D)%20%2b%20foo&start=1&end=2",
		200,
		"{\"status\":\"success\",\"data\":[{\"seriesLabels\":{\"__name__\":\"latency_"
		"bucket\","
		"\"le\":\"0.5\"},\"exemplars\":[{\"labels\":{\"trace_id\":\"a1\"},\"value\":\"0."
		"25\","
		"\"timestamp\":1.500}]}]}");
	assert_answers(&l, "/api/v1/query_exemplars?query=latency_bucket&start=2&end=3", 200,
		"{\"status\":\"success\",\"data\":[]}");
	assert_answers(&l, "/api/v1/query_exemplars?query=foo&start=1&end=2", 200,
		"{\"status\":\"success\",\"data\":[]}");
	assert_answers(&l, "/api/v1/query_exemplars?query=1&start=1&end=2", 204, "");
	assert_answers(&l, "/api/v1/query_exemplars?query=foo(", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"1:5: parse error: "
		"unclosed left parenthesis\"}");
	assert_answers(&l, "/api/v1/query_exemplars?query=foo&start=3&end=2", 400,
		"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"end timestamp must "
		"not "
		"be before start timestamp\"}");
}

static void a_long_query_comes_as_a_form(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	scoped(str_fini) struct str form = STR_EMPTY;

	(void)state;
	setup(&l);
	str_add(&form, "time=" BEGIN_TEXT "&query=count(up");
	for (int i = 0; i < 3000; i++)
		str_add(&form, "%20");
	str_add(&form, ")");
	fixture_ask(&l.f, "POST", "/api/v1/query",
		"Content-Type: application/x-www-form-urlencoded\r\n", str_c(&form), &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(str_c(&a.body), "[1700000000,\"2\"]"));
}

static void many_queries_wait_for_their_turn(void **state)
{
	enum { N = 40 };
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	struct pump clients[N];

	(void)state;
	setup(&l);
	for (int i = 0; i < N; i++) {
		scoped(str_fini) struct str ask = STR_EMPTY;

		pump_connect(&clients[i], &l.f.loop, api_address(l.f.api));
		str_addf(&ask,
			"GET /api/v1/query?query=sum(up)&time=" BEGIN_TEXT
			" HTTP/1.1\r\nHost: %s\r\n\r\n",
			api_address(l.f.api));
		pump_send(&clients[i], str_c(&ask));
	}
	for (int i = 0; i < N; i++) {
		scoped(pump_answer_fini) struct pump_answer a = { 0 };

		pump_answer(&clients[i], &a);
		assert_int_equal(a.status, 200);
		assert_non_null(strstr(str_c(&a.body), "\"2\""));
		pump_fini(&clients[i]);
	}
}

static void a_site_without_metrics_says_so(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_ask(&f, "GET", "/api/v1/query?query=up", "", NULL, &a);
	assert_int_equal(a.status, 503);
	assert_non_null(strstr(str_c(&a.body), "lab.yaml has no 'metrics'"));
}

static void a_stranger_gets_nothing(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	(void)state;
	fixture_init(&f, FIXTURE_LOGIN);
	fixture_ask(&f, "GET", "/api/v1/query?query=up", "", NULL, &a);
	assert_int_equal(a.status, 401);
}

static void what_answers_says_what_it_is_and_holds(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(json_decref) json_t *build = NULL;

	(void)state;
	setup(&l);
	build = fixture_get(&l.f, "/api/v1/status/buildinfo");
	assert_string_equal(text_at(build, "status"), "success");
	assert_string_equal(text_at(build, "data.version"), "3.5.0");
	json_decref(build);
	build = fixture_get(&l.f, "/api/v1/status/runtimeinfo");
	assert_int_equal(number_at(build, "data.corruptionCount"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_query_gives_a_vector),
		cmocka_unit_test(queries_are_written_down_as_prometheus_does),
		cmocka_unit_test(a_range_query_gives_a_matrix),
		cmocka_unit_test(a_step_loses_what_is_less_than_a_millisecond),
		cmocka_unit_test(a_native_histogram_is_answered_with_its_buckets),
		cmocka_unit_test(numbers_and_texts_are_written_as_prometheus_writes_them),
		cmocka_unit_test(a_scalar_has_no_exponent),
		cmocka_unit_test(what_is_asked_wrongly_is_answered_in_prometheus_words),
		cmocka_unit_test(the_first_wrong_parameter_is_blamed_in_prometheus_order),
		cmocka_unit_test(forty_selectors_are_taken),
		cmocka_unit_test(what_is_too_much_is_not_to_be_asked_again),
		cmocka_unit_test(what_cannot_be_decoded_is_refused_in_prometheus_envelope),
		cmocka_unit_test(always_is_said_as_go_clients_say_it),
		cmocka_unit_test(a_lookback_that_is_not_positive_is_the_usual_one),
		cmocka_unit_test(a_limit_cuts_and_says_so),
		cmocka_unit_test(names_and_values_of_labels_are_found),
		cmocka_unit_test(series_are_found_by_what_they_match),
		cmocka_unit_test(a_site_that_scrapes_nothing_has_no_targets),
		cmocka_unit_test(metadata_is_what_the_store_was_told),
		cmocka_unit_test(a_link_to_prometheus_own_page_leads_to_ours),
		cmocka_unit_test(another_server_takes_the_newest_samples),
		cmocka_unit_test(another_server_is_told_whose_series_they_are),
		cmocka_unit_test(what_would_match_everything_is_refused),
		cmocka_unit_test(an_expression_is_laid_out_and_taken_apart),
		cmocka_unit_test(exemplars_are_found_by_an_expression),
		cmocka_unit_test(a_long_query_comes_as_a_form),
		cmocka_unit_test(many_queries_wait_for_their_turn),
		cmocka_unit_test(a_site_without_metrics_says_so),
		cmocka_unit_test(a_stranger_gets_nothing),
		cmocka_unit_test(what_answers_says_what_it_is_and_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
