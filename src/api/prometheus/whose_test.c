/* SPDX-License-Identifier: Apache-2.0 */
/* Dublin, asked about itself and about Mumbai, which is played by the test. */
#include "api/metrics_fixture.h"
#include "api/prometheus/samples.h"
#include "api/prometheus/scraped_fixture.h"
#include "core/promql/memory_source.h"
#include "core/remote/read.h"
#include "port/snappy/snappy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BEGIN_TEXT "1700000000"
#define MUMBAI     1
#define ANSWER     "{\"status\":\"success\",\"data\":[\"from mumbai\"]}"

struct pair {
	struct metrics_fixture m; /* first: it is the context of what the API calls */
	struct memory_files *copy_files;
	struct store *copy; /* NULL: Mumbai isn't copied */
	struct scraper *scraper;
	/* What Mumbai was asked, and how it answers. */
	uint32_t n_asked;
	int64_t every_ms; /* of its copy */
	struct api_question question;
	struct str label, form;
	uint16_t status;
	void (*writes)(struct str *out); /* samples; NULL: write_far() */
	enum rc refuses;
	struct {
		api_site_answered *done;
		void *ctx;
	} waiting[ASKINGS_MAX];
	uint32_t n_waiting;
	uv_timer_t soon;
};

/* up{job="far"} 7, and once 8, as Mumbai tells it. */
static void write_far(struct str *out)
{
	static const struct label v[] = { { METRIC_NAME, "up", 8, 2 }, { "job", "far", 3, 3 },
		{ "site", "mumbai", 4, 6 } };
	const struct labels labels = { v, COUNT(v) };
	scoped(series_column_fini) struct series_column column = { 0 };
	scoped(str_fini) struct str plain = STR_EMPTY, packed = STR_EMPTY;

	series_column_add(&column, METRICS_BEGIN_MS - 15000, 8);
	series_column_add(&column, METRICS_BEGIN_MS, 7);
	remote_read_add(&plain, &labels, &column);
	assert_int_equal(snappy_pack(str_c(&plain), plain.len, &packed, NULL), RC_OK);
	str_addn(out, "\1\0\0\0\0\0\0\0\0\0\0\0", 13);
	str_addn(out, packed.s, packed.len);
}

static void answer_one(struct pair *p)
{
	struct api_site_answer a = { .status = p->status, .why = "the link was lost" };

	if (a.status == 200 && p->question.what == ASKING_SAMPLES)
		(p->writes ? p->writes : write_far)(&a.body);
	else if (a.status == 422)
		str_add(&a.body, "{\"status\":\"error\",\"error\":\"too much of it\"}");
	else if (a.status)
		str_add(&a.body, ANSWER);
	p->n_waiting--;
	p->waiting[p->n_waiting].done(p->waiting[p->n_waiting].ctx, &a);
	str_fini(&a.body);
}

static void mumbai_answers(uv_timer_t *timer)
{
	struct pair *p = timer->data;

	while (p->n_waiting)
		answer_one(p);
}

static enum rc ask_mumbai(void *ctx, uint8_t site, const struct api_question *q,
	api_site_answered *done, void *done_ctx, struct err *e)
{
	struct pair *p = ctx;

	assert_int_equal(site, MUMBAI);
	p->n_asked++;
	if (p->refuses != RC_OK)
		return err_set(e, p->refuses, "8 questions to it are under way");
	p->question = *q;
	str_clear(&p->label);
	str_add(&p->label, q->label);
	str_clear(&p->form);
	str_add(&p->form, q->form);
	assert_in_range(p->n_waiting, 0, ASKINGS_MAX - 1);
	p->waiting[p->n_waiting].done = done;
	p->waiting[p->n_waiting++].ctx = done_ctx;
	uv_timer_start(&p->soon, mumbai_answers, 1, 0);
	return RC_OK;
}

static bool copy_of_mumbai(void *ctx, uint8_t site, struct api_copy *ret)
{
	struct pair *p = ctx;

	assert_int_equal(site, MUMBAI);
	*ret = (struct api_copy){ p->copy, METRICS_BEGIN_MS + 39 * 15000, p->every_ms };
	return p->copy != NULL;
}

/* As Dublin keeps it: with the labels that it has in Mumbai. */
static void copy_mumbai(struct pair *p)
{
	p->copy = metrics_fixture_open(&p->m, p->copy_files);
	metrics_fixture_keep(p->copy, "load{job=\"node\"} 3x39");
}

static void setup(struct pair *p)
{
	static const char *const series[] = { "up{job=\"node\"} 1x40",
		"up{job=\"web\",site=\"dublin\"} 1x40", "up{job=\"odd\",site=\"cork\"} 1x40" };
	struct api_setup api;

	*p = (struct pair){ .copy_files = memory_files_new(2), .status = 200 };
	metrics_fixture_init(&p->m);
	for (size_t i = 0; i < COUNT(series); i++)
		metrics_fixture_keep(p->m.store, series[i]);
	uv_timer_init(&p->m.f.loop, &p->soon);
	p->soon.data = p;
	api = metrics_fixture_setup(&p->m);
	p->scraper = scraped_fixture_new(store_sink(p->m.store));
	api.scraper = p->scraper;
	api.ask_site = ask_mumbai;
	api.copy_of = copy_of_mumbai;
	metrics_fixture_start(&p->m, &api);
}

