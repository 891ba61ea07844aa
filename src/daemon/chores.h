/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chores: the background work of a store on the pool, and what it found damaged in the log.
 *
 * All calls from the loop's thread.
 */
#ifndef DAEMON_CHORES_H
#define DAEMON_CHORES_H

#include "core/metrics/store.h"

#include <uv.h>

struct chores;

struct chores_wish {
	const char *name;          /* in the log; outlives them */
	int64_t tick_ms;           /* look at least so often; NEVER_MS */
	void (*ticked)(void *ctx); /* before each look at a tick; NULL */
	void (*worked)(void *ctx); /* after each piece of it; NULL */
	void *ctx;
};
struct chores *chores_new(uv_loop_t *loop, struct store *store, const struct chores_wish *wish);
void chores_look(struct chores *c); /* the store may have work */
/* Nothing more is begun; what runs is waited for.  Then `stopped` is called from the loop. */
void chores_stop(struct chores *c, void (*stopped)(void *ctx), void *ctx);
void chores_free(struct chores *c); /* when the loop has ended, or after that; NULL is fine */

#endif
