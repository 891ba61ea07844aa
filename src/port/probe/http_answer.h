/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_answer: an HTTP/1.x response, parsed as its bytes arrive (RFC 9112).
 *
 *	STATUS ─► HEADER ─► LENGTH | UNTIL_CLOSE | CHUNK_SIZE ─► CHUNK_DATA ─► DONE
 *	   ▲ 1xx ─────┘                                ▲ CHUNK_END ◄──┘
 *
 * Strict where leniency would hide a broken server: a header line without colon, a folded header,
 * two different lengths, an unknown transfer coding and a malformed chunk are errors.  Lines may
 *end in LF alone.  Body bytes go to the owner's `body` function as they come, decoded from chunks.
 */
#ifndef PORT_PROBE_HTTP_ANSWER_H
#define PORT_PROBE_HTTP_ANSWER_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

#define ANSWER_HEAD_BYTES_MAX 65536
#define ANSWER_INTERIM_MAX    8 /* 1xx responses before the real one */
#define ANSWER_LENGTH_UNKNOWN -1

enum answer_state {
	ANSWER_STATUS,
	ANSWER_HEADER,
	ANSWER_LENGTH,
	ANSWER_UNTIL_CLOSE,
	ANSWER_CHUNK_SIZE,
	ANSWER_CHUNK_DATA,
	ANSWER_CHUNK_END,
	ANSWER_TRAILER,
	ANSWER_DONE,
	ANSWER_STATES
};

/* False: enough, the answer counts as complete. */
typedef bool answer_body(void *ctx, const char *bytes, size_t n);

struct http_answer {
	enum answer_state state;
	bool is_head; /* answers HEAD: no body follows whatever the headers say */
	answer_body *body;
	void *ctx;
	uint8_t version; /* 10, 11 */
	uint16_t status;
	struct str head;        /* "Name: value\n"..., without the status line */
	int64_t content_length; /* as declared, or ANSWER_LENGTH_UNKNOWN */
	bool is_chunked;
	uint8_t n_interim;
	uint64_t left;   /* of the body or of the chunk */
	struct str line; /* begun, not yet ended */
};

void http_answer_init(struct http_answer *a, bool is_head, answer_body *body, void *ctx);
void http_answer_fini(struct http_answer *a);
SCOPED_FINI(http_answer_fini, struct http_answer)

/* More bytes.  Those behind the end of the answer are ignored. */
enum rc http_answer_feed(struct http_answer *a, const char *bytes, size_t n,
	struct err *e) MUST_USE;
/* The server closed: the end of the body, or an answer cut short. */
enum rc http_answer_end(struct http_answer *a, struct err *e) MUST_USE;

/* The next line of `head` called `name` (any case) behind *cursor, which begins NULL; NULL when
 * there is none.  The value isn't terminated: it has *ret_n bytes. */
const char *http_answer_header(const struct http_answer *a, const char *name, const char **cursor,
	size_t *ret_n);
/* The first one, copied; false when it is absent or doesn't fit. */
bool http_answer_header_text(const struct http_answer *a, const char *name, char *ret, size_t size);

/* "Sun, 06 Nov 1994 08:49:37 GMT" and its two obsolete forms (RFC 9110, 5.6.7); false when
 * malformed. */
bool http_date_parse(const char *text, int64_t *ret_seconds);

#endif
