/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_pair.h"

static void nobody_reaches_the_channel(uint8_t site)
{
	pair_answer(p, site, 0, PAIR_ANSWER(PACE_FAILED));
}

/* ---- one message, edited in place */

static void an_incident_is_one_message_from_its_fall_to_its_end(void **state)
{
	char message[MESSAGE_ID_MAX];

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_false(pair_last(p)->delivery.is_edit);
	str_copy(message, sizeof message, pair_incident(p, MUMBAI, PHOTOS)->told[0].message);
	assert_string_not_equal(message, "");
	pair_fails(p, MEDIA);
	pair_run(p, 10 * SECOND_MS);
	assert_true(pair_says(p, "media"));
	pair_recovers(p, PHOTOS);
	pair_recovers(p, MEDIA);
	pair_run(p, 10 * MINUTE_MS);
	assert_true(pair_says(p, "photos is back"));
	assert_int_equal(pair_created(p), 1);
	for (uint32_t i = 1; i < p->n_sent; i++)
		assert_string_equal(p->sent[i].delivery.message, message);
}

static void edits_of_one_message_keep_their_distance(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	for (int i = 0; i < 20; i++) {
		pair_judge(p, MUMBAI, PHOTOS, i % 2 ? &pair_down : &pair_path);
		pair_run(p, SECOND_MS);
	}
	pair_run(p, 10 * SECOND_MS);
	assert_true(p->n_sent > 2);
	for (uint32_t i = 2; i < p->n_sent; i++)
		assert_true(p->sent[i].at.ms - p->sent[i - 1].at.ms >= ALERT_EDIT_MS);
}

static void changes_that_come_together_are_one_edit(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_fails(p, MEDIA);
	pair_run(p, MINUTE_MS);
	pair_recovers(p, PHOTOS);
	pair_run(p, SECOND_MS);
	pair_recovers(p, MEDIA);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "photos is back"));
}

static void a_deleted_message_is_written_anew(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_LOST));
	pair_fails(p, MEDIA);
	pair_run(p, ALERT_SETTLE_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_created(p), 2);
	assert_false(pair_last(p)->delivery.is_edit);
}

/* It was, in the moment before it was merged into one that was told. */
static void a_deleted_message_is_not_written_anew_before_the_news_is_in(void **state)
{
	(void)state;
	pair_fails(p, GIT);
	pair_run(p, 10 * SECOND_MS);
	pair_part(p);
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_LOST));
	pair_run(p, MINUTE_MS);
	pair_judge(p, DUBLIN, GIT, &pair_path);
	pair_heal(p);
	pair_run(p, ALERT_CALM_MS - SECOND_MS);
	assert_true(pair_last(p)->delivery.is_edit);
	assert_int_equal(pair_created(p), 1);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_created(p), 2);
}

static void a_mail_is_written_at_the_fall_and_at_the_end_only(void **state)
{
	uint32_t mails = 0;

	(void)state;
	pair_add_channel(p, "mail", ALERT_SMTP);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_fails(p, MEDIA);
	pair_run(p, MINUTE_MS);
	pair_recovers(p, PHOTOS);
	pair_recovers(p, MEDIA);
	pair_run(p, 5 * MINUTE_MS);
	for (uint32_t i = 0; i < p->n_sent; i++)
		mails += p->sent[i].delivery.channel == 1;
	assert_int_equal(mails, 2);
}

static void a_webhook_is_told_each_change(void **state)
{
	uint32_t hooks = 0;

	(void)state;
	pair_add_channel(p, "hook", ALERT_WEBHOOK);
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_fails(p, MEDIA);
	pair_run(p, MINUTE_MS);
	for (uint32_t i = 0; i < p->n_sent; i++)
		hooks += p->sent[i].delivery.channel == 1;
	assert_int_equal(hooks, 2);
}

static void a_channel_is_not_told_what_is_less_severe_than_it_wants(void **state)
{
	(void)state;
	p->sites[MUMBAI].channels[0].least_rank = 2;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_non_null(pair_incident(p, MUMBAI, PHOTOS));
	assert_int_equal(p->n_sent, 0);
}

/* ---- what the channel answers */

static void first_messages_go_one_at_a_time(void **state)
{
	(void)state;
	p->sites[DUBLIN].answers[0].is_mute = true;
	pair_fails(p, GIT);
	pair_fails(p, LINK);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(p->n_sent, 1);
}

static void an_attempt_without_an_answer_is_made_again_and_says_so(void **state)
{
	(void)state;
	p->sites[MUMBAI].answers[0].is_mute = true;
	pair_fails(p, PHOTOS);
	pair_run(p, ALERT_UNANSWERED_MS);
	p->sites[MUMBAI].answers[0].is_mute = false;
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "repeat"));
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

