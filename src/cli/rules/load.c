/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rules/load.h"

#include "port/files/files.h"
#include "port/yaml/yaml.h"

#include <glob.h>

static enum rc document(struct doc *ret, const char *path, struct findings *findings, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	uint32_t before = findings->n_errors;
	enum rc rc = file_read(path, LAB_FILE_BYTES_MAX, &text, e);

	if (rc != RC_OK)
		return rc;
	rc = yaml_parse(ret, path, &text, findings, e);
	if (rc == RC_OK && findings->n_errors > before) {
		doc_fini(ret);
		return err_set(e, RC_INPUT, "%s: malformed", path);
	}
	return rc;
}

enum rc tests_load(struct test_file **ret, const char *path, struct findings *findings,
	struct err *e)
{
	struct doc doc;
	enum rc rc = document(&doc, path, findings, e);

	if (rc != RC_OK)
		return rc;
	rc = test_file_read(ret, &doc, findings, e);
	doc_fini(&doc);
	return rc;
}

/* A relative pattern begins in the folder of `beside`. */
static void pattern_of(const char *pattern, const char *beside, struct str *ret)
{
	const char *slash = strrchr(beside, '/');

	if (*pattern != '/' && slash)
		str_addn(ret, beside, (size_t)(slash - beside) + 1);
	str_add(ret, pattern);
}

static enum rc load_matching(struct rule_files *ret, const glob_t *found,
	const struct rules_world *world, struct findings *findings, struct err *e)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < found->gl_pathc && rc == RC_OK; i++) {
		struct rule_file *f = NULL;

		rc = rules_load(&f, found->gl_pathv[i], world, findings, e);
		if (rc != RC_OK)
			break;
		must_grow(ret->v, ret->n, ret->cap);
		ret->v[ret->n++] = f;
	}
	return rc;
}

enum rc rules_load_all(struct rule_files *ret, const struct test_file *tests, const char *path,
	const struct rules_world *world, struct findings *findings, struct err *e)
{
	enum rc rc = RC_OK;

	for (uint32_t i = 0; i < tests->rule_files.n && rc == RC_OK; i++) {
		scoped(str_fini) struct str pattern = STR_EMPTY;
		glob_t found = { 0 };

		pattern_of(tests->rule_files.v[i], path, &pattern);
		if (glob(str_c(&pattern), 0, NULL, &found) == 0)
			rc = load_matching(ret, &found, world, findings, e);
		else
			finding_warning(findings, (struct place){ path, 1, 1 },
				"no file matches %s", str_c(&pattern));
		globfree(&found);
	}
	return rc;
}
