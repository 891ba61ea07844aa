/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A uv_tcp, because it costs half the system calls of a uv_poll over a socket of our own (11
 * against 20 for an HTTP probe, which consists of little else).  GnuTLS reads from `in` and writes
 * through write_all(), so that for it the network never blocks in the middle of a record.
 */
#include "port/probe/stream.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>

#define READ_BYTES 16384 /* a TLS record's most */

enum state { CONNECTING, SHAKING, OPEN, OVER };

struct stream {
	uv_tcp_t tcp;
	uv_connect_t connect;
	enum state state;
	struct ip_address to;
	const struct stream_events *on;
	void *ctx;
	char *buffer; /* for reading; made when the first bytes come */
	gnutls_session_t session;
	struct str in; /* under TLS: received, not yet decrypted */
	size_t n_in;   /* of it, taken by GnuTLS */
	bool is_ended; /* under TLS: nothing more will be received */
};

/* Bytes that found no room, until they are written. */
struct delayed {
	uv_write_t write;
	struct stream *stream;
	char bytes[];
};

static void stop(struct stream *s)
{
	s->state = OVER;
	uv_read_stop((uv_stream_t *)&s->tcp);
}

static void fail(struct stream *s, const char *why)
{
	if (s->state == OVER)
		return;
	stop(s);
	s->on->failed(s->ctx, why);
}

static void fail_uv(struct stream *s, int code)
{
	char where[IP_PORT_TEXT_MAX], why[IP_PORT_TEXT_MAX + 80];

	ip_text_port(&s->to, where);
	if (code == UV_ECONNREFUSED)
		snprintf(why, sizeof why, "connection refused by %s", where);
	else if (code == UV_ECONNRESET || code == UV_EPIPE)
		snprintf(why, sizeof why, "connection reset by %s", where);
	else
		snprintf(why, sizeof why, "%s: %s", where, uv_strerror(code));
	fail(s, why);
}

static void end(struct stream *s)
{
	if (s->state == OVER)
		return;
	stop(s);
	s->on->ended(s->ctx);
}

static void on_written(uv_write_t *write, int status)
{
	struct delayed *d = write->data;

	if (status < 0 && status != UV_ECANCELED)
		fail_uv(d->stream, status);
	free(d);
}

/* Now what there is room for, later the rest. */
static void write_all(struct stream *s, const void *bytes, size_t n)
{
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)n);
	int written = uv_try_write((uv_stream_t *)&s->tcp, &buf, 1);
	struct delayed *d;

	if (written == (int)n)
		return;
	if (written > 0)
		n -= (size_t)written;
	d = must_alloc(sizeof *d + n);
	memcpy(d->bytes, (const char *)bytes + (written > 0 ? written : 0), n);
	d->stream = s;
	d->write.data = d;
	buf = uv_buf_init(d->bytes, (unsigned)n);
	if (uv_write(&d->write, (uv_stream_t *)&s->tcp, &buf, 1, on_written) != 0)
		free(d);
}

static ssize_t push(gnutls_transport_ptr_t ctx, const void *bytes, size_t n)
{
	write_all(ctx, bytes, n);
	return (ssize_t)n;
}

static ssize_t pull(gnutls_transport_ptr_t ctx, void *into, size_t size)
{
	struct stream *s = ctx;
	size_t n = s->in.len - s->n_in;

	if (n == 0 && s->is_ended)
		return 0;
	if (n == 0) {
		gnutls_transport_set_errno(s->session, EAGAIN);
		return -1;
	}
	if (n > size)
		n = size;
	memcpy(into, s->in.s + s->n_in, n);
	s->n_in += n;
	if (s->n_in == s->in.len) {
		str_clear(&s->in);
		s->n_in = 0;
	}
	return (ssize_t)n;
}

static void fail_tls(struct stream *s, int code)
{
	char why[160];

	if (code == GNUTLS_E_FATAL_ALERT_RECEIVED || code == GNUTLS_E_WARNING_ALERT_RECEIVED)
		snprintf(why, sizeof why, "the TLS handshake fails: the server says '%s'",
			gnutls_alert_get_name(gnutls_alert_get(s->session)));
	else if (code == GNUTLS_E_PREMATURE_TERMINATION)
		snprintf(why, sizeof why, "the server closes the connection in the TLS handshake");
	else
		snprintf(why, sizeof why, "the TLS handshake fails: %s", gnutls_strerror(code));
	fail(s, why);
}

/* GnuTLS answers "again" also between the records of a message that is longer than one, with more
 * to take from `in`: nobody would tell us to go on. */
static void shake(struct stream *s)
{
	size_t left, before;
	int code;

	do {
		before = s->in.len - s->n_in;
		code = gnutls_handshake(s->session);
		left = s->in.len - s->n_in;
	} while (code < 0 && !gnutls_error_is_fatal(code) &&
		 (code != GNUTLS_E_AGAIN || (left && left < before)));
	if (code == GNUTLS_E_AGAIN && left)
		code = GNUTLS_E_UNEXPECTED_PACKET;
	if (code == GNUTLS_E_AGAIN)
		return;
	if (code < 0) {
		fail_tls(s, code);
		return;
	}
	s->state = OPEN;
	s->on->secured(s->ctx);
}

/* GnuTLS answers "again" also after a message that isn't for us (a session ticket), with more to
 * take from `in`. */
