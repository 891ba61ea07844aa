/* SPDX-License-Identifier: Apache-2.0 */
/* Push, pull, and the promise that a BEAT makes. */
#include "core/peer/link_fixture.h"

static void new_events_are_pushed_at_once_and_the_next_when_they_arrived(void **unused)
{
	struct side s = make_up();
	struct link_head shown = head("dublin", 1, 10);
	const struct link_effect *fx;

	(void)unused;
	grow(&s, 11);
	fx = effect(&s, LINK_DO_PULL_FROM);
	assert_int_equal(fx->connection, 1);
	assert_int_equal(fx->msg.heads[0].seq, 10);
	grow(&s, 12);
	assert_int_equal(s.n, 0);
	shown.seq = 11;
	hear_beat(&s, &shown, 1);
	assert_int_equal(effect(&s, LINK_DO_PULL_FROM)->msg.heads[0].seq, 11);
	shown.seq = 12;
	hear_beat(&s, &shown, 1);
	assert_null(effect(&s, LINK_DO_PULL_FROM));
}

static void what_the_peer_lacks_is_pushed_when_its_hello_shows_it(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	connected(&s, 1, true);
	hear(&s, 1, &m);
	assert_int_equal(effect(&s, LINK_DO_PULL_FROM)->msg.heads[0].seq, 0);
	assert_string_equal(effect(&s, LINK_DO_PULL_FROM)->msg.heads[0].site, "dublin");
}

static void chains_of_a_third_site_are_not_pushed_but_given_when_asked_for(void **unused)
{
	struct side s = make_up();
	struct link_head wanted = head("oslo", 3, 5);
	struct link_msg m = { .kind = LINK_PULL, .heads = &wanted, .n_heads = 1 };

	(void)unused;
	s.heads[s.self.n_heads++] = head("oslo", 3, 9);
	grow(&s, 10);
	assert_int_equal(s.n, 0);
	hear(&s, 1, &m);
	assert_string_equal(effect(&s, LINK_DO_PULL_FROM)->msg.heads[0].site, "oslo");
	assert_int_equal(effect(&s, LINK_DO_PULL_FROM)->msg.heads[0].seq, 5);
}

static void a_batch_that_was_not_kept_waits_until_it_is_asked_for(void **unused)
{
	struct side s = make_up();
	struct link_head shown = head("dublin", 1, 10);
	struct link_msg m = { .kind = LINK_PULL, .heads = &shown, .n_heads = 1 };

	(void)unused;
	grow(&s, 11);
	wait_ms(&s, LINK_BEAT_MS);
	tick(&s); /* this beat left after the batch */
	for (int i = 0; i < 3; i++) {
		hear_beat(&s, &shown, 1);
		assert_null(effect(&s, LINK_DO_PULL_FROM));
	}
	grow(&s, 12);
	assert_null(effect(&s, LINK_DO_PULL_FROM));
	m.echo = s.l.beats_sent;
	hear(&s, 1, &m);
	assert_int_equal(effect(&s, LINK_DO_PULL_FROM)->msg.heads[0].seq, 10);
}

static void a_pull_that_crosses_the_batch_is_ignored(void **unused)
{
	struct side s = make_up();
	struct link_head shown = head("dublin", 1, 10);
	struct link_msg m = { .kind = LINK_PULL, .heads = &shown, .n_heads = 1 };

	(void)unused;
	m.echo = s.l.beats_sent;
	grow(&s, 11);
	hear(&s, 1, &m);
	assert_int_equal(s.n, 0);
}

static void a_pull_of_what_is_not_there_is_ignored(void **unused)
{
	struct side s = make_up();
	struct link_head wanted[] = { head("dublin", 1, 10), head("dublin", 2, 0),
		head("nowhere", 1, 0) };

	(void)unused;
	for (size_t i = 0; i < COUNT(wanted); i++) {
		struct link_msg m = { .kind = LINK_PULL, .heads = &wanted[i], .n_heads = 1 };

		hear(&s, 1, &m);
		assert_int_equal(s.n, 0);
	}
	hear(&s, 1, &(struct link_msg){ .kind = LINK_PULL });
	assert_int_equal(s.n, 0);
}

