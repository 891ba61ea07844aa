/* SPDX-License-Identifier: Apache-2.0 */
#include "port/smart/run.h"

#include "base/mem.h"

#include <signal.h>

struct run {
	struct run_wish wish;
	uv_process_t process;
	uv_pipe_t out;
	uv_timer_t patience; /* or, where nothing was begun, how that is said later */
	struct str answer;
	const char *why; /* NULL: all went well */
	int n_awaited;   /* of: the process's end, the pipe's end */
	int n_open;      /* handles */
	char piece[16384];
};

static void on_closed(uv_handle_t *h)
{
	struct run *r = h->data;

	if (--r->n_open)
		return;
	r->wish.done(r->wish.ctx, r->why ? NULL : &r->answer, r->why);
	str_fini(&r->answer);
	free(r);
}

static void close_all(struct run *r)
{
	uv_close((uv_handle_t *)&r->patience, on_closed);
	uv_close((uv_handle_t *)&r->out, on_closed);
	uv_close((uv_handle_t *)&r->process, on_closed);
}

static void come_to_an_end(struct run *r)
{
	if (--r->n_awaited == 0)
		close_all(r);
}

static void kill_because(struct run *r, const char *why)
{
	if (!r->why)
		r->why = why;
	if (uv_is_active((uv_handle_t *)&r->process))
		uv_process_kill(&r->process, SIGKILL);
}

static void on_patience(uv_timer_t *t)
{
	kill_because(t->data, "it takes too long");
}

static void on_exit_of(uv_process_t *p, int64_t status, int signal)
{
	struct run *r = p->data;

	(void)status; /* smartctl's is in its answer */
	if (signal && !r->why)
		r->why = "it was killed";
	come_to_an_end(r);
}

static void make_room(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
	struct run *r = h->data;

	(void)hint;
	*buf = uv_buf_init(r->piece, sizeof r->piece);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct run *r = s->data;

	if (n > 0)
		str_addn(&r->answer, buf->base, (size_t)n);
	if (r->answer.is_cut)
		kill_because(r, "it says too much");
	if (n < 0) {
		uv_read_stop(s);
		come_to_an_end(r);
	}
}

static void on_not_begun(uv_timer_t *t)
{
	close_all(t->data);
}

static int spawn(uv_loop_t *loop, struct run *r)
{
	uv_stdio_container_t stdio[] = { { .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&r->out },
		{ .flags = UV_IGNORE } };
	uv_process_options_t options = { .file = r->wish.argv[0],
		.args = (char **)(uintptr_t)r->wish.argv,
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = on_exit_of };
	int status = uv_spawn(loop, &r->process, &options);

	return status ? status : uv_read_start((uv_stream_t *)&r->out, make_room, on_read);
}

struct run *run_begin(uv_loop_t *loop, const struct run_wish *wish)
{
	struct run *r = must_alloc(sizeof *r);
	int status;

	r->wish = *wish;
	r->answer.limit_bytes = wish->most_bytes;
	r->n_awaited = 2;
	r->n_open = 3;
	uv_timer_init(loop, &r->patience);
	uv_pipe_init(loop, &r->out, 0);
	r->patience.data = r->out.data = r->process.data = r;
	status = spawn(loop, r);
	if (status) {
		r->why = uv_strerror(status);
		uv_timer_start(&r->patience, on_not_begun, 0, 0);
	} else {
		uv_timer_start(&r->patience, on_patience, wish->patience_ms, 0);
	}
	return r;
}

void run_stop(struct run *r)
{
	kill_because(r, "stopping");
}
