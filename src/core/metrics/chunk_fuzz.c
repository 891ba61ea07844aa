/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a chunk or corrupt; what was read from them, appended again, reads the same. */
#include "core/metrics/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_again(const struct series_column *column)
{
	scoped(mem_free) char *room = must_alloc((column->n + 1u) * CHUNK_APPEND_ROOM);
	scoped(series_column_fini) struct series_column again = { 0 };
	struct chunk_state s = chunk_begin(0);
	struct chunk c = { (uint8_t *)room, 0, 0, 0 };

	for (; c.n_samples < column->n && c.n_bytes < CHUNK_BYTES_MAX - 64; c.n_samples++)
		c.n_bytes += chunk_append(&s, (uint8_t *)room + c.n_bytes,
			column->t_ms[c.n_samples], column->v[c.n_samples]);
	must(chunk_read(&c, INT64_MIN, INT64_MAX, &again, NULL) == RC_OK);
	must(again.n == c.n_samples);
	must(memcmp(again.t_ms, column->t_ms, again.n * sizeof *again.t_ms) == 0);
	must(memcmp(again.v, column->v, again.n * sizeof *again.v) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(arena_fini) struct arena arena = { .budget_bytes = 8u << 20 };
	scoped(series_column_fini) struct series_column column = { 0 }, both = { 0 };
	scoped(mem_free) char *copy = NULL;
	struct chunk c = { 0 };
	enum rc rc;

	if (n < 3)
		return 0;
	c.n_samples = data[0] | (data[1] & 15u) << 8;
	c.base_ms = (int64_t)data[2] << 48;
	c.n_bytes = (uint32_t)n - 3;
	copy = must_alloc(n);
	memcpy(copy, data + 3, n - 3);
	c.bytes = (uint8_t *)copy;
	if (chunk_read(&c, INT64_MIN, INT64_MAX, &column, NULL) == RC_OK && column.n)
		check_again(&column);
	both.histograms = &arena;
	rc = chunk_read(&c, INT64_MIN, INT64_MAX, &both, NULL);
	must(rc != RC_OK || both.n == c.n_samples);
	return 0;
}