/* It was tried again and again while nobody answered, each time as one more possible repeat. */
static void a_channel_that_hangs_costs_one_possible_repeat(void **state)
{
	(void)state;
	pair_part(p);
	p->sites[MUMBAI].answers[0].is_mute = true;
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, PACE_DOUBT_MS - SECOND_MS);
	assert_int_equal(p->n_sent, 1);
	assert_true(p->sites[MUMBAI].n_tests > 10);
	p->sites[MUMBAI].answers[0].is_mute = false;
	pair_run(p, ALERT_TEST_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "repeat"));
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

static void a_channel_that_hangs_is_sent_nothing_else_before_it_answers(void **state)
{
	(void)state;
	pair_part(p);
	p->sites[MUMBAI].answers[0].is_mute = true;
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_judge(p, MUMBAI, ROUTER, &pair_down);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	p->sites[MUMBAI].answers[0].is_mute = false;
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 3);
	assert_false(pair_says(p, "repeat")); /* the second is told for the first time */
}

/* Who is asked to deliver what may be a repeat makes sure first, too. */
static void a_channel_that_hangs_for_both_sites_costs_one_possible_repeat(void **state)
{
	(void)state;
	p->sites[MUMBAI].answers[0].is_mute = p->sites[DUBLIN].answers[0].is_mute = true;
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	p->sites[MUMBAI].answers[0].is_mute = p->sites[DUBLIN].answers[0].is_mute = false;
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(pair_created(p), 2);
	assert_true(pair_says(p, "repeat"));
}

/* Nothing may wait for ever for a test that a proxy lets nobody make. */
static void a_channel_that_answers_no_test_is_written_to_all_the_same_after_long(void **state)
{
	(void)state;
	pair_part(p);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_UNANSWERED));
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, PACE_DOUBT_MS + PACE_RETRY_MAX_MS + MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "repeat"));
}

static void that_it_may_be_a_repeat_outlives_a_restart(void **state)
{
	(void)state;
	pair_part(p);
	p->sites[MUMBAI].answers[0].is_mute = true;
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_stop(p, MUMBAI);
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 1);
	p->sites[MUMBAI].answers[0].is_mute = false;
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 2);
	assert_true(pair_says(p, "repeat"));
}

static void a_channel_that_answered_every_time_is_not_tested(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(p->sites[MUMBAI].n_tests + p->sites[DUBLIN].n_tests, 0);
}

static void a_limit_on_the_route_is_waited_for(void **state)
{
	struct pace_answer later = PAIR_ANSWER(PACE_LATER);

	(void)state;
	later.retry_after_ms = 30 * SECOND_MS;
	pair_answer(p, MUMBAI, 0, later);
	pair_fails(p, PHOTOS);
	pair_run(p, SECOND_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 28 * SECOND_MS);
	assert_int_equal(p->n_sent, 1);
	pair_run(p, 3 * SECOND_MS);
	assert_int_equal(p->n_sent, 2);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

static void a_limit_on_everything_holds_for_the_services_other_channels(void **state)
{
	struct pace_answer later = PAIR_ANSWER(PACE_LATER);

	(void)state;
	pair_add_channel(p, "phone", ALERT_DISCORD);
	pair_add_channel(p, "hook", ALERT_WEBHOOK);
	later.retry_after_ms = 30 * SECOND_MS;
	later.is_global = true;
	pair_answer(p, MUMBAI, 0, later);
	pair_fails(p, PHOTOS);
	pair_run(p, SECOND_MS); /* to all at once; one is told to wait */
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_fails(p, MEDIA);
	pair_run(p, 20 * SECOND_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[1].version, 1);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[2].version, 2);
	pair_run(p, 20 * SECOND_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[1].version, 2);
}

static void a_text_that_is_refused_is_told_plainly(void **state)
{
	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_REJECTED));
	pair_fails(p, PHOTOS);
	pair_run(p, 100);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(p->n_sent, 2);
	assert_false(pair_says(p, "embeds"));
	assert_true(pair_says(p, "photos is down"));
}

static void nothing_is_lost_while_the_channel_fails_for_hours(void **state)
{
	(void)state;
	nobody_reaches_the_channel(DUBLIN);
	nobody_reaches_the_channel(MUMBAI);
	pair_fails(p, PHOTOS);
	pair_run(p, 3 * HOUR_MS);
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

/* ---- after an outage */

static void fall_and_rise(uint16_t check)
{
	pair_judge(p, MUMBAI, check, &pair_down);
	pair_run(p, MINUTE_MS);
	pair_judge(p, MUMBAI, check, &pair_well);
	pair_run(p, 5 * MINUTE_MS);
}

static void a_backlog_is_told_as_one_summary(void **state)
{
	uint32_t before;

	(void)state;
	pair_add_checks(p, 6, NAS);
	pair_part(p);
	nobody_reaches_the_channel(MUMBAI);
	for (uint16_t i = 0; i < 6; i++)
		fall_and_rise(PAIR_CHECKS + i);
	before = p->n_sent;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_sent - before, 1);
	for (uint16_t i = 0; i < 6; i++)
		assert_true(pair_says(p, p->sites[MUMBAI].checks[PAIR_CHECKS + i].name));
	assert_int_equal(pair_count(p, "receipt"), 6);
}

