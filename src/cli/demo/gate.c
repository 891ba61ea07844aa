/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection is two pipes.  Each reads from one socket, keeps chunks with the time at which they
 * are due, and writes them to the other; a chunk of no bytes is the end.
 */
#include "cli/demo/gate.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MS 50 /* a cut way is looked at again */
#define BACKLOG  128

struct chunk {
	struct chunk *next;
	uint64_t due_ms;
	uv_write_t write;
	struct way *way;
	size_t n;
	char bytes[];
};

struct way {
	struct passage *passage;
	uv_tcp_t *from, *to;
	uv_timer_t timer;
	struct chunk *first, **last;
	size_t queued;
	bool is_held; /* its sender is not read: too much is waiting */
	bool is_over; /* the end has been passed on */
	uv_shutdown_t shutdown;
};

struct passage {
	struct gate *gate;
	struct passage *next, **at;
	enum place caller;
	uv_tcp_t client, server;
	uv_connect_t connect;
	struct way out, back;
	int open_handles;
	bool is_closing;
};

struct gate {
	struct gate_setup setup;
	struct sockaddr_in server;
	uv_tcp_t listener;
	struct passage *passages;
	unsigned n;
	bool is_closed; /* the listener; its passages may still be closing */
};

/* ---- the end */

static void free_gate(struct gate *g)
{
	if (g->is_closed && !g->passages)
		free(g);
}

static void drop_chunks(struct way *w)
{
	while (w->first) {
		struct chunk *c = w->first;

		w->first = c->next;
		free(c);
	}
}

static void handle_closed(uv_handle_t *h)
{
	struct passage *p = h->data;
	struct gate *g = p->gate;

	if (--p->open_handles)
		return;
	drop_chunks(&p->out);
	drop_chunks(&p->back);
	*p->at = p->next;
	if (p->next)
		p->next->at = p->at;
	free(p);
	g->n--;
	free_gate(g);
}

static void close_passage(struct passage *p)
{
	uv_handle_t *handles[] = { (uv_handle_t *)&p->client, (uv_handle_t *)&p->server,
		(uv_handle_t *)&p->out.timer, (uv_handle_t *)&p->back.timer };

	if (p->is_closing)
		return;
	p->is_closing = true;
	for (size_t i = 0; i < COUNT(handles); i++) {
		handles[i]->data = p;
		uv_close(handles[i], handle_closed);
	}
}

/* ---- one way */

static void flush(uv_timer_t *timer);
static void read_some(uv_stream_t *s, ssize_t n, const uv_buf_t *buf);

static void make_room(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
	(void)h;
	(void)hint;
	buf->base = must_alloc(16384);
	buf->len = 16384;
}

static bool is_open(const struct passage *p)
{
	const struct gate_setup *s = &p->gate->setup;

	return s->is_open(s->ctx, p->caller, s->place);
}

static uint64_t delay_of(const struct passage *p)
{
	return p->caller == p->gate->setup.place ? 0 : GATE_DELAY_MS;
}

static void arm(struct way *w)
{
	uint64_t now = uv_now(w->timer.loop), due = w->first->due_ms;

	if (!uv_is_active((uv_handle_t *)&w->timer))
		uv_timer_start(&w->timer, flush, due > now ? due - now : 0, 0);
}

static void enqueue(struct way *w, const char *bytes, size_t n)
{
	struct chunk *c = must_alloc(sizeof *c + n);

	c->way = w;
	c->due_ms = uv_now(w->timer.loop) + delay_of(w->passage);
	c->n = n;
	if (n)
		memcpy(c->bytes, bytes, n);
	*w->last = c;
	w->last = &c->next;
	w->queued += n;
	if (w->queued > GATE_QUEUE_BYTES_MAX && !w->is_held) {
		w->is_held = true;
		uv_read_stop((uv_stream_t *)w->from);
	}
	arm(w);
}

static void read_some(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct way *w = s->data;

	if (n > 0)
		enqueue(w, buf->base, (size_t)n);
	free(buf->base);
	if (n >= 0)
		return;
	uv_read_stop(s);
	if (w == &w->passage->out && !is_open(w->passage))
		close_passage(w->passage);
	else
		enqueue(w, NULL, 0);
}

static void written(uv_write_t *write, int status)
{
	struct chunk *c = write->data;
	struct way *w = c->way;

	free(c);
	if (status < 0 && !w->passage->is_closing)
		close_passage(w->passage);
}

static void pass_end(struct way *w)
{
	struct passage *p = w->passage;

	w->is_over = true;
	if (p->out.is_over && p->back.is_over)
		close_passage(p);
	else if (uv_shutdown(&w->shutdown, (uv_stream_t *)w->to, NULL) != 0)
		close_passage(p);
}

static void pass(struct way *w)
{
	struct chunk *c = w->first;
	uv_buf_t buf = uv_buf_init(c->bytes, (unsigned)c->n);

	w->first = c->next;
	if (!w->first)
		w->last = &w->first;
	w->queued -= c->n;
	c->write.data = c;
	if (c->n == 0) {
		free(c);
		pass_end(w);
	} else if (uv_write(&c->write, (uv_stream_t *)w->to, &buf, 1, written) != 0) {
		free(c);
		close_passage(w->passage);
	}
}

