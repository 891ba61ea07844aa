/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/inflate.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <strings.h>
#include <zlib.h>

#define PIECE_BYTES 16384
#define GZIP_BITS   (15 + 16)
#define RAW_BITS    (-15)
#define ZLIB_BITS   15

struct inflater {
	z_stream z;
	bool is_begun, is_over, is_gzip;
	inflate_take *take;
	void *ctx;
};

struct inflater *inflater_new(const char *coding, inflate_take *take, void *ctx)
{
	bool is_gzip = strcasecmp(coding, "gzip") == 0;
	struct inflater *f;

	if (!is_gzip && strcasecmp(coding, "deflate") != 0)
		return NULL;
	f = must_alloc(sizeof *f);
	f->is_gzip = is_gzip;
	f->take = take;
	f->ctx = ctx;
	return f;
}

void inflater_free(struct inflater *f)
{
	if (!f)
		return;
	if (f->is_begun)
		inflateEnd(&f->z);
	free(f);
}

/* "deflate" should be zlib's format (RFC 9110, 8.4.1.2), but many servers send it raw; zlib's
 * first byte says which. */
static enum rc begin(struct inflater *f, unsigned char first, struct err *e)
{
	int bits = (first & 0x0f) == Z_DEFLATED && first >> 4 <= 7 ? ZLIB_BITS : RAW_BITS;

	if (inflateInit2(&f->z, f->is_gzip ? GZIP_BITS : bits) != Z_OK)
		return err_set(e, RC_LIMIT, "zlib doesn't start");
	f->is_begun = true;
	return RC_OK;
}

enum rc inflater_feed(struct inflater *f, const char *bytes, size_t n, struct err *e)
{
	char piece[PIECE_BYTES];
	enum rc rc;
	int code;

	if (n == 0 || f->is_over)
		return RC_OK;
	if (!f->is_begun) {
		rc = begin(f, (unsigned char)bytes[0], e);
		if (rc != RC_OK)
			return rc;
	}
	f->z.next_in = (unsigned char *)(uintptr_t)bytes;
	f->z.avail_in = (unsigned)n;
	do {
		f->z.next_out = (unsigned char *)piece;
		f->z.avail_out = sizeof piece;
		code = inflate(&f->z, Z_NO_FLUSH);
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return err_set(e, RC_INPUT, "the body is not %s: %s",
				f->is_gzip ? "gzip" : "deflate", f->z.msg ? f->z.msg : "malformed");
		if (!f->take(f->ctx, piece, sizeof piece - f->z.avail_out))
			f->is_over = true;
		if (code == Z_STREAM_END)
			f->is_over = true;
	} while (!f->is_over && (f->z.avail_in > 0 || f->z.avail_out == 0));
	return RC_OK;
}

bool inflater_is_complete(const struct inflater *f)
{
	return f->is_over;
}
