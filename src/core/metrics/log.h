/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one generation's file of records (wal.h), however the disk feels.
 *
 * What couldn't be written waits in memory and goes first the next time.  When too much waits it is
 * let go, and the log is lame: it ends there, and what follows in its generation is safe only when
 * it has been flushed.
 */
#ifndef CORE_METRICS_LOG_H
#define CORE_METRICS_LOG_H

#include "core/metrics/files.h"
#include "core/metrics/wal.h"

#define LOG_WAITING_MAX (16u << 20) /* bytes */

struct log {
	const struct files *files;
	struct files_writer *writer; /* NULL: the file couldn't be made yet */
	char name[FILES_NAME_MAX];
	uint32_t generation;
	uint64_t size_bytes;   /* whole records in the file */
	uint64_t synced_bytes; /* of these, safe from a power cut */
	struct str waiting;
	bool is_torn; /* behind size_bytes may stand something */
	bool is_lame;
	bool is_syncing; /* a STORE_SYNC uses the writer */
	bool is_done;    /* its generation is flushed: whoever syncs it frees it */
};

const char *log_name(uint32_t generation, char buf[FILES_NAME_MAX]);
/* Its number; false: the name is no log's. */
bool log_number(const char *name, uint32_t *ret);

struct log *log_new(const struct files *files, const struct wal_header *h);
void log_free(struct log *l); /* closes it; not while it is being synced */
/* Write what waits. */
enum rc log_write_waiting(struct log *l, struct err *e) MUST_USE;
/* The same, and then the commit.  Not RC_OK: it waits (or, lame, is let go). */
enum rc log_write(struct log *l, struct wal_commit *c, struct err *e) MUST_USE;
/* Let it wait. */
void log_wait(struct log *l, struct wal_commit *c);

#endif
