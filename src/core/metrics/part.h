/* SPDX-License-Identifier: Apache-2.0 */
/*
 * part: one block (block.h) as a file that the store counts on; catalog: all that it counts on.
 *
 * Both are immutable, and owned by those who count: on the owner's thread.  A view holds the catalog
 * that it was taken with, however often it is replaced meanwhile.
 */
#ifndef CORE_METRICS_PART_H
#define CORE_METRICS_PART_H

#include "core/metrics/block.h"
#include "core/metrics/deletion.h"
#include "core/metrics/index.h"

struct part {
	uint32_t refs;
	const struct files *files;
	struct files_map map;
	struct block block;
	char name[FILES_NAME_MAX];
	uint32_t level;
	uint32_t deletions; /* all up to this number are carried out in it */
};

enum rc part_open(struct part **ret, const struct files *files, const char *name,
	struct err *e) MUST_USE;
struct part *part_hold(struct part *p);
void part_drop(struct part *p); /* NULL is fine */
SCOPED_BY(part_drop, struct part *)

/* A file that is being written, as a block wants it. */
struct part_writer {
	const struct files *files;
	struct files_writer *file;
	struct block_output output;
	char name[FILES_NAME_MAX], temporary[FILES_NAME_MAX];
};
enum rc part_writer_begin(struct part_writer *w, const struct files *files, const char *name,
	struct err *e) MUST_USE;
/* Syncs it and gives it its name; the folder isn't synced. */
enum rc part_writer_end(struct part_writer *w, struct err *e) MUST_USE;
void part_writer_fini(struct part_writer *w);
SCOPED_FINI(part_writer_fini, struct part_writer)

struct catalog {
	uint32_t refs;
	struct index **segments;     /* in order of their ids, which don't overlap */
	struct part **parts;         /* oldest file first */
	struct deletion **deletions; /* in order of numbers */
	uint32_t n_segments, n_parts, n_deletions;
};

/* What of a part's, or a generation's, samples of series `id` has been deleted is taken out of the
 * column: of column[from] and those behind it. */
void catalog_delete_of_part(const struct catalog *c, const struct part *p, uint32_t id,
	struct series_column *column, uint32_t from);
void catalog_delete_of_generation(const struct catalog *c, uint32_t generation, uint32_t id,
	struct series_column *column, uint32_t from);

/* One with room for as much and one more of each; the things in it are held. */
struct catalog *catalog_copy(const struct catalog *c); /* NULL: an empty one */
struct catalog *catalog_hold(struct catalog *c);
void catalog_drop(struct catalog *c); /* NULL is fine */

#endif
