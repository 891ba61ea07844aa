/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a question: refused, or queries whose matchers can be asked. */
#include "base/matcher.h"
#include "core/remote/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(arena_fini) struct arena a;
	struct remote_read r;
	struct err e = { 0 };

	arena_init(&a, 1 << 20);
	if (remote_read_parse(data, size, &a, &r, &e) != RC_OK) {
		must(*e.text);
		return 0;
	}
	for (uint32_t i = 0; i < r.n; i++)
		for (uint32_t k = 0; k < r.v[i].n_matchers; k++)
			(void)matcher_matches(r.v[i].matchers[k], "value", 5);
	return 0;
}
