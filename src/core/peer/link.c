/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states and the connections of a link.  Inputs go through small handlers; every change of
 * state goes through become().  What the sites lack of each other is catchup.c's business.
 */
#include "core/peer/link.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/peer/step.h"

#include <stdio.h>
#include <string.h>

#define TO(state) (1u << LINK_##state)

static const struct {
	const char *name;
	unsigned may_become;
} states[] = {
	[LINK_DOWN] = { "down", TO(GREETING) },
	[LINK_GREETING] = { "greeting", TO(UP) | TO(DOWN) },
	[LINK_UP] = { "up", TO(SUSPECT) | TO(DOWN) },
	[LINK_SUSPECT] = { "suspect", TO(UP) | TO(DOWN) },
};
_Static_assert(COUNT(states) == LINK_STATES, "every state is described");

const char *link_state_name(enum link_state s)
{
	return states[s].name;
}

struct link_effect *link_effect(struct link_running *s, enum link_effect_kind kind)
{
	struct link_effect *fx = &s->out[s->n++];

	must(s->n <= LINK_EFFECTS_MAX);
	*fx = (struct link_effect){ .kind = kind };
	return fx;
}

static struct mono after(const struct link_running *s, int64_t ms)
{
	return (struct mono){ s->now.mono.ms + ms };
}

static bool is_past(const struct link_running *s, struct mono t)
{
	return s->now.mono.ms >= t.ms;
}

static void become(struct link_running *s, enum link_state next)
{
	struct link *l = s->l;
	enum link_state before = l->state;

	must(states[before].may_become & 1u << next);
	l->state = next;
	l->entered = s->now.mono;
	if (before == LINK_GREETING && next == LINK_UP)
		link_effect(s, LINK_SAY_UP);
	if (next == LINK_DOWN)
		str_copy(link_effect(s, LINK_SAY_DOWN)->why, REASON_BYTES_MAX, l->why);
}

static void drop(struct link_running *s, uint64_t connection)
{
	if (connection)
		link_effect(s, LINK_DO_CLOSE)->connection = connection;
}

/* Half of the wait is jitter, so that two sites don't keep meeting head-on. */
static void back_off(struct link_running *s)
{
	struct link *l = s->l;
	int64_t ms = LINK_REDIAL_MIN_MS;

	for (uint32_t i = 0; i < l->redials && ms < LINK_REDIAL_MAX_MS; i++)
		ms *= 2;
	if (ms > LINK_REDIAL_MAX_MS)
		ms = LINK_REDIAL_MAX_MS;
	l->redials++;
	l->redial_due = after(s, rng_between(&l->rng, ms / 2, ms));
}

static void go_down(struct link_running *s, const char *why)
{
	struct link *l = s->l;

	str_copy(l->why, sizeof l->why, why);
	drop(s, l->connection);
	drop(s, l->candidate);
	l->connection = 0;
	l->candidate = 0;
	back_off(s);
	become(s, LINK_DOWN);
}

static struct link_effect *send(struct link_running *s, uint64_t connection,
	enum link_msg_kind kind)
{
	struct link_effect *fx = link_effect(s, LINK_DO_SEND);

	fx->connection = connection;
	fx->msg.kind = kind;
	return fx;
}

static bool is_as_shown(const struct link *l, const struct link_self *self)
{
	return l->shown_in && l->n_shown == self->n_heads &&
	       memcmp(l->shown, self->heads, l->n_shown * sizeof l->shown[0]) == 0;
}

/* Connections deliver in order and lose nothing: what one has shown needn't be said again on it.  A
 * HELLO is not counted: it may be for a candidate, whose first BEAT comes after others. */
static void show_heads(struct link_running *s, struct link_msg *msg)
{
	struct link *l = s->l;

	if (msg->kind == LINK_BEAT && is_as_shown(l, s->self)) {
		msg->heads_of = l->shown_in;
		return;
	}
	msg->heads = s->self->heads;
	msg->n_heads = s->self->n_heads;
	if (msg->kind == LINK_HELLO)
		return;
	if (msg->n_heads)
		memcpy(l->shown, msg->heads, msg->n_heads * sizeof l->shown[0]);
	l->n_shown = msg->n_heads;
	l->shown_in = msg->beat;
}

