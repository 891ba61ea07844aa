/* SPDX-License-Identifier: Apache-2.0 */
/* What falls together is one incident, of the cause. */
#include "core/alert/alert_pair.h"

/* ---- opening */

static void a_fall_opens_one_incident_at_its_home_and_is_told_once(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_live(p, DUBLIN), 1);
	assert_int_equal(pair_live(p, MUMBAI), 1);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->owner, "mumbai");
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->title, "photos is down");
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(p->sent[0].by, MUMBAI);
}

static void opening_waits_until_the_extent_is_known(void **state)
{
	(void)state;
	p->sites[MUMBAI].is_settling[PHOTOS] = true;
	pair_judge(p, MUMBAI, PHOTOS, &pair_path);
	pair_run(p, SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	p->sites[MUMBAI].is_settling[PHOTOS] = false;
	pair_run(p, SECOND_MS);
	assert_int_equal(p->n_sent, 1);
	assert_true(pair_says(p, "photos is down"));
}

static void opening_waits_for_the_extent_no_longer_than_the_settling_time(void **state)
{
	int64_t began = p->now.wall.ms;

	(void)state;
	p->sites[MUMBAI].is_settling[PHOTOS] = true;
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(p->n_sent, 1);
	assert_true(p->sent[0].at.ms - began <= ALERT_SETTLE_MS);
}

/* Each asks it each 5 s: of one that died the first to miss it knows some seconds before the other. */
static void a_watcher_is_given_the_time_that_every_site_needs_to_miss_it(void **state)
{
	static struct alert_check checks[PAIR_CHECKS];
	struct alert_config *config = &p->sites[MUMBAI].config;

	(void)state;
	memcpy(checks, config->checks, sizeof checks);
	checks[PHOTOS].kind = "watcher";
	config->checks = checks;
	pair_reload(p, MUMBAI);
	p->sites[MUMBAI].is_settling[PHOTOS] = true;
	pair_judge(p, MUMBAI, PHOTOS, &pair_path);
	pair_run(p, ALERT_SETTLE_WATCHER_MS - SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	pair_run(p, 2 * SECOND_MS);
	assert_true(pair_says(p, "path problem"));
}

static void evidence_still_coming_in_of_the_host_holds_back_its_services(void **state)
{
	(void)state;
	p->sites[MUMBAI].is_settling[NAS] = true;
	pair_fails(p, PHOTOS);
	pair_run(p, SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	p->sites[MUMBAI].is_settling[NAS] = false;
	pair_fails(p, NAS);
	pair_run(p, SECOND_MS);
	assert_int_equal(p->n_sent, 1);
	assert_true(pair_says(p, "nas is down"));
}

/* ---- folding */

static void a_host_explains_its_services(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_fails(p, NAS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_live(p, DUBLIN), 1);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->cause, "nas");
	assert_int_equal(pair_created(p), 1);
}

static void a_chain_folds_into_its_far_end(void **state)
{
	(void)state;
	pair_fails(p, MEDIA);
	pair_fails(p, PHOTOS);
	pair_fails(p, NAS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_live(p, MUMBAI), 1);
	assert_string_equal(pair_incident(p, MUMBAI, MEDIA)->cause, "nas");
	assert_int_equal(pair_incident(p, MUMBAI, MEDIA)->n_members, 3);
}

static void a_chain_with_a_well_link_in_it_is_two_incidents(void **state)
{
	(void)state;
	pair_fails(p, MEDIA);
	pair_fails(p, NAS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_live(p, MUMBAI), 2);
	assert_string_equal(pair_incident(p, MUMBAI, MEDIA)->cause, "media");
}

static void an_uplink_explains_what_its_site_serves(void **state)
{
	(void)state;
	pair_fails(p, GIT);
	pair_fails(p, ROUTER);
	pair_run(p, MINUTE_MS);
	assert_string_equal(pair_incident(p, DUBLIN, GIT)->cause, "router");
	assert_int_equal(pair_created(p), 1);
}

static void the_blind_open_nothing_but_what_they_see(void **state)
{
	(void)state;
	pair_part(p);
	alert_blind(p->sites[DUBLIN].alert, p->now, true);
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_judge(p, DUBLIN, LINK, &pair_silent);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_live(p, DUBLIN), 0);
	pair_judge(p, DUBLIN, GIT, &pair_down);
	pair_run(p, SECOND_MS);
	assert_int_equal(pair_live(p, DUBLIN), 1);
	alert_blind(p->sites[DUBLIN].alert, p->now, false);
	pair_run(p, ALERT_CALM_MS - SECOND_MS);
	assert_int_equal(pair_live(p, DUBLIN), 1);
	pair_run(p, MINUTE_MS);
	assert_non_null(pair_incident(p, DUBLIN, PHOTOS));
}

static void a_site_that_another_cause_explains_is_dealt_with_once_that_is_told(void **state)
{
	struct alert *a = p->sites[DUBLIN].alert;

	(void)state;
	p->sites[DUBLIN].checks[SITE_MUMBAI].needs = (const uint16_t[]){ ROUTER };
	p->sites[DUBLIN].checks[SITE_MUMBAI].n_needs = 1;
	assert_false(alert_is_dealt_with(a, p->now, SITE_MUMBAI));
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_FAILED));
	pair_part(p);
	pair_judge(p, DUBLIN, ROUTER, &pair_down);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_down);
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(pair_incident(p, DUBLIN, SITE_MUMBAI)->cause, "router");
	assert_false(alert_is_dealt_with(a, p->now, SITE_MUMBAI));
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, MINUTE_MS);
	assert_true(alert_is_dealt_with(a, p->now, SITE_MUMBAI));
	pair_judge(p, DUBLIN, ROUTER, &pair_well);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_well);
	pair_run(p, 2 * MINUTE_MS);
	assert_false(alert_is_dealt_with(a, p->now, SITE_MUMBAI));
}

