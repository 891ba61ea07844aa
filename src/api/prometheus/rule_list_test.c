/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as Prometheus' API shows them; test/differential/rules compares more with a real one. */
#include "api/prometheus/rule_list.h"

#include "base/doc_fixture.h"
#include "node/rules_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BEGIN_MS INT64_C(1700000000000)

#define FILE_TEXT                                                         \
	"{groups: [{name: b, limit: 3, rules: ["                          \
	"{record: 'one', expr: '1  +  0', labels: {l: x}},"               \
	"{alert: Up, expr: vector(2), for: 1m, labels: {severity: page}," \
	" annotations: {summary: 'it is {{ $value }}'}}]},"               \
	"{name: a, interval: 2m, rules: [{record: two, expr: '\"text\"'}]}]}"

struct ruled {
	struct rules_promql promql;
	struct rules_world world;
	struct rule_file *file;
	struct rules *rules;
};

static enum rc to_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	(void)self, (void)l, (void)e;
	*ret = 1;
	return RC_OK;
}

static enum series_verdict to_sample(void *self, series_ref ref, int64_t t_ms, double v)
{
	(void)self, (void)ref, (void)t_ms, (void)v;
	return SERIES_TAKEN;
}

static enum rc to_commit(void *self, struct err *e)
{
	(void)self, (void)e;
	return RC_OK;
}

static void set_up(struct ruled *r)
{
	scoped(doc_fixture_free) struct doc *doc = doc_fixture(FILE_TEXT);
	scoped(findings_fini) struct findings findings = { 0 };
	struct rules_config config = { .files = (const struct rule_file *const *)&r->file,
		.n_files = 1,
		.sink = { .series = to_series, .append = to_sample, .commit = to_commit },
		.outside = { .external_url = "" },
		.interval_ms = MINUTE_MS };

	doc->file = "r.yml";
	r->promql = (struct rules_promql){ 0 };
	r->world = rules_world_over(&r->promql);
	assert_int_equal(rule_file_read(&r->file, doc, &r->world, &findings, NULL), RC_OK);
	r->rules = rules_new(&config, (struct wall){ BEGIN_MS });
}

static void tear_down(struct ruled *r)
{
	rules_free(r->rules);
	rule_file_free(r->file);
}

static void evaluate(struct ruled *r, int64_t at_ms)
{
	const struct rules_outside outside = { .external_url = "" };
	uint32_t n;

	for (uint32_t g = 0; g < rules_group_count(r->rules); g++)
		for (uint32_t i = 0; i < rules_group(r->rules, g).n_rules; i++) {
			struct rules_job job = rules_job(r->rules, g, i, at_ms);
			scoped(rule_outcome_fini) struct rule_outcome o;

			rule_evaluate(&job, &r->world, &outside, &o);
			o.took_ns = 1500000;
			rules_end(r->rules, (struct wall){ at_ms }, &job, &o, &n);
		}
}

#define ALL                                                            \
	{                                                              \
		.has_alerts = true, .has_recordings = true, .from = "" \
	}

static void rules_are_shown_in_order_of_groups_with_what_became_of_them(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	const struct rules_wish all = ALL;
	struct ruled r;

	(void)state;
	set_up(&r);
	evaluate(&r, BEGIN_MS);
	assert_true(rules_write(&out, r.rules, &all));
	assert_string_equal(str_c(&out),
		"{\"status\":\"success\",\"data\":{\"groups\":["
		"{\"name\":\"a\",\"file\":\"r.yml\",\"rules\":[{\"name\":\"two\","
		"\"query\":\"\\\"text\\\"\",\"health\":\"err\","
		"\"lastError\":\"rule result is not a vector or scalar\","
		"\"evaluationTime\":0.0015,\"lastEvaluation\":\"2023-11-14T22:13:20.000Z\","
		"\"type\":\"recording\"}],\"interval\":120,\"limit\":0,\"evaluationTime\":0,"
		"\"lastEvaluation\":\"0001-01-01T00:00:00Z\"},"
		"{\"name\":\"b\",\"file\":\"r.yml\",\"rules\":[{\"name\":\"one\","
		"\"query\":\"1 + 0\",\"labels\":{\"l\":\"x\"},\"health\":\"ok\","
		"\"evaluationTime\":0.0015,\"lastEvaluation\":\"2023-11-14T22:13:20.000Z\","
		"\"type\":\"recording\"},{\"state\":\"pending\",\"name\":\"Up\","
		"\"query\":\"vector(2)\",\"duration\":60,\"keepFiringFor\":0,"
		"\"labels\":{\"severity\":\"page\"},"
		"\"annotations\":{\"summary\":\"it is {{ $value }}\"},\"alerts\":["
		"{\"labels\":{\"alertname\":\"Up\",\"severity\":\"page\"},"
		"\"annotations\":{\"summary\":\"it is 2\"},\"state\":\"pending\","
		"\"activeAt\":\"2023-11-14T22:13:20.000Z\",\"value\":\"2e+00\"}],"
		"\"health\":\"ok\",\"evaluationTime\":0.0015,"
		"\"lastEvaluation\":\"2023-11-14T22:13:20.000Z\",\"type\":\"alerting\"}],"
		"\"interval\":60,\"limit\":3,\"evaluationTime\":0,"
		"\"lastEvaluation\":\"0001-01-01T00:00:00Z\"}]}}");
	tear_down(&r);
}