/* A HELLO is a BEAT that introduces itself. */
static void send_beat(struct link_running *s, uint64_t connection, enum link_msg_kind kind)
{
	struct link *l = s->l;
	struct link_msg *msg = &send(s, connection, kind)->msg;

	l->beats_sent++;
	l->beat_sent_at[l->beats_sent % LINK_BEATS_KEPT] = s->now.mono;
	l->beat_due = after(s, LINK_BEAT_MS);
	l->owes_beat = false;
	msg->wall = s->now.wall;
	msg->beat = l->beats_sent;
	msg->echo = l->beat_heard;
	msg->echo_held_ms = l->beat_heard ? s->now.mono.ms - l->beat_heard_at.ms : 0;
	msg->state_digest = s->self->state_digest;
	msg->can_deliver = s->self->can_deliver;
	show_heads(s, msg);
	if (kind == LINK_BEAT)
		return;
	msg->protocol = LINK_PROTOCOL;
	msg->lab_hash = s->self->lab_hash;
	str_copy(msg->site, sizeof msg->site, s->self->site);
}

static void say_bye(struct link_running *s, uint64_t connection, const char *why)
{
	str_copy(send(s, connection, LINK_BYE)->msg.why, REASON_BYTES_MAX, why);
}

/* From now on this is the connection.  What was known of the peer stays until it says more. */
static void use(struct link_running *s, uint64_t connection, bool is_dialled)
{
	struct link *l = s->l;

	l->connection = connection;
	l->is_dialled = is_dialled;
	l->is_greeted = false;
	l->shown_in = 0;
	l->beat_heard = 0;
	catchup_begin(l);
}

static void promote_candidate(struct link_running *s)
{
	uint64_t connection = s->l->candidate;

	s->l->candidate = 0;
	use(s, connection, s->l->candidate_is_dialled);
}

/* Shall a new connection compete with the one (`is_dialled_old`, last heard of at `heard`) that is
 * there?  Who dials holds the old one for dead: a quiet one is not worth defending. */
static bool is_welcome(const struct link_running *s, bool is_dialled_new, bool is_dialled_old,
	struct mono heard)
{
	bool is_preferred_new = is_dialled_new == s->self->is_first;
	bool is_preferred_old = is_dialled_old == s->self->is_first;

	return is_preferred_new || !is_preferred_old || s->now.mono.ms - heard.ms >= LINK_STALE_MS;
}

static bool is_worth_trying(const struct link_running *s, bool is_dialled)
{
	const struct link *l = s->l;

	if (!is_welcome(s, is_dialled, l->is_dialled, l->heard))
		return false;
	return !l->candidate || is_welcome(s, is_dialled, l->candidate_is_dialled, s->now.mono);
}

static void connected(struct link_running *s, const struct link_input *in)
{
	struct link *l = s->l;

	if (in->is_dialled)
		l->is_dialling = false;
	if (l->state == LINK_DOWN) {
		use(s, in->connection, in->is_dialled);
		l->heard = s->now.mono;
		become(s, LINK_GREETING);
	} else if (is_worth_trying(s, in->is_dialled)) {
		drop(s, l->candidate);
		l->candidate = in->connection;
		l->candidate_is_dialled = in->is_dialled;
		l->candidate_until = after(s, LINK_GREETING_MS);
	} else {
		drop(s, in->connection);
		return;
	}
	send_beat(s, in->connection, LINK_HELLO);
}

static void dial_failed(struct link_running *s, const char *why)
{
	s->l->is_dialling = false;
	if (s->l->state != LINK_DOWN)
		return;
	str_copy(s->l->why, sizeof s->l->why, why);
	back_off(s);
}

static void closed(struct link_running *s, const struct link_input *in)
{
	struct link *l = s->l;
	const char *why = in->why ? in->why : "the connection was closed";

	if (in->connection == 0)
		return dial_failed(s, why);
	if (in->connection == l->candidate) {
		l->candidate = 0;
	} else if (in->connection == l->connection && l->candidate) {
		promote_candidate(s);
	} else if (in->connection == l->connection) {
		l->connection = 0; /* nothing is left to close */
		go_down(s, why);
	}
}

static void note_rtt(struct link_running *s, const struct link_msg *msg)
{
	struct link *l = s->l;
	uint64_t age = l->beats_sent - msg->echo;
	int64_t rtt;

	if (msg->echo == 0 || msg->echo > l->beats_sent || age >= LINK_BEATS_KEPT)
		return;
	rtt = s->now.mono.ms - l->beat_sent_at[msg->echo % LINK_BEATS_KEPT].ms;
	if (msg->echo_held_ms > 0)
		rtt = msg->echo_held_ms < rtt ? rtt - msg->echo_held_ms : 0;
	l->rtt_ms = rtt;
	l->skew_ms = msg->wall.ms - s->now.wall.ms + rtt / 2;
}

