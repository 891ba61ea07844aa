/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/store.h"

#include <string.h>

enum rc store_find_word(struct sqlite_store *s, const char *text, int64_t *ret, struct err *e)
{
	sqlite3_stmt *stmt = sql_get(s, SQL_FIND_WORD);
	enum rc rc;
	int step;

	sql_bind_text(stmt, 1, text);
	rc = sql_step(s, stmt, &step, "looking for a word", e);
	if (rc == RC_OK)
		*ret = step == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
	sql_done(stmt);
	return rc;
}

enum rc store_end_of(struct sqlite_store *s, const struct store_chain *c, struct store_end *ret,
	struct err *e)
{
	sqlite3_stmt *stmt = sql_get(s, SQL_HEAD);
	struct store_end end = { 0 };
	enum rc rc;
	int step;

	sql_bind_int(stmt, 1, c->id);
	rc = sql_step(s, stmt, &step, "looking for a chain's head", e);
	if (rc == RC_OK && step == SQLITE_ROW) {
		end.seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		end.hlc = (uint64_t)sqlite3_column_int64(stmt, 2);
		(void)sql_blob(stmt, 1, &end.hash, sizeof end.hash); /* if not, nothing fits it */
	}
	sql_done(stmt);
	if (rc == RC_OK)
		*ret = end;
	return rc;
}

/* Columns are numbered as in EVENT_COLUMNS. */
enum rc store_row(struct sqlite_store *s, sqlite3_stmt *stmt, struct event *ret, struct err *e)
{
	const struct store_chain *c = store_chain_by_id(s, sqlite3_column_int64(stmt, 1));
	bool is_linked;

	*ret = (struct event){
		.seq = (uint64_t)sqlite3_column_int64(stmt, 2),
		.hlc = (uint64_t)sqlite3_column_int64(stmt, 3),
		.wall = { sqlite3_column_int64(stmt, 4) },
		.kind = (const char *)sqlite3_column_text(stmt, 5),
		.subject = (const char *)sqlite3_column_text(stmt, 6),
		.body = (const char *)sqlite3_column_text(stmt, 7),
	};
	if (!c || !ret->kind || !ret->subject || !ret->body ||
		!sql_blob(stmt, 8, &ret->hash, sizeof ret->hash) ||
		!sql_blob(stmt, 9, ret->signature, sizeof ret->signature))
		return store_corrupt(s, e, "row %ld of table event is malformed",
			(long)sqlite3_column_int64(stmt, 0));
	ret->site = c->site;
	ret->epoch = c->epoch;
	is_linked = sql_blob(stmt, 10, &ret->previous, sizeof ret->previous);
	if (ret->seq == 1)
		ret->previous = c->previous;
	else if (!is_linked)
		return store_corrupt(s, e, "event %lu of %s's epoch %lu is lost",
			(unsigned long)ret->seq - 1, c->site, (unsigned long)c->epoch);
	return RC_OK;
}

static void free_heads(struct journal_head *heads)
{
	free(heads);
}
SCOPED_BY(free_heads, struct journal_head *)

enum rc store_heads(void *ctx, struct journal_head **ret, size_t *ret_n, struct err *e)
{
	struct sqlite_store *s = ctx;
	scoped(free_heads) struct journal_head *all = must_alloc((s->n_chains + 1) * sizeof *all);
	size_t n = 0;

	for (size_t i = 0; i < s->n_chains; i++) {
		const struct store_chain *c = &s->chains[i];
		struct store_end end;
		enum rc rc = store_end_of(s, c, &end, e);

		if (rc != RC_OK)
			return rc;
		if (end.seq == 0)
			continue;
		all[n] = (struct journal_head){ .epoch = c->epoch,
			.seq = end.seq,
			.hash = end.hash };
		memcpy(all[n++].site, c->site, sizeof c->site);
	}
	*ret = TAKE(all);
	*ret_n = n;
	return RC_OK;
}

/* Events copied from rows; the array moves to the arena when it is complete. */
struct collection {
	struct event *v;
	size_t n, cap;
	struct arena *arena; /* of its texts */
};

static void free_collection(struct collection *c)
{
	free(c->v);
}
SCOPED_FINI(free_collection, struct collection)

static bool collect(struct collection *to, const struct event *ev)
{
	struct arena *a = to->arena;
	struct event copy = *ev;

	copy.site = arena_strdup(a, ev->site);
	copy.kind = arena_strdup(a, ev->kind);
	copy.subject = arena_strdup(a, ev->subject);
	copy.body = arena_strdup(a, ev->body);
	if (!copy.site || !copy.kind || !copy.subject || !copy.body)
		return false;
	must_grow(to->v, to->n, to->cap);
	to->v[to->n++] = copy;
	return true;
}

/* The rows of a statement, at most `most`. */
static enum rc collect_rows(struct sqlite_store *s, sqlite3_stmt *stmt, size_t most,
	struct collection *to, struct err *e)
{
	while (to->n < most) {
		struct event ev;
		int step;
		enum rc rc = sql_step(s, stmt, &step, "reading a chain", e);

		if (rc != RC_OK || step == SQLITE_DONE)
			return rc;
		rc = store_row(s, stmt, &ev, e);
		if (rc != RC_OK)
			return rc;
		if (!collect(to, &ev))
			return err_set(e, RC_LIMIT, "events exceed the memory set aside for them");
	}
	return RC_OK;
}

enum rc store_range(void *ctx, const struct journal_span *span, struct arena *a,
	struct event_batch *ret, struct err *e)
{
	struct sqlite_store *s = ctx;
	const struct store_chain *c = store_chain_find(s, span->site, span->epoch);
	scoped(sql_done) sqlite3_stmt *stmt = sql_get(s, SQL_RANGE);
	scoped(free_collection) struct collection all = { .arena = a };
	struct event *events;
	enum rc rc = RC_OK;

	sql_bind_int(stmt, 1, c ? c->id : 0);
	sql_bind_int(stmt, 2, (int64_t)span->seq);
	if (c)
		rc = collect_rows(s, stmt, span->most, &all, e);
	if (rc != RC_OK)
		return rc;
	events = arena_alloc(a, all.n * sizeof *events);
	if (!events)
		return err_set(e, RC_LIMIT, "events exceed the memory set aside for them");
	if (all.n)
		memcpy(events, all.v, all.n * sizeof *events);
	*ret = (struct event_batch){ events, all.n };
	return RC_OK;
}

int64_t store_noted(void *ctx, const char *name, int64_t otherwise)
{
	struct sqlite_store *s = ctx;
	sqlite3_stmt *stmt = sql_get(s, SQL_NOTED);
	int64_t value = otherwise;

	sql_bind_text(stmt, 1, name);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sql_done(stmt);
	return value;
}
