/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write: requests of Prometheus' remote write, 1.0 and 2.0, to a batch.
 *
 * A series of 1.0 is known by the bytes of its labels as they stand there, one of 2.0 by the hashes of
 * the symbols that it refers to: what a sender writes twice in the same way is looked up, not read.
 * Samples of one series follow each other, so those of a batch stand series by series.
 *
 * https://prometheus.io/docs/specs/prw/remote_write_spec/ and remote_write_spec_2_0/
 */
#ifndef CORE_REMOTE_WRITE_H
#define CORE_REMOTE_WRITE_H

#include "base/series_batch.h"

enum remote_version { REMOTE_VERSION_1, REMOTE_VERSION_2 };

/* Which message a Content-Type speaks of ("" is 1.0).  RC_UNSUPPORTED: none of them. */
enum rc remote_write_version(const char *content_type, enum remote_version *ret,
	struct err *e) MUST_USE;

/* Adds to an empty batch; the bytes live as long as it.  RC_INPUT: malformed; RC_LIMIT: too many
 * samples, or too large. */
enum rc remote_write_read(enum remote_version version, const void *bytes, size_t n,
	struct series_batch *ret, struct err *e) MUST_USE;

#endif
