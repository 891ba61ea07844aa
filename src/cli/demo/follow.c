/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo/follow.h"

#include "cli/demo/errand.h"

static void begin(uv_timer_t *t);

static void over(void *ctx, int status)
{
	struct follow *f = ctx;

	(void)status; /* whatever the reason, it is tried again */
	f->errand = NULL;
	uv_timer_start(&f->again, begin, FOLLOW_AGAIN_MS, 0);
}

static bool tell(void *ctx, const char *event, const char *data)
{
	struct follow *f = ctx;

	f->each(f->ctx, event, data);
	return true;
}

/* What is too long to be read ends this stream, and the next begins. */
static void take(void *ctx, const char *bytes, size_t n)
{
	struct follow *f = ctx;

	if (sse_take(&f->sse, bytes, n))
		return;
	errand_end(f->errand);
	over(f, 0);
}

static void begin(uv_timer_t *t)
{
	struct follow *f = t->data;
	struct errand_ears ears = { f, take, over };

	sse_fini(&f->sse);
	sse_init(&f->sse, tell, f);
	f->errand = errand_start(f->loop, f->address, f->path, NULL, &ears);
}

void follow_start(struct follow *f, uv_loop_t *loop, const char *address, const char *path)
{
	f->loop = loop;
	str_copy(f->address, sizeof f->address, address);
	f->path = path;
	sse_init(&f->sse, tell, f);
	uv_timer_init(loop, &f->again);
	f->again.data = f;
	uv_timer_start(&f->again, begin, 0, 0);
}

void follow_stop(struct follow *f)
{
	if (!f->loop)
		return;
	errand_end(f->errand);
	f->errand = NULL;
	uv_close((uv_handle_t *)&f->again, NULL);
	sse_fini(&f->sse);
	f->loop = NULL;
}
