/* SPDX-License-Identifier: Apache-2.0 */
/*
 * naming: what computes takes the metric's name away, and by that two series may become one.
 *
 * Which is an error where both have a value at a step; functions of ranges don't even allow it at
 * different steps.  Where all names are the same there is nothing to look for.
 */
#ifndef CORE_PROMQL_NAMING_H
#define CORE_PROMQL_NAMING_H

#include "core/promql/eval.h"
#include "core/promql/label_edit.h"

/* Who was seen, by the hash of the labels. */
struct once {
	struct eval *eval;
	uint32_t n_steps, n_words; /* of the steps' bits */
	struct once_entry *entries;
	uint32_t n, cap;
};
void once_init(struct once *o, struct eval *ev, const struct steps *steps);
/* Another piece of the series with this hash: an error where it has a value already. */
enum rc once_merge(struct once *o, uint64_t hash, const double *v, struct err *e) MUST_USE;
/* All of the series with this hash comes from the one with that: an error where it doesn't. */
enum rc once_from(struct once *o, uint64_t hash, uint64_t from, struct err *e) MUST_USE;

struct naming {
	struct eval *eval;
	struct label_edit edit;
	struct once once;
	bool may_clash, is_strict;
	struct stream *inner; /* whose mistakes come before a clash; NULL: none are left */
};

/* Also sets what `self` promises about its series. */
void naming_init(struct naming *n, struct eval *ev, struct stream *inner, struct stream *self);
/* The same, where series may not become one even at different steps. */
void naming_init_strict(struct naming *n, struct eval *ev, struct stream *inner,
	struct stream *self);
enum rc naming_drop(struct naming *n, struct column *c, struct err *e) MUST_USE;

#endif
