/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marks: how far somebody who follows the log has come, in a file that a kill doesn't take back.
 *
 * Who follows does so in lanes that get on independently of each other; each has its mark.  A mark is
 * moved by appending a record, without syncing: a process that is killed loses none, a power cut the
 * newest.  All numbers are little-endian.
 *
 *	file    "DiaMark1"  u32 lanes  u32 0  u64 XXH3-64 of these 16 bytes
 *	record  u32 lane  u32 generation  u32 index  u32 0  u64 offset  u64 XXH3-64 of these 24 bytes
 *
 * A file begins with one record for each lane and is written anew when it is opened, when it has
 * grown, and when the number of lanes changes.
 */
#ifndef CORE_METRICS_MARKS_H
#define CORE_METRICS_MARKS_H

#include "core/metrics/files.h"

#define MARKS_LANES_MAX 256

/* All before the sample `index` of the record at `offset` in the log of this generation is behind. */
struct log_mark {
	uint32_t generation, index;
	uint64_t offset;
};
/* Which comes first: < 0, 0, > 0. */
int log_mark_compare(const struct log_mark *a, const struct log_mark *b);

struct marks {
	const struct files *files;
	char name[FILES_NAME_MAX];
	struct files_writer *writer; /* NULL: the file couldn't be written */
	uint64_t size_bytes;
	bool is_torn; /* behind size_bytes may stand something */
	struct log_mark v[MARKS_LANES_MAX];
	uint32_t n;
};

/* "mark-NAME".  RC_INPUT: such a name can't be one of a file. */
enum rc marks_file_name(const char *name, char ret[FILES_NAME_MAX], struct err *e) MUST_USE;
bool marks_is_file(const char *file_name);

/* What stands in the bytes of a file; the last records may be cut off.  RC_CORRUPT: the file is of no use. */
enum rc marks_parse(const uint8_t *p, size_t n, struct marks *ret, struct err *e) MUST_USE;
/* RC_NOT_FOUND: there is no such file. */
enum rc marks_read(struct marks *ret, const struct files *files, const char *file_name,
	struct err *e) MUST_USE;
/* As many lanes, all at `at`, from now on: in memory even when the file can't be written. */
enum rc marks_write(struct marks *m, const struct log_mark *v, uint32_t n, struct err *e) MUST_USE;
enum rc marks_move(struct marks *m, uint32_t lane, const struct log_mark *to,
	struct err *e) MUST_USE;
enum rc marks_sync(struct marks *m, struct err *e) MUST_USE;
/* The one that is furthest behind. */
const struct log_mark *marks_least(const struct marks *m);
void marks_fini(struct marks *m);

#endif
