/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: one TCP connection of a probe, plain at first, under TLS from when it is asked for.
 *
 *	stream_open ─► CONNECTING ─► OPEN ──stream_start_tls──► SHAKING ─► OPEN
 *	                   │          │                           │
 *	                   └──────────┴── failed, ended ──────────┘    then nothing more
 *
 * Events come from the loop, never from inside a call.  An event's function may close the stream;
 * after stream_close() there are no more events.
 */
#ifndef PORT_PROBE_STREAM_H
#define PORT_PROBE_STREAM_H

#include "base/str.h"
#include "port/probe/ip.h"

#include <gnutls/gnutls.h>
#include <uv.h>

struct stream;

struct stream_events {
	void (*connected)(void *ctx);
	void (*secured)(void *ctx); /* handshake done; the certificate is not looked at here */
	void (*received)(void *ctx, const char *bytes, size_t n);
	void (*ended)(void *ctx); /* the other side has nothing more to say */
	void (*failed)(void *ctx, const char *why);
};

/* Begins to connect, from `source` unless it is NULL.  RC_OFFLINE when that fails at once. */
enum rc stream_open(struct stream **ret, uv_loop_t *loop, const struct ip_address *to,
	const struct ip_address *source, struct err *e) MUST_USE;
void stream_listen(struct stream *s, const struct stream_events *on, void *ctx);

struct stream_tls {
	gnutls_certificate_credentials_t credentials; /* borrowed until stream_close */
	gnutls_priority_t priority;                   /* borrowed likewise */
	const char *server_name;                      /* SNI; NULL or a numeric address: none */
	const char *alpn;                             /* one protocol; NULL: none */
};
enum rc stream_start_tls(struct stream *s, const struct stream_tls *tls, struct err *e) MUST_USE;

/* Sends all of it, now or when there is room; a failure comes as event. */
void stream_send(struct stream *s, const void *bytes, size_t n);

gnutls_session_t stream_session(const struct stream *s); /* NULL while plain */
void stream_close(struct stream *s);                     /* NULL allowed */

#endif
