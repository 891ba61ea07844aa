/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/types.h"

#include "core/lab/reader.h"

/* Whether each follows from the one before: what was kept of it is what this one would keep. */
static void check_order(struct reader *r, const struct doc_node *node,
	const struct lab_downsampling *v)
{
	for (uint32_t i = 1; i < node->n; i++) {
		if (v[i].offset_ms <= v[i - 1].offset_ms)
			reader_error(r, node->values[i],
				"its offset must be larger than that of the one before");
		else if (v[i].interval_ms <= v[i - 1].interval_ms ||
			 v[i].interval_ms % v[i - 1].interval_ms)
			reader_error(r, node->values[i],
				"its interval must be a multiple of that of the one before");
	}
}

void read_downsampling(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to)
{
	const struct list *list = to;
	uint32_t errors = r->findings->n_errors;

	read_shapes(r, key, node, to);
	if (list->n > LAB_DOWNSAMPLING_MAX)
		reader_error(r, node, "at most %d are allowed", LAB_DOWNSAMPLING_MAX);
	else if (list->n && r->findings->n_errors == errors)
		check_order(r, node, list->items);
}
