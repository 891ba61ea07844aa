/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_fixture: for the tests of this folder: two sites with their disks and journals, which
 * send each other what a test wants.
 */
#ifndef CORE_JOURNAL_JOURNAL_FIXTURE_H
#define CORE_JOURNAL_JOURNAL_FIXTURE_H

#include "base/limits.h"
#include "core/journal/journal.h"
#include "core/journal/memory_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A site with its disk, its journal, and a signer that is a hash: enough to tell forgeries. */
struct site {
	const char *name;
	struct memory_store *disk;
	struct journal *journal;
	struct journal_signer signer;
};

extern struct site dublin, mumbai;
extern struct arena arena; /* as long as a test */
extern struct now now;     /* one clock for all; tests move it */

/* Around each test: both have an empty journal, begun at 1763000000. */
int enter(void **state);
int leave(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

void restart(struct site *s);
void tick(int64_t ms);

/* One event, prepared; commits what is prepared; `n` events, a commit each. */
const struct event *add(struct site *s, const char *subject);
enum rc commit(struct site *s);
void write_some(struct site *s, size_t n);

void begin_epoch(struct site *s); /* as a site does that was rolled back */

/* What `s` holds of a chain. */
size_t held(struct site *s, const char *site, uint64_t epoch, uint64_t from, struct event **ret);
uint64_t head_of(struct site *s, const char *site, uint64_t epoch);
struct event *copy_of_mumbais(void); /* five new events of mumbai's, for a test to tamper with */

/* Sends these; a site's first chain from seq on; all of a chain.  *ret_new as journal_accept has
 * it. */
enum rc offer(struct site *s, const struct event *events, size_t n, size_t *ret_new, struct err *e);
enum rc send_from(struct site *from, struct site *to, const char *site, uint64_t seq,
	size_t *ret_new);
enum rc send_all(struct site *from, struct site *to, const char *site, uint64_t epoch);

/* How far `s` shows its chain dublin/1763000000 to `other`; what it knows of having lost. */
uint64_t shown(struct site *s, struct site *other);
bool is_behind_itself(struct site *s, struct site *other);

/* What a site signs with, and whether something is signed by it. */
void fake_signature(const char *site, const struct sha256 *hash, uint8_t ret[SIGNATURE_BYTES]);
bool verify(void *ctx, const char *site, const struct sha256 *hash,
	const uint8_t signature[SIGNATURE_BYTES]);

#endif
