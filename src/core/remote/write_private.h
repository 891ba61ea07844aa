/* SPDX-License-Identifier: Apache-2.0 */
/* What write.c, write_1.c and write_2.c share. */
#ifndef CORE_REMOTE_WRITE_PRIVATE_H
#define CORE_REMOTE_WRITE_PRIVATE_H

#include "base/protobuf.h"
#include "core/remote/write.h"

enum rc remote_write_read_1(struct protobuf p, struct series_batch *b, struct err *e) MUST_USE;
enum rc remote_write_read_2(struct protobuf p, struct series_batch *b, struct err *e) MUST_USE;

/* message Sample, of both. */
enum rc remote_take_sample(struct series_batch *b, const struct protobuf_field *f,
	struct err *e) MUST_USE;
enum rc remote_take_histogram(struct series_batch *b, const struct protobuf_field *f,
	struct err *e) MUST_USE;
enum rc remote_malformed(struct err *e);
/* RC_LIMIT: no more of what isn't a sample. */
enum rc remote_check_room(const struct series_batch *b, struct err *e) MUST_USE;
/* RC_INPUT in Prometheus' words, unless there is a name and all is UTF-8, sorted or not. */
enum rc remote_check_labels(struct label *v, uint32_t n, struct labels *ret,
	struct err *e) MUST_USE;
/* A copy of what isn't terminated.  NULL: the arena is full. */
const char *remote_text(struct arena *a, const void *s, uint32_t n);
const char *remote_type_name(uint64_t type); /* "counter"; "unknown" */

#endif
