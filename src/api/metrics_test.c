/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics, read by a parser that forgives nothing (Prometheus' docs: "Exposition formats"). */
#include "api/api_fixture.h"
#include "core/metrics/follow.h"
#include "core/metrics/memory_files.h"
#include "core/metrics/store.h"

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct page {
	struct map types;  /* family -> its type */
	struct map helps;  /* family -> itself */
	struct map series; /* name and labels -> value, as text */
	struct arena arena;
	const char *family; /* whose samples stand here */
	uint32_t n_samples;
};

static void page_fini(struct page *p)
{
	map_fini(&p->types);
	map_fini(&p->helps);
	map_fini(&p->series);
	arena_fini(&p->arena);
}
SCOPED_FINI(page_fini, struct page)

static size_t name_length(const char *text)
{
	size_t n = 0;

	if (!isalpha((unsigned char)text[0]) && text[0] != '_' && text[0] != ':')
		return 0;
	while (isalnum((unsigned char)text[n]) || text[n] == '_' || text[n] == ':')
		n++;
	return n;
}

/* "{a="b",c="d"}", with \\ \" \n as the only escapes; returns its length, 0 when malformed. */
static size_t labels_length(const char *text)
{
	const char *at = text;

	do {
		size_t n = name_length(++at);

		if (n == 0 || at[n] != '=' || at[n + 1] != '"')
			return 0;
		for (at += n + 2; *at != '"'; at++) {
			if (*at == '\0' || (*at == '\\' && !strchr("\\\"n", *++at)))
				return 0;
		}
		at++;
	} while (*at == ',');
	return *at == '}' ? (size_t)(at - text) + 1 : 0;
}

static void read_comment(struct page *p, const char *line)
{
	const char *name = line + 7;
	size_t n = name_length(name);
	bool is_help = str_starts(line, "# HELP ");
	char *family = arena_strndup(&p->arena, name, n);

	if (!is_help && !str_starts(line, "# TYPE "))
		return; /* a comment */
	if (n == 0 || name[n] != ' ')
		fail_msg("no name in: %s", line);
	if (map_put(is_help ? &p->helps : &p->types, family, arena_strdup(&p->arena, name + n + 1)))
		fail_msg("twice: %s", line);
	if (!is_help && !str_eq(name + n + 1, "gauge") && !str_eq(name + n + 1, "counter"))
		fail_msg("no such type: %s", line);
	p->family = family;
}

static void read_sample(struct page *p, const char *line)
{
	size_t n = name_length(line), whole = n;
	char *end, *key;

	if (n == 0)
		fail_msg("no name in: %s", line);
	if (!p->family || strlen(p->family) != n || strncmp(line, p->family, n) != 0)
		fail_msg("outside of its family: %s", line);
	if (line[n] == '{') {
		size_t labels = labels_length(line + n);

		if (labels == 0)
			fail_msg("malformed labels: %s", line);
		whole += labels;
	}
	if (line[whole] != ' ' || line[whole + 1] == ' ')
		fail_msg("no value: %s", line);
	if (!isfinite(strtod(line + whole + 1, &end)) || *end)
		fail_msg("no number: %s", line);
	key = arena_strndup(&p->arena, line, whole);
	if (map_put(&p->series, key, arena_strdup(&p->arena, line + whole + 1)))
		fail_msg("twice: %s", line);
	p->n_samples++;
}

static void read_page(struct page *p, const char *text)
{
	arena_init(&p->arena, 0);
	assert_true(text[0] && text[strlen(text) - 1] == '\n');
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = arena_strndup(&p->arena, text, n);

		if (line[0] == '#')
			read_comment(p, line);
		else if (line[0])
			read_sample(p, line);
		text += n + 1;
	}
}

