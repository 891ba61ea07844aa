/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/verify.h"

#include "base/str.h"
#include "core/metrics/follow.h"
#include "core/metrics/store_fixture.h"
#include "core/metrics/wal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SERIES  40
#define SECONDS 300

struct seen {
	uint32_t n[VERIFIED_KINDS], bad[VERIFIED_KINDS];
	uint64_t n_samples;
	struct block_ids damaged;
	char bad_name[FILES_NAME_MAX];
	enum rc rc;
};

static void on_file(void *self, const struct verified_file *f)
{
	struct seen *s = self;

	s->n[f->kind]++;
	s->n_samples += f->n_samples;
	if (f->rc == RC_OK)
		return;
	s->bad[f->kind]++;
	s->damaged = f->damaged;
	s->rc = f->rc;
	str_copy(s->bad_name, sizeof s->bad_name, f->name);
	assert_true(*f->why != '\0');
	assert_true(*verified_kind_advice(f->kind) != '\0');
}

static struct seen verify(struct memory_files *m)
{
	struct seen seen = { .rc = RC_OK };

	assert_int_equal(
		metrics_verify(memory_files_port(m), &(struct verifier){ &seen, on_file }, NULL),
		RC_OK);
	return seen;
}

static uint32_t all_bad(const struct seen *s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < VERIFIED_KINDS; i++)
		n += s->bad[i];
	return n;
}

/* What a site has after some time: parts, segments, and a log of what came last. */
static struct memory_files *folder(struct store **ret)
{
	struct memory_files *m = memory_files_new(7);
	struct store *s = fixture_open(m, NULL);

	for (int i = 0; i < SECONDS; i++)
		assert_int_equal(fixture_scrape(s, SERIES, i), RC_OK);
	store_flush_soon(s);
	assert_int_equal(fixture_work(s, SECONDS * SECOND_MS, NULL), RC_OK);
	for (int i = SECONDS; i < SECONDS + 5; i++)
		assert_int_equal(fixture_scrape(s, SERIES, i), RC_OK);
	*ret = s;
	return m;
}

/* The largest file whose name begins so. */
static struct files_entry find(struct memory_files *m, const char *prefix)
{
	const struct files *files = memory_files_port(m);
	struct files_entry *v = NULL, found = { .name = "" };
	uint32_t n;

	assert_int_equal(files->list(files->self, &v, &n, NULL), RC_OK);
	for (uint32_t i = 0; i < n; i++)
		if (str_starts(v[i].name, prefix) && v[i].size_bytes >= found.size_bytes)
			found = v[i];
	free(v);
	assert_true(found.size_bytes > 0);
	return found;
}

static void a_whole_folder_is_counted_and_has_no_damage(void **state)
{
	struct store *s;
	scoped(memory_files_free) struct memory_files *m = folder(&s);
	struct seen seen = verify(m); /* while it is in use */

	(void)state;
	assert_int_equal(all_bad(&seen), 0);
	assert_int_equal(seen.n[VERIFIED_MANIFEST], 1);
	assert_int_equal(seen.n[VERIFIED_PART], 1);
	assert_int_equal(seen.n[VERIFIED_SEGMENT], 1);
	assert_true(seen.n[VERIFIED_LOG] >= 1);
	assert_int_equal(seen.n_samples, SERIES * SECONDS);
	store_close(s);
}

static void a_flipped_bit_is_found_wherever_it_is(void **state)
{
	static const struct {
		const char *prefix;
		enum verified_kind kind;
	} rows[] = { { "part-", VERIFIED_PART }, { "segment-", VERIFIED_SEGMENT } };
	struct store *s;
	scoped(memory_files_free) struct memory_files *m = folder(&s);

	(void)state;
	store_close(s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct files_entry file = find(m, rows[i].prefix);

		for (uint64_t bit = 3; bit < file.size_bytes * 8; bit += 211) {
			struct seen seen;

			assert_true(memory_files_flip(m, file.name, bit));
			seen = verify(m);
			if (all_bad(&seen) != 1 || seen.bad[rows[i].kind] != 1)
				fail_msg("bit %llu of %s isn't missed", (unsigned long long)bit,
					file.name);
			assert_string_equal(seen.bad_name, file.name);
			assert_int_equal(seen.rc, RC_CORRUPT);
			assert_true(memory_files_flip(m, file.name, bit));
		}
	}
}

