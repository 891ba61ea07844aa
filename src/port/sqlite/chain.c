/* SPDX-License-Identifier: Apache-2.0 */
/* Chains are few and needed by every row, so they are kept in memory, in the order of their ids. */
#include "port/sqlite/store.h"

#include "base/str.h"

#include <string.h>

struct store_chain *store_chain_find(struct sqlite_store *s, const char *site, uint64_t epoch)
{
	for (size_t i = 0; i < s->n_chains; i++)
		if (s->chains[i].epoch == epoch && str_eq(s->chains[i].site, site))
			return &s->chains[i];
	return NULL;
}

struct store_chain *store_chain_by_id(struct sqlite_store *s, int64_t id)
{
	if (id >= 1 && (uint64_t)id <= s->n_chains && s->chains[id - 1].id == id)
		return &s->chains[id - 1];
	for (size_t i = 0; i < s->n_chains; i++)
		if (s->chains[i].id == id)
			return &s->chains[i];
	return NULL;
}

static size_t site_rank(const struct sqlite_store *s, const char *site)
{
	for (size_t i = 0; i < s->n_order; i++)
		if (str_eq(s->order[i], site))
			return i + 1;
	return 0;
}

static bool ranks_below(const struct sqlite_store *s, const struct store_chain *a,
	const struct store_chain *b)
{
	size_t rank_a = site_rank(s, a->site), rank_b = site_rank(s, b->site);
	int names = strcmp(a->site, b->site);

	if (rank_a != rank_b)
		return rank_a < rank_b;
	return names ? names < 0 : a->epoch < b->epoch;
}

void store_chains_rank(struct sqlite_store *s)
{
	for (size_t i = 0; i < s->n_chains; i++) {
		s->chains[i].rank = 0;
		for (size_t k = 0; k < s->n_chains; k++)
			s->chains[i].rank += ranks_below(s, &s->chains[k], &s->chains[i]);
	}
}

static void chain_rank(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const struct store_chain *c =
		store_chain_by_id(sqlite3_user_data(context), sqlite3_value_int64(argv[0]));

	(void)argc;
	sqlite3_result_int64(context, c ? c->rank : -1);
}

enum rc store_chains_register(struct sqlite_store *s, struct err *e)
{
	if (sqlite3_create_function(s->db, "chain_rank", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, s,
		    chain_rank, NULL, NULL) != SQLITE_OK)
		return store_failed(s, "registering chain_rank()", e);
	return RC_OK;
}

static enum rc load_row(struct sqlite_store *s, sqlite3_stmt *stmt, struct err *e)
{
	struct store_chain c = { .id = sqlite3_column_int64(stmt, 0),
		.epoch = (uint64_t)sqlite3_column_int64(stmt, 2) };
	const char *site = (const char *)sqlite3_column_text(stmt, 1);

	if (!site || !str_copy(c.site, sizeof c.site, site) ||
		!sql_blob(stmt, 3, &c.previous, sizeof c.previous) ||
		s->n_chains == STORE_CHAINS_MAX)
		return store_corrupt(s, e, "chain %ld is malformed", (long)c.id);
	must_grow(s->chains, s->n_chains, s->cap_chains);
	s->chains[s->n_chains++] = c;
	return RC_OK;
}

enum rc store_chains_load(struct sqlite_store *s, struct err *e)
{
	scoped(sql_done) sqlite3_stmt *stmt = sql_get(s, SQL_CHAINS);
	enum rc rc;
	int step;

	for (;;) {
		rc = sql_step(s, stmt, &step, "reading the chains", e);
		if (rc == RC_OK && step == SQLITE_ROW)
			rc = load_row(s, stmt, e);
		if (rc != RC_OK || step == SQLITE_DONE)
			break;
	}
	store_chains_rank(s);
	return rc;
}

enum rc store_chain_begin(struct sqlite_store *s, const struct event *first,
	struct store_chain **ret, struct err *e)
{
	struct store_chain *c = store_chain_find(s, first->site, first->epoch);
	sqlite3_stmt *stmt = sql_get(s, c ? SQL_SET_PREVIOUS : SQL_ADD_CHAIN);
	int64_t id = s->n_chains ? s->chains[s->n_chains - 1].id + 1 : 1;
	enum rc rc;

	if (!c && s->n_chains == STORE_CHAINS_MAX)
		return err_set(e, RC_LIMIT, "%s: more than %d chains", s->path, STORE_CHAINS_MAX);
	sql_bind_int(stmt, 1, c ? c->id : id);
	if (c) {
		sql_bind_blob(stmt, 2, &first->previous, sizeof first->previous);
	} else {
		sql_bind_text(stmt, 2, first->site);
		sql_bind_int(stmt, 3, (int64_t)first->epoch);
		sql_bind_blob(stmt, 4, &first->previous, sizeof first->previous);
	}
	rc = sql_run(s, stmt, "beginning a chain", e);
	if (rc != RC_OK)
		return rc;
	if (!c) {
		must_grow(s->chains, s->n_chains, s->cap_chains);
		c = &s->chains[s->n_chains++];
		*c = (struct store_chain){ .id = id, .epoch = first->epoch };
		must(str_copy(c->site, sizeof c->site, first->site));
	}
	c->previous = first->previous;
	store_chains_rank(s);
	*ret = c;
	return RC_OK;
}

static void free_order(struct sqlite_store *s)
{
	for (size_t i = 0; i < s->n_order; i++)
		free(s->order[i]);
	free(s->order);
}

void store_order(void *ctx, const char *const *sites, size_t n)
{
	struct sqlite_store *s = ctx;

	free_order(s);
	s->order = must_alloc((n + 1) * sizeof *s->order);
	s->n_order = n;
	for (size_t i = 0; i < n; i++)
		s->order[i] = must_strdup(sites[i]);
	store_chains_rank(s);
}
