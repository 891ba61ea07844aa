/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_fixture: for the tests of this folder: a journal's file, and what a bad day does to it. */
#ifndef PORT_SQLITE_SQLITE_FIXTURE_H
#define PORT_SQLITE_SQLITE_FIXTURE_H

#include "core/journal/store_contract.h"
#include "port/sqlite/sqlite_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#include <cmocka.h>

extern char folder[], path[64]; /* of this run; the journal in it */
extern struct arena arena;      /* as long as a test */

bool make_folder(void); /* first of all; false: errno tells */
/* Around each test: no journal is there before, nor after it. */
int enter(void **state);
int leave(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

struct sqlite_store *must_open(void);
/* A journal with `n` events of one chain, closed; number `seq` of these, as it was written. */
void make_journal(size_t n);
struct event event_number(uint64_t seq);
void remove_journal(void);
/* The next event of a chain; where it fails the maker stays before it. */
enum rc put_one(struct sqlite_store *s, struct event_maker *m);

off_t file_size(void);
/* SQL from outside, as a user or a bad day might run it. */
void run_sql(const char *sql);
/* Refused, with the file's name in the text, and left as it was. */
void assert_refused(enum rc expected, const char *hint);

#endif
