/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/store.h"

#include "base/str.h"

#include <time.h>

#define APPLICATION_ID 0x44696172 /* "Diar" */
#define PAGE_WORDS     1000       /* virtual machine steps between two looks at the clock */

static const char *const migrations[] = {
#define MIGRATION(sql) sql,
#include "port/sqlite/migrations.def"
#undef MIGRATION
};

enum rc store_identify(struct sqlite_store *s, bool *ret_is_new, struct err *e)
{
	int64_t application, version, tables;
	enum rc rc = sql_number(s, "PRAGMA application_id", &application, e);

	if (rc == RC_OK)
		rc = sql_number(s, "PRAGMA user_version", &version, e);
	if (rc == RC_OK)
		rc = sql_number(s, "SELECT count(*) FROM sqlite_schema", &tables, e);
	if (rc != RC_OK)
		return rc;
	*ret_is_new = application == 0 && version == 0 && tables == 0;
	if (*ret_is_new)
		return RC_OK;
	if (application != APPLICATION_ID)
		return err_set(e, RC_CONFLICT,
			"%s is an SQLite file of another program (application id 0x%08x): name another "
			"file for the journal",
			s->path, (unsigned)application);
	if (version > (int64_t)COUNT(migrations))
		return err_set(e, RC_UNSUPPORTED,
			"%s was written by a newer Diarchy (schema %d; this one knows up to %zu): run "
			"that one, or move the file aside: the peer gives the history back",
			s->path, (int)version, COUNT(migrations));
	if (version < 1)
		return store_corrupt(s, e, "it has no schema version");
	return RC_OK;
}

static enum rc migrate_to(struct sqlite_store *s, size_t version, struct err *e)
{
	char stamp[96];
	enum rc rc;

	snprintf(stamp, sizeof stamp, "PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT",
		APPLICATION_ID, version);
	rc = sql_exec(s, "BEGIN IMMEDIATE", e);
	if (rc == RC_OK)
		rc = sql_exec(s, migrations[version - 1], e);
	if (rc == RC_OK)
		rc = sql_exec(s, stamp, e);
	if (rc != RC_OK && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

enum rc store_migrate(struct sqlite_store *s, struct err *e)
{
	int64_t version;
	enum rc rc = sql_number(s, "PRAGMA user_version", &version, e);

	for (size_t next = (size_t)version + 1; rc == RC_OK && next <= COUNT(migrations); next++)
		rc = migrate_to(s, next, e);
	return rc;
}

static void close_db(sqlite3 *db)
{
	sqlite3_close(db);
}
SCOPED_BY(close_db, sqlite3 *)

static void finalize(sqlite3_stmt *stmt)
{
	sqlite3_finalize(stmt);
}
SCOPED_BY(finalize, sqlite3_stmt *)

/* What ANALYZE leaves behind is a user's business. */
static const char listing[] = "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || ifnull(sql, '') "
			      "FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1";

static bool same_listing(sqlite3_stmt *a, sqlite3_stmt *b)
{
	for (;;) {
		int step = sqlite3_step(a);
		const char *one, *other;

		if (step != sqlite3_step(b) || (step != SQLITE_ROW && step != SQLITE_DONE))
			return false;
		if (step == SQLITE_DONE)
			return true;
		one = (const char *)sqlite3_column_text(a, 0);
		other = (const char *)sqlite3_column_text(b, 0);
		if (!one || !other || !str_eq(one, other))
			return false;
	}
}

/* A file that somebody made may carry triggers, views and column definitions of theirs under our
 * application id: what it holds must be exactly what our migrations make. */
enum rc store_check_schema(struct sqlite_store *s, struct err *e)
{
	scoped(close_db) sqlite3 *model = NULL;
	scoped(finalize) sqlite3_stmt *ours = NULL;
	scoped(finalize) sqlite3_stmt *theirs = NULL;
	int code = sqlite3_open_v2(":memory:", &model,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < COUNT(migrations); i++)
		code = sqlite3_exec(model, migrations[i], NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(model, listing, -1, &ours, NULL);
	if (code != SQLITE_OK)
		return err_set(e, RC_INTERNAL, "the journal's own schema: %s", sqlite3_errstr(code));
	if (sqlite3_prepare_v2(s->db, listing, -1, &theirs, NULL) != SQLITE_OK)
		return store_failed(s, "reading the schema", e);
	if (!same_listing(ours, theirs))
		return store_corrupt(s, e, "its tables are not those of a journal");
	return RC_OK;
}

static int64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int is_over(void *deadline_ms)
{
	return monotonic_ms() >= *(int64_t *)deadline_ms;
}

/* Being interrupted by the deadline is no error: what was looked at is sound. */
static enum rc run_check(struct sqlite_store *s, const char *sql, struct err *e)
{
	scoped(finalize) sqlite3_stmt *stmt = NULL;
	const char *verdict;
	int step = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

	if (step == SQLITE_OK)
		step = sqlite3_step(stmt);
	if (step == SQLITE_INTERRUPT)
		return RC_OK;
	if (step != SQLITE_ROW)
		return store_failed(s, "checking its structure", e);
	verdict = (const char *)sqlite3_column_text(stmt, 0);
	if (!verdict || !str_eq(verdict, "ok"))
		return store_corrupt(s, e, "%s", verdict ? verdict : "no verdict");
	return RC_OK;
}

enum rc store_check_pages(struct sqlite_store *s, int64_t most_ms, struct err *e)
{
	int64_t deadline_ms = monotonic_ms() + most_ms;
	enum rc rc;

	if (most_ms == 0)
		return run_check(s, "PRAGMA integrity_check(1)", e);
	sqlite3_progress_handler(s->db, PAGE_WORDS, is_over, &deadline_ms);
	rc = run_check(s, "PRAGMA quick_check(1)", e);
	sqlite3_progress_handler(s->db, 0, NULL, NULL);
	return rc;
}
