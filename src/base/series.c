/* SPDX-License-Identifier: Apache-2.0 */
#include "base/series.h"

#include <stdlib.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

const struct label *labels_find(const struct labels *l, const char *name)
{
	size_t n = strlen(name);

	for (uint32_t i = 0; i < l->n; i++)
		if (l->v[i].name_len == n && memcmp(l->v[i].name, name, n) == 0)
			return &l->v[i];
	return NULL;
}

const char *labels_get(const struct labels *l, const char *name)
{
	const struct label *found = labels_find(l, name);

	return found ? found->value : "";
}

static int bytes_compare(const char *a, uint32_t a_len, const char *b, uint32_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

int labels_compare(const struct labels *a, const struct labels *b)
{
	uint32_t n = a->n < b->n ? a->n : b->n;

	for (uint32_t i = 0; i < n; i++) {
		const struct label *x = &a->v[i], *y = &b->v[i];
		int order = bytes_compare(x->name, x->name_len, y->name, y->name_len);

		if (!order)
			order = bytes_compare(x->value, x->value_len, y->value, y->value_len);
		if (order)
			return order;
	}
	return (a->n > b->n) - (a->n < b->n);
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct label *x = &a->v[i], *y = &b->v[i];

		if (x->name_len != y->name_len || x->value_len != y->value_len ||
			memcmp(x->name, y->name, x->name_len) != 0 ||
			memcmp(x->value, y->value, x->value_len) != 0)
			return false;
	}
	return true;
}

/* Bytes that occur in no UTF-8 text part the texts, so that ("a", "bc") and ("ab", "c") differ. */
#define PART "\xff"

/* Most sets fit on the stack and are hashed in one go; the others in pieces, to the same value. */
uint64_t labels_hash(const struct labels *l)
{
	char flat[1024];
	size_t at = 0;
	XXH3_state_t pieces;

	for (uint32_t i = 0; i < l->n; i++)
		at += (size_t)l->v[i].name_len + l->v[i].value_len + 2;
	if (at <= sizeof flat) {
		at = 0;
		for (uint32_t i = 0; i < l->n; i++) {
			const struct label *x = &l->v[i];

			memcpy(flat + at, x->name, x->name_len);
			at += x->name_len;
			flat[at++] = *PART;
			memcpy(flat + at, x->value, x->value_len);
			at += x->value_len;
			flat[at++] = *PART;
		}
		return XXH3_64bits(flat, at);
	}
	XXH3_64bits_reset(&pieces);
	for (uint32_t i = 0; i < l->n; i++) {
		XXH3_64bits_update(&pieces, l->v[i].name, l->v[i].name_len);
		XXH3_64bits_update(&pieces, PART, 1);
		XXH3_64bits_update(&pieces, l->v[i].value, l->v[i].value_len);
		XXH3_64bits_update(&pieces, PART, 1);
	}
	return XXH3_64bits_digest(&pieces);
}

static int by_name(const void *a, const void *b)
{
	const struct label *x = a, *y = b;

	return bytes_compare(x->name, x->name_len, y->name, y->name_len);
}

enum rc labels_sort(struct label *v, uint32_t n, struct labels *ret, struct err *e)
{
	uint32_t kept = 0;

	if (n)
		qsort(v, n, sizeof *v, by_name);
	for (uint32_t i = 0; i < n; i++) {
		if (i && by_name(&v[i - 1], &v[i]) == 0)
			return err_set(e, RC_INPUT, "label %s stands there twice", v[i].name);
	}
	for (uint32_t i = 0; i < n; i++)
		if (v[i].value_len)
			v[kept++] = v[i];
	*ret = (struct labels){ v, kept };
	return RC_OK;
}

bool labels_copy(const struct labels *l, struct arena *a, struct labels *ret)
{
	struct label *v = arena_alloc(a, (l->n ? l->n : 1) * sizeof *v);

	for (uint32_t i = 0; v && i < l->n; i++) {
		v[i] = l->v[i];
		v[i].name = arena_strndup(a, l->v[i].name, l->v[i].name_len);
		v[i].value = arena_strndup(a, l->v[i].value, l->v[i].value_len);
		if (!v[i].name || !v[i].value)
			return false;
	}
	if (!v)
		return false;
	*ret = (struct labels){ v, l->n };
	return true;
}

void series_column_fini(struct series_column *c)
{
	free(c->t_ms);
	free(c->v);
	free(c->h);
	free(c->nth);
	*c = (struct series_column){ 0 };
}

void series_column_reserve(struct series_column *c, uint32_t cap)
{
	if (cap <= c->cap)
		return;
	if (cap < 2 * c->cap)
		cap = 2 * c->cap;
	if (cap < 64)
		cap = 64;
	c->t_ms = must_realloc(c->t_ms, cap * sizeof *c->t_ms);
	c->v = must_realloc(c->v, cap * sizeof *c->v);
	if (c->h)
		c->h = must_realloc(c->h, cap * sizeof *c->h);
	if (c->nth)
		c->nth = must_realloc(c->nth, cap * sizeof *c->nth);
	c->cap = cap;
}

void series_column_number(struct series_column *c, uint32_t from)
{
	if (!c->nth)
		c->nth = must_alloc(c->cap * sizeof *c->nth);
	if (!c->has_gaps)
		from = 0;
	c->has_gaps = true;
	for (uint32_t i = from; i < c->n; i++)
		c->nth[i] = i ? c->nth[i - 1] + 1 : 0;
}

void series_column_add_histogram(struct series_column *c, int64_t t_ms, const struct histogram *h)
{
	series_column_add(c, t_ms, 0);
	if (!c->h)
		c->h = must_alloc(c->cap * sizeof *c->h);
	c->h[c->n - 1] = h;
}
