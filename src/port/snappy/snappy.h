/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snappy: blocks as Prometheus' remote write and read pack them, through libsnappy.
 * https://github.com/google/snappy/blob/main/format_description.txt
 *
 * The library is opened when it is first needed, on any thread: it brings C++'s own, which is a
 * mebibyte in every site that is neither written to nor read from in this way.
 */
#ifndef PORT_SNAPPY_SNAPPY_H
#define PORT_SNAPPY_SNAPPY_H

#include "base/err.h"
#include "base/str.h"

/* In place of what `ret` held.  RC_INPUT: it is no such block; RC_LIMIT: it would have more than
 * `most` bytes; RC_UNSUPPORTED: libsnappy isn't installed. */
enum rc snappy_unpack(const void *packed, size_t n, size_t most, struct str *ret,
	struct err *e) MUST_USE;
/* How many bytes it says it would have; 0: it is no such block. */
size_t snappy_unpacked_bytes(const void *packed, size_t n);
/* The other way.  RC_UNSUPPORTED: as above. */
enum rc snappy_pack(const void *plain, size_t n, struct str *ret, struct err *e) MUST_USE;

#endif
