/* SPDX-License-Identifier: Apache-2.0 */
/* An Alertmanager configuration as somebody wrote it: it is read, or everything wrong with it is said. */
#include "core/alertmanager/routing.h"
#include "port/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct tz *zone(void *ctx, const char *name)
{
	(void)ctx;
	return str_eq(name, "UTC") ? tz_utc() : NULL;
}

static void route(const struct alertmanager *am)
{
	const struct label label = { "a", "b", 1, 1 };
	const struct labels labels = { &label, 1 };
	const struct inhibiting source = { &labels };
	scoped(str_fini) struct str key = STR_EMPTY;
	const struct alert_route *routes[4];
	uint32_t n = route_match(am->root, &labels, routes, COUNT(routes));

	must(n > 0);
	for (uint32_t i = 0; i < n && i < COUNT(routes); i++) {
		route_group_key(routes[i], &labels, &key);
		(void)route_muted_by(routes[i], (struct wall){ 1792843200000 });
	}
	(void)alertmanager_inhibited(am, &labels, &source, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct alertmanager_world world = { .zone = zone };
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(alertmanager_free) struct alertmanager *am = NULL;
	scoped(str_fini) struct str text = STR_EMPTY;
	struct doc doc;

	if (n > 16384)
		return 0;
	str_addn(&text, data, n);
	if (yaml_parse(&doc, "alertmanager.yml", &text, &findings, NULL) != RC_OK)
		return 0;
	if (alertmanager_read(&am, &doc, &world, &findings, NULL) == RC_OK)
		route(am);
	else
		must(findings.n_errors > 0);
	doc_fini(&doc);
	return 0;
}
