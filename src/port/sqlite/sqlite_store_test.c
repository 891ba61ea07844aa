/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of every store; whose file it is; full disks and kills. */
#include "base/rng.h"
#include "port/sqlite/sqlite_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void open_store(struct store_fixture *f)
{
	f->own = must_open();
	f->store = sqlite_store_port(f->own);
}

static void reopen_store(struct store_fixture *f)
{
	sqlite_store_close(f->own);
	open_store(f);
}

static void close_store(struct store_fixture *f)
{
	sqlite_store_close(f->own);
	remove_journal();
}

static void write_at(off_t offset, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, offset), n);
	close(fd);
}

static void the_file_is_ours_alone(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	struct sqlite_store *s = must_open();

	(void)state;
	for (size_t i = 0; i < COUNT(endings); i++) {
		char name[160];
		struct stat st;

		snprintf(name, sizeof name, "%s%s", path, endings[i]);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
	sqlite_store_close(s);
}

static void a_second_daemon_is_told_that_the_journal_is_in_use(void **state)
{
	struct sqlite_store *s = must_open();

	(void)state;
	assert_refused(RC_CONFLICT, "in use");
	sqlite_store_close(s);
	sqlite_store_close(must_open());
}

static void a_user_may_look_at_the_file_meanwhile(void **state)
{
	struct sqlite_store *s = must_open();
	struct event_maker m = { .a = &arena, .site = "dublin", .epoch = 1 };

	(void)state;
	assert_int_equal(put_one(s, &m), RC_OK);
	run_sql("SELECT * FROM event");
	assert_int_equal(put_one(s, &m), RC_OK);
	run_sql("ANALYZE");
	sqlite_store_close(s);
	sqlite_store_close(must_open());
}

static void what_is_not_a_database_is_refused(void **state)
{
	(void)state;
	write_at(0,
		"just a text file, longer than a header of SQLite's, which has a hundred bytes: "
		"................................",
		110);
	assert_refused(RC_CORRUPT, "move it aside");
}

static void another_programs_database_is_refused_and_not_touched(void **state)
{
	(void)state;
	run_sql("CREATE TABLE bookmarks (url TEXT)");
	assert_refused(RC_CONFLICT, "another program");
	run_sql("PRAGMA application_id = 42");
	assert_refused(RC_CONFLICT, "0x0000002a");
}

static void a_newer_schema_is_refused(void **state)
{
	(void)state;
	make_journal(1);
	run_sql("PRAGMA user_version = 99");
	assert_refused(RC_UNSUPPORTED, "newer");
}

static void a_directory_and_a_device_are_refused(void **state)
{
	struct sqlite_store *s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(sqlite_store_open(&s, folder, &e), RC_IO);
	assert_non_null(strstr(e.text, folder));
	assert_int_equal(sqlite_store_open(&s, "/dev/null", &e), RC_CONFLICT);
	assert_int_equal(sqlite_store_open(&s, "/nonexistent/journal.db", &e), RC_IO);
	assert_non_null(strstr(e.text, "/nonexistent/journal.db"));
}

static void a_schema_that_was_tampered_with_is_refused(void **state)
{
	static const char *const tampering[] = {
		"CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END",
		"CREATE VIEW v AS SELECT 1",
		"DROP INDEX event_by_time",
		"DROP TABLE note",
		"ALTER TABLE event ADD COLUMN more TEXT",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(tampering); i++) {
		make_journal(3);
		run_sql(tampering[i]);
		assert_refused(RC_CORRUPT, "tables");
		remove_journal();
	}
}

static void a_full_file_refuses_and_takes_events_again_when_there_is_room(void **state)
{
	struct event_maker m = { .a = &arena, .site = "dublin", .epoch = 1 };
	struct sqlite_store *s = must_open();
	struct sqlite_verified verified;
	struct err e = { 0 };
	enum rc rc = RC_OK;

	(void)state;
	assert_int_equal(sqlite_store_limit_pages(s, 40, &e), RC_OK);
	for (int i = 0; i < 1000 && rc == RC_OK; i++)
		rc = put_one(s, &m);
	assert_int_equal(rc, RC_FULL);
	assert_int_equal(put_one(s, &m), RC_FULL);
	assert_int_equal(sqlite_store_verify(s, NULL, &verified, &e), RC_OK);
	assert_int_equal(verified.events, m.seq);
	assert_int_equal(sqlite_store_limit_pages(s, 1000, &e), RC_OK);
	assert_int_equal(put_one(s, &m), RC_OK);
	assert_int_equal(sqlite_store_verify(s, NULL, &verified, &e), RC_OK);
	assert_int_equal(verified.events, m.seq);
	sqlite_store_close(s);
}

enum { STORY_FAILED = 1, STORY_SKIPPED = 77 };

/* On a file system of its own that is really full.  Runs in a child, which alone sees the mount. */
static int fill_a_disk(void)
{
	struct event_maker m = { .a = &arena, .site = "dublin", .epoch = 1 };
	struct sqlite_verified verified;
	struct sqlite_store *s;
	struct err e = { 0 };
	enum rc rc = RC_OK;
	char ballast[128];
	int fd;

	if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", folder, "tmpfs", 0, "size=1m") < 0)
		return STORY_SKIPPED;
	snprintf(ballast, sizeof ballast, "%s/ballast", folder);
	fd = open(ballast, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || posix_fallocate(fd, 0, 400 * 1024) != 0 ||
		sqlite_store_open(&s, path, &e) != RC_OK)
		return STORY_FAILED;
	for (int i = 0; i < 5000 && rc == RC_OK; i++)
		rc = put_one(s, &m);
	if (rc != RC_FULL || put_one(s, &m) != RC_FULL)
		return STORY_FAILED;
	unlink(ballast);
	close(fd);
	if (put_one(s, &m) != RC_OK || sqlite_store_verify(s, NULL, &verified, &e) != RC_OK ||
		verified.events != m.seq)
		return STORY_FAILED;
	sqlite_store_close(s);
	return 0;
}

static void a_full_disk_refuses_and_takes_events_again_when_there_is_room(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(fill_a_disk());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == STORY_SKIPPED)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Appends until it is killed, and reports each seq through the pipe once it is durable. */
static _Noreturn void append_until_killed(int report, uint64_t seed)
{
	struct sqlite_store *s = must_open();
	const struct journal_store *port = sqlite_store_port(s);
	struct now now = { .wall = { 1763000000000 + (int64_t)seed } };
	struct journal *j;
	struct rng r;

	rng_seed(&r, seed);
	if (journal_open(&j, &(struct journal_setup){ "dublin", port }, now, NULL) != RC_OK)
		_exit(STORY_FAILED);
	for (;;) {
		const struct event *events;
		size_t n;

		now.wall.ms += 3;
		for (uint64_t i = 1 + rng_below(&r, 5); i > 0; i--)
			journal_add(j, now, EVENT_NOTE, "x", "{\"text\":\"still alive\"}");
		if (journal_commit(j, &events, &n, NULL) != RC_OK)
			_exit(STORY_FAILED);
		if (write(report, &events[n - 1].seq, sizeof events->seq) != sizeof events->seq)
			_exit(STORY_FAILED);
	}
}

/* Kills it at a moment drawn from `r`, half the time only after it has reported something; the
 * newest seq that it reported. */
static uint64_t live_and_die(uint64_t seed, struct rng *r)
{
	uint64_t seq, newest = 0;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		append_until_killed(ends[1], seed);
	}
	close(ends[1]);
	if (rng_chance(r, 1, 2))
		assert_int_equal(read(ends[0], &newest, sizeof newest), sizeof newest);
	usleep((useconds_t)rng_between(r, 0, 20000));
	kill(child, SIGKILL);
	while (read(ends[0], &seq, sizeof seq) == sizeof seq)
		newest = seq;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return newest;
}

