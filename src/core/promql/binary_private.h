/* SPDX-License-Identifier: Apache-2.0 */
/* binary_private: operators between two vectors. */
#ifndef CORE_PROMQL_BINARY_PRIVATE_H
#define CORE_PROMQL_BINARY_PRIVATE_H

#include "core/promql/eval.h"
#include "core/promql/label_edit.h"

eval_make make_matched; /* matching.c: arithmetic and comparisons */
eval_make make_set;     /* sets.c: and, or, unless */

/* What series are matched by: the hash of the labels that are named, or of those that aren't; the
 * name of the metric isn't, unless it is named. */
struct signature {
	struct promql_names names;
	bool is_on;
};
enum rc signature_init(struct signature *s, struct eval *ev, const struct promql_matching *m,
	struct err *e) MUST_USE;
uint64_t signature_of(const struct signature *s, const struct labels *l);

#endif
