/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders come as keys, or as a line to a socket: "break NAME HOW", "mend NAME" or "mend", "list".
 * It is answered with "+" and what there is to say, or "-" and why not.
 *
 * The socket is abstract (unix(7)): it needs no file, and is gone with its process.  Any user of the
 * machine could connect or listen there, so that each side checks who the other is.
 */
#include "cli/demo/demo.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define LINE_BYTES_MAX   256
#define ANSWER_BYTES_MAX 65536
#define ANSWER_S         10

/* What the terminal was before: it has to be that again, whatever ends us. */
static struct termios terminal_before;

static socklen_t name_of(int shift, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)snprintf(ret->sun_path + 1, sizeof ret->sun_path - 1,
				   "diarchy-demo-%u-%d", (unsigned)getuid(), shift));
}

static bool is_ours(int fd)
{
	struct ucred who;
	socklen_t n = sizeof who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
	       (who.uid == getuid() || who.uid == 0);
}

/* ---- a line */

static void list(struct demo *d, struct str *out)
{
	for (size_t i = 0; i < BREAKAGES; i++)
		str_addf(out, "%-12s %-7s %s\n", breakages[i].name, d->is_broken[i] ? "broken" : "",
			breakages[i].what);
}

/* Who typed it may not see the demo's own terminal. */
static void say_done(const struct demo *d, const char *name, bool is_broken, struct str *out)
{
	for (size_t i = 0; i < BREAKAGES; i++) {
		if (!str_eq(breakages[i].name, name))
			continue;
		if (!is_broken)
			str_addf(out, "mended %s\n", name);
		else if (i == BREAKAGE_DISCORD)
			str_addf(out, "Discord's answer from now on: %s\n", d->mood);
		else
			str_addf(out, "%s\n", breakages[i].what);
	}
}

static enum rc obey(struct demo *d, char *line, struct str *out, struct err *e)
{
	char *rest = line, *verb = strsep(&rest, " "), *name = strsep(&rest, " ");
	char *how = strsep(&rest, " ");
	bool is_break;
	enum rc rc;

	if (str_eq(verb, "list")) {
		list(d, out);
		return RC_OK;
	}
	if (str_eq(verb, "mend") && (!name || str_eq(name, "all"))) {
		breakage_mend_all(d);
		str_add(out, "mended everything\n");
		return RC_OK;
	}
	if (!name || (!str_eq(verb, "break") && !str_eq(verb, "mend")))
		return err_set(e, RC_USAGE, "break NAME, mend NAME, or list");
	is_break = str_eq(verb, "break");
	rc = breakage_set(d, name, how, is_break, e);
	if (rc == RC_OK)
		say_done(d, name, is_break, out);
	return rc;
}

struct caller {
	struct demo *demo;
	uv_pipe_t pipe;
	uv_write_t write;
	struct str line, answer;
};

static void caller_closed(uv_handle_t *h)
{
	struct caller *c = h->data;

	str_fini(&c->line);
	str_fini(&c->answer);
	free(c);
}

static void close_caller(struct caller *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->pipe))
		uv_close((uv_handle_t *)&c->pipe, caller_closed);
}

static void answered(uv_write_t *w, int status)
{
	(void)status;
	close_caller(w->data);
}

static void answer(struct caller *c)
{
	struct err e = { 0 };
	uv_buf_t buf;

	str_addc(&c->answer, '+');
	if (obey(c->demo, c->line.s, &c->answer, &e) != RC_OK) {
		str_clear(&c->answer);
		str_addf(&c->answer, "-%s", e.text);
	}
	buf = uv_buf_init(c->answer.s, (unsigned)c->answer.len);
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &buf, 1, answered) != 0)
		close_caller(c);
}

static void make_room(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
	(void)h;
	(void)hint;
	buf->base = must_alloc(LINE_BYTES_MAX);
	buf->len = LINE_BYTES_MAX;
}

static void read_line(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct caller *c = s->data;
	char *end = NULL;

	if (n > 0)
		str_addn(&c->line, buf->base, (size_t)n);
	free(buf->base);
	if (c->line.len)
		end = memchr(c->line.s, '\n', c->line.len);
	if (end) {
		*end = '\0';
		uv_read_stop(s);
		answer(c);
	} else if (n < 0 || c->line.len >= LINE_BYTES_MAX) {
		close_caller(c);
	}
}

