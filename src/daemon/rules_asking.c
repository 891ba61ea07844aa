/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rules_asking.h"

#include "base/str.h"
#include "node/rules_answer.h"

#include <inttypes.h>
#include <stdio.h>

#define LOOK_NS (UINT64_C(100) * 1000000) /* between two looks at should_stop */

/* Belongs to who waits, and to the loop: the last of both frees it. */
struct waiting {
	struct waiting *next; /* in the queue */
	uv_mutex_t lock;
	uv_cond_t answered;
	unsigned n_owners;
	struct str form;
	bool is_done;
	int status; /* 0: there is no answer, for `why` */
	struct str body;
	struct err why;
};

struct rules_asking {
	struct outside *outside; /* NULL: nothing is asked any more */
	uv_async_t wake;
	uv_mutex_t lock;
	struct waiting *first, **last; /* not asked so far */
};

static void let_go(struct waiting *w)
{
	bool is_last;

	uv_mutex_lock(&w->lock);
	is_last = --w->n_owners == 0;
	uv_mutex_unlock(&w->lock);
	if (!is_last)
		return;
	uv_mutex_destroy(&w->lock);
	uv_cond_destroy(&w->answered);
	str_fini(&w->form);
	str_fini(&w->body);
	free(w);
}
SCOPED_BY(let_go, struct waiting *)

/* ---- on the loop */

static void finish(struct waiting *w, const struct outside_answer *a)
{
	uv_mutex_lock(&w->lock);
	w->status = a->status;
	if (a->status)
		str_addn(&w->body, a->body, a->n);
	else
		err_set(&w->why, RC_OFFLINE, "the outside server can't be asked: %.300s", a->why);
	w->is_done = true;
	uv_cond_signal(&w->answered);
	uv_mutex_unlock(&w->lock);
	let_go(w);
}

static void on_answer(void *ctx, const struct outside_answer *a)
{
	finish(ctx, a);
}

static void ask(struct rules_asking *a, struct waiting *w)
{
	const struct outside_question q = { "/api/v1/query", str_c(&w->form), true };
	struct err e = { 0 };

	if (!outside_is_used(a->outside))
		err_set(&e, RC_OFFLINE, "no server is declared any more");
	else if (outside_ask(a->outside, &q, on_answer, w, &e) == RC_OK)
		return;
	finish(w, &(struct outside_answer){ .why = e.text });
}

static void on_wake(uv_async_t *wake)
{
	struct rules_asking *a = wake->data;
	struct waiting *w, *next;

	uv_mutex_lock(&a->lock);
	w = a->first;
	a->first = NULL;
	a->last = &a->first;
	uv_mutex_unlock(&a->lock);
	for (; w; w = next) {
		next = w->next;
		ask(a, w);
	}
}

struct rules_asking *rules_asking_new(uv_loop_t *loop, struct outside *outside)
{
	struct rules_asking *a = must_alloc(sizeof *a);

	a->outside = outside;
	a->last = &a->first;
	must(uv_mutex_init(&a->lock) == 0);
	must(uv_async_init(loop, &a->wake, on_wake) == 0);
	a->wake.data = a;
	return a;
}

bool rules_asking_is_used(const struct rules_asking *a)
{
	return a && outside_is_used(a->outside);
}

void rules_asking_stop(struct rules_asking *a)
{
	if (a)
		a->outside = NULL;
}

void rules_asking_free(struct rules_asking *a)
{
	if (!a)
		return;
	uv_mutex_destroy(&a->lock);
	free(a);
}

static void on_closed(uv_handle_t *h)
{
	rules_asking_free(h->data);
}

void rules_asking_close(struct rules_asking *a)
{
	if (!a)
		return;
	on_wake(&a->wake); /* who was told to stop has left its question here, perhaps */
	uv_close((uv_handle_t *)&a->wake, on_closed);
}

/* ---- on the pool */

static struct waiting *waiting_new(const struct rules_question *q)
{
	struct waiting *w = must_alloc(sizeof *w);
	int64_t ms = q->at_ms % 1000;

	must(uv_mutex_init(&w->lock) == 0);
	must(uv_cond_init(&w->answered) == 0);
	w->n_owners = 2;
	str_add(&w->form, "query=");
	str_add_percent(&w->form, q->text);
	str_addf(&w->form, "&time=%" PRId64 ".%03" PRId64, q->at_ms / 1000, ms < 0 ? -ms : ms);
	return w;
}

/* False: it was told to stop. */
static bool wait_for(struct waiting *w, const struct rules_question *q)
{
	bool is_done;

	uv_mutex_lock(&w->lock);
	while (!w->is_done && !q->should_stop(q->ctx))
		uv_cond_timedwait(&w->answered, &w->lock, LOOK_NS);
	is_done = w->is_done;
	uv_mutex_unlock(&w->lock);
	return is_done;
}

enum rc rules_asking_query(struct rules_asking *a, const struct rules_question *q,
	struct arena *arena, struct rules_vector *ret, struct err *e)
{
	scoped(let_go) struct waiting *w = waiting_new(q);
	struct rules_answer answer;

	uv_mutex_lock(&a->lock);
	*a->last = w;
	a->last = &w->next;
	uv_mutex_unlock(&a->lock);
	uv_async_send(&a->wake);
	if (!wait_for(w, q))
		return err_set(e, RC_TIMEOUT, "the outside server took too long");
	if (!w->status)
		return err_set(e, RC_OFFLINE, "%s", w->why.text);
	answer = (struct rules_answer){ w->status, str_c(&w->body), w->body.len };
	return rules_answer_read(&answer, arena, ret, e);
}
