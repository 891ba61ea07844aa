/* SPDX-License-Identifier: Apache-2.0 */
/* States, deadlines, the choice between two connections, beats. */
#include "core/peer/link_fixture.h"

static void a_link_that_is_down_dials_soon_and_then_ever_more_rarely(void **unused)
{
	struct side s = make();
	int64_t least[] = { 250, 500, 1000, 2000, 4000, 7500, 7500 };

	(void)unused;
	assert_in_range(link_wake(&s.l).ms - s.now.mono.ms, 0, LINK_REDIAL_MIN_MS);
	for (size_t i = 0; i < COUNT(least); i++) {
		s.now.mono = link_wake(&s.l);
		tick(&s);
		assert_non_null(effect(&s, LINK_DO_DIAL));
		lose(&s, 0, "connection refused");
		assert_string_equal(s.l.why, "connection refused");
		assert_in_range(link_wake(&s.l).ms - s.now.mono.ms, least[i], 2 * least[i]);
	}
}

static void a_dial_without_an_answer_is_repeated(void **unused)
{
	struct side s = make();

	(void)unused;
	wait_ms(&s, LINK_REDIAL_MIN_MS);
	tick(&s);
	assert_true(s.l.is_dialling);
	wait_ms(&s, LINK_DIAL_MS - 1);
	tick(&s);
	assert_int_equal(s.n, 0);
	wait_ms(&s, 1);
	tick(&s);
	assert_non_null(effect(&s, LINK_DO_DIAL));
}

static void a_hello_is_answered_with_a_beat_and_the_link_is_up(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	s.self.state_digest = 77;
	s.self.can_deliver = true;
	connected(&s, 1, false);
	assert_int_equal(s.l.state, LINK_GREETING);
	assert_string_equal(sent(&s, LINK_HELLO)->site, "dublin");
	assert_int_equal(sent(&s, LINK_HELLO)->protocol, LINK_PROTOCOL);
	assert_int_equal(sent(&s, LINK_HELLO)->state_digest, 77);
	assert_true(sent(&s, LINK_HELLO)->can_deliver);
	assert_ptr_equal(sent(&s, LINK_HELLO)->heads, s.heads);
	m.lab_hash.bytes[0] = 9;
	hear(&s, 1, &m);
	assert_int_equal(s.l.state, LINK_UP);
	assert_non_null(effect(&s, LINK_SAY_UP));
	assert_int_equal(sent(&s, LINK_BEAT)->echo, 1);
	assert_string_equal(s.l.peer, "mumbai");
	assert_int_equal(s.l.peer_lab_hash.bytes[0], 9);
}

static void who_says_no_hello_for_five_seconds_is_dropped(void **unused)
{
	struct side s = make();

	(void)unused;
	connected(&s, 1, true);
	assert_int_equal(link_wake(&s.l).ms - s.now.mono.ms, LINK_GREETING_MS);
	wait_ms(&s, LINK_GREETING_MS);
	tick(&s);
	assert_int_equal(s.l.state, LINK_DOWN);
	assert_int_equal(effect(&s, LINK_DO_CLOSE)->connection, 1);
	assert_string_equal(effect(&s, LINK_SAY_DOWN)->why, "no HELLO within 5 s");
}

static void another_protocol_is_refused_with_the_reason(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	m.protocol = LINK_PROTOCOL + 1;
	connected(&s, 1, true);
	hear(&s, 1, &m);
	assert_int_equal(s.l.state, LINK_DOWN);
	assert_string_equal(sent(&s, LINK_BYE)->why,
		"mumbai speaks link protocol 3, the other side speaks 2");
	assert_non_null(effect(&s, LINK_DO_CLOSE));
}

static void speaking_before_the_hello_ends_the_connection(void **unused)
{
	struct side s = make();

	(void)unused;
	connected(&s, 1, true);
	hear_beat(&s, NULL, 0);
	assert_int_equal(s.l.state, LINK_DOWN);
	assert_string_equal(s.l.why, "the peer spoke before its HELLO");
}

