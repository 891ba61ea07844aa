/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring: a queue of things of one size, first in, first out; grows as it must.
 *
 *	struct ring effects = RING_OF(struct effect);
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	unsigned char *items;
	size_t item_bytes;
	uint32_t head, n, cap;
};
#define RING_OF(type) ((struct ring){ .item_bytes = sizeof(type) })

/* One more at the end, all zero; its address holds until the next push. */
void *ring_push(struct ring *r);

/* Moves the first to `ret`, which has room for one; false when there is none. */
bool ring_pop(struct ring *r, void *ret);

void ring_clear(struct ring *r); /* forgets all; what they own is the caller's to free first */
void ring_fini(struct ring *r);  /* the same, and the memory; may be used again */

#endif
