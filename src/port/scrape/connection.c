/* SPDX-License-Identifier: Apache-2.0 */
#include "port/scrape/connection.h"

#include "base/mem.h"
#include "port/files/secret.h"

#include <stdio.h>
#include <strings.h>

enum state { IDLE, NAMING, CONNECTING, ANSWERING };

struct connection {
	struct connection_tools *tools;
	const struct connection_events *on;
	void *ctx;
	enum state state;
	struct endpoint to;
	struct str request;
	struct lookup *lookup;
	struct link *link; /* NULL: not connected */
	bool is_reused;    /* the request goes over a connection that was idle */
	bool has_begun;    /* of the answer, something has come */
	bool is_told;      /* `answered` was called */
	bool is_over;      /* the owner wants no more */
	bool is_packed;    /* the body */
	uint64_t turn_ms;  /* of the loop: in it turn_bytes were read */
	size_t turn_bytes;
	struct http_answer answer;
};

/* A socket, which libuv may keep for a moment after the connection has let go of it. */
struct link {
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	struct connection *owner; /* NULL: let go */
	struct ip_address to;
	char *sent; /* what found no room at once */
};

static void begin(struct connection *c);

static void on_closed(uv_handle_t *handle)
{
	struct link *l = handle->data;

	free(l->sent);
	free(l);
}

static void hang_up(struct connection *c)
{
	if (!c->link)
		return;
	c->link->owner = NULL;
	uv_close((uv_handle_t *)&c->link->tcp, on_closed);
	c->link = NULL;
}

static void rest(struct connection *c)
{
	c->state = IDLE;
	http_answer_fini(&c->answer);
	c->answer = (struct http_answer){ 0 };
}

static void fail(struct connection *c, const char *why)
{
	hang_up(c);
	if (c->state == IDLE)
		return;
	rest(c);
	c->on->failed(c->ctx, why);
}

/* A connection that the target gave up just when we used it again. */
static bool again(struct connection *c)
{
	if (c->state != ANSWERING || !c->is_reused || c->has_begun)
		return false;
	hang_up(c);
	http_answer_fini(&c->answer);
	begin(c);
	return true;
}

static void fail_uv(struct connection *c, int code)
{
	char where[ENDPOINT_TEXT_MAX], why[ENDPOINT_TEXT_MAX + 80];

	if (again(c))
		return;
	snprintf(why, sizeof why, "%s %s: %s",
		c->state == CONNECTING ? "connecting to" : "reading from",
		endpoint_text(&c->to, where), uv_strerror(code));
	fail(c, why);
}

static bool may_stay(const struct http_answer *a)
{
	char value[32];

	if (a->state != ANSWER_DONE || a->version < 11)
		return false;
	return !http_answer_header_text(a, "Connection", value, sizeof value) ||
	       strcasecmp(value, "close") != 0;
}

static void finish(struct connection *c)
{
	if (!may_stay(&c->answer) || c->is_over)
		hang_up(c);
	rest(c);
	c->on->done(c->ctx);
}

/* From the parser.  False: no more of this answer. */
static bool on_body(void *ctx, const char *bytes, size_t n)
{
	struct connection *c = ctx;

	if (!c->is_told) {
		char coding[32];

		c->is_told = true;
		c->is_packed = http_answer_header_text(&c->answer, "Content-Encoding", coding,
			sizeof coding);
		c->is_over = !c->on->answered(c->ctx, &c->answer);
	}
	if (!c->is_over && n)
		c->is_over = !c->on->received(c->ctx, bytes, n);
	return !c->is_over;
}

static void take(struct connection *c, const char *bytes, size_t n)
{
	struct err e;

	c->has_begun = true;
	if (http_answer_feed(&c->answer, bytes, n, &e) != RC_OK) {
		fail(c, e.text);
		return;
	}
	if (c->answer.state != ANSWER_DONE)
		return;
	on_body(c, NULL, 0); /* an answer without a body */
	finish(c);
}

static void end(struct connection *c)
{
	struct err e;

	if (c->state == IDLE) {
		hang_up(c);
		return;
	}
	if (again(c))
		return;
	if (http_answer_end(&c->answer, &e) != RC_OK) {
		fail(c, e.text);
		return;
	}
	on_body(c, NULL, 0);
	c->is_over = true;
	finish(c);
}

/* How much of it may be read now. */
static size_t turn_left(struct connection *c)
{
	size_t most = c->is_packed ? CONNECTION_TURN_PACKED_BYTES : CONNECTION_TURN_BYTES;
	uint64_t now_ms = uv_now(c->tools->loop);

	if (c->turn_ms != now_ms)
		c->turn_bytes = 0;
	c->turn_ms = now_ms;
	return most > c->turn_bytes ? most - c->turn_bytes : 0;
}