static void teardown(struct pair *p)
{
	uv_close((uv_handle_t *)&p->soon, NULL);
	metrics_fixture_fini(&p->m);
	scraped_fixture_free(p->scraper);
	store_close(p->copy);
	memory_files_free(p->copy_files);
	str_fini(&p->label);
	str_fini(&p->form);
}
SCOPED_FINI(teardown, struct pair)

static void hear_mumbai(struct pair *p)
{
	struct link_msg hello = { .kind = LINK_HELLO,
		.protocol = LINK_PROTOCOL,
		.site = "mumbai",
		.beat = 1 };

	site_connected(p->m.f.site, fixture_now(&p->m.f), MUMBAI, 1, true);
	site_received(p->m.f.site, fixture_now(&p->m.f), MUMBAI, 1, &hello);
	fixture_drain(&p->m.f);
}

static void lose_mumbai(struct pair *p)
{
	site_closed(p->m.f.site, fixture_now(&p->m.f), MUMBAI, 1, "closed by the other side");
	fixture_drain(&p->m.f);
}

static void assert_answers(struct pair *p, const char *target, int status, const char *part)
{
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	fixture_ask(&p->m.f, "GET", target, "", NULL, &a);
	if (a.status != status || !strstr(str_c(&a.body), part))
		fail_msg("%s:\n%d %s\n%d %s", target, a.status, str_c(&a.body), status, part);
}

static const struct {
	const char *target;
	enum asking_what what;
	const char *label, *form;
} passed[] = {
	{ "/api/v1/query?query=up%7Bsite=%22mumbai%22%7D&time=5", ASKING_QUERY, "",
		"query=up%7Bsite%3D%22mumbai%22%7D&time=5" },
	{ "/api/v1/query_range?query=sum(rate(a%7Bsite=%22mumbai%22%7D%5B5m%5D))/"
	  "b%7Bsite=%22mumbai%22%7D&start=1&end=2&step=1",
		ASKING_QUERY_RANGE, "",
		"query=sum%28rate%28a%7Bsite%3D%22mumbai%22%7D%5B5m%5D%29%29%2Fb%7Bsite%3D%"
		"22mumbai%22%7D&start=1&end=2&step=1" },
	{ "/api/v1/series?match%5B%5D=%7Bsite=%22mumbai%22%7D", ASKING_SERIES, "",
		"match%5B%5D=%7Bsite%3D%22mumbai%22%7D" },
	{ "/api/v1/labels?match%5B%5D=up%7Bsite=%22mumbai%22%7D", ASKING_LABELS, "",
		"match%5B%5D=up%7Bsite%3D%22mumbai%22%7D" },
	{ "/api/v1/label/job/values?match%5B%5D=%7Bsite=%22mumbai%22%7D&limit=3",
		ASKING_LABEL_VALUES, "job", "match%5B%5D=%7Bsite%3D%22mumbai%22%7D&limit=3" },
	{ "/api/v1/query_exemplars?query=up%7Bsite=%22mumbai%22%7D", ASKING_EXEMPLARS, "",
		"query=up%7Bsite%3D%22mumbai%22%7D" },
};

static void a_question_about_another_site_is_passed_to_it_whole(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	hear_mumbai(&p);
	for (size_t i = 0; i < COUNT(passed); i++) {
		assert_answers(&p, passed[i].target, 200, ANSWER);
		assert_int_equal(p.n_asked, i + 1);
		assert_int_equal(p.question.what, passed[i].what);
		assert_string_equal(str_c(&p.label), passed[i].label);
		assert_string_equal(str_c(&p.form), passed[i].form);
	}
}

static void its_errors_are_passed_back(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	hear_mumbai(&p);
	p.status = 422;
	assert_answers(&p, passed[0].target, 422, "too much of it");
	p.status = 0;
	assert_answers(&p, passed[0].target, 502, "for the last time: the link was lost");
	p.refuses = RC_LIMIT;
	assert_answers(&p, passed[0].target, 503, "8 questions to it are under way");
}

static void what_is_not_about_another_site_is_answered_here(void **state)
{
	static const char *const own[] = { "up", "up%7Bsite=%22elsewhere%22%7D",
		"up%7Bsite=~%22cork|kerry%22%7D", "up%7Bsite!=%22mumbai%22%7D",
		"%22site%20mumbai%22", "up%7Bsite=%22%22%7D" };
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	for (size_t i = 0; i < COUNT(own); i++) {
		char target[128];

		snprintf(target, sizeof target, "/api/v1/query?query=%s&time=" BEGIN_TEXT, own[i]);
		assert_answers(&p, target, 200, "{\"status\":\"success\"");
	}
	assert_answers(&p, "/api/v1/query?query=up%7Bsite=%22mumbai%22", 400, "parse error");
	assert_int_equal(p.n_asked, 0);
}

