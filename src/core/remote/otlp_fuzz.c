/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: refused, or translated into a request that remote write takes. */
#include "core/remote/otlp.h"
#include "core/remote/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(str_fini) struct str out = { .limit_bytes = 1 << 20 };
	scoped(series_batch_fini) struct series_batch b = { 0 };
	struct otlp_result result = { 0 };
	struct err e = { 0 };
	enum rc rc = otlp_translate(&(struct otlp_message){ data, size, NULL }, &out, &result, &e);

	if (rc != RC_OK) {
		must(*e.text);
		return 0;
	}
	series_batch_init(&b, 1, 1 << 24);
	rc = remote_write_read(REMOTE_VERSION_1, str_c(&out), out.len, &b, &e);
	must(rc == RC_OK || rc == RC_LIMIT);
	return 0;
}
