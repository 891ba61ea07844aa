/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_pair.h"

static uint32_t live(uint8_t site)
{
	uint32_t n = 0;

	map_each (alert_incidents(p->sites[site].alert), it) {
		const struct incident *in = it->value;

		n += in->state == INCIDENT_OPEN || in->state == INCIDENT_RECOVERING;
	}
	return n;
}

static bool lists(const struct incident *in, uint16_t check)
{
	for (uint32_t i = 0; i < in->n_members; i++)
		if (str_eq(in->members[i].check, p->sites[0].checks[check].name))
			return true;
	return false;
}

/* ---- opening */

static void a_fall_opens_one_incident_at_its_home_and_is_told_once(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(live(DUBLIN), 1);
	assert_int_equal(live(MUMBAI), 1);
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
	assert_int_equal(live(DUBLIN), 1);
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
	assert_int_equal(live(MUMBAI), 1);
	assert_string_equal(pair_incident(p, MUMBAI, MEDIA)->cause, "nas");
	assert_int_equal(pair_incident(p, MUMBAI, MEDIA)->n_members, 3);
}

static void a_chain_with_a_well_link_in_it_is_two_incidents(void **state)
{
	(void)state;
	pair_fails(p, MEDIA);
	pair_fails(p, NAS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(live(MUMBAI), 2);
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
	assert_int_equal(live(DUBLIN), 0);
	pair_judge(p, DUBLIN, GIT, &pair_down);
	pair_run(p, SECOND_MS);
	assert_int_equal(live(DUBLIN), 1);
	alert_blind(p->sites[DUBLIN].alert, p->now, false);
	pair_run(p, ALERT_CALM_MS - SECOND_MS);
	assert_int_equal(live(DUBLIN), 1);
	pair_run(p, MINUTE_MS);
	assert_non_null(pair_incident(p, DUBLIN, PHOTOS));
}

static void a_site_that_another_cause_explains_is_dealt_with_once_that_is_told(void **state)
{
	struct alert *a = p->sites[DUBLIN].alert;

	(void)state;
	p->sites[DUBLIN].checks[SITE_MUMBAI].needs = (const uint16_t[]){ ROUTER };
	p->sites[DUBLIN].checks[SITE_MUMBAI].n_needs = 1;
	assert_false(alert_is_dealt_with(a, p->now, "site:mumbai"));
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_FAILED));
	pair_part(p);
	pair_judge(p, DUBLIN, ROUTER, &pair_down);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_down);
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(pair_incident(p, DUBLIN, SITE_MUMBAI)->cause, "router");
	assert_false(alert_is_dealt_with(a, p->now, "site:mumbai"));
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, MINUTE_MS);
	assert_true(alert_is_dealt_with(a, p->now, "site:mumbai"));
	pair_judge(p, DUBLIN, ROUTER, &pair_well);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_well);
	pair_run(p, 2 * MINUTE_MS);
	assert_false(alert_is_dealt_with(a, p->now, "site:mumbai"));
}

static void what_has_nothing_to_do_with_each_other_is_told_apart(void **state)
{
	(void)state;
	pair_fails(p, GIT);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(live(DUBLIN), 2);
	assert_int_equal(pair_created(p), 2);
}

static void a_cause_found_later_takes_the_message_over(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 30 * SECOND_MS);
	pair_fails(p, NAS);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(live(MUMBAI), 1);
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
	assert_int_equal(live(MUMBAI), 2);
	pair_fails(p, NAS);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(live(MUMBAI), 1);
	assert_true(lists(pair_incident(p, MUMBAI, NAS), PHOTOS));
	assert_true(lists(pair_incident(p, MUMBAI, NAS), MEDIA));
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

/* ---- what is said */

static void a_path_problem_says_from_where(void **state)
{
	(void)state;
	pair_judge(p, DUBLIN, PHOTOS, &pair_path);
	pair_judge(p, MUMBAI, PHOTOS, &pair_path);
	pair_run(p, 10 * SECOND_MS);
	assert_true(pair_says(p, "photos: path problem, fails from dublin"));
}

static void a_path_problem_that_becomes_a_fall_is_an_edit(void **state)
{
	(void)state;
	pair_judge(p, MUMBAI, PHOTOS, &pair_path);
	pair_run(p, 10 * SECOND_MS);
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_last(p)->delivery.is_edit);
	assert_true(pair_says(p, "photos is down"));
}