static void called(uv_stream_t *listener, int status)
{
	struct caller *c = must_alloc(sizeof *c);
	int fd = -1;

	c->demo = listener->data;
	uv_pipe_init(listener->loop, &c->pipe, 0);
	c->pipe.data = c->write.data = c;
	if (status < 0 || uv_accept(listener, (uv_stream_t *)&c->pipe) != 0 ||
		uv_fileno((uv_handle_t *)&c->pipe, &fd) != 0 || !is_ours(fd) ||
		uv_read_start((uv_stream_t *)&c->pipe, make_room, read_line) != 0)
		close_caller(c);
}

static enum rc listen_for_orders(struct demo *d, struct err *e)
{
	struct sockaddr_un name;
	socklen_t n = name_of(d->shift, &name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&name, n) != 0) {
		err_errno(e, RC_IO, errno, "listening for 'diarchy demo break'");
		if (fd >= 0)
			close(fd);
		return RC_IO;
	}
	uv_pipe_init(&d->loop, &d->socket, 0);
	d->socket.data = d;
	if (uv_pipe_open(&d->socket, fd) != 0 ||
		uv_listen((uv_stream_t *)&d->socket, 8, called) != 0)
		return err_set(e, RC_IO, "listening for 'diarchy demo break'");
	return RC_OK;
}

/* ---- the other side */

static int connect_to_demo(void)
{
	for (int shift = 0; shift < DEMO_SHIFTS; shift++) {
		struct timeval patience = { .tv_sec = ANSWER_S };
		struct sockaddr_un name;
		socklen_t n = name_of(shift * DEMO_SHIFT, &name);
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&name, n) == 0 && is_ours(fd)) {
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
			return fd;
		}
		close(fd);
	}
	return -1;
}

enum rc control_ask(const char *line, struct str *ret, struct err *e)
{
	scoped(str_fini) struct str text = { .limit_bytes = ANSWER_BYTES_MAX };
	int fd = connect_to_demo();
	char buf[4096];
	ssize_t n = 0;

	if (fd < 0)
		return err_set(e, RC_OFFLINE,
			"no demo of yours runs on this machine: 'diarchy demo' "
			"starts one");
	str_addf(&text, "%s\n", line);
	if (write(fd, text.s, text.len) == (ssize_t)text.len) {
		str_clear(&text);
		while ((n = read(fd, buf, sizeof buf)) > 0)
			str_addn(&text, buf, (size_t)n);
	}
	close(fd);
	if (n < 0 || !text.len)
		return err_set(e, RC_TIMEOUT, "the demo gives no answer");
	if (*text.s != '+')
		return err_set(e, RC_REFUSED, "%s", text.s + 1);
	str_add(ret, text.s + 1);
	return RC_OK;
}

/* ---- keys */

static void press(struct demo *d, char key)
{
	if (key == '0') {
		breakage_mend_all(d);
		return;
	}
	if (key == '?' || key == '\n') {
		page_keys(d);
		return;
	}
	for (size_t i = 0; i < BREAKAGES; i++)
		if (breakages[i].key && breakages[i].key == key)
			breakage_toggle(d, (enum breakage_id)i);
}

static void pressed(uv_poll_t *poll, int status, int events)
{
	struct demo *d = poll->data;
	char keys[64];
	ssize_t n = status < 0 ? 0 : read(STDIN_FILENO, keys, sizeof keys);

	(void)events;
	if (n <= 0 && errno != EAGAIN)
		uv_poll_stop(poll);
	for (ssize_t i = 0; i < n && keys[i] != '\033'; i++) /* no cursor keys */
		press(d, keys[i]);
}

/* Keys as they are pressed, without showing them; Ctrl-C stays what it is. */
static void take_keyboard(struct demo *d)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
		tcgetattr(STDIN_FILENO, &terminal_before) != 0)
		return;
	raw = terminal_before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0)
		return;
	d->has_keyboard = true;
	uv_poll_init(&d->loop, &d->keyboard, STDIN_FILENO);
	d->keyboard.data = d;
	uv_poll_start(&d->keyboard, UV_READABLE, pressed);
}

enum rc control_begin(struct demo *d, struct err *e)
{
	take_keyboard(d);
	return listen_for_orders(d, e);
}

void control_end(struct demo *d)
{
	if (d->has_keyboard)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}
