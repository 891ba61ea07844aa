/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_contract: what every journal_store must do, as tests that each store runs on itself.
 *
 * `fixture` opens an empty store for each test; `reopen` closes it and opens what it left behind
 * (NULL for a store that keeps nothing).  Tests only.
 */
#ifndef CORE_JOURNAL_STORE_CONTRACT_H
#define CORE_JOURNAL_STORE_CONTRACT_H

#include "core/journal/journal.h"

struct store_fixture {
	const struct journal_store *store;
	void (*open)(struct store_fixture *f);
	void (*reopen)(struct store_fixture *f);
	void (*close)(struct store_fixture *f);
	void *own; /* the store behind the port */
};

/* Runs all; returns how many failed. */
int store_contract_run(const char *name, const struct store_fixture *fixture);

/* Events for tests: the next of a chain, sealed but not signed.  Texts live in `a`. */
struct event_maker {
	struct arena *a;
	const char *site;
	uint64_t epoch, seq;
	struct sha256 previous;
};
struct event make_event(struct event_maker *m, uint64_t hlc, const char *kind, const char *subject,
	const char *body);

#endif
