/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd: threads that lend a hand to whoever has work that can be cut into pieces.
 *
 *	crowd_spread(n pieces) ──► the caller takes pieces, and so does every helper that is idle,
 *	                           until none is left; it returns when the last one is done
 *
 * The caller works itself, so nothing waits for a helper to become free; who comes late finds nothing
 * to do.  Helpers are started when they are first needed, and then sleep until there is work.
 *
 * Waking a processor that sleeps takes as long as a small computation, some 50 µs.  So a helper that has
 * just done something stays awake for CROWD_AWAKE_US, and who will soon have work can rouse one before.
 */
#ifndef PORT_CROWD_CROWD_H
#define PORT_CROWD_CROWD_H

#include <stdbool.h>

struct crowd;

/* `n_helpers` threads beside those that call; 0 is allowed. */
struct crowd *crowd_new(unsigned n_helpers);
void crowd_free(struct crowd *c); /* nobody spreads any more */
/* As many helpers as make use of all processors, up to CROWD_HELPERS_MAX (limits.def). */
unsigned crowd_helpers(void);
unsigned crowd_threads(
	const struct crowd *c); /* that may work at once: the helpers and the caller */
void crowd_rouse(
	struct crowd *c); /* have a helper awake soon, unless there is one; on any thread */
bool crowd_is_awake(struct crowd *c); /* and looks for work: small pieces are worth it; a guess */

/* Calls work(of, i) for each i < n, each once, on any of the threads; returns when all have returned.
 * On any thread, on several at once; also from within `work`. */
void crowd_spread(void *crowd, unsigned n, void (*work)(void *of, unsigned i), void *of);

#endif
