/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/ingest.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/protobuf.h"
#include "base/rng.h"
#include "base/str.h"
#include "core/scrape/sink_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TEXT "text/plain; version=0.0.4"
#define PROTOBUF                                                                     \
	"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; " \
	"encoding=delimited"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* One target of one job, scraped each 10 seconds. */
struct lab {
	struct sink_fixture sink;
	struct ingest_tools tools;
	struct ingest_memory memory;
	struct scrape_config config;
	struct label labels[2];
	struct labels target;
	int64_t t_ms;
	size_t portion; /* bytes fed at once */
};

static void set_up(struct lab *l)
{
	*l = (struct lab){ .t_ms = 1000000, .portion = SIZE_MAX };
	sink_fixture_init(&l->sink);
	ingest_tools_init(&l->tools, &l->sink.sink, 7);
	ingest_memory_init(&l->memory);
	l->config.honor_timestamps = true;
	l->config.fallback_protocol = SCRAPE_PROTOCOL_NONE;
	l->labels[0] = (struct label){ "instance", "h:1", 8, 3 };
	l->labels[1] = (struct label){ "job", "j", 3, 1 };
	l->target = (struct labels){ l->labels, 2 };
}

static void tear_down(struct lab *l)
{
	ingest_memory_fini(&l->memory);
	ingest_tools_fini(&l->tools);
	sink_fixture_fini(&l->sink);
}
SCOPED_FINI(tear_down, struct lab)

static struct ingest *begin(struct lab *l, const char *content_type)
{
	struct ingest_wish w = { .tools = &l->tools,
		.memory = &l->memory,
		.config = &l->config,
		.target = &l->target,
		.t_ms = l->t_ms += 10000,
		.now_ms = l->t_ms };
	struct ingest *g = ingest_begin(&w);

	ingest_content_type(g, content_type);
	return g;
}

static struct ingest_result scrape_bytes(struct lab *l, const char *type, const char *body,
	size_t n)
{
	struct ingest *g = begin(l, type);

	for (size_t at = 0; at < n;) {
		size_t step = n - at < l->portion ? n - at : l->portion;
		char *piece = must_alloc(step); /* so that a byte too many is seen */
		enum rc rc;

		memcpy(piece, body + at, step);
		rc = ingest_feed(g, piece, step, NULL);
		free(piece);
		at += step;
		if (rc != RC_OK)
			break;
	}
	return ingest_end(g, 0.5);
}

static struct ingest_result scrape(struct lab *l, const char *body)
{
	return scrape_bytes(l, TEXT, body, strlen(body));
}

static void assert_log(struct lab *l, const char *expected)
{
	assert_string_equal(str_c(&l->sink.log), expected);
}

#define ASSERT_COUNTS(r, scraped, relabelled, added)            \
	do {                                                    \
		assert_int_equal((r).n_scraped, scraped);       \
		assert_int_equal((r).n_relabelled, relabelled); \
		assert_int_equal((r).n_added, added);           \
	} while (0)

static void samples_get_the_targets_labels_and_the_time_of_the_scrape(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	r = scrape(&l, "a 1\nb{c=\"d\"} 2.5\n");
	assert_true(r.is_ok);
	ASSERT_COUNTS(r, 2, 2, 2);
	assert_log(&l, "a{instance=\"h:1\",job=\"j\"} 1@1010000\n"
		       "b{c=\"d\",instance=\"h:1\",job=\"j\"} 2.5@1010000\n");
	r = scrape(&l, "a 3\nb{c=\"d\"} 4\n");
	ASSERT_COUNTS(r, 2, 2, 0);
	assert_log(&l, "a{instance=\"h:1\",job=\"j\"} 3@1020000\n"
		       "b{c=\"d\",instance=\"h:1\",job=\"j\"} 4@1020000\n");
}

static void each_scrape_reports_on_itself(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.sink.hides_reports = false;
	scrape(&l, "a 1\n");
	assert_non_null(strstr(str_c(&l.sink.log),
		"up{instance=\"h:1\",job=\"j\"} 1@1010000\n"
		"scrape_duration_seconds{instance=\"h:1\",job=\"j\"} 0.5@1010000\n"
		"scrape_samples_scraped{instance=\"h:1\",job=\"j\"} 1@1010000\n"
		"scrape_samples_post_metric_relabeling{instance=\"h:1\",job=\"j\"} 1@1010000\n"
		"scrape_series_added{instance=\"h:1\",job=\"j\"} 1@1010000\n"));
}

