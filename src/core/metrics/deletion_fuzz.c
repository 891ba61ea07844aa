/* SPDX-License-Identifier: Apache-2.0 */
/* A deletion, and again with its checksum put right: its series are in order. */
#include "core/metrics/deletion.h"

#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void parse(const uint8_t *p, size_t n)
{
	scoped(deletion_drop) struct deletion *d = NULL;

	if (deletion_parse(&d, p, n, NULL) != RC_OK)
		return;
	for (uint32_t i = 0; i < d->ids.n; i++)
		must(deletion_has(d, d->ids.v[i].from) && !deletion_has(d, d->ids.v[i].to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy;
	uint64_t sum;

	parse(data, n);
	if (n < 8)
		return 0;
	copy = must_alloc(n);
	memcpy(copy, data, n);
	sum = XXH3_64bits(copy, n - 8);
	memcpy(copy + n - 8, &sum, 8);
	parse(copy, n);
	free(copy);
	return 0;
}
