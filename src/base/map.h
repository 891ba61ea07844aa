/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map: text -> pointer, iterated in the order of insertion.
 *
 * Order matters: cores iterate over maps, and a run must be the same on every machine.  Keys are
 * copied; values belong to the caller.  Hashing is seeded from a constant (keys come from the
 * lab's own files; what strangers send is bounded before it gets here).
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct map_entry {
	char *key; /* NULL: removed; skipped by map_each */
	void *value;
	uint32_t hash;
};

struct map {
	struct map_entry *entries; /* in order of insertion */
	uint32_t *slots;           /* open addressing: index + 1 into entries, 0 empty */
	uint32_t n_entries;        /* including removed ones */
	uint32_t n_live;
	uint32_t cap_entries, n_slots;
};

#define MAP_EMPTY ((struct map){ 0 })

void map_fini(struct map *m);
SCOPED_FINI(map_fini, struct map)

/* Returns the value that stood there before, or NULL.  A key that is there keeps its place. */
void *map_put(struct map *m, const char *key, void *value);
void *map_get(const struct map *m, const char *key);
bool map_has(const struct map *m, const char *key);
void *map_remove(struct map *m, const char *key); /* returns the value removed, or NULL */
static inline uint32_t map_count(const struct map *m)
{
	return m->n_live;
}

/* Entries may be removed while iterating, not added. */
#define map_each(m, it)                                                                      \
	for (struct map_entry *it = (m)->entries, *it##_end = it ? it + (m)->n_entries : it; \
		it < it##_end; it++)                                                         \
		if (!it->key) {                                                              \
		} else

#endif