static void a_query_of_several_sites_is_evaluated_here(void **state)
{
	static const struct {
		const char *query, *part;
	} mixed[] = {
		{ "sum(up%7Bsite=~%22dublin|mumbai%22%7D)", "[1700000000,\"9\"]" },
		{ "sum(up%7Bsite=%22mumbai%22%7D)%2Bcount(up)", "[1700000000,\"10\"]" },
		{ "up%7Bsite=%22mumbai%22%7D%20or%20up%7Bsite=%22dublin%22%7D", "\"job\":\"far\"" },
		{ "count%20by%20(site)(up%7Bsite!=%22%22%7D)",
			"{\"site\":\"dublin\"},\"value\":[1700000000,\"2\"]" },
		{ "max_over_time(up%7Bsite=%22mumbai%22%7D%5B1m%5D)%20>%20scalar(count(up))",
			"[1700000000,\"8\"]" },
		{ "topk(scalar(count(up)),max_over_time(up%7Bsite=%22mumbai%22%7D%5B1h:5s%5D))",
			"[1700000000,\"8\"]" },
	};
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	hear_mumbai(&p);
	for (size_t i = 0; i < COUNT(mixed); i++) {
		char target[256];

		snprintf(target, sizeof target, "/api/v1/query?query=%s&time=" BEGIN_TEXT,
			mixed[i].query);
		assert_answers(&p, target, 200, mixed[i].part);
		assert_int_equal(p.n_asked, i + 1);
		assert_int_equal(p.question.what, ASKING_SAMPLES);
	}
	assert_non_null(strstr(str_c(&p.form), "match%5B%5D=%7B__name__%3D%22up%22%2Csite%3D"));
}

static void series_and_labels_of_several_sites_are_put_together(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	hear_mumbai(&p);
	assert_answers(&p, "/api/v1/label/job/values?match%5B%5D=up%7Bsite=~%22.%2B%22%7D", 200,
		"[\"far\",\"node\",\"odd\",\"web\"]");
	assert_answers(&p, "/api/v1/series?match%5B%5D=up%7Bsite=~%22.%2B%22%7D", 200,
		"{\"__name__\":\"up\",\"job\":\"far\",\"site\":\"mumbai\"}");
	assert_answers(&p, "/api/v1/export?match%5B%5D=up%7Bsite=%22mumbai%22%7D&start=" BEGIN_TEXT,
		200, "\"site\":\"mumbai\"},\"values\":[7],\"timestamps\":[1700000000000]}");
	assert_answers(&p, "/api/v1/query_exemplars?query=up%7Bsite=~%22.%2B%22%7D", 400,
		"exemplars are kept by each site for itself");
}

static void a_peer_that_finds_it_too_much_is_quoted(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	hear_mumbai(&p);
	p.status = 422;
	assert_answers(&p, "/api/v1/query?query=up%7Bsite!=%22%22%7D", 422,
		"mumbai answers: too much of it");
}

/* ---- questions without a selector */

static void targets_and_metadata_of_another_site_are_answered_there(void **state)
{
	static const struct {
		const char *target;
		enum asking_what what;
		const char *form;
	} asked[] = {
		{ "/api/v1/targets?site=mumbai&state=any", ASKING_TARGETS, "state=any" },
		{ "/api/v1/scrape_pools?site=mumbai", ASKING_SCRAPE_POOLS, "" },
		{ "/api/v1/metadata?metric=up&site=mumbai", ASKING_METADATA, "metric=up" },
		{ "/api/v1/targets/metadata?site=mumbai&match_target=%7Bjob=%22a%22%7D",
			ASKING_TARGETS_METADATA, "match_target=%7Bjob%3D%22a%22%7D" },
	};
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	hear_mumbai(&p);
	for (size_t i = 0; i < COUNT(asked); i++) {
		assert_answers(&p, asked[i].target, 200, ANSWER);
		assert_int_equal(p.n_asked, i + 1);
		assert_int_equal(p.question.what, asked[i].what);
		assert_string_equal(str_c(&p.form), asked[i].form);
	}
	p.status = 422;
	assert_answers(&p, asked[0].target, 422, "too much of it");
	p.status = 0;
	assert_answers(&p, asked[0].target, 502,
		"for the last time: the link was lost; ask again when the link is up");
	p.refuses = RC_LIMIT;
	assert_answers(&p, asked[0].target, 503, "8 questions to it are under way");
}

static void targets_of_this_site_are_answered_here(void **state)
{
	static const char *const own[] = { "", "?site=", "?site=dublin" };
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	for (size_t i = 0; i < COUNT(own); i++) {
		char target[64];

		snprintf(target, sizeof target, "/api/v1/targets%s", own[i]);
		assert_answers(&p, target, 200, "\"activeTargets\":[]");
	}
	assert_int_equal(p.n_asked, 0);
}

