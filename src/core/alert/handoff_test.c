/* SPDX-License-Identifier: Apache-2.0 */
/* Who tells it when a site can't: the peer, or the watcher. */
#include "core/alert/alert_pair.h"

/* It went on waiting as long as the last of many failures had made it wait. */
static void a_way_out_that_is_seen_to_work_again_is_used_at_once(void **state)
{
	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_part(p);
	pair_fails(p, PHOTOS);
	pair_run(p, 30 * MINUTE_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	alert_egress(p->sites[MUMBAI].alert, p->now, 0, true);
	pair_run(p, SECOND_MS);
	assert_int_equal(pair_last(p)->by, MUMBAI);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

static void a_dead_way_out_hands_over_to_the_peer(void **state)
{
	const struct incident *in;

	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	in = pair_incident(p, MUMBAI, PHOTOS);
	assert_int_equal(pair_last(p)->by, DUBLIN);
	assert_string_equal(in->told[0].via, "dublin");
	assert_int_equal(in->told[0].version, in->version);
	assert_int_equal(pair_count(p, "receipt"), 1);
}

static void what_was_handed_over_is_edited_by_whoever_can(void **state)
{
	char message[MESSAGE_ID_MAX];

	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	str_copy(message, sizeof message, pair_incident(p, MUMBAI, PHOTOS)->told[0].message);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	alert_egress(p->sites[MUMBAI].alert, p->now, 0, true);
	pair_recovers(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_last(p)->by, MUMBAI);
	assert_true(pair_last(p)->delivery.is_edit);
	assert_string_equal(pair_last(p)->delivery.message, message);
}

static void what_the_peer_does_not_answer_for_is_taken_back_aloud(void **state)
{
	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	p->sites[DUBLIN].answers[0].is_mute = true;
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	assert_int_equal(pair_count(p, "handoff"), 1);
	pair_part(p);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	alert_egress(p->sites[MUMBAI].alert, p->now, 0, true);
	pair_run(p, ALERT_HANDOFF_MS + SECOND_MS);
	assert_int_equal(pair_count(p, "handoff"), 2);
	assert_int_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].version, 1);
}

static void the_watcher_delivers_when_the_peer_can_not(void **state)
{
	(void)state;
	p->sites[MUMBAI].config.watcher = "webhost";
	pair_reload(p, MUMBAI);
	pair_part(p);
	alert_watcher(p->sites[MUMBAI].alert, p->now, true);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	assert_true(pair_last(p)->is_by_watcher);
	assert_string_equal(pair_incident(p, MUMBAI, PHOTOS)->told[0].via, "webhost");
}

static void what_got_no_answer_before_an_orderly_stop_is_said_to_be_in_doubt(void **state)
{
	(void)state;
	p->sites[MUMBAI].answers[0].is_mute = true;
	pair_fails(p, PHOTOS);
	pair_run(p, SECOND_MS);
	assert_int_equal(pair_created(p), 1);
	alert_stop(p->sites[MUMBAI].alert);
	pair_run(p, SECOND_MS);
	pair_stop(p, MUMBAI);
	p->sites[MUMBAI].answers[0].is_mute = false;
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_created(p), 2);
	assert_true(pair_says(p, "Maybe a repeat"));
}

/* The message was told and then deleted: it is the new one that nobody answered for. */
static void so_is_the_new_one_of_a_message_that_was_deleted(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_LOST));
	p->sites[MUMBAI].answers[0].is_mute_to_new = true;
	pair_fails(p, MEDIA);
	pair_run(p, 10 * SECOND_MS);
	assert_false(pair_last(p)->delivery.is_edit);
	pair_forget_sent(p);
	alert_stop(p->sites[MUMBAI].alert);
	pair_run(p, SECOND_MS);
	pair_stop(p, MUMBAI);
	p->sites[MUMBAI].answers[0].is_mute_to_new = false;
	pair_start(p, MUMBAI);
	pair_run(p, MINUTE_MS);
	assert_true(pair_created(p) > 0);
	assert_true(pair_says(p, "Maybe a repeat"));
}

/* Its answer was lost, and the peer then told it as if for the first time. */
static void what_the_watcher_may_have_told_is_said_to_be_in_doubt_by_the_peer(void **state)
{
	(void)state;
	p->sites[MUMBAI].config.watcher = "webhost";
	pair_reload(p, MUMBAI);
	pair_part(p);
	alert_watcher(p->sites[MUMBAI].alert, p->now, true);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	p->sites[MUMBAI].is_watcher_mute = true;
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_run(p, MINUTE_MS);
	assert_true(pair_last(p)->is_by_watcher);
	pair_heal(p);
	pair_run(p, ALERT_WATCHER_MS);
	assert_int_equal(pair_last(p)->by, DUBLIN);
	assert_false(pair_last(p)->delivery.is_edit);
	assert_true(pair_says(p, "repeat"));
}

