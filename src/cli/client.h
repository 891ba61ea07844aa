/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: a site's API (doc/api.md) for programs that wait: one request at a time, http or https.
 *
 * Errors that the site says keep its code and its sentence.  Of the others RC_OFFLINE means that
 * nothing was sent, so that another site may be asked instead; RC_TIMEOUT that it was, and that
 * nobody knows what became of it.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "base/err.h"
#include "base/str.h"
#include "cli/sse.h"

#define CLIENT_CONNECT_MS       5000
#define CLIENT_TIMEOUT_MS       15000
#define CLIENT_STALL_MS         8000 /* of a stream, which has a beat each 2 s */
#define CLIENT_ANSWER_BYTES_MAX (64 * 1024 * 1024)

struct client_site {
	const char *url;   /* "http://127.0.0.1:7080", nothing behind it */
	const char *token; /* NULL: none; never shown */
};

struct client_order {
	const char *method; /* NULL: GET */
	const char *path;   /* "/api/lab/v1/status", encoded */
	const char *body;   /* JSON; NULL: none */
	const char *type;   /* of another body, which is body_bytes long; NULL: JSON */
	size_t body_bytes;
	int64_t timeout_ms; /* for all of it; 0: CLIENT_TIMEOUT_MS */
};

/* DIARCHY_TOKEN, else the first line of the file that DIARCHY_TOKEN_FILE names; "" when there is
 * neither.  RC_INPUT, RC_NOT_FOUND, RC_IO when the file is named and isn't usable. */
enum rc client_token(struct str *ret, struct err *e) MUST_USE;

/* The text of the answer, whatever its type. */
enum rc client_ask(const struct client_site *site, const struct client_order *order,
	struct str *ret, struct err *e) MUST_USE;

/* Server-sent events until `each` returns false, which is RC_OK; RC_OFFLINE when the site ends the
 * stream or falls silent. */
enum rc client_follow(const struct client_site *site, const char *path, sse_each *each, void *ctx,
	struct err *e) MUST_USE;

#endif
