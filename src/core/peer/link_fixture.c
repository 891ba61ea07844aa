/* SPDX-License-Identifier: Apache-2.0 */
#include "core/peer/link_fixture.h"

struct link_head head(const char *site, uint64_t epoch, uint64_t seq)
{
	struct link_head h = { .epoch = epoch, .seq = seq };

	str_copy(h.site, sizeof h.site, site);
	return h;
}

struct side make(void)
{
	struct side s = { .self = { .site = "dublin", .is_first = true } };

	s.now.mono.ms = 100000;
	s.now.wall.ms = 1790000000000;
	link_init(&s.l, s.now.mono, 1);
	s.heads[s.self.n_heads++] = head("dublin", 1, 10);
	return s;
}

void wait_ms(struct side *s, int64_t ms)
{
	s->now.mono.ms += ms;
	s->now.wall.ms += ms;
}

static void feed(struct side *s, struct link_input in)
{
	s->self.heads = s->heads;
	s->n = link_step(&s->l, s->now, &s->self, &in, s->fx);
}

void tick(struct side *s)
{
	feed(s, (struct link_input){ .kind = LINK_IN_TICK });
}

void connected(struct side *s, uint64_t connection, bool is_dialled)
{
	feed(s, (struct link_input){ LINK_IN_CONNECTED, connection, is_dialled, NULL, NULL });
}

void lose(struct side *s, uint64_t connection, const char *why)
{
	feed(s, (struct link_input){ LINK_IN_CLOSED, connection, false, why, NULL });
}

void hear(struct side *s, uint64_t connection, const struct link_msg *msg)
{
	feed(s, (struct link_input){ LINK_IN_MESSAGE, connection, false, NULL, msg });
}

struct link_msg hello(void)
{
	struct link_msg m = { .kind = LINK_HELLO, .protocol = LINK_PROTOCOL, .beat = 1 };

	str_copy(m.site, sizeof m.site, "mumbai");
	return m;
}

void hear_beat(struct side *s, const struct link_head *heads, uint32_t n)
{
	struct link_msg m = { .kind = LINK_BEAT,
		.beat = s->l.beat_heard + 1,
		.echo = s->l.beats_sent,
		.heads = heads,
		.n_heads = n };

	hear(s, s->l.connection, &m);
}

const struct link_effect *effect(const struct side *s, enum link_effect_kind kind)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->fx[i].kind == kind)
			return &s->fx[i];
	return NULL;
}

const struct link_msg *sent(const struct side *s, enum link_msg_kind kind)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->fx[i].kind == LINK_DO_SEND && s->fx[i].msg.kind == kind)
			return &s->fx[i].msg;
	return NULL;
}

struct side make_up(void)
{
	struct side s = make();
	struct link_msg m = hello();

	connected(&s, 1, true);
	m.heads = s.heads;
	m.n_heads = 1;
	hear(&s, 1, &m);
	hear_beat(&s, s.heads, 1);
	assert_int_equal(s.l.state, LINK_UP);
	return s;
}

void grow(struct side *s, uint64_t seq)
{
	s->heads[0].seq = seq;
	s->self.heads = s->heads;
	s->n = link_push(&s->l, s->now, &s->self, s->fx);
}
