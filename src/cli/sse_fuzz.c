/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes, cut at another place, are the same messages: the first byte says where. */
#include "cli/sse.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool note(void *ctx, const char *event, const char *data)
{
	struct str *seen = ctx;

	str_addf(seen, "%zu %s %zu %s|", strlen(event), event, strlen(data), data);
	return true;
}

static void read_in_two(const char *bytes, size_t n, size_t cut, struct str *seen)
{
	scoped(sse_fini) struct sse s;

	sse_init(&s, note, seen);
	must(sse_take(&s, bytes, cut));
	must(sse_take(&s, bytes + cut, n - cut));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(str_fini) struct str whole = STR_EMPTY, parts = STR_EMPTY;
	size_t n = size ? size - 1 : 0;

	if (n == 0)
		return 0;
	read_in_two((const char *)data + 1, n, n, &whole);
	read_in_two((const char *)data + 1, n, data[0] % (n + 1), &parts);
	must(str_eq(str_c(&whole), str_c(&parts)));
	return 0;
}
