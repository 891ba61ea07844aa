/* SPDX-License-Identifier: Apache-2.0 */
/* Two whole sites: what DESIGN promises of checks, incidents and notification, end to end. */
#include "node/site_private.h"

#include "node/site_pair.h"

static const struct pair_message *last(void)
{
	assert_true(p->n_messages > 0);
	return &p->messages[p->n_messages - 1];
}

static bool lists(const struct incident *in, const char *check)
{
	for (uint32_t i = 0; in && i < in->n_members; i++)
		if (str_eq(in->members[i].check, check))
			return true;
	return false;
}

/* ---- services */

static void in_good_weather_nothing_is_said(void **state)
{
	(void)state;
	pair_run(p, HOUR_MS);
	assert_int_equal(p->n_messages, 0);
	assert_int_equal(pair_state(p, DUBLIN, "photos"), CHECK_OK);
	assert_int_equal(pair_state(p, MUMBAI, "photos"), CHECK_OK);
}

static void a_dead_service_is_told_within_two_intervals_and_a_second(void **state)
{
	int64_t began = p->now.mono.ms;

	(void)state;
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "photos is down"));
	assert_true(last()->created.ms - began <= 2 * 5 * SECOND_MS + SECOND_MS);
}

static void a_service_that_one_vantage_misses_is_a_path_problem(void **state)
{
	(void)state;
	pair_break_from(p, DUBLIN, "photos", true);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "photos: path problem, fails from dublin"));
}

static void a_host_explains_its_services(void **state)
{
	(void)state;
	pair_break(p, "photos", true);
	pair_break(p, "host:nas", true);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_string_equal(pair_incident(p, DUBLIN, "photos")->cause, "host:nas");
}

static void an_uplink_explains_its_sites_services(void **state)
{
	(void)state;
	pair_break(p, "git", true);
	pair_break(p, "router", true);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_string_equal(pair_incident(p, MUMBAI, "git")->cause, "router");
}

static void a_recovery_edits_the_message(void **state)
{
	(void)state;
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	pair_break(p, "photos", false);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "photos is back"));
	assert_null(pair_incident(p, DUBLIN, "photos"));
}

static void a_heartbeat_that_stays_away_is_told(void **state)
{
	(void)state;
	assert_int_equal(site_ping(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
				 &(struct heartbeat_ping){ "export", "success" }, NULL),
		RC_OK);
	pair_run(p, HOUR_MS + 4 * MINUTE_MS);
	assert_int_equal(p->n_messages, 0);
	pair_run(p, 2 * MINUTE_MS);
	assert_true(pair_was_said(p, "export is silent"));
}

static void ping(const char *what, int code)
{
	assert_int_equal(site_ping(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
				 &(struct heartbeat_ping){ "export", what, code }, NULL),
		RC_OK);
	pair_settle(p);
}

static void a_restart_grants_a_heartbeat_no_new_period(void **state)
{
	(void)state;
	ping("success", 0);
	pair_run(p, 50 * MINUTE_MS);
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		pair_stop(p, site);
		pair_start(p, site);
	}
	pair_run(p, 14 * MINUTE_MS);
	assert_false(pair_was_said(p, "export"));
	pair_run(p, 2 * MINUTE_MS);
	assert_true(pair_was_said(p, "export is silent"));
}

static void a_job_that_reports_failure_is_told_at_once(void **state)
{
	(void)state;
	ping("exit", 137);
	pair_run(p, 5 * SECOND_MS);
	assert_true(pair_was_said(p, "export failed"));
	assert_true(pair_was_said(p, "exit status 137"));
	ping("success", 0);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "export is back"));
}

static void what_people_did_just_before_is_in_the_message(void **state)
{
	(void)state;
	assert_int_equal(site_note(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
				 &(struct site_word){ "photos", "raised its memory", "anna" },
				 NULL),
		RC_OK);
	pair_run(p, 5 * MINUTE_MS);
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	assert_true(pair_was_said(p, "raised its memory"));
}

/* ---- sites and links */

