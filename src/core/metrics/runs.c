/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/runs.h"

void runs_fini(struct runs *r)
{
	free(r->v);
	*r = (struct runs){ 0 };
}

void runs_add(struct runs *r, uint32_t from, uint32_t to)
{
	if (from >= to)
		return;
	if (r->n && r->v[r->n - 1].to == from) {
		r->v[r->n - 1].to = to;
		return;
	}
	must_grow(r->v, r->n, r->cap);
	r->v[r->n++] = (struct run){ from, to };
}

static void replace(struct runs *r, struct runs *with)
{
	runs_fini(r);
	*r = *with;
}

void runs_intersect(struct runs *r, const struct runs *other)
{
	struct runs both = { 0 };

	for (uint32_t i = 0, k = 0; i < r->n && k < other->n;) {
		struct run a = r->v[i], b = other->v[k];

		runs_add(&both, a.from > b.from ? a.from : b.from, a.to < b.to ? a.to : b.to);
		if (a.to < b.to)
			i++;
		else
			k++;
	}
	replace(r, &both);
}

void runs_subtract(struct runs *r, const struct runs *other)
{
	struct runs left = { 0 };
	uint32_t k = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		struct run a = r->v[i];

		while (k < other->n && other->v[k].to <= a.from)
			k++;
		for (uint32_t m = k; m < other->n && other->v[m].from < a.to; m++) {
			if (other->v[m].from > a.from)
				runs_add(&left, a.from, other->v[m].from);
			a.from = other->v[m].to;
		}
		runs_add(&left, a.from, a.to);
	}
	replace(r, &left);
}

bool runs_overlap(const struct runs *a, const struct runs *b)
{
	for (uint32_t i = 0, k = 0; i < a->n && k < b->n;) {
		if (a->v[i].from < b->v[k].to && b->v[k].from < a->v[i].to)
			return true;
		if (a->v[i].to < b->v[k].to)
			i++;
		else
			k++;
	}
	return false;
}

uint64_t runs_count(const struct runs *r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->n; i++)
		sum += r->v[i].to - r->v[i].from;
	return sum;
}

void bits_init(struct bits *b, uint32_t n)
{
	b->n = n;
	b->words = must_alloc(((uint64_t)n / 64 + 1) * sizeof *b->words);
}

void bits_fini(struct bits *b)
{
	free(b->words);
	*b = (struct bits){ 0 };
}

void bits_add(struct bits *b, uint32_t from, uint32_t to)
{
	uint64_t first = UINT64_MAX << from % 64, last = ~(UINT64_MAX << to % 64);

	must(to <= b->n);
	if (from >= to)
		return;
	if (from / 64 == to / 64) {
		b->words[from / 64] |= first & last;
		return;
	}
	b->words[from / 64] |= first;
	for (uint32_t i = from / 64 + 1; i < to / 64; i++)
		b->words[i] = UINT64_MAX;
	b->words[to / 64] |= last;
}

void bits_runs(const struct bits *b, struct runs *ret)
{
	ret->n = 0;
	for (uint32_t i = 0; i <= b->n / 64; i++) {
		uint64_t left = b->words[i];

		while (left) {
			unsigned from = (unsigned)__builtin_ctzll(left);
			uint64_t gap = ~left & UINT64_MAX << from;
			unsigned to = gap ? (unsigned)__builtin_ctzll(gap) : 64;

			runs_add(ret, 64 * i + from, 64 * i + to);
			left &= to == 64 ? 0 : UINT64_MAX << to;
		}
	}
}
