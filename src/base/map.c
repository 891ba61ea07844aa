/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries stand in an array in order of insertion; a table of twice as many slots, probed linearly,
 * leads to them.  A removed entry keeps its slot, which therefore needs no tombstone of its own,
 * until the array is full and both are rebuilt without the dead.  Thus a slot is always free and a
 * search always ends.
 */
#include "base/map.h"

#include "base/mem.h"

#include <string.h>

#define CAP_FIRST 8
#define CAP_LAST  ((uint32_t)1 << 30)
#define ABSENT    UINT32_MAX

void map_fini(struct map *m)
{
	for (uint32_t i = 0; i < m->n_entries; i++)
		free(m->entries[i].key);
	free(m->entries);
	free(m->slots);
	*m = MAP_EMPTY;
}

/* Eight bytes at a time: multiply and fold, after FxHash, with a final mix for the low bits that
 * the table uses. */
static uint32_t hash_of(const char *key, size_t n)
{
	const uint64_t factor = 0x9e3779b97f4a7c15u;
	uint64_t h = n * factor, word;

	for (; n >= sizeof word; n -= sizeof word, key += sizeof word) {
		memcpy(&word, key, sizeof word);
		h = ((h << 5 | h >> 59) ^ word) * factor;
	}
	word = 0;
	memcpy(&word, key, n);
	h = ((h << 5 | h >> 59) ^ word) * factor;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return (uint32_t)(h ^ h >> 32);
}

static uint32_t find(const struct map *m, const char *key, uint32_t hash)
{
	uint32_t mask = m->n_slots - 1;

	if (m->n_live == 0)
		return ABSENT;
	for (uint32_t at = hash & mask; m->slots[at]; at = (at + 1) & mask) {
		const struct map_entry *it = &m->entries[m->slots[at] - 1];

		if (it->hash == hash && it->key && strcmp(it->key, key) == 0)
			return m->slots[at] - 1;
	}
	return ABSENT;
}

static void fill_slot(struct map *m, uint32_t index)
{
	uint32_t mask = m->n_slots - 1;
	uint32_t at = m->entries[index].hash & mask;

	while (m->slots[at])
		at = (at + 1) & mask;
	m->slots[at] = index + 1;
}

static void drop_removed(struct map *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_entries; i++)
		if (m->entries[i].key)
			m->entries[n++] = m->entries[i];
	m->n_entries = n;
}

/* The array is full: drop the dead, and double it unless that alone made half of it free. */
static void make_room(struct map *m)
{
	drop_removed(m);
	if (m->n_live >= m->cap_entries / 2) {
		must(m->cap_entries < CAP_LAST);
		m->cap_entries = m->cap_entries ? 2 * m->cap_entries : CAP_FIRST;
		m->entries = must_realloc(m->entries, m->cap_entries * sizeof *m->entries);
		m->n_slots = 2 * m->cap_entries;
		free(m->slots);
		m->slots = must_alloc(m->n_slots * sizeof *m->slots);
	} else {
		memset(m->slots, 0, m->n_slots * sizeof *m->slots);
	}
	for (uint32_t i = 0; i < m->n_entries; i++)
		fill_slot(m, i);
}

void *map_put(struct map *m, const char *key, void *value)
{
	size_t n = strlen(key);
	uint32_t hash = hash_of(key, n);
	uint32_t index = find(m, key, hash);

	if (index != ABSENT) {
		void *before = m->entries[index].value;

		m->entries[index].value = value;
		return before;
	}
	if (m->n_entries == m->cap_entries)
		make_room(m);
	m->entries[m->n_entries] = (struct map_entry){ must_strdup(key), value, hash };
	fill_slot(m, m->n_entries++);
	m->n_live++;
	return NULL;
}

void *map_get(const struct map *m, const char *key)
{
	uint32_t index = find(m, key, hash_of(key, strlen(key)));

	return index == ABSENT ? NULL : m->entries[index].value;
}

bool map_has(const struct map *m, const char *key)
{
	return find(m, key, hash_of(key, strlen(key))) != ABSENT;
}

void *map_remove(struct map *m, const char *key)
{
	uint32_t index = find(m, key, hash_of(key, strlen(key)));
	struct map_entry *it;

	if (index == ABSENT)
		return NULL;
	it = &m->entries[index];
	free(it->key);
	it->key = NULL;
	m->n_live--;
	return TAKE(it->value);
}
