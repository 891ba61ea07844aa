/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/hash_index.h"

struct hash_slot {
	uint64_t hash;
	uint32_t number1; /* the number + 1; 0: empty */
};

static struct hash_slot *find(const struct hash_index *x, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (x->cap - 1);

	while (x->slots[at].number1 && x->slots[at].hash != hash)
		at = (at + 1) & (x->cap - 1);
	return &x->slots[at];
}

uint32_t hash_index_find(const struct hash_index *x, uint64_t hash)
{
	return x->cap ? find(x, hash)->number1 - 1 : HASH_INDEX_NONE;
}

static enum rc grow(struct hash_index *x, struct err *e)
{
	struct hash_index wider = *x;

	if (2 * (x->n + 1) <= x->cap)
		return RC_OK;
	wider.cap = x->cap ? 2 * x->cap : 64;
	wider.slots = eval_alloc(x->eval, wider.cap * sizeof *x->slots, e);
	if (!wider.slots)
		return RC_LIMIT;
	for (uint32_t i = 0; i < x->cap; i++)
		if (x->slots[i].number1)
			*find(&wider, x->slots[i].hash) = x->slots[i];
	*x = wider;
	return RC_OK;
}

enum rc hash_index_add(struct hash_index *x, uint64_t hash, uint32_t *ret, struct err *e)
{
	struct hash_slot *slot;
	enum rc rc = grow(x, e);

	if (rc != RC_OK)
		return rc;
	slot = find(x, hash);
	if (!slot->number1)
		*slot = (struct hash_slot){ hash, ++x->n };
	*ret = slot->number1 - 1;
	return RC_OK;
}

void *eval_grown(struct eval *ev, const void *v, size_t used_bytes, size_t cap_bytes, struct err *e)
{
	void *wider = eval_alloc(ev, cap_bytes, e);

	if (wider && used_bytes)
		memcpy(wider, v, used_bytes);
	return wider;
}
