/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_answer: what another server's /api/v1/query says, as the result of a rule's expression.
 *
 * https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
 */
#ifndef NODE_RULES_ANSWER_H
#define NODE_RULES_ANSWER_H

#include "core/rules/world.h"

struct rules_answer {
	int status; /* of HTTP */
	const char *body;
	size_t n;
};

/* The sample's labels and values are copied into `a`.  How many series the expression read isn't
 * told by such a server: one is taken for read always.  RC_INPUT: what the server says is wrong, in
 * its words, or a result that is neither vector nor scalar; RC_UNSUPPORTED: a histogram of which
 * such an answer leaves too much out (rules_histogram.h). */
enum rc rules_answer_read(const struct rules_answer *answer, struct arena *a,
	struct rules_vector *ret, struct err *e) MUST_USE;

#endif
