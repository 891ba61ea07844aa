/* SPDX-License-Identifier: Apache-2.0 */
/* load: test files, and the files of rules that they name, from the disk. */
#ifndef CLI_RULES_LOAD_H
#define CLI_RULES_LOAD_H

#include "core/rules/test_file.h"
#include "port/files/rule_files.h"

/* RC_INPUT, RC_LIMIT: the findings say why. */
enum rc tests_load(struct test_file **ret, const char *path, struct findings *findings,
	struct err *e) MUST_USE;

/* All that the test file's patterns name; one that names none is a warning. */
enum rc rules_load_all(struct rule_files *ret, const struct test_file *tests, const char *path,
	const struct rules_world *world, struct findings *findings, struct err *e) MUST_USE;

#endif
