/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of an incident that goes on, and of more checks than it lists. */
#include "core/alert/alert_pair.h"

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
	assert_true(pair_lists(p, pair_incident(p, DUBLIN, SITE_MUMBAI), CLOCK_MUMBAI));
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

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
