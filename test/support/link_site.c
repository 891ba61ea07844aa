/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support/link_site.h"

#include "base/mem.h"
#include "base/str.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const names[LINK_SITES] = { "dublin", "mumbai" };

static struct now now(const struct link_site *s)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	uv_update_time(s->loop);
	return (struct now){ { (int64_t)uv_now(s->loop) },
		{ (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 } };
}

static struct private_key key_of(uint8_t site)
{
	struct private_key key;

	memset(key.bytes, site + 1, sizeof key.bytes);
	return key;
}

static void obey(struct link_site *s, const struct link_effect *fx, uint32_t n);

static void on_timer(uv_timer_t *timer);

static void arm(struct link_site *s)
{
	int64_t wait = link_wake(&s->link).ms - now(s).mono.ms;

	if (!s->is_stopped)
		uv_timer_start(&s->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static void feed(struct link_site *s, const struct link_input *in)
{
	struct link_effect fx[LINK_EFFECTS_MAX];

	obey(s, fx, link_step(&s->link, now(s), &s->facts, in, fx));
	arm(s);
}

static void on_timer(uv_timer_t *timer)
{
	feed(timer->data, &(struct link_input){ .kind = LINK_IN_TICK });
}

static void on_connected(void *ctx, uint8_t peer, uint64_t connection, bool is_dialled)
{
	struct link_site *s = ctx;

	(void)peer;
	s->n_connections++;
	feed(s, &(struct link_input){ LINK_IN_CONNECTED, connection, is_dialled, NULL, NULL });
}

static void on_closed(void *ctx, uint8_t peer, uint64_t connection, const char *why)
{
	(void)peer;
	feed(ctx, &(struct link_input){ LINK_IN_CLOSED, connection, false, why, NULL });
}

static void on_received(void *ctx, uint8_t peer, uint64_t connection, const struct link_msg *msg)
{
	(void)peer;
	feed(ctx, &(struct link_input){ LINK_IN_MESSAGE, connection, false, NULL, msg });
}

static void on_refused(void *ctx, const char *from, const char *why)
{
	(void)ctx;
	(void)from;
	(void)why;
}

static struct link_head *chain_of(struct link_site *s, const struct link_head *like)
{
	for (uint32_t i = 0; i < LINK_SITES; i++)
		if (s->heads[i].epoch == like->epoch && str_eq(s->heads[i].site, like->site))
			return &s->heads[i];
	must_failed("an unknown chain", __FILE__, __LINE__);
}

/* Records of equal length, each a text that begins with chain and number. */
static void send_batch(struct link_site *s, const struct link_effect *fx)
{
	const struct link_head *from = &fx->msg.heads[0];
	uint64_t left = chain_of(s, from)->seq - from->seq;
	struct link_msg msg = { .kind = LINK_EVENTS, .events = s->events };
	uint32_t length = htobe32(LINK_SITE_EVENT - sizeof length);

	while (left-- && msg.n_events < EVENT_BATCH_MAX && msg.events_len < LINK_BATCH_BYTES) {
		char *record = s->events + msg.events_len, *text = record + sizeof length;

		memset(record, '.', LINK_SITE_EVENT);
		memcpy(record, &length, sizeof length);
		text[sprintf(text, "%s %llu", from->site,
			(unsigned long long)from->seq + ++msg.n_events)] = ' ';
		msg.events_len += LINK_SITE_EVENT;
	}
	link_port_send(s->port, fx->connection, &msg);
}

static void push(struct link_site *s)
{
	struct link_effect fx[LINK_EFFECTS_MAX];

	obey(s, fx, link_push(&s->link, now(s), &s->facts, fx));
	arm(s);
}

static void keep_batch(struct link_site *s, const struct link_msg *msg)
{
	struct link_head chain = { .epoch = 1 }, *ours;
	char number[32] = "";

	must(sscanf(msg->events + sizeof(uint32_t), "%64s %31s", chain.site, number) == 2);
	ours = chain_of(s, &chain);
	must(strtoull(number, NULL, 10) <= ours->seq + 1);
	must(msg->events_len == (size_t)msg->n_events * LINK_SITE_EVENT);
	s->n_batches++;
	if (strtoull(number, NULL, 10) + msg->n_events - 1 <= ours->seq)
		return;
	ours->seq = strtoull(number, NULL, 10) + msg->n_events - 1;
	push(s);
}

static void obey(struct link_site *s, const struct link_effect *fx, uint32_t n)
{
	for (; n; n--, fx++) {
		if (fx->kind == LINK_DO_DIAL) {
			link_port_dial(s->port, !s->self);
		} else if (fx->kind == LINK_DO_SEND) {
			link_port_send(s->port, fx->connection, &fx->msg);
		} else if (fx->kind == LINK_DO_CLOSE) {
			link_port_close(s->port, fx->connection);
		} else if (fx->kind == LINK_DO_PULL_FROM) {
			send_batch(s, fx);
		} else if (fx->kind == LINK_DO_ACCEPT) {
			keep_batch(s, &fx->msg);
		} else if (fx->kind == LINK_SAY_DOWN) {
			s->n_down++;
			str_copy(s->why, sizeof s->why, fx->why);
		} else {
			s->n_up += fx->kind == LINK_SAY_UP;
			s->n_beats += fx->kind == LINK_SAY_BEAT;
		}
	}
}

static struct link_port_lab lab_of(const struct link_site *s, const char *peer_address,
	struct link_port_site sites[LINK_SITES])
{
	for (uint8_t i = 0; i < LINK_SITES; i++) {
		struct private_key key = key_of(i);

		sites[i] = (struct link_port_site){ names[i],
			i == s->self ? s->address : peer_address, key_public(&key) };
	}
	return (struct link_port_lab){ sites, LINK_SITES, s->self };
}

void link_site_open(struct link_site *s, uv_loop_t *loop, uint8_t self, const char *address)
{
	struct link_port_site sites[LINK_SITES];
	struct private_key own = key_of(self);
	struct link_port_setup setup = { .loop = loop, .key = &own, .drain_ms = 200 };
	struct err e = { 0 };

	*s = (struct link_site){ .loop = loop, .self = self };
	str_copy(s->address, sizeof s->address, address);
	for (uint8_t i = 0; i < LINK_SITES; i++) {
		str_copy(s->heads[i].site, sizeof s->heads[i].site, names[i ? !self : self]);
		s->heads[i].epoch = 1;
	}
	s->facts = (struct link_self){ .site = names[self],
		.is_first = self == 0,
		.heads = s->heads,
		.n_heads = LINK_SITES };
	s->events = must_alloc(LINK_BATCH_BYTES + LINK_SITE_EVENT);
	setup.lab = lab_of(s, "127.0.0.1:1", sites);
	setup.owner =
		(struct link_port_owner){ s, on_connected, on_closed, on_received, on_refused };
	if (link_port_new(&s->port, &setup, &e) != RC_OK)
		must_failed(e.text, __FILE__, __LINE__);
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
}

void link_site_meet(struct link_site *s, const char *address)
{
	struct link_port_site sites[LINK_SITES];
	struct link_port_lab lab = lab_of(s, address, sites);
	struct err e = { 0 };

	if (link_port_reload(s->port, &lab, &e) != RC_OK)
		must_failed(e.text, __FILE__, __LINE__);
	link_init(&s->link, now(s).mono, 1 + s->self);
	arm(s);
}

void link_site_append(struct link_site *s, uint64_t n)
{
	s->heads[0].seq += n;
	push(s);
}

static void on_stopped(void *ctx)
{
	struct link_site *s = ctx;

	free(s->events);
	s->is_stopped = true;
}

void link_site_stop(struct link_site *s, bool is_orderly)
{
	struct link_effect fx[LINK_EFFECTS_MAX];

	if (is_orderly)
		obey(s, fx, link_stop(&s->link, now(s), &s->facts, "stopping", fx));
	uv_close((uv_handle_t *)&s->timer, NULL);
	link_port_stop(s->port, on_stopped, s);
}

bool link_sites_agree(const struct link_site *a, const struct link_site *b)
{
	return a->link.state == LINK_UP && b->link.state == LINK_UP && !a->link.candidate &&
	       !b->link.candidate && a->link.is_dialled != b->link.is_dialled &&
	       a->heads[0].seq == b->heads[1].seq && a->heads[1].seq == b->heads[0].seq;
}
