/* SPDX-License-Identifier: Apache-2.0 */
/* Who is heard, who is silent, and what is said of it. */
#include "core/watcher/watcher_fixture.h"

/* ---- heard, silent, told */

static void each_site_learns_whom_the_watcher_hears(void **state)
{
	(void)state;
	come_alive(DUBLIN);
	pass(0);
	assert_string_equal(sites[DUBLIN].answer.watcher, "webhost");
	assert_int_equal(sites[DUBLIN].answer.seq, 1);
	assert_int_equal(sites[DUBLIN].answer.boot, sites[DUBLIN].boot);
	assert_int_equal(sites[DUBLIN].answer.wall.ms, now.wall.ms);
	assert_int_equal(sites[DUBLIN].answer.n_sites, SITES);
	assert_true(view(DUBLIN, DUBLIN)->is_heard);
	assert_int_equal(view(DUBLIN, DUBLIN)->quiet_ms, 0);
	assert_false(view(DUBLIN, MUMBAI)->is_heard);
	assert_string_equal(view(DUBLIN, MUMBAI)->site, "mumbai");
	assert_int_equal(view(DUBLIN, MUMBAI)->quiet_ms, -1);
	assert_int_equal(view(DUBLIN, MUMBAI)->since.ms, WALL_0); /* we listen since then */
	pass(1000);
	come_alive(MUMBAI);
	sites[MUMBAI].tells = "immich";
	pass(4000);
	assert_true(view(DUBLIN, MUMBAI)->is_heard);
	assert_int_equal(view(DUBLIN, MUMBAI)->quiet_ms, 4000);
	assert_int_equal(view(DUBLIN, MUMBAI)->since.ms, WALL_0 + 1000);
	assert_int_equal(view(DUBLIN, MUMBAI)->n_told, 1);
	assert_string_equal(view(DUBLIN, MUMBAI)->told[0], "immich");
	sites[MUMBAI].tells = NULL;
	pass(10000);
	assert_int_equal(view(DUBLIN, MUMBAI)->n_told, 0);
}

static void a_site_that_is_quiet_for_20_s_is_silent(void **state)
{
	struct wall last;

	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	last = now.wall;
	pass(WATCHER_SILENT_MS - 1);
	assert_true(view(DUBLIN, MUMBAI)->is_heard);
	pass(BEACON_MS + 1);
	assert_false(view(DUBLIN, MUMBAI)->is_heard);
	assert_int_equal(view(DUBLIN, MUMBAI)->since.ms, last.ms);
	assert_in_range(view(DUBLIN, MUMBAI)->quiet_ms, 20000, 25000);
	assert_int_equal(n_posts, 0);
}

static void a_silence_that_nobody_tells_is_told_after_45_s(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	pass(WATCHER_SPEAK_MS - 1);
	assert_int_equal(n_attempts, 0);
	pass(1);
	assert_int_equal(n_posts, 1);
	assert_string_equal(posts[0].text,
		"{\"content\":\"mumbai is silent\","
		"\"embeds\":[{\"title\":\"mumbai is silent\",\"description\":\"dublin: heard\\n"
		"mumbai: nothing since <t:1767225660:f>\\ntold by the watcher webhost, which hears "
		"every site each 5 s\",\"color\":14171198,\"footer\":{\"text\":\"home \xc2\xb7 "
		"webhost\"}}],\"allowed_mentions\":{\"parse\":[]}}");
	pass(HOUR_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(n_attempts, 1);
}

static void what_a_living_site_tells_the_watcher_does_not_repeat(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].tells = "site:mumbai";
	pass(3 * HOUR_MS); /* pass() fails when the watcher can't sleep meanwhile */
	assert_int_equal(n_attempts, 0);
}

static void a_site_that_another_one_hears_is_not_called_silent(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].hears = "mumbai";
	pass(HOUR_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "\"title\":\"mumbai: path problem, no way to the watcher webhost\"");
	assert_shows(0, "but dublin hears it: only its path to webhost is broken");
	assert_int_equal(n_attempts, 1);
	sites[DUBLIN].hears = NULL; /* now nobody does */
	pass(10 * SECOND_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "\"title\":\"mumbai is silent\"");
	assert_hides(0, "hears it");
	come_alive(MUMBAI);
	pass(10 * SECOND_MS);
	assert_shows(0, "all sites are heard again after 1 h");
}

static void a_witness_that_falls_silent_proves_nothing(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].hears = "mumbai";
	pass(MINUTE_MS);
	assert_shows(0, "path problem");
	sites[DUBLIN].is_alive = false;
	pass(WATCHER_SILENT_MS + SECOND_MS);
	assert_shows(0, "\"title\":\"mumbai is silent\"");
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "\"title\":\"dublin and mumbai are silent\"");
}

static void a_broken_way_that_a_site_tells_of_the_watcher_does_not_repeat(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].hears = "mumbai";
	sites[DUBLIN].tells = "watcher:webhost";
	pass(3 * HOUR_MS);
	assert_int_equal(n_attempts, 0);
	sites[DUBLIN].hears = NULL; /* that explains a site no more that nobody hears */
	pass(10 * SECOND_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
}

