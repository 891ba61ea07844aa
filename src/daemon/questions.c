/* SPDX-License-Identifier: Apache-2.0 */
/*
 * questions: about samples, between the API and the links; decides nothing (core/peer/asking.h).
 */
#include "daemon/serve_private.h"

#include "core/peer/asking.h"

struct talk { /* with one peer */
	char name[NAME_BYTES_MAX + 1];
	struct asking asking;
};

struct questions {
	struct talk with[SITES_MAX]; /* by index of the peer, as long as it has this name there */
	uv_timer_t timer;
};

/* An answer that is being computed; it may outlive its question. */
struct computing {
	struct serve *s;
	uint8_t peer;
	uint64_t number;
};

static void drain(struct serve *s, uint8_t peer);

static struct asking *asking_of(const struct serve *s, uint8_t peer)
{
	return &s->questions->with[peer].asking;
}

static void look(uv_timer_t *timer)
{
	questions_look(timer->data);
}

void questions_start(struct serve *s)
{
	s->questions = must_alloc(sizeof *s->questions);
	uv_timer_init(&s->loop, &s->questions->timer);
	s->questions->timer.data = s;
}

static void computed(void *ctx, struct api_site_answer *a)
{
	struct computing *c = ctx;
	struct serve *s = c->s;
	uint8_t peer = c->peer;

	asking_computed(asking_of(s, peer), c->number, a->status, &a->body);
	free(c);
	if (!s->open_ports)
		drain(s, peer);
}

static void compute(struct serve *s, uint8_t peer, const struct asking_effect *fx)
{
	const struct asking_part *q = &fx->question;
	scoped(str_fini) struct str label = STR_EMPTY, form = STR_EMPTY;
	struct computing *c = must_alloc(sizeof *c);
	struct api_question question = { .what = q->what };

	*c = (struct computing){ s, peer, fx->number };
	str_addn(&label, q->label, q->label_len);
	str_addn(&form, q->bytes, q->n);
	question.label = str_c(&label);
	question.form = str_c(&form);
	api_answer_site(s->api, &question, computed, c);
}

struct asked { /* who waits for an answer */
	api_site_answered *done;
	void *ctx;
};

static void tell(struct asking_effect *fx)
{
	struct asked *asked = fx->ctx;
	struct api_site_answer a = { .status = fx->status, .why = fx->why, .body = fx->bytes };

	fx->bytes = STR_EMPTY;
	asked->done(asked->ctx, &a);
	str_fini(&a.body);
	free(asked);
}

static void carry_out(struct serve *s, uint8_t peer, struct asking_effect *fx)
{
	struct link_msg msg = { .kind = LINK_ASKING,
		.part = fx->bytes.s,
		.part_len = fx->bytes.len };

	switch (fx->kind) {
	case ASKING_DO_SEND:
		link_port_send(s->link, asking_of(s, peer)->connection, &msg);
		break;
	case ASKING_DO_COMPUTE:
		compute(s, peer, fx);
		break;
	case ASKING_SAY_ANSWERED:
		tell(fx);
		break;
	}
}

static void drain(struct serve *s, uint8_t peer)
{
	struct asking_effect fx;

	while (asking_next(asking_of(s, peer), daemon_now().mono, &fx)) {
		carry_out(s, peer, &fx);
		asking_effect_fini(&fx);
	}
}

/* No API: nobody asks, and nobody can answer. */
static uint64_t connection_to(const struct serve *s, uint8_t peer)
{
	const struct link *l = peer < s->lab->n_sites ? site_link(s->site, peer) : NULL;

	return l && s->api && link_is_current(l, l->connection) ? l->connection : 0;
}

/* Another lab.yaml may have another site there: what was asked of the one before it is over, and what is
 * still computed for that one is for nobody (asking.h tells it by its number). */
static void follow_name(struct serve *s, uint8_t peer)
{
	struct talk *t = &s->questions->with[peer];
	const char *name = peer < s->lab->n_sites ? s->lab->sites[peer].name : "";

	if (str_eq(t->name, name))
		return;
	str_copy(t->name, sizeof t->name, name);
	asking_connected(&t->asking, 0);
	drain(s, peer);
}

static void set_timer(struct serve *s)
{
	int64_t wake_ms = NEVER_MS, now_ms = daemon_now().mono.ms;

	for (uint8_t i = 0; i < SITES_MAX; i++) {
		int64_t ms = asking_wake(asking_of(s, i)).ms;

		wake_ms = ms < wake_ms ? ms : wake_ms;
	}
	if (wake_ms == NEVER_MS)
		uv_timer_stop(&s->questions->timer);
	else
		uv_timer_start(&s->questions->timer, look,
			wake_ms > now_ms ? (uint64_t)(wake_ms - now_ms) : 1, 0);
}

void questions_look(struct serve *s)
{
	if (!s->questions || s->open_ports)
		return;
	for (uint8_t i = 0; i < SITES_MAX; i++) {
		follow_name(s, i);
		asking_connected(asking_of(s, i), connection_to(s, i));
		asking_tick(asking_of(s, i), daemon_now().mono);
		drain(s, i);
	}
	set_timer(s);
}

void questions_received(struct serve *s, uint8_t peer, uint64_t connection,
	const struct link_msg *msg)
{
	struct err e = { 0 };

	if (!connection || connection_to(s, peer) != connection)
		return;
	follow_name(s, peer);
	asking_connected(asking_of(s, peer), connection);
	if (asking_received(asking_of(s, peer), daemon_now().mono, msg->part, msg->part_len,
		    &e) != RC_OK)
		log_debug("%s: %s", s->lab->sites[peer].name, e.text);
	drain(s, peer);
	set_timer(s);
}

enum rc questions_ask(void *ctx, uint8_t site, const struct api_question *q,
	api_site_answered *done, void *done_ctx, struct err *e)
{
	struct serve *s = ctx;
	struct asking_question question = { q->what, q->label, q->form, q->timeout_ms };
	struct asked *asked = must_alloc(sizeof *asked);
	enum rc rc;

	*asked = (struct asked){ done, done_ctx };
	follow_name(s, site);
	asking_connected(asking_of(s, site), connection_to(s, site));
	rc = asking_ask(asking_of(s, site), daemon_now().mono, &question, asked, e);
	if (rc != RC_OK) {
		free(asked);
		return err_in(e, rc, "asking %s", s->lab->sites[site].name);
	}
	uv_timer_start(&s->questions->timer, look, 0, 0); /* sent when the asker is done here */
	return RC_OK;
}

void questions_stop(struct serve *s)
{
	for (uint8_t i = 0; i < SITES_MAX; i++) {
		asking_connected(asking_of(s, i), 0);
		drain(s, i);
	}
	uv_timer_stop(&s->questions->timer);
}

void questions_free(struct serve *s)
{
	for (uint8_t i = 0; s->questions && i < SITES_MAX; i++)
		asking_fini(asking_of(s, i));
	free(TAKE(s->questions));
}
