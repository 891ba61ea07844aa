/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract_private: what the files of the store contract share.
 *
 *	store_contract.c     the fixture, and who runs all
 *	contract_chains.c    what is put, refused, replaced and noted
 *	contract_queries.c   what is asked
 *	contract_model.c     random operations, against an array
 */
#ifndef CORE_JOURNAL_CONTRACT_PRIVATE_H
#define CORE_JOURNAL_CONTRACT_PRIVATE_H

#include "core/journal/store_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define EVENTS_MAX 600

extern struct store_fixture contract; /* the store that is tested */
extern struct arena contract_arena;   /* of the events of one test */

/* Around each test: an empty store, and an arena. */
int contract_enter(void **state);
int contract_leave(void **state);
#define CONTRACT_TEST(test) cmocka_unit_test_setup_teardown(test, contract_enter, contract_leave)

struct event_maker contract_maker(const char *site, uint64_t epoch);
uint64_t contract_at(int64_t ms); /* as a hybrid logical time */

enum rc contract_put(const struct event *events, size_t n) MUST_USE;
void contract_must_put(const struct event *events, size_t n);
size_t contract_range(const char *site, uint64_t epoch, uint64_t from, size_t most,
	const struct event **ret);
size_t contract_heads(void); /* how many */

/* What a query told, by hash. */
struct contract_answer {
	struct sha256 hashes[EVENTS_MAX];
	uint64_t cursors[EVENTS_MAX];
	size_t n, most; /* says "enough" after `most`; 0: never */
};
enum rc contract_try_query(const struct event_query *q, struct contract_answer *answer) MUST_USE;
void contract_query(const struct event_query *q, struct contract_answer *answer);

void assert_same_event(const struct event *a, const struct event *b);
void assert_answer(const struct contract_answer *answer, size_t n,
	const struct event *const *expected);

/* Each runs a part of it; returns how many failed. */
int contract_run_chains(const char *name);
int contract_run_queries(const char *name);
int contract_run_model(const char *name);

#endif
