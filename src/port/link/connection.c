/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes go socket → TLS → inbox → frames → owner, and message → frame → TLS → socket.  All buffers
 * that are only needed during a call belong to the port, so that an idle connection costs its TLS
 * session and little more.
 */
#include "port/link/connection.h"

#include "port/link/dial.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#define KEEPALIVE_S 5

struct outgoing {
	uv_write_t request;
	struct connection *c;
	struct str bytes;
};

static struct connection *of(void *data)
{
	struct connection *c = data;

	must(c && c->magic == CONNECTION_MAGIC);
	return c;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct connection *c = of(handle->data);
	struct link_port *p = c->port;

	if (--c->handles > 0)
		return;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	tls_session_free(c->tls);
	str_fini(&c->inbox);
	c->magic = 0;
	free(c);
	link_port_release(p);
}

void connection_drop(struct connection *c)
{
	if (c->stage == CONNECTION_CLOSING)
		return;
	c->stage = CONNECTION_CLOSING;
	uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

static struct connection *new_connection(struct link_port *p, bool is_dialled)
{
	struct connection *c = must_alloc(sizeof *c);

	c->magic = CONNECTION_MAGIC;
	c->port = p;
	c->peer = NO_PEER;
	c->is_dialled = is_dialled;
	c->next = p->connections;
	c->link = &p->connections;
	if (c->next)
		c->next->link = &c->next;
	p->connections = c;
	p->alive++;
	c->handles = 2;
	must(uv_tcp_init(p->loop, &c->tcp) == 0); /* makes no socket yet */
	must(uv_timer_init(p->loop, &c->timer) == 0);
	c->tcp.data = c;
	c->timer.data = c;
	return c;
}

/* The owner learns that it's over; it may call back into the port. */
static void tell(struct connection *c, const char *why)
{
	const struct link_port *p = c->port;
	struct err text;

	if (p->is_stopping)
		return;
	err_set(&text, RC_OFFLINE, "dialling %s: %s", c->address, why);
	if (c->number)
		p->owner.closed(p->owner.ctx, c->peer, c->number, why);
	else if (c->is_dialled)
		p->owner.closed(p->owner.ctx, c->peer, 0, text.text);
	else
		p->owner.refused(p->owner.ctx, c->address, why);
}

static void lose(struct connection *c, const char *why)
{
	connection_drop(c);
	tell(c, why);
}

static void on_deadline(uv_timer_t *timer)
{
	struct connection *c = of(timer->data);
	struct dial *d = c->dial;
	char text[REASON_BYTES_MAX];

	switch (c->stage) {
	case CONNECTION_CONNECTING:
		connection_drop(c);
		dial_attempt_failed(d, "no answer in time");
		break;
	case CONNECTION_HANDSHAKE:
		snprintf(text, sizeof text, "no TLS handshake within %lld ms",
			(long long)c->port->handshake_ms);
		lose(c, text);
		break;
	case CONNECTION_FAILING:
		lose(c, c->why);
		break;
	default:
		connection_drop(c);
	}
}

static void set_deadline(struct connection *c, int64_t ms)
{
	must(uv_timer_start(&c->timer, on_deadline, (uint64_t)ms, 0) == 0);
}

void connection_fail_soon(struct connection *c, const char *why)
{
	if (c->stage >= CONNECTION_FAILING)
		return;
	c->stage = CONNECTION_FAILING;
	str_copy(c->why, sizeof c->why, why);
	uv_read_stop((uv_stream_t *)&c->tcp);
	set_deadline(c, 0);
}

static void on_written(uv_write_t *request, int status)
{
	struct outgoing *out = request->data;
	struct connection *c = of(out->c);

	c->unsent_bytes -= out->bytes.len;
	str_fini(&out->bytes);
	free(out);
	if (status < 0 && c->stage < CONNECTION_FAILING)
		lose(c, uv_strerror(status));
	else if (status < 0)
		connection_drop(c);
}

/* Hand what TLS has produced to the socket. */
static void flush(struct connection *c)
{
	struct outgoing *out;
	uv_buf_t buffer;
	struct str bytes = tls_session_take(c->tls);

	if (bytes.len == 0)
		return;
	if (c->unsent_bytes + bytes.len > LINK_OUTBOX_BYTES_MAX) {
		str_fini(&bytes);
		connection_fail_soon(c, "the other side doesn't take what is sent: 16 MiB wait");
		return;
	}
	out = must_alloc(sizeof *out);
	out->c = c;
	out->bytes = bytes;
	out->request.data = out;
	buffer = uv_buf_init(bytes.s, (unsigned)bytes.len);
	c->unsent_bytes += bytes.len;
	if (uv_write(&out->request, (uv_stream_t *)&c->tcp, &buffer, 1, on_written) < 0) {
		c->unsent_bytes -= bytes.len;
		str_fini(&out->bytes);
		free(out);
		connection_fail_soon(c, "the connection is broken");
	}
}
_Static_assert(LINK_OUTBOX_BYTES_MAX == 16 << 20, "the text says 16 MiB");

static void on_shut(uv_shutdown_t *request, int status)
{
	(void)request;
	(void)status; /* the drain's deadline ends it anyway */
}

/* Last words out, then read on until the other side closes too: closing with unread bytes would
 * reset the connection and could destroy the words on their way. */
void connection_end(struct connection *c)
{
	if (c->stage >= CONNECTION_DRAINING)
		return;
	if (c->stage == CONNECTION_CONNECTING || c->stage == CONNECTION_FAILING)
		return connection_drop(c);
	tls_session_end(c->tls);
	flush(c);
	if (c->stage == CONNECTION_FAILING)
		return connection_drop(c);
	c->stage = CONNECTION_DRAINING;
	set_deadline(c, c->port->drain_ms);
	if (uv_shutdown(&c->shutting, (uv_stream_t *)&c->tcp, on_shut) < 0)
		connection_drop(c);
}

/* Something is wrong with what the other side says or shows. */
static void part(struct connection *c, const char *why)
{
	connection_end(c);
	tell(c, why);
}

void connection_send(struct connection *c, const struct link_msg *msg)
{
	struct str *frame = &c->port->frame;
	struct err e;

	must(c->stage == CONNECTION_OPEN);
	if (!tls_session_is_open(c->tls))
		return; /* its last words are being delivered: take_in() ends it after them */
	str_clear(frame);
	wire_write(msg, frame);
	if (tls_session_write(c->tls, frame->s, frame->len, &e) != RC_OK)
		connection_fail_soon(c, e.text);
	else
		flush(c);
	if (frame->cap > READ_BYTES)
		str_fini(frame);
}

/* The other side broke the rules: it is told, too. */
static void protest(struct connection *c, const char *why)
{
	struct link_msg bye = { .kind = LINK_BYE };

	str_copy(bye.why, sizeof bye.why, why);
	connection_send(c, &bye);
	if (c->stage == CONNECTION_OPEN)
		part(c, why);
}

/* A HELLO must come from the site whose key was shown. */
static bool is_in_order(struct connection *c, const struct link_msg *msg)
{
	const struct link_port_peer *peer = &c->port->peers[c->peer];
	char why[REASON_BYTES_MAX];

	if (msg->kind != LINK_HELLO || str_eq(msg->site, peer->name))
		return true;
	snprintf(why, sizeof why, "it calls itself %s and has the key of %s", msg->site,
		peer->name);
	protest(c, why);
	return false;
}

static void deliver(struct connection *c)
{
	struct link_port *p = c->port;
	size_t at = 0, used = 1;
	struct err e = { 0 };

	while (c->stage == CONNECTION_OPEN && at < c->inbox.len && used) {
		enum rc rc = wire_read(c->inbox.s + at, c->inbox.len - at, &p->decoded, &used, &e);

		if (rc != RC_OK)
			return protest(c, e.text);
		at += used;
		if (used && p->decoded.is_known && is_in_order(c, &p->decoded.msg))
			p->owner.received(p->owner.ctx, c->peer, c->number, &p->decoded.msg);
	}
	if (at == c->inbox.len)
		str_fini(&c->inbox);
	else
		str_consume(&c->inbox, at);
}

static void open_up(struct connection *c)
{
	struct link_port *p = c->port;

	c->stage = CONNECTION_OPEN;
	c->number = ++p->last_number;
	uv_timer_stop(&c->timer);
	p->owner.connected(p->owner.ctx, c->peer, c->number, c->is_dialled);
}

static void take_in(struct connection *c, const char *bytes, size_t n)
{
	struct err e = { 0 };
	enum rc rc = tls_session_feed(c->tls, bytes, n, &c->inbox, &e);

	flush(c);
	if (c->stage == CONNECTION_HANDSHAKE && tls_session_is_open(c->tls))
		open_up(c);
	if (c->stage == CONNECTION_OPEN)
		deliver(c);
	if (rc != RC_OK && c->stage < CONNECTION_FAILING)
		part(c, e.text);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct connection *c = of(handle->data);

	(void)suggested;
	*ret = uv_buf_init(c->port->incoming, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct connection *c = of(stream->data);

	if (n == 0)
		return;
	if (c->stage == CONNECTION_DRAINING && n < 0)
		connection_drop(c);
	else if (n == UV_EOF && c->stage < CONNECTION_FAILING)
		lose(c, "the connection was closed by the other side");
	else if (n < 0 && c->stage < CONNECTION_FAILING)
		lose(c, uv_strerror((int)n));
	else if (c->stage < CONNECTION_FAILING)
		take_in(c, buffer->base, (size_t)n);
}

static enum rc admit(void *ctx, const struct public_key *shown, struct err *why)
{
	struct connection *c = ctx;
	const struct link_port *p = c->port;
	char a[KEY_TEXT_MAX], b[KEY_TEXT_MAX];

	key_text(shown, a);
	if (memcmp(shown, &p->own_key, sizeof *shown) == 0)
		return err_set(why, RC_REFUSED, "this is our own key: the address leads back here");
	if (c->is_dialled && memcmp(shown, &p->peers[c->peer].key, sizeof *shown) != 0)
		return err_set(why, RC_REFUSED, "its key is %s, lab.yaml says %s for %s", a,
			key_text(&p->peers[c->peer].key, b), p->peers[c->peer].name);
	for (uint8_t i = 0; i < p->n_peers && !c->is_dialled && c->peer == NO_PEER; i++)
		if (memcmp(shown, &p->peers[i].key, sizeof *shown) == 0)
			c->peer = i;
	if (c->peer == NO_PEER)
		return err_set(why, RC_REFUSED, "its key %s is none that lab.yaml names", a);
	return RC_OK;
}

/* Small messages leave at once; a peer that vanishes is noticed by the kernel as well. */
static void tune(struct connection *c)
{
	unsigned patience_ms = LINK_DOWN_MS;
	uv_os_fd_t fd;

	uv_tcp_nodelay(&c->tcp, 1);
	uv_tcp_keepalive(&c->tcp, 1, KEEPALIVE_S);
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof patience_ms);
}

static enum rc begin_handshake(struct connection *c, struct err *e)
{
	struct tls_gate gate = { c, admit };
	enum rc rc = tls_session_new(&c->tls, c->port->identity,
		c->is_dialled ? TLS_DIAL : TLS_ACCEPT, &gate, e);

	if (rc != RC_OK)
		return rc;
	c->stage = CONNECTION_HANDSHAKE;
	tune(c);
	set_deadline(c, c->port->handshake_ms);
	if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0)
		return err_set(e, RC_IO, "the connection is broken");
	flush(c);
	return RC_OK;
}

