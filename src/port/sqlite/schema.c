/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/store.h"

#include "base/str.h"

#define APPLICATION_ID  0x44696172                  /* "Diar" */
#define CHECK_BYTES_MAX ((int64_t)64 * 1024 * 1024) /* some tenths of a second */

static const char *const migrations[] = {
#define MIGRATION(sql) sql,
#include "port/sqlite/migrations.def"
#undef MIGRATION
};

enum rc store_identify(struct sqlite_store *s, struct err *e)
{
	int64_t application, version, tables;
	enum rc rc = sql_number(s, "PRAGMA application_id", &application, e);

	if (rc == RC_OK)
		rc = sql_number(s, "PRAGMA user_version", &version, e);
	if (rc == RC_OK)
		rc = sql_number(s, "SELECT count(*) FROM sqlite_schema", &tables, e);
	if (rc != RC_OK)
		return rc;
	if (application == 0 && version == 0 && tables == 0)
		return RC_OK; /* it is new */
	if (application != APPLICATION_ID)
		return err_set(e, RC_CONFLICT,
			"%s is an SQLite file of another program (application id 0x%08x): name "
			"another file for the journal",
			s->path, (unsigned)application);
	if (version > (int64_t)COUNT(migrations))
		return err_set(e, RC_UNSUPPORTED,
			"%s was written by a newer Diarchy (schema %d; this one knows up to %zu): "
			"run that one, or move the file aside: the peer gives the history back",
			s->path, (int)version, COUNT(migrations));
	if (version < 1)
		return store_corrupt(s, e, "it has no schema version");
	return RC_OK;
}

static enum rc migrate_to(struct sqlite_store *s, size_t version, struct err *e)
{
	char stamp[96];
	enum rc rc;

	snprintf(stamp, sizeof stamp,
		"PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT", APPLICATION_ID,
		version);
	rc = sql_exec(s, "BEGIN IMMEDIATE", "migrating", e);
	if (rc == RC_OK)
		rc = sql_exec(s, migrations[version - 1], "migrating", e);
	if (rc == RC_OK)
		rc = sql_exec(s, stamp, "migrating", e);
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

/* What ANALYZE leaves behind is a user's business. */
static const char listing[] =
	"SELECT type || ' ' || name || ' ' || tbl_name || ' ' || ifnull(sql, '') "
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
	scoped(sql_finalize) sqlite3_stmt *ours = NULL;
	scoped(sql_finalize) sqlite3_stmt *theirs = NULL;
	int code = sqlite3_open_v2(":memory:", &model,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < COUNT(migrations); i++)
		code = sqlite3_exec(model, migrations[i], NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(model, listing, -1, &ours, NULL);
	if (code != SQLITE_OK)
		return err_set(e, RC_INTERNAL, "the journal's own schema: %s",
			sqlite3_errstr(code));
	if (sqlite3_prepare_v2(s->db, listing, -1, &theirs, NULL) != SQLITE_OK)
		return store_failed(s, "reading the schema", e);
	if (!same_listing(ours, theirs))
		return store_corrupt(s, e, "its tables are not those of a journal");
	return RC_OK;
}

static enum rc run_check(struct sqlite_store *s, const char *sql, struct err *e)
{
	scoped(sql_finalize) sqlite3_stmt *stmt = NULL;
	const char *verdict;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK ||
		sqlite3_step(stmt) != SQLITE_ROW)
		return store_failed(s, "checking its structure", e);
	verdict = (const char *)sqlite3_column_text(stmt, 0);
	if (!verdict || !str_eq(verdict, "ok"))
		return store_corrupt(s, e, "%s", verdict ? verdict : "no verdict");
	return RC_OK;
}

/* quick_check reads every page and can't be interrupted, so a large file gets it for its small
 * tables only. */
enum rc store_check_pages(struct sqlite_store *s, struct err *e)
{
	static const char *const small[] = { "PRAGMA quick_check(chain)",
		"PRAGMA quick_check(word)", "PRAGMA quick_check(note)" };
	int64_t pages, page_bytes;
	enum rc rc = sql_number(s, "PRAGMA page_count", &pages, e);

	if (rc == RC_OK)
		rc = sql_number(s, "PRAGMA page_size", &page_bytes, e);
	if (rc == RC_OK && pages <= CHECK_BYTES_MAX / page_bytes)
		return run_check(s, "PRAGMA quick_check(1)", e);
	for (size_t i = 0; rc == RC_OK && i < COUNT(small); i++)
		rc = run_check(s, small[i], e);
	return rc;
}

enum rc store_check_all_pages(struct sqlite_store *s, struct err *e)
{
	return run_check(s, "PRAGMA integrity_check(1)", e);
}