static void a_beat_goes_out_every_two_seconds(void **unused)
{
	struct side s = make_up();
	uint64_t before = s.l.beats_sent;

	(void)unused;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(link_wake(&s.l).ms - s.now.mono.ms, LINK_BEAT_MS);
		s.now.mono = link_wake(&s.l);
		tick(&s);
		assert_int_equal(s.n, 1);
		assert_int_equal(sent(&s, LINK_BEAT)->beat, before + 1 + (uint64_t)i);
		hear_beat(&s, s.heads, 1);
		assert_int_equal(s.n, 1);
		assert_non_null(effect(&s, LINK_SAY_BEAT));
	}
}

/* The BEAT of the next two seconds. */
static const struct link_msg *next_beat(struct side *s)
{
	wait_ms(s, LINK_BEAT_MS);
	hear_beat(s, s->heads, 1);
	tick(s);
	return sent(s, LINK_BEAT);
}

static void heads_are_shown_when_they_changed_and_once_on_each_connection(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	connected(&s, 1, true);
	hear(&s, 1, &m);
	/* Right after our HELLO, which isn't counted. */
	assert_int_equal(sent(&s, LINK_BEAT)->heads_of, 0);
	assert_int_equal(sent(&s, LINK_BEAT)->n_heads, 1);
	assert_int_equal(next_beat(&s)->heads_of, s.l.shown_in);
	assert_int_equal(sent(&s, LINK_BEAT)->n_heads, 0);
	grow(&s, 11);
	assert_int_equal(next_beat(&s)->heads_of, 0);
	assert_int_equal(sent(&s, LINK_BEAT)->heads[0].seq, 11);
	assert_int_equal(next_beat(&s)->heads_of, s.l.shown_in);
	lose(&s, 1, "gone");
	connected(&s, 2, true);
	hear(&s, 2, &m);
	assert_int_equal(sent(&s, LINK_BEAT)->heads_of, 0);
}

static void heads_that_are_not_shown_again_stand(void **unused)
{
	struct side s = make_up();
	struct link_head more = head("mumbai", 1, 3);
	struct link_msg m = { .kind = LINK_BEAT, .beat = 9 };

	(void)unused;
	hear_beat(&s, &more, 1);
	assert_null(effect(&s, LINK_SAY_BEAT));
	m.heads_of = s.l.beat_heard;
	hear(&s, 1, &m);
	assert_null(effect(&s, LINK_SAY_BEAT)); /* we still lack what was promised */
	assert_int_equal(s.l.n_peer_heads, 1);
	assert_int_equal(s.l.peer_heads[0].seq, 3);
	m.heads_of++; /* which never came */
	hear(&s, 1, &m);
	assert_string_equal(s.l.why, "a message of the connection was lost");
}

static void a_quiet_peer_is_suspect_after_five_seconds_and_any_message_clears_it(void **unused)
{
	struct side s = make_up();

	(void)unused;
	wait_ms(&s, LINK_SUSPECT_MS);
	tick(&s);
	assert_int_equal(s.l.state, LINK_SUSPECT);
	assert_non_null(sent(&s, LINK_BEAT)); /* it may be us who aren't heard */
	hear_beat(&s, s.heads, 1);
	assert_int_equal(s.l.state, LINK_UP);
	assert_null(effect(&s, LINK_SAY_UP));
}

static void a_peer_quiet_for_eight_seconds_is_given_up(void **unused)
{
	struct side s = make_up();

	(void)unused;
	wait_ms(&s, LINK_SUSPECT_MS);
	tick(&s);
	wait_ms(&s, LINK_DOWN_MS - LINK_SUSPECT_MS);
	tick(&s);
	assert_int_equal(s.l.state, LINK_DOWN);
	assert_string_equal(effect(&s, LINK_SAY_DOWN)->why, "nothing heard for 8 s");
	assert_int_equal(effect(&s, LINK_DO_CLOSE)->connection, 1);
	assert_in_range(link_wake(&s.l).ms - s.now.mono.ms, 250, 500);
}