static void targets_of_a_site_that_is_not_or_is_gone_are_an_error_that_helps(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	assert_answers(&p, "/api/v1/targets?site=cork", 400,
		"invalid parameter \\\"site\\\": no site is called 'cork'; there are: dublin, "
		"mumbai");
	assert_answers(&p, "/api/v1/metadata?site=mumbai", 502,
		"mumbai can't be asked: it has not been heard since this site started");
	hear_mumbai(&p);
	lose_mumbai(&p);
	p.m.f.ahead_ms += 5 * MINUTE_MS;
	assert_answers(&p, "/api/v1/targets?site=mumbai", 502,
		"mumbai can't be asked: it was heard 5 min ago for the last time: closed by the "
		"other side; ask again when the link is up (`diarchy status`)");
	assert_int_equal(p.n_asked, 0);
}

/* As Grafana asks while somebody types: names of labels, then the values of one. */
static void sites_are_offered_to_who_completes_a_selector(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	assert_answers(&p, "/api/v1/labels", 200, "[\"__name__\",\"job\",\"site\"]");
	assert_answers(&p, "/api/v1/labels?match%5B%5D=up%7Bjob=%22node%22%7D", 200,
		"[\"__name__\",\"job\",\"site\"]");
	assert_answers(&p, "/api/v1/labels?match%5B%5D=gone", 200, "\"data\":[]");
	assert_answers(&p, "/api/v1/label/site/values", 200, "[\"cork\",\"dublin\",\"mumbai\"]");
	assert_answers(&p, "/api/v1/label/site/values?match%5B%5D=up%7Bjob=%22node%22%7D", 200,
		"[\"dublin\",\"mumbai\"]");
	assert_answers(&p, "/api/v1/label/site/values?match%5B%5D=up%7Bsite=%22dublin%22%7D", 200,
		"[\"dublin\"]");
	assert_answers(&p, "/api/v1/label/job/values", 200, "[\"node\",\"odd\",\"web\"]");
	assert_int_equal(p.n_asked, 0);
}

/* ---- a peer that answers too much: bounds of what is taken from it */

#define HEAD "\1\0\0\0\0\0\0\0\0\0\0\0" /* of an answer */

static void write_packed(struct str *out, const struct str *plain)
{
	scoped(str_fini) struct str packed = STR_EMPTY;

	assert_int_equal(snappy_pack(plain->s, plain->len, &packed, NULL), RC_OK);
	str_addn(out, HEAD, 13);
	str_addn(out, packed.s, packed.len);
}

/* Few bytes, that become more than may be. */
static void write_bomb(struct str *out)
{
	scoped(str_fini) struct str plain = STR_EMPTY;

	for (uint32_t i = 0; i <= SITE_SAMPLES_BYTES_MAX / 64; i++)
		str_addf(&plain, "%64s", "");
	write_packed(out, &plain);
}

/* One answer is within its bounds; a query may not have three of them. */
static void write_third(struct str *out)
{
	static const struct label v[] = { { METRIC_NAME, "up", 8, 2 } };
	const struct labels labels = { v, COUNT(v) };
	scoped(series_column_fini) struct series_column column = { 0 };
	scoped(str_fini) struct str plain = STR_EMPTY;

	for (uint32_t i = 0; i < SITE_QUERY_SAMPLES_MAX / 3 + 1; i++)
		series_column_add(&column, METRICS_BEGIN_MS + i, 1);
	remote_read_add(&plain, &labels, &column);
	assert_in_range(plain.len, 1, SITE_SAMPLES_BYTES_MAX);
	write_packed(out, &plain);
}

/* Labels pack better than samples; a query may not have five of these. */
static void write_labels(struct str *out)
{
	enum { SERIES = 600 };
	const struct series_column none = { 0 };
	scoped(str_fini) struct str plain = STR_EMPTY, value = STR_EMPTY;

	while (value.len < SERIES_LABELS_BYTES_MAX - 64)
		str_add(&value, "12345678");
	for (int i = 0; i < SERIES; i++) {
		char host[8];
		const struct label v[] = { { METRIC_NAME, "up", 8, 2 },
			{ "host", host, 4, (uint32_t)snprintf(host, sizeof host, "%d", i) },
			{ "job", str_c(&value), 3, (uint32_t)value.len } };
		const struct labels labels = { v, COUNT(v) };

		remote_read_add(&plain, &labels, &none);
	}
	assert_in_range(plain.len, SITE_QUERY_BYTES_MAX / 5 + 1, SITE_SAMPLES_BYTES_MAX);
	write_packed(out, &plain);
}

static void write_half(struct str *out)
{
	for (uint32_t i = 0; i <= ASKING_ANSWER_BYTES_MAX / 2 / 64; i++)
		str_addf(out, "%64s", "");
}

static void write_nothing_known(struct str *out)
{
	str_add(out, "\7 of a version to come");
}

/* Three selectors of Mumbai, and one of our own, lest it be passed on as a whole. */
#define OF_MUMBAI(matcher) "%2Bcount(up%7Bsite" matcher "%22mumbai%22%7D)"
#define THREE                                                                                   \
	"/api/v1/query?query=count(up)" OF_MUMBAI("=") OF_MUMBAI("=~") "%2Bcount(up%7Bsite=%22" \
								       "mumbai%22,job=%22%22%7D)"

