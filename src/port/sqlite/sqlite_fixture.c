/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/sqlite_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char folder[] = "/tmp/sqlite-store-test-XXXXXX", path[64];
struct arena arena;

bool make_folder(void)
{
	if (!mkdtemp(folder))
		return false;
	snprintf(path, sizeof path, "%s/journal.db", folder);
	return true;
}

void remove_journal(void)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < COUNT(endings); i++) {
		char name[160];

		snprintf(name, sizeof name, "%s%s", path, endings[i]);
		unlink(name);
	}
}

int enter(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	return 0;
}

int leave(void **state)
{
	(void)state;
	arena_fini(&arena);
	remove_journal();
	return 0;
}

struct sqlite_store *must_open(void)
{
	struct sqlite_store *s;
	struct err e = { 0 };

	if (sqlite_store_open(&s, path, &e) != RC_OK)
		fail_msg("%s", e.text);
	return s;
}

static struct event next_event(struct event_maker *m)
{
	char subject[32];

	snprintf(subject, sizeof subject, "check-%lu", (unsigned long)m->seq % 7);
	return make_event(m, (m->seq + 1) << 16, "evidence", subject,
		"{\"word\":\"failing\",\"reason\":\"HTTP 502, wanted 200, for a while now\"}");
}

enum rc put_one(struct sqlite_store *s, struct event_maker *m)
{
	const struct journal_store *port = sqlite_store_port(s);
	struct event_maker before = *m;
	struct event ev = next_event(m);
	enum rc rc = port->put(port->ctx, &ev, 1, NULL);

	if (rc != RC_OK)
		*m = before;
	return rc;
}

void make_journal(size_t n)
{
	struct event_maker m = { .a = &arena, .site = "dublin", .epoch = 1763000000 };
	struct event *events = arena_alloc(&arena, n * sizeof *events);
	struct sqlite_store *s = must_open();
	const struct journal_store *port = sqlite_store_port(s);

	for (size_t i = 0; i < n; i++)
		events[i] = next_event(&m);
	assert_int_equal(port->put(port->ctx, events, n, NULL), RC_OK);
	sqlite_store_close(s);
}

struct event event_number(uint64_t seq)
{
	struct event_maker m = { .a = &arena, .site = "dublin", .epoch = 1763000000 };
	struct event ev;

	while (m.seq < seq)
		ev = next_event(&m);
	return ev;
}

void run_sql(const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

off_t file_size(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

void assert_refused(enum rc expected, const char *hint)
{
	struct sqlite_store *s;
	struct err e = { 0 };
	off_t size = file_size();
	enum rc rc = sqlite_store_open(&s, path, &e);

	if (rc != expected)
		fail_msg("%s instead of %s: %s", rc_name(rc), rc_name(expected), e.text);
	assert_non_null(strstr(e.text, path));
	if (!strstr(e.text, hint))
		fail_msg("'%s' doesn't say '%s'", e.text, hint);
	assert_int_equal(file_size(), size);
}