static void round_trip_and_skew_come_from_the_echo(void **unused)
{
	struct side s = make_up();
	struct link_msg m = { .kind = LINK_BEAT, .beat = 9, .heads = s.heads, .n_heads = 1 };

	(void)unused;
	wait_ms(&s, LINK_BEAT_MS);
	tick(&s);
	m.echo = s.l.beats_sent;
	m.echo_held_ms = 1000;
	wait_ms(&s, 1140);
	m.wall.ms = s.now.wall.ms - 70 + 3000; /* sent half a round trip ago by a clock 3 s ahead */
	hear(&s, 1, &m);
	assert_int_equal(s.l.rtt_ms, 140);
	assert_int_equal(s.l.skew_ms, 3000);
	wait_ms(&s, LINK_BEAT_MS);
	tick(&s);
	assert_int_equal(sent(&s, LINK_BEAT)->echo, 9);
	assert_int_equal(sent(&s, LINK_BEAT)->echo_held_ms, LINK_BEAT_MS);
}

static void an_echo_that_cannot_be_is_ignored(void **unused)
{
	struct side s = make_up();
	struct link_msg m = { .kind = LINK_BEAT, .beat = 9, .heads = s.heads, .n_heads = 1 };
	uint64_t impossible[] = { 0, 1000000, UINT64_MAX };

	(void)unused;
	s.l.rtt_ms = 140;
	for (size_t i = 0; i < COUNT(impossible); i++) {
		m.echo = impossible[i];
		hear(&s, 1, &m);
		assert_int_equal(s.l.rtt_ms, 140);
	}
	m.echo = s.l.beats_sent;
	m.echo_held_ms = INT64_MIN; /* taken for nothing held */
	hear(&s, 1, &m);
	assert_int_equal(s.l.rtt_ms, 0);
	m.echo_held_ms = INT64_MAX;
	hear(&s, 1, &m);
	assert_int_equal(s.l.rtt_ms, 0);
}

static void a_new_connection_echoes_nothing_of_the_old(void **unused)
{
	struct side s = make_up();

	(void)unused;
	lose(&s, 1, "reset");
	connected(&s, 2, true);
	assert_int_equal(sent(&s, LINK_HELLO)->echo, 0);
}

/* Seen from Dublin, which is declared first: 1 was dialled by Mumbai, 2 by Dublin. */
static void of_two_connections_the_one_that_the_first_site_dialled_is_kept(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	connected(&s, 1, false);
	hear(&s, 1, &m);
	connected(&s, 2, true);
	assert_null(effect(&s, LINK_DO_CLOSE));
	assert_int_equal(effect(&s, LINK_DO_SEND)->connection, 2);
	assert_int_equal(s.l.connection, 1);
	hear(&s, 2, &m);
	assert_int_equal(effect(&s, LINK_DO_CLOSE)->connection, 1);
	assert_int_equal(s.l.connection, 2);
	assert_int_equal(s.l.state, LINK_UP);
	assert_null(effect(&s, LINK_SAY_UP));
	lose(&s, 1, "late");
	assert_int_equal(s.l.state, LINK_UP);
}

static void the_second_site_keeps_the_same_one(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	s.self.is_first = false;
	connected(&s, 1, true);
	hear(&s, 1, &m);
	connected(&s, 2, false);
	hear(&s, 2, &m);
	assert_int_equal(s.l.connection, 2);
	connected(&s, 3, true);
	assert_int_equal(s.n, 1);
	assert_int_equal(effect(&s, LINK_DO_CLOSE)->connection, 3);
}

static void a_connection_that_went_quiet_is_not_defended(void **unused)
{
	struct side s = make_up();
	struct link_msg m = hello();

	(void)unused;
	wait_ms(&s, LINK_STALE_MS);
	connected(&s, 2, false);
	assert_null(effect(&s, LINK_DO_CLOSE));
	hear(&s, 2, &m);
	assert_int_equal(s.l.connection, 2);
}

static void a_candidate_that_says_nothing_is_dropped(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	connected(&s, 1, false);
	hear(&s, 1, &m);
	connected(&s, 2, true);
	wait_ms(&s, LINK_GREETING_MS - 1);
	hear_beat(&s, s.heads, 1);
	assert_true(link_wake(&s.l).ms <= s.now.mono.ms + 1);
	wait_ms(&s, 1);
	tick(&s);
	assert_int_equal(effect(&s, LINK_DO_CLOSE)->connection, 2);
	assert_int_equal(s.l.connection, 1);
	assert_int_equal(s.l.state, LINK_UP);
}

