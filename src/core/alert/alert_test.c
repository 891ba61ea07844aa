/* SPDX-License-Identifier: Apache-2.0 */
/* What alert keeps over a reload of lab.yaml, and what it answers. */
#include "core/alert/alert_pair.h"

/* ---- another lab.yaml */

static void declare_first(struct alert_channel *channels, const char *name)
{
	channels[0] = (struct alert_channel){ .name = name, .kind = ALERT_WEBHOOK };
	channels[1] = p->sites[MUMBAI].config.channels[0];
	p->sites[MUMBAI].config.channels = channels;
	p->sites[MUMBAI].config.n_channels = 2;
	pair_reload(p, MUMBAI);
}

static void what_a_channel_was_told_stays_with_its_name(void **state)
{
	struct alert_channel channels[2];
	const struct incident *in;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	declare_first(channels, "hook");
	in = pair_incident(p, MUMBAI, PHOTOS);
	assert_int_equal(in->told[0].version, 0);
	assert_int_equal(in->told[1].version, 1);
	assert_string_equal(in->told[1].message, "m1");
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 2); /* the new one is told, the other isn't again */
	assert_int_equal(pair_last(p)->delivery.channel, 0);
}

static void what_is_under_way_to_a_channel_stays_with_its_name(void **state)
{
	struct alert_channel channels[2];
	struct delivery_outcome o = { .answer = PAIR_ANSWER(PACE_DELIVERED), .message = "m7" };

	(void)state;
	p->sites[MUMBAI].answers[0].is_mute = true;
	pair_fails(p, PHOTOS);
	pair_run(p, SECOND_MS);
	o.number = pair_last(p)->delivery.number;
	declare_first(channels, "hook");
	alert_delivered(p->sites[MUMBAI].alert, p->now, &o);
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->told[1].message, "m7");
}

static void how_long_a_channel_wants_to_be_left_alone_stays_with_its_name(void **state)
{
	struct alert_channel channels[2];
	struct pace_answer later = PAIR_ANSWER(PACE_LATER);

	(void)state;
	later.retry_after_ms = MINUTE_MS;
	pair_answer(p, MUMBAI, 0, later);
	pair_fails(p, PHOTOS);
	pair_run(p, SECOND_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	declare_first(channels, "hook");
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[1].version, 0);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[1].version, 1);
}

static void owners_and_peers_follow_the_names_of_the_sites(void **state)
{
	static struct notice_site sites[3] = { { "galway", NULL }, { "dublin", NULL },
		{ "mumbai", NULL } };
	struct alert_config *config = &p->sites[MUMBAI].config;
	static struct alert_check checks[PAIR_CHECKS];

	(void)state;
	pair_fails(p, GIT); /* dublin's */
	pair_run(p, MINUTE_MS);
	for (int i = 0; i < 3; i++)
		sites[i].zone = tz_utc();
	memcpy(checks, config->checks, sizeof checks);
	for (int i = 0; i < PAIR_CHECKS; i++)
		checks[i].home++;
	config->checks = checks;
	config->sites = sites;
	config->n_sites = 3;
	config->self = 2;
	pair_reload(p, MUMBAI);
	alert_state(p->sites[MUMBAI].alert, p->now, GIT, &pair_down);
	alert_tick(p->sites[MUMBAI].alert, p->now);
	p->now.mono.ms += 5 * MINUTE_MS;
	alert_tick(p->sites[MUMBAI].alert, p->now);
	assert_string_equal(pair_incident(p, MUMBAI, GIT)->owner, "dublin");
	assert_int_equal(map_count(alert_incidents(p->sites[MUMBAI].alert)), 1);
	assert_int_equal(alert_wake(p->sites[MUMBAI].alert).ms > p->now.mono.ms, true);
}

static void checks_keep_their_state_under_another_index(void **state)
{
	struct alert_config *config = &p->sites[MUMBAI].config;
	static struct alert_check checks[PAIR_CHECKS];
	const char *id;

	(void)state;
	pair_fails(p, NAS);
	pair_run(p, MINUTE_MS);
	id = pair_incident(p, MUMBAI, NAS)->id;
	memcpy(checks, config->checks, sizeof checks);
	checks[ROUTER] = config->checks[NAS];
	checks[NAS] = config->checks[ROUTER];
	checks[PHOTOS].n_needs = checks[GIT].n_needs = 0;
	config->checks = checks;
	pair_reload(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_string_equal(alert_covering(p->sites[MUMBAI].alert, "nas")->id, id);
	assert_null(alert_covering(p->sites[MUMBAI].alert, "router"));
	assert_int_equal(pair_created(p), 1);
}

static void what_is_not_declared_any_more_counts_as_recovered(void **state)
{
	(void)state;
	pair_add_checks(p, 1, NAS);
	pair_fails(p, PAIR_CHECKS);
	pair_run(p, MINUTE_MS);
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		p->sites[site].config.n_checks--;
		pair_reload(p, site);
	}
	pair_run(p, 5 * MINUTE_MS);
	assert_true(pair_says(p, "is back"));
	assert_null(pair_incident(p, MUMBAI, PAIR_CHECKS));
}

