/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a restart. */
#include "core/watcher/watcher_fixture.h"

static void a_restart_grants_a_silent_site_no_new_period(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(30000);
	restart_watcher(1000);
	pass(14000);
	assert_int_equal(n_attempts, 0);
	pass(1000); /* but all need a moment to be heard after a start */
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
}

static void sites_that_are_heard_again_after_a_restart_are_no_news(void **state)
{
	(void)state;
	both_alive();
	restart_watcher(DAY_MS);
	for (int i = 0; i < SITES; i++)
		sites[i].next.ms += 10000;
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 0);
}

static void what_was_told_before_a_restart_is_edited_after_it(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	restart_watcher(HOUR_MS);
	pass(MINUTE_MS);
	assert_int_equal(n_attempts, 1);
	restart_watcher(HOUR_MS);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 1);
	assert_shows(0, "mumbai: heard again, was silent from");
	restart_watcher(0);
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 2);
	sites[DUBLIN].is_alive = false;
	pass(2 * MINUTE_MS);
	assert_int_equal(n_posts, 2);
}

static void a_saved_state_comes_back_whole(void **state)
{
	scoped(str_fini) struct str before = STR_EMPTY, after = STR_EMPTY;

	(void)state;
	both_alive();
	sites[DUBLIN].wants_drill = true;
	come_alive(MUMBAI); /* there is a boot to remember */
	pass(MINUTE_MS);
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2);
	str_clear(&saved);
	watcher_save(watcher, &saved);
	str_add(&before, str_c(&saved));
	restart_watcher(0);
	watcher_save(watcher, &after);
	assert_string_equal(str_c(&before), str_c(&after));
	sites[DUBLIN].wants_drill = false;
	pass(MINUTE_MS);
	sites[DUBLIN].wants_drill = true;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2); /* the drill's message is known, too */
	assert_int_equal(view(DUBLIN, DUBLIN)->since.ms, WALL_0);
}

static void a_site_that_dies_while_we_restart_is_told_in_time(void **state)
{
	(void)state;
	both_alive();
	beacon(MUMBAI);
	str_clear(&saved);
	watcher_save(watcher, &saved);
	sites[MUMBAI].is_alive = false;
	restart_watcher(5000);
	pass(WATCHER_SPEAK_MS - 5000 - 1);
	assert_int_equal(n_attempts, 0);
	pass(1);
	assert_int_equal(n_posts, 1);
}

static void what_was_not_told_before_a_restart_is_told_after_it(void **state)
{
	(void)state;
	both_alive();
	mood = MUTE;
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	mood = DELIVERS;
	restart_watcher(1000);
	pass(0);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "Maybe a repeat"); /* it was on its way */
}

static void a_site_that_was_told_but_never_heard_stays_told(void **state)
{
	(void)state;
	come_alive(DUBLIN);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	restart_watcher(1000);
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 1);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_shows(0, "all sites are heard again");
}

static void the_outage_ends_when_its_site_is_not_declared_any_more(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	config.n_sites = 1;
	restart_watcher(1000);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "all sites are heard again");
	assert_hides(0, "mumbai");
}

static void a_clock_that_was_set_back_does_not_hide_a_silence(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = sites[DUBLIN].is_alive = false;
	now.wall.ms -= 10 * DAY_MS;
	restart_watcher(0);
	pass(WATCHER_SPEAK_MS);
	assert_int_equal(n_posts, 1);
}

static void hand_over(void)
{
	sites[DUBLIN].deliver[0] = (struct beacon_delivery){ .number = 7,
		.channel = "discord",
		.payload = "photos is down" };
	sites[DUBLIN].n_deliver = 1;
}

/* The site had had no answer, and asked again. */
static void what_was_delivered_for_a_site_before_a_restart_is_not_delivered_again(void **state)
{
	(void)state;
	both_alive();
	hand_over();
	beacon(DUBLIN);
	drain();
	assert_int_equal(n_posts, 1);
	restart_watcher(1000);
	beacon(DUBLIN);
	drain();
	assert_int_equal(n_posts, 1);
	assert_true(sites[DUBLIN].answer.receipts[0].is_delivered);
	assert_string_not_equal(sites[DUBLIN].answer.receipts[0].message, "");
}

static void what_was_under_way_for_a_site_at_a_restart_may_have_arrived(void **state)
{
	(void)state;
	both_alive();
	mood = MUTE;
	hand_over();
	beacon(DUBLIN);
	drain();
	assert_int_equal(n_attempts, 1);
	restart_watcher(1000);
	beacon(DUBLIN);
	drain();
	assert_int_equal(n_attempts, 1);
	assert_int_equal(sites[DUBLIN].answer.n_receipts, 1);
	assert_true(sites[DUBLIN].answer.receipts[0].is_unanswered);
}

static void a_state_that_is_no_state_is_refused(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{}", "{\"version\":2}",
		"{\"version\":\"1\"}" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct err e = { 0 };

		assert_int_not_equal(watcher_load(watcher, now, texts[i], strlen(texts[i]), &e),
			RC_OK);
		assert_non_null(strstr(e.text, "the watcher's state"));
	}
}

static void nonsense_in_a_state_is_as_if_it_were_not_there(void **state)
{
	static const char text[] = "{\"version\":1,\"sites\":{\"dublin\":{\"state\":99,\"heard\":7,"
				   "\"past_boots\":[\"x\",null],\"handed\":[1,{\"number\":-1,"
				   "\"message\":2}]},\"mumbai\":[]},\"outage\":3,"
				   "\"drill\":{\"discord\":{\"wanted\":-5,\"shown\":1e300}}}";

	(void)state;
	assert_int_equal(watcher_load(watcher, now, text, sizeof text - 1, NULL), RC_OK);
	both_alive();
	assert_int_equal(n_attempts, 0);
	assert_true(view(DUBLIN, MUMBAI)->is_heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_restart_grants_a_silent_site_no_new_period),
		TEST(sites_that_are_heard_again_after_a_restart_are_no_news),
		TEST(what_was_told_before_a_restart_is_edited_after_it),
		TEST(a_saved_state_comes_back_whole),
		TEST(a_site_that_dies_while_we_restart_is_told_in_time),
		TEST(what_was_not_told_before_a_restart_is_told_after_it),
		TEST(a_site_that_was_told_but_never_heard_stays_told),
		TEST(the_outage_ends_when_its_site_is_not_declared_any_more),
		TEST(a_clock_that_was_set_back_does_not_hide_a_silence),
		TEST(what_was_delivered_for_a_site_before_a_restart_is_not_delivered_again),
		TEST(what_was_under_way_for_a_site_at_a_restart_may_have_arrived),
		TEST(a_state_that_is_no_state_is_refused),
		TEST(nonsense_in_a_state_is_as_if_it_were_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