static void a_series_that_is_gone_is_marked_stale_once(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1\nb 2\nc 3\n");
	scrape(&l, "a 1\nc 3\n");
	assert_log(&l, "a 1@1020000\nc 3@1020000\nb stale@1020000\n");
	scrape(&l, "a 1\nc 3\n");
	assert_log(&l, "a 1@1030000\nc 3@1030000\n");
	assert_int_equal(scrape(&l, "a 1\nb 5\nc 3\n").n_added, 1);
	assert_log(&l, "a 1@1040000\nb 5@1040000\nc 3@1040000\n");
}

static void lines_may_come_in_any_order(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1\nb 2\nc 3\nd 4\n");
	r = scrape(&l, "d 1\nc 2\nx 9\nb 3\na 4\n");
	ASSERT_COUNTS(r, 5, 5, 1);
	assert_log(&l, "d 1@1020000\nc 2@1020000\nx 9@1020000\nb 3@1020000\na 4@1020000\n");
	r = scrape(&l, "d 1\nc 2\nx 9\nb 3\na 4\n");
	ASSERT_COUNTS(r, 5, 5, 0);
}

static void a_name_that_begins_like_the_expected_one_is_another_series(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "foo 1\nbar 2\n");
	scrape(&l, "foobar 3\nbar {x=\"y\"} 4\n");
	assert_log(&l, "foobar 3@1020000\nbar{x=\"y\"} 4@1020000\nfoo stale@1020000\n"
		       "bar stale@1020000\n");
}

static void a_scrape_that_fails_ends_all_series_and_says_so(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	scrape(&l, "a 1\nb 2\n");
	l.target.n = 0; /* for shorter lines below */
	l.sink.hides_reports = false;
	r = ingest_fail(begin(&l, TEXT), "connection refused", 0);
	assert_false(r.is_ok);
	assert_string_equal(r.error, "connection refused");
	assert_log(&l,
		"a{instance=\"h:1\",job=\"j\"} stale@1020000\n"
		"b{instance=\"h:1\",job=\"j\"} stale@1020000\n"
		"up{instance=\"h:1\",job=\"j\"} 0@1020000\n"
		"scrape_duration_seconds{instance=\"h:1\",job=\"j\"} 0@1020000\n"
		"scrape_samples_scraped{instance=\"h:1\",job=\"j\"} 0@1020000\n"
		"scrape_samples_post_metric_relabeling{instance=\"h:1\",job=\"j\"} 0@1020000\n"
		"scrape_series_added{instance=\"h:1\",job=\"j\"} 0@1020000\n");
}

static void a_body_that_breaks_off_counts_for_nothing(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest *g;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1\nb 2\n");
	g = begin(&l, TEXT);
	assert_int_equal(ingest_feed(g, "a 5\nc 6\n", 8, NULL), RC_OK);
	r = ingest_fail(g, "the connection was closed", 0);
	ASSERT_COUNTS(r, 0, 0, 0);
	assert_log(&l, "a stale@1020000\nb stale@1020000\n");
}

static void series_that_return_after_a_failure_go_on_and_are_not_new(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1\nb 2\n");
	ingest_fail(begin(&l, TEXT), "down", 0);
	l.sink.series[2].is_gone = true; /* and the store forgot one */
	r = scrape(&l, "a 3\nb 4\n");
	ASSERT_COUNTS(r, 2, 2, 0);
	assert_log(&l, "a 3@1030000\nb 4@1030000\n");
	ingest_fail(begin(&l, TEXT), "down", 0);
	assert_log(&l, "a stale@1040000\nb stale@1040000\n");
}

/* As Prometheus: seriesCur holds them when updateStaleMarkers runs. */
static void what_came_before_the_garbage_is_not_marked_stale_yet(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1\nb 2\n");
	r = scrape(&l, "a 5\n7&-\nb 6\n");
	assert_false(r.is_ok);
	assert_string_equal(r.error,
		"expected a valid start token, got \"7\" while parsing: \"7\"");
	ASSERT_COUNTS(r, 1, 1, 0);
	assert_log(&l, "b stale@1020000\n");
	ingest_fail(begin(&l, TEXT), "down", 0);
	assert_log(&l, "a stale@1030000\n");
}

static void nothing_of_a_malformed_body_is_stored(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	assert_false(scrape(&l, "a 1\nb{ 2\n").is_ok);
	assert_log(&l, "");
	assert_false(scrape_bytes(&l, OPENMETRICS, "a 1\n", 4).is_ok);
	assert_log(&l, "");
}

