/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_pair.h"

/* Of what dublin sees nothing any more the dead site is the reason. */
static void explain_silence(uint16_t check)
{
	static const uint16_t away[] = { SITE_MUMBAI };

	p->sites[DUBLIN].checks[check].away = away;
	p->sites[DUBLIN].checks[check].n_away = 1;
	pair_reload(p, DUBLIN);
}

/* dublin takes mumbai for dead, whose photos fall while nobody else can see it. */
static void cut_mumbai_off_and_let_photos_fall(void)
{
	explain_silence(PHOTOS);
	pair_part(p);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_down);
	pair_judge(p, DUBLIN, PHOTOS, &pair_silent);
	pair_run(p, 30 * SECOND_MS);
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, 30 * SECOND_MS);
}

static void mumbai_is_heard_again(void)
{
	pair_heal(p);
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_well);
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
}

static const struct incident *by_cause_of(uint8_t site, const char *cause, const char *owner)
{
	const struct incident *found = NULL;

	map_each (alert_incidents(p->sites[site].alert), it) {
		const struct incident *in = it->value;

		if (str_eq(in->cause, cause) && (!owner || str_eq(in->owner, owner))) {
			assert_null(found);
			found = in;
		}
	}
	assert_non_null(found);
	return found;
}

static const struct incident *by_cause(uint8_t site, const char *cause)
{
	return by_cause_of(site, cause, NULL);
}

static void what_fell_at_a_site_that_was_cut_off_keeps_its_message_when_the_site_is_back(
	void **state)
{
	(void)state;
	cut_mumbai_off_and_let_photos_fall();
	assert_int_equal(pair_created(p), 2);
	mumbai_is_heard_again();
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(pair_created(p), 2);
	assert_int_equal(by_cause(MUMBAI, "photos")->state, INCIDENT_OPEN);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->id, by_cause(MUMBAI, "photos")->id);
}

static void a_site_that_is_back_is_not_called_down_for_what_is_told_apart(void **state)
{
	const struct incident *in;

	(void)state;
	cut_mumbai_off_and_let_photos_fall();
	mumbai_is_heard_again();
	pair_run(p, 10 * SECOND_MS);
	in = by_cause(DUBLIN, "site:mumbai");
	assert_int_equal(in->state, INCIDENT_CLOSED);
	assert_int_equal(in->told[0].version, in->version);
	assert_true(pair_says(p, "site mumbai is back"));
}

/* Told apart is not well: nobody may read that it is back. */
static void what_is_told_apart_is_not_called_back(void **state)
{
	const struct incident *in;

	(void)state;
	cut_mumbai_off_and_let_photos_fall();
	mumbai_is_heard_again();
	pair_run(p, 10 * SECOND_MS);
	in = by_cause(DUBLIN, "site:mumbai");
	assert_int_equal(in->n_members, 2);
	assert_int_equal(in->members[1].recovered.ms, 0);
	assert_false(pair_says(p, "photos: is back"));
}

static void what_nobody_else_tells_waits_for_its_cause_to_be_well_for_a_while(void **state)
{
	(void)state;
	cut_mumbai_off_and_let_photos_fall();
	pair_judge(p, DUBLIN, MEDIA, &pair_down);
	pair_run(p, 30 * SECOND_MS);
	assert_non_null(pair_incident(p, DUBLIN, MEDIA));
	pair_judge(p, DUBLIN, SITE_MUMBAI, &pair_well);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(by_cause(DUBLIN, "site:mumbai")->state, INCIDENT_OPEN);
}

static void of_two_incidents_of_one_cause_the_homes_survives(void **state)
{
	const struct incident *loser;

	(void)state;
	pair_part(p);
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS); /* dublin's is the earlier one */
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_heal(p);
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->owner, "mumbai");
	loser = map_get(alert_incidents(p->sites[MUMBAI].alert), p->sent[0].delivery.incident);
	assert_int_equal(loser->state, INCIDENT_MERGED);
	assert_string_equal(loser->merged_into, pair_incident(p, DUBLIN, PHOTOS)->id);
}

