/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are histograms, one behind the other, or corrupt; what they are is well laid out, and the same
 * when it is packed and taken again. */
#include "core/metrics/packed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(arena_fini) struct arena arena;
	scoped(str_fini) struct str again = STR_EMPTY;
	scoped(mem_free) char *copy = must_alloc(n + !n);
	const struct histogram *h = NULL, *before = NULL, *back;
	struct varint_bytes in = { (uint8_t *)copy, (uint8_t *)copy + n };

	arena_init(&arena, 16u << 20);
	if (n)
		memcpy(copy, data, n);
	for (; in.p < in.end && packed_take(&in, before, &arena, &h, NULL) == RC_OK; before = h) {
		struct varint_bytes packed;

		must(histogram_check_layout(h, NULL) == RC_OK || h->schema == HISTOGRAM_CUSTOM);
		str_clear(&again);
		packed_add(&again, before, h);
		must(again.len <= PACKED_BYTES_MAX);
		packed.p = (uint8_t *)again.s;
		packed.end = packed.p + again.len;
		if (packed_take(&packed, before, &arena, &back, NULL) != RC_OK)
			break; /* the arena is full */
		must(packed.p == packed.end && histogram_equal(h, back));
	}
	return 0;
}