static void fetch(struct fixture *f, struct page *p)
{
	scoped(pump_answer_fini) struct pump_answer a;
	char type[64];

	fixture_ask(f, "GET", "/metrics", "", NULL, &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(pump_header(&a, "Content-Type", type, sizeof type),
		"text/plain; version=0.0.4; charset=utf-8");
	read_page(p, str_c(&a.body));
}

static double value_of(const struct page *p, const char *series)
{
	const char *text = map_get(&p->series, series);

	if (!text)
		fail_msg("no series %s", series);
	return strtod(text, NULL);
}

static void every_line_is_as_prometheus_wants_it(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(page_fini) struct page p = { 0 };

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_observe(&f, "immich", NULL);
	fetch(&f, &p);
	assert_true(p.n_samples > 100);
	assert_int_equal(map_count(&p.types), map_count(&p.helps));
	map_each (&p.types, it) {
		size_t n = strlen(it->key);
		bool is_total = n > 6 && str_eq(it->key + n - 6, "_total");

		assert_true(map_has(&p.helps, it->key));
		assert_int_equal(is_total, str_eq(it->value, "counter"));
	}
}

static void a_check_is_in_exactly_one_state(void **state)
{
	static const char *const states[] = { "ok", "failing", "silent", "pending", "paused" };
	scoped(fixture_fini) struct fixture f;
	scoped(page_fini) struct page p = { 0 };
	double sum = 0;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_observe(&f, "immich", NULL);
	fetch(&f, &p);
	for (size_t i = 0; i < COUNT(states); i++) {
		char series[256];

		snprintf(series, sizeof series,
			"diarchy_check_state{name=\"immich\",kind=\"probe\",site=\"dublin\",state="
			"\"%s\"}",
			states[i]);
		sum += value_of(&p, series);
	}
	assert_true(sum == 1);
	assert_true(
		value_of(&p, "diarchy_check_state{name=\"immich\",kind=\"probe\",site=\"dublin\","
			     "state=\"ok\"}") == 1);
	assert_true(value_of(&p, "diarchy_vantage_ok{name=\"immich\",site=\"dublin\"}") == 1);
	assert_false(map_has(&p.series, "diarchy_vantage_ok{name=\"immich\",site=\"mumbai\"}"));
}

static void the_daemon_tells_of_itself(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(page_fini) struct page p = { 0 };

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	api_count(f.api, API_DELIVERIES);
	api_count(f.api, API_DELIVERIES);
	api_count(f.api, API_DELIVERIES_FAILED);
	fetch(&f, &p);
	assert_true(value_of(&p, "diarchy_link_up{peer=\"mumbai\"}") == 0);
	assert_true(value_of(&p, "diarchy_journal_events{site=\"dublin\"}") >= 2);
	assert_true(value_of(&p, "diarchy_incidents_open{severity=\"critical\"}") == 0);
	assert_true(value_of(&p, "diarchy_notifications_attempts_total") == 3);
	assert_true(value_of(&p, "diarchy_notifications_failed_total") == 1);
	assert_true(value_of(&p, "diarchy_limit{name=\"CHECKS_MAX\"}") == CHECKS_MAX);
	assert_true(value_of(&p, "diarchy_limit_used{name=\"CHECKS_MAX\"}") == f.lab->n_checks);
	assert_true(value_of(&p, "diarchy_limit_used{name=\"HTTP_CONNECTIONS_MAX\"}") == 1);
	assert_true(value_of(&p, "process_resident_memory_bytes") > 1e6);
	assert_true(value_of(&p, "process_open_fds") >= 3);
	assert_true(value_of(&p, "process_start_time_seconds") > 1.7e9);
}

static void notifications_are_counted_by_channel(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(page_fini) struct page pending = { 0 }, told = { 0 };

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_observe(&f, "dns", NULL);
	fixture_break(&f, "dns", "SERVFAIL");
	fetch(&f, &pending);
	assert_true(value_of(&pending, "diarchy_notifications_pending{channel=\"discord\"}") >= 1);
	assert_true(value_of(&pending,
			    "diarchy_notifications_delivered_total{channel=\"discord\"}") == 0);
	assert_true(value_of(&pending, "diarchy_incidents_open{severity=\"critical\"}") >= 1);
	f.delivers = true;
	for (int i = 0; i < 300; i++) {
		f.ahead_ms += 2000;
		site_tick(f.site, fixture_now(&f));
		fixture_drain(&f);
	}
	fetch(&f, &told);
	assert_true(value_of(&told, "diarchy_notifications_pending{channel=\"discord\"}") == 0);
	assert_true(
		value_of(&told, "diarchy_notifications_delivered_total{channel=\"discord\"}") >= 1);
}

static void write_probes(void *ctx, struct str *out)
{
	(void)ctx;
	str_add(out, "# HELP probe_success 1 or 0\n# TYPE probe_success gauge\n"
		     "probe_success{name=\"a \\\"quoted\\\" name\"} 1\n");
}

static void metrics_of_probes_follow(void **state)
{
	scoped(fixture_fini) struct fixture f;
	scoped(page_fini) struct page p = { 0 };

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	f.probe_metrics = write_probes;
	fetch(&f, &p);
	assert_true(value_of(&p, "probe_success{name=\"a \\\"quoted\\\" name\"}") == 1);
}

/* One more sample, and all that the store then has to do. */
static void store_one(struct store *s, struct now now)
{
	static const struct label v[] = { { METRIC_NAME, "up", 8, 2 } };
	const struct series_sink *sink = store_sink(s);
	struct store_work *w;
	struct mono wake;
	series_ref ref;

	assert_int_equal(sink->series(sink->self, &(struct labels){ v, 1 }, &ref, NULL), RC_OK);
	assert_int_equal(sink->append(sink->self, ref, now.wall.ms, 1), SERIES_TAKEN);
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	store_flush_soon(s);
	while ((w = store_due(s, now, &wake))) {
		store_work_run(w);
		assert_int_equal(store_work_done(s, w, NULL), RC_OK);
	}
}

static void logs_that_were_never_sent_on_are_counted(void **state)
{
	const struct store_settings settings = { .kept_bytes_max = 1 };
	scoped(page_fini) struct page before = { 0 }, after = { 0 };
	struct memory_files *files = memory_files_new(1);
	struct follower *slow;
	struct api_setup setup;
	struct store *s;

	(void)state;
	{
		scoped(fixture_fini) struct fixture f;

		fixture_init_site(&f);
		assert_int_equal(
			store_open(&s, memory_files_port(files), &settings, fixture_now(&f), NULL),
			RC_OK);
		assert_int_equal(store_follow(s, "slow", &slow, NULL), RC_OK);
		setup = fixture_setup(&f);
		setup.metrics = s;
		assert_int_equal(api_start(&f.api, &setup, NULL), RC_OK);
		fetch(&f, &before);
		assert_true(value_of(&before, "diarchy_metrics_logs_lost_total") == 0);
		for (int i = 0; i < 3; i++) {
			f.ahead_ms += 1000;
			store_one(s, fixture_now(&f));
		}
		fetch(&f, &after);
		assert_true(value_of(&after, "diarchy_metrics_logs_lost_total") >= 1);
		assert_true(value_of(&after, "diarchy_metrics_kept_bytes") <= 1);
	}
	follower_free(slow);
	store_close(s);
	memory_files_free(files);
}

/* What strangers may not know of a machine: its mounts, its kernel, its addresses. */
static void the_machine_is_shown_to_who_is_logged_in(void **state)
{
	scoped(pump_answer_fini) struct pump_answer stranger = { 0 }, known = { 0 };
	scoped(fixture_fini) struct fixture f;
	struct api_setup setup;

	(void)state;
	fixture_init_site(&f);
	setup = fixture_setup(&f);
	setup.host_page = host_page_new(&f.loop);
	setup.login.token = FIXTURE_TOKEN;
	assert_int_equal(api_start(&f.api, &setup, NULL), RC_OK);
	fixture_ask(&f, "GET", "/metrics/host", "", "", &stranger);
	assert_int_equal(stranger.status, 401);
	fixture_ask(&f, "GET", "/metrics/host", "Authorization: Bearer " FIXTURE_TOKEN "\r\n", "",
		&known);
	assert_int_equal(known.status, 200);
	assert_non_null(strstr(str_c(&known.body), "\nnode_uname_info{"));
	host_page_close(setup.host_page, NULL, NULL);
}

static void a_site_that_measures_no_machine_says_so(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	fixture_expect(&f, "GET", "/metrics/host", "", 404, "NOT_FOUND");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_as_prometheus_wants_it),
		cmocka_unit_test(a_check_is_in_exactly_one_state),
		cmocka_unit_test(the_daemon_tells_of_itself),
		cmocka_unit_test(notifications_are_counted_by_channel),
		cmocka_unit_test(metrics_of_probes_follow),
		cmocka_unit_test(logs_that_were_never_sent_on_are_counted),
		cmocka_unit_test(the_machine_is_shown_to_who_is_logged_in),
		cmocka_unit_test(a_site_that_measures_no_machine_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
