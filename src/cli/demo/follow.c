/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo/follow.h"

#include "cli/demo/errand.h"

static void begin(uv_timer_t *t);

static void clear(struct follow *f)
{
	str_clear(&f->line);
	str_clear(&f->event);
	str_clear(&f->data);
}

/* An empty line ends an event; of the fields only these two matter here. */
static void take_line(struct follow *f)
{
	const char *line = str_c(&f->line);

	if (!*line) {
		if (f->data.len && !f->data.is_cut)
			f->each(f->ctx, str_c(&f->event), str_c(&f->data));
		clear(f);
	} else if (str_starts(line, "event: ")) {
		str_add(&f->event, line + 7);
	} else if (str_starts(line, "data: ")) {
		str_add(&f->data, line + 6);
		f->data.is_cut |= f->line.is_cut;
	}
	str_clear(&f->line);
}

static void take(void *ctx, const char *bytes, size_t n)
{
	struct follow *f = ctx;

	while (n > 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t part = end ? (size_t)(end - bytes) : n;

		str_addn(&f->line, bytes, part);
		bytes += part + (end != NULL);
		n -= part + (end != NULL);
		if (end)
			take_line(f);
	}
}

static void over(void *ctx, int status)
{
	struct follow *f = ctx;

	(void)status; /* whatever the reason, it is tried again */
	f->errand = NULL;
	uv_timer_start(&f->again, begin, FOLLOW_AGAIN_MS, 0);
}

static void begin(uv_timer_t *t)
{
	struct follow *f = t->data;
	struct errand_ears ears = { f, take, over };

	clear(f);
	f->errand = errand_start(f->loop, f->address, f->path, NULL, &ears);
}

void follow_start(struct follow *f, uv_loop_t *loop, const char *address, const char *path)
{
	f->loop = loop;
	str_copy(f->address, sizeof f->address, address);
	f->path = path;
	f->line.limit_bytes = f->data.limit_bytes = FOLLOW_EVENT_BYTES_MAX;
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
	str_fini(&f->line);
	str_fini(&f->event);
	str_fini(&f->data);
	f->loop = NULL;
}
