/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_asking: an expression that a rule asks on the pool, answered by the outside server, which is
 * spoken to on the loop's thread.
 *
 *	pool:  rules_asking_query ─► queue ─► (wakes the loop) ... waits ◄──┐
 *	loop:                          └─► outside_ask ─► answer, copied ───┘
 *
 * Who waits is looked after: it goes on waiting only while it isn't told to stop.
 */
#ifndef DAEMON_RULES_ASKING_H
#define DAEMON_RULES_ASKING_H

#include "core/rules/world.h"
#include "port/outside/outside.h"

struct rules_asking;

/* `outside` is asked while it is used; it outlives the questions on the loop. */
struct rules_asking *rules_asking_new(uv_loop_t *loop, struct outside *outside);
bool rules_asking_is_used(const struct rules_asking *a); /* on the loop's thread */
/* From now on nothing is asked: whoever does, is told so.  The outside server may go. */
void rules_asking_stop(struct rules_asking *a); /* NULL is fine here and below */
/* After that, when nobody waits any more: frees itself. */
void rules_asking_close(struct rules_asking *a);
/* Instead, when the loop has ended with all its handles. */
void rules_asking_free(struct rules_asking *a);

struct rules_question {
	const char *text; /* PromQL */
	int64_t at_ms;
	bool (*should_stop)(void *ctx);
	void *ctx;
};
/* On the pool.  RC_TIMEOUT when it was stopped; what the server says otherwise. */
enum rc rules_asking_query(struct rules_asking *a, const struct rules_question *q,
	struct arena *arena, struct rules_vector *ret, struct err *e) MUST_USE;

#endif