static void an_update_says_what_is_new_and_only_that(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_null(pair_incident(p, MUMBAI, PHOTOS)->news); /* the title says it */
	pair_fails(p, MEDIA);
	pair_fails(p, NAS);
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->news, "nas is the cause, media too");
	pair_recovers(p, MEDIA);
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->news, "media is back");
	pair_write(p, DUBLIN, "ack", pair_incident(p, DUBLIN, PHOTOS)->id, "{\"by\":\"anna\"}");
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->news, "anna looks after it");
}

static void news_without_end_are_cut_at_a_whole_one(void **state)
{
	const char *news;

	(void)state;
	pair_fails(p, NAS);
	pair_run(p, 10 * SECOND_MS);
	pair_add_checks(p, 60, PHOTOS);
	for (uint16_t i = 0; i < 60; i++)
		pair_fails(p, PAIR_CHECKS + i);
	pair_run(p, 10 * SECOND_MS);
	news = pair_incident(p, DUBLIN, NAS)->news;
	assert_true(strlen(news) <= NEWS_BYTES_MAX);
	assert_true(str_starts(news, "extra-008 too, extra-009 too, "));
	assert_string_equal(news + strlen(news) - 4, " too");
}

static uint32_t times_said(const char *text)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_sent; i++)
		n += strstr(p->sent[i].delivery.payload, text) != NULL;
	return n;
}

static void a_link_on_its_way_back_is_not_called_a_path_problem(void **state)
{
	(void)state;
	pair_fails(p, LINK);
	pair_run(p, MINUTE_MS);
	p->sites[DUBLIN].is_settling[LINK] = true; /* one end sees it, the other doesn't yet */
	pair_judge(p, DUBLIN, LINK, &pair_path);
	pair_run(p, ALERT_SETTLE_MS - 500);
	p->sites[DUBLIN].is_settling[LINK] = false;
	pair_recovers(p, LINK);
	pair_run(p, MINUTE_MS);
	assert_true(pair_says(p, "link dublin-mumbai is back"));
	assert_int_equal(times_said("path problem"), 0);
}

static void a_path_problem_that_stays_is_said_after_the_settling_time(void **state)
{
	int64_t began;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	began = p->now.wall.ms;
	p->sites[MUMBAI].is_settling[PHOTOS] = true;
	pair_judge(p, MUMBAI, PHOTOS, &pair_path);
	pair_run(p, MINUTE_MS);
	assert_int_equal(times_said("path problem"), 1);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->version, 2);
	assert_true(pair_last(p)->at.ms - began <= 2 * ALERT_SETTLE_MS);
}

static void a_dead_site_and_a_dead_link_have_titles_of_their_own(void **state)
{
	(void)state;
	pair_part(p);
	pair_judge(p, DUBLIN, LINK, &pair_down);
	pair_run(p, 10 * SECOND_MS);
	assert_true(pair_says(p, "link dublin-mumbai is down"));
	pair_judge(p, DUBLIN, LINK, &pair_well);
	pair_run(p, 10 * MINUTE_MS);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_down);
	pair_run(p, 10 * SECOND_MS);
	assert_true(pair_says(p, "site mumbai is down"));
}

static void what_a_dead_site_said_of_itself_folds_into_its_death(void **state)
{
	(void)state;
	pair_stop(p, MUMBAI);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_down);
	pair_judge(p, DUBLIN, CLOCK_MUMBAI, &pair_silent);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_true(lists(pair_incident(p, DUBLIN, SITE_MUMBAI), CLOCK_MUMBAI));
}

/* ---- more than an incident lists */

#define MANY 300

/* nas and so many on it fall. */
static const struct incident *fall_of_many(void)
{
	pair_add_checks(p, MANY, PHOTOS);
	for (uint16_t i = 0; i < MANY; i++)
		pair_fails(p, PAIR_CHECKS + i);
	pair_fails(p, NAS);
	pair_run(p, 3 * MINUTE_MS);
	return pair_incident(p, MUMBAI, NAS);
}

static void members_without_room_are_counted_and_told_once(void **state)
{
	const struct incident *in = fall_of_many();

	(void)state;
	assert_int_equal(in->n_members, INCIDENT_MEMBERS_MAX);
	assert_int_equal(in->n_members + in->more_members, MANY + 1);
	assert_int_equal(pair_created(p), 1);
}

static void members_without_room_are_not_counted_twice_by_a_restart(void **state)
{
	(void)state;
	fall_of_many();
	pair_stop(p, MUMBAI);
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_incident(p, MUMBAI, NAS)->more_members,
		MANY + 1 - INCIDENT_MEMBERS_MAX);
	assert_int_equal(pair_created(p), 1);
}

