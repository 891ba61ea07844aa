/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp: OpenTelemetry's metrics, translated into a request of remote write 1.0 as Prometheus 3 would
 * store them: names with underscores and units, job and instance from the resource, target_info.
 *
 *	gauge, sum              a sample
 *	histogram               _bucket, _sum, _count; or a native histogram with these bounds
 *	exponential histogram   a native histogram
 *	summary                 quantiles, _sum, _count
 *
 * Exemplars go with their samples, those of histograms with the bucket that they fell in, and have
 * the attributes that their series lacks.  Names, and which attributes of a resource become labels,
 * are told by otlp_config.h.
 *
 * Delta temporality isn't taken: such points are counted as rejected.
 *
 * https://opentelemetry.io/docs/specs/otlp/ , opentelemetry/proto/metrics/v1/metrics.proto
 */
#ifndef CORE_REMOTE_OTLP_H
#define CORE_REMOTE_OTLP_H

#include "base/err.h"
#include "base/str.h"

struct otlp_config;
struct otlp_message {
	const void *bytes;
	size_t n;
	const struct otlp_config *config; /* NULL: the defaults */
};

struct otlp_result {
	uint64_t n_points, n_rejected;
	char why[200]; /* the first was rejected; "" */
};

/* Appends to `out`, which may have a limit: RC_LIMIT beyond.  RC_INPUT: malformed. */
enum rc otlp_translate(const struct otlp_message *m, struct str *out, struct otlp_result *ret,
	struct err *e) MUST_USE;

#endif