static void fifty_kills_lose_nothing_that_was_reported(void **state)
{
	uint64_t newest = 0, deaths_after_a_report = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 50);
	for (uint64_t i = 0; i < 50; i++) {
		struct sqlite_verified verified;
		uint64_t reported = live_and_die(i, &r);
		struct sqlite_store *s = must_open();
		struct err e = { 0 };

		deaths_after_a_report += reported > newest;
		if (reported > newest)
			newest = reported;
		if (sqlite_store_verify(s, NULL, &verified, &e) != RC_OK)
			fail_msg("%s", e.text);
		assert_true(verified.events >= newest);
		newest = verified.events;
		sqlite_store_close(s);
	}
	assert_true(deaths_after_a_report > 10);
}

int main(void)
{
	const struct store_fixture fixture = { .open = open_store,
		.reopen = reopen_store,
		.close = close_store };
	const struct CMUnitTest tests[] = {
		TEST(the_file_is_ours_alone),
		TEST(a_second_daemon_is_told_that_the_journal_is_in_use),
		TEST(a_user_may_look_at_the_file_meanwhile),
		TEST(what_is_not_a_database_is_refused),
		TEST(another_programs_database_is_refused_and_not_touched),
		TEST(a_newer_schema_is_refused),
		TEST(a_directory_and_a_device_are_refused),
		TEST(a_schema_that_was_tampered_with_is_refused),
		TEST(a_full_file_refuses_and_takes_events_again_when_there_is_room),
		TEST(a_full_disk_refuses_and_takes_events_again_when_there_is_room),
		TEST(fifty_kills_lose_nothing_that_was_reported),
	};
	int failed;

	if (!make_folder())
		return 1;
	failed = store_contract_run("sqlite_store: contract", &fixture);
	failed += cmocka_run_group_tests_name("sqlite_store", tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
