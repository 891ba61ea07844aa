/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label_edit: sets of labels made of others.  Texts are referred to, not copied.
 */
#ifndef CORE_PROMQL_LABEL_EDIT_H
#define CORE_PROMQL_LABEL_EDIT_H

#include "core/promql/eval.h"

/* Room that is used again for one series after the other. */
struct label_edit {
	struct eval *eval;
	struct label *v;
	uint32_t n, cap;
};

/* Begin with these, and room for `more`. */
enum rc label_edit_begin(struct label_edit *l, const struct labels *from, uint32_t more,
	struct err *e) MUST_USE;
void label_edit_drop(struct label_edit *l, const char *name);
void label_edit_drop_names(struct label_edit *l, const struct promql_names *names);
void label_edit_keep(struct label_edit *l, const struct promql_names *names);
/* An empty value drops it.  There must be room. */
void label_edit_set(struct label_edit *l, const struct label *label);
/* What says what a metric is, and goes when it becomes something else: __name__, __type__, __unit__. */
void label_edit_drop_metadata(struct label_edit *l);
/* Until the next begin. */
static inline struct labels label_edit_done(const struct label_edit *l)
{
	return (struct labels){ l->v, l->n };
}

bool names_have(const struct promql_names *names, const struct label *label);
/* Of those that are named, or of those that aren't; equal sets have equal hashes. */
uint64_t labels_hash_of(const struct labels *l, const struct promql_names *names, bool is_without);

#endif
