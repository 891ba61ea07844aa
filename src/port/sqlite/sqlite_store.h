/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_store: the journal on disk, a journal_store (core/journal/journal.h) in one SQLite file.
 *
 * Write-ahead log with synchronous=FULL: a put that returned RC_OK survives a power cut.  One
 * process writes; people may look at the file with sqlite3(1) meanwhile.  doc/formats.md has the
 * schema.
 *
 * A file that is damaged, of another program or of a newer Diarchy is an error that names the file,
 * the place and the remedy, and the file is left as it is.
 */
#ifndef PORT_SQLITE_SQLITE_STORE_H
#define PORT_SQLITE_SQLITE_STORE_H

#include "core/journal/journal.h"

struct sqlite_store;

/* Open, or make, the journal at `path`.  Checks the file's structure, in a file beyond 64 MiB that
 * of its small tables only; what its events say is for the journal to verify.  RC_CORRUPT,
 * RC_UNSUPPORTED (newer schema), RC_CONFLICT (in use, or not ours), RC_FULL, RC_IO. */
enum rc sqlite_store_open(struct sqlite_store **ret, const char *path, struct err *e) MUST_USE;

void sqlite_store_close(struct sqlite_store *s);
SCOPED_BY(sqlite_store_close, struct sqlite_store *)

/* Lives as long as `s`. */
const struct journal_store *sqlite_store_port(const struct sqlite_store *s);

/* Rehash every event, check every link and, given a signer that verifies, each head's signature:
 * RC_CORRUPT names the first place that is wrong.  All at once, for tests and measurements: a site
 * scrubs a few events at a time (core/journal/scrub.h). */
struct sqlite_verified {
	uint64_t chains, events;
};
enum rc sqlite_store_verify(struct sqlite_store *s, const struct journal_signer *signer,
	struct sqlite_verified *ret, struct err *e) MUST_USE;

/* A ceiling on the file's size, in pages of 4 KiB; reaching it is RC_FULL, as on a full disk. */
enum rc sqlite_store_limit_pages(struct sqlite_store *s, uint32_t pages, struct err *e) MUST_USE;

#endif
