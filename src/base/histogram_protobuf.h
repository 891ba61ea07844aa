/* SPDX-License-Identifier: Apache-2.0 */
/*
 * histogram_protobuf: a native histogram as remote write has it, in both versions, to that of base/series.h.
 *
 * Source: message Histogram of prometheus' prompb/types.proto.
 */
#ifndef BASE_HISTOGRAM_PROTOBUF_H
#define BASE_HISTOGRAM_PROTOBUF_H

#include "base/arena.h"
#include "base/protobuf.h"
#include "base/series.h"

/* In the arena, as *ret is.  RC_INPUT: malformed, or its buckets don't fit its spans; RC_LIMIT: the
 * arena is full. */
enum rc histogram_protobuf_read(struct protobuf p, struct arena *a, const struct histogram **ret,
	int64_t *ret_t_ms, struct err *e) MUST_USE;
/* Append the message's body. */
void histogram_protobuf_write(const struct histogram *h, int64_t t_ms, struct str *out);

#endif
