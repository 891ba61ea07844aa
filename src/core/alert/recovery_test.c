/* SPDX-License-Identifier: Apache-2.0 */
/* That messages could not be sent: when that is told, and by whom. */
#include "core/alert/alert_pair.h"

enum { NOTIFY_DUBLIN = GIT, NOTIFY_MUMBAI = MEDIA };

static int set_up_outages(void **state)
{
	pair_set_up(state);
	for (uint8_t site = 0; site < PAIR_SITES; site++) {
		struct alert_check *checks = p->sites[site].checks;

		checks[NOTIFY_DUBLIN].name = "notify@dublin";
		checks[NOTIFY_MUMBAI].name = "notify@mumbai";
		checks[NOTIFY_DUBLIN].kind = checks[NOTIFY_MUMBAI].kind = "self";
		checks[NOTIFY_DUBLIN].n_needs = checks[NOTIFY_MUMBAI].n_needs = 0;
		pair_reload(p, site);
	}
	return 0;
}

static void receiver_answers(bool is_up)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_answer(p, site, 0, PAIR_ANSWER(is_up ? PACE_DELIVERED : PACE_FAILED));
}

/* Both notice, mumbai a little later, as soon as they try. */
static void receiver_is_gone_for(int64_t ms)
{
	receiver_answers(false);
	pair_run(p, 10 * SECOND_MS);
	pair_fails(p, NOTIFY_DUBLIN);
	pair_run(p, 5 * SECOND_MS);
	pair_fails(p, NOTIFY_MUMBAI);
	pair_run(p, ms);
	pair_forget_sent(p);
	receiver_answers(true);
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		alert_egress(p->sites[site].alert, p->now, 0, true);
	pair_recovers(p, NOTIFY_DUBLIN);
	pair_recovers(p, NOTIFY_MUMBAI);
}

static void an_outage_of_the_receiver_that_nobody_was_hurt_by_is_not_told(void **state)
{
	(void)state;
	receiver_is_gone_for(2 * MINUTE_MS);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_sent, 0);
}

static void a_long_outage_of_the_receiver_is_one_message(void **state)
{
	(void)state;
	receiver_is_gone_for(20 * MINUTE_MS);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_says(p, "dublin: sends messages again"));
}

static void what_came_and_went_in_an_outage_is_told_with_it_in_one_summary(void **state)
{
	(void)state;
	receiver_answers(false);
	pair_fails(p, ROUTER);
	pair_run(p, MINUTE_MS);
	pair_recovers(p, ROUTER);
	receiver_is_gone_for(20 * MINUTE_MS);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_says(p, "2 incidents while messages could not be sent"));
}

static void what_goes_on_after_an_outage_is_told_and_the_short_outage_is_not(void **state)
{
	(void)state;
	receiver_answers(false);
	pair_fails(p, PHOTOS);
	receiver_is_gone_for(MINUTE_MS);
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_true(pair_says(p, "photos is down"));
}

static void a_site_that_alone_can_send_nothing_is_told_by_the_other(void **state)
{
	(void)state;
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_FAILED));
	pair_fails(p, ROUTER);
	pair_run(p, 30 * SECOND_MS);
	pair_fails(p, NOTIFY_DUBLIN);
	pair_forget_sent(p);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(pair_last(p)->by, MUMBAI);
	assert_true(pair_says(p, "dublin: cannot send messages"));
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_recovers(p, NOTIFY_DUBLIN);
	pair_run(p, MINUTE_MS);
	assert_true(pair_says(p, "dublin: sends messages again"));
}

static void another_channel_is_told_that_one_is_dead(void **state)
{
	(void)state;
	pair_add_channel(p, "hook", ALERT_WEBHOOK);
	receiver_answers(false);
	pair_fails(p, ROUTER);
	pair_run(p, MINUTE_MS);
	pair_fails(p, NOTIFY_DUBLIN);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_incident(p, DUBLIN, NOTIFY_DUBLIN)->told[0].version, 0);
	assert_int_equal(pair_incident(p, DUBLIN, NOTIFY_DUBLIN)->told[1].version, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up_outages, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_outage_of_the_receiver_that_nobody_was_hurt_by_is_not_told),
		T(a_long_outage_of_the_receiver_is_one_message),
		T(what_came_and_went_in_an_outage_is_told_with_it_in_one_summary),
		T(what_goes_on_after_an_outage_is_told_and_the_short_outage_is_not),
		T(a_site_that_alone_can_send_nothing_is_told_by_the_other),
		T(another_channel_is_told_that_one_is_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