/* One of them may have been told, and the summary didn't say so. */
static void a_summary_of_what_may_have_been_told_says_so(void **state)
{
	(void)state;
	pair_add_checks(p, 6, NAS);
	pair_part(p);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_UNANSWERED));
	for (uint16_t i = 0; i < 6; i++)
		fall_and_rise(PAIR_CHECKS + i);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * MINUTE_MS);
	assert_true(pair_says(p, "could not be sent"));
	assert_true(pair_says(p, "Maybe a repeat"));
}

/* What is told after the summary is no edit of it, and the attempt before it may have arrived. */
static void what_follows_a_summary_of_what_may_have_been_told_says_so_too(void **state)
{
	const uint16_t again = PAIR_CHECKS;
	const struct pair_request *last;

	(void)state;
	pair_add_checks(p, 2, NAS);
	pair_part(p);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_UNANSWERED));
	pair_judge(p, MUMBAI, again, &pair_down);
	fall_and_rise(again + 1);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_judge(p, MUMBAI, again, &pair_well);
	pair_run(p, 20 * SECOND_MS);
	assert_true(pair_says(p, "could not be sent"));
	assert_string_equal(pair_incident(p, MUMBAI, again)->told[0].message, "");

	pair_stop(p, MUMBAI); /* nor does a restart forget it */
	pair_start(p, MUMBAI);
	pair_judge(p, MUMBAI, again, &pair_down);
	pair_run(p, MINUTE_MS);
	last = pair_last(p);
	assert_string_equal(last->delivery.incident, pair_incident(p, MUMBAI, again)->id);
	assert_false(last->delivery.is_edit);
	assert_true(pair_says(p, "Maybe a repeat"));
}

/* It says that all goes on, and now that it is known it needn't; so also after a restart, which reads
 * the receipts in the order of time. */
static void a_message_that_is_heard_of_after_the_summary_is_edited(void **state)
{
	const struct incident *in;
	const struct pair_request *last;
	char id[INCIDENT_ID_MAX];

	(void)state;
	pair_add_checks(p, 2, NAS);
	pair_part(p);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_UNANSWERED));
	fall_and_rise(PAIR_CHECKS);
	str_copy(id, sizeof id, p->sent[0].delivery.incident);
	fall_and_rise(PAIR_CHECKS + 1);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * MINUTE_MS);
	assert_true(pair_says(p, "could not be sent"));
	pair_write(p, MUMBAI, "receipt", id,
		"{\"channel\":\"discord\",\"version\":1,\"message\":\"late\",\"via\":\"webhost\"}");
	pair_run(p, MINUTE_MS);
	last = pair_last(p);
	assert_true(last->delivery.is_edit);
	assert_string_equal(last->delivery.message, "late");
	assert_string_equal(last->delivery.incident, id);
	in = map_get(alert_incidents(p->sites[MUMBAI].alert), id);
	assert_int_equal(in->told[0].version, in->version);
	pair_forget_sent(p);
	pair_stop(p, MUMBAI);
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	in = map_get(alert_incidents(p->sites[MUMBAI].alert), id);
	assert_int_equal(in->told[0].version, in->version);
	assert_int_equal(p->n_sent, 0);
}

/* A webhook's messages have no id, and nothing of them is edited: a receipt ends the doubt. */
static void a_webhook_that_was_told_leaves_no_doubt(void **state)
{
	char body[128];

	(void)state;
	pair_add_channel(p, "hook", ALERT_WEBHOOK);
	pair_part(p);
	pair_answer(p, MUMBAI, 1, PAIR_ANSWER(PACE_UNANSWERED));
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	snprintf(body, sizeof body,
		"{\"channel\":\"hook\",\"version\":%u,\"message\":\"\",\"via\":\"mumbai\"}",
		pair_incident(p, MUMBAI, PHOTOS)->version);
	pair_write(p, MUMBAI, "receipt", pair_incident(p, MUMBAI, PHOTOS)->id, body);
	pair_answer(p, MUMBAI, 1, PAIR_ANSWER(PACE_DELIVERED));
	pair_forget_sent(p);
	pair_recovers(p, PHOTOS);
	for (int i = 0; i < 100 && (!p->n_sent || pair_last(p)->delivery.channel != 1); i++)
		pair_run(p, SECOND_MS);
	assert_true(pair_says(p, "\"state\":\"recovering\""));
	assert_true(pair_says(p, "\"may_be_repeat\":false"));
}

