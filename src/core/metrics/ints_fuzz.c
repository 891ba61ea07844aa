/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a vector of so many integers, or none.  If they are one, every way of reading it says
 * the same, and its integers come back when they are written again. */
#include "core/metrics/ints.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct ints_span whole(const uint8_t *bytes, size_t n)
{
	return (struct ints_span){ bytes, bytes + n };
}

static void check_first(struct ints_span in, unsigned n, const int64_t *v)
{
	int64_t first[INTS_MAX];

	for (unsigned few = 1; few <= n; few += 1 + few / 2)
		must(ints_decode_first(in, n, few, first) &&
			memcmp(first, v, few * sizeof(*v)) == 0);
}

static void check_regular(struct ints_span in, unsigned n, const int64_t *v)
{
	int64_t first, change;

	if (!ints_is_regular(in, n, &first, &change))
		return;
	for (unsigned i = 0; i < n; i++)
		must((uint64_t)v[i] == (uint64_t)first + i * (uint64_t)change);
}

static void check_picked(struct ints_span in, unsigned n, unsigned every, const int64_t *v)
{
	struct ints_places at = { .n = 0 };
	struct ints_picked picked;

	for (unsigned i = 0; i < n; i += every)
		at.v[at.n++] = (uint8_t)i;
	if (!ints_pick_rising(in, n, &at, &picked))
		return;
	for (unsigned i = 0; i < at.n; i++)
		must(picked.v[i] == v[at.v[i]]);
	for (unsigned i = 1; i < n; i++)
		must(v[i - 1] < v[i] || (!picked.is_strict && v[i - 1] == v[i]));
}

static void check_written_again(unsigned n, unsigned tag, const int64_t *v)
{
	uint8_t out[INTS_BYTES_MAX + INTS_SLACK] = { 0 };
	int64_t back[INTS_MAX];
	unsigned bytes = ints_encode(v, n, tag, out);
	struct ints_span in = whole(out, bytes);

	must(bytes <= INTS_BYTES_MAX && ints_tag(out[0]) == tag);
	must(ints_decode(&in, n, back) && in.p == in.end && memcmp(back, v, n * sizeof(*v)) == 0);
}

/* The first byte: how many there are, less one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(mem_free) char *copy = must_alloc(size + INTS_SLACK);
	const uint8_t *bytes = (uint8_t *)copy;
	int64_t v[INTS_MAX];
	struct ints_span in;
	unsigned n;

	if (size < 2)
		return 0;
	memcpy(copy, data, size);
	memset(copy + size, 0, INTS_SLACK);
	n = bytes[0] + 1U;
	in = whole(bytes + 1, size - 1);
	if (!ints_decode(&in, n, v))
		return 0;
	must(in.p <= bytes + size);
	check_first(whole(bytes + 1, size - 1), n, v);
	check_regular(whole(bytes + 1, size - 1), n, v);
	check_picked(whole(bytes + 1, size - 1), n, 1 + bytes[0] % 7U, v);
	check_written_again(n, ints_tag(bytes[1]), v);
	return 0;
}
