/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The top level of a prometheus.yml, as Prometheus 3.5 has it: config/config.go.  Its sections are
 * read by the cores that they are about; what we can't do is refused by name.
 */
#include "core/lab/schema.h"

#include "core/lab/rows.h"
#include "core/lab/types.h"

#define REFUSED(key)                                           \
	{                                                      \
		key, &unsupported_type, 0, OPTIONAL, "refused" \
	}

static const struct key retention_keys[] = {
	{ "time", &retention_type, AT(retention_decl, time_ms), OPTIONAL, "" },
	{ "size", &size_type, AT(retention_decl, size_bytes), OPTIONAL, "" },
	{ 0 },
};
static const struct shape retention_shape = {
	.name = "retention",
	.size_bytes = sizeof(struct retention_decl),
	.keys = retention_keys,
};
EMBEDDED(tsdb_retention_type, retention_shape, "a mapping");

static const struct key tsdb_keys[] = {
	{ "out_of_order_time_window", &duration_type, AT(tsdb_decl, out_of_order_ms), OPTIONAL,
		"" },
	{ "retention", &tsdb_retention_type, AT(tsdb_decl, retention), OPTIONAL, "" }, /* of 3.8 */
	{ 0 },
};
static const struct shape tsdb_shape = {
	.name = "tsdb",
	.size_bytes = sizeof(struct tsdb_decl),
	.keys = tsdb_keys,
};
EMBEDDED(tsdb_type, tsdb_shape, "a mapping");

static const struct key exemplars_keys[] = {
	{ "max_exemplars", &exemplars_max_type, AT(exemplars_decl, max), OPTIONAL, "" },
	{ 0 },
};
static const struct shape exemplars_shape = {
	.name = "exemplars",
	.size_bytes = sizeof(struct exemplars_decl),
	.keys = exemplars_keys,
};
EMBEDDED(exemplars_type, exemplars_shape, "a mapping");

static const struct key storage_keys[] = {
	{ "tsdb", &tsdb_type, AT(storage_decl, tsdb), OPTIONAL, "" },
	{ "exemplars", &exemplars_type, AT(storage_decl, exemplars), OPTIONAL, "" },
	{ 0 },
};
static const struct shape storage_shape = {
	.name = "storage",
	.size_bytes = sizeof(struct storage_decl),
	.keys = storage_keys,
};
EMBEDDED(storage_type, storage_shape, "a mapping");

static const struct key prometheus_keys[] = {
	{ "global", &foreign_mapping_type, AT(prometheus_decl, metrics.global), OPTIONAL, "" },
	{ "scrape_configs", &foreign_list_type, AT(prometheus_decl, metrics.scrape_configs),
		OPTIONAL, "" },
	{ "scrape_config_files", &foreign_list_type,
		AT(prometheus_decl, metrics.scrape_config_files), OPTIONAL, "" },
	{ "rule_files", &foreign_list_type, AT(prometheus_decl, metrics.rule_files), OPTIONAL, "" },
	{ "alerting", &foreign_mapping_type, AT(prometheus_decl, metrics.alerting), OPTIONAL, "" },
	{ "remote_write", &foreign_list_type, AT(prometheus_decl, metrics.remote_write), OPTIONAL,
		"" },
	{ "remote_read", &foreign_list_type, AT(prometheus_decl, metrics.remote_read), OPTIONAL,
		"" },
	{ "otlp", &foreign_mapping_type, AT(prometheus_decl, metrics.otlp), OPTIONAL, "" },
	{ "storage", &storage_type, AT(prometheus_decl, storage), OPTIONAL, "" },
	REFUSED("tracing"),
	REFUSED("runtime"),
	{ 0 },
};
const struct shape prometheus_shape = {
	.name = "prometheus.yml",
	.size_bytes = sizeof(struct prometheus_decl),
	.keys = prometheus_keys,
};