static void a_few_that_waited_are_told_one_by_one(void **state)
{
	uint32_t before;

	(void)state;
	pair_add_checks(p, ALERT_BACKLOG, NAS);
	pair_part(p);
	nobody_reaches_the_channel(MUMBAI);
	for (uint16_t i = 0; i < ALERT_BACKLOG; i++)
		fall_and_rise(PAIR_CHECKS + i);
	before = p->n_sent;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_sent - before, ALERT_BACKLOG);
}

static void what_is_still_down_after_an_outage_has_a_message_of_its_own(void **state)
{
	(void)state;
	pair_add_checks(p, 5, NAS);
	pair_part(p);
	nobody_reaches_the_channel(MUMBAI);
	for (uint16_t i = 0; i < 5; i++)
		fall_and_rise(PAIR_CHECKS + i);
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, 10 * MINUTE_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, 10 * MINUTE_MS);
	assert_string_not_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].message, "");
}

static void an_acknowledgement_at_one_site_is_shown_in_the_other_s_message(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	pair_write(p, DUBLIN, "ack", pair_incident(p, DUBLIN, PHOTOS)->id,
		"{\"by\":\"anna\",\"why\":\"on it\"}");
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	assert_int_equal(pair_last(p)->by, MUMBAI);
	assert_true(pair_says(p, "anna"));
	assert_true(pair_says(p, "on it"));
}

static void a_message_of_who_had_lost_that_it_was_told_is_edited_too(void **state)
{
	char id[INCIDENT_ID_MAX];
	uint32_t n = 0;

	(void)state;
	pair_fails(p, NAS);
	pair_run(p, 10 * SECOND_MS);
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	str_copy(id, sizeof id, pair_incident(p, MUMBAI, NAS)->id);
	assert_true(pair_incident(p, MUMBAI, NAS)->told[0].version > 1);
	pair_write(p, MUMBAI, "receipt", id,
		"{\"channel\":\"discord\",\"version\":1,\"message\":\"stray\",\"via\":\"mumbai\"}");
	pair_forget_sent(p);
	pair_recovers(p, NAS);
	pair_recovers(p, PHOTOS);
	pair_run(p, 2 * MINUTE_MS);
	for (uint32_t i = 0; i < p->n_sent; i++)
		n += str_eq(p->sent[i].delivery.message, "stray");
	assert_true(n > 0 && p->n_sent > n);
	pair_forget_sent(p);
	pair_stop(p, MUMBAI);
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_sent, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_incident_is_one_message_from_its_fall_to_its_end),
		T(edits_of_one_message_keep_their_distance),
		T(changes_that_come_together_are_one_edit),
		T(a_deleted_message_is_written_anew),
		T(a_deleted_message_is_not_written_anew_before_the_news_is_in),
		T(a_mail_is_written_at_the_fall_and_at_the_end_only),
		T(a_webhook_is_told_each_change),
		T(a_channel_is_not_told_what_is_less_severe_than_it_wants),
		T(first_messages_go_one_at_a_time),
		T(an_attempt_without_an_answer_is_made_again_and_says_so),
		T(a_channel_that_hangs_costs_one_possible_repeat),
		T(a_channel_that_hangs_is_sent_nothing_else_before_it_answers),
		T(a_channel_that_hangs_for_both_sites_costs_one_possible_repeat),
		T(a_channel_that_answers_no_test_is_written_to_all_the_same_after_long),
		T(that_it_may_be_a_repeat_outlives_a_restart),
		T(a_channel_that_answered_every_time_is_not_tested),
		T(a_limit_on_the_route_is_waited_for),
		T(a_limit_on_everything_holds_for_the_services_other_channels),
		T(a_text_that_is_refused_is_told_plainly),
		T(nothing_is_lost_while_the_channel_fails_for_hours),
		T(a_backlog_is_told_as_one_summary),
		T(a_summary_of_what_may_have_been_told_says_so),
		T(what_follows_a_summary_of_what_may_have_been_told_says_so_too),
		T(a_message_that_is_heard_of_after_the_summary_is_edited),
		T(a_webhook_that_was_told_leaves_no_doubt),
		T(a_few_that_waited_are_told_one_by_one),
		T(what_is_still_down_after_an_outage_has_a_message_of_its_own),
		T(an_acknowledgement_at_one_site_is_shown_in_the_other_s_message),
		T(a_message_of_who_had_lost_that_it_was_told_is_edited_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