static void what_has_nothing_to_do_with_each_other_is_told_apart(void **state)
{
	(void)state;
	pair_fails(p, GIT);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_live(p, DUBLIN), 2);
	assert_int_equal(pair_created(p), 2);
}

static void a_cause_found_later_takes_the_message_over(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 30 * SECOND_MS);
	pair_fails(p, NAS);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_live(p, MUMBAI), 1);
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->cause, "nas");
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_last(p)->delivery.is_edit);
	assert_true(pair_says(p, "nas is down"));
	assert_true(pair_says(p, "photos"));
}

static void of_several_incidents_below_a_new_cause_one_is_kept(void **state)
{
	static const uint16_t on_nas[] = { NAS };

	(void)state;
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		p->sites[site].checks[MEDIA].needs = on_nas;
		pair_reload(p, site);
	}
	pair_fails(p, PHOTOS);
	pair_fails(p, MEDIA);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_live(p, MUMBAI), 2);
	pair_fails(p, NAS);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_live(p, MUMBAI), 1);
	assert_true(pair_lists(p, pair_incident(p, MUMBAI, NAS), PHOTOS));
	assert_true(pair_lists(p, pair_incident(p, MUMBAI, NAS), MEDIA));
}

static void needs_in_a_circle_are_told_all_the_same(void **state)
{
	static const uint16_t on_media[] = { MEDIA };

	(void)state;
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		p->sites[site].checks[PHOTOS].needs = on_media;
		pair_reload(p, site);
	}
	pair_fails(p, PHOTOS);
	pair_fails(p, MEDIA);
	pair_run(p, MINUTE_MS);
	assert_non_null(pair_incident(p, MUMBAI, PHOTOS));
	assert_non_null(pair_incident(p, MUMBAI, MEDIA));
	assert_true(pair_created(p) >= 1);
}

/* What the other told of us covered it, and ours was never found: it was opened again without end. */
static void that_we_are_cut_off_is_our_own_incident_also_when_another_lists_it(void **state)
{
	uint32_t ours = 0;

	(void)state;
	p->sites[MUMBAI].config.outside = CLOCK_MUMBAI;
	pair_reload(p, MUMBAI);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_down);
	pair_judge(p, DUBLIN, CLOCK_MUMBAI, &pair_silent);
	pair_run(p, MINUTE_MS);
	pair_part(p);
	pair_judge(p, MUMBAI, CLOCK_MUMBAI, &pair_down);
	pair_run(p, MINUTE_MS);
	map_each (alert_incidents(p->sites[MUMBAI].alert), it) {
		const struct incident *in = it->value;

		ours += str_eq(in->owner, "mumbai") && in->state == INCIDENT_OPEN;
	}
	assert_int_equal(ours, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_fall_opens_one_incident_at_its_home_and_is_told_once),
		T(opening_waits_until_the_extent_is_known),
		T(opening_waits_for_the_extent_no_longer_than_the_settling_time),
		T(a_watcher_is_given_the_time_that_every_site_needs_to_miss_it),
		T(evidence_still_coming_in_of_the_host_holds_back_its_services),
		T(a_host_explains_its_services),
		T(a_chain_folds_into_its_far_end),
		T(a_chain_with_a_well_link_in_it_is_two_incidents),
		T(an_uplink_explains_what_its_site_serves),
		T(the_blind_open_nothing_but_what_they_see),
		T(a_site_that_another_cause_explains_is_dealt_with_once_that_is_told),
		T(what_has_nothing_to_do_with_each_other_is_told_apart),
		T(a_cause_found_later_takes_the_message_over),
		T(of_several_incidents_below_a_new_cause_one_is_kept),
		T(needs_in_a_circle_are_told_all_the_same),
		T(that_we_are_cut_off_is_our_own_incident_also_when_another_lists_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
