/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define CAP_MIN 16

static unsigned char *at(const struct ring *r, uint32_t i)
{
	return r->items + (size_t)((r->head + i) % r->cap) * r->item_bytes;
}

/* Straightened, into twice the room. */
static void grow(struct ring *r)
{
	uint32_t cap = r->cap ? 2 * r->cap : CAP_MIN;
	unsigned char *items = must_alloc(cap * r->item_bytes);

	for (uint32_t i = 0; i < r->n; i++)
		memcpy(items + i * r->item_bytes, at(r, i), r->item_bytes);
	free(r->items);
	r->items = items;
	r->cap = cap;
	r->head = 0;
}

void *ring_push(struct ring *r)
{
	if (r->n == r->cap)
		grow(r);
	return memset(at(r, r->n++), 0, r->item_bytes);
}

bool ring_pop(struct ring *r, void *ret)
{
	if (!r->n)
		return false;
	memcpy(ret, at(r, 0), r->item_bytes);
	r->head = (r->head + 1) % r->cap;
	r->n--;
	return true;
}

void ring_clear(struct ring *r)
{
	r->head = r->n = 0;
}

void ring_fini(struct ring *r)
{
	free(r->items);
	*r = (struct ring){ .item_bytes = r->item_bytes };
}
