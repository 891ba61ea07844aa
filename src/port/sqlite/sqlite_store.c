/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/store.h"

#include "port/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS    2000               /* how long a user's sqlite3(1) may hold us up */
#define LENGTH_MAX (16 * 1024 * 1024) /* of one value in the file; ours are far smaller */

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}
SCOPED_BY(close_fd, int)

/*
 * Made by us, so that the file and the -wal and -shm that SQLite models on it are ours alone; and
 * locked, so that two daemons never write one chain.  flock(2) and the fcntl(2) locks of SQLite
 * don't see each other, but closing any descriptor of a file drops the latter: this one is closed
 * last.
 */
static enum rc lock_file(struct sqlite_store *s, struct err *e)
{
	struct stat st;

	s->lock_fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (s->lock_fd < 0 || fstat(s->lock_fd, &st) < 0)
		return err_errno(e, errno == ENOSPC ? RC_FULL : RC_IO, errno,
			"opening the journal %s", s->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, RC_CONFLICT, "%s is not a regular file", s->path);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, RC_CONFLICT, "%s is in use: another diarchy serves this journal",
			s->path);
	return st.st_size == 0 ? file_sync_folder(s->path, e) : RC_OK;
}

/* What a hostile file could have SQLite run is off; memory is bounded. */
static enum rc configure(struct sqlite_store *s, struct err *e)
{
	static const int flags[][2] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	};

	for (size_t i = 0; i < COUNT(flags); i++)
		sqlite3_db_config(s->db, flags[i][0], flags[i][1], NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	return sql_exec(s,
		"PRAGMA synchronous = FULL; PRAGMA cache_size = -1024; PRAGMA mmap_size = 0;"
		"PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 4194304;",
		"reading it", e);
}

static enum rc open_db(struct sqlite_store *s, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return s->db ? store_failed(s, "opening", e)
			     : err_set(e, RC_LIMIT, "%s: no memory to open it", s->path);
	return configure(s, e);
}

/* After it is known to be ours: this writes to the file. */
static enum rc use_wal(struct sqlite_store *s, struct err *e)
{
	scoped(sql_finalize) sqlite3_stmt *stmt = NULL;
	const char *mode;

	if (sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL) != SQLITE_OK ||
		sqlite3_step(stmt) != SQLITE_ROW)
		return store_failed(s, "turning on its write-ahead log", e);
	mode = (const char *)sqlite3_column_text(stmt, 0);
	if (!mode || sqlite3_stricmp(mode, "wal") != 0)
		return err_set(e, RC_IO, "%s: its file system allows no write-ahead log", s->path);
	return RC_OK;
}

static enum rc prepare_file(struct sqlite_store *s, struct err *e)
{
	enum rc rc = store_identify(s, e);

	if (rc == RC_OK)
		rc = use_wal(s, e);
	return rc == RC_OK ? store_migrate(s, e) : rc;
}

static enum rc load(struct sqlite_store *s, struct err *e)
{
	enum rc rc = store_check_schema(s, e);

	if (rc == RC_OK)
		rc = store_check_pages(s, e);
	if (rc == RC_OK)
		rc = store_chains_register(s, e);
	if (rc == RC_OK)
		rc = sql_prepare_all(s, e);
	if (rc == RC_OK)
		rc = store_chains_load(s, e);
	if (rc == RC_OK)
		rc = sql_number(s, "SELECT ifnull(max(id), 0) + 1 FROM event", &s->next_id, e);
	return rc;
}

static struct sqlite_store *new_store(const char *path)
{
	struct sqlite_store *s = must_alloc(sizeof *s);

	s->path = must_strdup(path);
	s->lock_fd = -1;
	s->port = (struct journal_store){ .ctx = s,
		.put = store_put,
		.replace = store_replace,
		.mend = store_mend,
		.heads = store_heads,
		.range = store_range,
		.query = store_query,
		.order = store_order,
		.note = store_note,
		.noted = store_noted };
	return s;
}

enum rc sqlite_store_open(struct sqlite_store **ret, const char *path, struct err *e)
{
	scoped(sqlite_store_close) struct sqlite_store *s = new_store(path);
	enum rc rc = lock_file(s, e);

	if (rc == RC_OK)
		rc = open_db(s, e);
	if (rc == RC_OK)
		rc = prepare_file(s, e);
	if (rc == RC_OK)
		rc = load(s, e);
	if (rc == RC_OK)
		*ret = TAKE(s);
	return rc;
}

void sqlite_store_close(struct sqlite_store *s)
{
	if (!s)
		return;
	sql_finalize_all(s);
	sqlite3_close(s->db);
	close_fd(s->lock_fd);
	for (size_t i = 0; i < s->n_order; i++)
		free(s->order[i]);
	free(s->order);
	free(s->chains);
	free(s->path);
	free(s);
}

const struct journal_store *sqlite_store_port(const struct sqlite_store *s)
{
	return &s->port;
}

enum rc sqlite_store_limit_pages(struct sqlite_store *s, uint32_t pages, struct err *e)
{
	char sql[64];
	int64_t limit;

	snprintf(sql, sizeof sql, "PRAGMA max_page_count = %u", pages);
	return sql_number(s, sql, &limit, e);
}
