/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event that is damaged on the disk is written again.  What was changed may be a column that an
 * index is made of, or the word that an event refers to, or an entry of an index.  Where writing
 * fails or what was written doesn't read as it should, it is done without the indices, which are
 * made anew: a few seconds for a million events.
 */
#include "port/sqlite/store.h"

#include "base/str.h"

#include <string.h>

/* The row that stands there; 0: none. */
static enum rc find_row(struct sqlite_store *s, int64_t chain, uint64_t seq, int64_t *ret,
	struct err *e)
{
	sqlite3_stmt *stmt = sql_get(s, SQL_ID_AT);
	enum rc rc;
	int step;

	sql_bind_int(stmt, 1, chain);
	sql_bind_int(stmt, 2, (int64_t)seq);
	rc = sql_step(s, stmt, &step, "looking for an event", e);
	if (rc == RC_OK)
		*ret = step == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
	sql_done(stmt);
	return rc;
}

static enum rc remove_row(struct sqlite_store *s, int64_t id, struct err *e)
{
	sqlite3_stmt *stmt = sql_get(s, SQL_REMOVE);

	sql_bind_int(stmt, 1, id);
	return sql_run(s, stmt, "removing a damaged event", e);
}

/* What was written reads as it should. */
static enum rc check(struct sqlite_store *s, const struct event *ev, struct err *e)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct journal_span span = { ev->site, ev->epoch, ev->seq, .most = 1 };
	struct event_batch held;
	struct sha256 hash;
	enum rc rc = store_range(s, &span, &a, &held, e);

	if (rc != RC_OK)
		return rc;
	if (held.n == 1)
		hash = event_hash(held.v);
	if (held.n != 1 || !sha256_eq(&hash, &ev->hash))
		return store_corrupt(s, e, "event %lu of %s can't be put back",
			(unsigned long)ev->seq, ev->site);
	return RC_OK;
}

static enum rc rewrite(struct sqlite_store *s, int64_t id, const struct event *ev, struct err *e)
{
	const struct store_chain *c = store_chain_find(s, ev->site, ev->epoch);
	enum rc rc = id ? remove_row(s, id, e) : RC_OK;

	return rc == RC_OK ? store_insert(s, c->id, id ? id : s->next_id++, ev, e) : rc;
}

struct indices {
	struct str drop, create; /* SQL */
};

static void indices_fini(struct indices *x)
{
	str_fini(&x->drop);
	str_fini(&x->create);
}
SCOPED_FINI(indices_fini, struct indices)

/* Those of our own making; their names are ours, the schema was compared when the file was
 * opened. */
static enum rc list_indices(struct sqlite_store *s, struct indices *ret, struct err *e)
{
	static const char sql[] = "SELECT name, sql FROM sqlite_schema "
				  "WHERE type = 'index' AND sql IS NOT NULL";
	scoped(sql_finalize) sqlite3_stmt *stmt = NULL;
	enum rc rc = RC_OK;
	int step = SQLITE_ROW;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return store_failed(s, "listing its indices", e);
	while (rc == RC_OK && step == SQLITE_ROW) {
		rc = sql_step(s, stmt, &step, "listing its indices", e);
		if (rc != RC_OK || step != SQLITE_ROW)
			break;
		str_addf(&ret->drop, "DROP INDEX %s;", (const char *)sqlite3_column_text(stmt, 0));
		str_addf(&ret->create, "%s;", (const char *)sqlite3_column_text(stmt, 1));
	}
	return rc;
}

static enum rc drop_indices(struct sqlite_store *s, struct indices *ret, struct err *e)
{
	enum rc rc = list_indices(s, ret, e);

	if (rc == RC_OK)
		rc = sql_exec(s, str_c(&ret->drop), "dropping its indices", e);
	if (rc == RC_OK)
		rc = sql_exec(s, "REINDEX word", "making its indices anew", e);
	return rc;
}

static enum rc rewrite_bare(struct sqlite_store *s, int64_t id, const struct event *ev,
	struct err *e)
{
	scoped(indices_fini) struct indices x = { STR_EMPTY, STR_EMPTY };
	enum rc rc = drop_indices(s, &x, e);

	if (rc == RC_OK)
		rc = rewrite(s, id, ev, e);
	return rc == RC_OK ? sql_exec(s, str_c(&x.create), "making its indices anew", e) : rc;
}

struct rows {
	int64_t *ids;
	size_t n, cap;
};

static void free_rows(struct rows *r)
{
	free(r->ids);
}
SCOPED_FINI(free_rows, struct rows)

/* As the index has them: what a row says of its own place may be what was changed. */
static enum rc list_rows(struct sqlite_store *s, int64_t chain, uint64_t from, struct rows *ret,
	struct err *e)
{
	scoped(sql_done) sqlite3_stmt *stmt = sql_get(s, SQL_IDS_FROM);
	enum rc rc;
	int step;

	sql_bind_int(stmt, 1, chain);
	sql_bind_int(stmt, 2, (int64_t)from);
	for (;;) {
		rc = sql_step(s, stmt, &step, "looking for damaged events", e);
		if (rc != RC_OK || step == SQLITE_DONE)
			return rc;
		must_grow(ret->ids, ret->n, ret->cap);
		ret->ids[ret->n++] = sqlite3_column_int64(stmt, 0);
	}
}

enum rc store_forget_bare(struct sqlite_store *s, const struct journal_head *from, struct err *e)
{
	const struct store_chain *c = store_chain_find(s, from->site, from->epoch);
	scoped(indices_fini) struct indices x = { STR_EMPTY, STR_EMPTY };
	scoped(free_rows) struct rows rows = { 0 };
	enum rc rc = c ? list_rows(s, c->id, from->seq, &rows, e) : RC_OK;

	if (rc == RC_OK)
		rc = drop_indices(s, &x, e);
	for (size_t i = 0; rc == RC_OK && i < rows.n; i++)
		rc = remove_row(s, rows.ids[i], e);
	return rc == RC_OK ? sql_exec(s, str_c(&x.create), "making its indices anew", e) : rc;
}

static enum rc try_once(struct sqlite_store *s, const struct event *ev,
	enum rc (*how)(struct sqlite_store *, int64_t, const struct event *, struct err *),
	struct err *e)
{
	const struct store_chain *c = store_chain_find(s, ev->site, ev->epoch);
	int64_t id = 0;
	enum rc rc = sql_run(s, sql_get(s, SQL_BEGIN), "beginning to write", e);

	if (rc == RC_OK)
		rc = find_row(s, c->id, ev->seq, &id, e);
	if (rc == RC_OK)
		rc = how(s, id, ev, e);
	if (rc == RC_OK)
		rc = check(s, ev, e);
	if (rc == RC_OK)
		rc = sql_run(s, sql_get(s, SQL_COMMIT), "committing", e);
	if (rc != RC_OK && !sqlite3_get_autocommit(s->db))
		(void)sql_run(s, sql_get(s, SQL_ROLLBACK), "rolling back", NULL);
	return rc;
}

enum rc store_mend(void *ctx, const struct event *ev, struct err *e)
{
	struct sqlite_store *s = ctx;
	enum rc rc;

	must(!s->is_searching);
	if (!store_chain_find(s, ev->site, ev->epoch))
		return store_corrupt(s, e, "the chain of event %lu of %s is lost",
			(unsigned long)ev->seq, ev->site);
	rc = try_once(s, ev, rewrite, e);
	return rc == RC_CORRUPT ? try_once(s, ev, rewrite_bare, e) : rc;
}
