/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/young.h"

#include "base/limits.h"
#include "base/mem.h"

#include <xxhash.h>

/* A slab of series ends where less is left than a series takes, or with this in place of its n. */
#define SLAB_ENDS UINT32_MAX

_Static_assert(SERIES_LABELS_BYTES_MAX + 64 <= SLAB_BYTES, "a text fits in a slab");
_Static_assert(sizeof(struct young_series) + 8ull * SERIES_LABELS_MAX <= SLAB_BYTES,
	"a series fits in a slab");

void young_init(struct young *y, struct slabs *slabs, uint32_t first_id)
{
	*y = (struct young){ .first_id = first_id };
	slab_heap_init(&y->texts, slabs);
	slab_heap_init(&y->series, slabs);
}

void young_fini(struct young *y)
{
	if (y->texts.slabs) {
		slab_heap_fini(&y->texts);
		slab_heap_fini(&y->series);
	}
	free(y->text_slots);
	free(y->slots);
	*y = (struct young){ 0 };
}

static const uint8_t *at(const struct slab_heap *h, uint32_t place)
{
	return slabs_at(h->slabs, place);
}

static uint32_t text_len(const uint8_t *p)
{
	uint32_t len;

	memcpy(&len, p, sizeof len);
	return len;
}

static uint32_t text_hash(const void *s, uint32_t n)
{
	return (uint32_t)XXH3_64bits(s, n);
}

static void put_slot(uint32_t *slots, uint32_t cap, uint32_t hash, uint32_t place)
{
	uint32_t i = hash & (cap - 1);

	while (slots[i])
		i = (i + 1) & (cap - 1);
	slots[i] = place;
}

static void grow_texts(struct young *y)
{
	uint32_t cap = y->cap_texts ? 2 * y->cap_texts : 64;
	uint32_t *slots = must_alloc(cap * sizeof *slots);

	for (uint32_t i = 0; i < y->cap_texts; i++) {
		const uint8_t *p;

		if (!y->text_slots[i])
			continue;
		p = at(&y->texts, y->text_slots[i]);
		put_slot(slots, cap, text_hash(p + 4, text_len(p)), y->text_slots[i]);
	}
	free(y->text_slots);
	y->text_slots = slots;
	y->cap_texts = cap;
}

/* Its place, found or made; 0: no memory. */
static uint32_t intern(struct young *y, const char *s, uint32_t n)
{
	uint32_t hash = text_hash(s, n), place, i;
	uint8_t *p;

	if (4 * (y->n_texts + 1) > 3 * y->cap_texts)
		grow_texts(y);
	for (i = hash & (y->cap_texts - 1); y->text_slots[i]; i = (i + 1) & (y->cap_texts - 1)) {
		const uint8_t *other = at(&y->texts, y->text_slots[i]);

		if (text_len(other) == n && memcmp(other + 4, s, n) == 0)
			return y->text_slots[i];
	}
	place = slab_heap_alloc(&y->texts, 4 + n + 1);
	if (!place)
		return 0;
	p = slabs_at(y->texts.slabs, place);
	memcpy(p, &n, 4);
	memcpy(p + 4, s, n);
	p[4 + n] = 0;
	y->text_slots[i] = place;
	y->n_texts++;
	return place;
}

static bool is_text(const struct young *y, uint32_t place, const char *s, uint32_t n)
{
	const uint8_t *p = at(&y->texts, place);

	return text_len(p) == n && memcmp(p + 4, s, n) == 0;
}

static bool is_series(const struct young *y, const struct young_series *s, const struct labels *l)
{
	if (s->n != l->n)
		return false;
	for (uint32_t i = 0; i < l->n; i++)
		if (!is_text(y, s->labels[i].value, l->v[i].value, l->v[i].value_len) ||
			!is_text(y, s->labels[i].name, l->v[i].name, l->v[i].name_len))
			return false;
	return true;
}

