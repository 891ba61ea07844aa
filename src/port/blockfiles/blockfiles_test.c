/* SPDX-License-Identifier: Apache-2.0 */
#include "port/blockfiles/blockfiles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char folder[64];
	struct blockfiles *files;
	const struct files *port;
};

static void place_init(struct place *p)
{
	*p = (struct place){ .folder = "/tmp/blockfiles.XXXXXX" };
	assert_non_null(mkdtemp(p->folder));
	assert_int_equal(blockfiles_open(&p->files, p->folder, NULL), RC_OK);
	p->port = blockfiles_port(p->files);
}

static void place_fini(struct place *p)
{
	char command[128];

	blockfiles_close(p->files);
	snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
	assert_int_equal(system(command), 0);
}
SCOPED_FINI(place_fini, struct place)

static void put(const struct place *p, const char *name, const char *text)
{
	struct files_writer *w;

	assert_int_equal(p->port->create(p->port->self, name, &w, NULL), RC_OK);
	assert_int_equal(p->port->append(w, text, strlen(text), NULL), RC_OK);
	assert_int_equal(p->port->sync(w, NULL), RC_OK);
	p->port->close(w);
}

static void assert_holds(const struct files *port, const char *name, const char *text)
{
	struct files_map m;

	assert_int_equal(port->map(port->self, name, &m, NULL), RC_OK);
	assert_int_equal(m.n, strlen(text));
	assert_memory_equal(m.p, text, m.n);
	port->release(port->self, &m);
	assert_memory_equal(m.p, text, m.n);
	port->unmap(port->self, &m);
	assert_int_equal(m.n, 0);
}

static void what_is_appended_is_read_back(void **state)
{
	scoped(place_fini) struct place p;
	struct files_map empty;

	(void)state;
	place_init(&p);
	put(&p, "a.new", "hello ");
	assert_int_equal(p.port->rename(p.port->self, "a.new", "a", NULL), RC_OK);
	assert_int_equal(p.port->sync_folder(p.port->self, NULL), RC_OK);
	assert_holds(p.port, "a", "hello ");
	put(&p, "empty", "");
	assert_int_equal(p.port->map(p.port->self, "empty", &empty, NULL), RC_OK);
	assert_int_equal(empty.n, 0);
	p.port->unmap(p.port->self, &empty);
}

static void after_a_cut_appending_goes_on_there(void **state)
{
	scoped(place_fini) struct place p;
	struct files_writer *w;

	(void)state;
	place_init(&p);
	assert_int_equal(p.port->create(p.port->self, "log", &w, NULL), RC_OK);
	assert_int_equal(p.port->append(w, "whole torn", 10, NULL), RC_OK);
	assert_int_equal(p.port->cut(w, 6, NULL), RC_OK);
	assert_int_equal(p.port->append(w, "again", 5, NULL), RC_OK);
	p.port->close(w);
	assert_holds(p.port, "log", "whole again");
}

static void a_map_outlives_its_file(void **state)
{
	scoped(place_fini) struct place p;
	struct files_map m;
	struct err e = { 0 };

	(void)state;
	place_init(&p);
	put(&p, "block", "bytes");
	assert_int_equal(p.port->map(p.port->self, "block", &m, NULL), RC_OK);
	assert_int_equal(p.port->remove(p.port->self, "block", NULL), RC_OK);
	assert_memory_equal(m.p, "bytes", 5);
	p.port->unmap(p.port->self, &m);
	assert_int_equal(p.port->remove(p.port->self, "block", &e), RC_NOT_FOUND);
	assert_non_null(strstr(e.text, "block"));
	assert_int_equal(p.port->map(p.port->self, "block", &m, NULL), RC_NOT_FOUND);
}

static void only_files_are_listed(void **state)
{
	scoped(place_fini) struct place p;
	struct files_entry *entries;
	uint32_t n;

	(void)state;
	place_init(&p);
	put(&p, "one", "1");
	put(&p, "two", "22");
	assert_int_equal(p.port->link(p.port->self, "one", "before", NULL), RC_OK);
	assert_int_equal(p.port->list(p.port->self, &entries, &n, NULL), RC_OK);
	assert_int_equal(n, 2);
	assert_int_equal(entries[0].size_bytes + entries[1].size_bytes, 3);
	free(entries);
}

static void a_snapshot_is_a_folder_of_its_own(void **state)
{
	scoped(place_fini) struct place p;
	scoped(blockfiles_close) struct blockfiles *snapshot = NULL;
	char folder[96];

	(void)state;
	place_init(&p);
	put(&p, "block", "bytes");
	assert_int_equal(p.port->link(p.port->self, "block", "monday", NULL), RC_OK);
	assert_int_equal(p.port->link(p.port->self, "block", "monday", NULL), RC_OK);
	assert_int_equal(p.port->remove(p.port->self, "block", NULL), RC_OK);
	snprintf(folder, sizeof folder, "%s/snapshots/monday", p.folder);
	assert_int_equal(blockfiles_open(&snapshot, folder, NULL), RC_OK);
	assert_holds(blockfiles_port(snapshot), "block", "bytes");
	assert_int_equal(p.port->link(p.port->self, "gone", "monday", NULL), RC_NOT_FOUND);
}

static void two_cannot_share_a_folder(void **state)
{
	scoped(place_fini) struct place p;
	struct blockfiles *second = NULL;
	struct err e = { 0 };

	(void)state;
	place_init(&p);
	assert_int_equal(blockfiles_open(&second, p.folder, &e), RC_CONFLICT);
	assert_null(second);
	assert_non_null(strstr(e.text, p.folder));
}

static void a_disk_without_room_says_so(void **state)
{
	scoped(place_fini) struct place p;
	struct files_writer *w;
	char path[96];

	(void)state;
	place_init(&p);
	snprintf(path, sizeof path, "%s/full", p.folder);
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(p.port->create(p.port->self, "full", &w, NULL), RC_OK);
	assert_int_equal(p.port->append(w, "x", 1, NULL), RC_FULL);
	p.port->close(w);
}

static void what_an_earlier_process_wrote_can_be_synced(void **state)
{
	scoped(place_fini) struct place p;
	const struct files *f;

	(void)state;
	place_init(&p);
	f = p.port;
	put(&p, "wal", "records");
	assert_int_equal(f->sync_name(f->self, "wal", NULL), RC_OK);
	assert_holds(f, "wal", "records");
	assert_int_equal(f->sync_name(f->self, "absent", NULL), RC_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_earlier_process_wrote_can_be_synced),
		cmocka_unit_test(what_is_appended_is_read_back),
		cmocka_unit_test(after_a_cut_appending_goes_on_there),
		cmocka_unit_test(a_map_outlives_its_file),
		cmocka_unit_test(only_files_are_listed),
		cmocka_unit_test(a_snapshot_is_a_folder_of_its_own),
		cmocka_unit_test(two_cannot_share_a_folder),
		cmocka_unit_test(a_disk_without_room_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
