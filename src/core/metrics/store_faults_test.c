/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th thing that changes the disk fails, for every n: once, or from then on until somebody makes
 * room.  What was taken is still there when it works again, and then survives a power cut.
 */
#include "core/metrics/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SERIES  20
#define SECONDS 60
#define STEP_MS (400 * SECOND_MS) /* of the clock, between two scrapes: each is flushed */

static struct store *try_to_open(struct memory_files *files)
{
	struct store_settings settings = { 0 };
	struct store *s = NULL;

	if (store_open(&s, memory_files_port(files), &settings, FIXTURE_BEGIN, NULL) != RC_OK)
		return NULL;
	return s;
}

/* Returns how many things were changed. */
static uint64_t run(struct memory_files_fault fault)
{
	scoped(memory_files_free) struct memory_files *files = memory_files_new(1);
	const struct memory_files_fault none = { 0 };
	struct store *s;
	uint64_t changes;
	int64_t now_ms = 0;

	memory_files_set_fault(files, fault);
	s = try_to_open(files);
	for (int64_t second = 0; s && second < SECONDS; second++, now_ms += STEP_MS) {
		if (fixture_scrape(s, SERIES, second) != RC_OK)
			assert_true(fault.count > 0);
		if (fixture_work(s, now_ms, NULL) != RC_OK)
			assert_true(fault.count > 0);
	}
	changes = memory_files_changes(files);
	memory_files_set_fault(files, none);
	if (!s)
		return changes;
	for (int i = 0; i < 3; i++)
		fixture_work(s, now_ms += STEP_MS, NULL);
	fixture_look(s, SERIES, SECONDS);
	store_close(s);
	memory_files_crash(files);
	s = fixture_open(files, NULL);
	fixture_look(s, SERIES, SECONDS);
	assert_int_equal(store_findings(s).n, 0);
	store_close(s);
	return changes;
}

static void sweep(uint64_t count, enum rc rc)
{
	uint64_t changes = run((struct memory_files_fault){ 0 });

	assert_true(changes > 300);
	for (uint64_t after = 0; after < changes; after++)
		run((struct memory_files_fault){ .after = after, .count = count, .rc = rc });
}

static void nothing_is_lost_when_one_write_fails(void **state)
{
	(void)state;
	sweep(1, RC_IO);
}

static void nothing_is_lost_when_a_few_writes_fail(void **state)
{
	(void)state;
	sweep(5, RC_FULL);
}

static void nothing_is_lost_when_the_disk_is_full_until_there_is_room(void **state)
{
	(void)state;
	sweep(UINT64_MAX, RC_FULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_when_one_write_fails),
		cmocka_unit_test(nothing_is_lost_when_a_few_writes_fail),
		cmocka_unit_test(nothing_is_lost_when_the_disk_is_full_until_there_is_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
