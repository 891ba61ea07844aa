/* SPDX-License-Identifier: Apache-2.0 */
/* Another lab.yaml while the watcher runs. */
#include "core/watcher/watcher_fixture.h"

static void reload(const struct watcher_config *to)
{
	watcher_reload(watcher, now, to);
	drain();
}

static struct watcher_config with_galway(void)
{
	struct watcher_config c = config;

	c.sites[0] = "galway"; /* before the others: places change, names count */
	c.sites[1] = "dublin";
	c.sites[2] = "mumbai";
	c.n_sites = 3;
	return c;
}

static void sites_keep_what_is_known_of_them_wherever_they_stand(void **state)
{
	struct watcher_config c = with_galway();

	(void)state;
	both_alive();
	sites[MUMBAI].tells = "immich";
	pass(BEACON_MS);
	reload(&c);
	pass(BEACON_MS);
	beacon(DUBLIN); /* what is told lives until the next beacon */
	assert_int_equal(sites[DUBLIN].answer.n_sites, 3);
	assert_string_equal(sites[DUBLIN].answer.sites[2].site, "mumbai");
	assert_true(sites[DUBLIN].answer.sites[2].is_heard);
	assert_string_equal(sites[DUBLIN].answer.sites[2].told[0], "immich");
	assert_int_equal(sites[DUBLIN].answer.sites[0].quiet_ms, -1);
	assert_int_equal(n_posts, 0);
}

static void who_hears_whom_goes_by_names_too(void **state)
{
	struct watcher_config c = with_galway();

	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].hears = "mumbai";
	pass(WATCHER_SPEAK_MS - SECOND_MS);
	sites[DUBLIN].next.ms = NEVER_MS;
	reload(&c);
	pass(2 * SECOND_MS);
	assert_shows(0, "mumbai: path problem");
}

static void a_site_that_is_new_is_given_time_to_be_heard_and_then_told(void **state)
{
	struct watcher_config c = with_galway();

	(void)state;
	both_alive();
	pass(HOUR_MS);
	reload(&c);
	pass(WATCHER_SPEAK_MS - 1);
	assert_int_equal(n_posts, 0);
	pass(1);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "galway is silent");
}

static void an_old_beacon_stays_a_replay(void **state)
{
	struct watcher_config c = with_galway();
	struct beacon_answer answer;
	struct beacon old;

	(void)state;
	both_alive();
	old = beacon_of(DUBLIN);
	beacon(DUBLIN);
	reload(&c);
	assert_int_equal(hear(&old, &answer), RC_CONFLICT);
}

static void an_outage_goes_on_in_the_same_message(void **state)
{
	struct watcher_config c = with_galway();

	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(2 * MINUTE_MS);
	assert_int_equal(n_posts, 1);
	reload(&c);
	pass(10 * SECOND_MS);
	assert_int_equal(n_posts, 1);
	come_alive(MUMBAI);
	pass(10 * SECOND_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 1);
	assert_hides(0, "mumbai is silent");
}

static void an_outage_of_a_site_that_is_taken_out_ends(void **state)
{
	struct watcher_config c = config;

	(void)state;
	c.n_sites = 1;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(2 * MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
	reload(&c);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 1);
	assert_hides(0, "mumbai is silent");
}

static void a_channel_that_is_put_before_another_changes_nothing_there(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(2 * MINUTE_MS);
	assert_int_equal(n_posts, 1);
	config.channels[1] = config.channels[0];
	config.channels[0] = (struct watcher_channel){ .name = "hook", .kind = WATCHER_WEBHOOK };
	config.n_channels = 2;
	reload(&config);
	pass(10 * SECOND_MS);
	assert_int_equal(n_posts, 2); /* the new one is told of what lasts */
	assert_int_equal(posts[0].n_edits, 0);
}

static void trouble_with_the_new_file_is_told_to_whoever_asks(void **state)
{
	scoped(str_fini) struct str page = STR_EMPTY;

	(void)state;
	both_alive();
	watcher_config_trouble(watcher, "lab.yaml:3:1: unknown key 'intreval'");
	pass(BEACON_MS);
	assert_string_equal(sites[DUBLIN].answer.config_why,
		"lab.yaml:3:1: unknown key 'intreval'");
	watcher_describe(watcher, now, &page);
	assert_non_null(strstr(str_c(&page), "lab.yaml:3:1"));
	watcher_config_trouble(watcher, NULL);
	pass(BEACON_MS);
	assert_string_equal(sites[DUBLIN].answer.config_why, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sites_keep_what_is_known_of_them_wherever_they_stand),
		TEST(who_hears_whom_goes_by_names_too),
		TEST(a_site_that_is_new_is_given_time_to_be_heard_and_then_told),
		TEST(an_old_beacon_stays_a_replay),
		TEST(an_outage_goes_on_in_the_same_message),
		TEST(an_outage_of_a_site_that_is_taken_out_ends),
		TEST(a_channel_that_is_put_before_another_changes_nothing_there),
		TEST(trouble_with_the_new_file_is_told_to_whoever_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
