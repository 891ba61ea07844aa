/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server: one listening address, spoken to in HTTP/1.1, on a uv loop.
 *
 * libmicrohttpd without threads: its epoll descriptor is watched by uv_poll, and a uv_timer wakes
 * it when it asks for that.  The owner gets two calls a request, and answers in either of them, or
 * later:
 *
 *	ASKING ──headers──► begin() ──body──► handle() ──► ANSWERING ──► IDLE ──► ASKING ...
 *	  │                   └─ http_reply() at once ──────►┘  └─ http_stream ─► FOLLOWING
 *	  └─ too slow, too long: cut off
 *
 * Everything that a stranger sends is bounded: connections, also by network (an IPv6 address counts
 * with its /64), heads, headers, bodies, and the time that each stage may take.  When all
 * connections are taken, the one that is idle for longest makes room for who comes.  Only FOLLOWING
 * has no deadline of its own: there the kernel gives up on a client that takes nothing for
 * HTTP_STALLED_MS.
 *
 * All calls from the loop's thread.
 */
#ifndef PORT_HTTP_SERVER_HTTP_SERVER_H
#define PORT_HTTP_SERVER_HTTP_SERVER_H

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

#include <uv.h>

#define HTTP_STALLED_MS          20000  /* sent and not acknowledged by the client's kernel */
#define HTTP_STREAM_BUFFER_BYTES 131072 /* of a stream, in our kernel */

struct http_header {
	const char *name, *value;
};

/* What was asked; lives until the reply. */
struct http_ask {
	const char *method;  /* "GET" */
	const char *target;  /* path and query exactly as sent: still percent-encoded */
	const char *address; /* who asks: numeric, without port */
	bool is_tls;
	const struct http_header *headers;
	uint32_t n_headers;
	const char *body; /* terminated; "" in begin() */
	size_t body_bytes;
	bool is_cut; /* the body was longer than what http_take_body() wanted kept */
};

/* The first header of that name, in any case; NULL when absent. */
const char *http_ask_header(const struct http_ask *ask, const char *name);

/* How long a client may take; looked at each second. */
struct http_patience {
	uint32_t head_ms;   /* from the connection to the end of its first request's headers */
	uint32_t idle_ms;   /* the same for a later request on the same connection */
	uint32_t body_ms;   /* from the headers to the end of the body */
	uint32_t answer_ms; /* until the client has taken the whole answer */
};
#define HTTP_PATIENCE ((struct http_patience){ 10000, 60000, 30000, 60000 })

struct http_server;
struct http_exchange; /* one request and its answer */

struct http_server_setup {
	uv_loop_t *loop;
	const char *listen;                /* base/endpoint.h; port 0: any free one */
	const char *cert_file, *key_file;  /* PEM, both or none: TLS 1.2 and 1.3 */
	uint32_t connections_max;          /* 0: HTTP_CONNECTIONS_MAX */
	struct http_patience patience;     /* all zero: HTTP_PATIENCE */
	const struct http_header *headers; /* on every answer; outlive the server */
	uint32_t n_headers;
	/* The headers are there.  May reply; a body is taken only after http_take_body(). */
	void (*begin)(void *ctx, struct http_exchange *x, const struct http_ask *ask);
	/* The whole request is there.  Replies now or, with what it keeps of `x`, later. */
	void (*handle)(void *ctx, struct http_exchange *x, const struct http_ask *ask);
	void *ctx;
};

/* Listens on return.  RC_INPUT for what can't be an address or a certificate, RC_IO when it is
 * taken or not ours. */
enum rc http_server_start(struct http_server **ret, const struct http_server_setup *setup,
	struct err *e) MUST_USE;
/* Show another pair from now on.  The one in use stays on RC_INPUT (files that can't be read, or
 * don't fit each other: the text names them), and on RC_UNSUPPORTED (TLS can't be turned on or
 * off). */
enum rc http_server_use(struct http_server *s, const char *cert_file, const char *key_file,
	struct err *e) MUST_USE;
/* The same with the files as they are now: cheap enough for every few seconds. */
enum rc http_server_refresh(struct http_server *s, bool *ret_is_new, struct err *e) MUST_USE;
/* Ends everything under way, streams included; `stopped` (or NULL) is called from the loop when
 * the memory is free. */
void http_server_stop(struct http_server *s, void (*stopped)(void *ctx), void *ctx);

const char *http_server_address(const struct http_server *s); /* "127.0.0.1:7080": the real port */
uint32_t http_server_connections(const struct http_server *s);

/* In begin(): take a body of at most `most_bytes`, of which the first `keep_bytes` are kept. */
void http_take_body(struct http_exchange *x, size_t keep_bytes, size_t most_bytes);

struct http_reply {
	int status;       /* 0: 200 */
	const char *type; /* Content-Type; NULL: none */
	const struct http_header *headers;
	uint32_t n_headers;
	struct str body;   /* taken over, empty afterwards; or, where that is empty: */
	const void *bytes; /* what outlives the server */
	size_t n_bytes;
	struct str_pieces more; /* behind a `body` that isn't empty; taken over as well */
};

/* Exactly once an exchange.  The client may be gone by then: that is seen to. */
void http_reply(struct http_exchange *x, struct http_reply *r);
/* {"error": "CODE", "text": "..."} with the status of the code's row (doc/api.md). */
void http_reply_error(struct http_exchange *x, enum rc rc, const char *text,
	const struct http_header *headers, uint32_t n_headers);

/* An answer that goes on: bytes are pulled when the client has room for them. */
struct http_stream_source {
	/* Copy up to `n` bytes; 0: none now, http_stream_wake() says when there are. */
	size_t (*pull)(void *client, char *bytes, size_t n);
	/* The client is gone, or the stream was ended.  The last call. */
	void (*closed)(void *client);
};
/* Instead of http_reply(), within handle(): `r` without its body.  The exchange is the stream from
 * here on, and valid until closed(). */
void http_reply_stream(struct http_exchange *x, const struct http_reply *r,
	const struct http_stream_source *source, void *client);
void http_stream_wake(struct http_exchange *x);
/* What was pulled may still arrive; nothing more will be.  closed() follows from the loop. */
void http_stream_end(struct http_exchange *x);

#endif
