/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searches.  Each picks the index that its filters ask for and steps through it in the wanted
 * order, so that it costs what it returns.  `latest by subject` hops from one subject to the next
 * in the index (a loose index scan) instead of reading every event of the kind.
 */
#include "port/sqlite/store.h"

#include <string.h>

#define ALL_RANKS INT64_MAX

struct place { /* in the order newest first */
	uint64_t hlc;
	int64_t rank;
};

struct search {
	struct sqlite_store *s;
	const struct event_query *q;
	uint64_t since, until; /* stamps, inclusive */
	struct place below;    /* only what comes after this place */
	int64_t kind, subject; /* words; 0: any */
	bool (*each)(void *arg, const struct event *ev, uint64_t cursor);
	void *arg;
	uint32_t n;
	bool is_over;
};

static bool is_below(struct place a, struct place b)
{
	return a.hlc < b.hlc || (a.hlc == b.hlc && a.rank < b.rank);
}

static uint64_t stamp_of(struct wall t, uint64_t counter)
{
	if (t.ms < 0)
		return 0;
	return t.ms > INT64_MAX >> 16 ? INT64_MAX : (uint64_t)t.ms << 16 | counter;
}

/* False when nothing can match, since the text never occurred. */
static enum rc look_up(struct sqlite_store *s, const char *text, int64_t *ret, bool *ret_exists,
	struct err *e)
{
	enum rc rc = RC_OK;

	*ret = 0;
	if (!text)
		return RC_OK;
	if (strnlen(text, EVENT_SUBJECT_BYTES_MAX + 1) <= EVENT_SUBJECT_BYTES_MAX)
		rc = store_find_word(s, text, ret, e);
	if (*ret == 0)
		*ret_exists = false;
	return rc;
}

static bool wrote(const struct sqlite_store *s, const char *site)
{
	for (size_t i = 0; i < s->n_chains; i++)
		if (strcmp(s->chains[i].site, site) == 0)
			return true;
	return false;
}

static int64_t id_of(uint64_t cursor)
{
	return (int64_t)(cursor < INT64_MAX ? cursor : INT64_MAX) - STORE_CURSOR_OFFSET;
}

static enum rc find_place(struct search *search, uint64_t cursor, struct err *e)
{
	sqlite3_stmt *stmt = sql_get(search->s, SQL_PLACE_OF);
	enum rc rc;
	int step;

	sql_bind_int(stmt, 1, id_of(cursor));
	rc = sql_step(search->s, stmt, &step, "looking for a cursor", e);
	if (rc == RC_OK && step != SQLITE_ROW)
		rc = err_set(e, RC_INPUT, "cursor %lu names no event of this journal",
			(unsigned long)cursor);
	if (rc == RC_OK) {
		const struct store_chain *c =
			store_chain_by_id(search->s, sqlite3_column_int64(stmt, 1));

		search->below.hlc = (uint64_t)sqlite3_column_int64(stmt, 0);
		search->below.rank = c ? c->rank : 0;
	}
	sql_done(stmt);
	return rc;
}

/* Up to `until`, and of what is stamped just that only chains of a rank below `rank`. */
static void bind(const struct search *search, sqlite3_stmt *stmt, uint64_t until, int64_t rank)
{
	sql_bind_int(stmt, 1, (int64_t)search->since);
	sql_bind_int(stmt, 2, (int64_t)until);
	sql_bind_text(stmt, 3, search->q->site);
	sql_bind_int(stmt, 4, rank);
	if (search->kind)
		sql_bind_int(stmt, 5, search->kind);
	if (search->subject)
		sql_bind_int(stmt, 6, search->subject);
}

/* A row that can't be read is passed over: one is no reason to find nothing. */
static void emit(struct search *search, sqlite3_stmt *stmt)
{
	struct event ev;
	uint64_t cursor = (uint64_t)sqlite3_column_int64(stmt, 0) + STORE_CURSOR_OFFSET;

	if (store_row(search->s, stmt, &ev, NULL) == RC_OK)
		search->is_over =
			!search->each(search->arg, &ev, cursor) || ++search->n == search->q->most;
}

