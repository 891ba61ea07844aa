/* SPDX-License-Identifier: Apache-2.0 */
/* What rules say becomes incidents: opened, told and ended once, whoever is there to do it. */
#include "core/alert/alert_pair.h"

#define LABELS_TEST_MAX 8

/* "alertname=Full instance=nas", in order of names. */
static struct labels labels_of(const char *text, struct label *v, char *room)
{
	uint32_t n = 0;
	struct labels labels;

	strcpy(room, text);
	for (char *at = strtok(room, " "); at; at = strtok(NULL, " ")) {
		char *value = strchr(at, '=');

		*value++ = '\0';
		v[n++] = (struct label){ at, value, (uint32_t)strlen(at), (uint32_t)strlen(value) };
	}
	assert_int_equal(labels_sort(v, n, &labels, NULL), RC_OK);
	return labels;
}

static enum rc post(uint8_t site, const char *labels, const char *summary, int64_t for_ms)
{
	struct label v[LABELS_TEST_MAX],
		summary_v = { "summary", summary, 7, (uint32_t)strlen(summary) };
	char room[256];
	struct posted_alert posted = { .labels = labels_of(labels, v, room),
		.annotations = { &summary_v, *summary != '\0' },
		.ends = { for_ms ? p->now.wall.ms + for_ms : 0 } };

	return alert_post(p->sites[site].alert, p->now, &posted, 1, NULL);
}

static void fires(uint8_t site, const char *labels, const char *summary)
{
	assert_int_equal(post(site, labels, summary, 4 * MINUTE_MS), RC_OK);
}

static void ends(uint8_t site, const char *labels)
{
	assert_int_equal(post(site, labels, "", -1), RC_OK);
}

/* As who evaluates rules does it. */
static void fires_on(uint8_t site, const char *labels, const char *summary, int64_t ms)
{
	for (; ms > 0; ms -= MINUTE_MS) {
		fires(site, labels, summary);
		pair_run(p, MINUTE_MS);
	}
}

static int set_up(void **state)
{
	static const struct alert_place of_dublin[PAIR_SITES] = {
		[MUMBAI] = { { SITE_MUMBAI, LINK }, 2 }
	};
	static const struct alert_place of_mumbai[PAIR_SITES] = { [DUBLIN] = { { LINK }, 1 } };

	pair_set_up(state);
	p->sites[DUBLIN].config.places = of_dublin;
	p->sites[MUMBAI].config.places = of_mumbai;
	pair_reload(p, DUBLIN);
	pair_reload(p, MUMBAI);
	return 0;
}

#define FULL_NAS "alertname=Full instance=nas severity=critical"
#define FULL_VM  "alertname=Full instance=vm1 severity=critical"

static const struct incident *live(uint8_t site)
{
	const struct incident *found = NULL;

	map_each (alert_incidents(p->sites[site].alert), it) {
		const struct incident *in = it->value;

		if (!incident_is_over(in))
			found = in;
	}
	return found;
}

static void an_alert_that_fires_is_told_once_however_often_it_is_posted(void **state)
{
	(void)state;
	fires_on(DUBLIN, FULL_NAS, "92% used on nas", 10 * MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	assert_true(pair_says(p, "Full at dublin fires"));
	assert_true(pair_says(p, "92% used on nas"));
	assert_string_equal(live(DUBLIN)->severity, "critical");
	assert_string_equal(live(MUMBAI)->id, live(DUBLIN)->id);
}

static void ends_of_what_nobody_knew_leave_room_for_what_fires(void **state)
{
	char labels[64];

	(void)state;
	for (int i = 0; i < ALERT_GROUPS_MAX; i++) {
		snprintf(labels, sizeof labels, "alertname=Stranger%d", i);
		ends(DUBLIN, labels);
	}
	fires_on(DUBLIN, FULL_NAS, "full", 2 * MINUTE_MS);
	assert_true(pair_says(p, "Full at dublin fires"));
}

static void an_alert_that_is_posted_as_ended_is_told_as_over(void **state)
{
	(void)state;
	fires_on(DUBLIN, FULL_NAS, "full", 2 * MINUTE_MS);
	ends(DUBLIN, FULL_NAS);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "Full at dublin is over after 2 min"));
	assert_null(live(DUBLIN));
	assert_null(live(MUMBAI));
}

static void an_alert_that_nobody_repeats_ends(void **state)
{
	(void)state;
	fires_on(DUBLIN, FULL_NAS, "full", MINUTE_MS);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_null(live(DUBLIN));
}

static void alerts_of_one_name_are_one_message(void **state)
{
	(void)state;
	fires(DUBLIN, FULL_NAS, "full on nas");
	pair_run(p, SECOND_MS);
	fires(DUBLIN, FULL_VM, "full on vm1");
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	assert_int_equal(live(DUBLIN)->n_members, 3);
	ends(DUBLIN, FULL_NAS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "instance=nas: back"));
	assert_int_equal(live(DUBLIN)->state, INCIDENT_OPEN);
}

