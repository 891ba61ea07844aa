/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/targets.h"

#include "base/json.h"
#include "core/scrape/scraper.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BEGIN_MS INT64_C(1700000000000)

struct lab {
	struct scraper *scraper;
	struct scrape_config jobs[2];
	struct scrape_configs configs;
};

static enum rc no_series(void *self, const struct labels *l, series_ref *ret, struct err *e)
{
	(void)self, (void)l, (void)e;
	*ret = 1;
	return RC_OK;
}

static enum series_verdict no_sample(void *self, series_ref ref, int64_t t_ms, double v)
{
	(void)self, (void)ref, (void)t_ms, (void)v;
	return SERIES_TAKEN;
}

static enum rc no_commit(void *self, struct err *e)
{
	(void)self, (void)e;
	return RC_OK;
}

static const struct series_sink nowhere = { .series = no_series,
	.append = no_sample,
	.commit = no_commit };

/* Of job "web" one target that fails and one that was dropped; of job "db" nothing. */
static void set_up(struct lab *l)
{
	static const struct label before[] = { { "__address__", "127.0.0.1:80", 11, 12 } };
	static const struct label after[] = { { "instance", "127.0.0.1:80", 8, 12 },
		{ "job", "web", 3, 3 } };
	struct scrape_effect effect;
	struct target_list list;
	struct now now = { { 5000 }, { BEGIN_MS + HOUR_MS } };
	struct err e = { 0 };

	l->scraper = scraper_new(&(struct scraper_wish){ .sink = &nowhere, .secret = 3 });
	l->jobs[0] = (struct scrape_config){ .job_name = "web" };
	l->jobs[1] = (struct scrape_config){ .job_name = "db" };
	l->configs = (struct scrape_configs){ .v = l->jobs, .n = 2 };
	scraper_set_jobs(l->scraper, &l->configs, now);
	target_list_init(&list);
	must_grow(list.active, list.n_active, list.cap_active);
	list.active[list.n_active++] = (struct target_spec){ .labels = { after, 2 },
		.discovered = { before, 1 },
		.url = "http://127.0.0.1:80/metrics",
		.scheme = "http",
		.address = "127.0.0.1:80",
		.interval_ms = 15000,
		.timeout_ms = 10000,
		.hash = 7 };
	must_grow(list.dropped, list.n_dropped_kept, list.cap_dropped);
	list.dropped[list.n_dropped_kept++] = (struct labels){ before, 1 };
	list.n_dropped = 3;
	assert_int_equal(scraper_set_targets(l->scraper, "web", &list, now, &e), RC_OK);
	now.mono.ms += 15000;
	now.wall.ms += 15000;
	scraper_step(l->scraper, now);
	while (scraper_effect(l->scraper, &effect))
		if (effect.order == SCRAPE_START)
			scraper_failed(l->scraper, effect.target, "nobody \"there\"", 0.25);
}

static void tear_down(struct lab *l)
{
	scraper_free(l->scraper);
}
SCOPED_FINI(tear_down, struct lab)

static void assert_writes(const struct lab *l, struct targets_wish w, const char *body)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	targets_write(&out, l->scraper, &w);
	assert_string_equal(str_c(&out), body);
}

#define DROPPED "{\"discoveredLabels\":{\"__address__\":\"127.0.0.1:80\"},\"scrapePool\":\"web\"}"

static void a_state_and_a_job_choose_among_targets(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	assert_writes(&l, (struct targets_wish){ .has_dropped = true },
		"{\"status\":\"success\",\"data\":{\"activeTargets\":[],\"droppedTargets\":"
		"[" DROPPED "],\"droppedTargetCounts\":{\"db\":0,\"web\":3}}}");
	assert_writes(&l, (struct targets_wish){ .has_active = true, .pool = "db" },
		"{\"status\":\"success\",\"data\":{\"activeTargets\":[],\"droppedTargets\":[],"
		"\"droppedTargetCounts\":null}}");
}

static void a_target_tells_how_it_is(void **state)
{
	scoped(tear_down) struct lab l;
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(json_decref) json_t *all = NULL;
	const json_t *one;

	(void)state;
	set_up(&l);
	targets_write(&out, l.scraper, &(struct targets_wish){ .has_active = true });
	assert_int_equal(json_read(&all, str_c(&out), out.len, NULL), RC_OK);
	one = json_object_get(json_object_get(all, "data"), "activeTargets");
	assert_int_equal(json_array_size(one), 1);
	one = json_array_get(one, 0);
	assert_int_equal(json_object_size(one), 11);
	assert_string_equal(json_get_text(json_object_get(one, "labels"), "job", ""), "web");
	assert_string_equal(json_get_text(one, "scrapePool", ""), "web");
	assert_string_equal(json_get_text(one, "scrapeUrl", ""), "http://127.0.0.1:80/metrics");
	assert_null(strstr(json_get_text(one, "globalUrl", "127.0.0.1"), "127.0.0.1"));
	assert_string_equal(json_get_text(one, "lastError", ""), "nobody \"there\"");
	assert_string_equal(json_get_text(one, "lastScrape", ""), "2023-11-14T23:13:35.000Z");
	assert_string_equal(json_get_text(one, "health", ""), "down");
	assert_string_equal(json_get_text(one, "scrapeInterval", ""), "15s");
	assert_string_equal(json_get_text(one, "scrapeTimeout", ""), "10s");
	assert_true(json_real_value(json_object_get(one, "lastScrapeDuration")) == 0.25);
}