static void decrypt(struct stream *s)
{
	while (s->state == OPEN) {
		size_t left = s->in.len - s->n_in;
		ssize_t n = gnutls_record_recv(s->session, s->buffer, READ_BYTES);

		if (n > 0)
			s->on->received(s->ctx, s->buffer, (size_t)n);
		else if (n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION)
			end(s);
		else if (gnutls_error_is_fatal((int)n))
			fail(s, gnutls_strerror((int)n));
		else if (left == s->in.len - s->n_in && !s->is_ended)
			return;
	}
}

static void proceed(struct stream *s)
{
	if (s->state == SHAKING)
		shake(s);
	if (s->session && s->state == OPEN)
		decrypt(s);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct stream *s = handle->data;

	(void)suggested;
	if (!s->buffer)
		s->buffer = must_alloc(READ_BYTES);
	*ret = uv_buf_init(s->buffer, READ_BYTES);
}

static void on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *buf)
{
	struct stream *s = tcp->data;

	if (n == 0 || s->state == OVER)
		return;
	if (s->session) {
		if (n > 0)
			str_addn(&s->in, buf->base, (size_t)n);
		else
			s->is_ended = true;
		proceed(s);
	} else if (n > 0) {
		s->on->received(s->ctx, buf->base, (size_t)n);
		if (s->session) /* TLS was begun by what was just read */
			proceed(s);
	} else if (n == UV_EOF) {
		end(s);
	} else {
		fail_uv(s, (int)n);
	}
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct stream *s = connect->data;

	if (status == UV_ECANCELED || s->state == OVER)
		return;
	if (status < 0) {
		fail_uv(s, status);
		return;
	}
	s->state = OPEN;
	uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
	s->on->connected(s->ctx);
	proceed(s);
}

static void on_closed(uv_handle_t *handle)
{
	struct stream *s = handle->data;

	str_fini(&s->in);
	free(s->buffer);
	free(s);
}

static int begin(struct stream *s, const struct ip_address *source)
{
	int code = source ? uv_tcp_bind(&s->tcp, &source->any, 0) : 0;

	if (code == 0)
		code = uv_tcp_connect(&s->connect, &s->tcp, &s->to.any, on_connect);
	return code;
}

enum rc stream_open(struct stream **ret, uv_loop_t *loop, const struct ip_address *to,
	const struct ip_address *source, struct err *e)
{
	struct stream *s = must_alloc(sizeof *s);
	char where[IP_PORT_TEXT_MAX];
	int code = uv_tcp_init(loop, &s->tcp);

	must(code == 0);
	s->tcp.data = s;
	s->connect.data = s;
	s->to = *to;
	code = begin(s, source);
	if (code != 0) {
		s->state = OVER;
		uv_close((uv_handle_t *)&s->tcp, on_closed);
		return err_set(e, RC_OFFLINE, "%s: %s", ip_text_port(to, where), uv_strerror(code));
	}
	*ret = s;
	return RC_OK;
}

void stream_listen(struct stream *s, const struct stream_events *on, void *ctx)
{
	s->on = on;
	s->ctx = ctx;
}

enum rc stream_start_tls(struct stream *s, const struct stream_tls *tls, struct err *e)
{
	gnutls_datum_t alpn = { .data = (unsigned char *)(uintptr_t)tls->alpn };
	unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS | GNUTLS_KEY_SHARE_TOP;
	struct ip_address ignored;
	int code;

	must(!s->session && s->state == OPEN);
	code = gnutls_init(&s->session, flags);
	if (code < 0) {
		s->session = NULL;
		return err_set(e, RC_INTERNAL, "starting TLS: %s", gnutls_strerror(code));
	}
	/* Else a request waits 40 ms for the acknowledgement of the handshake's last flight. */
	uv_tcp_nodelay(&s->tcp, 1);
	gnutls_priority_set(s->session, tls->priority);
	gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
	gnutls_transport_set_ptr(s->session, s);
	gnutls_transport_set_push_function(s->session, push);
	gnutls_transport_set_pull_function(s->session, pull);
	if (tls->server_name && !ip_parse(tls->server_name, 0, &ignored))
		gnutls_server_name_set(s->session, GNUTLS_NAME_DNS, tls->server_name,
			strlen(tls->server_name));
	if (tls->alpn) {
		alpn.size = (unsigned)strlen(tls->alpn);
		gnutls_alpn_set_protocols(s->session, &alpn, 1, 0);
	}
	s->state = SHAKING;
	return RC_OK;
}

void stream_send(struct stream *s, const void *bytes, size_t n)
{
	const char *from = bytes;

	if (s->state != OPEN)
		return;
	if (!s->session) {
		write_all(s, bytes, n);
		return;
	}
	while (n > 0) {
		ssize_t sent = gnutls_record_send(s->session, from, n);

		if (sent <= 0) /* push() takes everything: the session itself is broken */
			return;
		from += sent;
		n -= (size_t)sent;
	}
}

gnutls_session_t stream_session(const struct stream *s)
{
	return s->session;
}

/* No close_notify: the answer is there, and a probe owes its server no second flight. */
void stream_close(struct stream *s)
{
	if (!s)
		return;
	s->state = OVER;
	if (s->session) /* now: what it borrows may not live until the handle is closed */
		gnutls_deinit(s->session);
	s->session = NULL;
	uv_close((uv_handle_t *)&s->tcp, on_closed);
}
