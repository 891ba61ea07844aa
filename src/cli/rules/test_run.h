/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_run: promtool's unit tests of rules, run in memory: series as they are given, rules evaluated
 * from 1970 on, and what is expected held against what is there.
 *
 * As in promtool an evaluation sees only the samples up to its own time, and expressions are asked
 * after the last evaluation.
 */
#ifndef CLI_RULES_TEST_RUN_H
#define CLI_RULES_TEST_RUN_H

#include "cli/rules/load.h"
#include "cli/term/page.h"

struct test_job {
	const char *path; /* of the test file */
	const struct test_file *tests;
	const struct rule_files *files;
};

/* How many of its expectations weren't met; the page says which, and how. */
uint32_t test_group_run(const struct test_job *job, uint32_t group, struct page *page);

#endif
