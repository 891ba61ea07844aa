/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/label_edit.h"

#define KEPT_MAX 64 /* labels hashed in one go */

static const struct promql_names metadata = { .v = (const char *const[]){ METRIC_NAME, "__type__",
						      "__unit__" },
	.n = 3 };

enum rc label_edit_begin(struct label_edit *l, const struct labels *from, uint32_t more,
	struct err *e)
{
	if (from->n + more > l->cap) {
		l->cap = 2 * (from->n + more);
		l->v = eval_alloc(l->eval, l->cap * sizeof *l->v, e);
		if (!l->v)
			return RC_LIMIT;
	}
	if (from->n)
		memcpy(l->v, from->v, from->n * sizeof *l->v);
	l->n = from->n;
	return RC_OK;
}

static bool is_named(const struct label *label, const char *name)
{
	size_t n = strlen(name);

	return label->name_len == n && memcmp(label->name, name, n) == 0;
}

bool names_have(const struct promql_names *names, const struct label *label)
{
	for (uint32_t i = 0; i < names->n; i++)
		if (is_named(label, names->v[i]))
			return true;
	return false;
}

/* Keep those of which `names_have` says `wanted`. */
static void filter(struct label_edit *l, const struct promql_names *names, bool wanted)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n; i++)
		if (names_have(names, &l->v[i]) == wanted)
			l->v[kept++] = l->v[i];
	l->n = kept;
}

void label_edit_drop_names(struct label_edit *l, const struct promql_names *names)
{
	filter(l, names, false);
}

void label_edit_keep(struct label_edit *l, const struct promql_names *names)
{
	filter(l, names, true);
}

void label_edit_drop(struct label_edit *l, const char *name)
{
	filter(l, &(struct promql_names){ &name, 1 }, false);
}

void label_edit_drop_metadata(struct label_edit *l)
{
	filter(l, &metadata, false);
}

static int compare_names(const struct label *a, const struct label *b)
{
	uint32_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order = memcmp(a->name, b->name, n);

	return order ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

void label_edit_set(struct label_edit *l, const struct label *label)
{
	uint32_t at = 0;

	while (at < l->n && compare_names(&l->v[at], label) < 0)
		at++;
	if (at < l->n && compare_names(&l->v[at], label) == 0) {
		l->v[at] = *label;
		if (label->value_len == 0)
			memmove(&l->v[at], &l->v[at + 1], (--l->n - at) * sizeof *l->v);
		return;
	}
	if (label->value_len == 0)
		return;
	must(l->n < l->cap);
	memmove(&l->v[at + 1], &l->v[at], (l->n++ - at) * sizeof *l->v);
	l->v[at] = *label;
}

/* Sets of more than KEPT_MAX are hashed in parts of as many. */
uint64_t labels_hash_of(const struct labels *l, const struct promql_names *names, bool is_without)
{
	struct label kept[KEPT_MAX];
	struct labels some = { kept, 0 };
	uint64_t hash = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		if (names_have(names, &l->v[i]) == is_without)
			continue;
		if (some.n == KEPT_MAX) {
			hash = 31 * hash + labels_hash(&some);
			some.n = 0;
		}
		kept[some.n++] = l->v[i];
	}
	return 31 * hash + labels_hash(&some);
}
