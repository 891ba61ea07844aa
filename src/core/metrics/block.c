/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/block.h"

#include "core/metrics/block_private.h"
#include "core/metrics/bytes.h"

#define MAGIC   UINT64_C(0x0a0d6b636f6c6264) /* "dblock\r\n": a copy made as text is damaged */
#define VERSION 2

#define FOOTER_CHECKED 72 /* bytes of it that its hash covers, after the header */

void block_put_header(uint8_t header[BLOCK_HEADER_BYTES], int64_t base_ms)
{
	uint64_t words[] = { MAGIC, VERSION, (uint64_t)base_ms };

	memcpy(header, words, sizeof words);
}

void block_put_row(uint8_t row[BLOCK_ROW_BYTES], const struct block_row *r)
{
	memcpy(row, r, sizeof *r);
}

struct block_row block_get_row(const uint8_t row[BLOCK_ROW_BYTES])
{
	struct block_row r;

	memcpy(&r, row, sizeof r);
	return r;
}

void block_move_row(uint8_t row[BLOCK_ROW_BYTES], uint64_t by)
{
	struct block_row r = block_get_row(row);

	r.offset += by;
	block_put_row(row, &r);
}

static uint64_t hash_ends(const uint8_t *header, const uint8_t *footer)
{
	uint8_t both[BLOCK_HEADER_BYTES + FOOTER_CHECKED];

	memcpy(both, header, BLOCK_HEADER_BYTES);
	memcpy(both + BLOCK_HEADER_BYTES, footer, FOOTER_CHECKED);
	return XXH3_64bits(both, sizeof both);
}

void block_put_footer(uint8_t footer[BLOCK_FOOTER_BYTES], const struct block_info *info,
	int64_t base_ms, const struct block_table *table)
{
	uint64_t words[BLOCK_FOOTER_BYTES / 8] = { table->offset, info->n_chunks, info->n_series,
		info->n_samples, (uint64_t)info->min_ms, (uint64_t)info->max_ms,
		info->first_id | (uint64_t)info->last_id << 32,
		info->level | (uint64_t)info->resolution_ms << 32, table->check };
	uint8_t header[BLOCK_HEADER_BYTES];

	block_put_header(header, base_ms);
	words[9] = hash_ends(header, (uint8_t *)words);
	words[10] = MAGIC;
	memcpy(footer, words, sizeof words);
}

static struct block_info get_info(const uint8_t *footer)
{
	return (struct block_info){
		.n_chunks = get_u64(footer + 8),
		.n_series = get_u64(footer + 16),
		.n_samples = get_u64(footer + 24),
		.min_ms = (int64_t)get_u64(footer + 32),
		.max_ms = (int64_t)get_u64(footer + 40),
		.first_id = get_u32(footer + 48),
		.last_id = get_u32(footer + 52),
		.level = get_u32(footer + 56),
		.resolution_ms = get_u32(footer + 60),
	};
}

/* The rows are where the footer says, ascend, and lie within the file. */
static enum rc check_table(const struct block *b, uint32_t check, struct err *e)
{
	uint64_t table = (uint64_t)(b->table - b->bytes), least = BLOCK_HEADER_BYTES;
	uint32_t least_id = 0;

	if (check_32(b->table, (size_t)b->n_groups * BLOCK_ROW_BYTES) != check)
		return err_set(e, RC_CORRUPT, "the table of groups fails its check");
	for (uint32_t i = 0; i < b->n_groups; i++) {
		struct block_row row = block_get_row(b->table + (size_t)i * BLOCK_ROW_BYTES);

		if (row.offset < least || row.offset >= table || row.first_id < least_id)
			return err_set(e, RC_CORRUPT, "the table of groups is out of order");
		least = row.offset + 1;
		least_id = row.first_id;
	}
	return RC_OK;
}

enum rc block_open(struct block *ret, const uint8_t *bytes, size_t n, struct err *e)
{
	struct block b = { .bytes = bytes };
	const uint8_t *footer;
	uint64_t table, groups;
	enum rc rc;

	if (n < BLOCK_HEADER_BYTES + BLOCK_FOOTER_BYTES)
		return err_set(e, RC_CORRUPT, "no block: only %zu bytes", n);
	footer = bytes + n - BLOCK_FOOTER_BYTES;
	if (get_u64(bytes) != MAGIC || get_u64(footer + 80) != MAGIC)
		return err_set(e, RC_CORRUPT, "no block, or one that was cut off");
	if (hash_ends(bytes, footer) != get_u64(footer + 72))
		return err_set(e, RC_CORRUPT, "header or footer fail their check");
	if (get_u64(bytes + 8) != VERSION)
		return err_set(e, RC_UNSUPPORTED, "a block of version %u; this program reads %u",
			get_u32(bytes + 8), VERSION);
	b.base_ms = (int64_t)get_u64(bytes + 16);
	b.info = get_info(footer);
	b.info.size_bytes = n;
	table = get_u64(footer);
	groups = b.info.n_chunks / BLOCK_GROUP + (b.info.n_chunks % BLOCK_GROUP != 0);
	if (groups > n / BLOCK_ROW_BYTES || table < BLOCK_HEADER_BYTES ||
		table != n - BLOCK_FOOTER_BYTES - groups * BLOCK_ROW_BYTES)
		return err_set(e, RC_CORRUPT, "the footer claims a table of %llu groups",
			(unsigned long long)groups);
	b.table = bytes + table;
	b.n_groups = (uint32_t)groups;
	rc = check_table(&b, get_u32(footer + 64), e);
	if (rc == RC_OK)
		*ret = b;
	return rc;
}
