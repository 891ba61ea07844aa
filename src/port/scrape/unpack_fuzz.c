/* SPDX-License-Identifier: Apache-2.0 */
/* What a target calls gzip: unpacked at once it is what it is unpacked piece by piece. */
#include "base/mem.h"
#include "base/str.h"
#include "port/probe/inflate.h"
#include "port/scrape/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool take(void *ctx, const char *bytes, size_t n)
{
	str_addn(ctx, bytes, n);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct unpacker u = { 0 };
	struct str pieces = { .limit_bytes = UNPACKED_MAX };
	const char *body;
	size_t n_body;

	if (unpack(&u, (const char *)data, n, &body, &n_body)) {
		struct inflater *f = inflater_new("gzip", take, &pieces);

		must(inflater_feed(f, (const char *)data, n, NULL) == RC_OK);
		must(inflater_is_complete(f));
		must(pieces.len == n_body && memcmp(str_c(&pieces), body, n_body) == 0);
		inflater_free(f);
	}
	str_fini(&pieces);
	unpacker_fini(&u);
	return 0;
}
