/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside: asks a server with Prometheus' API what this site's own samples would be asked.
 *
 * What it answers is bounded in bytes and time; OUTSIDE_ASKS_MAX questions are under way at most.
 */
#ifndef PORT_OUTSIDE_OUTSIDE_H
#define PORT_OUTSIDE_OUTSIDE_H

#include "core/remote_write/outside.h"

#include <uv.h>

struct outside;

struct outside *outside_new(uv_loop_t *loop);
/* From now on that one is asked; takes `config` over.  NULL: none is. */
void outside_use(struct outside *o, struct outside_config *config);
bool outside_is_used(const struct outside *o); /* NULL: no */
/* Answers all that is under way with a failure, frees itself, then calls `closed` from the loop. */
void outside_close(struct outside *o, void (*closed)(void *ctx), void *ctx);
/* Instead, when the loop has ended with all its handles.  NULL is fine. */
void outside_free(struct outside *o);

struct outside_question {
	const char *path; /* "/api/v1/query" */
	const char *form; /* application/x-www-form-urlencoded */
	bool is_post;     /* the form is a body; else it goes behind the path */
};
struct outside_answer { /* lives during the callback */
	int status;     /* 0: it failed, for this */
	const char *why;
	const char *body;
	size_t n;
	bool is_json; /* else text */
};
/* `done` is called once, from the loop, unless an error is returned.  RC_LIMIT: too many questions
 * are under way; or what it says of secrets that can't be read. */
enum rc outside_ask(struct outside *o, const struct outside_question *q,
	void (*done)(void *ctx, const struct outside_answer *a), void *ctx, struct err *e) MUST_USE;

#endif
