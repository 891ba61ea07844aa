/* SPDX-License-Identifier: Apache-2.0 */
/* body: a request's JSON as an object of texts, and of no others than were expected. */
#ifndef API_BODY_H
#define API_BODY_H

#include "base/json.h"
#include "port/http_server/http_server.h"

struct body_member {
	const char *name;
	size_t bytes_max;
	const char *value; /* NULL: absent or null; lives as long as the document */
};

/* Fills the members.  No body at all is an empty object.  RC_INPUT: malformed, no object, a member
 * that isn't expected, is no text, or is too long.  *ret is released with json_decref. */
enum rc body_read(const struct http_ask *ask, struct body_member *members, size_t n, json_t **ret,
	struct err *e) MUST_USE;

#endif