static void a_member_without_room_is_told_when_it_falls_again_on_its_own(void **state)
{
	uint16_t last = PAIR_CHECKS + MANY - 1;

	(void)state;
	fall_of_many();
	for (uint16_t i = 0; i < MANY; i++)
		pair_recovers(p, PAIR_CHECKS + i);
	pair_recovers(p, NAS);
	pair_run(p, 5 * MINUTE_MS);
	assert_null(pair_incident(p, MUMBAI, NAS));
	assert_null(pair_incident(p, MUMBAI, last));
	pair_fails(p, last);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 2);
	assert_string_equal(pair_incident(p, MUMBAI, last)->cause,
		p->sites[MUMBAI].checks[last].name);
}

static void a_member_without_room_that_stays_down_is_told_after_the_rest_is_back(void **state)
{
	uint16_t last = PAIR_CHECKS + MANY - 1;

	(void)state;
	fall_of_many();
	for (uint16_t i = 0; i < MANY - 1; i++)
		pair_recovers(p, PAIR_CHECKS + i);
	pair_recovers(p, NAS);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_created(p), 2);
	assert_string_equal(pair_incident(p, MUMBAI, last)->cause,
		p->sites[MUMBAI].checks[last].name);
}

/* ---- whose turn it is */

static void the_other_site_speaks_when_the_home_said_nothing_for_fifteen_seconds(void **state)
{
	(void)state;
	pair_part(p); /* mumbai lives, as the watcher says, but doesn't see it */
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_run(p, ALERT_DEFER_MS - SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	pair_run(p, 2 * SECOND_MS);
	assert_int_equal(p->n_sent, 1);
	assert_int_equal(p->sent[0].by, DUBLIN);
}

/* The home opened it as well, a moment before: its news was under way. */
static void whoever_speaks_for_the_home_hears_it_out_first(void **state)
{
	(void)state;
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_run(p, ALERT_DEFER_MS - 100);
	p->sites[DUBLIN].reads_slowly = true;
	p->sites[DUBLIN].read = p->now.mono;
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, 5 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(p->sent[0].by, MUMBAI);
	assert_int_equal(pair_incident(p, DUBLIN, PHOTOS)->told[0].version, 1);
}

static void the_other_site_speaks_at_once_for_a_dead_home(void **state)
{
	(void)state;
	pair_stop(p, MUMBAI);
	pair_run(p, SECOND_MS);
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_run(p, SECOND_MS);
	assert_int_equal(p->n_sent, 1);
}

static void what_the_watcher_says_was_told_is_not_told_again(void **state)
{
	(void)state;
	pair_part(p);
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	for (int i = 0; i < 12; i++) {
		alert_told_elsewhere(p->sites[DUBLIN].alert, p->now, MUMBAI, "photos");
		pair_run(p, 5 * SECOND_MS);
	}
	assert_int_equal(p->n_sent, 0);
	pair_run(p, 2 * MINUTE_MS); /* nobody says so any more */
	assert_int_equal(p->n_sent, 1);
}

static void parted_sites_tell_once_each_and_the_homes_incident_survives(void **state)
{
	const struct incident *in;

	(void)state;
	pair_part(p);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 2);
	pair_heal(p);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 2);
	assert_int_equal(live(DUBLIN), 1);
	in = pair_incident(p, DUBLIN, PHOTOS);
	assert_string_equal(in->owner, "mumbai");
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->id, in->id);
	assert_true(pair_says(p, in->id)); /* the other's message points to it */
}

/* Both opened it in the instant in which they were calm: the home had not been able to before. */
static void a_turn_is_waited_for_from_the_moment_on_that_the_sites_meet_again(void **state)
{
	(void)state;
	pair_part(p);
	alert_blind(p->sites[MUMBAI].alert, p->now, true);
	pair_judge(p, MUMBAI, GIT, &pair_down);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_sent, 0);
	alert_blind(p->sites[MUMBAI].alert, p->now, false);
	pair_heal(p);
	pair_run(p, ALERT_CALM_MS - SECOND_MS);
	pair_judge(p, DUBLIN, GIT, &pair_down);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	assert_int_equal(p->sent[0].by, DUBLIN);
}

static void write_notes(uint8_t site, int n)
{
	while (n--)
		pair_write(p, site, "note", "photos", "{}");
}

/* The home had told it; only its words had not been read yet. */
static void nobody_s_turn_is_taken_while_events_are_on_their_way(void **state)
{
	(void)state;
	p->sites[DUBLIN].reads_slowly = true;
	write_notes(MUMBAI, 30);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	assert_int_equal(p->sent[0].by, MUMBAI);
}

