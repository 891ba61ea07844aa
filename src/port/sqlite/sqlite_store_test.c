/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/sqlite_store.h"

#include "base/rng.h"
#include "core/journal/scrub.h"
#include "core/journal/store_contract.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENTS 1000

static char directory[64];
static char path[128];
static struct arena arena;

static void remove_file(void)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < COUNT(endings); i++) {
		char name[160];

		snprintf(name, sizeof name, "%s%s", path, endings[i]);
		unlink(name);
	}
}

static void open_store(struct store_fixture *f)
{
	struct sqlite_store *s;
	struct err e = { 0 };

	if (sqlite_store_open(&s, path, &e) != RC_OK)
		fail_msg("%s", e.text);
	f->own = s;
	f->store = sqlite_store_port(s);
}

static void reopen_store(struct store_fixture *f)
{
	sqlite_store_close(f->own);
	open_store(f);
}

static void close_store(struct store_fixture *f)
{
	sqlite_store_close(f->own);
	remove_file();
}

static int enter(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	arena_fini(&arena);
	remove_file();
	return 0;
}

static struct sqlite_store *must_open(void)
{
	struct store_fixture f;

	open_store(&f);
	return f.own;
}

static struct event next_event(struct event_maker *m)
{
	char subject[32];

	snprintf(subject, sizeof subject, "check-%lu", (unsigned long)m->seq % 7);
	return make_event(m, (m->seq + 1) << 16, "evidence", subject,
		"{\"word\":\"failing\",\"reason\":\"HTTP 502, wanted 200, for a while now\"}");
}

static enum rc put_one(struct sqlite_store *s, struct event_maker *m)
{
	const struct journal_store *port = sqlite_store_port(s);
	struct event_maker before = *m;
	struct event ev = next_event(m);
	enum rc rc = port->put(port->ctx, &ev, 1, NULL);

	if (rc != RC_OK)
		*m = before;
	return rc;
}

/* A journal with `n` events of one chain, closed. */
static void make_journal(size_t n)
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

/* SQL from outside, as a user or a bad day might run it. */
static void run_sql(const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

static void write_at(off_t offset, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, offset), n);
	close(fd);
}

static off_t file_size(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Refused, with the file's name in the text, and left as it was. */
static void assert_refused(enum rc expected, const char *hint)
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

static void who_opens_to_read_sees_what_is_written_and_writes_nothing(void **state)
{
	struct sqlite_store *s, *reader;
	struct event_maker m = { .a = &arena, .site = "dublin", .epoch = 1 };
	struct sqlite_verified verified;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(sqlite_store_open_to_read(&reader, path, &e), RC_NOT_FOUND);
	s = must_open();
	assert_int_equal(put_one(s, &m), RC_OK);
	assert_int_equal(sqlite_store_open_to_read(&reader, path, &e), RC_OK);
	assert_int_equal(put_one(s, &m), RC_OK);
	assert_int_equal(sqlite_store_verify(reader, NULL, &verified, &e), RC_OK);
	assert_int_equal(verified.events, 2);
	assert_int_equal(put_one(reader, &m), RC_REFUSED);
	sqlite_store_close(reader);
	sqlite_store_close(s);
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
	assert_int_equal(sqlite_store_open(&s, directory, &e), RC_IO);
	assert_non_null(strstr(e.text, directory));
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
		remove_file();
	}
}

static void a_truncated_file_is_refused(void **state)
{
	off_t size;

	(void)state;
	make_journal(200);
	size = file_size();
	for (off_t keep = 100; keep < size; keep += size / 7) {
		assert_int_equal(truncate(path, keep), 0);
		assert_refused(RC_CORRUPT, "move it aside");
		remove_file();
		make_journal(200);
	}
}