static void events_are_handed_on_and_what_was_kept_is_acknowledged_at_once(void **unused)
{
	struct side s = make_up();
	struct link_msg m = { .kind = LINK_EVENTS,
		.events = "event",
		.events_len = 5,
		.n_events = 1 };

	(void)unused;
	hear(&s, 1, &m);
	assert_int_equal(s.n, 1);
	assert_string_equal(effect(&s, LINK_DO_ACCEPT)->msg.events, "event");
	s.heads[s.self.n_heads++] = head("mumbai", 1, 1);
	grow(&s, 10);
	assert_int_equal(s.n, 1);
	assert_int_equal(sent(&s, LINK_BEAT)->n_heads, 2);
	grow(&s, 10);
	assert_int_equal(s.n, 0);
}

static void a_site_that_lost_its_own_history_is_told_and_pulls_it_at_once(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();
	struct link_head shown[] = { head("mumbai", 1, 3), head("dublin", 1, 500),
		head("dublin", 2, 40) };

	(void)unused;
	m.heads = shown;
	m.n_heads = COUNT(shown);
	connected(&s, 1, true);
	hear(&s, 1, &m);
	assert_non_null(effect(&s, LINK_SAY_BEHIND));
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].epoch, 1);
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].seq, 10);
	grow(&s, 400); /* one batch is here */
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].seq, 400);
	grow(&s, 500);
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].epoch, 2);
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].seq, 0);
}

/* While history comes back we write in a new epoch; that needn't be begun again and again. */
static void an_older_epoch_is_pulled_without_being_called_behind(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();
	struct link_head shown = head("dublin", 1, 500);

	(void)unused;
	s.heads[0] = head("dublin", 2, 1);
	m.heads = &shown;
	m.n_heads = 1;
	connected(&s, 1, true);
	hear(&s, 1, &m);
	assert_null(effect(&s, LINK_SAY_BEHIND));
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].epoch, 1);
}

/* A fork was found out: from now on we show less of our chain than we hold. */
static void a_chain_of_ours_that_is_shown_shorter_is_pulled_from_there(void **unused)
{
	struct side s = make_up();
	struct link_head shown = head("dublin", 1, 100);

	(void)unused;
	hear_beat(&s, &shown, 1);
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].seq, 10);
	s.heads[0].seq = 3;
	hear_beat(&s, &shown, 1);
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].seq, 3);
}

static void a_chain_that_stands_still_behind_the_peers_is_pulled(void **unused)
{
	struct side s = make_up();
	struct link_head shown[] = { head("dublin", 1, 10), head("mumbai", 1, 7) };

	(void)unused;
	hear_beat(&s, shown, 2);
	assert_null(sent(&s, LINK_PULL));
	wait_ms(&s, LINK_PULL_MS - 1);
	hear_beat(&s, shown, 2);
	assert_null(sent(&s, LINK_PULL));
	wait_ms(&s, 1);
	hear_beat(&s, shown, 2);
	assert_string_equal(sent(&s, LINK_PULL)->heads[0].site, "mumbai");
	assert_int_equal(sent(&s, LINK_PULL)->heads[0].seq, 0);
	assert_int_equal(sent(&s, LINK_PULL)->echo, s.l.beat_heard);
}

/* How many PULLs go out in ten minutes of beats that show `n` heads which never come. */
static unsigned pulls_in_ten_minutes(struct side *s, const struct link_head *shown, uint32_t n,
	const char *site)
{
	unsigned pulls = 0;

	for (int i = 0; i < 300; i++) {
		wait_ms(s, LINK_BEAT_MS);
		tick(s);
		hear_beat(s, shown, n);
		pulls += sent(s, LINK_PULL) && str_eq(sent(s, LINK_PULL)->heads[0].site, site);
	}
	return pulls;
}

static void a_chain_that_cannot_be_had_is_asked_for_ever_more_rarely(void **unused)
{
	struct side s = make_up();
	struct link_head shown[] = { head("dublin", 1, 10), head("mumbai", 1, 7) };

	(void)unused;
	assert_in_range(pulls_in_ten_minutes(&s, shown, 2, "mumbai"), 15, 30);
}

static void a_chain_that_cannot_be_had_does_not_stand_before_the_others(void **unused)
{
	struct side s = make_up();
	struct link_head shown[] = { head("dublin", 1, 10), head("mumbai", 1, 7),
		head("oslo", 1, 7) };

	(void)unused;
	assert_in_range(pulls_in_ten_minutes(&s, shown, 3, "oslo"), 7, 15);
	assert_in_range(pulls_in_ten_minutes(&s, shown, 3, "mumbai"), 7, 15);
}

