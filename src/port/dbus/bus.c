/* SPDX-License-Identifier: Apache-2.0 */
#include "port/dbus/bus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES_MAX 512 /* of the bus while we authenticate */

struct bus {
	int fd;
	int64_t until_ms;
	uint32_t serial;
	struct str out, in;
	size_t taken_bytes; /* of `in`: the message that was given out last */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum rc wait_for(const struct bus *b, short what, struct err *e)
{
	struct pollfd wish = { b->fd, what, 0 };
	int64_t left_ms = b->until_ms - now_ms();
	int n = left_ms > 0 ? poll(&wish, 1, (int)left_ms) : 0;

	if (n > 0 || (n < 0 && errno == EINTR))
		return RC_OK;
	return n ? err_errno(e, RC_IO, errno, "waiting for the message bus")
		 : err_set(e, RC_TIMEOUT, "the message bus doesn't answer in time");
}

static bool may_come_again(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static enum rc send_all(struct bus *b, struct err *e)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && b->out.len) {
		ssize_t n = send(b->fd, b->out.s, b->out.len, MSG_NOSIGNAL);

		if (n >= 0)
			str_consume(&b->out, (size_t)n);
		else if (!may_come_again(n))
			return err_errno(e, RC_OFFLINE, errno, "sending to the message bus");
		else
			rc = wait_for(b, POLLOUT, e);
	}
	return rc;
}

static enum rc receive_more(struct bus *b, struct err *e)
{
	char piece[16384];
	ssize_t n;
	enum rc rc = RC_OK;

	while (rc == RC_OK) {
		n = recv(b->fd, piece, sizeof piece, 0);
		if (n > 0) {
			str_addn(&b->in, piece, (size_t)n);
			return RC_OK;
		}
		if (!may_come_again(n))
			return err_set(e, RC_OFFLINE, "the message bus hung up");
		rc = wait_for(b, POLLIN, e);
	}
	return rc;
}

/* ---- opening */

static enum rc dial(struct bus *b, const char *path, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (!str_copy(to.sun_path, sizeof to.sun_path, path))
		return err_set(e, RC_INPUT, "the path %s is too long for a socket", path);
	b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (b->fd < 0)
		return err_errno(e, RC_IO, errno, "socket");
	if (connect(b->fd, (struct sockaddr *)&to, sizeof to) == 0)
		return RC_OK;
	return err_errno(e, errno == ENOENT ? RC_NOT_FOUND : RC_OFFLINE, errno, "%s", path);
}

static enum rc authenticate(struct bus *b, struct err *e)
{
	char uid[16], *end = NULL;
	enum rc rc = RC_OK;

	snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
	str_addc(&b->out, '\0');
	str_add(&b->out, "AUTH EXTERNAL ");
	for (const char *c = uid; *c; c++)
		str_addf(&b->out, "%02x", (unsigned)*c);
	str_add(&b->out, "\r\n");
	rc = send_all(b, e);
	while (rc == RC_OK && !end) {
		rc = receive_more(b, e);
		end = b->in.len ? memchr(b->in.s, '\n', b->in.len) : NULL;
		if (!end && b->in.len > LINE_BYTES_MAX)
			return err_set(e, RC_INPUT, "no message bus");
	}
	if (rc != RC_OK)
		return rc;
	if (b->in.len < 3 || memcmp(b->in.s, "OK ", 3) != 0)
		return err_set(e, RC_REFUSED, "the message bus refuses this user");
	str_consume(&b->in, (size_t)(end + 1 - b->in.s));
	str_add(&b->out, "BEGIN\r\n");
	return RC_OK;
}

/* The bus speaks to nobody before. */
static enum rc greet(struct bus *b, struct err *e)
{
	struct bus_message m;
	uint32_t serial =
		bus_ask(b, &(struct bus_call){ "org.freedesktop.DBus", "/org/freedesktop/DBus",
				   "org.freedesktop.DBus", "Hello", { NULL } });
	enum rc rc = bus_receive(b, &m, e);

	if (rc != RC_OK)
		return rc;
	if (m.kind == BUS_ANSWER && m.answers == serial)
		return RC_OK;
	return err_set(e, RC_REFUSED, "the message bus says %s", m.error ? m.error : "nothing");
}

enum rc bus_open(struct bus **ret, const char *socket, int64_t patience_ms, struct err *e)
{
	scoped(bus_close) struct bus *b = must_alloc(sizeof *b);
	enum rc rc;

	b->fd = -1;
	b->until_ms = now_ms() + patience_ms;
	rc = dial(b, socket, e);
	if (rc == RC_OK)
		rc = authenticate(b, e);
	if (rc == RC_OK)
		rc = greet(b, e);
	if (rc == RC_OK)
		*ret = TAKE(b);
	return rc;
}

void bus_close(struct bus *b)
{
	if (!b)
		return;
	if (b->fd >= 0)
		close(b->fd);
	str_fini(&b->out);
	str_fini(&b->in);
	free(b);
}

/* ---- asking */

uint32_t bus_ask(struct bus *b, const struct bus_call *call)
{
	bus_call_write(call, ++b->serial, &b->out);
	return b->serial;
}

static enum rc receive_message(struct bus *b, struct bus_message *ret, struct err *e)
{
	size_t n = BUS_HEAD_BYTES;
	enum rc rc = RC_OK;

	str_consume(&b->in, b->taken_bytes);
	b->taken_bytes = 0;
	while (rc == RC_OK && b->in.len < n)
		rc = receive_more(b, e);
	if (rc == RC_OK)
		rc = bus_message_size((const uint8_t *)b->in.s, &n, e);
	while (rc == RC_OK && b->in.len < n)
		rc = receive_more(b, e);
	if (rc == RC_OK)
		rc = bus_message_read((const uint8_t *)b->in.s, n, ret, e);
	if (rc == RC_OK)
		b->taken_bytes = n;
	return rc;
}

enum rc bus_receive(struct bus *b, struct bus_message *ret, struct err *e)
{
	enum rc rc = send_all(b, e);

	while (rc == RC_OK) {
		rc = receive_message(b, ret, e);
		if (rc == RC_OK && (ret->kind == BUS_ANSWER || ret->kind == BUS_ERROR))
			return RC_OK;
	}
	return rc;
}