/* Two more. */
#define FIVE                                                                                       \
	THREE "%2Bcount(up%7Bsite=%22mumbai%22,a=%22%22%7D)%2Bcount(up%7Bsite=%22mumbai%22,b=%22%" \
	      "22%7D)"

static void a_peer_that_answers_too_much_is_not_taken_at_its_word(void **state)
{
	static const struct {
		void (*writes)(struct str *out);
		const char *asked, *part;
	} answers[] = {
		{ write_bomb, THREE, "what mumbai answered: " },
		{ write_third, THREE, "the query reads more than 4000000 samples of other sites" },
		{ write_labels, FIVE,
			"other sites answer with more than 134217728 bytes of series" },
		{ write_half, THREE, "other sites answer too much for this query" },
		{ write_nothing_known, THREE, "an answer that this program doesn't know" },
	};
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	hear_mumbai(&p);
	for (size_t i = 0; i < COUNT(answers); i++) {
		p.writes = answers[i].writes;
		assert_answers(&p, answers[i].asked, 422, answers[i].part);
	}
	p.writes = NULL;
	assert_answers(&p, "/api/v1/query?query=count(up)", 200, "success");
}

static void of_several_sites_those_that_are_gone_are_missing_and_that_is_said(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	assert_answers(&p, "/api/v1/query?query=count(up%7Bsite!=%22%22%7D)&time=" BEGIN_TEXT, 200,
		"\"3\"]}]},\"warnings\":[\"mumbai has not been heard since this site started: its "
		"series are missing here\"]");
	hear_mumbai(&p);
	p.status = 0;
	assert_answers(&p, "/api/v1/query?query=count(up%7Bsite!=%22%22%7D)&time=" BEGIN_TEXT, 200,
		"(the link was lost): its series are missing here");
}

static void a_site_that_is_gone_is_answered_for_from_its_copy(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	copy_mumbai(&p);
	p.m.f.ahead_ms = METRICS_BEGIN_MS + HOUR_MS - fixture_now(&p.m.f).wall.ms;
	assert_answers(&p, "/api/v1/query?query=load%7Bsite=%22mumbai%22%7D", 200,
		"\"site\":\"mumbai\"},\"value\":[1700000585,\"3\"]");
	assert_answers(&p, "/api/v1/query?query=load%7Bsite=%22mumbai%22%7D", 200,
		"from the copy at this site, whose newest sample is 50 min 15 s old");
	assert_answers(&p, "/api/v1/query?query=load%7Bsite=%22mumbai%22%7D&time=" BEGIN_TEXT, 200,
		"[1700000000,\"3\"]");
	assert_answers(&p,
		"/api/v1/query?query=count(load%7Bsite!=%22%22%7D)%2Bcount(up)&time=" BEGIN_TEXT,
		200, "[1700000000,\"4\"]");
	assert_answers(&p, "/api/v1/query?query=gone%7Bsite=%22mumbai%22%7D", 200,
		"{__name__=\\\"gone\\\",site=\\\"mumbai\\\"}: no series in the copy matches");
	assert_answers(&p, "/api/v1/label/job/values?match%5B%5D=%7Bsite=%22mumbai%22%7D", 200,
		"[\"node\"],\"warnings\":[\"mumbai");
	assert_answers(&p, "/api/v1/query?query=load", 200, "\"result\":[]");
	assert_answers(&p, "/federate?match%5B%5D=load%7Bsite=%22mumbai%22%7D", 200, "");
	assert_answers(&p,
		"/api/v1/export?match%5B%5D=load%7Bsite=%22mumbai%22%7D&start=1700000570", 200,
		"\"values\":[3,3],\"timestamps\":[1700000570000,1700000585000]}");
	assert_int_equal(p.n_asked, 0);
}

static void text_that_has_no_place_for_warnings_has_them_as_a_header(void **state)
{
	scoped(teardown) struct pair p;
	scoped(pump_answer_fini) struct pump_answer a = { 0 };

	(void)state;
	setup(&p);
	copy_mumbai(&p);
	fixture_ask(&p.m.f, "GET", "/federate?match%5B%5D=load%7Bsite=%22mumbai%22%7D", "", "", &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(str_c(&a.head), "X-Diarchy-Warning: mumbai has not been heard"));
}

static void samples_of_a_copy_that_are_far_apart_are_looked_for_as_far_back(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	copy_mumbai(&p);
	/* Fifteen minutes behind the newest. */
	assert_answers(&p,
		"/api/v1/query_range?query=load%7Bsite=%22mumbai%22%7D&step=60&start=1700001485"
		"&end=1700001485",
		200, "\"result\":[]");
	p.every_ms = 10 * MINUTE_MS;
	assert_answers(&p,
		"/api/v1/query_range?query=load%7Bsite=%22mumbai%22%7D&step=60&start=1700001485"
		"&end=1700001485",
		200, "[1700001485,\"3\"]");
}

