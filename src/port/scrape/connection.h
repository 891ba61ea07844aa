/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection: HTTP/1.1 to one target in the clear, one request after the other on one connection.
 * Private to port/scrape.
 *
 *	IDLE ──connection_get──► NAMING ─► CONNECTING ─► ANSWERING ──done──► IDLE, connected if it may
 *	                            └──────────┴────────────┴── failed ──► IDLE, not connected
 *
 * What arrives lies in one buffer of the loop's, not the connection's, and is handed on from there:
 * a target that isn't answering just now costs its socket and no more.  A request on a connection
 * that the target closed meanwhile is sent once more on a new one.
 *
 * A target that sends without end isn't read without end: in each millisecond so much, and then
 * others have their turn.
 */
#ifndef PORT_SCRAPE_CONNECTION_H
#define PORT_SCRAPE_CONNECTION_H

#include "base/endpoint.h"
#include "base/str.h"
#include "port/probe/http_answer.h"
#include "port/probe/resolve.h"

#define CONNECTION_READ_BYTES        131072
#define CONNECTION_TURN_BYTES        1048576
#define CONNECTION_TURN_PACKED_BYTES 65536 /* of a body that becomes longer */

struct connection_events {
	/* The head is there: look at it.  False: no body is wanted, `done` comes now. */
	bool (*answered)(void *ctx, const struct http_answer *a);
	/* A piece of the body, without chunks' frames.  False: enough, `done` comes now. */
	bool (*received)(void *ctx, const char *bytes, size_t n);
	void (*done)(void *ctx);
	void (*failed)(void *ctx, const char *why);
};

/* What all connections share. */
struct connection_tools {
	uv_loop_t *loop;
	struct resolver *resolver;
	char buffer[CONNECTION_READ_BYTES];
};

struct connection;
struct connection *connection_new(struct connection_tools *tools,
	const struct connection_events *on, void *ctx);
void connection_free(struct connection *c); /* closes; no event follows.  NULL allowed */

/* Only when idle.  Both are copied.  Events may come before this returns. */
void connection_get(struct connection *c, const struct endpoint *to, const struct str *request);
void connection_cancel(struct connection *c); /* idle, not connected, and no event follows */

#endif
