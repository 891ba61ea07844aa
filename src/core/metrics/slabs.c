/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/slabs.h"

#include "base/mem.h"

void slabs_init(struct slabs *s, uint64_t bytes_max)
{
	uint64_t max = bytes_max / SLAB_BYTES;

	*s = (struct slabs){ .max = max > SLABS_MAX ? SLABS_MAX : (uint32_t)max };
	s->v = must_alloc((s->max + 1) * sizeof *s->v);
	s->spare = must_alloc((s->max + 1) * sizeof *s->spare);
}

void slabs_fini(struct slabs *s)
{
	for (uint32_t i = 1; i <= s->n; i++)
		free(s->v[i]);
	free(s->v);
	free(s->spare);
	*s = (struct slabs){ 0 };
}

uint32_t slabs_take(struct slabs *s)
{
	if (s->n_spare)
		return s->spare[--s->n_spare];
	if (s->n == s->max)
		return 0;
	s->v[++s->n] = must_alloc(SLAB_BYTES);
	return s->n;
}

void slabs_give(struct slabs *s, uint32_t number)
{
	must(number && number <= s->n && s->n_spare < s->n);
	s->spare[s->n_spare++] = number;
}

void slab_heap_init(struct slab_heap *h, struct slabs *s)
{
	*h = (struct slab_heap){ .slabs = s };
}

void slab_heap_fini(struct slab_heap *h)
{
	for (uint32_t i = 0; i < h->n; i++)
		slabs_give(h->slabs, h->v[i]);
	free(h->v);
	*h = (struct slab_heap){ 0 };
}

uint32_t slab_heap_alloc(struct slab_heap *h, uint32_t n)
{
	uint32_t number;

	n = (n + 7) & ~7u;
	must(n <= SLAB_HEAP_PIECE_MAX);
	if (!h->n || h->at + n > SLAB_BYTES) {
		number = slabs_take(h->slabs);
		if (!number)
			return 0;
		must_grow(h->v, h->n, h->cap);
		h->v[h->n++] = number;
		h->at = 0;
	}
	h->at += n;
	return h->v[h->n - 1] << SLAB_BITS | (h->at - n);
}