static void an_empty_body_is_fine_and_ends_all_series(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1\n");
	assert_true(scrape_bytes(&l, "image/png", "", 0).is_ok);
	assert_log(&l, "a stale@1020000\n");
}

static void times_of_samples_are_honored_and_such_series_do_not_end(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1 5000\nb 2\n");
	assert_log(&l, "a 1@5000\nb 2@1010000\n");
	scrape(&l, "a 1 6000\nb 2\n");
	assert_log(&l, "a 1@6000\nb 2@1020000\n");
	scrape(&l, "b 2\n");
	assert_log(&l, "b 2@1030000\n");
	l.config.track_timestamps_staleness = true;
	scrape(&l, "a 1 7000\nb 2\n");
	scrape(&l, "b 2\n");
	assert_log(&l, "b 2@1050000\na stale@1050000\n");
	l.config.honor_timestamps = false;
	scrape(&l, "a 1 8000\n");
	assert_log(&l, "a 1@1060000\nb stale@1060000\n");
}

static void samples_of_next_year_are_left_out_and_counted(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;
	char body[128];

	(void)state;
	set_up(&l);
	l.target.n = 0;
	for (int round = 0; round < 2; round++) {
		snprintf(body, sizeof body, "a{x=\"y\"} 1 %lld\nb 2\n",
			(long long)l.t_ms + 10000 + SCRAPE_AHEAD_MAX_MS + 1);
		r = scrape(&l, body);
		assert_true(r.is_ok);
		assert_int_equal(r.n_relabelled, 2);
		assert_int_equal(r.losses[LOSS_OUT_OF_BOUNDS], 1);
		assert_string_equal(r.offender, "a{x=\"y\"}");
	}
	assert_log(&l, "b 2@1020000\n");
}

static void a_series_that_is_said_twice_is_taken_once(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	for (int round = 0; round < 3; round++) {
		r = scrape(&l, "a 1\na 2\nb 3\n");
		assert_true(r.is_ok);
		ASSERT_COUNTS(r, 3, 3, round ? 0 : 2);
		assert_int_equal(r.losses[LOSS_DUPLICATE], 1);
		assert_string_equal(r.offender, "a");
	}
	assert_log(&l, "a 1@1030000\nb 3@1030000\n");
	scrape(&l, "a 1 100\na 2 200\n");
	assert_int_equal(scrape(&l, "a 1 2000000\n").losses[LOSS_OUT_OF_BOUNDS], 1);
}

static void the_same_series_in_other_words_is_one_series(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	r = scrape(&l, "a{x=\"1\"} 1\na{x=\"1\",} 2\n");
	assert_int_equal(r.losses[LOSS_DUPLICATE], 1);
	scrape(&l, "a{x=\"1\",} 2\n");
	assert_log(&l, "a{x=\"1\"} 2@1020000\n");
	scrape(&l, "");
	assert_log(&l, "a{x=\"1\"} stale@1030000\n");
}

static void samples_out_of_order_are_counted_and_the_rest_is_taken(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1 5000\nb 2\n");
	r = scrape(&l, "a 1 4000\nb 3\nc 4\n");
	assert_true(r.is_ok);
	assert_int_equal(r.losses[LOSS_OUT_OF_ORDER], 1);
	assert_log(&l, "b 3@1020000\nc 4@1020000\n");
}

static void more_than_sample_limit_fails_the_scrape(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.config.terms.sample_limit = 2;
	assert_true(scrape(&l, "a 1\nb 2\n").is_ok);
	r = scrape(&l, "a 1\nb 2\nc 3\nd 4\n");
	assert_false(r.is_ok);
	assert_string_equal(r.error, "sample limit exceeded");
	ASSERT_COUNTS(r, 4, 4, 0);
	assert_log(&l, "");
	assert_true(scrape(&l, "a 1\nb 2\n").is_ok);
}

static void labels_beyond_their_limits_fail_the_scrape(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.config.terms.label_limit = 3;
	assert_true(scrape(&l, "a 1\n").is_ok);
	assert_string_equal(scrape(&l, "a{b=\"c\"} 1\n").error,
		"label_limit exceeded (metric: a, number of labels: 4, limit: 3)");
	l.config.terms.label_limit = 0;
	l.config.terms.label_name_length_limit = 8;
	assert_string_equal(scrape(&l, "a{longlonglong=\"c\"} 1\n").error,
		"label_name_length_limit exceeded (metric: a, label name: longlonglong, length: "
		"12, "
		"limit: 8)");
	l.config.terms.label_name_length_limit = 0;
	l.config.terms.label_value_length_limit = 5;
	assert_string_equal(scrape(&l, "a{b=\"123456\"} 1\n").error,
		"label_value_length_limit exceeded (metric: a, label name: b, value: \"123456\", "
		"length: 6, limit: 5)");
}

