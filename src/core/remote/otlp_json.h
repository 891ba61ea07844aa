/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp_json: OpenTelemetry's metrics as JSON, made into the Protocol Buffers that otlp.h reads.
 *
 * Protocol Buffers' own mapping, as OTLP has it: keys in lowerCamelCase, what isn't known is passed over,
 * 64-bit integers as texts or numbers, ids in hexadecimal digits, bytes in base64.
 *
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
#ifndef CORE_REMOTE_OTLP_JSON_H
#define CORE_REMOTE_OTLP_JSON_H

#include "base/err.h"
#include "base/str.h"

/* Appends to `out`, which may have a limit: RC_LIMIT beyond.  RC_INPUT: malformed, or of another type
 * than the field has. */
enum rc otlp_json_to_protobuf(const char *text, size_t n, struct str *out, struct err *e) MUST_USE;

#endif
