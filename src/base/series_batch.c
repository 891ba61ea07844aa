/* SPDX-License-Identifier: Apache-2.0 */
#include "base/series_batch.h"

#define SLOTS_FIRST 1024

void series_batch_init(struct series_batch *b, uint64_t seed, size_t arena_bytes)
{
	*b = (struct series_batch){ .seed = seed, .samples_max = UINT32_MAX };
	arena_init(&b->arena, arena_bytes);
}

void series_batch_fini(struct series_batch *b)
{
	free(b->series);
	free(b->samples);
	free(b->histograms);
	free(b->exemplars);
	free(b->metadata);
	arena_fini(&b->arena);
	*b = (struct series_batch){ 0 };
}

struct batch_series *series_batch_add_series(struct series_batch *b, uint64_t hash,
	const char *text, uint32_t n)
{
	must_grow(b->series, b->n_series, b->cap_series);
	b->series[b->n_series] = (struct batch_series){ .hash = hash, .text = text, .n = n };
	return &b->series[b->n_series++];
}

void series_batch_add_histogram(struct series_batch *b, uint32_t series, int64_t t_ms,
	const struct histogram *h)
{
	must_grow(b->histograms, b->n_histograms, b->cap_histograms);
	b->histograms[b->n_histograms++] = (struct batch_histogram){ t_ms, series, h };
}

void series_batch_add_exemplar(struct series_batch *b, uint32_t series, const struct exemplar *x)
{
	must_grow(b->exemplars, b->n_exemplars, b->cap_exemplars);
	b->exemplars[b->n_exemplars++] = (struct batch_exemplar){ series, *x };
}

void series_batch_add_metadata(struct series_batch *b, const char *metric,
	const struct metric_metadata *m)
{
	must_grow(b->metadata, b->n_metadata, b->cap_metadata);
	b->metadata[b->n_metadata++] = (struct batch_metadata){ metric, *m };
}

void series_known_init(struct series_known *k, uint32_t most)
{
	*k = (struct series_known){ .most = most };
}

void series_known_fini(struct series_known *k)
{
	free(k->slots);
	*k = (struct series_known){ 0 };
}

void series_known_forget(struct series_known *k)
{
	free(k->slots);
	k->slots = NULL;
	k->n = k->cap = 0;
}

/* The slot of that hash, or the empty one where it would be. */
static struct known_slot *slot_of(const struct series_known *k, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (k->cap - 1);

	while (k->slots[i].ref && k->slots[i].hash != hash)
		i = (i + 1) & (k->cap - 1);
	return &k->slots[i];
}

series_ref series_known_get(const struct series_known *k, uint64_t hash)
{
	return k->cap ? slot_of(k, hash)->ref : 0;
}

static void widen(struct series_known *k)
{
	struct series_known old = *k;

	k->cap = old.cap ? 2 * old.cap : SLOTS_FIRST;
	k->slots = must_alloc(k->cap * sizeof *k->slots);
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.slots[i].ref)
			*slot_of(k, old.slots[i].hash) = old.slots[i];
	free(old.slots);
}

void series_known_put(struct series_known *k, uint64_t hash, series_ref ref)
{
	struct known_slot *slot;

	if (k->n >= k->most)
		series_known_forget(k);
	if (4 * ((uint64_t)k->n + 1) > 3 * (uint64_t)k->cap)
		widen(k);
	slot = slot_of(k, hash);
	k->n += !slot->ref;
	*slot = (struct known_slot){ hash, ref };
}
