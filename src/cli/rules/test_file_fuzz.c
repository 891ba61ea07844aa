/* SPDX-License-Identifier: Apache-2.0 */
/* A file of unit tests for rules: it is read, or everything wrong with it is said. */
#include "core/rules/test_file.h"
#include "port/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(test_file_free) struct test_file *f = NULL;
	scoped(str_fini) struct str text = STR_EMPTY;
	struct doc doc;

	if (n > 16384)
		return 0;
	str_addn(&text, data, n);
	if (yaml_parse(&doc, "test.yaml", &text, &findings, NULL) != RC_OK)
		return 0;
	if (test_file_read(&f, &doc, &findings, NULL) == RC_OK)
		must(f->evaluation_interval_ms > 0);
	else
		must(findings.n_errors > 0);
	doc_fini(&doc);
	return 0;
}
