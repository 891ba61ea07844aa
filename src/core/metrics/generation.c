/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/generation.h"

#include "base/mem.h"

#include <string.h>

_Static_assert(sizeof(struct cell) == CELL_BYTES, "");
_Static_assert(sizeof(struct chunk_word) == 8, "a word is read and copied at once");

struct generation *generation_new(struct slabs *slabs, uint32_t number, uint32_t first_id,
	int64_t base_ms)
{
	struct generation *g = must_alloc(sizeof *g);

	g->refs = 1;
	g->number = number;
	g->base_ms = base_ms;
	g->min_ms = INT64_MAX;
	g->max_ms = INT64_MIN;
	g->slabs = slabs;
	slab_heap_init(&g->cells, slabs);
	slab_heap_init(&g->pages, slabs);
	slab_heap_init(&g->late, slabs);
	slab_heap_init(&g->late_bytes, slabs);
	young_init(&g->young, slabs, first_id);
	return g;
}

struct generation *generation_hold(struct generation *g)
{
	g->refs++;
	return g;
}

void generation_drop(struct generation *g)
{
	if (!g || --g->refs)
		return;
	slab_heap_fini(&g->cells);
	slab_heap_fini(&g->pages);
	slab_heap_fini(&g->late);
	slab_heap_fini(&g->late_bytes);
	young_fini(&g->young);
	free(g->sealed);
	free(g->retired);
	free(g);
}

struct chunk generation_chunk(const struct slabs *slabs, int64_t base_ms, struct chunk_word word,
	uint8_t *bytes)
{
	uint32_t place = word.first;

	/* The last cell's `next` may be written at this very moment, and isn't read. */
	for (uint32_t at = 0; at < word.n_bytes; at += CELL_PAYLOAD) {
		const struct cell *c = (const void *)slabs_at(slabs, place);
		uint32_t left = word.n_bytes - at;

		memcpy(bytes + at, c->bytes, left < CELL_PAYLOAD ? left : CELL_PAYLOAD);
		if (left > CELL_PAYLOAD)
			place = c->next;
	}
	return (struct chunk){ .bytes = bytes,
		.n_bytes = word.n_bytes,
		.n_samples = word.n_samples,
		.base_ms = base_ms };
}