static void damage_within_a_part_names_the_series_that_lost_samples(void **state)
{
	struct store *s;
	scoped(memory_files_free) struct memory_files *m = folder(&s);
	struct files_entry part;
	struct seen seen;

	(void)state;
	store_close(s);
	part = find(m, "part-");
	assert_true(memory_files_flip(m, part.name, part.size_bytes * 8 / 3));
	seen = verify(m);
	assert_int_equal(seen.bad[VERIFIED_PART], 1);
	assert_true(seen.damaged.first >= 1);
	assert_true(seen.damaged.last >= seen.damaged.first && seen.damaged.last <= SERIES);
}

static void a_log_that_is_cut_off_is_no_damage_and_one_that_is_changed_is(void **state)
{
	struct store *s;
	scoped(memory_files_free) struct memory_files *m = folder(&s);
	struct files_entry log = find(m, "wal-");
	struct seen seen;

	(void)state;
	assert_true(memory_files_flip(m, log.name, (WAL_HEADER_BYTES + 30) * 8));
	seen = verify(m);
	assert_int_equal(seen.bad[VERIFIED_LOG], 1);
	assert_true(memory_files_flip(m, log.name, (WAL_HEADER_BYTES + 30) * 8));
	assert_int_equal(fixture_scrape(s, SERIES, SECONDS + 5), RC_OK);
	memory_files_crash(m); /* in the middle of what wasn't synced */
	seen = verify(m);
	assert_int_equal(all_bad(&seen), 0);
	store_close(s);
}

static void a_file_that_is_missing_and_one_that_was_set_aside_are_said(void **state)
{
	struct store *s;
	scoped(memory_files_free) struct memory_files *m = folder(&s);
	const struct files *files = memory_files_port(m);
	struct files_entry part;
	struct seen seen;

	(void)state;
	store_close(s);
	part = find(m, "part-");
	assert_int_equal(files->rename(files->self, part.name, "part-00000009.bad", NULL), RC_OK);
	seen = verify(m);
	assert_int_equal(seen.bad[VERIFIED_PART], 1);
	assert_int_equal(seen.bad[VERIFIED_ASIDE], 1);
	assert_int_equal(all_bad(&seen), 2);
}

static void a_damaged_manifest_is_said(void **state)
{
	struct store *s;
	scoped(memory_files_free) struct memory_files *m = folder(&s);
	struct seen seen;

	(void)state;
	store_close(s);
	assert_true(memory_files_flip(m, "MANIFEST", 300));
	seen = verify(m);
	assert_int_equal(seen.bad[VERIFIED_MANIFEST], 1);
}

static void what_waits_to_be_sent_is_looked_at_as_well(void **state)
{
	scoped(memory_files_free) struct memory_files *m = memory_files_new(7);
	struct store *s = fixture_open(m, NULL);
	struct follower *f;
	struct seen seen;

	(void)state;
	assert_int_equal(store_follow(s, "it", &f, NULL), RC_OK);
	assert_int_equal(fixture_scrape(s, SERIES, 0), RC_OK);
	store_flush_soon(s);
	assert_int_equal(fixture_work(s, SECOND_MS, NULL), RC_OK);
	follower_free(f);
	store_close(s);
	seen = verify(m);
	assert_int_equal(all_bad(&seen), 0);
	assert_int_equal(seen.n[VERIFIED_KEPT], 1);
	assert_int_equal(seen.n[VERIFIED_MARKS], 1);
	assert_true(memory_files_flip(m, find(m, "wal-").name, (WAL_HEADER_BYTES + 30) * 8));
	assert_true(memory_files_flip(m, find(m, "mark-").name, 100));
	seen = verify(m);
	assert_int_equal(seen.bad[VERIFIED_KEPT], 1);
	assert_int_equal(seen.bad[VERIFIED_MARKS], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_to_be_sent_is_looked_at_as_well),
		cmocka_unit_test(a_whole_folder_is_counted_and_has_no_damage),
		cmocka_unit_test(a_flipped_bit_is_found_wherever_it_is),
		cmocka_unit_test(damage_within_a_part_names_the_series_that_lost_samples),
		cmocka_unit_test(a_log_that_is_cut_off_is_no_damage_and_one_that_is_changed_is),
		cmocka_unit_test(a_file_that_is_missing_and_one_that_was_set_aside_are_said),
		cmocka_unit_test(a_damaged_manifest_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