static void note_heads(struct link *l, const struct link_msg *msg)
{
	uint32_t n = msg->n_heads < LINK_HEADS_MAX ? msg->n_heads : LINK_HEADS_MAX;
	size_t size = n * sizeof l->peer_heads[0];

	l->peer_heads_of = msg->beat;
	if (n == l->n_peer_heads && (n == 0 || memcmp(l->peer_heads, msg->heads, size) == 0))
		return;
	if (n)
		memcpy(l->peer_heads, msg->heads, size);
	l->n_peer_heads = n;
	l->peer_heads_changes++;
}

static void note_beat(struct link_running *s, const struct link_msg *msg)
{
	struct link *l = s->l;
	uint64_t echo = msg->echo <= l->beats_sent ? msg->echo : 0;

	l->peer_wall = msg->wall;
	l->beat_heard = msg->beat;
	l->beat_heard_at = s->now.mono;
	l->peer_can_deliver = msg->can_deliver;
	l->peer_digest = msg->state_digest;
	note_rtt(s, msg);
	if (msg->heads_of == 0)
		note_heads(l, msg);
	catchup_shown(s, echo);
}

static bool is_protocol_spoken(const struct link_msg *hello, char why[REASON_BYTES_MAX])
{
	snprintf(why, REASON_BYTES_MAX, "%s speaks link protocol %u, the other side speaks %u",
		hello->site, hello->protocol, (unsigned)LINK_PROTOCOL);
	return hello->protocol == LINK_PROTOCOL;
}

static void on_hello(struct link_running *s, const struct link_msg *msg)
{
	struct link *l = s->l;
	char why[REASON_BYTES_MAX];

	if (!is_protocol_spoken(msg, why)) {
		say_bye(s, l->connection, why);
		return go_down(s, why);
	}
	str_copy(l->peer, sizeof l->peer, msg->site);
	l->peer_lab_hash = msg->lab_hash;
	l->is_greeted = true;
	if (l->state == LINK_GREETING)
		become(s, LINK_UP);
	note_beat(s, msg);
	send_beat(s, l->connection, LINK_BEAT); /* the echo tells the peer the RTT */
}

static void on_beat(struct link_running *s, const struct link_msg *msg)
{
	if (msg->heads_of && msg->heads_of != s->l->peer_heads_of)
		return go_down(s, "a message of the connection was lost");
	s->l->redials = 0; /* it has proven itself */
	note_beat(s, msg);
}

static void on_events(struct link_running *s, const struct link_msg *msg)
{
	struct link_effect *fx = link_effect(s, LINK_DO_ACCEPT);

	s->l->owes_beat = true;
	fx->connection = s->l->connection;
	fx->msg = *msg;
}

static void on_pull(struct link_running *s, const struct link_msg *msg)
{
	catchup_pulled(s, msg);
}

static void on_bye(struct link_running *s, const struct link_msg *msg)
{
	go_down(s, msg->why[0] ? msg->why : "the peer said goodbye");
}

/* asking.h's: that the peer lives is all that it tells us. */
static void on_asking(struct link_running *s, const struct link_msg *msg)
{
	(void)s;
	(void)msg;
}

static void (*const on_message[])(struct link_running *, const struct link_msg *) = {
	[LINK_HELLO] = on_hello,
	[LINK_BEAT] = on_beat,
	[LINK_EVENTS] = on_events,
	[LINK_PULL] = on_pull,
	[LINK_BYE] = on_bye,
	[LINK_ASKING] = on_asking,
};
_Static_assert(COUNT(on_message) == LINK_MSG_KINDS, "every message is handled");

/* A candidate takes over with its HELLO; anything else ends it. */
static void candidate_spoke(struct link_running *s, const struct link_msg *msg)
{
	struct link *l = s->l;
	char why[REASON_BYTES_MAX];

	if (msg->kind != LINK_HELLO || !is_protocol_spoken(msg, why)) {
		drop(s, l->candidate);
		l->candidate = 0;
		return;
	}
	drop(s, l->connection);
	promote_candidate(s);
}

static void message(struct link_running *s, const struct link_input *in)
{
	struct link *l = s->l;
	enum link_msg_kind kind = in->msg->kind;

	if (in->connection == 0)
		return;
	if (in->connection == l->candidate)
		candidate_spoke(s, in->msg);
	if (in->connection != l->connection)
		return; /* of a connection that was given up */
	if (!l->is_greeted && kind != LINK_HELLO && kind != LINK_BYE)
		return go_down(s, "the peer spoke before its HELLO");
	l->heard = s->now.mono;
	if (l->state == LINK_SUSPECT && kind != LINK_BYE)
		become(s, LINK_UP);
	on_message[kind](s, in->msg);
}

