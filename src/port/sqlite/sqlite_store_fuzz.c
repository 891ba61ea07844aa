/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal file of somebody else's making: refused, or usable without a crash.  An input that
 * begins with an SQLite header is the file; any other is the write-ahead log beside a sound one.
 */
#include "port/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64], wal[72], shm[72];

static void remove_files(void)
{
	unlink(path);
	unlink(wal);
	unlink(shm);
}

static void remove_folder(void)
{
	char folder[64];

	remove_files();
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	rmdir(folder);
}

static void choose_folder(void)
{
	char folder[32] = "/dev/shm/journal-fuzz-XXXXXX";

	if (path[0])
		return;
	if (!mkdtemp(folder)) {
		strcpy(folder, "/tmp/journal-fuzz-XXXXXX");
		must(mkdtemp(folder));
	}
	snprintf(path, sizeof path, "%s/journal.db", folder);
	snprintf(wal, sizeof wal, "%s-wal", path);
	snprintf(shm, sizeof shm, "%s-shm", path);
	atexit(remove_folder);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

/* Made once: SQLite takes as long to make it as for all that is asked of it afterwards. */
static void make_sound_file(void)
{
	static char bytes[1 << 20];
	static ssize_t n;
	struct sqlite_store *s;
	int fd;

	if (n) {
		write_file(path, bytes, (size_t)n);
		return;
	}
	must(sqlite_store_open(&s, path, NULL) == RC_OK);
	sqlite_store_close(s);
	fd = open(path, O_RDONLY);
	n = fd >= 0 ? read(fd, bytes, sizeof bytes) : 0;
	must(n > 0 && n < (ssize_t)sizeof bytes);
	close(fd);
}

static bool look(void *arg, const struct event *ev, uint64_t cursor)
{
	size_t *n = arg;

	*n += strlen(ev->site) + strlen(ev->kind) + strlen(ev->subject) + strlen(ev->body);
	return cursor != 0;
}

/* Whatever goes wrong is said. */
static bool is_fine(enum rc rc, struct err *e)
{
	must((rc == RC_OK) == (e->text[0] == '\0'));
	*e = (struct err){ 0 };
	return rc == RC_OK;
}

static void ask_everything(const struct journal_store *store)
{
	static const struct event_query queries[] = { { .most = 100 }, { .kind = "note" },
		{ .subject = "immich", .most = 9 },
		{ .kind = "evidence", .is_latest_by_subject = true },
		{ .is_latest_by_subject = true }, { .site = "dublin" }, { .after_cursor = 1 },
		{ .before_cursor = 3 }, { .kind = "note", .subject = "immich" } };
	struct journal_head *heads;
	struct err e = { 0 };
	size_t n = 0, sum = 0;

	for (size_t i = 0; i < COUNT(queries); i++)
		is_fine(store->query(store->ctx, &queries[i], look, &sum, &e), &e);
	if (!is_fine(store->heads(store->ctx, &heads, &n, &e), &e))
		return;
	for (size_t i = 0; i < n; i++) {
		struct arena a = { .budget_bytes = 1 << 20 };
		struct journal_span span = { heads[i].site, heads[i].epoch, 1, .most = 100 };
		struct event_batch events;

		is_fine(store->range(store->ctx, &span, &a, &events, &e), &e);
		arena_fini(&a);
	}
	free(heads);
}

static void go_on_writing(const struct journal_store *store)
{
	const struct now now = { .wall = { 1763000000000 } };
	scoped(journal_free) struct journal *j = NULL;
	const struct event *events;
	struct err e = { 0 };
	size_t n;

	if (!is_fine(journal_open(&j, &(struct journal_setup){ "dublin", store }, now, &e), &e))
		return;
	journal_add(j, now, EVENT_NOTE, "immich", "{}");
	is_fine(journal_commit(j, &events, &n, &e), &e);
	if (is_fine(store->note(store->ctx, "last_alive", 1, &e), &e))
		must(store->noted(store->ctx, "last_alive", 0) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char magic[] = "SQLite format 3";
	scoped(sqlite_store_close) struct sqlite_store *s = NULL;
	struct sqlite_verified verified;
	struct err e = { 0 };

	choose_folder();
	remove_files();
	if (size < sizeof magic || memcmp(data, magic, sizeof magic) != 0) {
		make_sound_file();
		write_file(wal, data, size);
	} else {
		write_file(path, data, size);
	}
	if (sqlite_store_open(&s, path, &e) != RC_OK) {
		must(strstr(e.text, path));
		return 0;
	}
	ask_everything(sqlite_store_port(s));
	go_on_writing(sqlite_store_port(s));
	is_fine(sqlite_store_verify(s, NULL, &verified, &e), &e);
	return 0;
}
