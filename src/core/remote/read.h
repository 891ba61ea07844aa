/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read: what Prometheus' remote read asks for, and the answers: of type SAMPLES one message, of type
 * STREAMED_XOR_CHUNKS a frame a series, in order of labels.
 *
 *	frame   varint n, u32 CRC-32C (big-endian) of the n bytes that follow, ChunkedReadResponse
 *
 * https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/ ; messages ReadRequest and
 * ReadResponse of prompb/remote.proto.
 */
#ifndef CORE_REMOTE_READ_H
#define CORE_REMOTE_READ_H

#include "base/protobuf.h"
#include "base/series.h"

struct remote_query {
	int64_t start_ms, end_ms;
	const struct matcher **matchers;
	uint32_t n_matchers;
};
struct remote_read {
	struct remote_query *v;
	uint32_t n;
	bool is_streamed; /* chunks are what the asker likes best */
};

/* Into the arena, matchers too.  RC_INPUT: malformed, or an expression that can't be compiled;
 * RC_UNSUPPORTED: no type of answer that the asker takes is known here. */
enum rc remote_read_parse(const void *bytes, size_t n, struct arena *a, struct remote_read *ret,
	struct err *e) MUST_USE;

/*
 *	for each query, in order:
 *		opened = remote_read_begin(out);
 *		for each series: remote_read_add(out, labels, column);
 *		remote_read_end(out, opened);
 */
size_t remote_read_begin(struct str *out);
void remote_read_add(struct str *out, const struct labels *l, const struct series_column *c);
void remote_read_end(struct str *out, size_t opened);

/*
 * Frames, of series in any order; a reader takes them for sorted, so they are written at the end:
 *
 *	for each query, in order:
 *		for each series: remote_frames_add(f, labels, column);   RC_LIMIT: too many
 *		remote_frames_write(f, query, out);
 */
#define REMOTE_STREAMED_TYPE "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
#define REMOTE_FRAME_BYTES   (16u << 20) /* a longer series becomes several; Prometheus takes 50 MB */
struct remote_frames;
struct remote_frames *remote_frames_new(size_t bytes_max);
void remote_frames_free(struct remote_frames *f);
SCOPED_BY(remote_frames_free, struct remote_frames *)
enum rc remote_frames_add(struct remote_frames *f, const struct labels *l,
	const struct series_column *c, struct err *e) MUST_USE;
void remote_frames_write(struct remote_frames *f, uint32_t query, struct str *out);

#endif
