/* SPDX-License-Identifier: Apache-2.0 */
/* config: what is declared, as the prometheus.yml that says it, and as the flags that would. */
#include "api/prometheus/request.h"
#include "api/prometheus/status.h"
#include "base/doc_yaml.h"
#include "core/promql/print.h"

#include <inttypes.h>

#define HIDDEN "<secret>"

/* ---- /api/v1/status/config */

/* Keys of Prometheus' whose value it shows nobody: its type is Secret there. */
static bool is_secret(const char *key, const struct doc_node *value)
{
	static const char *const keys[] = { "password", "credentials", "bearer_token",
		"client_secret", "secret_key", "secrets", "api_key", "private_key",
		"client_certificate_key", "proxy_connect_header" };

	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_eq(key, keys[i]))
			return value->kind != DOC_NULL;
	return str_eq(key, "key") && value->kind == DOC_SCALAR && strstr(value->text, "PRIVATE");
}

/* "https://user:password@host/": the password is a secret of its own. */
static bool has_password(const struct doc_node *value)
{
	const char *at, *colon, *user;

	if (value->kind != DOC_SCALAR || !(user = strstr(value->text, "://")))
		return false;
	user += 3;
	at = strpbrk(user, "@/?#");
	colon = strchr(user, ':');
	return at && *at == '@' && colon && colon < at;
}

static const char *mask(const char *key, const struct doc_node *value)
{
	return is_secret(key, value) || has_password(value) ? HIDDEN : NULL;
}

static const struct doc_node *const *section(const struct lab_metrics_part *part, size_t i,
	const char **ret_key)
{
	const struct {
		const char *key;
		const struct doc_node *const *node;
	} sections[] = {
		{ "global", &part->global },
		{ "rule_files", &part->rule_files },
		{ "scrape_configs", &part->scrape_configs },
		{ "alerting", &part->alerting },
		{ "remote_write", &part->remote_write },
		{ "remote_read", &part->remote_read },
		{ "otlp", &part->otlp },
	};

	if (i >= COUNT(sections))
		return NULL;
	*ret_key = sections[i].key;
	return sections[i].node;
}

/* A list may stand in both files: it is one. */
static void write_section(struct str *out, const struct lab_metrics *m, size_t i)
{
	bool is_begun = false;
	const char *key;

	for (uint8_t p = 0; p < m->n_parts; p++) {
		const struct doc_node *node = *section(&m->parts[p], i, &key);

		if (!node || node->kind == DOC_NULL || !node->n)
			continue;
		doc_yaml_write(out, is_begun ? NULL : key, node, mask);
		is_begun = true;
	}
}

static void write_storage(struct str *out, const struct lab_metrics *m)
{
	str_add(out, "storage:\n  tsdb:\n    retention:\n      time: ");
	promql_print_duration(out, m->retention_ms);
	str_addc(out, '\n');
	if (m->retention_bytes)
		str_addf(out, "      size: %" PRIu64 "B\n", m->retention_bytes);
	if (!m->out_of_order_ms)
		return;
	str_add(out, "    out_of_order_time_window: ");
	promql_print_duration(out, m->out_of_order_ms);
	str_addc(out, '\n');
}

static const struct lab_metrics *declared(const struct call *c)
{
	return &site_lab(c->view.site)->metrics;
}

enum rc prom_config(struct call *c, struct answer *out, struct err *e)
{
	const struct lab_metrics *m = declared(c);
	scoped(str_fini) struct str yaml = STR_EMPTY;
	const char *key;

	(void)e;
	for (size_t i = 0; m->is_on && section(&m->parts[0], i, &key); i++)
		write_section(&yaml, m, i);
	if (m->is_on)
		write_storage(&yaml, m);
	status_open(&out->json, true);
	json_text(&out->json, "yaml", str_c(&yaml));
	status_close(&out->json);
	return RC_OK;
}

/* ---- /api/v1/status/flags: the settings of ours that are flags there */

static void flag_number(struct json_out *w, const char *name, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, v);
	json_text(w, name, text);
}

enum rc prom_flags(struct call *c, struct answer *out, struct err *e)
{
	const struct lab_metrics *m = declared(c);
	scoped(str_fini) struct str retention = STR_EMPTY;
	struct json_out *w = &out->json;

	(void)e;
	if (m->is_on)
		promql_print_duration(&retention, m->retention_ms);
	status_open(w, true);
	json_text(w, "config.file", site_lab(c->view.site)->file);
	json_text(w, "enable-feature", "");
	json_text(w, "query.lookback-delta", "5m");
	flag_number(w, "query.max-concurrency", QUERIES_AT_ONCE);
	flag_number(w, "query.max-samples", QUERY_SAMPLES_MAX);
	json_text(w, "query.timeout", "2m");
	flag_number(w, "storage.tsdb.retention.size", m->retention_bytes);
	json_text(w, "storage.tsdb.retention.time", str_c(&retention));
	json_text(w, "web.enable-admin-api", m->has_admin_api ? "true" : "false");
	json_text(w, "web.enable-lifecycle", "false");
	json_text(w, "web.listen-address", api_address(c->api));
	status_close(w);
	return RC_OK;
}