static void flush(uv_timer_t *timer)
{
	struct way *w = timer->data;
	uint64_t now = uv_now(timer->loop);

	if (!is_open(w->passage)) {
		uv_timer_start(timer, flush, RETRY_MS, 0);
		return;
	}
	while (!w->passage->is_closing && w->first && w->first->due_ms <= now)
		pass(w);
	if (w->passage->is_closing)
		return;
	if (w->is_held && w->queued < GATE_QUEUE_BYTES_MAX / 2) {
		w->is_held = false;
		uv_read_start((uv_stream_t *)w->from, make_room, read_some);
	}
	if (w->first)
		arm(w);
}

/* ---- callers */

static void begin_way(struct way *w, struct passage *p, uv_tcp_t *from, uv_tcp_t *to)
{
	w->passage = p;
	w->from = from;
	w->to = to;
	w->last = &w->first;
	w->timer.data = w;
	from->data = w;
}

static void connected(uv_connect_t *connect, int status)
{
	struct passage *p = connect->data;

	if (p->is_closing)
		return;
	if (status < 0 || uv_read_start((uv_stream_t *)&p->client, make_room, read_some) != 0 ||
		uv_read_start((uv_stream_t *)&p->server, make_room, read_some) != 0)
		close_passage(p);
}

static struct passage *new_passage(struct gate *g)
{
	struct passage *p = must_alloc(sizeof *p);

	p->gate = g;
	p->next = g->passages;
	p->at = &g->passages;
	if (p->next)
		p->next->at = &p->next;
	g->passages = p;
	g->n++;
	p->open_handles = 4;
	uv_tcp_init(g->setup.loop, &p->client);
	uv_tcp_init(g->setup.loop, &p->server);
	uv_timer_init(g->setup.loop, &p->out.timer);
	uv_timer_init(g->setup.loop, &p->back.timer);
	begin_way(&p->out, p, &p->client, &p->server);
	begin_way(&p->back, p, &p->server, &p->client);
	return p;
}

static void called(uv_stream_t *listener, int status)
{
	struct gate *g = listener->data;
	struct passage *p;
	struct sockaddr_in from = { 0 }, to = { 0 };
	int n_from = sizeof from, n_to = sizeof to;

	if (status < 0 || g->n >= GATE_CONNECTIONS_MAX)
		return;
	p = new_passage(g);
	if (uv_accept(listener, (uv_stream_t *)&p->client) != 0) {
		close_passage(p);
		return;
	}
	uv_tcp_nodelay(&p->client, 1);
	uv_tcp_nodelay(&p->server, 1);
	uv_tcp_getpeername(&p->client, (struct sockaddr *)&from, &n_from);
	uv_tcp_getsockname(&p->client, (struct sockaddr *)&to, &n_to);
	p->caller = g->setup.caller(g->setup.ctx, &from, &to);
	p->connect.data = p;
	if (uv_tcp_connect(&p->connect, &p->server, (struct sockaddr *)&g->server, connected) != 0)
		close_passage(p);
}

/* ---- the gate */

static enum rc parse(const char *text, struct sockaddr_in *ret, struct err *e)
{
	const char *colon = strrchr(text, ':');
	char host[64];

	if (!colon || (size_t)(colon - text) >= sizeof host)
		return err_set(e, RC_INPUT, "'%s' is not host:port", text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (uv_ip4_addr(host, atoi(colon + 1), ret) != 0)
		return err_set(e, RC_INPUT, "'%s' is no numeric address", text);
	return RC_OK;
}

static void listener_closed(uv_handle_t *h)
{
	struct gate *g = h->data;

	g->is_closed = true;
	free_gate(g);
}

enum rc gate_open(struct gate **ret, const struct gate_setup *setup, struct err *e)
{
	struct sockaddr_in address, server;
	struct gate *g;
	enum rc rc = parse(setup->address, &address, e);
	int status;

	if (rc == RC_OK)
		rc = parse(setup->server, &server, e);
	if (rc != RC_OK)
		return rc;
	g = must_alloc(sizeof *g);
	g->setup = *setup;
	g->server = server;
	uv_tcp_init(setup->loop, &g->listener);
	g->listener.data = g;
	status = uv_tcp_bind(&g->listener, (struct sockaddr *)&address, 0);
	if (status == 0)
		status = uv_listen((uv_stream_t *)&g->listener, BACKLOG, called);
	if (status != 0) {
		rc = err_set(e, status == UV_EADDRINUSE ? RC_CONFLICT : RC_IO, "%s: %s",
			setup->address, uv_strerror(status));
		gate_close(g);
		return rc;
	}
	*ret = g;
	return RC_OK;
}

void gate_close(struct gate *g)
{
	if (!g)
		return;
	for (struct passage *p = g->passages; p; p = p->next)
		close_passage(p);
	uv_close((uv_handle_t *)&g->listener, listener_closed);
}
