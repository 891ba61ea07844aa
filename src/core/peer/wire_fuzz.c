/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of frames: whatever is read can be written, and is then read as the same again. */
#include "core/peer/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct link_msg *msg)
{
	scoped(str_fini) struct str first = STR_EMPTY;
	scoped(str_fini) struct str second = STR_EMPTY;
	static struct wire_in in;
	size_t used;

	wire_write(msg, &first);
	must(wire_read(first.s, first.len, &in, &used, NULL) == RC_OK && used == first.len);
	wire_write(&in.msg, &second);
	must(first.len == second.len && memcmp(first.s, second.s, first.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire_in in;
	const char *bytes = (const char *)data;
	size_t used;

	while (wire_read(bytes, size, &in, &used, NULL) == RC_OK && used) {
		must(used <= size);
		if (in.is_known)
			check_again(&in.msg);
		bytes += used;
		size -= used;
	}
	return 0;
}
