/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_fixture: for the tests of this folder: a server whose owner does what the first path segment
 * says, on a loop that the test runs itself, through its client (pump.h).
 *
 *	/never...     is refused before its body
 *	/later...     is kept for the test to answer
 *	/pieces...    is answered with fixture_pieces()
 *	/stream...    is answered with a stream of what the test puts into `flow`
 *	any other     is answered with what the owner saw
 */
#ifndef PORT_HTTP_SERVER_HTTP_FIXTURE_H
#define PORT_HTTP_SERVER_HTTP_FIXTURE_H

#include "port/http_server/http_server.h"
#include "port/http_server/pump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
	uv_loop_t loop;
	struct http_server *server;
	struct http_exchange *kept; /* /later, /stream */
	struct str asked;           /* what handle() saw */
	struct str flow;            /* what /stream still has to give */
	size_t keep_bytes, most_bytes;
	int begun, handled, closed;
	bool is_stopped;
};

/* `setup` as far as a test cares; the fixture fills in the rest. */
void fixture_start(struct fixture *f, struct http_server_setup setup);
void fixture_fini(struct fixture *f);
SCOPED_FINI(fixture_fini, struct fixture)
void fixture_connect(struct fixture *f, struct pump *p);

/* Some megabytes, more than a socket takes at once. */
void fixture_pieces(struct str *body, struct str_pieces *more);

/* A server that must not start; says why. */
enum rc fixture_try(const char *listen, const char *cert, const char *key, struct err *e) MUST_USE;

/* A program that knows nothing of us, while the server serves it: its exit status, -1 if there is
 * none such. */
int64_t fixture_run(uv_loop_t *loop, const char *const *argv);

extern const struct http_patience fixture_short_patience; /* 200 ms for everything */

/* What follows a request's target, but for the empty line. */
#define HEAD "HTTP/1.1\r\nHost: localhost\r\n"

#endif
