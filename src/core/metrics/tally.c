/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/tally.h"

#include <string.h>
#include <xxhash.h>

void tally_fini(struct tally *t)
{
	free(t->v);
	free(t->slots);
	*t = (struct tally){ 0 };
}

static uint32_t hash_of(struct tally_text a, struct tally_text b)
{
	uint64_t hash = XXH3_64bits(a.s, a.n);

	return (uint32_t)(b.s ? XXH3_64bits_withSeed(b.s, b.n, hash) : hash);
}

static bool is_same(struct tally_text a, struct tally_text b)
{
	return a.n == b.n && !a.s == !b.s && (!a.n || memcmp(a.s, b.s, a.n) == 0);
}

static void grow(struct tally *t)
{
	free(t->slots);
	t->n_slots = t->n_slots ? 2 * t->n_slots : 256;
	t->slots = must_alloc(t->n_slots * sizeof *t->slots);
	for (uint32_t row = 0; row < t->n; row++) {
		uint32_t i = hash_of(t->v[row].a, t->v[row].b) & (t->n_slots - 1);

		while (t->slots[i])
			i = (i + 1) & (t->n_slots - 1);
		t->slots[i] = row + 1;
	}
}

void tally_add(struct tally *t, struct tally_text a, struct tally_text b, uint64_t n)
{
	uint32_t i;

	if (4 * (uint64_t)t->n >= 3 * (uint64_t)t->n_slots)
		grow(t);
	for (i = hash_of(a, b) & (t->n_slots - 1); t->slots[i]; i = (i + 1) & (t->n_slots - 1)) {
		struct tally_row *row = &t->v[t->slots[i] - 1];

		if (is_same(row->a, a) && is_same(row->b, b)) {
			row->n += n;
			return;
		}
	}
	t->slots[i] = t->n + 1;
	must_grow(t->v, t->n, t->cap);
	t->v[t->n++] = (struct tally_row){ a, b, n };
}

static int compare(struct tally_text a, struct tally_text b)
{
	uint32_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.s, b.s, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int by_text(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;
	int order = compare(x->a, y->a);

	return order ? order : compare(x->b, y->b);
}

static int by_count(const void *a, const void *b)
{
	const struct tally_row *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return by_text(a, b);
}

static void sort(struct tally *t, int (*order)(const void *, const void *))
{
	if (t->n)
		qsort(t->v, t->n, sizeof *t->v, order);
	free(t->slots);
	t->slots = NULL;
	t->n_slots = 0;
}

void tally_sort_by_count(struct tally *t)
{
	sort(t, by_count);
}

void tally_sort_by_text(struct tally *t)
{
	sort(t, by_text);
}
