/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp_config: how OpenTelemetry's metrics are taken: `otlp` of a prometheus.yml, in Prometheus 3.5's
 * syntax and with its defaults.  What can't be done is refused by name.
 *
 * Source: https://prometheus.io/docs/prometheus/3.5/configuration/configuration/ and config.go.
 */
#ifndef CORE_REMOTE_OTLP_CONFIG_H
#define CORE_REMOTE_OTLP_CONFIG_H

#include "base/doc_reader.h"
#include "core/remote/otlp_name.h"

struct otlp_config {
	struct arena arena; /* owns all below; the struct is on the heap */
	int strategy;       /* enum otlp_strategy */
	bool promotes_all;
	struct doc_texts promoted,
		ignored;           /* attributes of resources that become labels; or don't */
	bool keeps_identifying;    /* service.* stand in target_info, too */
	bool makes_custom_buckets; /* of histograms: native ones with these bounds */
	bool promotes_scope;       /* who measured becomes labels */
};

struct otlp_section {
	const char *file, *folder;
	const struct doc_node *otlp; /* NULL: all defaults */
};
/* RC_INPUT when `findings` has got errors. */
enum rc otlp_config_read(struct otlp_config **ret, const struct otlp_section *section,
	struct findings *findings, struct err *e) MUST_USE;
void otlp_config_free(struct otlp_config *c);
SCOPED_BY(otlp_config_free, struct otlp_config *)
/* Whether an attribute of a resource becomes a label of its series.  NULL: the defaults. */
bool otlp_config_promotes(const struct otlp_config *c, const char *attribute);

#endif
