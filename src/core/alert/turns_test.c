/* SPDX-License-Identifier: Apache-2.0 */
/* Which site speaks, and what becomes of what both said. */
#include "core/alert/alert_pair.h"

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

static void it_is_heard_out_however_long_the_way_is(void **state)
{
	(void)state;
	p->one_way_ms = 3 * SECOND_MS;
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_run(p, ALERT_DEFER_MS - 1500);
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, ALERT_HEAR_HOME_MS + 5 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(p->sent[0].by, MUMBAI);
}

/* Back with an empty disk: what there is to be said it knows when it has read what we hold. */
static void mumbai_reads(uint32_t seconds)
{
	p->sites[MUMBAI].reads_slowly = true;
	p->sites[MUMBAI].read = p->now.mono;
	for (uint32_t i = 0; i < seconds; i++)
		pair_write(p, DUBLIN, "note", "history", "{}");
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
}

static void a_living_home_that_reads_its_history_keeps_its_turn(void **state)
{
	(void)state;
	mumbai_reads(40);
	pair_run(p, 40 * SECOND_MS + ALERT_DEFER_MS - SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(p->sent[0].by, MUMBAI);
}

static void a_home_that_says_nothing_when_it_has_read_is_spoken_for(void **state)
{
	(void)state;
	mumbai_reads(40);
	pair_run(p, 40 * SECOND_MS + ALERT_DEFER_MS + 2 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(p->sent[0].by, DUBLIN);
}

static void a_home_that_reads_for_ever_is_spoken_for(void **state)
{
	(void)state;
	mumbai_reads(600);
	pair_run(p, ALERT_READING_MS + ALERT_DEFER_MS - SECOND_MS);
	assert_int_equal(p->n_sent, 0);
	pair_run(p, ALERT_HEAR_HOME_MS + 2 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(p->sent[0].by, DUBLIN);
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
	assert_int_equal(pair_live(p, DUBLIN), 1);
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
	assert_int_equal(pair_live(p, DUBLIN), 0);
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
	assert_int_equal(pair_live(p, DUBLIN), 2);
	pair_recovers(p, PHOTOS);
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(pair_live(p, DUBLIN), 0);
	assert_int_equal(pair_live(p, MUMBAI), 0);
}

static void sites_that_meet_again_merge_what_was_opened_for_one_who_was_mute(void **state)
{
	(void)state;
	p->sites[DUBLIN].answers[0].is_mute = true;
	pair_fails(p, GIT);
	pair_run(p, SECOND_MS);
	pair_part(p); /* mumbai knows of dublin's incident, and that nobody was told of it */
	pair_run(p, ALERT_DEFER_MS + SECOND_MS);
	assert_int_equal(pair_live(p, MUMBAI), 2);
	pair_heal(p);
	pair_run(p, ALERT_CALM_MS + SECOND_MS);
	assert_int_equal(pair_live(p, MUMBAI), 1);
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

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_other_site_speaks_when_the_home_said_nothing_for_fifteen_seconds),
		T(whoever_speaks_for_the_home_hears_it_out_first),
		T(it_is_heard_out_however_long_the_way_is),
		T(a_living_home_that_reads_its_history_keeps_its_turn),
		T(a_home_that_says_nothing_when_it_has_read_is_spoken_for),
		T(a_home_that_reads_for_ever_is_spoken_for),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