static void other_names_and_other_sites_are_told_apart(void **state)
{
	(void)state;
	fires(DUBLIN, FULL_NAS, "");
	fires(DUBLIN, "alertname=Hot instance=nas", "");
	fires(MUMBAI, FULL_NAS, "");
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_live(p, DUBLIN), 3);
	assert_int_equal(pair_created(p), 3);
}

static void a_flood_of_alerts_is_one_message_that_counts_them(void **state)
{
	char labels[80];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(labels, sizeof labels, "alertname=Full instance=host%d", i);
		fires(DUBLIN, labels, "no space left");
	}
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	assert_true(pair_says(p, "10000 alerts fire"));
	for (int i = 0; i < 10000; i++) {
		snprintf(labels, sizeof labels, "alertname=Full instance=host%d", i);
		ends(DUBLIN, labels);
	}
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_null(live(DUBLIN));
}

static void beyond_the_limit_alerts_are_refused_and_the_others_stay(void **state)
{
	char labels[80];
	enum rc rc = RC_OK;

	(void)state;
	for (int i = 0; i <= ALERTS_MAX; i++) {
		snprintf(labels, sizeof labels, "alertname=Full instance=host%d", i);
		rc = post(DUBLIN, labels, "", MINUTE_MS);
	}
	assert_int_equal(rc, RC_LIMIT);
	pair_run(p, 10 * SECOND_MS);
	assert_true(pair_says(p, "16384 alerts fire"));
}

static void after_a_restart_a_firing_alert_is_not_told_again(void **state)
{
	(void)state;
	fires_on(DUBLIN, FULL_NAS, "full", 2 * MINUTE_MS);
	pair_stop(p, DUBLIN);
	pair_run(p, 5 * SECOND_MS);
	pair_start(p, DUBLIN);
	pair_run(p, 20 * SECOND_MS);
	fires_on(DUBLIN, FULL_NAS, "full", 8 * MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	assert_non_null(live(DUBLIN));
}

static void what_ended_while_its_site_was_stopped_is_told_as_over(void **state)
{
	(void)state;
	fires_on(DUBLIN, FULL_NAS, "full", 2 * MINUTE_MS);
	pair_stop(p, DUBLIN);
	pair_run(p, 5 * SECOND_MS);
	pair_start(p, DUBLIN);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "is over after"));
}

static void what_a_site_could_not_tell_before_it_died_its_peer_tells(void **state)
{
	(void)state;
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_FAILED));
	p->sites[MUMBAI].answers[0].answer = PAIR_ANSWER(PACE_DELIVERED);
	fires(DUBLIN, FULL_NAS, "full on nas");
	pair_run(p, 3 * SECOND_MS);
	pair_stop(p, DUBLIN);
	pair_forget_sent(p);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_says(p, "last heard from dublin at"));
	assert_true(pair_says(p, "full on nas"));
	pair_start(p, DUBLIN);
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_DELIVERED));
	fires_on(DUBLIN, FULL_NAS, "full on nas", 5 * MINUTE_MS);
	ends(DUBLIN, FULL_NAS);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_null(live(DUBLIN));
	assert_null(live(MUMBAI));
}

/* It was posted again before its history came back, which ends with that it was over. */
static void what_fires_though_its_sites_history_ends_otherwise_is_said_to_all(void **state)
{
	(void)state;
	fires_on(DUBLIN, FULL_NAS, "full", MINUTE_MS);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	fires(DUBLIN, FULL_NAS, "full");
	pair_write(p, DUBLIN, "alerts", "Full@dublin",
		"{\"alertname\":\"Full\",\"reason\":\"full\",\"severity\":\"warning\",\"alerts\":[{"
		"\"name\":\"Full{instance=nas}@dublin\",\"labels\":{\"alertname\":\"Full\","
		"\"instance\":\"nas\",\"severity\":\"critical\"},"
		"\"annotations\":{\"summary\":\"full\"},"
		"\"starts\":\"2026-01-01T00:00:00Z\",\"ended\":\"2026-01-01T00:01:00Z\"}],"
		"\"more\":0}");
	fires_on(DUBLIN, FULL_NAS, "full", 2 * MINUTE_MS);
	assert_non_null(live(DUBLIN));
	assert_true(alert_digest(p->sites[DUBLIN].alert) == alert_digest(p->sites[MUMBAI].alert));
}

static void a_silence_of_an_alerts_label_keeps_it_quiet_to_its_end(void **state)
{
	(void)state;
	pair_write(p, MUMBAI, "silence", "s1",
		"{\"matchers\":\"instance=\\\"nas\\\"\",\"from\":\"2020-01-01T00:00:00Z\","
		"\"until\":\"2100-01-01T00:00:00Z\"}");
	fires_on(DUBLIN, FULL_NAS, "full", 2 * MINUTE_MS);
	ends(DUBLIN, FULL_NAS);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_sent, 0);
	fires_on(DUBLIN, FULL_VM, "full", MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
}

