/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support/probing.h"

#include "base/mem.h"

#define LATE_US 500000 /* a busy machine's excuse */

struct probing {
	uv_loop_t loop;
	struct prober *prober;
	const struct probe_spec *spec;
	struct probe_result result;
	unsigned left;
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

static void on_done(void *ctx, const struct probe_result *r)
{
	struct probing *p = ctx;

	must(p->left > 0);
	must(r->is_ok == (r->reason[0] == '\0'));
	must(r->duration_us <= p->spec->timeout_ms * 1000 + LATE_US);
	probe_result_copy(&p->result, r);
	if (--p->left > 0)
		probe_start(p->prober, p->spec, on_done, p);
	else
		prober_close(p->prober, on_closed, p);
}

void probing_repeat(const struct probe_spec *spec, unsigned n, struct probe_result *ret)
{
	struct probing p = { .spec = spec, .left = n };
	struct prober_setup setup = { .loop = &p.loop, .read_secret = read_secret };

	must(uv_loop_init(&p.loop) == 0);
	p.prober = prober_new(&setup);
	probe_start(p.prober, spec, on_done, &p);
	uv_run(&p.loop, UV_RUN_DEFAULT);
	must(p.left == 0 && p.is_closed);
	must(uv_loop_close(&p.loop) == 0);
	*ret = p.result;
}

void probing_run(const struct probe_spec *spec, struct probe_result *ret)
{
	probing_repeat(spec, 1, ret);
}
