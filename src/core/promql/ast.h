/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ast: a PromQL expression as a tree, checked for types.
 *
 * parse.h makes it, print.h writes it, engine.h evaluates it.  All of it, texts and matchers
 * included, lives in the arena it was parsed into, and nothing changes it afterwards.  It is at most
 * QUERY_DEPTH_MAX deep, so that walking it by recursion is safe.
 * https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
#ifndef CORE_PROMQL_AST_H
#define CORE_PROMQL_AST_H

#include "base/matcher.h"

#include <stdbool.h>
#include <stdint.h>

enum promql_type { PROMQL_NONE, PROMQL_SCALAR, PROMQL_VECTOR, PROMQL_MATRIX, PROMQL_STRING };

enum promql_kind {
	PROMQL_NUMBER,    /* number */
	PROMQL_TEXT,      /* text */
	PROMQL_SELECTOR,  /* selector: an instant vector */
	PROMQL_RANGE,     /* range: selector[5m] */
	PROMQL_SUBQUERY,  /* subquery: expression[1h:5m] */
	PROMQL_CALL,      /* call */
	PROMQL_AGGREGATE, /* aggregate */
	PROMQL_BINARY,    /* binary */
	PROMQL_NEGATE,    /* inner: -expression */
	PROMQL_PLUS,      /* inner: +expression */
	PROMQL_PAREN,     /* inner */
};

/* Operators of binary expressions, in order of their binding; operators.def has the rows. */
enum promql_op {
	PROMQL_OR,
	PROMQL_UNLESS,
	PROMQL_AND,
	PROMQL_EQ,
	PROMQL_NE,
	PROMQL_LE,
	PROMQL_LT,
	PROMQL_GE,
	PROMQL_GT,
	PROMQL_ADD,
	PROMQL_SUB,
	PROMQL_MUL,
	PROMQL_DIV,
	PROMQL_MOD,
	PROMQL_ATAN2,
	PROMQL_POW,
	PROMQL_OPS
};

enum promql_aggregation {
	PROMQL_SUM,
	PROMQL_AVG,
	PROMQL_COUNT,
	PROMQL_MIN,
	PROMQL_MAX,
	PROMQL_GROUP,
	PROMQL_STDDEV,
	PROMQL_STDVAR,
	PROMQL_TOPK,
	PROMQL_BOTTOMK,
	PROMQL_COUNT_VALUES,
	PROMQL_QUANTILE,
	PROMQL_LIMITK,
	PROMQL_LIMIT_RATIO, /* experimental: refused by the parser unless allowed */
	PROMQL_AGGREGATIONS
};

enum promql_card { PROMQL_ONE_TO_ONE, PROMQL_MANY_TO_ONE, PROMQL_ONE_TO_MANY, PROMQL_MANY_TO_MANY };

enum promql_at { PROMQL_AT_NONE, PROMQL_AT_TIME, PROMQL_AT_START, PROMQL_AT_END };

/* offset and @, of selectors and subqueries */
struct promql_shift {
	int64_t offset_ms; /* may be negative */
	enum promql_at at;
	int64_t at_ms; /* PROMQL_AT_TIME */
};

struct promql_names { /* label names */
	const char *const *v;
	uint32_t n;
};

struct promql_matching {
	enum promql_card card;
	bool is_on; /* on(names); else ignoring(names), also when nothing was written */
	struct promql_names names;
	struct promql_names include; /* group_left(include) */
};

struct promql_node;

struct promql_selector {
	const char *metric;                    /* NULL when written as a matcher, or not at all */
	const struct matcher *const *matchers; /* the metric's name is among them */
	uint32_t n_matchers;
	struct promql_shift shift;
};

struct promql_function; /* functions.h */

struct promql_node {
	enum promql_kind kind;
	enum promql_type type;
	uint32_t start, end; /* bytes of the text it was parsed from: [start, end) */
	uint16_t depth;      /* of the tree that it is the root of: 1 for a leaf */
	bool is_duration;    /* a number written as one: 5m */
	union {
		double number;
		struct {
			const char *s;
			uint32_t n; /* it may hold NUL */
		} text;
		struct promql_selector selector;
		struct {
			struct promql_node *selector; /* PROMQL_SELECTOR; has the shift */
			int64_t range_ms;
		} range;
		struct {
			struct promql_node *inner;
			int64_t range_ms;
			int64_t step_ms; /* 0: the default */
			struct promql_shift shift;
		} subquery;
		struct {
			const struct promql_function *function;
			struct promql_node **args;
			uint32_t n_args;
		} call;
		struct {
			enum promql_aggregation op;
			struct promql_node *inner;
			struct promql_node *param; /* NULL: none */
			struct promql_names grouping;
			bool is_without;
		} aggregate;
		struct {
			enum promql_op op;
			struct promql_node *left, *right;
			/* Of two vectors; NULL when one side is a scalar. */
			const struct promql_matching *matching;
			bool is_bool;
		} binary;
		struct promql_node *inner;
	};
};

#endif