static enum rc emit_all(struct search *search, sqlite3_stmt *stmt, struct err *e)
{
	enum rc rc = RC_OK;
	int step;

	while (rc == RC_OK && !search->is_over) {
		rc = sql_step(search->s, stmt, &step, "searching", e);
		if (rc == RC_OK && step == SQLITE_DONE)
			break;
		if (rc == RC_OK)
			emit(search, stmt);
	}
	return rc;
}

static enum rc search_newest_first(struct search *search, struct err *e)
{
	static const enum statement by_filter[2][2] = {
		{ SQL_NEWEST, SQL_NEWEST_OF_SUBJECT },
		{ SQL_NEWEST_OF_KIND, SQL_NEWEST_OF_KIND_AND_SUBJECT },
	};
	scoped(sql_done) sqlite3_stmt *stmt =
		sql_get(search->s, by_filter[search->kind != 0][search->subject != 0]);

	if (search->below.hlc <= search->until)
		bind(search, stmt, search->below.hlc, search->below.rank);
	else
		bind(search, stmt, search->until, ALL_RANKS);
	return emit_all(search, stmt, e);
}

static enum rc search_as_arrived(struct search *search, struct err *e)
{
	scoped(sql_done) sqlite3_stmt *stmt = sql_get(search->s, SQL_ARRIVED);

	bind(search, stmt, search->until, ALL_RANKS);
	sql_bind_int(stmt, 7, id_of(search->q->after_cursor));
	return emit_all(search, stmt, e);
}

struct found {
	int64_t id;
	struct place place;
};
struct findings {
	struct found *v;
	size_t n, cap;
};

static void free_findings(struct findings *f)
{
	free(f->v);
}
SCOPED_FINI(free_findings, struct findings)

/* From a row that begins with id, hlc and chain. */
static struct found found_in(struct search *search, sqlite3_stmt *stmt)
{
	const struct store_chain *c = store_chain_by_id(search->s, sqlite3_column_int64(stmt, 2));

	return (struct found){
		.id = sqlite3_column_int64(stmt, 0),
		.place = { (uint64_t)sqlite3_column_int64(stmt, 1), c ? c->rank : 0 },
	};
}

static void keep(struct search *search, struct findings *to, struct found found)
{
	if (!is_below(found.place, search->below))
		return;
	must_grow(to->v, to->n, to->cap);
	to->v[to->n++] = found;
}

/* The newest event of the subject that the search stands at, if it has one that matches. */
static enum rc find_latest(struct search *search, struct findings *to, struct err *e)
{
	scoped(sql_done) sqlite3_stmt *stmt = sql_get(search->s,
		search->kind ? SQL_LATEST_OF_KIND_AND_SUBJECT : SQL_LATEST_OF_SUBJECT);
	enum rc rc;
	int step;

	bind(search, stmt, search->until, ALL_RANKS);
	rc = sql_step(search->s, stmt, &step, "searching", e);
	if (rc == RC_OK && step == SQLITE_ROW)
		keep(search, to, found_in(search, stmt));
	return rc;
}

/* Where the index stands after a hop. */
struct hop {
	int64_t subject; /* 0: there is none below */
	struct found newest;
	bool is_tied; /* another event of the subject is stamped alike */
};

static enum rc look_at(struct search *search, sqlite3_stmt *stmt, struct hop *ret, struct err *e)
{
	int step;
	enum rc rc = sql_step(search->s, stmt, &step, "searching", e);

	*ret = (struct hop){ 0 };
	if (rc != RC_OK || step == SQLITE_DONE)
		return rc;
	ret->subject = sqlite3_column_int64(stmt, 3);
	ret->newest = found_in(search, stmt);
	rc = sql_step(search->s, stmt, &step, "searching", e);
	if (rc != RC_OK)
		return rc;
	ret->is_tied = step == SQLITE_ROW && sqlite3_column_int64(stmt, 3) == ret->subject &&
		       (uint64_t)sqlite3_column_int64(stmt, 1) == ret->newest.place.hlc;
	return RC_OK;
}

/* To the subject below the one that the search stands at: the end of it in the index is its newest
 * event. */