static void a_body_over_its_limit_is_refused_unread(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.config.terms.body_size_limit_bytes = 8;
	assert_true(scrape(&l, "a 1\nb 2").is_ok);
	r = scrape(&l, "a 1\nb 2\n");
	assert_string_equal(r.error, "body size limit exceeded");
	ASSERT_COUNTS(r, 0, 0, 0);
}

static void endless_lines_are_refused(void **state)
{
	static char line[SCRAPE_LINE_BYTES_MAX / 4];
	scoped(tear_down) struct lab l;
	struct ingest *g;
	enum rc rc = RC_OK;
	int fed;

	(void)state;
	set_up(&l);
	memset(line, 'x', sizeof line);
	g = begin(&l, TEXT);
	for (fed = 0; rc == RC_OK && fed < 100; fed++)
		rc = ingest_feed(g, line, sizeof line, NULL);
	assert_int_equal(fed, 5);
	assert_string_equal(ingest_end(g, 0).error, "a line is over 1048576 bytes");
	g = begin(&l, TEXT); /* and one of nothing but line breaks within quotes */
	memset(line, '\n', sizeof line);
	rc = ingest_feed(g, "a{b=\"", 5, NULL);
	for (fed = 0; rc == RC_OK && fed < 100; fed++)
		rc = ingest_feed(g, line, sizeof line, NULL);
	assert_string_equal(ingest_end(g, 0).error, "a line is over 1048576 bytes");
}

static void a_target_may_not_begin_series_without_end(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	l.memory.new_series_left = 3;
	r = scrape(&l, "a 1\nb 2\nc 3\nd 4\ne 5\n");
	assert_true(r.is_ok);
	ASSERT_COUNTS(r, 5, 5, 3);
	assert_int_equal(r.losses[LOSS_NEW_SERIES], 2);
	assert_string_equal(r.offender, "d");
	l.memory.new_series_ms = l.t_ms + 10000; /* as if no time passed */
	r = scrape(&l, "a 1\nb 2\nc 3\nx 4\ny 5\n");
	assert_int_equal(r.losses[LOSS_NEW_SERIES], 2);
	assert_log(&l, "a 1@1020000\nb 2@1020000\nc 3@1020000\n");
	l.t_ms += 3600 * 1000;
	assert_int_equal(scrape(&l, "a 1\nx 2\n").losses[LOSS_NEW_SERIES], 0);
}

static void a_full_store_takes_what_it_knows(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	l.sink.max_series = 7; /* five of them are reports */
	scrape(&l, "a 1\nb 2\n");
	r = scrape(&l, "a 1\nc 9\nb 2\n");
	assert_true(r.is_ok);
	assert_int_equal(r.losses[LOSS_NEW_SERIES], 1);
	assert_log(&l, "a 1@1020000\nb 2@1020000\n");
}

static void labels_in_conflict_are_exported_unless_they_are_honored(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	scrape(&l, "a{job=\"x\",exported_job=\"y\"} 1\n");
	assert_log(&l, "a{exported_exported_job=\"x\",exported_job=\"y\",instance=\"h:1\","
		       "job=\"j\"} 1@1010000\n");
	l.config.honor_labels = true;
	lines_forget(&l.memory.lines);
	scrape(&l, "a{job=\"x\",instance=\"\"} 1\n");
	assert_non_null(strstr(str_c(&l.sink.log), "a{job=\"x\"} 1@1020000\n"));
}

static void openmetrics_brings_exemplars_and_metadata(void **state)
{
	static const char body[] = "# HELP a_seconds x\\ny\n# TYPE a_seconds counter\n"
				   "# UNIT a_seconds seconds\n"
				   "a_seconds_total 1 # {id=\"z\"} 5 2.5\n# EOF\n";
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape_bytes(&l, OPENMETRICS, body, sizeof body - 1);
	assert_log(&l, "# a_seconds type= help=x\ny unit=\n# a_seconds type=counter help= unit=\n"
		       "# a_seconds type= help= unit=seconds\na_seconds_total 1@1010000\n"
		       "a_seconds_total exemplar id=z 5@2500\n");
	scrape_bytes(&l, OPENMETRICS, body, sizeof body - 1);
	assert_log(&l, "a_seconds_total 1@1020000\na_seconds_total exemplar id=z 5@2500\n");
}

