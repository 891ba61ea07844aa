/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/store.h"

#include <string.h>

/* The chain that the last event of a batch went to, so that a batch looks its end up once. */
struct append {
	struct sqlite_store *s;
	const struct store_chain *chain; /* NULL: none yet */
	struct store_end end;
};

static enum rc refuse(const struct event *ev, const char *why, struct err *e)
{
	return err_set(e, RC_CORRUPT, "event %lu of %s's epoch %lu %s", (unsigned long)ev->seq,
		ev->site, (unsigned long)ev->epoch, why);
}

static enum rc check_same(struct append *a, const struct event *ev, struct err *e)
{
	sqlite3_stmt *stmt = sql_get(a->s, SQL_HASH_AT);
	struct sha256 held = { 0 };
	enum rc rc;
	int step;

	sql_bind_int(stmt, 1, a->chain->id);
	sql_bind_int(stmt, 2, (int64_t)ev->seq);
	rc = sql_step(a->s, stmt, &step, "looking for an event", e);
	if (rc == RC_OK && (step != SQLITE_ROW || !sql_blob(stmt, 0, &held, sizeof held)))
		rc = store_corrupt(a->s, e, "event %lu of %s is lost", (unsigned long)ev->seq,
			ev->site);
	sql_done(stmt);
	if (rc == RC_OK && !sha256_eq(&held, &ev->hash))
		rc = refuse(ev, "is there already, and is another", e);
	return rc;
}

static enum rc add_word(struct sqlite_store *s, const char *text, int64_t *ret, struct err *e)
{
	sqlite3_stmt *stmt = sql_get(s, SQL_ADD_WORD);
	enum rc rc;

	sql_bind_text(stmt, 1, text);
	rc = sql_run(s, stmt, "adding a word", e);
	*ret = sqlite3_last_insert_rowid(s->db);
	return rc;
}

static enum rc word(struct sqlite_store *s, const char *text, int64_t *ret, struct err *e)
{
	enum rc rc = store_find_word(s, text, ret, e);

	return rc == RC_OK && *ret == 0 ? add_word(s, text, ret, e) : rc;
}

enum rc store_insert(struct sqlite_store *s, int64_t chain, int64_t id, const struct event *ev,
	struct err *e)
{
	sqlite3_stmt *stmt;
	int64_t kind, subject;
	enum rc rc = word(s, ev->kind, &kind, e);

	if (rc == RC_OK)
		rc = word(s, ev->subject, &subject, e);
	if (rc != RC_OK)
		return rc;
	stmt = sql_get(s, SQL_ADD_EVENT);
	sql_bind_int(stmt, 1, id);
	sql_bind_int(stmt, 2, chain);
	sql_bind_int(stmt, 3, (int64_t)ev->seq);
	sql_bind_int(stmt, 4, (int64_t)ev->hlc);
	sql_bind_int(stmt, 5, ev->wall.ms);
	sql_bind_int(stmt, 6, kind);
	sql_bind_int(stmt, 7, subject);
	sql_bind_text(stmt, 8, ev->body);
	sql_bind_blob(stmt, 9, &ev->hash, sizeof ev->hash);
	sql_bind_blob(stmt, 10, ev->signature, sizeof ev->signature);
	return sql_run(s, stmt, "adding an event", e);
}

static enum rc turn_to(struct append *a, const struct event *ev, struct err *e)
{
	if (a->chain && a->chain->epoch == ev->epoch && strcmp(a->chain->site, ev->site) == 0)
		return RC_OK;
	a->chain = store_chain_find(a->s, ev->site, ev->epoch);
	a->end = (struct store_end){ 0 };
	return a->chain ? store_end_of(a->s, a->chain, &a->end, e) : RC_OK;
}

static enum rc append(struct append *a, const struct event *ev, struct err *e)
{
	struct store_chain *begun;
	enum rc rc = turn_to(a, ev, e);

	if (rc != RC_OK)
		return rc;
	if (ev->seq == 0 || ev->seq > a->end.seq + 1)
		return refuse(ev, "would leave a hole", e);
	if (ev->seq <= a->end.seq)
		return check_same(a, ev, e);
	if (a->end.seq > 0 && (!sha256_eq(&a->end.hash, &ev->previous) || ev->hlc <= a->end.hlc))
		return refuse(ev, "doesn't follow the one before", e);
	if (ev->seq == 1) {
		rc = store_chain_begin(a->s, ev, &begun, e);
		if (rc != RC_OK)
			return rc;
		a->chain = begun;
	}
	rc = store_insert(a->s, a->chain->id, a->s->next_id, ev, e);
	a->s->next_id += rc == RC_OK;
	a->end = (struct store_end){ .seq = ev->seq, .hlc = ev->hlc, .hash = ev->hash };
	return rc;
}

