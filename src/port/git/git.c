/* SPDX-License-Identifier: Apache-2.0 */
#include "port/git/git.h"

#include "base/mem.h"
#include "base/str.h"

#include <libgen.h>
#include <signal.h>

struct question {
	uv_process_t process;
	uv_pipe_t out;
	uv_timer_t timer;
	int open_handles;
	char answer[GIT_ANSWER_MAX];
	size_t n;
	git_done *done;
	void *ctx;
};

static bool is_commit(const char *text)
{
	return *text && text[strspn(text, "0123456789abcdef")] == '\0';
}

void git_head_read(char *text, struct git_head *ret)
{
	char *author = strchr(text, '\x1f'), *summary = author ? strchr(author + 1, '\x1f') : NULL;

	*ret = (struct git_head){ 0 };
	if (!summary)
		return;
	*author++ = '\0';
	*summary++ = '\0';
	summary[strcspn(summary, "\n")] = '\0';
	if (is_commit(text))
		*ret = (struct git_head){ text, author, summary };
}

static void tell(struct question *q)
{
	struct git_head head;

	q->answer[q->n < sizeof q->answer ? q->n : sizeof q->answer - 1] = '\0';
	git_head_read(q->answer, &head);
	q->done(q->ctx, &head);
}

static void closed(uv_handle_t *h)
{
	struct question *q = h->data;

	if (--q->open_handles)
		return;
	tell(q);
	free(q);
}

static void finish(struct question *q)
{
	if (uv_is_closing((uv_handle_t *)&q->timer))
		return;
	uv_close((uv_handle_t *)&q->timer, closed);
	uv_close((uv_handle_t *)&q->out, closed);
	/* Who still runs is closed by exited(): before that he would stay a zombie. */
	if (uv_is_active((uv_handle_t *)&q->process))
		uv_process_kill(&q->process, SIGKILL);
	else
		uv_close((uv_handle_t *)&q->process, closed);
}

static void too_late(uv_timer_t *t)
{
	finish(t->data);
}

/* The end of the pipe is the end of the answer, whichever comes first. */
static void exited(uv_process_t *p, int64_t status, int signal)
{
	struct question *q = p->data;

	(void)status;
	(void)signal;
	if (uv_is_closing((uv_handle_t *)&q->timer))
		uv_close((uv_handle_t *)p, closed);
}

static void make_room(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
	struct question *q = h->data;

	(void)hint;
	*buf = uv_buf_init(q->answer + q->n, (unsigned)(sizeof q->answer - 1 - q->n));
}

static void read_some(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct question *q = s->data;

	(void)buf;
	if (n > 0)
		q->n += (size_t)n;
	if (n < 0 || q->n >= sizeof q->answer - 1)
		finish(q);
}

/* The repo usually belongs to somebody else: root checked it out, and a user of our own reads it.
 * Git refuses that, lest the repo's configuration run programs: neither a signature is verified
 * here nor anything fetched, the two of them that `log` would run into a pipe. */
void git_head_of(uv_loop_t *loop, const char *file, git_done *done, void *ctx)
{
	struct question *q = must_alloc(sizeof *q);
	scoped(mem_free) char *path = must_strdup(file), *last = must_strdup(file);
	char *argv[] = { (char *)"git", (char *)"-c", (char *)"safe.directory=*", (char *)"-c",
		(char *)"protocol.allow=never", (char *)"-C", dirname(path), (char *)"log",
		(char *)"-1", (char *)"--no-show-signature", (char *)"--format=%H%x1f%an%x1f%s",
		(char *)"--", basename(last), NULL };
	uv_stdio_container_t stdio[] = { { .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&q->out },
		{ .flags = UV_IGNORE } };
	uv_process_options_t options = { .file = "git",
		.args = argv,
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = exited };

	q->done = done;
	q->ctx = ctx;
	q->open_handles = 3;
	uv_timer_init(loop, &q->timer);
	uv_pipe_init(loop, &q->out, 0);
	q->timer.data = q->out.data = q->process.data = q;
	uv_timer_start(&q->timer, too_late, GIT_TIMEOUT_MS, 0);
	if (uv_spawn(loop, &q->process, &options) != 0 ||
		uv_read_start((uv_stream_t *)&q->out, make_room, read_some) != 0)
		finish(q); /* no git: nothing is known, said by an empty head */
}
