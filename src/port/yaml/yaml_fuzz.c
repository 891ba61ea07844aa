/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes are: a tree within its bounds, or findings that say why not. */
#include "port/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* How many values a walk over the tree meets, aliases as often as they stand somewhere. */
static uint32_t count(const struct doc_node *node, uint32_t depth)
{
	uint32_t n = 1;

	must(depth <= YAML_DEPTH_MAX);
	must(node->line > 0 && node->column > 0);
	must(node->kind == DOC_MAPPING || node->kind == DOC_SEQUENCE || node->n == 0);
	for (uint32_t i = 0; i < node->n; i++) {
		if (node->kind == DOC_MAPPING)
			must(doc_get(node, node->keys[i]->text) == node->values[i]);
		n += count(node->values[i], depth + 1);
	}
	return n;
}

static void check_findings(const struct findings *findings)
{
	for (uint32_t i = 0; i < findings->n; i++) {
		must(findings->items[i].line > 0 && findings->items[i].column > 0);
		must(findings->items[i].text[0]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(doc_fini) struct doc doc = { 0 };
	enum rc rc;

	str_addn(&text, data, n);
	rc = yaml_parse(&doc, "fuzz.yaml", &text, &findings, NULL);
	check_findings(&findings);
	if (rc == RC_OK)
		must(count(doc.root, 0) <= YAML_NODES_MAX);
	else
		must(findings.n_errors > 0);
	return 0;
}