static void a_dead_link_is_told_once_as_just_that(void **state)
{
	int64_t began = p->now.mono.ms;

	(void)state;
	pair_part(p);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "link dublin-mumbai is down"));
	assert_int_equal(last()->n_edits, 0);
	assert_true(last()->created.ms - began <= 30 * SECOND_MS);
}

static void a_link_that_comes_back_says_so_and_nothing_else(void **state)
{
	(void)state;
	pair_part(p);
	pair_run(p, 2 * MINUTE_MS);
	pair_heal(p);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_int_equal(last()->n_edits, 1);
	assert_true(pair_was_said(p, "link dublin-mumbai is back"));
}

static void a_dead_site_is_told_by_its_peer_within_thirty_seconds(void **state)
{
	int64_t began = p->now.mono.ms;

	(void)state;
	pair_stop(p, MUMBAI);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "site mumbai is down"));
	assert_true(last()->created.ms - began <= 30 * SECOND_MS);
}

static void a_site_that_was_stopped_is_told_as_that(void **state)
{
	(void)state;
	p->is_watcher_up = false; /* nobody needs to be asked */
	pair_run(p, MINUTE_MS);
	pair_shut_down(p, DUBLIN);
	assert_int_equal(site_link(p->sites[MUMBAI].site, DUBLIN)->state, LINK_DOWN);
	assert_string_equal(site_link(p->sites[MUMBAI].site, DUBLIN)->why, "asked to");
	pair_run(p, 20 * SECOND_MS);
	assert_true(pair_was_said(p, "site dublin is down: it was stopped by its operator"));
	pair_start(p, DUBLIN);
	pair_run(p, MINUTE_MS);
	assert_true(pair_was_said(p, "site dublin is back"));
	pair_stop(p, DUBLIN); /* and now it dies */
	pair_run(p, 30 * SECOND_MS);
	assert_false(pair_was_said(p, "again: it was stopped"));
	assert_string_equal(
		checks_view(site_checks(p->sites[MUMBAI].site), pair_check(p, "site:dublin"))
			.reason,
		"no link, and no watcher to ask: the site or the link is down");
}

static void who_restarts_while_the_other_is_stopped_still_knows_it(void **state)
{
	(void)state;
	pair_shut_down(p, DUBLIN);
	pair_run(p, 2 * SECOND_MS);
	pair_stop(p, MUMBAI);
	pair_start(p, MUMBAI);
	pair_run(p, 30 * SECOND_MS);
	assert_true(pair_was_said(p, "site dublin is down: it was stopped by its operator"));
}

static void a_restart_of_a_few_seconds_is_not_told(void **state)
{
	uint32_t n_messages = p->n_messages;

	(void)state;
	for (uint32_t i = 1; i <= 5; i++) { /* whenever the watcher heard it last */
		pair_run(p, SECOND_MS);
		pair_shut_down(p, DUBLIN);
		pair_run(p, 11 * SECOND_MS);
		pair_start(p, DUBLIN);
		pair_run(p, 5 * MINUTE_MS);
		assert_int_equal(p->n_messages, n_messages);
		assert_int_equal(pair_events(p, MUMBAI, "shutdown"), i);
	}
}

static void what_a_dead_site_would_say_of_itself_folds_into_its_death(void **state)
{
	(void)state;
	pair_stop(p, MUMBAI);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_int_equal(pair_state(p, DUBLIN, "clock@mumbai"), CHECK_SILENT);
	assert_true(lists(pair_incident(p, DUBLIN, "site:mumbai"), "clock@mumbai"));
}

static void a_site_that_comes_back_leaves_nothing_open(void **state)
{
	(void)state;
	pair_stop(p, MUMBAI);
	pair_run(p, 2 * MINUTE_MS);
	pair_start(p, MUMBAI);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "site mumbai is back"));
	assert_null(pair_incident(p, DUBLIN, "clock@mumbai"));
	assert_null(pair_incident(p, MUMBAI, "site:mumbai"));
}

