/* SPDX-License-Identifier: Apache-2.0 */
#include "port/snappy/snappy.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <pthread.h>
#include <snappy-c.h>
#include <stdio.h>

#define LENGTH_BITS 32 /* of a block's length, which it begins with */

static struct {
	void *library; /* NULL: it can't be had, as `why` says */
	char why[160];
	__typeof__(snappy_uncompress) *uncompress;
	__typeof__(snappy_compress) *compress;
	__typeof__(snappy_max_compressed_length) *max_compressed_length;
} api;

static void load(void)
{
	void *library = dlopen(SNAPPY_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		snprintf(api.why, sizeof api.why, "%s", dlerror());
		return;
	}
	api.uncompress = dlsym(library, "snappy_uncompress");
	api.compress = dlsym(library, "snappy_compress");
	api.max_compressed_length = dlsym(library, "snappy_max_compressed_length");
	if (api.uncompress && api.compress && api.max_compressed_length)
		api.library = library;
	else
		snprintf(api.why, sizeof api.why, "%s lacks functions", SNAPPY_LIBRARY);
}

static enum rc need_library(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	if (api.library)
		return RC_OK;
	return err_set(e, RC_UNSUPPORTED, "%s; install the package libsnappy1v5", api.why);
}

/* `n` bytes of room, none of them written. */
static void make_room(struct str *s, size_t n)
{
	str_fini(s);
	s->s = malloc(n + 1);
	must(s->s);
	s->cap = n + 1;
}

/* A varint.  False: it has no end, or more than 32 bits. */
static bool read_length(const uint8_t *p, size_t n, size_t *ret)
{
	uint64_t length = 0;

	for (size_t i = 0; i < n && 7 * i < LENGTH_BITS; i++) {
		length |= (uint64_t)(p[i] & 0x7f) << 7 * i;
		if (p[i] >= 0x80)
			continue;
		*ret = length;
		return length <= UINT32_MAX;
	}
	return false;
}

size_t snappy_unpacked_bytes(const void *packed, size_t n)
{
	size_t size;

	return read_length(packed, n, &size) ? size : 0;
}

enum rc snappy_unpack(const void *packed, size_t n, size_t most, struct str *ret, struct err *e)
{
	enum rc rc = need_library(e);
	size_t size;

	if (rc != RC_OK)
		return rc;
	if (!read_length(packed, n, &size))
		return err_set(e, RC_INPUT, "snappy: corrupt input");
	if (size > most)
		return err_set(e, RC_LIMIT, "snappy: %zu bytes unpacked, %zu are taken", size,
			most);
	/* Each byte of a block stands for 64 at most: whoever announces more lies. */
	if (size / 64 > n)
		return err_set(e, RC_INPUT, "snappy: corrupt input");
	make_room(ret, size);
	if (api.uncompress(packed, n, ret->s, &size) != SNAPPY_OK) {
		str_fini(ret);
		return err_set(e, RC_INPUT, "snappy: corrupt input");
	}
	ret->s[size] = '\0';
	ret->len = size;
	return RC_OK;
}

enum rc snappy_pack(const void *plain, size_t n, struct str *ret, struct err *e)
{
	enum rc rc = need_library(e);
	size_t size;

	if (rc != RC_OK)
		return rc;
	size = api.max_compressed_length(n);
	make_room(ret, size);
	must(api.compress(plain, n, ret->s, &size) == SNAPPY_OK);
	ret->s[size] = '\0';
	ret->len = size;
	return RC_OK;
}