/* It merged into one that had ended long ago, and was told anew. */
static void nothing_is_merged_into_what_has_ended_in_events_that_are_on_their_way(void **state)
{
	char id[INCIDENT_ID_MAX];

	(void)state;
	pair_part(p);
	pair_judge(p, DUBLIN, GIT, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_judge(p, DUBLIN, GIT, &pair_well);
	pair_run(p, MINUTE_MS);
	assert_int_equal(live(DUBLIN), 0);
	pair_judge(p, MUMBAI, GIT, &pair_down);
	pair_run(p, MINUTE_MS);
	str_copy(id, sizeof id, pair_incident(p, MUMBAI, GIT)->id);
	p->sites[MUMBAI].reads_slowly = true;
	pair_heal(p);
	pair_run(p, MINUTE_MS);
	assert_string_equal(pair_incident(p, MUMBAI, GIT)->id, id);
	assert_int_equal(pair_created(p), 2);
}

/* It waited for a recovery that the other's incident of the same check had taken. */
static void an_incident_recovers_beside_another_that_stands_for_its_check(void **state)
{
	(void)state;
	pair_part(p);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	p->sites[DUBLIN].reads_slowly = true;
	pair_heal(p);
	pair_run(p, SECOND_MS); /* not all has been read: they are not merged */
	write_notes(MUMBAI, 30);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(live(DUBLIN), 2);
	pair_recovers(p, PHOTOS);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(live(DUBLIN), 0);
	assert_int_equal(live(MUMBAI), 0);
}

static void sites_that_meet_again_merge_what_was_opened_for_one_who_was_mute(void **state)
{
	(void)state;
	p->sites[DUBLIN].answers[0].is_mute = true;
	pair_fails(p, GIT);
	pair_run(p, SECOND_MS);
	pair_part(p); /* mumbai knows of dublin's incident, and that nobody was told of it */
	pair_run(p, ALERT_DEFER_MS + SECOND_MS);
	assert_int_equal(live(MUMBAI), 2);
	pair_heal(p);
	pair_run(p, ALERT_CALM_MS + SECOND_MS);
	assert_int_equal(live(MUMBAI), 1);
	/* Of this one people were told for certain. */
	assert_string_equal(pair_incident(p, MUMBAI, GIT)->owner, "mumbai");
}

static void after_healing_both_sites_hold_the_same(void **state)
{
	(void)state;
	pair_part(p);
	pair_fails(p, PHOTOS);
	pair_judge(p, DUBLIN, GIT, &pair_down);
	pair_run(p, MINUTE_MS);
	assert_int_not_equal(alert_digest(p->sites[DUBLIN].alert),
		alert_digest(p->sites[MUMBAI].alert));
	pair_heal(p);
	pair_run(p, MINUTE_MS);
	assert_int_equal(alert_digest(p->sites[DUBLIN].alert),
		alert_digest(p->sites[MUMBAI].alert));
}

static void what_the_owner_leaves_out_is_told_by_who_sees_it(void **state)
{
	(void)state;
	pair_fails(p, NAS);
	pair_run(p, 10 * SECOND_MS);
	pair_judge(p, DUBLIN, PHOTOS, &pair_down); /* mumbai sees it well */
	pair_run(p, ALERT_UNLISTED_MS - SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	pair_run(p, 2 * SECOND_MS);
	assert_int_equal(pair_created(p), 2);
	assert_true(pair_says(p, "photos is down"));
}

/* ---- recovery */

static void recovery_is_an_edit_and_the_incident_closes_after_a_while(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_recovers(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_true(pair_last(p)->delivery.is_edit);
	assert_true(pair_says(p, "photos is back"));
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->state, INCIDENT_RECOVERING);
	pair_run(p, ALERT_LINGER_MS);
	assert_null(pair_incident(p, MUMBAI, PHOTOS));
	assert_null(pair_incident(p, DUBLIN, PHOTOS));
	assert_int_equal(pair_created(p), 1);
}

static void a_relapse_goes_on_with_the_same_incident(void **state)
{
	const char *id;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	id = pair_incident(p, MUMBAI, PHOTOS)->id;
	pair_recovers(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->id, id);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->state, INCIDENT_OPEN);
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_says(p, "photos is down"));
}

static void flap(int times)
{
	for (int i = 0; i < times; i++) {
		pair_recovers(p, PHOTOS);
		pair_run(p, 20 * SECOND_MS);
		pair_fails(p, PHOTOS);
		pair_run(p, 20 * SECOND_MS);
	}
}

