/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/naming.h"

struct once_entry {
	uint64_t hash;
	uint64_t from;
	uint64_t *steps; /* a bit for each step that has a value; NULL: the entry is empty */
};

void once_init(struct once *o, struct eval *ev, const struct steps *steps)
{
	*o = (struct once){ .eval = ev, .n_steps = steps->n, .n_words = (steps->n + 63) / 64 };
}

static struct once_entry *find(const struct once *o, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (o->cap - 1);

	while (o->entries[at].steps && o->entries[at].hash != hash)
		at = (at + 1) & (o->cap - 1);
	return &o->entries[at];
}

static enum rc grow(struct once *o, struct err *e)
{
	struct once wider = *o;

	if (2 * (o->n + 1) <= o->cap)
		return RC_OK;
	wider.cap = o->cap ? 2 * o->cap : 64;
	wider.entries = eval_alloc(o->eval, wider.cap * sizeof *o->entries, e);
	if (!wider.entries)
		return RC_LIMIT;
	for (uint32_t i = 0; i < o->cap; i++)
		if (o->entries[i].steps)
			*find(&wider, o->entries[i].hash) = o->entries[i];
	*o = wider;
	return RC_OK;
}

/* Found, or new with no step. */
static enum rc get(struct once *o, uint64_t hash, uint32_t n_words, struct once_entry **ret,
	struct err *e)
{
	struct once_entry *entry;
	enum rc rc = grow(o, e);

	if (rc != RC_OK)
		return rc;
	entry = find(o, hash);
	if (!entry->steps) {
		entry->hash = hash;
		entry->steps = eval_alloc(o->eval, n_words * sizeof *entry->steps, e);
		if (!entry->steps)
			return RC_LIMIT;
		o->n++;
	}
	*ret = entry;
	return RC_OK;
}

enum rc once_merge(struct once *o, uint64_t hash, const double *v, struct err *e)
{
	struct once_entry *entry;
	enum rc rc = get(o, hash, o->n_words, &entry, e);

	if (rc != RC_OK)
		return rc;
	for (uint32_t word = 0; word < o->n_words; word++) {
		uint32_t first = 64 * word, n = o->n_steps - first;
		uint64_t bits = 0;

		for (uint32_t i = 0; i < n && i < 64; i++)
			bits |= (uint64_t)!is_absent(v[first + i]) << i;
		if (entry->steps[word] & bits)
			return eval_same_labels(e);
		entry->steps[word] |= bits;
	}
	return RC_OK;
}

enum rc once_from(struct once *o, uint64_t hash, uint64_t from, struct err *e)
{
	struct once_entry *entry;
	uint32_t before = o->n;
	enum rc rc = get(o, hash, 1, &entry, e);

	if (rc != RC_OK)
		return rc;
	if (o->n > before)
		entry->from = from;
	return entry->from == from ? RC_OK : eval_same_labels(e);
}

static void init(struct naming *n, struct eval *ev, struct stream *inner, struct stream *self)
{
	*n = (struct naming){ .eval = ev,
		.edit = { .eval = ev },
		.may_clash = !inner->has_one_name,
		.inner = inner == self ? NULL : inner };
	once_init(&n->once, ev, inner->steps);
	self->has_one_name = true;
}

void naming_init(struct naming *n, struct eval *ev, struct stream *inner, struct stream *self)
{
	bool is_whole = inner->is_whole && inner->has_one_name;

	init(n, ev, inner, self);
	self->is_whole = is_whole;
}

void naming_init_strict(struct naming *n, struct eval *ev, struct stream *inner,
	struct stream *self)
{
	bool is_whole = inner->is_whole;

	init(n, ev, inner, self);
	n->is_strict = true;
	self->is_whole = is_whole;
}

static bool is_metadata(const struct label *l)
{
	return l->name_len == 8 && l->name[0] == '_' &&
	       (memcmp(l->name, "__name__", 8) == 0 || memcmp(l->name, "__type__", 8) == 0 ||
		       memcmp(l->name, "__unit__", 8) == 0);
}

/* Mostly it is the first one, and what follows can be used as it stands. */
static enum rc drop(struct naming *n, struct labels *l, struct err *e)
{
	struct labels rest = *l;
	bool is_clean = true;
	enum rc rc;

	if (rest.n && is_metadata(&rest.v[0])) {
		rest.v++;
		rest.n--;
	}
	for (uint32_t i = 0; i < rest.n; i++)
		is_clean = is_clean && !is_metadata(&rest.v[i]);
	if (is_clean) {
		*l = rest;
		return RC_OK;
	}
	rc = label_edit_begin(&n->edit, &rest, 0, e);
	if (rc != RC_OK)
		return rc;
	label_edit_drop_metadata(&n->edit);
	*l = label_edit_done(&n->edit);
	return RC_OK;
}

enum rc naming_drop(struct naming *n, struct column *c, struct err *e)
{
	uint64_t from = n->may_clash && n->is_strict ? labels_hash(&c->labels) : 0;
	enum rc rc = drop(n, &c->labels, e);

	if (rc != RC_OK || !n->may_clash || !column_has_point(c, n->once.n_steps))
		return rc;
	if (n->is_strict)
		rc = once_from(&n->once, labels_hash(&c->labels), from, e);
	else
		rc = once_merge(&n->once, labels_hash(&c->labels), c->v, e);
	return n->inner ? eval_left_first(n->inner, rc, e) : rc;
}
