/* SPDX-License-Identifier: Apache-2.0 */
/* What a disk or a hand has changed is found, set aside, and mended with a copy. */
#include "base/rng.h"
#include "core/journal/scrub.h"
#include "port/sqlite/sqlite_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#define EVENTS 1000

static void a_truncated_file_is_refused(void **state)
{
	off_t size;

	(void)state;
	make_journal(200);
	size = file_size();
	for (off_t keep = 100; keep < size; keep += size / 7) {
		assert_int_equal(truncate(path, keep), 0);
		assert_refused(RC_CORRUPT, "move it aside");
		remove_journal();
		make_journal(200);
	}
}

static void flip(off_t at, unsigned bit)
{
	unsigned char byte;
	int fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= (unsigned char)(1u << bit);
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static bool count_if_whole(void *arg, const struct event *ev, uint64_t cursor)
{
	struct sha256 hash = event_hash(ev);

	(void)cursor;
	*(size_t *)arg += sha256_eq(&hash, &ev->hash);
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
		off_t at;

		make_journal(300);
		at = (off_t)rng_below(&r, (uint64_t)file_size());
		flip(at, (unsigned)rng_below(&r, 8));
		found += is_found();
		remove_journal();
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

static struct journal *open_journal(const struct journal_store *port)
{
	struct journal *j;
	struct err e = { 0 };

	if (journal_open(&j, &(struct journal_setup){ "mumbai", port },
		    (struct now){ .wall = { 1763000000000 } }, &e) != RC_OK)
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
		again[seq - first] = event_number(seq);
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
		remove_journal();
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
		remove_journal();
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

static void assert_mended(void)
{
	struct sqlite_store *s = must_open();
	const struct journal_store *port = sqlite_store_port(s);
	struct sqlite_verified verified;
	struct event ev = event_number(50);
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
		remove_journal();
	}
}

/* Where the body of an event begins in the file. */
static off_t place_of_body(uint64_t seq)
{
	scoped(mem_free) char *bytes = must_alloc((size_t)file_size());
	struct event ev = event_number(seq);
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

/* In the row only: the indices go on saying what was written.  Before the body of this event stand
 * its subject, wall time, stamp (three bytes) and number. */
static void a_bit_in_a_column_that_is_indexed_is_mended_too(void **state)
{
	(void)state;
	for (off_t before = 1; before <= 6; before++) {
		make_journal(EVENTS + 60);
		flip(place_of_body(50) - before, 0);
		assert_mended();
		remove_journal();
	}
}

static void a_bit_in_a_column_of_the_end_that_is_indexed_is_cut_off_too(void **state)
{
	(void)state;
	for (off_t before = 1; before <= 6; before++) {
		make_journal(200);
		flip(place_of_body(200) - before, 0);
		assert_cut_and_joined_again();
		remove_journal();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_truncated_file_is_refused),
		TEST(a_flipped_bit_anywhere_is_found_or_harmless),
		TEST(a_chain_that_names_nothing_is_refused),
		TEST(a_damaged_end_of_a_chain_is_cut_off_and_joined_again),
		TEST(an_altered_event_near_the_head_keeps_nobody_from_opening_and_is_found),
		TEST(an_altered_event_of_long_ago_is_found_by_verifying),
		TEST(a_heads_signature_is_verified_with_the_sites_key),
		TEST(an_altered_event_is_mended_with_a_copy),
		TEST(a_bit_in_a_column_that_is_indexed_is_mended_too),
		TEST(a_bit_in_a_column_of_the_end_that_is_indexed_is_cut_off_too),
	};
	int failed;

	if (!make_folder())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
