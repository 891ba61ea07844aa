/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp_name: OpenTelemetry's names and units as Prometheus 3 writes them.
 *
 * Source: https://github.com/prometheus/otlptranslator , metric_namer.go, unit_namer.go and
 * label_namer.go, as Prometheus 3.5 has them.
 */
#ifndef CORE_REMOTE_OTLP_NAME_H
#define CORE_REMOTE_OTLP_NAME_H

#include "base/str.h"

/* Whether what Prometheus' old names couldn't have becomes an underscore, and whether unit and type stand
 * behind a name. */
enum otlp_strategy {
	OTLP_UNDERSCORES_AND_SUFFIXES, /* the default */
	OTLP_UNDERSCORES,
	OTLP_SUFFIXES,
	OTLP_AS_IT_IS,
};
static inline bool otlp_has_underscores(enum otlp_strategy s)
{
	return s == OTLP_UNDERSCORES_AND_SUFFIXES || s == OTLP_UNDERSCORES;
}

enum otlp_kind { OTLP_OTHER, OTLP_GAUGE, OTLP_COUNTER };

/* "http.server.duration", "ms" -> "http_server_duration_milliseconds". */
void otlp_metric_name(const char *name, const char *unit, enum otlp_kind kind, struct str *out);
/* The same by another strategy. */
void otlp_metric_name_by(enum otlp_strategy strategy, const char *name, const char *unit,
	enum otlp_kind kind, struct str *out);
/* "http.method" -> "http_method". */
void otlp_label_name(const char *name, struct str *out);

#endif
