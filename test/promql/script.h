/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script: tests of PromQL in the format of Prometheus' promqltest.
 *
 *	load 5m
 *	  up{job="a"} 1 1 0
 *
 *	eval instant at 10m sum(up)
 *	  expect no_warn
 *	  {} 0
 *
 *	eval range from 0 to 10m step 5m up
 *	  up{job="a"} 1 1 0
 *
 *	clear
 *
 * https://github.com/prometheus/prometheus/blob/main/promql/promqltest/README.md
 */
#ifndef TEST_PROMQL_SCRIPT_H
#define TEST_PROMQL_SCRIPT_H

#include "core/promql/notation.h"

enum script_kind { SCRIPT_LOAD, SCRIPT_CLEAR, SCRIPT_EVAL };

enum script_expectation_kind {
	EXPECT_ORDERED,
	EXPECT_FAIL,
	EXPECT_WARN,
	EXPECT_NO_WARN,
	EXPECT_INFO,
	EXPECT_NO_INFO,
};
struct script_expectation {
	enum script_expectation_kind kind;
	const char *text; /* NULL: any */
	bool is_pattern;
};

#define SCRIPT_EXPECTATIONS_MAX 8

struct script_command {
	enum script_kind kind;
	unsigned line;
	int64_t start_ms, end_ms, step_ms; /* SCRIPT_LOAD: step_ms */
	bool is_range;
	const char *expression;
	struct script_expectation expectations[SCRIPT_EXPECTATIONS_MAX];
	unsigned n_expectations;
	bool is_scalar; /* the result, `scalar` */
	double scalar;
	const char **rows; /* lines of series, loaded or expected */
	unsigned n_rows;
};

struct script {
	const char *text;
	const char *at;
	unsigned line;
	struct arena *arena;
};
/* The next command.  *ret_has false: the end.  RC_INPUT: what can't be read, with its line. */
enum rc script_next(struct script *s, struct script_command *ret, bool *ret_has,
	struct err *e) MUST_USE;

#endif