uint32_t young_find(const struct young *y, const struct labels *l, uint64_t hash)
{
	if (!y->cap)
		return 0;
	for (uint32_t i = hash & (y->cap - 1); y->slots[i]; i = (i + 1) & (y->cap - 1)) {
		const struct young_series *s = (const void *)at(&y->series, y->slots[i]);

		if (s->hash == hash && is_series(y, s, l))
			return s->id;
	}
	return 0;
}

static void grow_slots(struct young *y)
{
	uint32_t cap = y->cap ? 2 * y->cap : 64;
	uint32_t *slots = must_alloc(cap * sizeof *slots);

	for (uint32_t i = 0; i < y->cap; i++) {
		const struct young_series *s;

		if (!y->slots[i])
			continue;
		s = (const void *)at(&y->series, y->slots[i]);
		put_slot(slots, cap, (uint32_t)s->hash, y->slots[i]);
	}
	free(y->slots);
	y->slots = slots;
	y->cap = cap;
}

static uint32_t alloc_series(struct young *y, uint32_t n_labels)
{
	uint32_t bytes = sizeof(struct young_series) + 8 * n_labels;
	struct young_series *end;

	if (y->series.n && y->series.at + bytes > SLAB_BYTES &&
		y->series.at + sizeof *end <= SLAB_BYTES) {
		end = (void *)slabs_at(y->series.slabs,
			y->series.v[y->series.n - 1] << SLAB_BITS | y->series.at);
		end->n = SLAB_ENDS;
	}
	return slab_heap_alloc(&y->series, bytes);
}

bool young_add(struct young *y, const struct labels *l, uint64_t hash)
{
	struct young_series *s;
	uint32_t place, id = y->first_id + y->n;

	/* All texts first: a series of which the last text has no room isn't there at all. */
	for (uint32_t i = 0; i < l->n; i++)
		if (!intern(y, l->v[i].name, l->v[i].name_len) ||
			!intern(y, l->v[i].value, l->v[i].value_len))
			return false;
	place = alloc_series(y, l->n);
	if (!place)
		return false;
	s = (void *)slabs_at(y->series.slabs, place);
	s->hash = hash;
	s->id = id;
	s->n = l->n;
	for (uint32_t i = 0; i < l->n; i++) {
		s->labels[i].name = intern(y, l->v[i].name, l->v[i].name_len);
		s->labels[i].value = intern(y, l->v[i].value, l->v[i].value_len);
	}
	if (4 * (y->n + 1) > 3 * y->cap)
		grow_slots(y);
	put_slot(y->slots, y->cap, (uint32_t)hash, place);
	y->n++;
	return true;
}

struct young_walk young_walk(const struct slabs *slabs, const uint32_t *slab_list, uint32_t n)
{
	return (struct young_walk){ .slabs = slabs, .v = slab_list, .left = n };
}

static const struct young_series *series_at(const struct young_walk *w)
{
	return (const void *)slabs_at(w->slabs, w->v[w->slab] << SLAB_BITS | w->at);
}

const struct young_series *young_next(struct young_walk *w)
{
	const struct young_series *s;

	if (!w->left)
		return NULL;
	if (w->at + sizeof *s > SLAB_BYTES || series_at(w)->n == SLAB_ENDS) {
		w->slab++;
		w->at = 0;
	}
	s = series_at(w);
	w->at += sizeof *s + 8 * s->n;
	w->left--;
	return s;
}

static void set_text(const struct slabs *slabs, uint32_t place, const char **ret, uint32_t *ret_n)
{
	const uint8_t *p = slabs_at(slabs, place);

	*ret = (const char *)p + 4;
	*ret_n = text_len(p);
}

void young_labels(const struct slabs *slabs, const struct young_series *s, struct label *v)
{
	for (uint32_t i = 0; i < s->n; i++) {
		set_text(slabs, s->labels[i].name, &v[i].name, &v[i].name_len);
		set_text(slabs, s->labels[i].value, &v[i].value, &v[i].value_len);
	}
}