/* Both lost each other; dublin could not tell of it, and something else goes on. */
static void two_of_one_cause_become_one_also_when_it_is_over(void **state)
{
	static const uint16_t on_link[] = { LINK };
	struct wall healed;

	(void)state;
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		p->sites[site].checks[PHOTOS].needs = on_link;
		pair_reload(p, site);
	}
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_FAILED));
	pair_part(p);
	pair_fails(p, LINK);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_heal(p);
	healed = p->now.wall;
	pair_recovers(p, LINK);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(by_cause_of(MUMBAI, "link:dublin-mumbai", "dublin")->state,
		INCIDENT_MERGED);
	assert_int_equal(by_cause_of(MUMBAI, "link:dublin-mumbai", "mumbai")->state, INCIDENT_OPEN);
	for (uint32_t i = 0; i < p->n_sent; i++) /* nor is it told now */
		assert_true(p->sent[i].by == MUMBAI || p->sent[i].at.ms < healed.ms);
}

static void an_incident_that_is_over_is_not_given_to_one_of_another_cause(void **state)
{
	(void)state;
	cut_mumbai_off_and_let_photos_fall();
	pair_judge(p, MUMBAI, PHOTOS, &pair_well);
	pair_heal(p);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(by_cause(MUMBAI, "photos")->state, INCIDENT_RECOVERING);
	assert_true(pair_lists(p, by_cause(MUMBAI, "site:mumbai"), PHOTOS));
}

static void what_the_survivor_does_not_tell_is_not_given_to_it(void **state)
{
	(void)state;
	pair_part(p);
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_judge(p, DUBLIN, NAS, &pair_down); /* only dublin sees that the host is the cause */
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 2);
	pair_heal(p);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(by_cause(DUBLIN, "nas")->state, INCIDENT_OPEN);
	assert_int_equal(by_cause(MUMBAI, "photos")->state, INCIDENT_OPEN);
}

static void every_incident_that_lists_a_check_hears_that_it_is_well(void **state)
{
	(void)state;
	pair_part(p);
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_judge(p, DUBLIN, NAS, &pair_down);
	pair_judge(p, DUBLIN, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_heal(p);
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(pair_incident(p, DUBLIN, PHOTOS)->owner, "mumbai");
	pair_recovers(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(by_cause(MUMBAI, "photos")->state, INCIDENT_RECOVERING);
	assert_string_equal(by_cause(DUBLIN, "nas")->members[1].check, "photos");
	assert_int_not_equal(by_cause(DUBLIN, "nas")->members[1].recovered.ms, 0);
}

static void a_new_cause_does_not_take_over_what_is_over(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_fails(p, MEDIA);
	pair_run(p, MINUTE_MS);
	pair_recovers(p, PHOTOS); /* media goes on, for a reason of its own */
	pair_run(p, 10 * SECOND_MS);
	pair_fails(p, NAS);
	pair_run(p, 10 * SECOND_MS);
	assert_string_equal(by_cause(MUMBAI, "nas")->title, "nas is down");
	assert_int_not_equal(by_cause(MUMBAI, "photos")->members[0].recovered.ms, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_fell_at_a_site_that_was_cut_off_keeps_its_message_when_the_site_is_back),
		T(a_site_that_is_back_is_not_called_down_for_what_is_told_apart),
		T(what_is_told_apart_is_not_called_back),
		T(what_nobody_else_tells_waits_for_its_cause_to_be_well_for_a_while),
		T(of_two_incidents_of_one_cause_the_homes_survives),
		T(two_of_one_cause_become_one_also_when_it_is_over),
		T(an_incident_that_is_over_is_not_given_to_one_of_another_cause),
		T(what_the_survivor_does_not_tell_is_not_given_to_it),
		T(every_incident_that_lists_a_check_hears_that_it_is_well),
		T(a_new_cause_does_not_take_over_what_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
