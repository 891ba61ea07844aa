/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses JSON or YAML; what is accepted has sound labels. */
#include "base/str.h"
#include "core/scrape/groups.h"
#include "port/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct groups_origin from = { "__meta_filepath", "t.yml" };

static enum rc read_json(const struct str *text, struct arena *a, struct target_groups *ret)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *list;
	enum rc rc = json_flat_read(&flat, str_c(text), text->len, &list, NULL);

	return rc == RC_OK ? groups_of_json(ret, &from, list, a, NULL) : rc;
}

static enum rc read_yaml(const struct str *text, struct arena *a, struct target_groups *ret)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(doc_fini) struct doc doc = { 0 };
	enum rc rc = yaml_parse(&doc, "t.yml", text, &findings, NULL);

	return rc == RC_OK ? groups_of_doc(ret, &from, doc.root, a, NULL) : rc;
}

static void check(const struct labels *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		must(l->v[i].name_len && l->v[i].value_len);
		must(i == 0 || strcmp(l->v[i - 1].name, l->v[i].name) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(arena_fini) struct arena a = { 0 };
	struct target_groups groups;
	enum rc rc;

	if (n < 1)
		return 0;
	arena_init(&a, 1 << 20);
	str_addn(&text, data + 1, n - 1);
	rc = data[0] & 1 ? read_json(&text, &a, &groups) : read_yaml(&text, &a, &groups);
	for (uint32_t i = 0; rc == RC_OK && i < groups.n; i++) {
		check(&groups.v[i].labels);
		must(labels_get(&groups.v[i].labels, "__meta_filepath")[0]);
		for (uint32_t k = 0; k < groups.v[i].n; k++)
			check(&groups.v[i].targets[k]);
	}
	return 0;
}
