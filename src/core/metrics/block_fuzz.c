/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes are read in two ways.  As vectors, where no check stands before the decoders: any bytes
 * are values or refused, and what they are comes back when it is written.  As a block, whose checks
 * are made right first, so that what lies behind them is reached.
 */
#include "core/metrics/block_private.h"

#include "core/metrics/bytes.h"
#include "core/metrics/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_values(const uint8_t *data, size_t n, unsigned count)
{
	uint8_t again[VALUES_BYTES_MAX + INTS_SLACK];
	scoped(mem_free) char *copy = must_alloc(n + INTS_SLACK);
	struct ints_span in = { (uint8_t *)copy, (uint8_t *)copy + n };
	double v[VALUES_MAX], back[VALUES_MAX];
	struct values_hint hint = { 0 };

	memcpy(copy, data, n);
	if (!values_decode(&in, count, v))
		return;
	in = (struct ints_span){ again, again + values_encode(v, count, &hint, again) };
	must(in.end - in.p <= VALUES_BYTES_MAX);
	must(values_decode(&in, count, back));
	must(in.p == in.end && memcmp(v, back, count * sizeof *v) == 0);
}

static void check_block(const uint8_t *bytes, size_t n)
{
	const struct series_query windows = { .max_ms = INT64_MAX / 2,
		.step_ms = 999,
		.range_ms = 9 };
	scoped(arena_fini) struct arena arena;
	scoped(series_column_fini) struct series_column column = { .histograms = &arena };
	scoped(block_cursor_free) struct block_cursor *c = NULL;
	uint64_t damaged;
	struct block b;
	uint32_t id;
	bool has = true;

	arena_init(&arena, 8u << 20);
	if (block_open(&b, bytes, n, NULL) != RC_OK)
		return;
	(void)!block_verify(&b, NULL, &damaged, NULL);
	c = block_cursor_new(&b);
	while (has && block_next(c, &id, &has, NULL) == RC_OK && has) {
		column.n = 0;
		arena_reset(&arena);
		(void)!block_read(c, &windows, &column, NULL);
	}
	(void)!block_find(c, b.info.last_id, &has, NULL);
}

/* A file of one chunk, one column of times and one group, laid out as the input has it: two lengths,
 * then the bytes. */
static void check_chunks(const uint8_t *data, size_t n)
{
	scoped(mem_free) char *room = must_alloc(n + 256);
	uint8_t *file = (uint8_t *)room, *p = file + BLOCK_HEADER_BYTES, *row;
	size_t chunk = data[0], times = data[1], group;
	struct block_info info = { .n_chunks = 1, .n_series = 1, .last_id = 1, .first_id = 1 };
	uint32_t check;

	data += 2, n -= 2;
	if (chunk + times + 2 > n)
		return;
	group = n - chunk - times;
	block_put_header(file, 0);
	for (unsigned i = 0; i < 2; i++) {
		size_t size = i ? chunk : times;

		check = check_32(data, size);
		memcpy(p, &check, 4);
		memcpy(p + 4, data, size);
		p += 4 + size;
		data += size;
	}
	row = p + group;
	memcpy(p, data, group);
	block_put_row(row, &(struct block_row){ 1, check_32(p, group), (uint64_t)(p - file) });
	block_put_footer(row + BLOCK_ROW_BYTES, &info, 0,
		&(struct block_table){ (uint64_t)(row - file), check_32(row, BLOCK_ROW_BYTES) });
	check_block(file, (size_t)(row - file) + BLOCK_ROW_BYTES + BLOCK_FOOTER_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(mem_free) char *copy = NULL;

	if (n < 4)
		return 0;
	check_values(data + 1, n - 1, data[0] + 1u);
	check_chunks(data, n);
	copy = must_alloc(n);
	memcpy(copy, data, n);
	check_block((uint8_t *)copy, n);
	return 0;
}
