/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/store.h"

#include <errno.h>
#include <string.h>

static const char *const texts[] = {
#define STATEMENT(symbol, sql) [SQL_##symbol] = sql,
#include "port/sqlite/statements.def"
#undef STATEMENT
};
_Static_assert(COUNT(texts) == SQL_STATEMENTS, "every statement has a text");

/* What SQLite's primary result codes mean to the journal. */
static const struct {
	int code;
	enum rc rc;
} meanings[] = {
	{ SQLITE_FULL, RC_FULL },
	{ SQLITE_CORRUPT, RC_CORRUPT },
	{ SQLITE_NOTADB, RC_CORRUPT },
	{ SQLITE_FORMAT, RC_CORRUPT },
	{ SQLITE_MISMATCH, RC_CORRUPT },
	{ SQLITE_CONSTRAINT, RC_CORRUPT }, /* we checked, so an index disagrees with its table */
	{ SQLITE_TOOBIG, RC_CORRUPT },     /* nothing that we write is */
	{ SQLITE_ERROR, RC_CORRUPT },      /* our SQL is right, so the schema isn't */
	{ SQLITE_NOMEM, RC_LIMIT },
	{ SQLITE_READONLY, RC_REFUSED },
};

static enum rc meaning(sqlite3 *db)
{
	int code = sqlite3_extended_errcode(db);
	int number = sqlite3_system_errno(db);

	if ((code & 0xff) == SQLITE_IOERR &&
		(number == ENOSPC || number == EDQUOT || number == EFBIG))
		return RC_FULL;
	for (size_t i = 0; i < COUNT(meanings); i++)
		if ((code & 0xff) == meanings[i].code)
			return meanings[i].rc;
	return RC_IO;
}

#define REMEDY \
	"move it aside, with its -wal and -shm, and start again: the peer gives the history back"

enum rc store_failed(struct sqlite_store *s, const char *what, struct err *e)
{
	enum rc rc = meaning(s->db);
	int code = sqlite3_extended_errcode(s->db), number = sqlite3_system_errno(s->db);

	if (rc == RC_CORRUPT)
		return store_corrupt(s, e, "%s: %s", what, sqlite3_errmsg(s->db));
	if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN)
		return err_set(e, rc, "%s: %s: %s (%s)", s->path, what, sqlite3_errmsg(s->db),
			strerror(number));
	return err_set(e, rc, "%s: %s: %s", s->path, what, sqlite3_errmsg(s->db));
}

enum rc store_corrupt(struct sqlite_store *s, struct err *e, const char *fmt, ...)
{
	char what[ERR_TEXT_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return err_set(e, RC_CORRUPT, "%s is damaged: %s: " REMEDY, s->path, what);
}

enum rc sql_prepare_all(struct sqlite_store *s, struct err *e)
{
	for (size_t i = 0; i < SQL_STATEMENTS; i++)
		if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &s->statements[i], NULL) != SQLITE_OK)
			return store_failed(s, "preparing a statement", e);
	return RC_OK;
}

void sql_finalize_all(struct sqlite_store *s)
{
	for (size_t i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
}

sqlite3_stmt *sql_get(struct sqlite_store *s, enum statement which)
{
	must(!sqlite3_stmt_busy(s->statements[which]));
	return s->statements[which];
}

void sql_done(sqlite3_stmt *stmt)
{
	if (!stmt)
		return;
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

static bool has_parameter(sqlite3_stmt *stmt, int index)
{
	return index <= sqlite3_bind_parameter_count(stmt);
}

/* Binding fails only on a bad index or on a text beyond SQLITE_LIMIT_LENGTH, which no event
 * holds. */
static void must_bind(int code)
{
	must(code == SQLITE_OK);
}

void sql_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
	if (text && has_parameter(stmt, index))
		must_bind(sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC));
}

void sql_bind_int(sqlite3_stmt *stmt, int index, int64_t value)
{
	if (has_parameter(stmt, index))
		must_bind(sqlite3_bind_int64(stmt, index, value));
}

void sql_bind_blob(sqlite3_stmt *stmt, int index, const void *bytes, size_t n)
{
	if (has_parameter(stmt, index))
		must_bind(sqlite3_bind_blob64(stmt, index, bytes, n, SQLITE_STATIC));
}

enum rc sql_step(struct sqlite_store *s, sqlite3_stmt *stmt, int *ret_step, const char *what,
	struct err *e)
{
	int step = sqlite3_step(stmt);

	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_failed(s, what, e);
	*ret_step = step;
	return RC_OK;
}

enum rc sql_run(struct sqlite_store *s, sqlite3_stmt *stmt, const char *what, struct err *e)
{
	int step;
	enum rc rc = sql_step(s, stmt, &step, what, e);

	sql_done(stmt);
	return rc;
}

bool sql_blob(sqlite3_stmt *stmt, int column, void *ret, size_t n)
{
	const void *bytes = sqlite3_column_blob(stmt, column);

	if (!bytes || (size_t)sqlite3_column_bytes(stmt, column) != n)
		return false;
	memcpy(ret, bytes, n);
	return true;
}

enum rc sql_number(struct sqlite_store *s, const char *sql, int64_t *ret, struct err *e)
{
	scoped(sql_finalize) sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK ||
		sqlite3_step(stmt) != SQLITE_ROW)
		return store_failed(s, sql, e);
	*ret = sqlite3_column_int64(stmt, 0);
	return RC_OK;
}

enum rc sql_exec(struct sqlite_store *s, const char *sql, const char *what, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_failed(s, what, e);
	return RC_OK;
}