static void a_promise_counts_only_once_the_events_it_speaks_of_are_here(void **unused)
{
	struct side s = make_up();
	struct link_head shown[] = { head("dublin", 1, 10), head("mumbai", 1, 7),
		head("oslo", 1, 99) };

	(void)unused;
	hear_beat(&s, shown, 3);
	assert_null(effect(&s, LINK_SAY_BEAT));
	s.heads[s.self.n_heads++] = head("mumbai", 1, 6);
	grow(&s, 10);
	assert_null(effect(&s, LINK_SAY_BEAT));
	shown[1].seq = 50; /* a later promise doesn't move the goal of the open one */
	hear_beat(&s, shown, 3);
	s.heads[1].seq = 7;
	grow(&s, 10);
	assert_non_null(effect(&s, LINK_SAY_BEAT));
	grow(&s, 10);
	assert_null(effect(&s, LINK_SAY_BEAT));
}

/* Its disk was rolled back, and what it wrote since has moved to another epoch. */
static void a_promise_is_met_although_the_peers_chain_became_shorter(void **unused)
{
	struct side s = make_up();
	struct link_head shown[] = { head("dublin", 1, 10), head("mumbai", 1, 7) };

	(void)unused;
	s.heads[s.self.n_heads++] = head("mumbai", 1, 5);
	hear_beat(&s, shown, 2);
	assert_null(effect(&s, LINK_SAY_BEAT));
	shown[1].seq = 6;
	hear_beat(&s, shown, 2);
	assert_null(effect(&s, LINK_SAY_BEAT));
	s.heads[1].seq = 6;
	grow(&s, 10);
	assert_non_null(effect(&s, LINK_SAY_BEAT));
}

static void as_many_chains_as_a_message_holds_are_looked_after(void **unused)
{
	struct side s = make_up();
	struct link_head shown[LINK_HEADS_MAX];

	(void)unused;
	for (uint32_t i = 0; i < LINK_HEADS_MAX; i++)
		shown[i] = head("mumbai", 1 + i, 5);
	hear_beat(&s, shown, LINK_HEADS_MAX);
	assert_null(effect(&s, LINK_SAY_BEAT));
	for (uint32_t i = 0; i < LINK_HEADS_MAX; i++)
		s.heads[LINK_HEADS_MAX - 1 - i] = shown[i];
	s.self.n_heads = LINK_HEADS_MAX;
	hear_beat(&s, shown, LINK_HEADS_MAX);
	assert_non_null(effect(&s, LINK_SAY_BEAT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_events_are_pushed_at_once_and_the_next_when_they_arrived),
		cmocka_unit_test(what_the_peer_lacks_is_pushed_when_its_hello_shows_it),
		cmocka_unit_test(chains_of_a_third_site_are_not_pushed_but_given_when_asked_for),
		cmocka_unit_test(a_batch_that_was_not_kept_waits_until_it_is_asked_for),
		cmocka_unit_test(a_pull_that_crosses_the_batch_is_ignored),
		cmocka_unit_test(a_pull_of_what_is_not_there_is_ignored),
		cmocka_unit_test(events_are_handed_on_and_what_was_kept_is_acknowledged_at_once),
		cmocka_unit_test(a_site_that_lost_its_own_history_is_told_and_pulls_it_at_once),
		cmocka_unit_test(an_older_epoch_is_pulled_without_being_called_behind),
		cmocka_unit_test(a_chain_of_ours_that_is_shown_shorter_is_pulled_from_there),
		cmocka_unit_test(a_chain_that_stands_still_behind_the_peers_is_pulled),
		cmocka_unit_test(a_chain_that_cannot_be_had_is_asked_for_ever_more_rarely),
		cmocka_unit_test(a_chain_that_cannot_be_had_does_not_stand_before_the_others),
		cmocka_unit_test(a_promise_counts_only_once_the_events_it_speaks_of_are_here),
		cmocka_unit_test(a_promise_is_met_although_the_peers_chain_became_shorter),
		cmocka_unit_test(as_many_chains_as_a_message_holds_are_looked_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
