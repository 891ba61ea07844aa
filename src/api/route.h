/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: which handler a request belongs to, from the one table in routes.def.
 *
 * {name} in a pattern stands for exactly one segment of the path, which is decoded only after the
 * path was taken apart: names may hold slashes, as %2F.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define ROUTE_ARGS_MAX 2
#define LAB            "/api/lab/v1"
#define PROM           "/api/v1"
#define ALERTS         "/api/v2"

enum route_method { ROUTE_GET, ROUTE_POST, ROUTE_PUT, ROUTE_DELETE, ROUTE_METHODS };
enum route_needs { ROUTE_OPEN, ROUTE_PING, ROUTE_READ, ROUTE_CHANGE, ROUTE_FEED };
enum route_takes {
	ROUTE_NONE,
	ROUTE_FORM,
	ROUTE_JSON,
	ROUTE_LOG,
	ROUTE_QUERY,
	ROUTE_ALERTS,
	ROUTE_SAMPLES
};

struct call;
struct answer;

/* Answers, or says why not: the row of `rc` then makes the answer. */
typedef enum rc route_handler(struct call *c, struct answer *out, struct err *e);

struct route {
	enum route_method method;
	const char *pattern;
	route_handler *handler;
	enum route_needs needs;
	enum route_takes takes;
	const char *help;
};
extern const struct route routes[];
extern const size_t route_count;

struct route_found {
	const struct route *route; /* NULL: no such path, or not with this method */
	unsigned allowed;          /* then: bit n for each route_method that the path knows */
	const char *args[ROUTE_ARGS_MAX]; /* decoded, in the order of the pattern; else NULL */
};

/* HEAD is taken for GET.  RC_INPUT when a {name} isn't decodable. */
enum rc route_find(const char *method, const char *path, struct arena *a, struct route_found *ret,
	struct err *e) MUST_USE;

const char *route_method_name(enum route_method m); /* "GET" */

#endif
