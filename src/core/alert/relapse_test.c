/* SPDX-License-Identifier: Apache-2.0 */
/* What is back, falls again, or does so all the time. */
#include "core/alert/alert_pair.h"

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

static void what_flapped_and_stays_down_is_said_to_be_down(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	flap(ALERT_FLAP_RELAPSES);
	pair_run(p, ALERT_FLAP_LINGER_MS - MINUTE_MS);
	assert_true(pair_incident(p, MUMBAI, PHOTOS)->is_flapping);
	pair_run(p, MINUTE_MS);
	assert_false(pair_incident(p, MUMBAI, PHOTOS)->is_flapping);
	assert_false(pair_incident(p, DUBLIN, PHOTOS)->is_flapping);
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->news,
		"photos fails without a break now");
	assert_int_equal(pair_created(p), 1);
	flap(1); /* which is not yet flapping again */
	assert_false(pair_incident(p, MUMBAI, PHOTOS)->is_flapping);
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
		T(recovery_is_an_edit_and_the_incident_closes_after_a_while),
		T(a_relapse_goes_on_with_the_same_incident),
		T(flapping_is_said_once),
		T(what_is_not_journaled_of_a_flapping_incident_is_not_in_the_digest),
		T(the_end_of_flapping_is_said),
		T(what_flapped_and_stays_down_is_said_to_be_down),
		T(what_goes_on_without_its_cause_is_told_apart),
		T(after_a_start_nothing_is_opened_before_the_news_is_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
