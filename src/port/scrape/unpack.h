/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack: gzip undone at once, through libdeflate, for bodies of the usual size.  Private to
 * port/scrape.
 *
 * Half the time of zlib (38 against 71 µs for the 62 kB of a node_exporter), but it needs all of
 * both.  What is larger than UNPACKED_MAX, or isn't what its end says, is port/probe/inflate.h's.
 */
#ifndef PORT_SCRAPE_UNPACK_H
#define PORT_SCRAPE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

#define PACKED_MAX   131072
#define UNPACKED_MAX 4194304

struct unpacker {
	struct libdeflate_decompressor *decompressor; /* NULL: not needed so far */
	char *buffer;
	size_t cap;
};

void unpacker_fini(struct unpacker *u);

/* *ret lives until the next call.  False: not this way. */
bool unpack(struct unpacker *u, const char *packed, size_t n, const char **ret, size_t *ret_n);

#endif