static void assert_says(const struct lab *l, uint32_t n, const char *help)
{
	scoped(said_metrics_fini) struct said_metrics said = { 0 };

	sayings_of(&l->tools.sayings, &l->memory.lines, NULL, &said);
	assert_int_equal(said.n, n);
	if (n == 0)
		return;
	assert_string_equal(said.v[0].name, "a");
	assert_string_equal(said.v[0].m.type, "counter");
	assert_string_equal(said.v[0].m.help, help);
}

static void a_target_s_comments_are_what_it_says_of_its_metrics(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	assert_says(&l, 0, "");
	scrape(&l, "# HELP a x\\ny\n# TYPE a counter\na 1\n");
	assert_says(&l, 1, "x\ny");
	scrape(&l, "# HELP a x\\ny\n# TYPE a counter\na 2\n# TYPE b gauge\nb 1\n");
	assert_says(&l, 2, "x\ny");
	scrape(&l, "# HELP a z\n# TYPE a counter\na 3\n");
	assert_says(&l, 1, "z");
	scrape(&l, "# HELP a other\nbad line {\n");
	assert_says(&l, 1, "other");
	scrape(&l, "");
	assert_says(&l, 1, "other");
}

static void a_type_that_was_known_still_rules_its_new_lines(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n");
	scrape(&l, "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 3\n");
	assert_log(&l, "h_bucket{le=\"1.0\"} 1@1020000\nh_bucket{le=\"2.0\"} 3@1020000\n");
}

static void an_unknown_content_type_fails_unless_there_is_a_fallback(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	assert_string_equal(scrape_bytes(&l, "text/html", "a 1\n", 4).error,
		"received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol "
		"specified for target");
	assert_string_equal(scrape_bytes(&l, "", "a 1\n", 4).error,
		"non-compliant scrape target sending blank Content-Type and no "
		"fallback_scrape_protocol specified for target");
	l.config.fallback_protocol = SCRAPE_TEXT_0_0_4;
	assert_true(scrape_bytes(&l, "text/html", "a 1\n", 4).is_ok);
	assert_true(scrape_bytes(&l, "text/plain; charset", "a 1\n", 4).is_ok);
}

static void a_target_that_leaves_takes_all_its_series_along(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.target.n = 0;
	scrape(&l, "a 1\nb 2 77\n");
	assert_int_equal(ingest_farewell(&l.tools, &l.memory, l.t_ms + 1, NULL), RC_OK);
	assert_log(&l, "a stale@1010001\n");
	assert_true(is_stale(sink_fixture_value(&l.sink, "up")));
}

static void other_rules_begin_new_series_and_end_the_old_ones(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.target.n = 1;
	scrape(&l, "a 1\nb 2\n");
	l.target.n = 0;
	lines_forget(&l.memory.lines);
	assert_int_equal(scrape(&l, "a 1\n").n_added, 1);
	assert_log(&l, "a 1@1020000\na{instance=\"h:1\"} stale@1020000\n"
		       "b{instance=\"h:1\"} stale@1020000\n");
}

/* However the bytes arrive, and whatever was known before. */
static void portions_of_any_size_give_the_same_samples(void **state)
{
	static const char *const bodies[] = {
		"# HELP a x\n# TYPE a gauge\na 1\nb{c=\"d\"} 2\n\nb{c=\"x\ny\"} 3 77\n#\na 2 \ne "
		"NaN",
		"b{c=\"d\"} 2\na 1\nb{c=\"x\ny\"} 3 78\ne NaN\n",
	};

	(void)state;
	for (size_t portion = 1; portion < 40; portion++) {
		scoped(tear_down) struct lab whole, cut;

		set_up(&whole);
		set_up(&cut);
		cut.portion = portion;
		for (size_t i = 0; i < 6; i++) {
			const char *body = bodies[i / 2 % 2];
			struct ingest_result a = scrape(&whole, body), b = scrape(&cut, body);

			assert_true(a.is_ok && b.is_ok);
			assert_int_equal(a.n_scraped, b.n_scraped);
			assert_int_equal(a.n_added, b.n_added);
			assert_string_equal(str_c(&whole.sink.log), str_c(&cut.sink.log));
		}
	}
}

