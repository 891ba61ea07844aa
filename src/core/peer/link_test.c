/* SPDX-License-Identifier: Apache-2.0 */
#include "core/peer/link.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Dublin's side of the link to Mumbai.  Dublin is declared first. */
struct side {
	struct link l;
	struct link_self self;
	struct link_head heads[LINK_HEADS_MAX];
	struct now now;
	struct link_effect fx[LINK_EFFECTS_MAX];
	uint32_t n;
};

static struct link_head head(const char *site, uint64_t epoch, uint64_t seq)
{
	struct link_head h = { .epoch = epoch, .seq = seq };

	str_copy(h.site, sizeof h.site, site);
	return h;
}

static struct side make(void)
{
	struct side s = { .self = { .site = "dublin", .is_first = true } };

	s.now.mono.ms = 100000;
	s.now.wall.ms = 1790000000000;
	link_init(&s.l, s.now.mono, 1);
	s.heads[s.self.n_heads++] = head("dublin", 1, 10);
	return s;
}

static void wait_ms(struct side *s, int64_t ms)
{
	s->now.mono.ms += ms;
	s->now.wall.ms += ms;
}

static void feed(struct side *s, struct link_input in)
{
	s->self.heads = s->heads;
	s->n = link_step(&s->l, s->now, &s->self, &in, s->fx);
}

static void tick(struct side *s)
{
	feed(s, (struct link_input){ .kind = LINK_IN_TICK });
}

static void connect(struct side *s, uint64_t connection, bool is_dialled)
{
	feed(s, (struct link_input){ LINK_IN_CONNECTED, connection, is_dialled, NULL, NULL });
}

static void lose(struct side *s, uint64_t connection, const char *why)
{
	feed(s, (struct link_input){ LINK_IN_CLOSED, connection, false, why, NULL });
}

static void hear(struct side *s, uint64_t connection, const struct link_msg *msg)
{
	feed(s, (struct link_input){ LINK_IN_MESSAGE, connection, false, NULL, msg });
}

static struct link_msg hello(void)
{
	struct link_msg m = { .kind = LINK_HELLO, .protocol = LINK_PROTOCOL, .beat = 1 };

	str_copy(m.site, sizeof m.site, "mumbai");
	return m;
}

/* A BEAT that has seen all of ours and shows `n` heads. */
static void hear_beat(struct side *s, const struct link_head *heads, uint32_t n)
{
	struct link_msg m = { .kind = LINK_BEAT,
		.beat = s->l.beat_heard + 1,
		.echo = s->l.beats_sent,
		.heads = heads,
		.n_heads = n };

	hear(s, s->l.connection, &m);
}

static const struct link_effect *effect(const struct side *s, enum link_effect_kind kind)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->fx[i].kind == kind)
			return &s->fx[i];
	return NULL;
}

static const struct link_msg *sent(const struct side *s, enum link_msg_kind kind)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->fx[i].kind == LINK_DO_SEND && s->fx[i].msg.kind == kind)
			return &s->fx[i].msg;
	return NULL;
}

/* Up on connection 1, both holding the same. */
static struct side make_up(void)
{
	struct side s = make();
	struct link_msg m = hello();

	connect(&s, 1, true);
	m.heads = s.heads;
	m.n_heads = 1;
	hear(&s, 1, &m);
	hear_beat(&s, s.heads, 1);
	assert_int_equal(s.l.state, LINK_UP);
	return s;
}

static void grow(struct side *s, uint64_t seq)
{
	s->heads[0].seq = seq;
	s->self.heads = s->heads;
	s->n = link_push(&s->l, s->now, &s->self, s->fx);
}

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
	connect(&s, 1, false);
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
	connect(&s, 1, true);
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
	m.protocol = 2;
	connect(&s, 1, true);
	hear(&s, 1, &m);
	assert_int_equal(s.l.state, LINK_DOWN);
	assert_string_equal(sent(&s, LINK_BYE)->why,
		"mumbai speaks link protocol 2, the other side speaks 1");
	assert_non_null(effect(&s, LINK_DO_CLOSE));
}

static void speaking_before_the_hello_ends_the_connection(void **unused)
{
	struct side s = make();

	(void)unused;
	connect(&s, 1, true);
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
	connect(&s, 2, true);
	assert_int_equal(sent(&s, LINK_HELLO)->echo, 0);
}

/* Seen from Dublin, which is declared first: 1 was dialled by Mumbai, 2 by Dublin. */
static void of_two_connections_the_one_that_the_first_site_dialled_is_kept(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	connect(&s, 1, false);
	hear(&s, 1, &m);
	connect(&s, 2, true);
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
	connect(&s, 1, true);
	hear(&s, 1, &m);
	connect(&s, 2, false);
	hear(&s, 2, &m);
	assert_int_equal(s.l.connection, 2);
	connect(&s, 3, true);
	assert_int_equal(s.n, 1);
	assert_int_equal(effect(&s, LINK_DO_CLOSE)->connection, 3);
}

static void a_connection_that_went_quiet_is_not_defended(void **unused)
{
	struct side s = make_up();
	struct link_msg m = hello();

	(void)unused;
	wait_ms(&s, LINK_STALE_MS);
	connect(&s, 2, false);
	assert_null(effect(&s, LINK_DO_CLOSE));
	hear(&s, 2, &m);
	assert_int_equal(s.l.connection, 2);
}

static void a_candidate_that_says_nothing_is_dropped(void **unused)
{
	struct side s = make();
	struct link_msg m = hello();

	(void)unused;
	connect(&s, 1, false);
	hear(&s, 1, &m);
	connect(&s, 2, true);
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
	connect(&s, 1, false);
	hear(&s, 1, &m);
	connect(&s, 2, true);
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
	connect(&s, 1, true);
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
		.events = "{}\n",
		.events_len = 3,
		.n_events = 1 };

	(void)unused;
	hear(&s, 1, &m);
	assert_int_equal(s.n, 1);
	assert_string_equal(effect(&s, LINK_DO_ACCEPT)->msg.events, "{}\n");
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
	connect(&s, 1, true);
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
	connect(&s, 1, true);
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

static void sixty_four_chains_are_looked_after_as_well(void **unused)
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
		cmocka_unit_test(a_link_that_is_down_dials_soon_and_then_ever_more_rarely),
		cmocka_unit_test(a_dial_without_an_answer_is_repeated),
		cmocka_unit_test(a_hello_is_answered_with_a_beat_and_the_link_is_up),
		cmocka_unit_test(who_says_no_hello_for_five_seconds_is_dropped),
		cmocka_unit_test(another_protocol_is_refused_with_the_reason),
		cmocka_unit_test(speaking_before_the_hello_ends_the_connection),
		cmocka_unit_test(a_beat_goes_out_every_two_seconds),
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
		cmocka_unit_test(sixty_four_chains_are_looked_after_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
