/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/inflate.h"

#include "base/mem.h"

#include <stdint.h>

#define ENOUGH (1 << 20)

static bool take(void *ctx, const char *bytes, size_t n)
{
	size_t *taken = ctx;

	(void)bytes;
	*taken += n;
	return *taken < ENOUGH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t taken = 0, step = size ? data[0] % 64 + 1 : 1;
	struct inflater *f =
		inflater_new(size && data[0] & 0x80 ? "deflate" : "gzip", take, &taken);
	enum rc rc = RC_OK;

	for (size_t at = 1; at < size && rc == RC_OK && !inflater_is_complete(f); at += step)
		rc = inflater_feed(f, (const char *)data + at, size - at < step ? size - at : step,
			NULL);
	must(taken < ENOUGH + 65536);
	inflater_free(f);
	return 0;
}
