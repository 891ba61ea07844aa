/* SPDX-License-Identifier: Apache-2.0 */
/* Channels that fail, deliveries for sites, drills. */
#include "core/watcher/watcher_fixture.h"

/* ---- channels that fail */

static void what_fails_is_tried_again_with_growing_patience(void **state)
{
	static const int64_t waits[] = { 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000 };

	(void)state;
	both_alive();
	mood = FAILS;
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	pass(WATCHER_SPEAK_MS);
	assert_int_equal(n_attempts, 1);
	for (size_t i = 0; i < COUNT(waits); i++) {
		pass(waits[i] - 1);
		assert_int_equal(n_attempts, i + 1);
		pass(1);
		assert_int_equal(n_attempts, i + 2);
	}
	mood = DELIVERS;
	pass(60000);
	assert_int_equal(n_posts, 1);
	mood = FAILS;
	come_alive(MUMBAI);
	pass(0);
	n_attempts = 0;
	pass(2000); /* success has made it patient again */
	assert_int_equal(n_attempts, 1);
}

static void a_429_waits_as_long_as_it_says(void **state)
{
	(void)state;
	both_alive();
	mood = REFUSES;
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	pass(WATCHER_SPEAK_MS);
	pass(6999);
	assert_int_equal(n_attempts, 1);
	pass(1);
	assert_int_equal(n_attempts, 2);
	pass(7000);
	assert_int_equal(n_attempts, 3);
}

static void a_delivery_without_an_outcome_is_given_up_after_25_s(void **state)
{
	struct watcher_outcome late = { .is_delivered = true, .message = "140" };
	int64_t first_ms;

	(void)state;
	both_alive();
	mood = MUTE;
	sites[MUMBAI].is_alive = false;
	beacon(MUMBAI);
	pass(WATCHER_SPEAK_MS);
	late.number = unanswered;
	first_ms = attempted.ms;
	pass(25000 + 2000);
	assert_int_equal(n_attempts, 2);
	assert_int_equal(attempted.ms, first_ms + 27000);
	watcher_delivered(watcher, now, &late); /* of the attempt that was given up */
	mood = DELIVERS;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_shows(0, "Maybe a repeat");
	come_alive(MUMBAI);
	pass(MINUTE_MS);
	assert_shows(0, "all sites are heard again");
	assert_hides(0, "Maybe a repeat"); /* an edit repeats nothing */
}

static void what_failed_is_no_repeat(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	assert_true(n_attempts > 0);
	mood = DELIVERS;
	pass(MINUTE_MS);
	assert_int_equal(n_posts, 1);
	assert_hides(0, "Maybe a repeat");
}

static void a_message_that_somebody_deleted_is_written_anew_at_once(void **state)
{
	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = false;
	pass(MINUTE_MS);
	posts[0].is_deleted = true;
	come_alive(MUMBAI);
	pass(0);
	assert_int_equal(n_posts, 2);
	assert_shows(1, "all sites are heard again");
}

static void nothing_leaves_before_the_state_is_saved(void **state)
{
	struct watcher_effect fx;

	(void)state;
	both_alive();
	sites[MUMBAI].is_alive = sites[DUBLIN].is_alive = false;
	advance(WATCHER_SILENT_MS);
	watcher_tick(watcher, now);
	drain();
	advance(WATCHER_SPEAK_MS);
	watcher_tick(watcher, now);
	assert_true(watcher_next(watcher, &fx));
	assert_int_equal(fx.kind, WATCHER_DO_SAVE);
	assert_true(watcher_next(watcher, &fx));
	assert_int_equal(fx.kind, WATCHER_SAY);
	drain();
	assert_int_equal(n_posts, 1);
}

static void the_state_is_saved_once_a_minute(void **state)
{
	(void)state;
	both_alive();
	n_saves = 0;
	pass(HOUR_MS);
	assert_int_equal(n_saves, 60);
	beacon(MUMBAI);
	sites[MUMBAI].is_alive = false;
	pass(WATCHER_SILENT_MS); /* and when a site went silent */
	assert_int_equal(n_saves, 61);
}

/* ---- deliveries for sites */

static void hand(int site, uint64_t number, const char *message)
{
	struct beacon_delivery *d = &sites[site].deliver[sites[site].n_deliver++];

	*d = (struct beacon_delivery){ .number = number,
		.is_edit = message != NULL,
		.payload = "{\"content\":\"immich is down\"}" };
	str_copy(d->channel, sizeof d->channel, "discord");
	str_copy(d->message, sizeof d->message, message ? message : "");
}

static const struct beacon_receipt *receipt(int site)
{
	return sites[site].answer.n_receipts ? &sites[site].answer.receipts[0] : NULL;
}

