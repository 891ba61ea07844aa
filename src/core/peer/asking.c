/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs change the slots; asking_next() looks through these for what is to be done.  So effects need
 * no queue and no bound of their own, and what no longer holds is never carried out.
 */
#include "core/peer/asking.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

static void free_asker(struct asker *q)
{
	str_fini(&q->question);
	str_fini(&q->body);
	*q = (struct asker){ 0 };
}

static void free_answerer(struct answerer *r)
{
	str_fini(&r->question);
	str_fini(&r->body);
	*r = (struct answerer){ 0 };
}

/* What is computed must be waited for: until then nobody else gets its place. */
static void forget(struct answerer *r)
{
	bool is_computing = r->stage == ANSWERER_COMPUTING || r->stage == ANSWERER_FORGOTTEN;
	uint64_t number = r->number;

	free_answerer(r);
	if (is_computing)
		*r = (struct answerer){ .stage = ANSWERER_FORGOTTEN, .number = number };
}

void asking_fini(struct asking *a)
{
	for (uint32_t i = 0; i < ASKINGS_MAX; i++) {
		free_asker(&a->askers[i]);
		free_answerer(&a->answerers[i]);
	}
}

static struct mono after(struct mono now, int64_t ms)
{
	return (struct mono){ now.ms + ms };
}

static bool is_waiting(const struct asker *q)
{
	return q->stage != ASKER_FREE && q->stage != ASKER_ENDED;
}

static void fail(struct asker *q, const char *why)
{
	q->stage = ASKER_ENDED;
	q->status = 0;
	str_copy(q->why, sizeof q->why, why);
}

/* The peer may be at it still: it is told that nobody waits. */
static void give_up(struct asker *q, const char *why)
{
	q->owes_stop = !q->question.len;
	fail(q, why);
}

void asking_connected(struct asking *a, uint64_t connection)
{
	if (a->connection == connection)
		return;
	a->connection = connection;
	a->n_refused = 0;
	a->sent = a->taken = a->come = a->told = 0;
	for (uint32_t i = 0; i < ASKINGS_MAX; i++) {
		if (is_waiting(&a->askers[i]))
			fail(&a->askers[i], "the link was lost before the answer was there");
		a->askers[i].owes_stop = false;
		forget(&a->answerers[i]);
	}
}

/* ---- asking */

static struct asker *free_place(struct asking *a)
{
	for (uint32_t i = 0; i < ASKINGS_MAX; i++)
		if (a->askers[i].stage == ASKER_FREE)
			return &a->askers[i];
	return NULL;
}

enum rc asking_ask(struct asking *a, struct mono now, const struct asking_question *q, void *ctx,
	struct err *e)
{
	struct asker *place = free_place(a);
	struct asking_part part = { .kind = ASKING_QUESTION,
		.what = q->what,
		.label = q->label,
		.label_len = strlen(q->label),
		.bytes = q->form,
		.n = strlen(q->form) };

	if (!a->connection)
		return err_set(e, RC_OFFLINE, "there is no connection");
	if (!place)
		return err_set(e, RC_LIMIT, "%d questions to it are under way: ask again later",
			ASKINGS_MAX);
	if (part.n > ASKING_FORM_BYTES_MAX || part.label_len > ASKING_FORM_BYTES_MAX / 2)
		return err_set(e, RC_LIMIT, "a question to another site has at most %d bytes",
			ASKING_FORM_BYTES_MAX);
	part.id = ++a->last_id;
	*place = (struct asker){ .stage = ASKER_ASKED,
		.id = part.id,
		.ctx = ctx,
		.until = after(now, ASKING_PATIENCE_MS),
		.patience_ms = q->timeout_ms + ASKING_PATIENCE_MS };
	asking_part_write(&part, &place->question);
	return RC_OK;
}

static void on_heard(struct asker *q, struct mono now, const struct asking_part *p)
{
	(void)p;
	if (q->stage != ASKER_ASKED)
		return;
	q->stage = ASKER_WORKED_ON;
	q->until = after(now, q->patience_ms);
}

static bool take(struct asker *q, const struct asking_part *p)
{
	char why[REASON_BYTES_MAX];

	if (q->body.len + p->n <= ASKING_ANSWER_BYTES_MAX) {
		str_addn(&q->body, p->bytes, p->n);
		return true;
	}
	snprintf(why, sizeof why, "its answer has more than %d bytes: ask more narrowly",
		ASKING_ANSWER_BYTES_MAX);
	give_up(q, why);
	return false;
}

static void on_piece(struct asker *q, struct mono now, const struct asking_part *p)
{
	if (!take(q, p))
		return;
	q->stage = ASKER_COMING;
	q->until = after(now, ASKING_PATIENCE_MS);
}

static void on_last(struct asker *q, struct mono now, const struct asking_part *p)
{
	(void)now;
	if (!take(q, p))
		return;
	q->stage = ASKER_ENDED;
	q->status = p->status;
}

/* ---- answering */