static void without_a_watcher_to_ask_it_says_that_it_can_not_know(void **state)
{
	(void)state;
	p->is_watcher_up = false;
	pair_run(p, 2 * MINUTE_MS);
	assert_true(pair_was_said(p, "watcher webhost is down"));
	pair_stop(p, MUMBAI);
	pair_run(p, 2 * MINUTE_MS);
	assert_true(pair_was_said(p, "no watcher to ask"));
}

static void a_blind_vantage_s_word_does_not_count(void **state)
{
	(void)state;
	pair_part(p); /* dublin's way out is cut */
	p->sites[DUBLIN].is_watcher_reachable = p->sites[DUBLIN].is_channel_reachable = false;
	pair_break_from(p, DUBLIN, "photos", true);
	pair_run(p, 3 * MINUTE_MS);
	assert_true(checks_is_blind(site_checks(p->sites[DUBLIN].site), DUBLIN));
	assert_false(pair_was_said(p, "photos"));
	pair_heal(p);
	p->sites[DUBLIN].is_watcher_reachable = p->sites[DUBLIN].is_channel_reachable = true;
	pair_break_from(p, DUBLIN, "photos", false);
	pair_run(p, 5 * MINUTE_MS);
	assert_false(checks_is_blind(site_checks(p->sites[DUBLIN].site), DUBLIN));
	assert_int_equal(pair_state(p, DUBLIN, "photos"), CHECK_OK);
}

/* Mumbai is told of a watcher that has just begun to listen, and then of nothing any more. */
static void what_a_new_watcher_has_not_heard_before_the_loss_is_not_dead(void **state)
{
	(void)state;
	pair_run(p, 10 * MINUTE_MS); /* the first drill is over */
	p->sites[DUBLIN].is_watcher_reachable = false;
	p->sites[DUBLIN].heard.ms = INT64_MIN;
	pair_run(p, 6 * SECOND_MS);
	p->sites[DUBLIN].is_watcher_reachable = true;
	pair_part(p);
	p->sites[MUMBAI].is_watcher_reachable = p->sites[MUMBAI].is_channel_reachable = false;
	pair_run(p, 3 * MINUTE_MS);
	pair_heal(p);
	p->sites[MUMBAI].is_watcher_reachable = p->sites[MUMBAI].is_channel_reachable = true;
	pair_run(p, 5 * MINUTE_MS);
	assert_true(pair_was_said(p, "site mumbai is"));
	assert_false(pair_was_said(p, "site dublin"));
	assert_int_equal(p->n_messages, 1);
}

static void swapped_sites_are_told_of_alike(void **state)
{
	(void)state;
	pair_stop(p, DUBLIN);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "site dublin is down"));
	assert_true(lists(pair_incident(p, MUMBAI, "site:dublin"), "clock@dublin"));
}

/* ---- the watcher */

static void a_watcher_that_refuses_at_once_is_asked_at_its_pace(void **state)
{
	uint32_t before;

	(void)state;
	p->is_watcher_up = false;
	p->sites[DUBLIN].is_channel_reachable = p->sites[MUMBAI].is_channel_reachable = false;
	pair_break(p, "photos", true); /* something to hand to it */
	pair_run(p, MINUTE_MS);
	before = p->sites[MUMBAI].n_beacons;
	pair_run(p, MINUTE_MS);
	assert_in_range(p->sites[MUMBAI].n_beacons - before, 10, 14);
}

static void a_channel_that_is_back_is_found_out_long_before_the_next_attempt(void **state)
{
	(void)state;
	p->is_watcher_up = false;
	p->is_channel_gone = true;
	pair_break(p, "photos", true);
	pair_run(p, 90 * SECOND_MS);
	assert_false(pair_was_said(p, "photos is down"));
	p->is_channel_gone = false;
	pair_run(p, 20 * SECOND_MS);
	assert_true(pair_was_said(p, "photos is down"));
}