static void a_link_that_is_lost_while_it_is_asked_leaves_the_copy(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	copy_mumbai(&p);
	hear_mumbai(&p);
	p.status = 0;
	assert_answers(&p, "/api/v1/query?query=load%7Bsite=%22mumbai%22%7D&time=" BEGIN_TEXT, 200,
		"(the link was lost): its series are from the copy");
	assert_int_equal(p.n_asked, 1);
}

static void a_site_that_is_gone_is_an_error_that_says_since_when(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	assert_answers(&p, passed[0].target, 502,
		"mumbai can't be asked: it has not been heard since this site started");
	hear_mumbai(&p);
	lose_mumbai(&p);
	p.m.f.ahead_ms += 5 * MINUTE_MS;
	assert_answers(&p, passed[0].target, 502,
		"mumbai can't be asked: it was heard 5 min ago for the last time: closed by the "
		"other "
		"side; its samples are kept there");
	assert_int_equal(p.n_asked, 0);
}

#define NODE "{\"__name__\":\"up\",\"job\":\"node\",\"site\":\"dublin\"}"
#define WEB  "{\"__name__\":\"up\",\"job\":\"web\",\"site\":\"dublin\"}"

static void our_name_means_what_has_no_site_too(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	assert_answers(&p, "/api/v1/query?query=count(up%7Bsite=%22dublin%22%7D)&time=" BEGIN_TEXT,
		200, "\"2\"]");
	assert_answers(&p, "/api/v1/series?match%5B%5D=%7Bsite=%22dublin%22%7D", 200, NODE);
	assert_answers(&p, "/api/v1/series?match%5B%5D=%7Bsite=%22dublin%22%7D", 200, WEB);
	assert_answers(&p, "/api/v1/label/job/values?match%5B%5D=%7Bsite=%22dublin%22%7D", 200,
		"[\"node\",\"web\"]");
	assert_answers(&p,
		"/api/v1/query?query=absent(gone%7Bsite=%22dublin%22%7D)&time=" BEGIN_TEXT, 200,
		"{\"metric\":{\"site\":\"dublin\"}");
}

/* ---- Mumbai asks */

struct heard {
	bool is_answered;
	uint16_t status;
	struct str body;
};

static void answered(void *ctx, struct api_site_answer *a)
{
	struct heard *h = ctx;

	h->is_answered = true;
	h->status = a->status;
	h->body = a->body;
	a->body = STR_EMPTY;
}

static void assert_told(struct pair *p, enum asking_what what, const char *form, uint16_t status,
	const char *part)
{
	struct api_question q = { .what = what, .label = "job", .form = form };
	struct heard h = { 0 };

	api_answer_site(p->m.f.api, &q, answered, &h);
	while (!h.is_answered)
		uv_run(&p->m.f.loop, UV_RUN_ONCE);
	if (h.status != status || !strstr(str_c(&h.body), part))
		fail_msg("%s:\n%d %s\n%d %s", form, h.status, str_c(&h.body), status, part);
	str_fini(&h.body);
}

static void another_site_is_answered_from_here(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	assert_told(&p, ASKING_QUERY, "query=count(up%7Bsite%3D%22dublin%22%7D)&time=" BEGIN_TEXT,
		200, "\"2\"]");
	assert_told(&p, ASKING_LABEL_VALUES, "", 200, "[\"node\",\"odd\",\"web\"]");
	assert_told(&p, ASKING_QUERY, "query=%2B", 400, "\"errorType\":\"bad_data\"");
	assert_told(&p, ASKING_SERIES, "", 400, "no match[] parameter provided");
	assert_told(&p, ASKING_QUERY, "query=%zz", 400, "\"status\":\"error\"");
	assert_told(&p, ASKING_TARGETS, "state=dropped", 200, "\"droppedTargetCounts\":{}");
	assert_told(&p, ASKING_TARGETS, "state=active", 200, "\"droppedTargetCounts\":null");
	assert_told(&p, ASKING_SCRAPE_POOLS, "", 200, "\"scrapePools\":[]");
	assert_told(&p, ASKING_METADATA, "limit=x", 400, "limit must be a number");
	assert_told(&p, ASKING_TARGETS_METADATA, "match_target=(", 400, "match_target");
	assert_told(&p, ASKING_TARGETS_METADATA, "match_target=%7Bjob%3D%22node%22%7D", 200,
		"\"data\":[]");
}

static void another_site_is_told_what_targets_here_say_of_their_metrics(void **state)
{
	scoped(teardown) struct pair p;
	struct now now;

	(void)state;
	setup(&p);
	now = fixture_now(&p.m.f);
	now.wall.ms = METRICS_BEGIN_MS + HOUR_MS;
	scraped_fixture_scrape(p.scraper, now);
	assert_told(&p, ASKING_TARGETS_METADATA, "match_target=%7Bjob%3D%22node%22%7D", 200,
		"[{\"target\":{\"job\":\"node\"},\"metric\":\"up\",\"type\":\"gauge\","
		"\"help\":\"whether\",\"unit\":\"\"}]");
	assert_told(&p, ASKING_TARGETS_METADATA, "metric=up", 200,
		"[{\"target\":{\"job\":\"node\"},\"type\":\"gauge\",");
	assert_told(&p, ASKING_TARGETS_METADATA, "match_target=%7Bjob%3D%22web%22%7D", 200,
		"\"data\":[]");
}