static void who_has_just_started_is_given_time_to_hear_the_others(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].hears = "mumbai";
	sites[DUBLIN].tells = "watcher:webhost";
	pass(HOUR_MS);
	come_alive(DUBLIN); /* it is upgraded */
	sites[DUBLIN].hears = sites[DUBLIN].tells = NULL;
	pass(9 * SECOND_MS);
	sites[DUBLIN].hears = "mumbai";
	sites[DUBLIN].tells = "watcher:webhost";
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 0);
	sites[MUMBAI].is_alive = false;
	come_alive(DUBLIN);
	sites[DUBLIN].hears = sites[DUBLIN].tells = NULL;
	pass(30 * SECOND_MS);
	assert_shows(0, "mumbai is silent");
}

static void sites_that_fall_silent_together_are_told_together(void **state)
{
	(void)state;
	both_alive();
	beacon(DUBLIN);
	sites[DUBLIN].is_alive = false;
	pass(BEACON_MS - SECOND_MS);
	beacon(MUMBAI);
	sites[MUMBAI].is_alive = false;
	pass(WATCHER_SPEAK_MS - 1);
	assert_int_equal(n_attempts, 0);
	pass(1);
	assert_int_equal(n_attempts, 1);
	assert_shows(0, "dublin and mumbai are silent");
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 1);
}

static void what_a_site_told_before_the_watcher_could_it_does_not_repeat(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	sites[MUMBAI].is_alive = false;
	pass(2 * MINUTE_MS);
	assert_true(n_attempts > 0);
	sites[DUBLIN].tells = "site:mumbai";
	pass(10 * SECOND_MS);
	mood = DELIVERS;
	pass(HOUR_MS);
	assert_int_equal(n_posts, 0);
	sites[DUBLIN].tells = NULL; /* and now nobody does */
	pass(10 * SECOND_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
}

static void a_site_may_have_the_longest_name(void **state)
{
	static char name[NAME_BYTES_MAX + 1], root[NAME_BYTES_MAX + 8];

	(void)state;
	memset(name, 'm', NAME_BYTES_MAX);
	snprintf(root, sizeof root, "site:%s", name);
	watcher_free(watcher);
	config.sites[MUMBAI] = name;
	start_watcher();
	come_alive(DUBLIN);
	sites[DUBLIN].tells = root;
	pass(HOUR_MS);
	assert_int_equal(n_attempts, 0);
}

static void another_incident_of_a_living_site_covers_no_silence(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].tells = "site:dublin";
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
}

static void when_the_site_that_told_dies_too_the_watcher_tells_of_both(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	sites[DUBLIN].tells = "site:mumbai";
	pass(10 * MINUTE_MS);
	sites[DUBLIN].is_alive = false;
	pass(WATCHER_SILENT_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
	assert_shows(0, "dublin: quiet since");
	pass(WATCHER_SPEAK_MS - WATCHER_SILENT_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 1);
	assert_shows(0, "dublin and mumbai are silent");
}

static void both_silent_is_one_message(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = sites[DUBLIN].is_alive = false;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "dublin and mumbai are silent");
}

static void the_message_is_edited_as_they_come_back(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = sites[DUBLIN].is_alive = false;
	pass(10 * MINUTE_MS);
	come_alive(DUBLIN);
	pass(MINUTE_MS);
	assert_shows(0, "mumbai is silent");
	assert_shows(0, "dublin: heard again, was silent from <t:17672256");
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 2);
	assert_shows(0, "all sites are heard again");
	assert_shows(0, "; over at <t:");
	assert_shows(0, "mumbai: heard again, was silent from");
	pass(HOUR_MS);
	assert_int_equal(n_attempts, posts[0].n_edits + 1);
}

static void the_next_outage_gets_a_message_of_its_own(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	come_alive(MUMBAI);
	pass(HOUR_MS);
	sites[DUBLIN].is_alive = false;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 2);
	assert_shows(0, "all sites are heard again");
	assert_shows(1, "dublin is silent");
	assert_shows(1, "mumbai: heard\\n"); /* its gap was told already */
}

static void a_message_that_could_not_be_told_over_goes_on_with_the_next_outage(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	mood = FAILS;
	come_alive(MUMBAI);
	pass(10 * MINUTE_MS);
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	mood = DELIVERS;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai is silent");
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_shows(0, "all sites are heard again");
}

static void an_outage_that_could_not_be_told_in_time_is_told_when_it_is_over(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	sites[MUMBAI].is_alive = false;
	pass(10 * MINUTE_MS);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	mood = DELIVERS;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "all sites are heard again");
	assert_shows(0, "mumbai: heard again, was silent from");
}

static void a_site_that_was_never_heard_is_told_45_s_after_the_start(void **state)
{
	(void)state;
	come_alive(DUBLIN);
	pass(WATCHER_SPEAK_MS - 1);
	assert_int_equal(n_attempts, 0);
	pass(1);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "mumbai: never heard");
	come_alive(MUMBAI);
	pass(0);
	assert_shows(0,
		"mumbai: heard again, was silent from <t:1767225600:f> to <t:1767225645:f>");
}