/* Strangers compete with each other, not with the peers: the one that takes longest has to go. */
static void make_room(struct link_port *p)
{
	struct connection *oldest = NULL;
	uint32_t n = 0;

	for (struct connection *c = p->connections; c; c = c->next) {
		if (c->number || c->is_dialled || c->stage == CONNECTION_CLOSING)
			continue;
		oldest = c;
		n++;
	}
	if (n <= LINK_STRANGERS_MAX)
		return;
	if (oldest->stage == CONNECTION_HANDSHAKE)
		lose(oldest, "too many callers who are not known yet");
	else
		connection_drop(oldest); /* refused already, the alert is on its way */
}

void connection_accept(struct link_port *p, uv_stream_t *server)
{
	struct connection *c = new_connection(p, false);
	struct sockaddr_storage from = { 0 };
	int n = sizeof from;
	struct err e = { 0 };

	c->stage = CONNECTION_HANDSHAKE;
	if (uv_accept(server, (uv_stream_t *)&c->tcp) < 0 ||
		uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&from, &n) < 0)
		return connection_drop(c); /* gone already */
	address_text((struct sockaddr *)&from, c->address);
	if (begin_handshake(c, &e) != RC_OK)
		return lose(c, e.text);
	make_room(p);
}

static void on_connected(uv_connect_t *request, int status)
{
	struct connection *c = of(request->handle->data);
	struct dial *d = c->dial;
	struct sockaddr_storage to = { 0 };
	int n = sizeof to;
	struct err e = { 0 };

	if (c->stage != CONNECTION_CONNECTING)
		return; /* cancelled */
	if (status == 0)
		status = uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&to, &n);
	c->dial = NULL;
	if (status < 0) {
		connection_drop(c);
		dial_attempt_failed(d, uv_strerror(status));
		return;
	}
	dial_connected(d, (struct sockaddr *)&to);
	if (begin_handshake(c, &e) != RC_OK)
		lose(c, e.text);
}

enum rc connection_dial(struct connection **ret, struct dial *d, const struct sockaddr *to,
	int64_t timeout_ms, struct err *e)
{
	struct connection *c = new_connection(d->port, true);
	int status;

	c->stage = CONNECTION_CONNECTING;
	c->dial = d;
	c->peer = d->peer;
	address_text(to, c->address);
	status = uv_tcp_connect(&c->connecting, &c->tcp, to, on_connected);
	if (status < 0) {
		connection_drop(c);
		return err_set(e, RC_OFFLINE, "%s", uv_strerror(status));
	}
	set_deadline(c, timeout_ms);
	*ret = c;
	return RC_OK;
}