/* The cache against a target that forgets everything each time. */
static void random_bodies_mean_the_same_with_and_without_memory(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 11);
	for (int run = 0; run < 50; run++) {
		scoped(tear_down) struct lab l, fresh;

		set_up(&l);
		l.target.n = 0;
		for (int round = 0; round < 30; round++) {
			scoped(str_fini) struct str body = STR_EMPTY;
			uint64_t base = rng_below(&rng, 4) ? 0 : rng_below(&rng, 40);

			for (uint64_t i = 0; i < 40; i++)
				if (rng_below(&rng, 10))
					str_addf(&body, "m%llu{l=\"%llu\"} %d\n",
						(unsigned long long)((base + i) % 40),
						(unsigned long long)(base + i) % 7, round);
			if (rng_below(&rng, 5) == 0)
				str_add(&body, "garbage\n");
			set_up(&fresh);
			fresh.target.n = 0;
			fresh.t_ms = l.t_ms;
			assert_int_equal(scrape(&l, str_c(&body)).is_ok,
				scrape(&fresh, str_c(&body)).is_ok);
			/* The samples are the same; behind them stale marks may follow. */
			assert_memory_equal(str_c(&l.sink.log), str_c(&fresh.sink.log),
				fresh.sink.log.len);
			for (const char *s = str_c(&l.sink.log) + fresh.sink.log.len; *s;
				s = strchr(s, '\n') + 1)
				assert_memory_equal(strchr(s, ' '), " stale@", 7);
			tear_down(&fresh);
		}
		set_up(&fresh);
	}
}

/* A family of one metric, whose value is the message `value` of field `number`. */
static void add_family(struct str *body, const char *name, unsigned type, unsigned number,
	const struct str *value)
{
	scoped(str_fini) struct str family = STR_EMPTY;
	size_t metric;

	protobuf_add_bytes(&family, 1, name, strlen(name));
	protobuf_add_uint(&family, 3, type);
	metric = protobuf_open(&family, 4);
	protobuf_add_bytes(&family, number, value->s, value->len);
	protobuf_close(&family, metric);
	protobuf_put_varint(body, family.len);
	str_addn(body, family.s, family.len);
}

static void add_gauge(struct str *body, const char *name, double v)
{
	scoped(str_fini) struct str value = STR_EMPTY;

	protobuf_add_double(&value, 1, v);
	add_family(body, name, 1, 2, &value);
}

/* So many observations at 0. */
static void add_native(struct str *body, const char *name, uint64_t n)
{
	scoped(str_fini) struct str value = STR_EMPTY;

	protobuf_add_uint(&value, 1, n);
	protobuf_add_double(&value, 6, 0.5);
	protobuf_add_uint(&value, 7, n);
	add_family(body, name, 4, 7, &value);
}

static void native_histograms_come_as_protobuf_and_end_as_others_do(void **state)
{
	scoped(tear_down) struct lab l;
	scoped(str_fini) struct str body = STR_EMPTY;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	add_gauge(&body, "a", 1.5);
	add_native(&body, "h", 3);
	l.portion = 7;
	r = scrape_bytes(&l, PROTOBUF, body.s, body.len);
	assert_string_equal(r.error, "");
	ASSERT_COUNTS(r, 2, 2, 2);
	assert_log(&l, "# a type= help= unit=\n# a type=gauge help= unit=\n"
		       "# h type= help= unit=\n# h type=histogram help= unit=\n"
		       "a{instance=\"h:1\",job=\"j\"} 1.5@1010000\n"
		       "h{instance=\"h:1\",job=\"j\"} {{count:3 z_bucket:3 z_bucket_w:0.5}}"
		       "@1010000\n");
	r = scrape_bytes(&l, PROTOBUF, body.s, body.len);
	ASSERT_COUNTS(r, 2, 2, 0);
	str_clear(&body);
	add_gauge(&body, "a", 2);
	r = scrape_bytes(&l, PROTOBUF, body.s, body.len);
	assert_log(&l, "a{instance=\"h:1\",job=\"j\"} 2@1030000\n"
		       "h{instance=\"h:1\",job=\"j\"} stale@1030000\n");
}

#define CLASSIC                                                                            \
	"# TYPE h histogram\nh_bucket{c=\"d\",le=\"1\"} 1\nh_bucket{c=\"d\",le=\"2\"} 1\n" \
	"h_bucket{c=\"d\",le=\"+Inf\"} 4\nh_sum{c=\"d\"} 9\nh_count{c=\"d\"} 4\n"

