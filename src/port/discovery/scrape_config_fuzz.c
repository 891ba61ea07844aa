/* SPDX-License-Identifier: Apache-2.0 */
/* A prometheus.yml: what is accepted has targets that can be built, and complete jobs. */
#include "base/str.h"
#include "core/scrape/discovery.h"
#include "port/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void build_targets(const struct scrape_configs *configs)
{
	scoped(discovery_free) struct discovery *d = discovery_new(configs);
	struct discovery_change change;
	bool has = true;

	while (discovery_sync(d, (struct mono){ 0 }, &change, &has, NULL) == RC_OK && has)
		for (uint32_t i = 0; i < change.targets->n_active; i++) {
			const struct target_spec *t = &change.targets->active[i];

			must(t->interval_ms > 0 && t->timeout_ms <= t->interval_ms);
			must(labels_get(&t->labels, "instance")[0] && t->address[0]);
		}
}

static void check(const struct scrape_configs *configs)
{
	for (uint32_t i = 0; i < configs->n; i++) {
		const struct scrape_config *c = &configs->v[i];

		must(c->job_name && c->job_name[0] && c->scheme && c->metrics_path);
		must(c->terms.interval_ms > 0 && c->terms.timeout_ms <= c->terms.interval_ms);
		must(c->terms.protocols.n > 0 && c->terms.name_escaping != ESCAPE_UNSET);
	}
	build_targets(configs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(doc_fini) struct doc doc = { 0 };
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(scrape_configs_free) struct scrape_configs *configs = NULL;
	struct scrape_section section = { .file = "prometheus.yml", .folder = "" };

	str_addn(&text, data, n);
	if (yaml_parse(&doc, "prometheus.yml", &text, &findings, NULL) != RC_OK)
		return 0;
	section.global = doc_get(doc.root, "global");
	section.scrape_configs = doc_get(doc.root, "scrape_configs");
	if (scrape_config_read(&configs, &section, 1, &findings, NULL) == RC_OK)
		check(configs);
	return 0;
}
