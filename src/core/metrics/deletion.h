/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deletion: that samples of some series in some time are gone, until merging makes it so.
 *
 * It is about what was stored before it, and not about what is stored later, whatever its time:
 * generations below a number, and parts in which it isn't carried out yet.  Its file:
 *
 *	"DiaDel1\n"  i64 min_ms  i64 max_ms  u32 number  u32 generation  u32 0  u32 n
 *	then n runs of ids: u32 from, u32 to;  u64 XXH3-64 of all before
 */
#ifndef CORE_METRICS_DELETION_H
#define CORE_METRICS_DELETION_H

#include "base/series.h"
#include "core/metrics/files.h"
#include "core/metrics/runs.h"

struct deletion {
	uint32_t refs;
	uint32_t number;        /* of its file; ascending in time */
	uint32_t generation;    /* the first that it doesn't concern */
	int64_t min_ms, max_ms; /* both included */
	struct runs ids;
};

struct deletion *deletion_new(int64_t min_ms, int64_t max_ms); /* of no series, number 0 */
struct deletion *deletion_hold(struct deletion *d);
void deletion_drop(struct deletion *d); /* NULL is fine */
SCOPED_BY(deletion_drop, struct deletion *)
bool deletion_has(const struct deletion *d, uint32_t id);
/* Take its samples out of those of series `id`: column[from] and behind it. */
void deletion_apply(const struct deletion *d, uint32_t id, struct series_column *column,
	uint32_t from);

/* The file is synced, and the folder, too. */
enum rc deletion_write(const struct deletion *d, const struct files *files, struct err *e) MUST_USE;
enum rc deletion_open(struct deletion **ret, const struct files *files, const char *name,
	struct err *e) MUST_USE;
enum rc deletion_parse(struct deletion **ret, const uint8_t *p, size_t n, struct err *e) MUST_USE;

#endif
