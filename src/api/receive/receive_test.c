/* SPDX-License-Identifier: Apache-2.0 */
/* Samples that others send, over real sockets, into a real store in memory. */
#include "api/metrics_fixture.h"
#include "api/receive/arrival.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define IMPORT "/api/v1/import/prometheus"

static const struct store_settings settings = { .retention_ms = 100 * DAY_MS };

static struct lab_metrics *metrics_of(struct metrics_fixture *l)
{
	return &((struct lab *)(uintptr_t)site_lab(l->f.site))->metrics;
}

static void setup_seeded(struct metrics_fixture *l, uint64_t seed)
{
	struct api_setup api;

	metrics_fixture_init_now(l, seed, &settings);
	metrics_of(l)->receive = ~0u;
	api = metrics_fixture_setup(l);
	api.store_has_work = metrics_fixture_work;
	metrics_fixture_start(l, &api);
}

static void setup(struct metrics_fixture *l)
{
	setup_seeded(l, 1);
}

static void send_to(struct metrics_fixture *l, const char *target, const char *headers,
	const char *body, int status)
{
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	fixture_ask(&l->f, "POST", target, headers, body, &a);
	if (a.status != status)
		fail_msg("%s: %d %s", target, a.status, str_c(&a.body));
}

/* All that is stored: name{labels} value@milliseconds before now, ... */
static void assert_stored(struct metrics_fixture *l, int64_t now_ms, const char *want)
{
	struct store_view *view = store_view_new(l->store);
	const struct series_source *source = store_view_source(view);
	struct series_query q = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
	scoped(series_column_fini) struct series_column column = { 0 };
	scoped(str_fini) struct str got = STR_EMPTY;
	struct series_cursor *c;
	struct labels labels;
	bool has;

	assert_int_equal(source->open(source->self, &q, &c, NULL), RC_OK);
	while (source->next(c, &labels, &has, NULL) == RC_OK && has) {
		assert_int_equal(source->read(c, &column, NULL), RC_OK);
		for (uint32_t i = 0; i < labels.n; i++)
			str_addf(&got, "%s=%s ", labels.v[i].name, labels.v[i].value);
		for (uint32_t i = 0; i < column.n; i++)
			str_addf(&got, "%g@%" PRId64 " ", column.v[i], now_ms - column.t_ms[i]);
		str_addc(&got, '\n');
	}
	source->close(c);
	store_view_free(view);
	assert_string_equal(str_c(&got), want);
}

static void a_text_of_the_past_is_kept(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(str_fini) struct str body = STR_EMPTY;
	int64_t now_ms;

	(void)state;
	setup(&l);
	now_ms = fixture_now(&l.f).wall.ms;
	str_addf(&body, "a{x=\"1\"} 3 %" PRId64 "\na{x=\"1\"} 4 %" PRId64 "\nb 5 %" PRId64 "\n",
		now_ms - 40 * DAY_MS, now_ms - 30 * DAY_MS, now_ms - 1000);
	send_to(&l, IMPORT "?wait=1", "", str_c(&body), 204);
	assert_stored(&l, now_ms,
		"__name__=a x=1 3@3456000000 4@2592000000 \n__name__=b 5@1000 \n");
}

static void parameters_are_heeded(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(str_fini) struct str target = STR_EMPTY;
	int64_t now_ms;

	(void)state;
	setup(&l);
	now_ms = fixture_now(&l.f).wall.ms;
	str_addf(&target,
		IMPORT "?timestamp=%" PRId64 "&extra_label=job=old&extra_label=x=y&wait=1",
		now_ms - DAY_MS);
	send_to(&l, str_c(&target), "", "a{x=\"1\"} 3\nb 4", 204);
	assert_stored(&l, now_ms,
		"__name__=a job=old x=y 3@86400000 \n__name__=b job=old x=y 4@86400000 \n");
	send_to(&l, IMPORT "?timestamp=soon", "", "a 1\n", 400);
	send_to(&l, IMPORT "?extra_label=x", "", "a 1\n", 400);
}

static void what_is_wrong_is_refused_whole(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	(void)state;
	setup(&l);
	fixture_ask(&l.f, "POST", IMPORT, "", "a 1\nb two\n", &a);
	assert_int_equal(a.status, 400);
	assert_non_null(strstr(str_c(&a.body), "line 2: "));
	send_to(&l, IMPORT, "Content-Encoding: gzip\r\n", "a 1\n", 400);
	send_to(&l, IMPORT, "Content-Encoding: br\r\n", "a 1\n", 501);
	assert_stored(&l, 0, "");
}

static void samples_too_old_or_of_next_year_are_named(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	scoped(str_fini) struct str body = STR_EMPTY;
	int64_t now_ms;

	(void)state;
	setup(&l);
	now_ms = fixture_now(&l.f).wall.ms;
	str_addf(&body, "a{x=\"1\"} 3 %" PRId64 "\nb 5 %" PRId64 "\nc 6\n", now_ms - 101 * DAY_MS,
		now_ms + 365 * DAY_MS);
	fixture_ask(&l.f, "POST", IMPORT, "", str_c(&body), &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(str_c(&a.body), "\"taken\":1,\"tooOld\":1,\"tooFarAhead\":1,"
					       "\"first\":\"a{x=\\\"1\\\"} at "));
}

