/* SPDX-License-Identifier: Apache-2.0 */
/* judge: whether a query's outcome is what a script expects. */
#ifndef TEST_PROMQL_JUDGE_H
#define TEST_PROMQL_JUDGE_H

#include "core/promql/engine.h"
#include "script.h"

struct judge {
	const struct script_command *command;
	struct arena *arena;
	struct str *why; /* what is wrong is added to it */
};

/* All false: `why` says what differs. */
bool judge_failure(const struct judge *j, const struct err *e);
bool judge_result(const struct judge *j, const struct promql_result *r);
/* The middle one of three steps around an instant. */
bool judge_middle(const struct judge *j, const struct promql_result *r);
bool judge_expects(const struct judge *j, enum script_expectation_kind kind);

#endif