static struct answerer *answerer_of(struct asking *a, uint64_t id)
{
	for (uint32_t i = 0; i < ASKINGS_MAX; i++)
		if (a->answerers[i].id == id)
			return &a->answerers[i];
	return NULL;
}

static struct answerer *idle_answerer(struct asking *a)
{
	for (uint32_t i = 0; i < ASKINGS_MAX; i++)
		if (a->answerers[i].stage == ANSWERER_FREE)
			return &a->answerers[i];
	return NULL;
}

static enum rc on_question(struct asking *a, const struct asking_part *p, struct err *e)
{
	struct answerer *r = idle_answerer(a);

	if (answerer_of(a, p->id))
		return err_set(e, RC_INPUT, "ASKING: question %" PRIu64 " again", p->id);
	if (!r) {
		if (a->n_refused < ASKINGS_MAX)
			a->refused[a->n_refused++] = p->id;
		return RC_OK;
	}
	*r = (struct answerer){ .stage = ANSWERER_WANTED,
		.id = p->id,
		.number = ++a->last_number,
		.owes_heard = true };
	asking_part_write(p, &r->question);
	return RC_OK;
}

/* Said at once, not after so many bytes. */
static void bound(uint16_t *status, struct str *body)
{
	if (body->len <= ASKING_ANSWER_BYTES_MAX)
		return;
	str_clear(body);
	str_addf(body,
		"{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"the answer to "
		"another site has at most %d bytes: ask more narrowly\"}",
		ASKING_ANSWER_BYTES_MAX);
	*status = 422;
}

static enum rc on_taken(struct asking *a, struct mono now, const struct asking_part *p,
	struct err *e)
{
	if (p->taken > a->sent || p->taken < a->taken)
		return err_set(e, RC_INPUT, "ASKING: %" PRIu64 " bytes taken of %" PRIu64, p->taken,
			a->sent);
	if (p->taken > a->taken)
		a->until = after(now, ASKING_PATIENCE_MS);
	a->taken = p->taken;
	return RC_OK;
}

void asking_computed(struct asking *a, uint64_t number, uint16_t status, struct str *body)
{
	bound(&status, body);
	for (uint32_t i = 0; i < ASKINGS_MAX; i++) {
		struct answerer *r = &a->answerers[i];

		if (r->number != number)
			continue;
		if (r->stage == ANSWERER_COMPUTING) {
			r->stage = ANSWERER_SENDING;
			r->body = *body;
			r->status = status;
			*body = STR_EMPTY;
		} else if (r->stage == ANSWERER_FORGOTTEN) {
			free_answerer(r);
		}
	}
	str_fini(body);
}

/* ---- both */

enum rc asking_received(struct asking *a, struct mono now, const char *bytes, size_t n,
	struct err *e)
{
	static void (*const of_answers[ASKING_PARTS])(struct asker *, struct mono,
		const struct asking_part *) = {
		[ASKING_HEARD] = on_heard,
		[ASKING_PIECE] = on_piece,
		[ASKING_LAST] = on_last,
	};
	struct asking_part p;
	struct answerer *r;
	enum rc rc = asking_part_read(bytes, n, &p, e);

	if (rc != RC_OK)
		return rc;
	if (p.kind == ASKING_QUESTION)
		return on_question(a, &p, e);
	if (p.kind == ASKING_TAKEN)
		return on_taken(a, now, &p, e);
	if (p.kind == ASKING_STOP) {
		r = answerer_of(a, p.id);
		if (r) /* else it ended while this was on its way */
			forget(r);
		return RC_OK;
	}
	a->come += p.n;
	for (uint32_t i = 0; i < ASKINGS_MAX; i++)
		if (a->askers[i].id == p.id && is_waiting(&a->askers[i]))
			of_answers[p.kind](&a->askers[i], now, &p);
	return RC_OK;
}

static const char *too_late(const struct asker *q)
{
	switch (q->stage) {
	case ASKER_ASKED:
		return "it says nothing to the question within 10 s: its program may be an older "
		       "one that can't be asked";
	case ASKER_WORKED_ON:
		return "it has not answered in time";
	default:
		return "its answer broke off: nothing more has come for 10 s";
	}
}

/* There is an answer whose pieces the peer has to take. */
static bool waits_for_peer(const struct asking *a)
{
	for (uint32_t i = 0; i < ASKINGS_MAX && a->taken < a->sent; i++)
		if (a->answerers[i].stage == ANSWERER_SENDING)
			return true;
	return false;
}

void asking_tick(struct asking *a, struct mono now)
{
	bool is_stuck = waits_for_peer(a) && now.ms >= a->until.ms;

	for (uint32_t i = 0; i < ASKINGS_MAX; i++) {
		struct asker *q = &a->askers[i];

		if (is_waiting(q) && now.ms >= q->until.ms)
			give_up(q, too_late(q));
		if (is_stuck && a->answerers[i].stage == ANSWERER_SENDING)
			forget(&a->answerers[i]);
	}
}

struct mono asking_wake(const struct asking *a)
{
	struct mono wake = { waits_for_peer(a) ? a->until.ms : NEVER_MS };

