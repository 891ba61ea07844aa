/* SPDX-License-Identifier: Apache-2.0 */
/* A rule file as somebody wrote it: it is read, or everything wrong with it is said. */
#include "core/rules/rule_file.h"
#include "node/rules_world.h"
#include "port/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct rules_promql promql = { 0 };
	const struct rules_world world = rules_world_over(&promql);
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(rule_file_free) struct rule_file *f = NULL;
	scoped(str_fini) struct str text = STR_EMPTY;
	struct doc doc;

	if (n > 16384)
		return 0;
	str_addn(&text, data, n);
	if (yaml_parse(&doc, "rules.yaml", &text, &findings, NULL) != RC_OK)
		return 0;
	if (rule_file_read(&f, &doc, &world, &findings, NULL) == RC_OK)
		rule_file_warn_repeated(f, &findings);
	else
		must(findings.n_errors > 0);
	doc_fini(&doc);
	return 0;
}
