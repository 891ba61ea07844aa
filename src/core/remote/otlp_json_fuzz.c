/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: refused, or made into a message that is read, as far as its texts are UTF-8. */
#include "core/remote/otlp.h"
#include "core/remote/otlp_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(str_fini) struct str message = { .limit_bytes = 1 << 20 };
	scoped(str_fini) struct str out = { .limit_bytes = 1 << 20 };
	struct otlp_result result = { 0 };
	struct err e = { 0 };
	enum rc rc = otlp_json_to_protobuf((const char *)data, size, &message, &e);

	if (rc == RC_OK)
		rc = otlp_translate(&(struct otlp_message){ message.s, message.len, NULL }, &out,
			&result, &e);
	must(rc == RC_OK || *e.text);
	must(rc == RC_OK || !strstr(e.text, "malformed") || rc == RC_INPUT);
	return 0;
}
