/* SPDX-License-Identifier: Apache-2.0 */
#include "port/scrape/unpack.h"

#include "base/mem.h"

#include <libdeflate.h>
#include <stdint.h>

#define TRAILER_BYTES 4 /* RFC 1952: the size unpacked, modulo 2^32, least byte first */

void unpacker_fini(struct unpacker *u)
{
	if (u->decompressor)
		libdeflate_free_decompressor(u->decompressor);
	free(u->buffer);
}

static size_t size_said(const char *packed, size_t n)
{
	const unsigned char *end = (const unsigned char *)packed + n - TRAILER_BYTES;

	return end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
}

bool unpack(struct unpacker *u, const char *packed, size_t n, const char **ret, size_t *ret_n)
{
	size_t size, used;

	if (n <= TRAILER_BYTES || n > PACKED_MAX)
		return false;
	size = size_said(packed, n);
	if (size > UNPACKED_MAX)
		return false;
	if (!u->decompressor)
		u->decompressor = libdeflate_alloc_decompressor();
	if (!u->decompressor)
		return false;
	if (size > u->cap) {
		free(u->buffer);
		u->buffer = must_alloc(size);
		u->cap = size;
	}
	*ret = u->buffer;
	*ret_n = size;
	return libdeflate_gzip_decompress_ex(u->decompressor, packed, n, u->buffer, size, &used,
		       NULL) == LIBDEFLATE_SUCCESS &&
	       used == n;
}