static struct samples_got take_samples(struct pair *p, const char *form, struct memory_source *here)
{
	struct api_question q = { .what = ASKING_SAMPLES, .label = "", .form = form };
	struct series_sink sink = memory_source_sink(here);
	struct samples_got got;
	struct heard h = { 0 };

	api_answer_site(p->m.f.api, &q, answered, &h);
	while (!h.is_answered)
		uv_run(&p->m.f.loop, UV_RUN_ONCE);
	if (h.status != 200)
		fail_msg("%d %s", h.status, str_c(&h.body));
	assert_int_equal(samples_take(h.body.s, h.body.len, &sink, &got, NULL), RC_OK);
	str_fini(&h.body);
	return got;
}

/* Each series is {job} and its values. */
static void assert_samples(struct pair *p, const char *form, const char *wanted)
{
	scoped(memory_source_free) struct memory_source *here = memory_source_new();
	struct series_source source = memory_source_source(here);
	const struct series_query all = { .min_ms = 0, .max_ms = INT64_MAX, .function = "" };
	scoped(series_column_fini) struct series_column column = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY;
	struct series_cursor *cursor;
	struct samples_got got = take_samples(p, form, here);
	struct labels labels;
	bool has;

	str_addf(&text, "left out %u, until %lld:", got.n_left_out,
		(long long)(got.until_ms - METRICS_BEGIN_MS));
	assert_int_equal(source.open(source.self, &all, &cursor, NULL), RC_OK);
	while (source.next(cursor, &labels, &has, NULL) == RC_OK && has) {
		assert_int_equal(source.read(cursor, &column, NULL), RC_OK);
		str_addf(&text, " %s", labels_get(&labels, "job"));
		for (uint32_t i = 0; i < column.n; i++)
			str_addf(&text, " %lld",
				(long long)(column.t_ms[i] - METRICS_BEGIN_MS) / 1000);
	}
	source.close(cursor);
	assert_string_equal(str_c(&text), wanted);
}

#define MATCH "match%5B%5D=%7Bsite%3D%22dublin%22%7D"

static void another_site_is_given_the_samples_that_it_will_look_at(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	assert_samples(&p,
		MATCH
		"&min=1699999999000&max=1700000040000&first=0&step=0&range=0&settled=0&series=0"
		"&function=rate",
		"left out 0, until 40000: node 0 15 30 web 0 15 30");
	assert_samples(&p,
		MATCH
		"&min=1699999999000&max=1700000040000&first=0&step=0&range=0&settled=0&series=1"
		"&function=",
		"left out 1, until 40000: node 0 15 30");
	assert_samples(&p,
		MATCH "&min=0&max=1700000180000&first=1700000060000&step=60000&range=60000"
		      "&settled=0&series=0&function=",
		"left out 0, until 180000: node 60 120 180 web 60 120 180");
	assert_samples(&p,
		MATCH "&min=0&max=1700000180000&first=0&step=0&range=0&settled=0&series=0",
		"left out 0, until 180000: node web");
}

/* Of each series, in turn: a float, a histogram, a float. */
static void keep_histograms(struct pair *p)
{
	static const struct histogram_span spans[] = { { 0, 2 } };
	static const double counts[] = { 1, 2 };
	const struct histogram h = { .schema = 3,
		.zero_threshold = 0.001,
		.count = 3,
		.sum = 7,
		.positive_spans = spans,
		.n_positive_spans = 1,
		.positive = counts,
		.n_positive = 2 };
	static const struct label v[] = { { METRIC_NAME, "took", 8, 4 } };
	const struct labels labels = { v, 1 };
	const struct series_sink *sink = store_sink(p->m.store);
	series_ref ref;

	assert_int_equal(sink->series(sink->self, &labels, &ref, NULL), RC_OK);
	assert_int_equal(sink->append(sink->self, ref, METRICS_BEGIN_MS, 5), SERIES_TAKEN);
	assert_int_equal(sink->append_histogram(sink->self, ref, METRICS_BEGIN_MS + 1000, &h),
		SERIES_TAKEN);
	assert_int_equal(sink->append(sink->self, ref, METRICS_BEGIN_MS + 2000, 6), SERIES_TAKEN);
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
}

