/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds tcp and tls: connect, perhaps under TLS, then a dialogue if there is one.
 */
#include "port/probe/channel.h"
#include "port/probe/dialogue.h"

#include "base/mem.h"

struct talk {
	struct channel channel;
	struct dialogue dialogue;
};

static void proceed(struct probe *p)
{
	struct talk *t = p->state;
	enum dialogue_action action;
	struct err e;

	for (;;) {
		if (dialogue_next(&t->dialogue, &action, &e) != RC_OK) {
			p->result.failed_by_pattern = dialogue_expects(&t->dialogue) != NULL;
			probe_fail(p, "%s", e.text);
			return;
		}
		if (action != DIALOGUE_SEND)
			break;
		channel_send(&t->channel, t->dialogue.send.s, t->dialogue.send.len);
	}
	if (action == DIALOGUE_DONE)
		probe_pass(p);
	else if (action == DIALOGUE_START_TLS)
		channel_start_tls(&t->channel);
	else
		probe_enter(p, PHASE_PROCESSING, "waiting for a line that matches '%.80s'",
			dialogue_expects(&t->dialogue));
}

static void on_received(struct probe *p, const char *bytes, size_t n)
{
	struct talk *t = p->state;

	dialogue_feed(&t->dialogue, bytes, n);
	proceed(p);
}

static void on_ended(struct probe *p)
{
	struct talk *t = p->state;

	dialogue_end(&t->dialogue);
	proceed(p);
}

static void start(struct probe *p)
{
	static const struct channel_events events = {
		.ready = proceed,
		.received = on_received,
		.ended = on_ended,
	};
	const struct tcp_spec *spec = &p->spec->tcp;
	struct endpoint to;
	struct talk *t;
	struct err e;

	if (endpoint_parse_or(spec->address, 0, &to, &e) != RC_OK) {
		probe_fail(p, "%s", e.text);
		return;
	}
	t = must_alloc(sizeof *t);
	dialogue_init(&t->dialogue, spec);
	p->state = t;
	channel_open(&t->channel, p,
		&(struct channel_wish){ .on = &events,
			.to = &to,
			.tls = &spec->tls,
			.use_tls = spec->use_tls });
}

static void stop(struct probe *p)
{
	struct talk *t = p->state;

	if (!t)
		return;
	channel_close(&t->channel);
	dialogue_fini(&t->dialogue);
	free(t);
	p->state = NULL;
}

const struct engine stream_engine = { .start = start, .stop = stop };
