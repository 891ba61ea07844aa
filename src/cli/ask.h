/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask: questions to a site, and orders, in the language of doc/api.md.
 *
 * Which site: --site (a URL, or a name in lab.yaml), else DIARCHY_URL, else the sites of lab.yaml
 * in the order of the file until one is there, else http://127.0.0.1:7080.  Sites are equal, so any
 * will do; that another one than the first answers is said on standard error.  An order is given to
 * one site only: once a connection stands, no other is tried.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "base/json.h"
#include "cli/command.h"

struct answer {
	struct str text; /* as it came */
	json_t *json;
};
void answer_fini(struct answer *a);
SCOPED_FINI(answer_fini, struct answer)

/* GET /api/lab/v1/PATH, or the path itself when it begins with a slash.  An error that the site answers keeps its code and its sentence; RC_OFFLINE
 * and RC_TIMEOUT say what to do. */
enum rc ask(struct call *c, const char *path, struct answer *ret, struct err *e) MUST_USE;

/* POST of a body, JSON, or without one DELETE. */
enum rc tell(struct call *c, const char *path, const char *body, struct answer *ret,
	struct err *e) MUST_USE;

/* POST of any body to a path of the root; the answer as it comes. */
struct ask_body {
	const char *type, *s;
	size_t n;
};
/* GET of any text. */
enum rc ask_text(struct call *c, const char *path, struct str *ret, struct err *e) MUST_USE;
enum rc ask_send(struct call *c, const char *path, const struct ask_body *body, struct str *ret,
	struct err *e) MUST_USE;

/* Server-sent events of /api/lab/v1/PATH until `each` returns false or the connection ends, which
 * is RC_OFFLINE. */
enum rc ask_stream(struct call *c, const char *path,
	bool (*each)(void *ctx, const char *event, const char *data), void *ctx,
	struct err *e) MUST_USE;

/* Ask this one from now on; NULL: any, as in the beginning. */
void ask_settle(struct call *c, const char *url);

/* The answer as JSON on a line of its own, for --json. */
void answer_print(struct call *c, const struct answer *a);

/* Append percent-encoded (RFC 3986, only "unreserved" stays as it is). */
void ask_encode(struct str *path, const char *text);

#endif
