/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of somebody else's making: marks, and a log with the checksum of its first record put right.
 * Who follows it ends, and shows no sample that the store doesn't keep as well.
 */
#include "core/metrics/follow.h"

#include "core/metrics/bytes.h"
#include "core/metrics/memory_files.h"
#include "core/metrics/wal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define NOW ((struct now){ { 1000 }, { 1700000000000 } })

static void put_file(struct memory_files *m, const char *name, const void *bytes, size_t n)
{
	const struct files *files = memory_files_port(m);
	struct files_writer *w = NULL;

	must(files->create(files->self, name, &w, NULL) == RC_OK);
	must(files->append(w, bytes, n, NULL) == RC_OK);
	files->close(w);
}

static void put_log(struct memory_files *m, const uint8_t *data, size_t n)
{
	struct wal_header h = { .generation = 1, .first_id = 1, .base_ms = NOW.wall.ms };
	uint8_t *copy = must_alloc(WAL_HEADER_BYTES + WAL_RECORD_BYTES + n);
	uint8_t *record = copy + WAL_HEADER_BYTES;
	uint32_t n_body = (uint32_t)n;
	uint64_t sum;

	wal_write_header(&h, copy);
	memcpy(record, &n_body, 4);
	if (n >= 8)
		memcpy(record + 4, data + n - 8, 8); /* how long its parts are */
	sum = wal_checksum(record, n_body, 1);
	memcpy(record + 16, &sum, 8);
	if (n)
		memcpy(record + WAL_RECORD_BYTES, data, n);
	sum = wal_checksum(record, n_body, 1);
	memcpy(record + 16, &sum, 8);
	put_file(m, "wal-00000001", copy, WAL_HEADER_BYTES + WAL_RECORD_BYTES + n);
	free(copy);
}

static void follow_all(struct store *s)
{
	struct follower *f = NULL;
	struct followed r;
	bool has = true;

	must(store_follow(s, "x", &f, NULL) == RC_OK);
	if (follower_begin(f)) {
		while (follower_next(f, &r, &has, NULL) == RC_OK && has)
			must(follower_move(f, 0, &r.at, NULL) == RC_OK);
		follower_end(f);
	}
	follower_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct memory_files *m;
	struct store *s = NULL;
	size_t n_marks;

	if (n < 2 || n > 1 << 16)
		return 0;
	n_marks = data[0] < n ? data[0] : n;
	m = memory_files_new(1);
	put_file(m, "mark-x", data + 1, n_marks ? n_marks - 1 : 0);
	put_log(m, data + n_marks, n - n_marks);
	must(store_open(&s, memory_files_port(m), &(struct store_settings){ 0 }, NOW, NULL) ==
		RC_OK);
	follow_all(s);
	store_close(s);
	memory_files_free(m);
	return 0;
}
