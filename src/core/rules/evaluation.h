/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluation: one rule at one time: ask the expression, put the labels on, expand what alerts say.
 *
 * It touches nothing but its arguments, so that it may run on any thread; what it found then goes to
 * rules.h, which keeps the state.
 */
#ifndef CORE_RULES_EVALUATION_H
#define CORE_RULES_EVALUATION_H

#include "base/time.h"
#include "core/rules/rule_file.h"

struct rules_outside { /* what alerts may tell of where they come from */
	struct labels external_labels;
	const char *external_url;
};

struct rules_job {
	const struct rule *rule;
	int64_t at_ms;     /* the evaluation's own time */
	int64_t sample_ms; /* that the expression is asked for, and samples get: at_ms - offset */
	int64_t began_ms;  /* when it really begins */
	/* Whose it is; only rules.h looks at these. */
	uint32_t group, index;
	bool is_scheduled;
};

struct rule_found {
	struct labels labels;
	struct labels annotations; /* their texts may be empty */
	double v;
	const struct histogram *h; /* NULL: a number */
};

struct rule_outcome {
	struct arena arena; /* of all below */
	enum rc rc;
	struct err error;         /* why there is nothing */
	struct rule_found *found; /* in order of labels, each once */
	uint32_t n;
	uint64_t series_read;
	uint32_t n_warnings; /* templates that failed */
	const char *warning; /* of one of them; "" */
	int64_t took_ns;     /* 0 unless whoever evaluates takes the time */
};
void rule_outcome_fini(struct rule_outcome *o);
SCOPED_FINI(rule_outcome_fini, struct rule_outcome)

/* Failing is an outcome too. */
void rule_evaluate(const struct rules_job *job, const struct rules_world *world,
	const struct rules_outside *outside, struct rule_outcome *ret);

#endif
