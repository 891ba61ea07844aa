/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sse: server-sent events out of bytes as they come (HTML standard, 9.2.6 "Interpreting an event
 * stream").
 *
 * `id` and `retry` are not for us.  A message of more than SSE_MESSAGE_BYTES_MAX ends the reading.
 */
#ifndef CLI_SSE_H
#define CLI_SSE_H

#include "base/str.h"

#define SSE_MESSAGE_BYTES_MAX (64 * 1024 * 1024) /* a status of CHECKS_MAX checks fits */

/* `event` is "message" when the stream names none.  False: enough. */
typedef bool sse_each(void *ctx, const char *event, const char *data);

struct sse {
	struct str line, event, data;
	bool was_return;  /* the last byte was \r, which may be half a line end */
	bool is_begun;    /* something came: a byte order mark can't follow */
	bool is_overlong; /* why sse_take() said false, if not because of `each` */
	sse_each *each;
	void *ctx;
};

void sse_init(struct sse *s, sse_each *each, void *ctx);
void sse_fini(struct sse *s);
SCOPED_FINI(sse_fini, struct sse)

/* False: no more.  `each` had enough, or the message is too long. */
bool sse_take(struct sse *s, const char *bytes, size_t n);

#endif
