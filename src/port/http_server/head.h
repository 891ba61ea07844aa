/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head: may a request's head be believed?
 *
 * libmicrohttpd reads a head in place and takes more than RFC 9112 allows: it ends a text at a NUL
 * that was sent, appends a folded line to the *name* of its header, and lets two headers contradict
 * each other.  What one reader of a request understands in another way than the next lets strangers
 * past the first; so such a head is refused.
 *
 *	method NUL target NUL version NUL NUL name NUL value NUL NUL ... NUL NUL
 *	       │          │           └───┬─┘     └ a colon and blanks   └───┬─┘
 *	       └ a space ─┘              CR LF, or LF alone                the empty line
 */
#ifndef PORT_HTTP_SERVER_HEAD_H
#define PORT_HTTP_SERVER_HEAD_H

#include "port/http_server/http_server.h"

/* All of it where libmicrohttpd read it, but for `target_kept`. */
struct head {
	const char *method, *target, *version;
	const char *target_kept; /* a copy, from before the query was split off and cut up */
	const struct http_header *headers;
	uint32_t n_headers;
	size_t bytes; /* from `method` to the body */
};

/* False: why not, for who sent it. */
bool head_is_sound(const struct head *h, char ret_why[REASON_BYTES_MAX]);

#endif