static void tick_down(struct link_running *s)
{
	if (!is_past(s, s->l->redial_due))
		return;
	s->l->is_dialling = true;
	s->l->redial_due = after(s, LINK_DIAL_MS);
	link_effect(s, LINK_DO_DIAL);
}

static void tick_greeting(struct link_running *s)
{
	if (s->now.mono.ms - s->l->entered.ms >= LINK_GREETING_MS)
		go_down(s, "no HELLO within 5 s");
}

static void beat_if_due(struct link_running *s)
{
	if (is_past(s, s->l->beat_due))
		send_beat(s, s->l->connection, LINK_BEAT);
}

static void tick_up(struct link_running *s)
{
	if (s->now.mono.ms - s->l->heard.ms >= LINK_SUSPECT_MS)
		become(s, LINK_SUSPECT);
	beat_if_due(s);
}

static void tick_suspect(struct link_running *s)
{
	if (s->now.mono.ms - s->l->heard.ms >= LINK_DOWN_MS)
		return go_down(s, "nothing heard for 8 s");
	beat_if_due(s);
}

static void tick(struct link_running *s, const struct link_input *in)
{
	static void (*const ticks[])(struct link_running *) = {
		[LINK_DOWN] = tick_down,
		[LINK_GREETING] = tick_greeting,
		[LINK_UP] = tick_up,
		[LINK_SUSPECT] = tick_suspect,
	};
	struct link *l = s->l;

	(void)in;
	if (l->candidate && is_past(s, l->candidate_until)) {
		drop(s, l->candidate);
		l->candidate = 0;
	}
	ticks[l->state](s);
}

void link_init(struct link *l, struct mono now, uint64_t seed)
{
	*l = (struct link){ .entered = now, .heard = now, .rtt_ms = -1 };
	rng_seed(&l->rng, seed);
	l->redial_due.ms = now.ms + rng_between(&l->rng, 0, LINK_REDIAL_MIN_MS);
}

uint32_t link_step(struct link *l, struct now now, const struct link_self *self,
	const struct link_input *in, struct link_effect *out)
{
	static void (*const on_input[])(struct link_running *, const struct link_input *) = {
		[LINK_IN_TICK] = tick,
		[LINK_IN_CONNECTED] = connected,
		[LINK_IN_CLOSED] = closed,
		[LINK_IN_MESSAGE] = message,
	};
	struct link_running s = { .l = l, .now = now, .self = self, .out = out };

	on_input[in->kind](&s, in);
	return s.n;
}

static bool is_talking(const struct link *l)
{
	return (l->state == LINK_UP || l->state == LINK_SUSPECT) && l->is_greeted;
}

bool link_is_current(const struct link *l, uint64_t connection)
{
	return connection && l->connection == connection && is_talking(l);
}

uint32_t link_push(struct link *l, struct now now, const struct link_self *self,
	struct link_effect *out)
{
	struct link_running s = { .l = l, .now = now, .self = self, .out = out };

	if (!is_talking(l))
		return 0;
	if (l->owes_beat)
		send_beat(&s, l->connection, LINK_BEAT);
	catchup_grown(&s);
	return s.n;
}

uint32_t link_stop(struct link *l, struct now now, const struct link_self *self, const char *why,
	struct link_effect *out)
{
	struct link_running s = { .l = l, .now = now, .self = self, .out = out };

	if (l->state == LINK_DOWN)
		return 0;
	if (is_talking(l))
		catchup_finish(&s);
	say_bye(&s, l->connection, why);
	go_down(&s, why);
	return s.n;
}

static struct mono earlier(struct mono a, struct mono b)
{
	return a.ms < b.ms ? a : b;
}

static struct mono deadline(const struct link *l)
{
	switch (l->state) {
	case LINK_GREETING:
		return (struct mono){ l->entered.ms + LINK_GREETING_MS };
	case LINK_UP:
		return earlier(l->beat_due, (struct mono){ l->heard.ms + LINK_SUSPECT_MS });
	case LINK_SUSPECT:
		return earlier(l->beat_due, (struct mono){ l->heard.ms + LINK_DOWN_MS });
	default:
		return l->redial_due;
	}
}

struct mono link_wake(const struct link *l)
{
	struct mono t = deadline(l);

	return l->candidate ? earlier(t, l->candidate_until) : t;
}