static enum rc forget(struct sqlite_store *s, const struct journal_head *from, struct err *e)
{
	const struct store_chain *c = store_chain_find(s, from->site, from->epoch);
	sqlite3_stmt *stmt = sql_get(s, SQL_FORGET);

	if (!c)
		return RC_OK;
	sql_bind_int(stmt, 1, c->id);
	sql_bind_int(stmt, 2, (int64_t)from->seq);
	return sql_run(s, stmt, "forgetting events", e);
}

/* SQLite has already rolled back after some errors, a full disk among them. */
static void roll_back(struct sqlite_store *s, size_t n_chains, int64_t next_id)
{
	if (!sqlite3_get_autocommit(s->db))
		(void)sql_run(s, sql_get(s, SQL_ROLLBACK), "rolling back", NULL);
	s->n_chains = n_chains;
	s->next_id = next_id;
	store_chains_rank(s);
}

/* What is put in the place of what; `from` NULL: nothing is forgotten. */
struct change {
	const struct journal_head *from;
	const struct event *events;
	size_t n;
	enum rc (*forget)(struct sqlite_store *s, const struct journal_head *from, struct err *e);
};

static enum rc write_all(struct sqlite_store *s, const struct change *c, struct err *e)
{
	struct append a = { .s = s };
	enum rc rc = c->from ? c->forget(s, c->from, e) : RC_OK;

	for (size_t i = 0; rc == RC_OK && i < c->n; i++)
		rc = append(&a, &c->events[i], e);
	return rc == RC_OK ? sql_run(s, sql_get(s, SQL_COMMIT), "committing", e) : rc;
}

/* In a transaction, or not at all. */
static enum rc carry_out(struct sqlite_store *s, const struct change *c, struct err *e)
{
	struct store_chain *cut =
		c->from ? store_chain_find(s, c->from->site, c->from->epoch) : NULL;
	struct store_chain before = cut ? *cut : (struct store_chain){ 0 };
	size_t n_chains = s->n_chains;
	int64_t next_id = s->next_id;
	enum rc rc = sql_run(s, sql_get(s, SQL_BEGIN), "beginning to write", e);

	if (rc == RC_OK)
		rc = write_all(s, c, e);
	if (rc == RC_OK)
		return RC_OK;
	roll_back(s, n_chains, next_id);
	cut = cut ? store_chain_by_id(s, before.id) : NULL; /* the array may have moved */
	if (cut)
		cut->previous = before.previous;
	return rc;
}

enum rc store_replace(void *ctx, const struct journal_head *from, const struct event *events,
	size_t n, struct err *e)
{
	struct sqlite_store *s = ctx;
	struct change c = { from, events, n, forget };
	enum rc rc;

	must(!s->is_searching);
	rc = carry_out(s, &c, e);
	c.forget = store_forget_bare;
	return rc == RC_CORRUPT && from ? carry_out(s, &c, e) : rc;
}

enum rc store_put(void *ctx, const struct event *events, size_t n, struct err *e)
{
	return store_replace(ctx, NULL, events, n, e);
}

static enum rc write_note(struct sqlite_store *s, const char *name, int64_t value, struct err *e)
{
	sqlite3_stmt *stmt = sql_get(s, SQL_NOTE);

	sql_bind_text(stmt, 1, name);
	sql_bind_int(stmt, 2, value);
	return sql_run(s, stmt, "writing a note", e);
}

/* With synchronous=NORMAL a commit isn't fsynced; the next put's fsync covers it. */
enum rc store_note(void *ctx, const char *name, int64_t value, struct err *e)
{
	struct sqlite_store *s = ctx;
	enum rc rc = sql_exec(s, "PRAGMA synchronous = NORMAL", "noting", e), again;

	if (rc == RC_OK)
		rc = write_note(s, name, value, e);
	again = sql_exec(s, "PRAGMA synchronous = FULL", "noting", rc == RC_OK ? e : NULL);
	return rc == RC_OK ? again : rc;
}
