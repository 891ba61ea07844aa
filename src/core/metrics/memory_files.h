/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_files: a folder of files in memory, with the faults of real disks.
 *
 * For tests and the simulator.  A crash loses what wasn't synced: of each file some of the bytes
 * behind the last sync stay, the last of them perhaps as zeros; of the names that were changed
 * since the last sync_folder the first few changes stay.  How much is drawn from the seed.
 */
#ifndef CORE_METRICS_MEMORY_FILES_H
#define CORE_METRICS_MEMORY_FILES_H

#include "core/metrics/files.h"

struct memory_files;

struct memory_files *memory_files_new(uint64_t seed);
void memory_files_free(struct memory_files *m);
SCOPED_BY(memory_files_free, struct memory_files *)

/* Lives as long as `m`.  Maps and writers end before. */
const struct files *memory_files_port(struct memory_files *m);
/* What is in snapshots/NAME; NULL: nothing.  Lives as long as `m`. */
struct memory_files *memory_files_snapshot(struct memory_files *m, const char *name);

/* Of everything that changes the folder or a file, sync included: after `after` more that are let
 * through the next `count` fail.  An append that fails leaves some of its bytes there. */
struct memory_files_fault {
	uint64_t after, count; /* count UINT64_MAX: until another fault is set; 0: none */
	enum rc rc;            /* RC_FULL, RC_IO */
};
void memory_files_set_fault(struct memory_files *m, struct memory_files_fault fault);
uint64_t memory_files_changes(const struct memory_files *m); /* so far, failed ones included */

/* Appends beyond this many bytes in all files fail with RC_FULL; 0: the disk is endless. */
void memory_files_set_capacity(struct memory_files *m, uint64_t bytes);

/* Power cut.  Writers that were open are closed by their owner as always, and change nothing. */
void memory_files_crash(struct memory_files *m);
/* A process that is killed loses nothing that it handed over: only its writers end. */
void memory_files_kill(struct memory_files *m);

/* Bit `bit` of the file's bytes (modulo their number) is another from now on.  False: there is no
 * such file, or nothing in it. */
bool memory_files_flip(struct memory_files *m, const char *name, uint64_t bit);

#endif