static enum rc hop_down(struct search *search, struct hop *ret, struct err *e)
{
	scoped(sql_done) sqlite3_stmt *stmt =
		sql_get(search->s, search->kind ? SQL_SUBJECT_OF_KIND_BELOW : SQL_SUBJECT_BELOW);
	enum rc rc;

	sql_bind_int(stmt, 5, search->kind);
	sql_bind_int(stmt, 6, search->subject);
	rc = look_at(search, stmt, ret, e);
	if (rc == RC_OK && (ret->subject < 0 || ret->subject >= search->subject))
		rc = store_corrupt(search->s, e, "an index is out of order"); /* and has no end */
	search->subject = ret->subject;
	return rc;
}

/* Without asking further, since nothing filters it out and nothing rivals it. */
static bool is_answer(const struct search *search, const struct hop *hop)
{
	return !search->q->site && !hop->is_tied && hop->newest.place.hlc >= search->since &&
	       hop->newest.place.hlc <= search->until;
}

static enum rc find_latest_of_each(struct search *search, struct findings *to, struct err *e)
{
	struct hop hop;
	enum rc rc;

	if (search->subject)
		return find_latest(search, to, e);
	search->subject = INT64_MAX;
	rc = hop_down(search, &hop, e);
	while (rc == RC_OK && hop.subject) {
		if (is_answer(search, &hop))
			keep(search, to, hop.newest);
		else
			rc = find_latest(search, to, e);
		if (rc == RC_OK)
			rc = hop_down(search, &hop, e);
	}
	return rc;
}

static int newest_first(const void *a, const void *b)
{
	const struct found *one = a, *other = b;

	return is_below(one->place, other->place) - is_below(other->place, one->place);
}

static enum rc emit_by_id(struct search *search, int64_t id, struct err *e)
{
	scoped(sql_done) sqlite3_stmt *stmt = sql_get(search->s, SQL_BY_ID);
	enum rc rc;
	int step;

	sql_bind_int(stmt, 1, id);
	rc = sql_step(search->s, stmt, &step, "searching", e);
	if (rc == RC_OK && step == SQLITE_ROW)
		emit(search, stmt);
	return rc;
}

static enum rc search_latest(struct search *search, struct err *e)
{
	scoped(free_findings) struct findings found = { 0 };
	enum rc rc = find_latest_of_each(search, &found, e);

	if (rc == RC_OK && found.n)
		qsort(found.v, found.n, sizeof *found.v, newest_first);
	for (size_t i = 0; rc == RC_OK && i < found.n && !search->is_over; i++)
		rc = emit_by_id(search, found.v[i].id, e);
	return rc;
}

static enum rc run(struct search *search, struct err *e)
{
	if (search->q->after_cursor)
		return search_as_arrived(search, e);
	if (search->q->is_latest_by_subject)
		return search_latest(search, e);
	return search_newest_first(search, e);
}

enum rc store_query(void *ctx, const struct event_query *q,
	bool (*each)(void *arg, const struct event *ev, uint64_t cursor), void *arg, struct err *e)
{
	struct search search = { .s = ctx, .q = q, .each = each, .arg = arg };
	bool exists = !q->site || wrote(ctx, q->site);
	enum rc rc;

	search.since = q->since.ms ? stamp_of(q->since, 0) : 0;
	search.until = q->until.ms ? stamp_of(q->until, 0xffff) : INT64_MAX - 1;
	search.below = (struct place){ .hlc = INT64_MAX };
	if (q->after_cursor && (q->before_cursor || q->is_latest_by_subject))
		return err_set(e, RC_INPUT,
			"after a cursor goes neither with before one nor with latest");
	rc = look_up(ctx, q->kind, &search.kind, &exists, e);
	if (rc == RC_OK)
		rc = look_up(ctx, q->subject, &search.subject, &exists, e);
	if (rc == RC_OK && q->before_cursor)
		rc = find_place(&search, q->before_cursor, e);
	if (rc != RC_OK || !exists)
		return rc;
	must(!search.s->is_searching);
	search.s->is_searching = true;
	rc = run(&search, e);
	search.s->is_searching = false;
	return rc;
}