static void the_watcher_delivers_for_a_site_whose_ways_are_all_dead(void **state)
{
	(void)state;
	pair_part(p);
	p->sites[MUMBAI].is_channel_reachable = false;
	pair_break_from(p, MUMBAI, "photos", true);
	pair_break_from(p, MUMBAI, "host:nas", true);
	pair_run(p, 3 * MINUTE_MS);
	assert_true(pair_was_said(p, "host:nas"));
	assert_string_equal(pair_incident(p, MUMBAI, "host:nas")->told[0].via, "webhost");
}

static void what_the_watcher_got_no_answer_for_is_said_to_be_a_repeat_maybe(void **state)
{
	(void)state;
	pair_part(p);
	p->sites[MUMBAI].is_channel_reachable = false;
	p->n_unanswered = 1;
	pair_break_from(p, MUMBAI, "photos", true);
	pair_run(p, 3 * MINUTE_MS);
	assert_int_equal(p->n_unanswered, 0);
	assert_true(pair_was_said(p, "Maybe a repeat: an earlier attempt got no answer."));
}

static void the_peer_delivers_for_a_site_whose_channel_is_dead(void **state)
{
	(void)state;
	p->sites[MUMBAI].is_channel_reachable = false;
	pair_run(p, 10 * MINUTE_MS); /* notify@mumbai is told by dublin, too */
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	assert_true(pair_was_said(p, "photos is down"));
	assert_string_equal(pair_incident(p, MUMBAI, "photos")->told[0].via, "dublin");
}

static void what_neither_site_can_send_goes_out_through_the_watcher(void **state)
{
	(void)state;
	p->sites[DUBLIN].is_channel_reachable = p->sites[MUMBAI].is_channel_reachable = false;
	pair_run(p, 10 * MINUTE_MS); /* each knows of the other that it can't */
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	assert_true(pair_was_said(p, "photos is down"));
	assert_string_equal(pair_incident(p, MUMBAI, "photos")->told[0].via, "webhost");
}

static void a_dead_watcher_is_said_once(void **state)
{
	(void)state;
	p->is_watcher_up = false;
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "watcher webhost is down"));
	p->is_watcher_up = true;
	pair_run(p, 5 * MINUTE_MS);
	assert_true(pair_was_said(p, "watcher webhost is back"));
	assert_int_equal(p->n_messages, 1);
}

static void a_drill_is_made_by_each_site_and_passes_in_silence(void **state)
{
	(void)state;
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(pair_events(p, DUBLIN, "drill"), 2);
	assert_int_equal(pair_state(p, DUBLIN, "drill:webhost"), CHECK_OK);
	assert_int_equal(p->n_messages, 0);
}

static void a_drill_that_fails_is_told(void **state)
{
	(void)state;
	p->is_drill_failing = true;
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "drill of webhost failed"));
	assert_true(pair_was_said(p, "the webhook is gone"));
}

static void a_drill_that_failed_is_made_again_and_its_message_says_that_it_works(void **state)
{
	(void)state;
	p->is_drill_failing = true;
	pair_run(p, 2 * MINUTE_MS);
	assert_true(pair_was_said(p, "drill of webhost failed"));
	p->is_drill_failing = false;
	pair_run(p, 11 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "drill of webhost works again after"));
	assert_int_equal(pair_state(p, DUBLIN, "drill:webhost"), CHECK_OK);
}

/* It stayed failed for ten minutes after the channel was mended, which a message had shown. */
static void a_drill_that_failed_is_made_again_as_soon_as_something_is_delivered(void **state)
{
	(void)state;
	p->is_drill_failing = true;
	pair_run(p, 3 * MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "drill:webhost"), CHECK_FAILING);
	p->is_drill_failing = false;
	pair_break(p, "photos", true);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_state(p, DUBLIN, "drill:webhost"), CHECK_OK);
}

/* ---- what explains what */

enum mark { UNSEEN, ON_PATH, DONE };

