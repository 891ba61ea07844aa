/* SPDX-License-Identifier: Apache-2.0 */
/* load: rule files and test files from the disk. */
#ifndef CLI_RULES_LOAD_H
#define CLI_RULES_LOAD_H

#include "core/rules/rule_file.h"
#include "core/rules/test_file.h"

/* RC_INPUT, RC_LIMIT: the findings say why. */
enum rc rules_load(struct rule_file **ret, const char *path, const struct rules_world *world,
	struct findings *findings, struct err *e) MUST_USE;
enum rc tests_load(struct test_file **ret, const char *path, struct findings *findings,
	struct err *e) MUST_USE;

struct rule_files {
	struct rule_file **v;
	uint32_t n, cap;
};
void rule_files_fini(struct rule_files *f);
SCOPED_FINI(rule_files_fini, struct rule_files)

/* All that the test file's patterns name; one that names none is a warning. */
enum rc rules_load_all(struct rule_files *ret, const struct test_file *tests, const char *path,
	const struct rules_world *world, struct findings *findings, struct err *e) MUST_USE;

#endif
