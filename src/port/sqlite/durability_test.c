/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has returned is on the disk: no kill shows that, since the kernel keeps what a program
 * wrote.  So this program counts what it, and SQLite in it, asks the kernel to put on the disk.
 */
#include "core/journal/store_contract.h"
#include "port/sqlite/sqlite_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static unsigned n_files, n_folders;
static char folder[] = "/tmp/diarchy-durability-XXXXXX", path[64];
static struct sqlite_store *s;
static const struct journal_store *store;
static struct arena arena;
static struct event_maker maker;

static int count(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	n_files += S_ISREG(st.st_mode);
	n_folders += S_ISDIR(st.st_mode);
	return 0;
}

/* In the place of the C library's, for SQLite as well. */
int fsync(int fd)
{
	return count(fd);
}

int fdatasync(int fd)
{
	return count(fd);
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/journal.db", folder);
	arena_init(&arena, 0);
	maker = (struct event_maker){ .a = &arena, .site = "dublin", .epoch = 1 };
	n_files = n_folders = 0;
	assert_int_equal(sqlite_store_open(&s, path, NULL), RC_OK);
	store = sqlite_store_port(s);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sqlite_store_close(s);
	unlink(path);
	rmdir(folder);
	arena_fini(&arena);
	return 0;
}

static void put_one(void)
{
	struct event ev = make_event(&maker, (uint64_t)(maker.seq + 1) << 16, "note", "x", "{}");

	assert_int_equal(store->put(store->ctx, &ev, 1, NULL), RC_OK);
}

static void a_new_journal_s_name_is_on_the_disk(void **state)
{
	(void)state;
	assert_true(n_folders > 0);
	assert_true(n_files > 0);
}

static void each_event_is_on_the_disk_before_put_returns(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		n_files = 0;
		put_one();
		assert_true(n_files > 0);
	}
}

static void a_note_waits_for_the_next_event(void **state)
{
	(void)state;
	put_one();
	n_files = 0;
	assert_int_equal(store->note(store->ctx, "x", 1, NULL), RC_OK);
	assert_int_equal(n_files, 0);
	put_one();
	assert_true(n_files > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_journal_s_name_is_on_the_disk),
		cmocka_unit_test(each_event_is_on_the_disk_before_put_returns),
		cmocka_unit_test(a_note_waits_for_the_next_event),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