static void what_a_site_hands_over_is_delivered_once(void **state)
{
	(void)state;
	both_alive();
	hand(DUBLIN, 17, NULL);
	beacon(DUBLIN);
	assert_null(receipt(DUBLIN)); /* the answer left before the outcome was there */
	assert_int_equal(n_posts, 1);
	assert_shows(0, "immich is down");
	pass(MINUTE_MS); /* the site repeats it until it knows */
	assert_int_equal(n_attempts, 1);
	assert_int_equal(receipt(DUBLIN)->number, 17);
	assert_true(receipt(DUBLIN)->is_delivered);
	assert_string_equal(receipt(DUBLIN)->message, "100");
	watcher_delivered(watcher, now, &(struct watcher_outcome){ .reason = "of nothing" });
	beacon(DUBLIN);
	assert_true(receipt(DUBLIN)->is_delivered);
	sites[DUBLIN].n_deliver = 0;
	beacon(DUBLIN);
	assert_null(receipt(DUBLIN)); /* only what is asked for is answered */
}

static void an_edit_for_a_site_edits(void **state)
{
	(void)state;
	both_alive();
	hand(DUBLIN, 17, NULL);
	beacon(DUBLIN);
	sites[DUBLIN].n_deliver = 0;
	hand(DUBLIN, 18, "100");
	beacon(DUBLIN);
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 1);
	posts[0].is_deleted = true;
	sites[DUBLIN].n_deliver = 0;
	hand(DUBLIN, 19, "100");
	beacon(DUBLIN);
	beacon(DUBLIN);
	assert_false(receipt(DUBLIN)->is_delivered);
	assert_true(receipt(DUBLIN)->is_lost);
	assert_int_equal(n_posts, 1); /* what to do now is the site's to decide */
}

static void a_failure_is_the_sites_to_handle(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	hand(DUBLIN, 17, NULL);
	pass(MINUTE_MS);
	assert_int_equal(n_attempts, 1);
	assert_int_equal(receipt(DUBLIN)->number, 17);
	assert_false(receipt(DUBLIN)->is_delivered);
	assert_false(receipt(DUBLIN)->is_unanswered);
	assert_string_equal(receipt(DUBLIN)->reason, "no way out");
}

static void what_got_no_answer_is_not_called_a_failure(void **state)
{
	(void)state;
	both_alive();
	mood = UNHEARD;
	hand(DUBLIN, 17, NULL);
	pass(MINUTE_MS);
	assert_int_equal(n_attempts, 1);
	assert_false(receipt(DUBLIN)->is_delivered);
	assert_true(receipt(DUBLIN)->is_unanswered);
}

static void the_same_number_of_another_site_or_run_is_another_delivery(void **state)
{
	(void)state;
	both_alive();
	hand(DUBLIN, 17, NULL);
	hand(MUMBAI, 17, NULL);
	pass(BEACON_MS);
	assert_int_equal(n_posts, 2);
	come_alive(DUBLIN);
	pass(BEACON_MS);
	assert_int_equal(n_posts, 3);
}

static void a_channel_that_the_watcher_does_not_have_is_named(void **state)
{
	(void)state;
	both_alive();
	hand(DUBLIN, 17, NULL);
	str_copy(sites[DUBLIN].deliver[0].channel, NAME_BYTES_MAX, "matrix");
	beacon(DUBLIN);
	assert_int_equal(n_attempts, 0);
	assert_false(receipt(DUBLIN)->is_delivered);
	assert_non_null(strstr(receipt(DUBLIN)->reason, "no channel 'matrix'"));
}

static void repeats_are_known_among_many(void **state)
{
	(void)state;
	both_alive();
	for (uint64_t i = 1; i <= 40; i += BEACON_DELIVER_MAX) {
		sites[DUBLIN].n_deliver = 0;
		for (uint64_t j = i; j < i + BEACON_DELIVER_MAX; j++)
			hand(DUBLIN, j, NULL);
		beacon(DUBLIN);
		beacon(DUBLIN);
		assert_int_equal(sites[DUBLIN].answer.n_receipts, BEACON_DELIVER_MAX);
	}
	assert_int_equal(n_attempts, 40);
	sites[DUBLIN].n_deliver = 0;
	hand(DUBLIN, 1, NULL);
	beacon(DUBLIN);
	assert_int_equal(n_attempts, 40);
}

/* ---- drills */

static void a_drill_proves_the_way_and_says_so_to_who_asked(void **state)
{
	(void)state;
	both_alive();
	sites[DUBLIN].wants_drill = true;
	beacon(DUBLIN);
	assert_int_equal(n_posts, 1);
	assert_string_equal(posts[0].text,
		"{\"embeds\":[{\"title\":\"daily drill passed\",\"description\":\"dublin: heard\\n"
		"mumbai: heard\\nsite \xe2\x86\x92 webhost \xe2\x86\x92 here works, last proven "
		"<t:1767225660:f>\",\"color\":5989488,\"footer\":{\"text\":\"home \xc2\xb7 "
		"webhost\"}}],\"allowed_mentions\":{\"parse\":[]}}");
	beacon(DUBLIN);
	assert_true(sites[DUBLIN].answer.drill_done);
	assert_true(sites[DUBLIN].answer.drill_ok);
	pass(MINUTE_MS);
	assert_int_equal(n_attempts, 1);
	assert_false(sites[MUMBAI].answer.drill_done);
	sites[DUBLIN].wants_drill = false;
	beacon(DUBLIN);
	assert_false(sites[DUBLIN].answer.drill_done);
}

