/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_file: promtool's unit tests of rules, as they are.
 * https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 *
 * The reader says what is wrong with the form; what stands in expressions and series is for who
 * runs the tests.
 */
#ifndef CORE_RULES_TEST_FILE_H
#define CORE_RULES_TEST_FILE_H

#include "base/doc_reader.h"

struct test_series {
	const char *series, *values; /* in promtool's notation */
	uint32_t line, column;
};

struct test_alert {
	struct labels labels,
		annotations; /* as written, alertname added; their texts may be empty */
};
struct test_alerts { /* of that name, firing at that time */
	int64_t eval_time_ms;
	const char *alertname; /* "" when it was left out, which is an error of the test */
	struct test_alert *expected;
	uint32_t n_expected;
	uint32_t line, column;
};

struct test_sample {
	const char *labels; /* a metric with its labels, as text */
	double v;
	const char *histogram; /* "" unless it is one: then v doesn't count */
};
struct test_expression {
	const char *expr;
	int64_t eval_time_ms;
	struct test_sample *expected;
	uint32_t n_expected;
	uint32_t line, column;
};

struct test_group {
	const char *name;    /* "" */
	int64_t interval_ms; /* between the values of a series */
	int64_t start_ms;    /* when all begins; default 1970.  All other times count from it */
	struct test_series *series;
	struct test_alerts *alerts;
	struct test_expression *expressions;
	uint32_t n_series, n_alerts, n_expressions;
	struct labels external_labels;
	const char *external_url;
	uint32_t line, column;
};

struct test_file {
	struct arena arena;             /* owns all below */
	struct doc_texts rule_files;    /* patterns, relative to the file's folder */
	int64_t evaluation_interval_ms; /* of groups that don't say */
	struct doc_texts group_eval_order;
	bool is_fuzzy; /* numbers may differ in the last bit */
	struct test_group *groups;
	uint32_t n_groups;
};

/* RC_INPUT when there are new errors among the findings (then *ret is untouched). */
enum rc test_file_read(struct test_file **ret, const struct doc *doc, struct findings *findings,
	struct err *e) MUST_USE;
void test_file_free(struct test_file *f);
SCOPED_BY(test_file_free, struct test_file *)

#endif