/* Some seconds later it answers. */
static void scrape_body(struct lab *l, const char *body)
{
	struct scrape_effect effect;

	scraper_step(l->scraper, (struct now){ { 35000 }, { BEGIN_MS + HOUR_MS + 30000 } });
	while (scraper_effect(l->scraper, &effect)) {
		if (effect.order != SCRAPE_START)
			continue;
		scraper_answer(effect.target, "text/plain; version=0.0.4");
		assert_true(scraper_feed(effect.target, body, strlen(body)));
		scraper_done(l->scraper, effect.target, 0.25);
	}
}

static void what_a_scrape_lost_is_told(void **state)
{
	scoped(tear_down) struct lab l;
	scoped(str_fini) struct str out = STR_EMPTY, page = STR_EMPTY;

	(void)state;
	set_up(&l);
	scrape_body(&l, "m 1\nm 2\n"); /* a series twice */
	targets_write(&out, l.scraper, &(struct targets_wish){ .has_active = true });
	assert_non_null(
		strstr(str_c(&out), "\"lastError\":\"\",\"lastWarning\":\"1 samples twice"));
	targets_write_metrics(&page, l.scraper);
	assert_non_null(
		strstr(str_c(&page), "\ndiarchy_scrape_targets{job=\"web\",health=\"up\"} 1\n"));
	assert_non_null(strstr(str_c(&page), "\ndiarchy_scrapes_total{job=\"web\"} 2\n"));
	assert_non_null(strstr(str_c(&page), "\ndiarchy_scrapes_failed_total{job=\"web\"} 1\n"));
	assert_non_null(strstr(str_c(&page), "\ndiarchy_scrape_body_bytes_total{job=\"web\"} 8\n"));
	assert_non_null(strstr(str_c(&page), "\ndiarchy_scrape_samples_lost_total{job=\"web\","
					     "reason=\"duplicate\"} 1\n"));
}

#define TARGET_ROW "{\"target\":{\"instance\":\"127.0.0.1:80\",\"job\":\"web\"},"
#define ROW_A                                                                        \
	TARGET_ROW "\"metric\":\"a\",\"type\":\"gauge\",\"help\":\"of \\\"it\\\"\"," \
		   "\"unit\":\"\"}"
#define ROW_B TARGET_ROW "\"metric\":\"b\",\"type\":\"unknown\",\"help\":\"more\",\"unit\":\"\"}"

static void assert_says(const struct lab *l, struct targets_metadata_wish w, const char *rows)
{
	scoped(str_fini) struct str out = STR_EMPTY, wanted = STR_EMPTY;

	str_addf(&wanted, "{\"status\":\"success\",\"data\":[%s]}", rows);
	targets_write_metadata(&out, l->scraper, &w);
	assert_string_equal(str_c(&out), str_c(&wanted));
}

static void what_a_target_says_of_its_metrics_is_told(void **state)
{
	scoped(matcher_free) struct matcher *web = NULL, *db = NULL;
	const struct matcher *fits[1], *other[1];
	scoped(tear_down) struct lab l;

	(void)state;
	assert_int_equal(matcher_new(&web, MATCHER_EQUAL, "job", "web", NULL), RC_OK);
	assert_int_equal(matcher_new(&db, MATCHER_EQUAL, "job", "db", NULL), RC_OK);
	fits[0] = web;
	other[0] = db;
	set_up(&l);
	assert_says(&l, (struct targets_metadata_wish){ .limit = -1 }, "");
	scrape_body(&l, "# HELP b more\nb 1\n# HELP a of \"it\"\n# TYPE a gauge\na 1\n");
	assert_says(&l, (struct targets_metadata_wish){ .limit = -1 }, ROW_A "," ROW_B);
	assert_says(&l, (struct targets_metadata_wish){ .limit = 0 }, "");
	assert_says(&l, (struct targets_metadata_wish){ .limit = 1 }, ROW_A "," ROW_B);
	assert_says(&l, (struct targets_metadata_wish){ fits, 1, NULL, -1 }, ROW_A "," ROW_B);
	assert_says(&l, (struct targets_metadata_wish){ other, 1, NULL, -1 }, "");
	assert_says(&l, (struct targets_metadata_wish){ .limit = -1, .metric = "b" },
		TARGET_ROW "\"type\":\"unknown\",\"help\":\"more\",\"unit\":\"\"}");
	assert_says(&l, (struct targets_metadata_wish){ .limit = -1, .metric = "c" }, "");
}

static void jobs_stand_in_order(void **state)
{
	scoped(tear_down) struct lab l;
	scoped(str_fini) struct str out = STR_EMPTY;

	(void)state;
	set_up(&l);
	targets_write_pools(&out, l.scraper);
	assert_string_equal(str_c(&out),
		"{\"status\":\"success\",\"data\":{\"scrapePools\":[\"db\",\"web\"]}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_and_a_job_choose_among_targets),
		cmocka_unit_test(a_target_tells_how_it_is),
		cmocka_unit_test(what_a_scrape_lost_is_told),
		cmocka_unit_test(what_a_target_says_of_its_metrics_is_told),
		cmocka_unit_test(jobs_stand_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