static void a_drill_edits_the_message_of_the_day_before(void **state)
{
	(void)state;
	both_alive();
	for (int day = 0; day < 3; day++) {
		sites[DUBLIN].wants_drill = true;
		beacon(DUBLIN);
		beacon(DUBLIN);
		assert_true(sites[DUBLIN].answer.drill_ok);
		sites[DUBLIN].wants_drill = false;
		pass(DAY_MS);
	}
	assert_int_equal(n_posts, 1);
	assert_int_equal(posts[0].n_edits, 2);
	posts[0].is_deleted = true;
	sites[DUBLIN].wants_drill = true;
	beacon(DUBLIN);
	pass(0);
	beacon(DUBLIN);
	assert_int_equal(n_posts, 2); /* somebody deleted it: not a reason to fail */
	assert_true(sites[DUBLIN].answer.drill_ok);
}

/* Both sites drill in the same minute: the message was created, and edited with the same words. */
static void two_sites_that_drill_at_once_are_one_message_and_no_edit(void **state)
{
	(void)state;
	both_alive();
	sites[DUBLIN].wants_drill = sites[MUMBAI].wants_drill = true;
	pass(20 * SECOND_MS);
	assert_true(sites[DUBLIN].answer.drill_ok);
	assert_true(sites[MUMBAI].answer.drill_ok);
	assert_int_equal(n_attempts, 1);
	sites[MUMBAI].wants_drill = false;
	pass(MINUTE_MS);
	sites[MUMBAI].wants_drill = true;
	pass(20 * SECOND_MS);
	assert_int_equal(n_attempts, 2);
}

static void a_drill_that_is_asked_for_again_is_made_at_once(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	sites[DUBLIN].wants_drill = true;
	pass(5 * MINUTE_MS);
	sites[DUBLIN].wants_drill = false;
	beacon(DUBLIN);
	mood = DELIVERS;
	sites[DUBLIN].wants_drill = true;
	beacon(DUBLIN);
	beacon(DUBLIN);
	assert_true(sites[DUBLIN].answer.drill_ok);
}

static void a_drill_that_fails_three_times_has_failed(void **state)
{
	(void)state;
	both_alive();
	mood = FAILS;
	sites[DUBLIN].wants_drill = true;
	beacon(DUBLIN);
	pass(5900); /* after 2 s and after 4 s more */
	beacon(DUBLIN);
	assert_int_equal(n_attempts, 2);
	assert_false(sites[DUBLIN].answer.drill_done);
	pass(100);
	beacon(DUBLIN);
	assert_true(sites[DUBLIN].answer.drill_done);
	assert_false(sites[DUBLIN].answer.drill_ok);
	assert_string_equal(sites[DUBLIN].answer.drill_reason, "no way out");
	sites[DUBLIN].wants_drill = false;
	pass(10 * MINUTE_MS);
	mood = DELIVERS;
	sites[DUBLIN].wants_drill = true;
	pass(2 * MINUTE_MS);
	assert_true(sites[DUBLIN].answer.drill_ok);
}

static void a_watcher_without_discord_has_no_drill_to_pass(void **state)
{
	(void)state;
	watcher_free(watcher);
	config.channels[0].kind = WATCHER_WEBHOOK;
	start_watcher();
	come_alive(DUBLIN);
	sites[DUBLIN].wants_drill = true;
	pass(BEACON_MS);
	assert_true(sites[DUBLIN].answer.drill_done);
	assert_false(sites[DUBLIN].answer.drill_ok);
	assert_int_equal(n_attempts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_fails_is_tried_again_with_growing_patience),
		TEST(a_429_waits_as_long_as_it_says),
		TEST(a_delivery_without_an_outcome_is_given_up_after_25_s),
		TEST(what_failed_is_no_repeat),
		TEST(a_message_that_somebody_deleted_is_written_anew_at_once),
		TEST(nothing_leaves_before_the_state_is_saved),
		TEST(the_state_is_saved_once_a_minute),
		TEST(what_a_site_hands_over_is_delivered_once),
		TEST(an_edit_for_a_site_edits),
		TEST(a_failure_is_the_sites_to_handle),
		TEST(what_got_no_answer_is_not_called_a_failure),
		TEST(the_same_number_of_another_site_or_run_is_another_delivery),
		TEST(a_channel_that_the_watcher_does_not_have_is_named),
		TEST(repeats_are_known_among_many),
		TEST(a_drill_proves_the_way_and_says_so_to_who_asked),
		TEST(a_drill_edits_the_message_of_the_day_before),
		TEST(two_sites_that_drill_at_once_are_one_message_and_no_edit),
		TEST(a_drill_that_is_asked_for_again_is_made_at_once),
		TEST(a_drill_that_fails_three_times_has_failed),
		TEST(a_watcher_without_discord_has_no_drill_to_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