/* ---- questions */

static void a_message_links_to_the_page_of_its_incident(void **state)
{
	char link[INCIDENT_ID_MAX + 64];

	(void)state;
	p->sites[MUMBAI].config.page_url = "https://lab.example.net/";
	pair_reload(p, MUMBAI);
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	snprintf(link, sizeof link, "https://lab.example.net/incidents/%s",
		pair_incident(p, MUMBAI, PHOTOS)->id);
	assert_true(pair_says(p, link));
}

static void roots_that_were_told_are_listed_for_the_watcher(void **state)
{
	const char *roots[4];

	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_LATER));
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(alert_told_roots(p->sites[MUMBAI].alert, roots, COUNT(roots)), 0);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(alert_told_roots(p->sites[MUMBAI].alert, roots, COUNT(roots)), 1);
	assert_string_equal(roots[0], "photos");
	assert_int_equal(alert_told_roots(p->sites[DUBLIN].alert, roots, COUNT(roots)), 0);
}

/* Discord took the message and gave no answer: the other site told it as well, a moment later. */
static void what_may_have_been_told_is_listed_for_the_watcher_as_long_as_there_is_a_way_out(
	void **state)
{
	const char *roots[4];

	(void)state;
	p->sites[MUMBAI].answers[0].is_mute = true;
	pair_fails(p, PHOTOS);
	pair_run(p, SECOND_MS);
	assert_int_equal(alert_told_roots(p->sites[MUMBAI].alert, roots, COUNT(roots)), 1);
	pair_run(p, ALERT_UNANSWERED_MS);
	assert_int_equal(alert_told_roots(p->sites[MUMBAI].alert, roots, COUNT(roots)), 1);
	pair_part(p);
	pair_run(p, 3 * ALERT_UNANSWERED_MS);
	assert_int_equal(alert_told_roots(p->sites[MUMBAI].alert, roots, COUNT(roots)), 0);
}

static void what_the_watcher_was_handed_it_knows_to_be_told(void **state)
{
	const char *roots[4];

	(void)state;
	pair_part(p);
	alert_watcher(p->sites[MUMBAI].alert, p->now, true);
	p->sites[MUMBAI].config.watcher = "webhost";
	pair_reload(p, MUMBAI);
	p->sites[MUMBAI].is_watcher_mute = true;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, 20 * SECOND_MS);
	assert_true(pair_last(p)->is_by_watcher);
	assert_int_equal(alert_told_roots(p->sites[MUMBAI].alert, roots, COUNT(roots)), 1);
}

/* It hands them over again, one after the other: meanwhile the watcher need not speak of them
 * itself. */
static void what_the_watcher_was_handed_before_a_restart_it_knows_to_be_told(void **state)
{
	const char *roots[4];

	(void)state;
	pair_add_checks(p, 1, NAS);
	pair_part(p);
	alert_watcher(p->sites[MUMBAI].alert, p->now, true);
	p->sites[MUMBAI].config.watcher = "webhost";
	pair_reload(p, MUMBAI);
	p->sites[MUMBAI].is_watcher_mute = true;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_judge(p, MUMBAI, PAIR_CHECKS, &pair_down);
	pair_run(p, 4 * MINUTE_MS);
	assert_int_equal(alert_told_roots(p->sites[MUMBAI].alert, roots, COUNT(roots)), 2);
	pair_stop(p, MUMBAI);
	pair_start(p, MUMBAI);
	alert_watcher(p->sites[MUMBAI].alert, p->now, true);
	for (int i = 0; i < 60; i++) {
		assert_int_equal(alert_told_roots(p->sites[MUMBAI].alert, roots, COUNT(roots)), 2);
		pair_run(p, SECOND_MS);
	}
}

static void a_channel_that_is_gone_is_said_and_no_way_out(void **state)
{
	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_GONE));
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_non_null(alert_channel_trouble(p->sites[MUMBAI].alert, 0, p->now.mono));
	assert_false(alert_can_deliver(p->sites[MUMBAI].alert, p->now.mono));
	assert_null(alert_channel_trouble(p->sites[DUBLIN].alert, 0, p->now.mono));
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_a_channel_was_told_stays_with_its_name),
		T(what_is_under_way_to_a_channel_stays_with_its_name),
		T(how_long_a_channel_wants_to_be_left_alone_stays_with_its_name),
		T(owners_and_peers_follow_the_names_of_the_sites),
		T(checks_keep_their_state_under_another_index),
		T(what_is_not_declared_any_more_counts_as_recovered),
		T(a_message_links_to_the_page_of_its_incident),
		T(roots_that_were_told_are_listed_for_the_watcher),
		T(what_may_have_been_told_is_listed_for_the_watcher_as_long_as_there_is_a_way_out),
		T(what_the_watcher_was_handed_it_knows_to_be_told),
		T(what_the_watcher_was_handed_before_a_restart_it_knows_to_be_told),
		T(a_channel_that_is_gone_is_said_and_no_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
