/* SPDX-License-Identifier: Apache-2.0 */
/* Alertmanager's interface over a real site: what is posted is shown, told and silenced. */
#include "api/api_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define V2   "/api/v2"
#define JSON "Content-Type: application/json\r\n"

static struct fixture f;

static int set_up(void **state)
{
	(void)state;
	fixture_init(&f, FIXTURE_OPEN);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_fini(&f);
	return 0;
}

/* As programs do it, without a CSRF header. */
static int ask(const char *method, const char *target, const char *body, struct str *ret)
{
	struct pump_answer a;
	int status;

	fixture_ask(&f, method, target, body ? JSON : "", body, &a);
	status = a.status;
	if (ret)
		str_addn(ret, str_c(&a.body), a.body.len);
	pump_answer_fini(&a);
	return status;
}

static void post(const char *alerts)
{
	assert_int_equal(ask("POST", V2 "/alerts", alerts, NULL), 200);
}

static void refused(const char *target, const char *body, const char *text)
{
	scoped(str_fini) struct str said = STR_EMPTY;

	assert_int_equal(ask("POST", target, body, &said), 400);
	if (!strstr(str_c(&said), text))
		fail_msg("refused with %s", str_c(&said));
}

static void pass(int64_t ms)
{
	for (; ms > 0; ms -= SECOND_MS) {
		f.ahead_ms += SECOND_MS;
		site_tick(f.site, fixture_now(&f));
		fixture_drain(&f);
	}
}

#define TWO                                                                                     \
	"[{\"labels\":{\"alertname\":\"Full\",\"instance\":\"nas\",\"severity\":\"critical\"}," \
	"\"annotations\":{\"summary\":\"no space left\"},\"generatorURL\":\"http://p/graph\"}," \
	"{\"labels\":{\"alertname\":\"Full\",\"instance\":\"vm1\",\"empty\":\"\"}}]"

static void what_is_posted_is_shown_as_alertmanager_shows_it(void **state)
{
	scoped(json_decref) json_t *all = NULL;
	const json_t *one;

	(void)state;
	post(TWO);
	all = fixture_get(&f, V2 "/alerts");
	assert_int_equal(json_array_size(all), 2);
	one = json_array_get(all,
		str_eq(text_at(json_array_get(all, 0), "labels.instance"), "nas") ? 0 : 1);
	assert_members(one, "annotations endsAt fingerprint receivers startsAt status updatedAt "
			    "generatorURL labels");
	assert_members(json_at(one, "status"), "inhibitedBy mutedBy silencedBy state");
	assert_string_equal(text_at(one, "status.state"), "active");
	assert_string_equal(text_at(one, "annotations.summary"), "no space left");
	assert_string_equal(text_at(one, "generatorURL"), "http://p/graph");
	/* As Alertmanager 0.33 reckons it. */
	assert_string_equal(text_at(one, "fingerprint"), "91e0ef91f4792f30");
}

static void what_is_posted_as_ended_is_not_shown_any_more(void **state)
{
	scoped(json_decref) json_t *all = NULL;

	(void)state;
	post(TWO);
	post("[{\"labels\":{\"alertname\":\"Full\",\"instance\":\"nas\",\"severity\":\"critical\"},"
	     "\"endsAt\":\"2020-01-01T00:00:00.123456789+01:00\"}]");
	all = fixture_get(&f, V2 "/alerts");
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(text_at(json_array_get(all, 0), "labels.instance"), "vm1");
}

static void posted_alerts_become_one_incident(void **state)
{
	scoped(json_decref) json_t *list = NULL;
	const json_t *in;

	(void)state;
	pass(MINUTE_MS); /* it has waited for its history, and begun */
	post(TWO);
	pass(ALERT_SETTLE_MS);
	list = fixture_get(&f, LAB_ "/incidents");
	in = json_where(json_at(list, "incidents"), "title", "Full at dublin fires");
	assert_non_null(in);
	assert_string_equal(text_at(in, "severity"), "critical");
	assert_int_equal(json_array_size(json_at(in, "members")), 3);
}

