/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp_value: what an attribute's value, an AnyValue, is as a label: the text that OpenTelemetry's own
 * library (pdata's AsString) makes of it, and so Prometheus.
 *
 *	text, bool, whole number   as they are
 *	number                     as in JSON
 *	bytes                      base64
 *	list, map                  JSON, a map's keys in order
 *
 * opentelemetry/proto/common/v1/common.proto
 */
#ifndef CORE_REMOTE_OTLP_VALUE_H
#define CORE_REMOTE_OTLP_VALUE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/protobuf.h"

#define OTLP_VALUE_DEPTH_MAX 16 /* lists and maps within each other */

/* In the arena; "" for no value.  RC_INPUT: malformed, not UTF-8, or too deep; RC_LIMIT: the arena. */
enum rc otlp_value_text(const struct protobuf_field *any, struct arena *a, const char **ret,
	struct err *e) MUST_USE;

#endif