static void a_site_that_was_never_heard_may_be_told_by_the_other(void **state)
{
	(void)state;
	come_alive(DUBLIN);
	sites[DUBLIN].tells = "site:mumbai";
	pass(HOUR_MS); /* pass() fails when the watcher can't sleep meanwhile */
	assert_int_equal(n_attempts, 0);
	sites[DUBLIN].tells = NULL;
	pass(BEACON_MS);
	assert_int_equal(n_posts, 1);
}

/* ---- replays */

static void a_beacon_that_was_here_already_is_refused(void **state)
{
	struct beacon recorded;
	struct beacon_answer a;

	(void)state;
	both_alive();
	recorded = beacon_of(MUMBAI);
	assert_int_equal(hear(&recorded, &a), RC_OK);
	sites[MUMBAI].is_alive = false;
	pass(WATCHER_SILENT_MS);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	recorded.seq--;
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	restart_watcher(1000);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	pass(WATCHER_SPEAK_MS);
	assert_int_equal(n_posts, 1);
}

static void a_beacon_of_an_earlier_run_is_refused(void **state)
{
	struct beacon recorded;
	struct beacon_answer a;

	(void)state;
	both_alive();
	recorded = beacon_of(MUMBAI);
	recorded.seq += 1000;
	come_alive(MUMBAI);
	pass(10000);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	restart_watcher(5000);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
	pass(10000);
	assert_true(view(DUBLIN, MUMBAI)->is_heard);
	assert_int_equal(hear(&recorded, &a), RC_CONFLICT);
}

static void a_site_whose_clock_was_set_back_is_heard_after_its_restart(void **state)
{
	(void)state;
	both_alive();
	come_alive(MUMBAI);
	sites[MUMBAI].boot -= 5 * MINUTE_MS;
	pass(10000);
	assert_int_equal(view(MUMBAI, MUMBAI)->quiet_ms, 0);
}

static void the_first_beacon_of_a_run_must_be_of_about_now(void **state)
{
	struct beacon b;
	struct beacon_answer a;

	(void)state;
	come_alive(DUBLIN);
	b = beacon_of(DUBLIN);
	b.wall.ms += BEACON_SKEW_MS + 1;
	assert_int_equal(hear(&b, &a), RC_REFUSED);
	b.wall.ms = now.wall.ms - BEACON_SKEW_MS - 1;
	assert_int_equal(hear(&b, &a), RC_REFUSED);
	b.wall.ms++;
	assert_int_equal(hear(&b, &a), RC_OK);
	b.seq++; /* after that its numbers are enough: its clock may be set right meanwhile */
	b.wall.ms -= DAY_MS;
	assert_int_equal(hear(&b, &a), RC_OK);
}

static void strangers_are_refused(void **state)
{
	struct beacon b;
	struct beacon_answer a;

	(void)state;
	come_alive(DUBLIN);
	b = beacon_of(DUBLIN);
	str_copy(b.site, sizeof b.site, "paris");
	assert_int_equal(hear(&b, &a), RC_REFUSED);
	b = beacon_of(DUBLIN);
	str_copy(b.lab, sizeof b.lab, "office");
	assert_int_equal(hear(&b, &a), RC_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_site_learns_whom_the_watcher_hears),
		TEST(a_site_that_is_quiet_for_20_s_is_silent),
		TEST(a_silence_that_nobody_tells_is_told_after_45_s),
		TEST(what_a_living_site_tells_the_watcher_does_not_repeat),
		TEST(a_site_that_another_one_hears_is_not_called_silent),
		TEST(a_witness_that_falls_silent_proves_nothing),
		TEST(a_broken_way_that_a_site_tells_of_the_watcher_does_not_repeat),
		TEST(who_has_just_started_is_given_time_to_hear_the_others),
		TEST(sites_that_fall_silent_together_are_told_together),
		TEST(what_a_site_told_before_the_watcher_could_it_does_not_repeat),
		TEST(a_site_may_have_the_longest_name),
		TEST(another_incident_of_a_living_site_covers_no_silence),
		TEST(when_the_site_that_told_dies_too_the_watcher_tells_of_both),
		TEST(both_silent_is_one_message),
		TEST(the_message_is_edited_as_they_come_back),
		TEST(the_next_outage_gets_a_message_of_its_own),
		TEST(a_message_that_could_not_be_told_over_goes_on_with_the_next_outage),
		TEST(an_outage_that_could_not_be_told_in_time_is_told_when_it_is_over),
		TEST(a_site_that_was_never_heard_is_told_45_s_after_the_start),
		TEST(a_site_that_was_never_heard_may_be_told_by_the_other),
		TEST(a_beacon_that_was_here_already_is_refused),
		TEST(a_beacon_of_an_earlier_run_is_refused),
		TEST(a_site_whose_clock_was_set_back_is_heard_after_its_restart),
		TEST(the_first_beacon_of_a_run_must_be_of_about_now),
		TEST(strangers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