static void a_candidate_takes_over_at_once_when_the_connection_closes(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	connected(&s, 1, false);
	hear(&s, 1, &m);
	connected(&s, 2, true);
	lose(&s, 1, "closed by the peer");
	assert_int_equal(s.n, 0);
	assert_int_equal(s.l.connection, 2);
	assert_int_equal(s.l.state, LINK_UP);
	hear(&s, 2, &m);
	assert_true(s.l.is_greeted);
}

static void what_comes_of_unknown_connections_is_ignored(void **unused)
{
	struct side s = make_up();
	struct link_msg m = hello();

	(void)unused;
	hear(&s, 7, &m);
	assert_int_equal(s.n, 0);
	lose(&s, 7, "x");
	assert_int_equal(s.n, 0);
	assert_int_equal(s.l.state, LINK_UP);
}

static void a_goodbye_takes_the_link_down_with_its_reason(void **unused)
{
	struct side s = make_up();
	struct link_msg m = { .kind = LINK_BYE, .why = "stopping: upgrade" };

	(void)unused;
	hear(&s, 1, &m);
	assert_int_equal(s.l.state, LINK_DOWN);
	assert_string_equal(effect(&s, LINK_SAY_DOWN)->why, "stopping: upgrade");
}

static void stopping_says_goodbye(void **unused)
{
	struct side s = make_up();

	(void)unused;
	s.n = link_stop(&s.l, s.now, &s.self, "stopping", s.fx);
	assert_string_equal(sent(&s, LINK_BYE)->why, "stopping");
	assert_int_equal(effect(&s, LINK_DO_CLOSE)->connection, 1);
	assert_int_equal(link_stop(&s.l, s.now, &s.self, "stopping", s.fx), 0);
}

/* The batch before is in flight yet, and its BEAT will find nobody. */
static void the_last_words_go_before_the_goodbye(void **unused)
{
	struct side s = make_up();

	(void)unused;
	grow(&s, 107);
	effect(&s, LINK_DO_PULL_FROM);
	grow(&s, 108);
	assert_int_equal(s.n, 0);
	s.n = link_stop(&s.l, s.now, &s.self, "stopping", s.fx);
	assert_int_equal(s.fx[0].kind, LINK_DO_PULL_FROM);
	assert_string_equal(s.fx[0].msg.heads->site, s.self.site);
	assert_true(s.fx[0].msg.heads->seq < 107);
	assert_int_equal(s.fx[1].msg.kind, LINK_BYE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_that_is_down_dials_soon_and_then_ever_more_rarely),
		cmocka_unit_test(a_dial_without_an_answer_is_repeated),
		cmocka_unit_test(a_hello_is_answered_with_a_beat_and_the_link_is_up),
		cmocka_unit_test(who_says_no_hello_for_five_seconds_is_dropped),
		cmocka_unit_test(another_protocol_is_refused_with_the_reason),
		cmocka_unit_test(speaking_before_the_hello_ends_the_connection),
		cmocka_unit_test(a_beat_goes_out_every_two_seconds),
		cmocka_unit_test(heads_are_shown_when_they_changed_and_once_on_each_connection),
		cmocka_unit_test(heads_that_are_not_shown_again_stand),
		cmocka_unit_test(
			a_quiet_peer_is_suspect_after_five_seconds_and_any_message_clears_it),
		cmocka_unit_test(a_peer_quiet_for_eight_seconds_is_given_up),
		cmocka_unit_test(round_trip_and_skew_come_from_the_echo),
		cmocka_unit_test(an_echo_that_cannot_be_is_ignored),
		cmocka_unit_test(a_new_connection_echoes_nothing_of_the_old),
		cmocka_unit_test(of_two_connections_the_one_that_the_first_site_dialled_is_kept),
		cmocka_unit_test(the_second_site_keeps_the_same_one),
		cmocka_unit_test(a_connection_that_went_quiet_is_not_defended),
		cmocka_unit_test(a_candidate_that_says_nothing_is_dropped),
		cmocka_unit_test(a_candidate_takes_over_at_once_when_the_connection_closes),
		cmocka_unit_test(what_comes_of_unknown_connections_is_ignored),
		cmocka_unit_test(a_goodbye_takes_the_link_down_with_its_reason),
		cmocka_unit_test(stopping_says_goodbye),
		cmocka_unit_test(the_last_words_go_before_the_goodbye),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
