/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo/errand.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>

#define ERRAND_ANSWER_MS 5000 /* until the head of the answer */

struct errand {
	struct errand_ears ears;
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	struct str request, head;
	int status;
	int open_handles;
	bool is_ending;
};

static void closed(uv_handle_t *h)
{
	struct errand *a = h->data;

	if (--a->open_handles)
		return;
	str_fini(&a->request);
	str_fini(&a->head);
	free(a);
}

void errand_end(struct errand *a)
{
	if (!a || a->is_ending)
		return;
	a->is_ending = true;
	uv_close((uv_handle_t *)&a->tcp, closed);
	uv_close((uv_handle_t *)&a->timer, closed);
}

static void finish(struct errand *a, int status)
{
	struct errand_ears ears = a->ears;

	if (a->is_ending)
		return;
	errand_end(a);
	if (ears.over)
		ears.over(ears.ctx, status);
}

static void too_late(uv_timer_t *t)
{
	finish(t->data, 0);
}

/* The head is whole: what it says, and what of the body came with it. */
static void begin_body(struct errand *a, const char *body)
{
	const char *space = strchr(str_c(&a->head), ' ');

	a->status = space ? atoi(space + 1) : 0;
	uv_timer_stop(&a->timer);
	if (a->status == 200 && a->ears.body && *body)
		a->ears.body(a->ears.ctx, body, a->head.len - (size_t)(body - a->head.s));
}

static void take(struct errand *a, const char *bytes, size_t n)
{
	const char *end;

	if (a->status) {
		if (a->status == 200 && a->ears.body)
			a->ears.body(a->ears.ctx, bytes, n);
		return;
	}
	str_addn(&a->head, bytes, n);
	end = strstr(str_c(&a->head), "\r\n\r\n");
	if (end)
		begin_body(a, end + 4);
	else if (a->head.len > ERRAND_HEAD_BYTES_MAX)
		finish(a, 0);
}

static void make_room(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
	(void)h;
	buf->base = must_alloc(hint);
	buf->len = hint;
}

static void read_some(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct errand *a = s->data;

	if (n > 0)
		take(a, buf->base, (size_t)n);
	free(buf->base);
	if (n < 0)
		finish(a, a->status);
}

static void written(uv_write_t *w, int status)
{
	if (status < 0 && status != UV_ECANCELED)
		finish(w->data, 0);
}

static void connected(uv_connect_t *c, int status)
{
	struct errand *a = c->data;
	uv_buf_t buf = uv_buf_init(a->request.s, (unsigned)a->request.len);

	if (a->is_ending)
		return;
	if (status < 0 || uv_write(&a->write, (uv_stream_t *)&a->tcp, &buf, 1, written) != 0 ||
		uv_read_start((uv_stream_t *)&a->tcp, make_room, read_some) != 0)
		finish(a, 0);
}

static void write_request(struct str *out, const char *address, const char *path, const char *body)
{
	str_addf(out, "%s %s HTTP/1.0\r\nHost: %s\r\n", body ? "POST" : "GET", path, address);
	if (body)
		str_addf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			strlen(body));
	str_addf(out, "\r\n%s", body ? body : "");
}

struct errand *errand_start(uv_loop_t *loop, const char *address, const char *path,
	const char *body, const struct errand_ears *ears)
{
	struct errand *a = must_alloc(sizeof *a);
	const char *colon = strrchr(address, ':');
	struct sockaddr_in sin = { 0 };
	char host[64];

	a->ears = *ears;
	a->open_handles = 2;
	write_request(&a->request, address, path, body);
	uv_tcp_init(loop, &a->tcp);
	uv_timer_init(loop, &a->timer);
	a->tcp.data = a->timer.data = a->connect.data = a->write.data = a;
	uv_timer_start(&a->timer, too_late, ERRAND_ANSWER_MS, 0);
	must(colon && (size_t)(colon - address) < sizeof host);
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	must(uv_ip4_addr(host, atoi(colon + 1), &sin) == 0);
	if (uv_tcp_connect(&a->connect, &a->tcp, (struct sockaddr *)&sin, connected) != 0)
		uv_timer_start(&a->timer, too_late, 0, 0); /* told from the loop */
	return a;
}