static void a_classic_histogram_becomes_a_native_one_where_the_job_wants_it(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.config.terms.convert_classic = SCRAPE_YES;
	l.portion = 7;
	r = scrape(&l, CLASSIC "# TYPE a gauge\na 1\n");
	assert_string_equal(r.error, "");
	ASSERT_COUNTS(r, 2, 2, 2);
	assert_non_null(strstr(str_c(&l.sink.log), "h{c=\"d\",instance=\"h:1\",job=\"j\"} "
						   "{{schema:-53 count:4 sum:9 custom_values:[1 2] "
						   "buckets:[1 0 3]}}@1010000\n"));
	assert_non_null(strstr(str_c(&l.sink.log), "a{instance=\"h:1\",job=\"j\"} 1@1010000\n"));
	assert_null(strstr(str_c(&l.sink.log), "h_bucket"));
	r = scrape(&l, CLASSIC);
	ASSERT_COUNTS(r, 1, 1, 0);
	r = scrape(&l, "a 2\n");
	assert_log(&l, "a{instance=\"h:1\",job=\"j\"} 2@1030000\n"
		       "h{c=\"d\",instance=\"h:1\",job=\"j\"} stale@1030000\n");
}

static void classic_histograms_stay_beside_what_is_made_of_them_when_they_are_wanted(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.config.terms.convert_classic = l.config.terms.classic_histograms = SCRAPE_YES;
	r = scrape(&l, CLASSIC);
	ASSERT_COUNTS(r, 6, 6, 6);
	assert_int_equal(sink_fixture_value(&l.sink,
				 "h_bucket{c=\"d\",instance=\"h:1\",job=\"j\",le=\"1.0\"}"),
		1);
}

static void a_histogram_that_cant_be_is_left_out_and_fails_nothing(void **state)
{
	scoped(tear_down) struct lab l;
	struct ingest_result r;

	(void)state;
	set_up(&l);
	l.config.terms.convert_classic = SCRAPE_YES;
	r = scrape(&l,
		"# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 4\nh_count 5\n");
	assert_true(r.is_ok);
	ASSERT_COUNTS(r, 0, 0, 0);
	l.config.native_histogram_bucket_limit = 1;
	assert_string_equal(scrape(&l, CLASSIC).error, "histogram bucket limit exceeded");
}

static void exemplars_of_classic_buckets_go_with_the_native_histogram(void **state)
{
	scoped(tear_down) struct lab l;

	(void)state;
	set_up(&l);
	l.config.terms.convert_classic = SCRAPE_YES;
	l.sink.hides_reports = true;
	l.portion = 11;
	scrape_bytes(&l, OPENMETRICS,
		"# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {t=\"b\"} 0.5 1009\n"
		"h_bucket{le=\"+Inf\"} 2 # {t=\"a\"} 5 1008\nh_count 2 # {t=\"c\"} 1\nh_sum 3\n# "
		"EOF\n",
		strlen("# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {t=\"b\"} 0.5 1009\n"
		       "h_bucket{le=\"+Inf\"} 2 # {t=\"a\"} 5 1008\nh_count 2 # {t=\"c\"} 1\nh_sum "
		       "3\n# EOF\n"));
	assert_log(&l, "# h type=histogram help= unit=\n"
		       "h{instance=\"h:1\",job=\"j\"} {{schema:-53 count:2 sum:3 custom_values:[1] "
		       "buckets:[1 1]}}@1010000\n"
		       "h{instance=\"h:1\",job=\"j\"} exemplar t=a 5@1008000\n"
		       "h{instance=\"h:1\",job=\"j\"} exemplar t=b 0.5@1009000\n");
}

/* Labels that stand in the body once, and are read with each bucket. */
static void a_small_body_cant_stand_for_a_huge_one(void **state)
{
	static char value[SCRAPE_LINE_BYTES_MAX / 2];
	scoped(tear_down) struct lab l;
	scoped(str_fini) struct str body = STR_EMPTY, family = STR_EMPTY;
	size_t metric, label, histogram;

	(void)state;
	set_up(&l);
	memset(value, 'x', sizeof value - 1);
	protobuf_add_bytes(&family, 1, "h", 1);
	protobuf_add_uint(&family, 3, 4);
	metric = protobuf_open(&family, 4);
	label = protobuf_open(&family, 1);
	protobuf_add_bytes(&family, 1, "l", 1);
	protobuf_add_bytes(&family, 2, value, sizeof value - 1);
	protobuf_close(&family, label);
	histogram = protobuf_open(&family, 7);
	for (int i = 0; i < 2 * SCRAPE_TOLD_BYTES_MAX / SCRAPE_LINE_BYTES_MAX + 1; i++)
		protobuf_close(&family, protobuf_open(&family, 3));
	protobuf_close(&family, histogram);
	protobuf_close(&family, metric);
	protobuf_put_varint(&body, family.len);
	str_addn(&body, family.s, family.len);
	assert_string_equal(scrape_bytes(&l, PROTOBUF, body.s, body.len).error,
		"body size limit exceeded by what it stands for");
}