static void filters_choose_among_alerts(void **state)
{
	static const struct {
		const char *query;
		size_t wanted;
	} asked[] = { { "?filter=instance%3D%22nas%22", 1 }, { "?filter=instance%3D~%22.*%22", 2 },
		{ "?filter=instance!%3Dnas&filter=alertname%3DFull", 1 }, { "?active=false", 0 },
		{ "?receiver=nobody", 0 }, { "?receiver=.*", 2 } };

	(void)state;
	post(TWO);
	for (size_t i = 0; i < COUNT(asked); i++) {
		scoped(json_decref) json_t *all = NULL;
		char target[200];

		snprintf(target, sizeof target, V2 "/alerts%s", asked[i].query);
		all = fixture_get(&f, target);
		if (json_array_size(all) != asked[i].wanted)
			fail_msg("%s gives %zu", target, json_array_size(all));
	}
	assert_int_equal(ask("GET", V2 "/alerts?filter=%7B%7B", NULL, NULL), 400);
	assert_int_equal(ask("GET", V2 "/alerts?active=maybe", NULL, NULL), 400);
}

static void groups_are_told_to_each_channel(void **state)
{
	scoped(json_decref) json_t *groups = NULL, *receivers = NULL;

	(void)state;
	post(TWO);
	groups = fixture_get(&f, V2 "/alerts/groups");
	receivers = fixture_get(&f, V2 "/receivers");
	assert_true(json_array_size(receivers) > 0);
	assert_int_equal(json_array_size(groups), json_array_size(receivers));
	assert_members(json_array_get(groups, 0), "alerts labels receiver");
	assert_int_equal(json_array_size(json_at(json_array_get(groups, 0), "alerts")), 2);
}

#define SILENCE                                                                            \
	"{\"matchers\":[{\"name\":\"instance\",\"value\":\"n.s\",\"isRegex\":true},"       \
	"{\"name\":\"severity\",\"value\":\"info\",\"isRegex\":false,\"isEqual\":false}]," \
	"\"startsAt\":\"2020-01-01T00:00:00Z\",\"endsAt\":\"%s\",\"createdBy\":\"ana\","   \
	"\"comment\":\"moving\"%s}"

static void make_silence(const char *until, const char *more, char id[INCIDENT_ID_MAX])
{
	scoped(str_fini) struct str body = STR_EMPTY, said = STR_EMPTY;
	scoped(json_decref) json_t *made = NULL;
	char with[INCIDENT_ID_MAX + 16] = "";

	if (*more)
		snprintf(with, sizeof with, ",\"id\":\"%s\"", more);
	str_addf(&body, SILENCE, until, with);
	assert_int_equal(ask("POST", V2 "/silences", str_c(&body), &said), 200);
	assert_int_equal(json_read(&made, str_c(&said), said.len, NULL), RC_OK);
	str_copy(id, INCIDENT_ID_MAX, text_at(made, "silenceID"));
	assert_true(*id);
}

static void a_silence_is_made_shown_changed_and_ended(void **state)
{
	scoped(json_decref) json_t *all = NULL, *one = NULL, *alerts = NULL, *after = NULL;
	char id[INCIDENT_ID_MAX], again[INCIDENT_ID_MAX], target[200];

	(void)state;
	post(TWO);
	make_silence("2100-01-01T00:00:00Z", "", id);
	all = fixture_get(&f, V2 "/silences");
	assert_int_equal(json_array_size(all), 1);
	assert_members(json_array_get(all, 0), "id status updatedAt comment createdBy endsAt "
					       "matchers startsAt");
	snprintf(target, sizeof target, V2 "/silence/%s", id);
	one = fixture_get(&f, target);
	assert_string_equal(text_at(one, "status.state"), "active");
	assert_string_equal(text_at(one, "matchers.0.value"), "n.s");
	assert_true(json_is_true(json_at(one, "matchers.0.isRegex")));
	assert_true(json_is_false(json_at(one, "matchers.1.isEqual")));
	alerts = fixture_get(&f, V2 "/alerts?active=false");
	assert_int_equal(json_array_size(alerts), 1);
	assert_string_equal(text_at(alerts, "0.status.silencedBy.0"), id);
	assert_string_equal(text_at(alerts, "0.status.state"), "suppressed");
	assert_int_equal(ask("DELETE", target, NULL, NULL), 200);
	after = fixture_get(&f, target);
	assert_string_equal(text_at(after, "status.state"), "expired");
	assert_int_equal(ask("DELETE", target, NULL, NULL), 200); /* as Alertmanager answers, too */
	assert_int_equal(ask("DELETE", V2 "/silence/nothing", NULL, NULL), 404);
	make_silence("2100-01-01T00:00:00Z", id, again);
	assert_string_not_equal(again, id); /* what is over stays over */
}