static void what_lab_yaml_doesnt_allow_is_refused(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	metrics_of(&l)->receive = 0;
	send_to(&l, IMPORT, "", "a 1\n", 403);
}

static void a_page_elsewhere_cant_send_samples(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;

	(void)state;
	setup(&l);
	send_to(&l, IMPORT, "Origin: http://evil.example\r\n", "a 1\n", 403);
}

/* 10001 series without labels, four bytes each, as one block of snappy. */
static void a_request_of_series_that_cant_be_is_given_up(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	scoped(str_fini) struct str body = STR_EMPTY;

	(void)state;
	setup(&l);
	str_add(&body, "\xc4\xb8\x02\x0c\x0a\x02\x18\x01");
	for (int i = 0; i < 5000; i++)
		str_add(&body, "\x11\x04"); /* the eight bytes from four back */
	fixture_ask(&l.f, "POST", "/api/v1/write", "", str_c(&body), &a);
	assert_int_equal(a.status, 400);
	assert_non_null(strstr(str_c(&a.body), "10000 series, and more: "));
}

static void otlp_as_json_is_answered_as_json(void **state)
{
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };
	scoped(str_fini) struct str body = STR_EMPTY;
	int64_t now_ms;

	(void)state;
	setup(&l);
	now_ms = fixture_now(&l.f).wall.ms;
	str_addf(&body,
		"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"a\",\"gauge\":{"
		"\"dataPoints\":[{\"asDouble\":2.5,\"timeUnixNano\":\"%" PRId64 "000000\"}]}},"
		"{\"name\":\"b\",\"sum\":{\"aggregationTemporality\":1,\"dataPoints\":[{}]}}]}]}]}",
		now_ms - 1000);
	fixture_ask(&l.f, "POST", "/api/v1/otlp/v1/metrics", "Content-Type: application/json\r\n",
		str_c(&body), &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(str_c(&a.body),
		"{\"partialSuccess\":{\"rejectedDataPoints\":\"1\","
		"\"errorMessage\":\"b: only cumulative temporality is taken\"}}");
	assert_stored(&l, now_ms, "__name__=a 2.5@1000 \n");
}

#define CUTS 20

/* Sent, answered, and then the power goes; returns how many samples are there afterwards. */
static uint64_t send_and_cut(uint64_t seed, const char *target, bool is_durable, int64_t age_ms)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct store_stats stats;
	struct metrics_fixture l;
	struct now now;

	setup_seeded(&l, seed);
	metrics_of(&l)->has_durable_answers = is_durable;
	now = fixture_now(&l.f);
	str_addf(&body, "a 3 %" PRId64 "\nb 4 %" PRId64 "\n", now.wall.ms - 2000,
		now.wall.ms - age_ms);
	send_to(&l, target, "", str_c(&body), 204);
	memory_files_crash(l.files);
	fixture_fini(&l.f);
	store_close(l.store);
	assert_int_equal(store_open(&l.store, memory_files_port(l.files), &settings, now, NULL),
		RC_OK);
	store_stats(l.store, &stats);
	store_close(l.store);
	memory_files_free(l.files);
	return stats.samples;
}

static void what_was_answered_survives_a_power_cut(void **state)
{
	uint64_t n = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= CUTS; seed++) {
		assert_int_equal(send_and_cut(seed, IMPORT, true, 1000), 2);
		assert_int_equal(send_and_cut(seed, IMPORT "?wait=1", false, 1000), 2);
		assert_int_equal(send_and_cut(seed, IMPORT "?wait=1", true, 40 * DAY_MS), 2);
		n += send_and_cut(seed, IMPORT, false, 1000);
		n += send_and_cut(seed, IMPORT "?wait=0", true, 1000);
	}
	assert_true(n < 4 * CUTS); /* who doesn't wait loses something */
}

static void a_large_request_is_stored_in_slices_and_whole(void **state)
{
	const uint32_t n = 2 * ARRIVAL_SLICE + 1;
	scoped(metrics_fixture_fini) struct metrics_fixture l;
	scoped(str_fini) struct str body = STR_EMPTY;
	struct store_stats stats;

	(void)state;
	setup(&l);
	for (uint32_t i = 0; i < n; i++)
		str_addf(&body, "a{x=\"%u\"} %u\n", i % 1000, i);
	send_to(&l, IMPORT "?wait=0", "", str_c(&body), 204);
	store_stats(l.store, &stats);
	assert_int_equal(stats.series, 1000);
	assert_int_equal(stats.appended[SERIES_TAKEN] + stats.appended[SERIES_DUPLICATE] +
				 stats.appended[SERIES_SAME],
		n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_of_the_past_is_kept),
		cmocka_unit_test(parameters_are_heeded),
		cmocka_unit_test(what_is_wrong_is_refused_whole),
		cmocka_unit_test(samples_too_old_or_of_next_year_are_named),
		cmocka_unit_test(what_lab_yaml_doesnt_allow_is_refused),
		cmocka_unit_test(a_page_elsewhere_cant_send_samples),
		cmocka_unit_test(a_request_of_series_that_cant_be_is_given_up),
		cmocka_unit_test(otlp_as_json_is_answered_as_json),
		cmocka_unit_test(what_was_answered_survives_a_power_cut),
		cmocka_unit_test(a_large_request_is_stored_in_slices_and_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
