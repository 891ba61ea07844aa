/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena: what dies together lives together, under a budget.
 *
 * One arena for a request, a query, a configuration.  Allocation returns zeroed, 16-byte aligned
 * memory, or NULL once `budget_bytes` is used up; the caller answers RC_LIMIT.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>

struct arena_block;
struct arena_owned;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used_bytes;          /* handed out, alignment included */
	size_t budget_bytes;        /* 0: without bound (only for what we wrote ourselves) */
	struct arena_owned *owned;  /* what arena_own() was given, newest first */
};

void arena_init(struct arena *a, size_t budget_bytes);
void arena_fini(struct arena *a);
SCOPED_FINI(arena_fini, struct arena)

/* Forget everything but keep one block, for the next request. */
void arena_reset(struct arena *a);

void *arena_alloc(struct arena *a, size_t size_bytes);
/* Let `release(p)` be called when the arena ends or is reset: for what can't live in it.  False: the
 * arena is full, and `p` was released at once. */
bool arena_own(struct arena *a, void *p, void (*release)(void *p));
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
