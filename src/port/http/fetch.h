/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: one request, waited for, for programs that have no loop.
 *
 * The same requests and the same outcomes as http.h, one at a time.
 */
#ifndef PORT_HTTP_FETCH_H
#define PORT_HTTP_FETCH_H

#include "port/http/http.h"

/* Calls `done` before it returns RC_OK.  Errors as http_call. */
enum rc http_fetch(const struct http_request *r, http_done *done, void *ctx,
	struct err *e) MUST_USE;

/* An answer that goes on: what comes with status 200 goes to `take` instead of into the response,
 * until `take` returns false, the other side ends it, or nothing has come for `stall_ms`. */
struct http_stream {
	const struct http_request *request; /* its timeout bounds connecting only */
	int64_t stall_ms;                   /* whole seconds */
	bool (*take)(void *ctx, const char *bytes, size_t n);
	http_done *done;
	void *ctx; /* of both */
};
enum rc http_fetch_stream(const struct http_stream *s, struct err *e) MUST_USE;

#endif
