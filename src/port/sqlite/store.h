/* SPDX-License-Identifier: Apache-2.0 */
/* store: what the files of this folder share.  A kept statement is bound, stepped and then reset
 * with sql_done(); it is never left stepping while another function runs. */
#ifndef PORT_SQLITE_STORE_H
#define PORT_SQLITE_STORE_H

#include "base/limits.h"
#include "port/sqlite/sqlite_store.h"

#include <sqlite3.h>

enum statement {
#define STATEMENT(symbol, sql) SQL_##symbol,
#include "port/sqlite/statements.def"
#undef STATEMENT
	SQL_STATEMENTS,
};

#define STORE_CHAINS_MAX (2 * JOURNAL_CHAINS_MAX) /* those of others, and our own */
struct store_chain {
	int64_t id;
	char site[NAME_BYTES_MAX + 1];
	uint64_t epoch;
	struct sha256 previous; /* of its first event */
	int64_t rank;           /* among all chains; decides between equal stamps */
};

struct sqlite_store {
	struct journal_store port;
	char *path;
	int lock_fd; /* flock()ed: one process writes; -1 until it is */
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_STATEMENTS];
	struct store_chain *chains; /* by id */
	size_t n_chains, cap_chains;
	char **order; /* sites, as journal_store.order gave them */
	size_t n_order;
	bool is_searching; /* the store may not be called meanwhile */
	int64_t next_id;   /* of events; an id is not used twice while we run */
};

/* The error that SQLite just reported, with the file's name and, when it is damaged, the remedy. */
enum rc store_failed(struct sqlite_store *s, const char *what, struct err *e);
/* An error of our own finding: RC_CORRUPT, place, remedy. */
enum rc store_corrupt(struct sqlite_store *s, struct err *e, const char *fmt, ...) PRINTF(3, 4);

/* statement.c */
enum rc sql_prepare_all(struct sqlite_store *s, struct err *e);
void sql_finalize_all(struct sqlite_store *s);
/* A kept statement, unbound. */
sqlite3_stmt *sql_get(struct sqlite_store *s, enum statement which);
void sql_done(sqlite3_stmt *stmt);
SCOPED_BY(sql_done, sqlite3_stmt *)
/* NULL, or parameters that the statement doesn't have, are fine. */
void sql_bind_text(sqlite3_stmt *stmt, int index, const char *text);
void sql_bind_int(sqlite3_stmt *stmt, int index, int64_t value);
void sql_bind_blob(sqlite3_stmt *stmt, int index, const void *bytes, size_t n);
/* One that yields no rows, to its end. */
enum rc sql_run(struct sqlite_store *s, sqlite3_stmt *stmt, const char *what, struct err *e);
/* SQLITE_ROW or SQLITE_DONE in *ret_step; everything else is an error. */
enum rc sql_step(struct sqlite_store *s, sqlite3_stmt *stmt, int *ret_step, const char *what,
	struct err *e);
/* A column that must be a blob of exactly `n` bytes. */
bool sql_blob(sqlite3_stmt *stmt, int column, void *ret, size_t n);
static inline void sql_finalize(sqlite3_stmt *stmt)
{
	sqlite3_finalize(stmt);
}
SCOPED_BY(sql_finalize, sqlite3_stmt *)

/* SQL that isn't kept: the first number of its first row; all of it. */
enum rc sql_number(struct sqlite_store *s, const char *sql, int64_t *ret, struct err *e);
enum rc sql_exec(struct sqlite_store *s, const char *sql, const char *what, struct err *e);

/* schema.c: whose file this is; bring it up to date; is it sound. */
enum rc store_identify(struct sqlite_store *s, struct err *e);
enum rc store_migrate(struct sqlite_store *s, struct err *e);
enum rc store_check_schema(struct sqlite_store *s, struct err *e);
enum rc store_check_pages(struct sqlite_store *s, struct err *e); /* as many as time allows */
enum rc store_check_all_pages(struct sqlite_store *s, struct err *e);

/* chain.c */
struct store_chain *store_chain_find(struct sqlite_store *s, const char *site, uint64_t epoch);
struct store_chain *store_chain_by_id(struct sqlite_store *s, int64_t id);
enum rc store_chains_load(struct sqlite_store *s, struct err *e);
/* A chain for the event, which is the first of its epoch. */
enum rc store_chain_begin(struct sqlite_store *s, const struct event *first,
	struct store_chain **ret, struct err *e);
/* Ranks follow the order of sites; the SQL function chain_rank() yields them. */
void store_chains_rank(struct sqlite_store *s);
enum rc store_chains_register(struct sqlite_store *s, struct err *e);
void store_order(void *ctx, const char *const *sites, size_t n);

/* write.c */
enum rc store_put(void *ctx, const struct event *events, size_t n, struct err *e);
enum rc store_replace(void *ctx, const struct journal_head *from, const struct event *events,
	size_t n, struct err *e);
enum rc store_insert(struct sqlite_store *s, int64_t chain, int64_t id, const struct event *ev,
	struct err *e);
enum rc store_note(void *ctx, const char *name, int64_t value, struct err *e);

/* mend.c */
/* As part of a transaction: forget events that can't be forgotten with the indices in place,
 * because what is changed is a column that one is made of. */
enum rc store_forget_bare(struct sqlite_store *s, const struct journal_head *from, struct err *e);
enum rc store_mend(void *ctx, const struct event *ev, struct err *e);

/* read.c */
/* The number of a text; 0 when it never occurred. */
enum rc store_find_word(struct sqlite_store *s, const char *text, int64_t *ret, struct err *e);
/* Where a chain ends; seq 0 when it has no event. */
struct store_end {
	uint64_t seq, hlc;
	struct sha256 hash;
};
enum rc store_end_of(struct sqlite_store *s, const struct store_chain *c, struct store_end *ret,
	struct err *e);
/* The event in a row of EVENT_COLUMNS; its texts live until the statement moves on. */
enum rc store_row(struct sqlite_store *s, sqlite3_stmt *stmt, struct event *ret, struct err *e);
enum rc store_heads(void *ctx, struct journal_head **ret, size_t *ret_n, struct err *e);
enum rc store_range(void *ctx, const struct journal_span *span, struct arena *a,
	struct event_batch *ret, struct err *e);
int64_t store_noted(void *ctx, const char *name, int64_t otherwise);

/* query.c */
#define STORE_CURSOR_OFFSET EVENT_CURSOR_OLDEST /* cursor = id + this */
enum rc store_query(void *ctx, const struct event_query *q,
	bool (*each)(void *arg, const struct event *ev, uint64_t cursor), void *arg, struct err *e);

#endif