static void flip_a_bit(struct rng *r)
{
	off_t at = (off_t)rng_below(r, (uint64_t)file_size());
	unsigned char byte;
	int fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= (unsigned char)(1u << rng_below(r, 8));
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static bool count_if_whole(void *arg, const struct event *ev, uint64_t cursor)
{
	struct sha256 hash = event_hash(ev);

	(void)cursor;
	*(size_t *)arg += memcmp(&hash, &ev->hash, sizeof hash) == 0;
	return true;
}

/* True when the damage was found; if not, it must have done none. */
static bool is_found(void)
{
	struct sqlite_verified verified;
	struct sqlite_store *s;
	struct err e = { 0 };
	size_t whole = 0;
	bool found;

	if (sqlite_store_open(&s, path, &e) != RC_OK) {
		assert_non_null(strstr(e.text, path));
		return true;
	}
	found = sqlite_store_verify(s, NULL, &verified, &e) != RC_OK;
	if (!found) {
		const struct journal_store *port = sqlite_store_port(s);

		assert_int_equal(port->query(port->ctx, &(struct event_query){ 0 }, count_if_whole,
					 &whole, NULL),
			RC_OK);
		assert_int_equal(whole, 300);
	}
	sqlite_store_close(s);
	return found;
}

static void a_flipped_bit_anywhere_is_found_or_harmless(void **state)
{
	struct rng r;
	int found = 0;

	(void)state;
	rng_seed(&r, 7);
	for (int i = 0; i < 80; i++) {
		make_journal(300);
		flip_a_bit(&r);
		found += is_found();
		remove_file();
	}
	assert_true(found > 20); /* the rest fell on unused bytes, or on a signature */
}

static void a_chain_that_names_nothing_is_refused(void **state)
{
	(void)state;
	make_journal(200);
	run_sql("UPDATE chain SET previous = zeroblob(31)");
	assert_refused(RC_CORRUPT, "move it aside");
}

/* Number `seq` of make_journal(), as it was written. */
static struct event number(uint64_t seq)
{
	struct event_maker m = { .a = &arena, .site = "dublin", .epoch = 1763000000 };
	struct event ev;

	while (m.seq < seq)
		ev = next_event(&m);
	return ev;
}

static struct journal *open_journal(const struct journal_store *port)
{
	struct journal *j;
	struct err e = { 0 };

	if (journal_open(&j, "mumbai", port, NULL, (struct now){ .wall = { 1763000000000 } }, &e) !=
		RC_OK)
		fail_msg("%s", e.text);
	return j;
}

/* Its end is cut off, however it is damaged, and fits when it comes again. */
static void assert_cut_and_joined_again(void)
{
	struct sqlite_store *s = must_open();
	const struct journal_store *port = sqlite_store_port(s);
	scoped(journal_free) struct journal *j = open_journal(port);
	struct sqlite_verified verified;
	const struct journal_cut *cuts;
	struct event again[200];
	struct err e = { 0 };
	uint64_t first;
	size_t n;

	cuts = journal_cuts(j, &n);
	assert_int_equal(n, 1);
	assert_int_equal(cuts[0].last, 200);
	first = cuts[0].first.seq;
	for (uint64_t seq = first; seq <= 200; seq++)
		again[seq - first] = number(seq);
	if (port->put(port->ctx, again, 201 - first, &e) != RC_OK ||
		sqlite_store_verify(s, NULL, &verified, &e) != RC_OK)
		fail_msg("%s", e.text);
	assert_true(verified.events >= 201); /* and what says that there was damage */
	sqlite_store_close(s);
}

static void a_damaged_end_of_a_chain_is_cut_off_and_joined_again(void **state)
{
	static const char *const altering[] = {
		"UPDATE event SET body = '{}' WHERE seq = 200",
		"UPDATE event SET wall = wall + 1 WHERE seq = 200",
		"UPDATE event SET hash = x'00' WHERE seq = 200",
		"UPDATE event SET signature = x'00' WHERE seq = 200",
		"UPDATE event SET hlc = 5 WHERE seq = 200",
		"UPDATE event SET subject = 77 WHERE seq = 200",
		"UPDATE event SET body = '{}' WHERE seq > 190",
		"UPDATE event SET body = '{}'",
		"DELETE FROM event WHERE seq = 199",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(altering); i++) {
		make_journal(200);
		run_sql(altering[i]);
		assert_cut_and_joined_again();
		remove_file();
	}
}

static size_t count_damaged(const struct journal *j)
{
	struct journal_place at = { 0 }, found[16];
	size_t n = 0, sum = 0;

	while (!journal_scrub(j, &at, COUNT(found), found, &n))
		sum += n;
	return sum + n;
}

static void an_altered_event_near_the_head_keeps_nobody_from_opening_and_is_found(void **state)
{
	static const struct {
		const char *sql;
		size_t n; /* a hash is also what the next event is judged by */
	} rows[] = {
		{ "UPDATE event SET body = '{}' WHERE seq = 150", 1 },
		{ "UPDATE event SET hash = zeroblob(32) WHERE seq = 120", 2 },
		{ "DELETE FROM event WHERE seq = 170", 2 },
		{ "DELETE FROM word WHERE text = 'check-4'", 28 },
		{ "UPDATE event SET hlc = 5 WHERE seq = 180", 1 },
		{ "UPDATE event SET chain = 7 WHERE seq = 10", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sqlite_store *s;
		struct journal *j;
		size_t whole = 0;

		make_journal(200);
		run_sql(rows[i].sql);
		s = must_open();
		j = open_journal(sqlite_store_port(s));
		assert_int_equal(count_damaged(j), rows[i].n);
		assert_int_equal(sqlite_store_port(s)->query(s, &(struct event_query){ 0 },
					 count_if_whole, &whole, NULL),
			RC_OK);
		assert_int_equal(whole, 200 - rows[i].n);
		journal_free(j);
		sqlite_store_close(s);
		remove_file();
	}
}

static bool accept_all(void *ctx, const char *site, const struct sha256 *hash,
	const uint8_t signature[SIGNATURE_BYTES])
{
	(void)ctx, (void)site, (void)hash;
	return signature[0] == 200; /* as make_event() signs number 200 */
}

static void an_altered_event_of_long_ago_is_found_by_verifying(void **state)
{
	const struct journal_signer signer = { .verify = accept_all };
	struct sqlite_verified verified;
	struct sqlite_store *s;
	struct err e = { 0 };

	(void)state;
	make_journal(EVENTS + 200);
	s = must_open();
	assert_int_equal(sqlite_store_verify(s, NULL, &verified, &e), RC_OK);
	assert_int_equal(verified.events, EVENTS + 200);
	assert_int_equal(verified.chains, 1);
	assert_int_equal(sqlite_store_verify(s, &signer, &verified, &e), RC_CORRUPT);
	assert_non_null(strstr(e.text, "key"));
	sqlite_store_close(s);
	run_sql("UPDATE event SET body = '{\"word\":\"ok\"}' WHERE seq = 17");
	s = must_open();
	assert_int_equal(sqlite_store_verify(s, NULL, &verified, &e), RC_CORRUPT);
	assert_non_null(strstr(e.text, "event 17 of dublin"));
	sqlite_store_close(s);
}

static void assert_mended(void)
{
	struct sqlite_store *s = must_open();
	const struct journal_store *port = sqlite_store_port(s);
	struct sqlite_verified verified;
	struct event ev = number(50);
	struct err e = { 0 };

	assert_int_equal(sqlite_store_verify(s, NULL, &verified, NULL), RC_CORRUPT);
	if (port->mend(port->ctx, &ev, &e) != RC_OK ||
		sqlite_store_verify(s, NULL, &verified, &e) != RC_OK)
		fail_msg("%s", e.text);
	assert_int_equal(verified.events, EVENTS + 60);
	sqlite_store_close(s);
}

static void an_altered_event_is_mended_with_a_copy(void **state)
{
	static const char *const altering[] = {
		"UPDATE event SET body = '{}' WHERE seq = 50",
		"UPDATE event SET wall = wall + 1 WHERE seq = 50",
		"UPDATE event SET hash = zeroblob(32) WHERE seq = 50",
		"UPDATE event SET hash = x'00' WHERE seq = 50",
		"UPDATE event SET hlc = 5 WHERE seq = 50",
		"UPDATE event SET subject = 77 WHERE seq = 50",
		"UPDATE event SET kind = subject WHERE seq = 50",
		"DELETE FROM event WHERE seq = 50",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(altering); i++) {
		make_journal(EVENTS + 60);
		run_sql(altering[i]);
		assert_mended();
		remove_file();
	}
}

/* Where the body of an event begins in the file. */
static off_t place_of_body(uint64_t seq)
{
	scoped(mem_free) char *bytes = must_alloc((size_t)file_size());
	struct event ev = number(seq);
	size_t n = (size_t)file_size(), body = strlen(ev.body);
	int fd = open(path, O_RDONLY);

	assert_int_equal(pread(fd, bytes, n, 0), n);
	close(fd);
	for (size_t i = 0; i + body + SHA256_BYTES <= n; i++)
		if (!memcmp(bytes + i + body, &ev.hash, SHA256_BYTES) &&
			!memcmp(bytes + i, ev.body, body))
			return (off_t)i;
	fail_msg("event %lu isn't in the file", (unsigned long)seq);
	return 0;
}

static void change_a_bit(off_t at)
{
	unsigned char byte;
	int fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* In the row only: the indices go on saying what was written.  Before the body of this event stand its
 * subject, wall time, stamp (three bytes) and number. */
static void a_bit_in_a_column_that_is_indexed_is_mended_too(void **state)
{
	(void)state;
	for (off_t before = 1; before <= 6; before++) {
		make_journal(EVENTS + 60);
		change_a_bit(place_of_body(50) - before);
		assert_mended();
		remove_file();
	}
}

static void a_bit_in_a_column_of_the_end_that_is_indexed_is_cut_off_too(void **state)
{
	(void)state;
	for (off_t before = 1; before <= 6; before++) {
		make_journal(200);
		change_a_bit(place_of_body(200) - before);
		assert_cut_and_joined_again();
		remove_file();
	}
}

static void a_heads_signature_is_verified_with_the_sites_key(void **state)
{
	const struct journal_signer signer = { .verify = accept_all };
	struct sqlite_verified verified;
	struct sqlite_store *s;
	struct err e = { 0 };

	(void)state;
	make_journal(200);
	s = must_open();
	assert_int_equal(sqlite_store_verify(s, &signer, &verified, &e), RC_OK);
	sqlite_store_close(s);
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
		mount("tmpfs", directory, "tmpfs", 0, "size=1m") < 0)
		return STORY_SKIPPED;
	snprintf(ballast, sizeof ballast, "%s/ballast", directory);
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
	if (journal_open(&j, "dublin", port, NULL, now, NULL) != RC_OK)
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct store_fixture fixture = { .open = open_store,
		.reopen = reopen_store,
		.close = close_store };
	const struct CMUnitTest tests[] = {
		TEST(the_file_is_ours_alone),
		TEST(a_second_daemon_is_told_that_the_journal_is_in_use),
		TEST(a_user_may_look_at_the_file_meanwhile),
		TEST(who_opens_to_read_sees_what_is_written_and_writes_nothing),
		TEST(what_is_not_a_database_is_refused),
		TEST(another_programs_database_is_refused_and_not_touched),
		TEST(a_newer_schema_is_refused),
		TEST(a_directory_and_a_device_are_refused),
		TEST(a_schema_that_was_tampered_with_is_refused),
		TEST(a_truncated_file_is_refused),
		TEST(a_flipped_bit_anywhere_is_found_or_harmless),
		TEST(a_chain_that_names_nothing_is_refused),
		TEST(a_damaged_end_of_a_chain_is_cut_off_and_joined_again),
		TEST(an_altered_event_near_the_head_keeps_nobody_from_opening_and_is_found),
		TEST(an_altered_event_of_long_ago_is_found_by_verifying),
		TEST(an_altered_event_is_mended_with_a_copy),
		TEST(a_bit_in_a_column_that_is_indexed_is_mended_too),
		TEST(a_bit_in_a_column_of_the_end_that_is_indexed_is_cut_off_too),
		TEST(a_heads_signature_is_verified_with_the_sites_key),
		TEST(a_full_file_refuses_and_takes_events_again_when_there_is_room),
		TEST(a_full_disk_refuses_and_takes_events_again_when_there_is_room),
		TEST(fifty_kills_lose_nothing_that_was_reported),
	};
	int failed;

	snprintf(directory, sizeof directory, "/tmp/sqlite-store-test-XXXXXX");
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof path, "%s/journal.db", directory);
	failed = store_contract_run("sqlite_store: contract", &fixture);
	failed += cmocka_run_group_tests_name("sqlite_store", tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
