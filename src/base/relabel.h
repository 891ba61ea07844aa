/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relabel: rules that rewrite or drop sets of labels, as Prometheus 3.5's model/relabel does.
 *
 * Every action: replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep,
 * lowercase, uppercase.  Expressions are anchored at both ends and their dot is any character.
 * What a list of rules does to a set depends on nothing but the two.
 *
 *	label_set_load(&set, &labels);
 *	if (!relabel_apply(rules, &set, e))  ...dropped
 */
#ifndef BASE_RELABEL_H
#define BASE_RELABEL_H

#include "base/doc_reader.h"
#include "base/series.h"

/* Labels while they are rewritten: in order of names, each once, no value empty. */
struct label_set {
	struct label *v;
	uint32_t n, cap;
	struct arena *arena; /* where new texts live; the caller resets it when done with the set */
	bool is_full;        /* an arena or LABELS_MAX was too small; what didn't fit is missing */
};

void label_set_init(struct label_set *s, struct arena *arena);
void label_set_fini(struct label_set *s);
SCOPED_FINI(label_set_fini, struct label_set)
/* Take these in place of what is there; their texts are not copied. */
void label_set_load(struct label_set *s, const struct labels *l);
static inline struct labels label_set_labels(const struct label_set *s) /* until it changes */
{
	return (struct labels){ s->v, s->n };
}
const char *label_set_get(const struct label_set *s, const char *name); /* "" when absent */
/* Texts are copied; an empty value deletes. */
void label_set_put(struct label_set *s, const char *name, const char *value);
void label_set_delete(struct label_set *s, const char *name);

struct relabel_rule;
struct relabel_rules {
	struct relabel_rule *v; /* immutable: threads may share them */
	uint32_t n;
};

/* For the tables of doc_reader.h: a list of rules.  Its expressions are compiled by the process's
 * allocator: whoever owns the arena calls relabel_rules_fini() before it goes. */
doc_take relabel_take; /* struct relabel_rules */
void relabel_rules_fini(struct relabel_rules *rules);
SCOPED_FINI(relabel_rules_fini, struct relabel_rules)

enum relabel_fate { RELABEL_KEPT, RELABEL_DROPPED, RELABEL_FAILED };
/* Apply the rules in order.  RELABEL_FAILED, with the reason, when an expression exceeded the bound
 * of pattern.h or the set grew out of its memory: the set is then of no use. */
enum relabel_fate relabel_apply(const struct relabel_rules *rules, struct label_set *s,
	struct err *e) MUST_USE;

#endif
