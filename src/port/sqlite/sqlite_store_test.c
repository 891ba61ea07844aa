/* SPDX-License-Identifier: Apache-2.0 */
#include "port/sqlite/sqlite_store.h"

#include "core/journal/store_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];
static char path[128];

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

int main(void)
{
	const struct store_fixture fixture = { .open = open_store, .reopen = reopen_store,
		.close = close_store };
	int failed;

	snprintf(directory, sizeof directory, "/tmp/sqlite-store-test-XXXXXX");
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof path, "%s/journal.db", directory);
	failed = store_contract_run("sqlite_store: contract", &fixture);
	rmdir(directory);
	return failed;
}