static void silences_are_filtered_by_the_matchers_that_they_were_made_with(void **state)
{
	static const struct {
		const char *filter;
		size_t wanted;
	} asked[] = { { "instance%3D~n.s", 1 }, { "severity!%3Dinfo", 1 },
		{ "instance%3D~n.s&filter=severity!%3Dinfo", 1 }, { "instance%3Dn.s", 0 },
		{ "instance%3D~.*", 0 }, { "severity!%3Dpage", 0 }, { "other%3D", 0 } };
	char id[INCIDENT_ID_MAX];

	(void)state;
	make_silence("2100-01-01T00:00:00Z", "", id);
	for (size_t i = 0; i < COUNT(asked); i++) {
		scoped(json_decref) json_t *all = NULL;
		char target[200];

		snprintf(target, sizeof target, V2 "/silences?filter=%s", asked[i].filter);
		all = fixture_get(&f, target);
		if (json_array_size(all) != asked[i].wanted)
			fail_msg("%s gives %zu", target, json_array_size(all));
	}
}

static void what_ends_first_is_listed_first(void **state)
{
	static const char *const ends[] = { "2100-01-03T00:00:00.000Z", "2100-01-01T00:00:00.000Z",
		"2100-01-02T00:00:00.000Z" };
	scoped(json_decref) json_t *all = NULL;
	char id[INCIDENT_ID_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++)
		make_silence(ends[i], "", id);
	all = fixture_get(&f, V2 "/silences");
	assert_string_equal(text_at(all, "0.endsAt"), ends[1]);
	assert_string_equal(text_at(all, "1.endsAt"), ends[2]);
	assert_string_equal(text_at(all, "2.endsAt"), ends[0]);
}

static void annotations_of_a_silence_are_kept_to_its_end(void **state)
{
	scoped(json_decref) json_t *made = NULL, *one = NULL, *after = NULL;
	scoped(str_fini) struct str said = STR_EMPTY;
	char target[200];

	(void)state;
	assert_int_equal(
		ask("POST", V2 "/silences",
			"{\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}],"
			"\"endsAt\":\"2100-01-01T00:00:00Z\",\"createdBy\":\"me\","
			"\"annotations\":{\"ticket\":\"T-1\",\"q\":\"\\\"\"}}",
			&said),
		200);
	assert_int_equal(json_read(&made, str_c(&said), said.len, NULL), RC_OK);
	snprintf(target, sizeof target, V2 "/silence/%s", text_at(made, "silenceID"));
	one = fixture_get(&f, target);
	assert_string_equal(text_at(one, "annotations.ticket"), "T-1");
	assert_string_equal(text_at(one, "annotations.q"), "\"");
	assert_int_equal(ask("DELETE", target, NULL, NULL), 200);
	after = fixture_get(&f, target);
	assert_string_equal(text_at(after, "status.state"), "expired");
	assert_string_equal(text_at(after, "annotations.ticket"), "T-1");
	refused(V2 "/silences", "{\"annotations\":[],\"matchers\":[]}", "annotations is an object");
	refused(V2 "/silences", "{\"annotations\":{\"a\":1},\"matchers\":[]}",
		"annotations.a is a text");
}

