/* SPDX-License-Identifier: Apache-2.0 */
#include "port/http_server/pump.h"

#include "base/endpoint.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAP_MS 1

static socklen_t socket_address(const char *address, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct endpoint at;

	must(endpoint_parse(address, &at, NULL) == RC_OK);
	memset(ret, 0, sizeof *ret);
	if (inet_pton(AF_INET, at.host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(at.port);
		return sizeof *v4;
	}
	must(inet_pton(AF_INET6, at.host, &v6->sin6_addr) == 1);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(at.port);
	return sizeof *v6;
}

void pump_connect(struct pump *p, uv_loop_t *loop, const char *address)
{
	pump_connect_from(p, loop, address, NULL);
}

void pump_connect_from(struct pump *p, uv_loop_t *loop, const char *address, const char *own)
{
	struct sockaddr_storage at;
	struct sockaddr_in6 from = { .sin6_family = AF_INET6 };
	socklen_t n = socket_address(address, &at);

	*p = (struct pump){ .loop = loop };
	p->fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(p->fd >= 0);
	if (own)
		must(inet_pton(AF_INET6, own, &from.sin6_addr) == 1 &&
			bind(p->fd, (struct sockaddr *)&from, sizeof from) == 0);
	must(connect(p->fd, (struct sockaddr *)&at, n) == 0); /* the kernel accepts */
	must(fcntl(p->fd, F_SETFL, O_NONBLOCK) == 0);
}

void pump_fini(struct pump *p)
{
	close(p->fd);
	str_fini(&p->got);
}

static void turn(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_NOWAIT);
	poll(NULL, 0, NAP_MS);
}

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

void pump_run(uv_loop_t *loop, int64_t ms)
{
	for (int64_t end = now_ms() + ms; now_ms() < end;)
		turn(loop);
}

/* What the server doesn't take any more is lost, as it is on a real wire. */
void pump_send_bytes(struct pump *p, const void *bytes, size_t n)
{
	const char *at = bytes;
	int64_t end = now_ms() + PUMP_MS;

	while (n) {
		ssize_t sent = send(p->fd, at, n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return;
		at += sent > 0 ? sent : 0;
		n -= sent > 0 ? (size_t)sent : 0;
		must(now_ms() < end);
		uv_run(p->loop, UV_RUN_NOWAIT);
	}
}

void pump_send(struct pump *p, const char *text)
{
	pump_send_bytes(p, text, strlen(text));
}

void pump_receive(struct pump *p)
{
	char part[16384];
	ssize_t n = recv(p->fd, part, sizeof part, 0);

	if (n > 0)
		str_addn(&p->got, part, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		p->is_closed = true;
}

bool pump_until(struct pump *p, const char *text)
{
	for (int64_t end = now_ms() + PUMP_MS; !strstr(str_c(&p->got), text);) {
		must(now_ms() < end);
		if (p->is_closed)
			return false;
		turn(p->loop);
		pump_receive(p);
	}
	return true;
}

bool pump_until_closed(struct pump *p, int64_t most_ms)
{
	for (int64_t end = now_ms() + most_ms; !p->is_closed && now_ms() < end;) {
		turn(p->loop);
		pump_receive(p);
	}
	return p->is_closed;
}

void pump_answer_fini(struct pump_answer *a)
{
	str_fini(&a->head);
	str_fini(&a->body);
}

static size_t body_length(const struct pump_answer *a)
{
	char text[32];

	return pump_header(a, "Content-Length", text, sizeof text) ? strtoul(text, NULL, 10) : 0;
}

void pump_answer(struct pump *p, struct pump_answer *ret)
{
	int64_t end = now_ms() + PUMP_MS;
	size_t n;

	*ret = (struct pump_answer){ 0 };
	if (!pump_until(p, "\r\n\r\n"))
		return;
	n = (size_t)(strstr(str_c(&p->got), "\r\n\r\n") - p->got.s) + 4;
	str_addn(&ret->head, p->got.s, n);
	str_consume(&p->got, n);
	ret->status = atoi(str_c(&ret->head) + strlen("HTTP/1.1 "));
	n = body_length(ret);
	while (p->got.len < n && !p->is_closed) {
		must(now_ms() < end);
		turn(p->loop);
		pump_receive(p);
	}
	n = n < p->got.len ? n : p->got.len;
	str_addn(&ret->body, str_c(&p->got), n);
	str_consume(&p->got, n);
}

const char *pump_header(const struct pump_answer *a, const char *name, char *buf, size_t size)
{
	for (const char *line = strstr(str_c(&a->head), "\r\n"); line;
		line = strstr(line, "\r\n")) {
		size_t n = strlen(name);

		line += 2;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1;
		line += strspn(line, " ");
		n = strcspn(line, "\r");
		must(n < size);
		memcpy(buf, line, n);
		buf[n] = '\0';
		return buf;
	}
	return NULL;
}