/* No room: libuv says UV_ENOBUFS and asks again in the loop's next round. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct link *l = handle->data;
	size_t left = l->owner ? turn_left(l->owner) : 0;

	(void)suggested;
	if (left > CONNECTION_READ_BYTES)
		left = CONNECTION_READ_BYTES;
	*ret = uv_buf_init(left ? l->owner->tools->buffer : NULL, (unsigned)left);
}

static void on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *buf)
{
	struct link *l = tcp->data;
	struct connection *c = l->owner;

	if (!c || n == 0 || n == UV_ENOBUFS)
		return;
	if (n > 0)
		c->turn_bytes += (size_t)n;
	if (n == UV_EOF)
		end(c);
	else if (n < 0)
		fail_uv(c, (int)n);
	else if (c->state == ANSWERING)
		take(c, buf->base, (size_t)n);
	else /* an answer that nobody asked for */
		hang_up(c);
}

static void on_written(uv_write_t *write, int status)
{
	struct link *l = write->data;

	if (status < 0 && status != UV_ECANCELED && l->owner)
		fail_uv(l->owner, status);
}

static void say(struct connection *c)
{
	struct link *l = c->link;
	uv_buf_t buf = uv_buf_init(c->request.s, (unsigned)c->request.len);
	int written = uv_try_write((uv_stream_t *)&l->tcp, &buf, 1);

	c->state = ANSWERING;
	c->has_begun = c->is_told = c->is_over = c->is_packed = false;
	http_answer_init(&c->answer, false, on_body, c);
	if (written == (int)buf.len)
		return;
	if (written < 0)
		written = 0;
	free(l->sent);
	l->sent = must_alloc(buf.len);
	memcpy(l->sent, buf.base + written, buf.len - (size_t)written);
	buf = uv_buf_init(l->sent, (unsigned)(buf.len - (size_t)written));
	l->write.data = l;
	written = uv_write(&l->write, (uv_stream_t *)&l->tcp, &buf, 1, on_written);
	if (written != 0)
		fail_uv(c, written);
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct link *l = connect->data;
	struct connection *c = l->owner;

	if (!c)
		return;
	if (status < 0) {
		fail_uv(c, status);
		return;
	}
	status = uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);
	if (status < 0)
		fail_uv(c, status);
	else
		say(c);
}

static void dial(struct connection *c, const struct ip_address *to)
{
	struct link *l = must_alloc(sizeof *l);
	int code = uv_tcp_init(c->tools->loop, &l->tcp);

	must(code == 0);
	l->tcp.data = l;
	l->connect.data = l;
	l->owner = c;
	l->to = *to;
	c->link = l;
	c->state = CONNECTING;
	code = uv_tcp_connect(&l->connect, &l->tcp, &l->to.any, on_connect);
	if (code != 0)
		fail_uv(c, code);
}

static void on_named(void *ctx, const struct ip_address *to, const char *why)
{
	struct connection *c = ctx;

	c->lookup = NULL;
	if (to)
		dial(c, to);
	else
		fail(c, why);
}

static void begin(struct connection *c)
{
	struct lookup_wish wish = { .host = c->to.host,
		.port = c->to.port,
		.ip = IP_ANY,
		.fallback = true };
	struct ip_address to;

	c->is_reused = false;
	c->state = NAMING;
	if (ip_parse(c->to.host, c->to.port, &to))
		dial(c, &to);
	else
		c->lookup = lookup_start(c->tools->resolver, &wish, on_named, c);
}

struct connection *connection_new(struct connection_tools *tools,
	const struct connection_events *on, void *ctx)
{
	struct connection *c = must_alloc(sizeof *c);

	c->tools = tools;
	c->on = on;
	c->ctx = ctx;
	return c;
}

void connection_cancel(struct connection *c)
{
	lookup_cancel(c->lookup);
	c->lookup = NULL;
	hang_up(c);
	rest(c);
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	connection_cancel(c);
	secret_wipe(&c->request);
	free(c);
}

void connection_get(struct connection *c, const struct endpoint *to, const struct str *request)
{
	must(c->state == IDLE);
	if (c->link && (c->to.port != to->port || !str_eq(c->to.host, to->host)))
		hang_up(c);
	c->to = *to;
	secret_wipe(&c->request);
	str_addn(&c->request, request->s, request->len);
	c->is_reused = c->link != NULL;
	if (c->link)
		say(c);
	else
		begin(c);
}
