/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promql/groups.h"

enum rc groups_init(struct groups *g, struct eval *ev, const struct promql_node *aggregate,
	struct err *e)
{
	const struct promql_names *given = &aggregate->aggregate.grouping;
	bool is_without = aggregate->aggregate.is_without;
	const char **names = eval_alloc(ev, (given->n + 1) * sizeof *names, e);

	if (!names)
		return RC_LIMIT;
	for (uint32_t i = 0; i < given->n; i++)
		names[i] = given->v[i];
	names[given->n] = METRIC_NAME;
	*g = (struct groups){ .eval = ev,
		.names = { names, given->n + is_without },
		.is_without = is_without,
		.index = { .eval = ev },
		.edit = { .eval = ev } };
	return RC_OK;
}

static enum rc add_labels(struct groups *g, const struct labels *l, uint32_t number, struct err *e)
{
	struct labels kept;
	enum rc rc = label_edit_begin(&g->edit, l, 0, e);

	if (rc != RC_OK)
		return rc;
	if (number == g->cap) {
		uint32_t cap = g->cap ? 2 * g->cap : 16;
		struct labels *wider = eval_grown(g->eval, g->labels, g->cap * sizeof *wider,
			cap * sizeof *wider, e);

		if (!wider)
			return RC_LIMIT;
		g->labels = wider;
		g->cap = cap;
	}
	if (g->is_without)
		label_edit_drop_names(&g->edit, &g->names);
	else
		label_edit_keep(&g->edit, &g->names);
	kept = label_edit_done(&g->edit);
	return eval_copy_labels(g->eval, &kept, &g->labels[number], e);
}

enum rc groups_find(struct groups *g, const struct labels *l, uint32_t *ret, struct err *e)
{
	uint32_t n = g->index.n;
	enum rc rc = hash_index_add(&g->index, labels_hash_of(l, &g->names, g->is_without), ret, e);

	return rc == RC_OK && *ret == n ? add_labels(g, l, n, e) : rc;
}