static bool is_circular(const struct alert_config *config, uint16_t check, enum mark *marks)
{
	const struct alert_check *c = &config->checks[check];

	if (marks[check] != UNSEEN)
		return marks[check] == ON_PATH;
	marks[check] = ON_PATH;
	for (uint16_t i = 0; i < c->n_needs; i++)
		if (is_circular(config, c->needs[i], marks))
			return true;
	marks[check] = DONE;
	return false;
}

/* The router is a machine on a host, and stands for the uplink. */
static const char routed_lab[] =
	"lab: home\n"
	"sites:\n"
	"  dublin: {address: \"10.0.0.1:7443\", key: KEY1, timezone: UTC}\n"
	"  mumbai: {address: \"10.0.1.1:7443\", key: KEY2, timezone: UTC, uplink: router}\n"
	"watchers:\n"
	"  webhost: {url: \"https://watch.example.net\", key: KEY3}\n"
	"notify:\n"
	"  discord: {webhook: {env: WEBHOOK}}\n"
	"hosts:\n"
	"  nas: {site: mumbai, address: 10.0.1.10}\n"
	"probes:\n"
	"  router: {home: mumbai, from: [dublin, mumbai], every: 5s, host: nas, icmp: 10.0.1.254}\n"
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 5s, host: nas,\n"
	"           http: {url: \"http://10.0.1.10/\"}}\n";

static void a_router_on_a_host_closes_no_circle(void **state)
{
	(void)state;
	pair_close(p);
	p = pair_open(routed_lab);
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		const struct alert_config *config = &p->sites[site].site->tables->alert;
		enum mark marks[PAIR_CHECKS_MAX] = { 0 };

		for (uint16_t i = 0; i < config->n_checks; i++)
			assert_false(is_circular(config, i, marks));
	}
	pair_stop(p, MUMBAI);
	pair_break(p, "router", true);
	pair_break(p, "photos", true);
	pair_run(p, 3 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(in_good_weather_nothing_is_said),
		T(a_dead_service_is_told_within_two_intervals_and_a_second),
		T(a_service_that_one_vantage_misses_is_a_path_problem),
		T(a_host_explains_its_services),
		T(an_uplink_explains_its_sites_services),
		T(a_recovery_edits_the_message),
		T(a_heartbeat_that_stays_away_is_told),
		T(a_restart_grants_a_heartbeat_no_new_period),
		T(a_job_that_reports_failure_is_told_at_once),
		T(what_people_did_just_before_is_in_the_message),
		T(a_dead_link_is_told_once_as_just_that),
		T(a_link_that_comes_back_says_so_and_nothing_else),
		T(a_dead_site_is_told_by_its_peer_within_thirty_seconds),
		T(a_site_that_was_stopped_is_told_as_that),
		T(who_restarts_while_the_other_is_stopped_still_knows_it),
		T(a_restart_of_a_few_seconds_is_not_told),
		T(what_a_dead_site_would_say_of_itself_folds_into_its_death),
		T(a_site_that_comes_back_leaves_nothing_open),
		T(without_a_watcher_to_ask_it_says_that_it_can_not_know),
		T(a_blind_vantage_s_word_does_not_count),
		T(what_a_new_watcher_has_not_heard_before_the_loss_is_not_dead),
		T(swapped_sites_are_told_of_alike),
		T(a_watcher_that_refuses_at_once_is_asked_at_its_pace),
		T(a_channel_that_is_back_is_found_out_long_before_the_next_attempt),
		T(the_watcher_delivers_for_a_site_whose_ways_are_all_dead),
		T(what_the_watcher_got_no_answer_for_is_said_to_be_a_repeat_maybe),
		T(the_peer_delivers_for_a_site_whose_channel_is_dead),
		T(what_neither_site_can_send_goes_out_through_the_watcher),
		T(a_dead_watcher_is_said_once),
		T(a_drill_is_made_by_each_site_and_passes_in_silence),
		T(a_drill_that_fails_is_told),
		T(a_drill_that_failed_is_made_again_and_its_message_says_that_it_works),
		T(a_drill_that_failed_is_made_again_as_soon_as_something_is_delivered),
		T(a_router_on_a_host_closes_no_circle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