static void an_alert_that_comes_and_goes_is_told_to_flap(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		fires(DUBLIN, FULL_NAS, "full");
		pair_run(p, 10 * SECOND_MS);
		ends(DUBLIN, FULL_NAS);
		pair_run(p, 10 * SECOND_MS);
	}
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_says(p, "is flapping"));
}

static void a_group_that_changes_all_the_time_is_seldom_journaled(void **state)
{
	char labels[80];

	(void)state;
	for (int i = 0; i < 600; i++) {
		snprintf(labels, sizeof labels, "alertname=Full instance=host%d", i % 50);
		if (i / 50 % 2)
			ends(DUBLIN, labels);
		else
			fires(DUBLIN, labels, "full");
		pair_run(p, SECOND_MS);
	}
	assert_true(pair_count(p, "alerts") < 25);
	assert_int_equal(pair_created(p), 1);
}

static void both_sites_hold_the_same(void **state)
{
	(void)state;
	fires(DUBLIN, FULL_NAS, "full");
	fires(MUMBAI, FULL_VM, "full");
	pair_run(p, MINUTE_MS);
	ends(DUBLIN, FULL_NAS);
	pair_run(p, MINUTE_MS);
	assert_true(alert_digest(p->sites[DUBLIN].alert) == alert_digest(p->sites[MUMBAI].alert));
}

static void what_a_site_journals_takes_no_name_of_a_check(void **state)
{
	(void)state;
	pair_write(p, DUBLIN, "alerts", "Full@dublin",
		"{\"alertname\":\"Full\",\"alerts\":[{\"name\":\"photos\",\"labels\":{\"a\":\"b\"},"
		"\"annotations\":{},\"starts\":\"2026-01-01T00:00:00Z\"}]}");
	pair_write(p, DUBLIN, "alerts", "Full@mumbai",
		"{\"alertname\":\"Full\",\"alerts\":[{\"name\":\"Full{}@mumbai\","
		"\"labels\":{\"a\":\"b\"},\"annotations\":{},\"starts\":"
		"\"2026-01-01T00:00:00Z\"}]}");
	pair_run(p, MINUTE_MS);
	assert_null(live(MUMBAI));
	assert_int_equal(p->n_sent, 0);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->title, "photos is down");
}

static void what_is_no_alert_is_refused_and_said(void **state)
{
	struct posted_alert posted = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(alert_post(p->sites[DUBLIN].alert, p->now, &posted, 1, &e), RC_INPUT);
	assert_string_equal(e.text, "at least one label pair required");
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, pair_tear_down)

static void a_restart_waits_for_what_is_posted_seldom_as_long_as_its_poster_asked(void **state)
{
	(void)state;
	assert_int_equal(post(DUBLIN, FULL_NAS, "full", 40 * MINUTE_MS), RC_OK);
	pair_run(p, MINUTE_MS);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	pair_run(p, 12 * MINUTE_MS);
	assert_non_null(live(DUBLIN));
	assert_int_equal(post(DUBLIN, FULL_NAS, "full", 40 * MINUTE_MS), RC_OK);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(an_alert_that_fires_is_told_once_however_often_it_is_posted),
		WITH_PAIR(ends_of_what_nobody_knew_leave_room_for_what_fires),
		WITH_PAIR(an_alert_that_is_posted_as_ended_is_told_as_over),
		WITH_PAIR(an_alert_that_nobody_repeats_ends),
		WITH_PAIR(alerts_of_one_name_are_one_message),
		WITH_PAIR(other_names_and_other_sites_are_told_apart),
		WITH_PAIR(a_flood_of_alerts_is_one_message_that_counts_them),
		WITH_PAIR(beyond_the_limit_alerts_are_refused_and_the_others_stay),
		WITH_PAIR(after_a_restart_a_firing_alert_is_not_told_again),
		WITH_PAIR(what_ended_while_its_site_was_stopped_is_told_as_over),
		WITH_PAIR(what_a_site_could_not_tell_before_it_died_its_peer_tells),
		WITH_PAIR(what_fires_though_its_sites_history_ends_otherwise_is_said_to_all),
		WITH_PAIR(a_silence_of_an_alerts_label_keeps_it_quiet_to_its_end),
		WITH_PAIR(an_alert_that_comes_and_goes_is_told_to_flap),
		WITH_PAIR(a_group_that_changes_all_the_time_is_seldom_journaled),
		WITH_PAIR(both_sites_hold_the_same),
		WITH_PAIR(what_a_site_journals_takes_no_name_of_a_check),
		WITH_PAIR(what_is_no_alert_is_refused_and_said),
		WITH_PAIR(a_restart_waits_for_what_is_posted_seldom_as_long_as_its_poster_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
