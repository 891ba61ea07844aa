/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_store: a journal_store in memory, with the weather of real disks.
 *
 * For tests and the simulator: the same answers as port/sqlite in the same order, and on request a
 * full disk, a commit of which nobody knows whether it happened, a crash, a disk restored from an
 * older image, a wiped one.
 */
#ifndef CORE_JOURNAL_MEMORY_STORE_H
#define CORE_JOURNAL_MEMORY_STORE_H

#include "core/journal/journal.h"

struct memory_store;

struct memory_store *memory_store_new(void);
void memory_store_free(struct memory_store *s);
SCOPED_BY(memory_store_free, struct memory_store *)

/* Lives as long as `s`. */
const struct journal_store *memory_store_port(struct memory_store *s);

/* Puts and replaces that fail: after `after` more that are let through, the next `count`. */
struct memory_fault {
	uint64_t after, count; /* count UINT64_MAX: until another fault is set; 0: none */
	enum rc rc;            /* RC_FULL, RC_IO */
	bool is_torn; /* it failed, but is there after a crash if nothing was written since */
};
void memory_store_set_fault(struct memory_store *s, struct memory_fault fault);

/* Power cut: what was durable stays; notes since the last commit are gone. */
void memory_store_crash(struct memory_store *s);
/* The disk as it was before the newest `commits`. */
void memory_store_rollback(struct memory_store *s, uint64_t commits);
void memory_store_wipe(struct memory_store *s);

/* One bit of an event that is held is another from now on: which one is drawn from `number`.  *ret
 * is the event as it was, its texts as they are now.  False: none is held. */
bool memory_store_flip(struct memory_store *s, uint64_t number, struct event *ret);
/* Of the newest event of the newest chain of a site; `which` bit: multiples of 4 are the hash's. */
bool memory_store_flip_newest(struct memory_store *s, const char *site, uint64_t which,
	struct event *ret);

size_t memory_store_count(const struct memory_store *s); /* events held */
uint64_t memory_store_commits(const struct memory_store *s);

#endif