static void flapping_is_said_once(void **state)
{
	uint32_t sent;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	flap(ALERT_FLAP_RELAPSES);
	assert_true(pair_incident(p, MUMBAI, PHOTOS)->is_flapping);
	assert_true(pair_says(p, "photos is flapping"));
	sent = p->n_sent;
	flap(5);
	assert_int_equal(p->n_sent, sent);
	assert_int_equal(pair_created(p), 1);
}

static void what_is_not_journaled_of_a_flapping_incident_is_not_in_the_digest(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	flap(ALERT_FLAP_RELAPSES);
	pair_recovers(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->state, INCIDENT_RECOVERING);
	assert_int_equal(pair_incident(p, DUBLIN, PHOTOS)->state, INCIDENT_OPEN);
	assert_true(alert_digest(p->sites[DUBLIN].alert) == alert_digest(p->sites[MUMBAI].alert));
}

static void the_end_of_flapping_is_said(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	flap(ALERT_FLAP_RELAPSES);
	pair_recovers(p, PHOTOS);
	pair_run(p, ALERT_FLAP_LINGER_MS - SECOND_MS);
	assert_non_null(pair_incident(p, MUMBAI, PHOTOS));
	pair_run(p, 10 * SECOND_MS);
	assert_null(pair_incident(p, MUMBAI, PHOTOS));
	assert_true(pair_says(p, "photos is steady again"));
}

static void what_goes_on_without_its_cause_is_told_apart(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_fails(p, NAS);
	pair_run(p, MINUTE_MS);
	pair_recovers(p, NAS);
	pair_run(p, ALERT_SPLIT_MS - SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_created(p), 2);
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->cause, "photos");
}

static void after_a_start_nothing_is_opened_before_the_news_is_in(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_stop(p, DUBLIN);
	pair_run(p, SECOND_MS);
	p->sites[DUBLIN].told[GIT] = pair_down;
	p->sites[DUBLIN].told[GIT].since = p->now.wall;
	pair_start(p, DUBLIN);
	pair_run(p, ALERT_CALM_MS - SECOND_MS);
	assert_null(pair_incident(p, DUBLIN, GIT));
	pair_run(p, 2 * SECOND_MS);
	assert_non_null(pair_incident(p, DUBLIN, GIT));
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_fall_opens_one_incident_at_its_home_and_is_told_once),
		T(opening_waits_until_the_extent_is_known),
		T(opening_waits_for_the_extent_no_longer_than_the_settling_time),
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
		T(a_path_problem_says_from_where),
		T(a_path_problem_that_becomes_a_fall_is_an_edit),
		T(an_update_says_what_is_new_and_only_that),
		T(news_without_end_are_cut_at_a_whole_one),
		T(a_link_on_its_way_back_is_not_called_a_path_problem),
		T(a_path_problem_that_stays_is_said_after_the_settling_time),
		T(a_dead_site_and_a_dead_link_have_titles_of_their_own),
		T(what_a_dead_site_said_of_itself_folds_into_its_death),
		T(members_without_room_are_counted_and_told_once),
		T(members_without_room_are_not_counted_twice_by_a_restart),
		T(a_member_without_room_is_told_when_it_falls_again_on_its_own),
		T(a_member_without_room_that_stays_down_is_told_after_the_rest_is_back),
		T(the_other_site_speaks_when_the_home_said_nothing_for_fifteen_seconds),
		T(whoever_speaks_for_the_home_hears_it_out_first),
		T(the_other_site_speaks_at_once_for_a_dead_home),
		T(what_the_watcher_says_was_told_is_not_told_again),
		T(parted_sites_tell_once_each_and_the_homes_incident_survives),
		T(a_turn_is_waited_for_from_the_moment_on_that_the_sites_meet_again),
		T(nobody_s_turn_is_taken_while_events_are_on_their_way),
		T(nothing_is_merged_into_what_has_ended_in_events_that_are_on_their_way),
		T(an_incident_recovers_beside_another_that_stands_for_its_check),
		T(sites_that_meet_again_merge_what_was_opened_for_one_who_was_mute),
		T(after_healing_both_sites_hold_the_same),
		T(what_the_owner_leaves_out_is_told_by_who_sees_it),
		T(recovery_is_an_edit_and_the_incident_closes_after_a_while),
		T(a_relapse_goes_on_with_the_same_incident),
		T(flapping_is_said_once),
		T(what_is_not_journaled_of_a_flapping_incident_is_not_in_the_digest),
		T(the_end_of_flapping_is_said),
		T(what_goes_on_without_its_cause_is_told_apart),
		T(after_a_start_nothing_is_opened_before_the_news_is_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