/* It took what it was handed, and says nothing of it: the others were never handed over. */
static void a_watcher_that_gives_no_outcome_is_asked_for_one_after_the_other(void **state)
{
	const struct incident *photos, *other;
	uint32_t n_photos = 0, n_other = 0;

	(void)state;
	pair_add_checks(p, 1, NAS);
	p->sites[MUMBAI].config.watcher = "webhost";
	pair_reload(p, MUMBAI);
	pair_part(p);
	alert_watcher(p->sites[MUMBAI].alert, p->now, true);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	p->sites[MUMBAI].is_watcher_mute = true;
	pair_judge(p, MUMBAI, PHOTOS, &pair_down);
	pair_judge(p, MUMBAI, PAIR_CHECKS, &pair_down);
	pair_run(p, 10 * MINUTE_MS);
	photos = pair_incident(p, MUMBAI, PHOTOS);
	other = pair_incident(p, MUMBAI, PAIR_CHECKS);
	for (uint32_t i = 0; i < p->n_sent; i++) {
		const struct pair_request *r = &p->sent[i];

		n_photos += r->is_by_watcher && str_eq(r->delivery.incident, photos->id);
		n_other += r->is_by_watcher && str_eq(r->delivery.incident, other->id);
	}
	assert_in_range(n_photos, 2, 4); /* each time it waits twice as long */
	assert_in_range(n_other, 2, 4);
}

static void what_the_peer_may_have_told_is_said_to_be_in_doubt(void **state)
{
	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	p->sites[DUBLIN].answers[0].is_mute = true;
	pair_fails(p, PHOTOS);
	pair_run(p, 20 * SECOND_MS);
	pair_stop(p, DUBLIN);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_last(p)->by, MUMBAI);
	assert_true(pair_says(p, "repeat"));
}

/* Asked to edit a message, it finds it deleted, and writes a new one that gets no answer. */
static void what_the_peer_may_have_written_anew_is_said_to_be_in_doubt(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	pair_answer(p, DUBLIN, 0, PAIR_ANSWER(PACE_LOST));
	p->sites[DUBLIN].answers[0].is_mute_to_new = true;
	pair_fails(p, MEDIA);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_last(p)->by, DUBLIN);
	assert_false(pair_last(p)->delivery.is_edit);
	pair_stop(p, DUBLIN);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_LOST));
	pair_run(p, 2 * MINUTE_MS);
	assert_int_equal(pair_last(p)->by, MUMBAI);
	assert_false(pair_last(p)->delivery.is_edit);
	assert_true(pair_says(p, "Maybe a repeat"));
}

static void an_edit_that_was_taken_back_is_no_repeat(void **state)
{
	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, MINUTE_MS);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	p->sites[DUBLIN].answers[0].is_mute = true;
	pair_fails(p, MEDIA);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(pair_last(p)->by, DUBLIN);
	pair_stop(p, DUBLIN);
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_DELIVERED));
	pair_run(p, MINUTE_MS);
	assert_int_equal(pair_last(p)->by, MUMBAI);
	assert_true(pair_last(p)->delivery.is_edit);
	assert_false(pair_says(p, "Maybe a repeat"));
}

/* It was asked for before the sites were parted, and the owner had long told it in another way. */
static void what_was_asked_for_before_the_sites_met_again_is_not_done(void **state)
{
	(void)state;
	pair_answer(p, MUMBAI, 0, PAIR_ANSWER(PACE_FAILED));
	p->sites[DUBLIN].reads_slowly = true;
	for (int i = 0; i < 20; i++)
		pair_write(p, MUMBAI, "note", "photos", "{}");
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	assert_int_equal(pair_count(p, "handoff"), 1);
	pair_part(p);
	pair_run(p, 3 * SECOND_MS);
	pair_heal(p);
	pair_run(p, 28 * SECOND_MS);
	for (uint32_t i = 0; i < p->n_sent; i++)
		assert_int_equal(p->sent[i].by, MUMBAI);
	pair_run(p, MINUTE_MS); /* and is asked for again */
	assert_int_equal(pair_last(p)->by, DUBLIN);
	assert_int_equal(pair_count(p, "receipt"), 1);
}

static void a_receipt_says_what_was_told_where_and_by_whom(void **state)
{
	const struct pair_event *receipt = NULL;

	(void)state;
	pair_fails(p, PHOTOS);
	pair_run(p, 10 * SECOND_MS);
	for (uint32_t i = 0; i < p->n_log; i++)
		if (str_eq(p->log[i].kind, "receipt"))
			receipt = &p->log[i];
	assert_non_null(receipt);
	assert_string_equal(receipt->subject, pair_incident(p, MUMBAI, PHOTOS)->id);
	assert_string_equal(receipt->body,
		"{\"channel\":\"discord\",\"version\":1,\"message\":\"m1\","
		"\"via\":\"mumbai\"}");
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_way_out_that_is_seen_to_work_again_is_used_at_once),
		T(a_dead_way_out_hands_over_to_the_peer),
		T(what_was_handed_over_is_edited_by_whoever_can),
		T(what_the_peer_does_not_answer_for_is_taken_back_aloud),
		T(the_watcher_delivers_when_the_peer_can_not),
		T(what_got_no_answer_before_an_orderly_stop_is_said_to_be_in_doubt),
		T(so_is_the_new_one_of_a_message_that_was_deleted),
		T(what_the_watcher_may_have_told_is_said_to_be_in_doubt_by_the_peer),
		T(a_watcher_that_gives_no_outcome_is_asked_for_one_after_the_other),
		T(what_the_peer_may_have_told_is_said_to_be_in_doubt),
		T(what_the_peer_may_have_written_anew_is_said_to_be_in_doubt),
		T(an_edit_that_was_taken_back_is_no_repeat),
		T(what_was_asked_for_before_the_sites_met_again_is_not_done),
		T(a_receipt_says_what_was_told_where_and_by_whom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
