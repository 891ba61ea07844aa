/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: what rules ask of those who know expressions and templates.
 *
 * Rules know neither PromQL nor Go's templates: whoever composes them (cli, daemon, a test) fills
 * this struct.  What is parsed lives in the arena of the rule file; what is found, in the arena of
 * the evaluation.
 */
#ifndef CORE_RULES_WORLD_H
#define CORE_RULES_WORLD_H

#include "base/series.h"
#include "base/str.h"

struct rules_sample {
	struct labels labels;
	double v; /* when `h` is NULL */
	const struct histogram *h;
};
struct rules_vector {
	const struct rules_sample *v;
	uint32_t n;
	uint64_t series_read; /* that the expression's selectors matched, before it reckoned */
};

/* What an expression asks series for. */
struct rules_reads {
	const char *const *metrics; /* of its selectors; "": one of no certain name */
	uint32_t n;
	/* That there are none is what it looks for, or provides for: absent(), `or vector(0)`. */
	bool is_ready_for_none;
};

struct rules_template_data {
	struct labels labels, external_labels;
	const char *external_url;
	double v;
	const struct histogram *h;
	int64_t at_ms; /* when its own queries are asked */
};

struct rules_world {
	void *ctx;

	/* RC_INPUT: what is wrong with it, in Prometheus' words. */
	enum rc (*parse)(void *ctx, const char *expression, struct arena *a, const void **ret,
		struct err *e);
	/* RC_LIMIT. */
	enum rc (*reads)(void *ctx, const void *expression, struct arena *a,
		struct rules_reads *ret);
	enum rc (*parse_template)(void *ctx, const char *name, const char *text, struct arena *a,
		const void **ret, struct str *why);

	/* These two may be called on any thread, also while others run.  A scalar is a vector of one
	 * sample without labels; RC_INPUT for text and ranges: "rule result is not a vector or
	 * scalar". */
	enum rc (*query)(void *ctx, const void *expression, int64_t at_ms, struct arena *a,
		struct rules_vector *ret, struct err *e);
	/* Append; on failure nothing but, to `why`, the words of the error. */
	enum rc (*expand)(void *ctx, const void *template, const struct rules_template_data *d,
		struct str *out, struct str *why);
};

#endif
