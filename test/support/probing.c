/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support/probing.h"

#include "base/mem.h"

/*
 * Whether a probe keeps its deadline is judged in the loop's own order, not by a clock: on a
 * machine that stalls, both the deadline and a timer behind it are due at once, and the earlier one
 * goes first.  What the deadline sets in motion may take a few turns of the loop.
 */
#define BEHIND_MS  500
#define TURNS_MOST 20

struct probing {
	uv_loop_t loop;
	struct prober *prober;
	const struct probe_spec *spec;
	struct probe_result result;
	unsigned left;
	uv_timer_t behind; /* the deadline */
	unsigned turns;    /* since then */
	bool is_closed;
};

/* Secrets of tests stand in the environment. */
static enum rc read_secret(void *ctx, const struct secret *secret, struct str *ret, struct err *e)
{
	const char *value = getenv(secret->name);

	(void)ctx;
	if (!value)
		return err_set(e, RC_NOT_FOUND, "no secret '%s'", secret->name);
	str_add(ret, value);
	return RC_OK;
}

static void on_closed(void *ctx)
{
	struct probing *p = ctx;

	p->is_closed = true;
}

static void on_behind(uv_timer_t *timer)
{
	struct probing *p = timer->data;

	must(++p->turns <= TURNS_MOST); /* else the probe outlives its deadline */
	uv_timer_start(timer, on_behind, 1, 0);
}

static void on_done(void *ctx, const struct probe_result *r);

static void start(struct probing *p)
{
	p->turns = 0;
	uv_timer_start(&p->behind, on_behind, (uint64_t)p->spec->timeout_ms + BEHIND_MS, 0);
	probe_start(p->prober, p->spec, on_done, p);
}

static void on_done(void *ctx, const struct probe_result *r)
{
	struct probing *p = ctx;

	must(p->left > 0);
	must(r->is_ok == (r->reason[0] == '\0'));
	probe_result_copy(&p->result, r);
	if (--p->left > 0) {
		start(p);
		return;
	}
	uv_close((uv_handle_t *)&p->behind, NULL);
	prober_close(p->prober, on_closed, p);
}

void probing_repeat(const struct probe_spec *spec, unsigned n, struct probe_result *ret)
{
	struct probing p = { .spec = spec, .left = n };
	struct prober_setup setup = { .loop = &p.loop, .read_secret = read_secret };

	must(uv_loop_init(&p.loop) == 0);
	uv_timer_init(&p.loop, &p.behind);
	p.behind.data = &p;
	p.prober = prober_new(&setup);
	start(&p);
	uv_run(&p.loop, UV_RUN_DEFAULT);
	must(p.left == 0 && p.is_closed);
	must(uv_loop_close(&p.loop) == 0);
	*ret = p.result;
}

void probing_run(const struct probe_spec *spec, struct probe_result *ret)
{
	probing_repeat(spec, 1, ret);
}
