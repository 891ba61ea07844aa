/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/chores.h"

#include "base/log.h"
#include "daemon/common.h"

#define WORKS_MAX 2 /* pieces of background work at once; the other threads are for queries */

struct chore {
	uv_work_t work;
	struct chores *of;
	struct store_work *what;
};

struct chores {
	uv_loop_t *loop;
	struct store *store;
	struct chores_wish wish;
	uv_timer_t tick;
	uint32_t n_works;
	uint64_t findings_told; /* so many of them are in the log */
	bool is_stopping;
	void (*stopped)(void *ctx);
	void *ctx;
};

static void tell_findings(struct chores *c)
{
	struct store_findings f = store_findings(c->store);
	uint64_t all = f.left_out + f.n;

	for (uint64_t i = c->findings_told > f.left_out ? c->findings_told : f.left_out; i < all;
		i++) {
		const struct store_finding *one = &f.v[i - f.left_out];

		log_warning("%s: %s: %s", c->wish.name, one->file, one->text);
	}
	c->findings_told = all;
}

static void on_closed(uv_handle_t *h)
{
	struct chores *c = h->data;

	c->stopped(c->ctx);
}

static void leave_if_done(struct chores *c)
{
	if (c->is_stopping && !c->n_works && !uv_is_closing((uv_handle_t *)&c->tick))
		uv_close((uv_handle_t *)&c->tick, on_closed);
}

static void run(uv_work_t *work)
{
	struct chore *p = work->data;

	store_work_run(p->what);
}

static void on_done(uv_work_t *work, int status)
{
	struct chore *p = work->data;
	struct chores *c = p->of;
	const char *kind = store_work_kind_text(store_work_kind(p->what));
	struct err e = { 0 };

	must(status == 0);
	if (store_work_done(c->store, p->what, &e) != RC_OK)
		log_warning("%s: %s: %s", c->wish.name, kind, e.text);
	free(p);
	c->n_works--;
	tell_findings(c);
	chores_look(c);
	if (c->wish.worked)
		c->wish.worked(c->wish.ctx);
	leave_if_done(c);
}

static void begin(struct chores *c, struct store_work *what)
{
	struct chore *p = must_alloc(sizeof *p);

	p->work.data = p;
	p->of = c;
	p->what = what;
	c->n_works++;
	must(uv_queue_work(c->loop, &p->work, run, on_done) == 0);
}

static void on_tick(uv_timer_t *t)
{
	struct chores *c = t->data;

	if (c->wish.ticked)
		c->wish.ticked(c->wish.ctx);
	chores_look(c);
}

void chores_look(struct chores *c)
{
	struct now now = daemon_now();
	struct mono wake = { NEVER_MS };

	while (!c->is_stopping && c->n_works < WORKS_MAX) {
		struct store_work *what = store_due(c->store, now, &wake);

		if (!what)
			break;
		begin(c, what);
	}
	if (c->is_stopping)
		return;
	if (wake.ms - now.mono.ms > c->wish.tick_ms)
		wake.ms = now.mono.ms + c->wish.tick_ms;
	if (wake.ms == NEVER_MS)
		uv_timer_stop(&c->tick);
	else
		uv_timer_start(&c->tick, on_tick,
			wake.ms > now.mono.ms ? (uint64_t)(wake.ms - now.mono.ms) : 0, 0);
}

struct chores *chores_new(uv_loop_t *loop, struct store *store, const struct chores_wish *wish)
{
	struct chores *c = must_alloc(sizeof *c);

	c->loop = loop;
	c->store = store;
	c->wish = *wish;
	uv_timer_init(loop, &c->tick);
	c->tick.data = c;
	tell_findings(c);
	chores_look(c);
	return c;
}

void chores_stop(struct chores *c, void (*stopped)(void *ctx), void *ctx)
{
	c->is_stopping = true;
	c->stopped = stopped;
	c->ctx = ctx;
	uv_timer_stop(&c->tick);
	leave_if_done(c);
}

void chores_free(struct chores *c)
{
	free(c);
}
