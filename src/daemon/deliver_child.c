/* SPDX-License-Identifier: Apache-2.0 */
/* deliver_child: the watcher's side: start the child, feed it, read its answer, end it in time. */
#include "daemon/deliver.h"

#include <signal.h>

struct job {
	uv_process_t process;
	uv_pipe_t in, out;
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct str request, answer;
	int open_handles;
	bool is_finished, is_too_late;
	const char *why; /* it has no outcome; NULL: its answer says it */
	deliver_done *done;
	void *ctx;
};

static void tell(struct job *j)
{
	const char *why = j->why;
	scoped(json_decref) json_t *holds = NULL;
	struct deliver_outcome outcome = { .retry_after_ms = -1,
		.is_unanswered = j->is_too_late,
		.message = "",
		.reason = why ? why : "the child gave no answer" };
	struct err e;

	if (!why && j->answer.len &&
		deliver_outcome_read(str_c(&j->answer), j->answer.len, &holds, &outcome, &e) !=
			RC_OK)
		outcome.reason = e.text;
	j->done(j->ctx, &outcome);
}

static void closed(uv_handle_t *h)
{
	struct job *j = h->data;

	if (--j->open_handles)
		return;
	tell(j);
	str_fini(&j->request);
	str_fini(&j->answer);
	free(j);
}

static void finish(struct job *j, const char *why)
{
	uv_handle_t *handles[] = { (uv_handle_t *)&j->in, (uv_handle_t *)&j->out,
		(uv_handle_t *)&j->timer };

	if (j->is_finished)
		return;
	j->is_finished = true;
	j->why = why;
	/* Who still runs is closed by exited(): before that he would stay a zombie. */
	if (uv_is_active((uv_handle_t *)&j->process))
		uv_process_kill(&j->process, SIGKILL);
	else
		uv_close((uv_handle_t *)&j->process, closed);
	for (size_t i = 0; i < COUNT(handles); i++)
		uv_close(handles[i], closed);
}

static void too_late(uv_timer_t *t)
{
	struct job *j = t->data;

	j->is_too_late = true;
	finish(j, "no answer in time");
}

/* The end of its output is the end, whichever comes first. */
static void exited(uv_process_t *p, int64_t status, int signal)
{
	struct job *j = p->data;

	(void)status;
	(void)signal;
	if (j->is_finished)
		uv_close((uv_handle_t *)p, closed);
}

/* The end of the request, so that the child knows that it has all of it. */
static void written(uv_write_t *w, int status)
{
	struct job *j = w->data;

	(void)status; /* a child that doesn't read doesn't answer either */
	if (!j->is_finished)
		uv_shutdown(&j->shutdown, (uv_stream_t *)&j->in, NULL);
}

static void make_room(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
	(void)h;
	buf->base = must_alloc(hint);
	buf->len = hint;
}

static void read_some(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct job *j = s->data;

	if (n > 0 && j->answer.len + (size_t)n <= DELIVER_BYTES_MAX)
		str_addn(&j->answer, buf->base, (size_t)n);
	free(buf->base);
	if (n < 0)
		finish(j, NULL);
}

static int start(struct job *j, uv_loop_t *loop)
{
	char *argv[] = { (char *)"diarchy", (char *)"deliver", NULL };
	uv_stdio_container_t stdio[] = { { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
						 .data.stream = (uv_stream_t *)&j->in },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&j->out },
		{ .flags = UV_INHERIT_FD, .data.fd = 2 } };
	uv_process_options_t options = { .file = "/proc/self/exe",
		.args = argv,
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = exited };
	uv_buf_t buf = uv_buf_init(j->request.s, (unsigned)j->request.len);
	int status = uv_spawn(loop, &j->process, &options);

	if (status == 0)
		status = uv_read_start((uv_stream_t *)&j->out, make_room, read_some);
	if (status == 0)
		status = uv_write(&j->write, (uv_stream_t *)&j->in, &buf, 1, written);
	return status;
}

static void not_started(uv_timer_t *t)
{
	finish(t->data, "the child could not be started");
}

void deliver_by_child(uv_loop_t *loop, const struct deliver_request *r, deliver_done *done,
	void *ctx)
{
	struct job *j = must_alloc(sizeof *j);

	j->done = done;
	j->ctx = ctx;
	j->open_handles = 4;
	deliver_request_write(r, &j->request);
	uv_timer_init(loop, &j->timer);
	uv_pipe_init(loop, &j->in, 0);
	uv_pipe_init(loop, &j->out, 0);
	j->process.data = j->in.data = j->out.data = j->timer.data = j->write.data = j;
	if (start(j, loop) == 0)
		uv_timer_start(&j->timer, too_late, DELIVER_TIMEOUT_MS, 0);
	else
		uv_timer_start(&j->timer, not_started, 0, 0); /* `done` comes from the loop */
}