static void another_site_is_given_histograms_among_floats(void **state)
{
	static const char form[] = "match%5B%5D=took&min=0&max=1700000180000&first=0&step=0&range=0"
				   "&settled=0&series=0&function=";
	scoped(teardown) struct pair p;
	scoped(memory_source_free) struct memory_source *here = memory_source_new();
	scoped(series_column_fini) struct series_column column = { 0 };
	scoped(arena_fini) struct arena histograms;
	const struct series_query all = { .min_ms = 0, .max_ms = INT64_MAX, .function = "" };
	struct series_source source = memory_source_source(here);
	struct series_cursor *cursor;
	struct labels labels;
	bool has;

	(void)state;
	setup(&p);
	keep_histograms(&p);
	take_samples(&p, form, here);
	arena_init(&histograms, 1 << 20);
	column.histograms = &histograms;
	assert_int_equal(source.open(source.self, &all, &cursor, NULL), RC_OK);
	assert_int_equal(source.next(cursor, &labels, &has, NULL), RC_OK);
	assert_true(has);
	assert_int_equal(source.read(cursor, &column, NULL), RC_OK);
	assert_int_equal(column.n, 3);
	assert_non_null(column.h);
	assert_null(column.h[0]);
	assert_true(column.h[1]->count == 3 && column.h[1]->positive[1] == 2);
	assert_true(column.v[2] == 6);
	source.close(cursor);
}

static void what_another_site_asks_for_in_a_wrong_way_is_refused(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	assert_told(&p, ASKING_SAMPLES, MATCH "&min=0", 400, "no parameter max");
	assert_told(&p, ASKING_SAMPLES, MATCH "&min=0&max=1x", 400, "max is no number");
	assert_told(&p, ASKING_SAMPLES, MATCH "&min=-9223372036854775808", 400, "min is no number");
	assert_told(&p, ASKING_SAMPLES,
		MATCH "&min=0&max=1&first=0&step=-1&range=0&settled=0&series=0", 400,
		"out of range");
}

static void what_another_site_asks_for_is_bounded(void **state)
{
	static const struct label v[] = { { METRIC_NAME, "many", 8, 4 } };
	const struct labels labels = { v, COUNT(v) };
	const struct series_sink *sink;
	scoped(teardown) struct pair p;
	series_ref ref;

	(void)state;
	setup(&p);
	sink = store_sink(p.m.store);
	assert_int_equal(sink->series(sink->self, &labels, &ref, NULL), RC_OK);
	for (uint32_t i = 0; i < SITE_SAMPLES_BYTES_MAX / 14; i++) {
		assert_int_equal(sink->append(sink->self, ref, METRICS_BEGIN_MS + i, 1),
			SERIES_TAKEN);
		if (i % 65536 == 0)
			assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	}
	assert_int_equal(sink->commit(sink->self, NULL), RC_OK);
	assert_told(&p, ASKING_SAMPLES,
		"min=0&max=9000000000000&first=0&step=0&range=0&settled=0&series=0&function=&"
		"match%5B%5D=many",
		422, "bytes of samples for another site: ask more narrowly");
}

static void what_another_site_asks_is_never_passed_on(void **state)
{
	scoped(teardown) struct pair p;

	(void)state;
	setup(&p);
	hear_mumbai(&p);
	assert_told(&p, ASKING_QUERY, "query=up%7Bsite%3D%22mumbai%22%7D&time=" BEGIN_TEXT, 200,
		"\"result\":[]");
	assert_int_equal(p.n_asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_about_another_site_is_passed_to_it_whole),
		cmocka_unit_test(its_errors_are_passed_back),
		cmocka_unit_test(what_is_not_about_another_site_is_answered_here),
		cmocka_unit_test(a_query_of_several_sites_is_evaluated_here),
		cmocka_unit_test(series_and_labels_of_several_sites_are_put_together),
		cmocka_unit_test(a_peer_that_finds_it_too_much_is_quoted),
		cmocka_unit_test(targets_and_metadata_of_another_site_are_answered_there),
		cmocka_unit_test(targets_of_this_site_are_answered_here),
		cmocka_unit_test(targets_of_a_site_that_is_not_or_is_gone_are_an_error_that_helps),
		cmocka_unit_test(sites_are_offered_to_who_completes_a_selector),
		cmocka_unit_test(a_peer_that_answers_too_much_is_not_taken_at_its_word),
		cmocka_unit_test(what_another_site_asks_for_is_bounded),
		cmocka_unit_test(of_several_sites_those_that_are_gone_are_missing_and_that_is_said),
		cmocka_unit_test(a_site_that_is_gone_is_answered_for_from_its_copy),
		cmocka_unit_test(text_that_has_no_place_for_warnings_has_them_as_a_header),
		cmocka_unit_test(samples_of_a_copy_that_are_far_apart_are_looked_for_as_far_back),
		cmocka_unit_test(a_link_that_is_lost_while_it_is_asked_leaves_the_copy),
		cmocka_unit_test(a_site_that_is_gone_is_an_error_that_says_since_when),
		cmocka_unit_test(our_name_means_what_has_no_site_too),
		cmocka_unit_test(another_site_is_answered_from_here),
		cmocka_unit_test(another_site_is_told_what_targets_here_say_of_their_metrics),
		cmocka_unit_test(another_site_is_given_the_samples_that_it_will_look_at),
		cmocka_unit_test(another_site_is_given_histograms_among_floats),
		cmocka_unit_test(what_another_site_asks_for_in_a_wrong_way_is_refused),
		cmocka_unit_test(what_another_site_asks_is_never_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
