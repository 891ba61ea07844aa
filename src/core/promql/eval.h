/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval: what the parts of the engine share: a tree of streams, pulled one series at a time.
 *
 *	            next() ─► a column: labels, and a value for every step
 *	binary, aggregate, call ...
 *	   └── selector ─► series_source
 *
 * Prometheus computes step by step and holds every series of a level; here each series goes through
 * the tree with all its steps at once, and only what must be held is held: groups, one side of a
 * join, candidates of topk.
 *
 * A stream may give one series in several pieces with no step in common (`a or b` under one name);
 * two pieces that share a step are the error that Prometheus has for it, raised where it would be.
 */
#ifndef CORE_PROMQL_EVAL_H
#define CORE_PROMQL_EVAL_H

#include "base/str.h"
#include "core/promql/engine.h"
#include "core/promql/functions.h"
#include "core/promql/notes.h"

/* The times at which an expression is evaluated.  A subquery has steps of its own. */
struct steps {
	int64_t start_ms, step_ms;
	uint32_t n; /* at least 1 */
};
static inline int64_t steps_time(const struct steps *s, uint32_t i)
{
	return s->start_ms + (int64_t)i * s->step_ms;
}

/* No value at a step: the bits of the stale mark, which no computation gives. */
static inline double absent(void)
{
	return double_of_bits(STALE_NAN_BITS);
}
static inline bool is_absent(double v)
{
	return is_stale(v);
}
/* The NaN of Prometheus, for results that are none. */
static inline double not_a_number(void)
{
	return double_of_bits(PLAIN_NAN_BITS);
}

struct column {
	struct labels labels;
	double *v; /* one a step; whoever pulled it may write to it */
	/* One a step, NULL when no step has one.  Where it isn't NULL the step's value is a
	 * histogram, and `v` is 0. */
	const struct histogram **h;
};

/* Without one a series isn't there, and is nobody's double. */
static inline bool column_has_point(const struct column *c, uint32_t n_steps)
{
	for (uint32_t i = 0; i < n_steps; i++)
		if (!is_absent(c->v[i]))
			return true;
	return false;
}

struct eval {
	const struct promql_query *query;
	struct arena arena; /* of everything but the result */
	struct notes notes;
	struct promql_stats stats;
	uint64_t samples_read, samples_max;
	unsigned subqueries; /* around what is being made: their samples are not counted twice */
	/* What is being made reads no more of native histograms than count and sum. */
	bool reads_no_buckets;
	struct eval_release *releases;
};

struct stream {
	/* The next series, with a value at one step at least or at none; what it shows lives until
	 * the following call.  *ret_has false: there are no more, and no call follows. */
	enum rc (*next)(struct stream *s, struct column *ret, bool *ret_has, struct err *e);
	struct eval *eval;
	const struct steps *steps;
	bool has_one_name; /* every series has the same metric name, or none has one */
	bool is_whole;     /* no series comes in pieces */
};

static inline enum rc stream_next(struct stream *s, struct column *ret, bool *ret_has,
	struct err *e)
{
	return s->next(s, ret, ret_has, e);
}

/* What a node stands for, at these steps.  Streams live as long as the evaluation. */
enum rc eval_stream(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e) MUST_USE;
/* The same of a scalar: a value for each step. */
enum rc eval_scalar(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	double **ret, struct err *e) MUST_USE;
/* Whether it is the same at every step, because all it reads stands at one time (@). */
bool eval_is_invariant(const struct promql_node *n);
const struct promql_node *eval_unwrap(const struct promql_node *n); /* without parentheses */
const char *eval_text(const struct promql_node *n);                 /* of a string's node */
/* What Prometheus' annotations point to as an argument of a call. */
const struct promql_node *eval_arg(const struct promql_node *call, uint32_t i);

/* What `make` functions hand back, from a part for each kind of node. */
typedef enum rc eval_make(struct eval *ev, const struct promql_node *n, const struct steps *steps,
	struct stream **ret, struct err *e);

/* Zeroed memory from the query's arena; NULL: it is full, and `e` says so. */
void *eval_alloc(struct eval *ev, size_t size_bytes, struct err *e);
double *eval_values(struct eval *ev, const struct steps *steps, struct err *e);        /* of 0 */
double *eval_absent_values(struct eval *ev, const struct steps *steps, struct err *e); /* of none */
enum rc eval_copy_labels(struct eval *ev, const struct labels *l, struct labels *ret,
	struct err *e) MUST_USE;
/* Call `release(what)` when the evaluation ends, however it ends. */
enum rc eval_at_end(struct eval *ev, void (*release)(void *), void *what, struct err *e) MUST_USE;
/* Samples were read: RC_LIMIT when it were too many, RC_TIMEOUT when it is time to stop. */
enum rc eval_count(struct eval *ev, uint64_t samples, struct err *e) MUST_USE;

/* This came of it before all of `left` was pulled: the left side of an operator, or what a function
 * is of.  Prometheus would have met a mistake in there before. */
enum rc eval_left_first(struct stream *left, enum rc rc, struct err *e) MUST_USE;

/* {job="a", mode="b"}, in error texts. */
void eval_labels_text(struct str *out, const struct labels *l);

/* Two series of one vector have the same labels. */
enum rc eval_same_labels(struct err *e);

#endif