	for (uint32_t i = 0; i < ASKINGS_MAX; i++)
		if (is_waiting(&a->askers[i]) && a->askers[i].until.ms < wake.ms)
			wake = a->askers[i].until;
	return wake;
}

/* ---- what is to be done */

static bool send_part(const struct asking_part *p, struct asking_effect *fx)
{
	fx->kind = ASKING_DO_SEND;
	asking_part_write(p, &fx->bytes);
	return true;
}

static void count_sent(struct asking *a, struct mono now, size_t n)
{
	if (a->sent == a->taken) /* the peer has had nothing to take until now */
		a->until = after(now, ASKING_PATIENCE_MS);
	a->sent += n;
}

static bool refuse(struct asking *a, struct mono now, struct asking_effect *fx)
{
	static const char body[] = "{\"status\":\"error\",\"errorType\":\"unavailable\",\"error\":"
				   "\"it has too many questions to answer: ask again later\"}";
	struct asking_part p = { .kind = ASKING_LAST,
		.status = 503,
		.bytes = body,
		.n = sizeof body - 1 };

	if (!a->n_refused)
		return false;
	p.id = a->refused[--a->n_refused];
	count_sent(a, now, p.n);
	return send_part(&p, fx);
}

static bool ask_on(struct asker *q, struct asking_effect *fx)
{
	struct asking_part p = { .id = q->id };

	if (q->question.len && is_waiting(q)) {
		fx->kind = ASKING_DO_SEND;
		fx->bytes = q->question;
		q->question = STR_EMPTY;
		return true;
	}
	if (q->owes_stop) {
		q->owes_stop = false;
		p.kind = ASKING_STOP;
		return send_part(&p, fx);
	}
	return false;
}

static bool tell_taken(struct asking *a, struct asking_effect *fx)
{
	struct asking_part p = { .kind = ASKING_TAKEN, .taken = a->come };

	if (a->told == a->come)
		return false;
	a->told = a->come;
	return send_part(&p, fx);
}

static bool tell_outcome(struct asker *q, struct asking_effect *fx)
{
	if (q->stage != ASKER_ENDED)
		return false;
	fx->kind = ASKING_SAY_ANSWERED;
	fx->ctx = q->ctx;
	fx->status = q->status;
	memcpy(fx->why, q->why, sizeof fx->why);
	fx->bytes = q->body;
	q->body = STR_EMPTY;
	free_asker(q);
	return true;
}

static bool take_up(struct answerer *r, struct asking_effect *fx)
{
	struct asking_part p = { .id = r->id, .kind = ASKING_HEARD };

	if (r->owes_heard) {
		r->owes_heard = false;
		return send_part(&p, fx);
	}
	if (r->stage != ANSWERER_WANTED)
		return false;
	r->stage = ANSWERER_COMPUTING;
	fx->kind = ASKING_DO_COMPUTE;
	fx->number = r->number;
	fx->bytes = r->question;
	r->question = STR_EMPTY;
	must(asking_part_read(fx->bytes.s, fx->bytes.len, &fx->question, NULL) == RC_OK);
	return true;
}

static bool send_piece(struct answerer *r, struct asking_effect *fx, size_t *ret_n)
{
	struct asking_part p = { .id = r->id, .kind = ASKING_PIECE };
	uint64_t left = r->body.len - r->sent;

	if (r->stage != ANSWERER_SENDING)
		return false;
	p.n = left < ASKING_PIECE_BYTES ? left : ASKING_PIECE_BYTES;
	p.bytes = str_c(&r->body) + r->sent;
	if (p.n == left) {
		p.kind = ASKING_LAST;
		p.status = r->status;
	}
	r->sent += p.n;
	*ret_n = p.n;
	send_part(&p, fx);
	if (p.kind == ASKING_LAST)
		free_answerer(r);
	return true;
}

static bool answer_on(struct asking *a, struct mono now, struct asking_effect *fx)
{
	size_t n;

	if (a->sent - a->taken + ASKING_PIECE_BYTES > ASKING_WINDOW_BYTES)
		return false;
	for (uint32_t i = 0; i < ASKINGS_MAX; i++) {
		uint32_t turn = (a->turn + i) % ASKINGS_MAX;

		if (!send_piece(&a->answerers[turn], fx, &n))
			continue;
		count_sent(a, now, n);
		a->turn = turn + 1;
		return true;
	}
	return false;
}

void asking_effect_fini(struct asking_effect *fx)
{
	str_fini(&fx->bytes);
}

bool asking_next(struct asking *a, struct mono now, struct asking_effect *ret)
{
	*ret = (struct asking_effect){ 0 };
	for (uint32_t i = 0; i < ASKINGS_MAX; i++)
		if (ask_on(&a->askers[i], ret) || tell_outcome(&a->askers[i], ret) ||
			take_up(&a->answerers[i], ret))
			return true;
	return tell_taken(a, ret) || refuse(a, now, ret) || answer_on(a, now, ret);
}
