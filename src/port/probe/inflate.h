/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inflate: undo gzip and deflate as the bytes come, through zlib.
 *
 * The owner's function takes the plain bytes in small pieces and says when it has enough, so that
 * a bomb costs no memory.
 */
#ifndef PORT_PROBE_INFLATE_H
#define PORT_PROBE_INFLATE_H

#include "base/err.h"

#include <stdbool.h>

struct inflater;

typedef bool inflate_take(void *ctx, const char *bytes, size_t n);

/* `coding` is "gzip" or "deflate"; NULL for any other. */
struct inflater *inflater_new(const char *coding, inflate_take *take, void *ctx);
void inflater_free(struct inflater *f);
enum rc inflater_feed(struct inflater *f, const char *bytes, size_t n, struct err *e) MUST_USE;
bool inflater_is_complete(
	const struct inflater *f); /* the end was reached, or the owner has enough */

#endif