static void pages_are_turned_by_tokens(void **state)
{
	/* printf 'r.yml;b' | sha1sum */
	static const char token[] = "2ed37eecc76f2b9960894d5aca5e058d59378727";
	scoped(str_fini) struct str first = STR_EMPTY, second = STR_EMPTY, none = STR_EMPTY;
	struct rules_wish w = ALL;
	struct ruled r;

	(void)state;
	set_up(&r);
	w.groups_max = 1;
	assert_true(rules_write(&first, r.rules, &w));
	assert_non_null(strstr(str_c(&first), "\"name\":\"a\""));
	assert_null(strstr(str_c(&first), "\"name\":\"b\""));
	assert_non_null(strstr(str_c(&first), token));
	w.from = token;
	assert_true(rules_write(&second, r.rules, &w));
	assert_non_null(strstr(str_c(&second), "\"name\":\"b\""));
	assert_null(strstr(str_c(&second), "groupNextToken"));
	w.from = "unknown";
	assert_false(rules_write(&none, r.rules, &w));
	assert_int_equal(none.len, 0);
	tear_down(&r);
}

static void only_alerts_that_are_up_are_listed(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY, none = STR_EMPTY;
	struct ruled r;

	(void)state;
	set_up(&r);
	alerts_write_up(&none, r.rules);
	assert_string_equal(str_c(&none), "{\"status\":\"success\",\"data\":{\"alerts\":[]}}");
	evaluate(&r, BEGIN_MS);
	evaluate(&r, BEGIN_MS + MINUTE_MS);
	alerts_write_up(&out, r.rules);
	assert_string_equal(str_c(&out),
		"{\"status\":\"success\",\"data\":{\"alerts\":["
		"{\"labels\":{\"alertname\":\"Up\",\"severity\":\"page\"},"
		"\"annotations\":{\"summary\":\"it is 2\"},\"state\":\"firing\","
		"\"activeAt\":\"2023-11-14T22:13:20.000Z\",\"value\":\"2e+00\"}]}}");
	tear_down(&r);
}

static void a_group_is_told_on_metrics_under_prometheus_names(void **state)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	static const char *const lines[] = {
		"\nprometheus_rule_evaluations_total{rule_group=\"r.yml;b\"} 2\n",
		"\nprometheus_rule_evaluation_failures_total{rule_group=\"r.yml;a\"} 1\n",
		"\nprometheus_rule_group_interval_seconds{rule_group=\"r.yml;a\"} 120\n",
		"\nprometheus_rule_evaluation_duration_seconds_sum 0.0045\n",
	};
	struct ruled r;

	(void)state;
	set_up(&r);
	evaluate(&r, BEGIN_MS);
	rules_write_metrics(&out, r.rules);
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_non_null(strstr(str_c(&out), lines[i]));
	tear_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_shown_in_order_of_groups_with_what_became_of_them),
		cmocka_unit_test(pages_are_turned_by_tokens),
		cmocka_unit_test(only_alerts_that_are_up_are_listed),
		cmocka_unit_test(a_group_is_told_on_metrics_under_prometheus_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