static void protobuf_that_is_cut_off_fails_the_scrape(void **state)
{
	scoped(tear_down) struct lab l;
	scoped(str_fini) struct str body = STR_EMPTY;

	(void)state;
	set_up(&l);
	add_gauge(&body, "a", 1.5);
	add_gauge(&body, "b", 2.5);
	assert_string_equal(scrape_bytes(&l, PROTOBUF, body.s, body.len - 1).error,
		"unexpected EOF");
	assert_log(&l, "# a type= help= unit=\n# a type=gauge help= unit=\n");
	assert_false(scrape_bytes(&l, PROTOBUF, "a 1\n", 4).is_ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(native_histograms_come_as_protobuf_and_end_as_others_do),
		cmocka_unit_test(a_classic_histogram_becomes_a_native_one_where_the_job_wants_it),
		cmocka_unit_test(
			classic_histograms_stay_beside_what_is_made_of_them_when_they_are_wanted),
		cmocka_unit_test(a_histogram_that_cant_be_is_left_out_and_fails_nothing),
		cmocka_unit_test(exemplars_of_classic_buckets_go_with_the_native_histogram),
		cmocka_unit_test(protobuf_that_is_cut_off_fails_the_scrape),
		cmocka_unit_test(a_small_body_cant_stand_for_a_huge_one),
		cmocka_unit_test(samples_get_the_targets_labels_and_the_time_of_the_scrape),
		cmocka_unit_test(each_scrape_reports_on_itself),
		cmocka_unit_test(a_series_that_is_gone_is_marked_stale_once),
		cmocka_unit_test(lines_may_come_in_any_order),
		cmocka_unit_test(a_name_that_begins_like_the_expected_one_is_another_series),
		cmocka_unit_test(a_scrape_that_fails_ends_all_series_and_says_so),
		cmocka_unit_test(a_body_that_breaks_off_counts_for_nothing),
		cmocka_unit_test(series_that_return_after_a_failure_go_on_and_are_not_new),
		cmocka_unit_test(what_came_before_the_garbage_is_not_marked_stale_yet),
		cmocka_unit_test(nothing_of_a_malformed_body_is_stored),
		cmocka_unit_test(an_empty_body_is_fine_and_ends_all_series),
		cmocka_unit_test(times_of_samples_are_honored_and_such_series_do_not_end),
		cmocka_unit_test(samples_of_next_year_are_left_out_and_counted),
		cmocka_unit_test(a_series_that_is_said_twice_is_taken_once),
		cmocka_unit_test(the_same_series_in_other_words_is_one_series),
		cmocka_unit_test(samples_out_of_order_are_counted_and_the_rest_is_taken),
		cmocka_unit_test(more_than_sample_limit_fails_the_scrape),
		cmocka_unit_test(labels_beyond_their_limits_fail_the_scrape),
		cmocka_unit_test(a_body_over_its_limit_is_refused_unread),
		cmocka_unit_test(endless_lines_are_refused),
		cmocka_unit_test(a_target_may_not_begin_series_without_end),
		cmocka_unit_test(a_full_store_takes_what_it_knows),
		cmocka_unit_test(labels_in_conflict_are_exported_unless_they_are_honored),
		cmocka_unit_test(openmetrics_brings_exemplars_and_metadata),
		cmocka_unit_test(a_target_s_comments_are_what_it_says_of_its_metrics),
		cmocka_unit_test(a_type_that_was_known_still_rules_its_new_lines),
		cmocka_unit_test(an_unknown_content_type_fails_unless_there_is_a_fallback),
		cmocka_unit_test(a_target_that_leaves_takes_all_its_series_along),
		cmocka_unit_test(other_rules_begin_new_series_and_end_the_old_ones),
		cmocka_unit_test(portions_of_any_size_give_the_same_samples),
		cmocka_unit_test(random_bodies_mean_the_same_with_and_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
