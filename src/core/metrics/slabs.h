/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slabs: bounded memory in equal pieces, which the head's generations take and give back whole.
 *
 * Nothing in the head is freed one by one: a generation takes slabs while it grows, and when it has
 * become a part on disk and no view shows it any more, all of them are free again at once.  Slabs
 * never move and are numbered from 1, so that a number of 32 bits says where something lies, and
 * other threads may follow it while the owner's thread takes more.
 */
#ifndef CORE_METRICS_SLABS_H
#define CORE_METRICS_SLABS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLAB_BITS  16
#define SLAB_BYTES (1u << SLAB_BITS)
#define SLABS_MAX  65535

struct slabs {
	uint8_t **v;     /* by number; never moves */
	uint32_t n, max; /* made; the most there may be */
	uint32_t *spare; /* numbers of those that nobody has */
	uint32_t n_spare;
};

void slabs_init(struct slabs *s, uint64_t bytes_max);
void slabs_fini(struct slabs *s);
/* 0: no more are allowed.  The bytes are what they were. */
uint32_t slabs_take(struct slabs *s);
void slabs_give(struct slabs *s, uint32_t number);

static inline uint32_t slabs_used(const struct slabs *s)
{
	return s->n - s->n_spare;
}
/* How many may still be taken. */
static inline uint32_t slabs_left(const struct slabs *s)
{
	return s->max - slabs_used(s);
}

/* Where the byte lies that `place` names: a slab's number and an offset. */
static inline uint8_t *slabs_at(const struct slabs *s, uint32_t place)
{
	return s->v[place >> SLAB_BITS] + (place & (SLAB_BYTES - 1));
}

/* What grows within slabs of its own; `n` bytes, 8-aligned, in one piece. */
struct slab_heap {
	struct slabs *slabs;
	uint32_t *v; /* slabs taken */
	uint32_t n, cap;
	uint32_t at; /* bytes used of the last */
};
#define SLAB_HEAP_PIECE_MAX SLAB_BYTES

void slab_heap_init(struct slab_heap *h, struct slabs *s);
void slab_heap_fini(struct slab_heap *h);                  /* gives all back */
uint32_t slab_heap_alloc(struct slab_heap *h, uint32_t n); /* its place; 0: no more memory */

#endif