static void what_can_not_be_taken_is_refused_in_words(void **state)
{
	(void)state;
	refused(V2 "/alerts", "{}", "the body is a list");
	refused(V2 "/alerts", "[{\"labels\":{}}]", "at least one label pair required");
	refused(V2 "/alerts", "[{\"labels\":{\"a\":1}}]", "labels.a is a text");
	refused(V2 "/alerts", "[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"yesterday\"}]",
		"startsAt");
	refused(V2 "/silences", "{\"matchers\":[]}", "matchers is a list of at least one");
	refused(V2 "/silences",
		"{\"matchers\":[{\"name\":\"a\",\"value\":\"\",\"isRegex\":false}],"
		"\"endsAt\":\"2100-01-01T00:00:00Z\"}",
		"matchers");
	refused(V2 "/silences",
		"{\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}],"
		"\"endsAt\":\"2001-01-01T00:00:00Z\"}",
		"would end before it begins");
}

static void the_others_of_a_request_are_taken_when_one_is_refused(void **state)
{
	scoped(json_decref) json_t *all = NULL;

	(void)state;
	refused(V2 "/alerts", "[{\"labels\":{}},{\"labels\":{\"alertname\":\"Full\"}}]",
		"label pair");
	all = fixture_get(&f, V2 "/alerts");
	assert_int_equal(json_array_size(all), 1);
}

static void who_answers_says_which_interface_it_speaks(void **state)
{
	scoped(json_decref) json_t *status = NULL;

	(void)state;
	status = fixture_get(&f, V2 "/status");
	assert_members(status, "cluster config uptime versionInfo");
	assert_string_equal(text_at(status, "cluster.status"), "ready");
	assert_int_equal(ask("GET", "/-/ready", NULL, NULL), 200);
	assert_int_equal(ask("GET", "/-/healthy", NULL, NULL), 200);
}

static void a_page_of_another_origin_posts_nothing(void **state)
{
	struct pump_answer a;

	(void)state;
	fixture_ask(&f, "POST", V2 "/alerts", "Origin: https://evil.example\r\n", TWO, &a);
	assert_int_equal(a.status, 403);
	pump_answer_fini(&a);
}

static int with_login(const char *authorization)
{
	struct pump_answer a;
	char header[300];
	int status;

	snprintf(header, sizeof header, "%s%s%s", *authorization ? "Authorization: " : "",
		authorization, *authorization ? "\r\n" : "");
	fixture_ask(&f, "POST", V2 "/alerts", header, TWO, &a);
	status = a.status;
	pump_answer_fini(&a);
	return status;
}

static void programs_log_in_with_the_token_in_either_scheme(void **state)
{
	char basic[200], pair[100];

	(void)state;
	fixture_fini(&f);
	fixture_init(&f, FIXTURE_LOGIN);
	assert_int_equal(with_login(""), 401);
	assert_int_equal(with_login("Bearer " FIXTURE_TOKEN), 200);
	snprintf(pair, sizeof pair, "amtool:%s", FIXTURE_TOKEN);
	strcpy(basic, "Basic ");
	base64_encode(pair, strlen(pair), basic + strlen(basic));
	assert_int_equal(with_login(basic), 200);
	strcpy(basic, "Basic ");
	base64_encode("amtool:something else", 21, basic + strlen(basic));
	assert_int_equal(with_login(basic), 401);
	assert_int_equal(with_login("Basic ***"), 401);
}

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SITE(what_is_posted_is_shown_as_alertmanager_shows_it),
		WITH_SITE(what_is_posted_as_ended_is_not_shown_any_more),
		WITH_SITE(posted_alerts_become_one_incident),
		WITH_SITE(filters_choose_among_alerts),
		WITH_SITE(groups_are_told_to_each_channel),
		WITH_SITE(a_silence_is_made_shown_changed_and_ended),
		WITH_SITE(silences_are_filtered_by_the_matchers_that_they_were_made_with),
		WITH_SITE(what_ends_first_is_listed_first),
		WITH_SITE(annotations_of_a_silence_are_kept_to_its_end),
		WITH_SITE(what_can_not_be_taken_is_refused_in_words),
		WITH_SITE(the_others_of_a_request_are_taken_when_one_is_refused),
		WITH_SITE(who_answers_says_which_interface_it_speaks),
		WITH_SITE(a_page_of_another_origin_posts_nothing),
		WITH_SITE(programs_log_in_with_the_token_in_either_scheme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
