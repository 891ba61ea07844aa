/* SPDX-License-Identifier: Apache-2.0 */
/* A bit of dublin's disk is wrong; mumbai has a copy of all. */
#include "core/journal/scrub.h"

#include "base/mem.h"
#include "base/str.h"
#include "core/journal/memory_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVENTS 100
#define SLICE  16

static struct memory_store *disk, *other;
static struct journal *journal;
static struct arena arena;
static struct now now;

/* At most `most` events of dublin's chain. */
static struct event_batch read_dublin(struct memory_store *from, uint64_t epoch, uint64_t seq,
	size_t most)
{
	const struct journal_store *store = memory_store_port(from);
	struct journal_span span = { "dublin", epoch, seq, most };
	struct event_batch read;

	assert_int_equal(store->range(store->ctx, &span, &arena, &read, NULL), RC_OK);
	return read;
}

static void copy_all(void)
{
	const struct journal_store *to = memory_store_port(other);
	struct event_batch all = read_dublin(disk, journal_epoch(journal), 1, SIZE_MAX);

	assert_int_equal(to->put(to->ctx, all.v, all.n, NULL), RC_OK);
}

static int enter(void **state)
{
	const struct event *events;
	size_t n;

	(void)state;
	arena_init(&arena, 0);
	now = (struct now){ { 5000 }, { 1763000000000 } };
	disk = memory_store_new();
	other = memory_store_new();
	assert_int_equal(journal_open(&journal,
				 &(struct journal_setup){ "dublin", memory_store_port(disk) }, now,
				 NULL),
		RC_OK);
	for (int i = 0; i < EVENTS; i++)
		journal_add(journal, now, EVENT_NOTE, "x", "{\"text\":\"all is well\"}");
	assert_int_equal(journal_commit(journal, &events, &n, NULL), RC_OK);
	copy_all();
	return 0;
}

static int leave(void **state)
{
	(void)state;
	journal_free(journal);
	memory_store_free(disk);
	memory_store_free(other);
	arena_fini(&arena);
	return 0;
}

/* One whole pass; how many places it found, in `ret`. */
static size_t pass(struct journal_place ret[EVENTS])
{
	struct journal_place at = { 0 };
	size_t n = 0, found, calls = 0;
	bool is_over;

	do {
		assert_true(++calls <= EVENTS);
		is_over = journal_scrub(journal, &at, SLICE, ret + n, &found);
		n += found;
	} while (!is_over);
	return n;
}

/* The bit that `number` chooses; never the newest event's. */
static struct journal_place flip(uint64_t number)
{
	struct journal_place place = { 0 };
	struct event ev;

	while (!memory_store_flip(disk, number, &ev))
		number++;
	str_copy(place.site, sizeof place.site, ev.site);
	place.epoch = ev.epoch;
	place.seq = ev.seq;
	return place;
}

static enum rc mend_with(const struct journal_place *place, uint64_t from, size_t n)
{
	struct event_batch copies = read_dublin(other, place->epoch, from, n);

	return journal_mend(journal, place, &copies, NULL);
}

static void an_intact_journal_has_no_place_to_show(void **state)
{
	struct journal_place found[EVENTS];

	(void)state;
	assert_int_equal(pass(found), 0);
}

static void a_pass_looks_at_every_event_once(void **state)
{
	struct journal_place at = { 0 };
	struct journal_place found[SLICE];
	size_t n, slices = 1;

	(void)state;
	while (!journal_scrub(journal, &at, SLICE, found, &n))
		slices++;
	assert_int_equal(slices, (EVENTS + SLICE - 1) / SLICE);
	assert_string_equal(at.site, "");
	assert_int_equal(at.seq, 0);
}

static void any_flipped_bit_is_found_in_its_place_and_mended_from_a_peers_copy(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 2000; number += 37) {
		struct journal_place damaged = flip(number), found[EVENTS];
		char why[REASON_BYTES_MAX];

		assert_int_equal(pass(found), 1);
		assert_int_equal(found[0].seq, damaged.seq);
		assert_false(journal_is_intact(journal, &damaged, why));
		assert_int_equal(mend_with(&damaged, damaged.seq, SIZE_MAX), RC_OK);
		assert_int_equal(pass(found), 0);
	}
}

static void a_copy_that_joins_nothing_intact_proves_nothing(void **state)
{
	struct journal_place damaged = flip(5);
	char why[REASON_BYTES_MAX];

	(void)state;
	assert_int_equal(mend_with(&damaged, damaged.seq, 1), RC_CORRUPT);
	assert_false(journal_is_intact(journal, &damaged, why));
	assert_int_equal(mend_with(&damaged, damaged.seq, 2), RC_OK);
	assert_true(journal_is_intact(journal, &damaged, why));
}

static void a_batch_that_does_not_reach_the_place_is_no_use(void **state)
{
	struct journal_place damaged = flip(50);

	(void)state;
	assert_int_equal(mend_with(&damaged, damaged.seq + 1, SIZE_MAX), RC_NOT_FOUND);
	assert_int_equal(mend_with(&damaged, 1, damaged.seq - 1), RC_NOT_FOUND);
}

static void another_history_of_the_same_site_mends_nothing(void **state)
{
	scoped(memory_store_free) struct memory_store *forged = memory_store_new();
	const struct journal_store *store = memory_store_port(forged);
	struct journal_place damaged = flip(50);
	struct journal *forger;
	const struct event *events;
	size_t n;

	(void)state;
	assert_int_equal(
		journal_open(&forger, &(struct journal_setup){ "dublin", store }, now, NULL),
		RC_OK);
	for (int i = 0; i < EVENTS; i++)
		journal_add(forger, now, EVENT_NOTE, "x", "{\"text\":\"nothing is\"}");
	assert_int_equal(journal_commit(forger, &events, &n, NULL), RC_OK);
	assert_int_equal(journal_epoch(forger), damaged.epoch);
	assert_int_equal(journal_mend(journal, &damaged, &(struct event_batch){ events, n }, NULL),
		RC_CORRUPT);
	journal_free(forger);
}

static void a_damaged_hash_is_not_taken_for_a_fork(void **state)
{
	struct journal_place damaged = flip(0); /* number 0: a bit of a hash */
	uint64_t epoch = journal_epoch(journal);
	struct event_batch copies = read_dublin(other, damaged.epoch, damaged.seq, SIZE_MAX);
	size_t n_new;

	(void)state;
	assert_int_equal(journal_accept(journal, now, &copies, &n_new, NULL), RC_IO);
	assert_int_equal(journal_epoch(journal), epoch);
	assert_int_equal(memory_store_count(disk), EVENTS);
}

static void a_full_disk_takes_the_copy_later(void **state)
{
	struct memory_fault full = { .count = 1, .rc = RC_FULL };
	struct journal_place damaged = flip(9);

	(void)state;
	memory_store_set_fault(disk, full);
	assert_int_equal(mend_with(&damaged, damaged.seq, SIZE_MAX), RC_FULL);
	assert_int_equal(mend_with(&damaged, damaged.seq, SIZE_MAX), RC_OK);
}

static void reopen(const char *site)
{
	journal_free(journal);
	journal = NULL;
	now.wall.ms += HOUR_MS;
	assert_int_equal(journal_open(&journal,
				 &(struct journal_setup){ site, memory_store_port(disk) }, now,
				 NULL),
		RC_OK);
}

static uint64_t head_of(const char *site, uint64_t epoch)
{
	size_t n;
	const struct journal_head *heads = journal_heads(journal, &n);

	for (size_t i = 0; i < n; i++)
		if (heads[i].epoch == epoch && str_eq(heads[i].site, site))
			return heads[i].seq;
	return 0;
}

static void a_damaged_end_of_our_own_chain_is_cut_off_and_a_new_epoch_begun(void **state)
{
	uint64_t epoch = journal_epoch(journal);
	struct event ev;
	size_t n;

	(void)state;
	assert_true(memory_store_flip_newest(disk, "dublin", 5, &ev));
	reopen("dublin");
	assert_int_equal(journal_cuts(journal, &n)->first.seq, EVENTS);
	assert_int_equal(n, 1);
	assert_true(journal_epoch(journal) > epoch);
	assert_int_equal(head_of("dublin", epoch), EVENTS - 1);
	assert_int_equal(head_of("dublin", journal_epoch(journal)), 1); /* `damaged` */
	reopen("dublin");
	journal_cuts(journal, &n);
	assert_int_equal(n, 0);
}

static void a_damaged_end_of_a_peers_chain_is_cut_off_and_taken_in_again(void **state)
{
	uint64_t epoch = journal_epoch(journal);
	struct event_batch copies = read_dublin(other, epoch, EVENTS - 3, SIZE_MAX);
	struct event ev;
	size_t n_new;

	(void)state;
	assert_true(memory_store_flip_newest(disk, "dublin", 4, &ev));
	reopen("mumbai");
	assert_int_equal(head_of("dublin", epoch), EVENTS - 1);
	assert_int_equal(journal_accept(journal, now, &copies, &n_new, NULL), RC_OK);
	assert_int_equal(n_new, 1);
	assert_int_equal(head_of("dublin", epoch), EVENTS);
}

static void a_damaged_end_on_a_full_disk_is_cut_off_when_there_is_room(void **state)
{
	struct memory_fault full = { .count = UINT64_MAX, .rc = RC_FULL };
	uint64_t epoch = journal_epoch(journal);
	struct event_batch copy = read_dublin(other, epoch, EVENTS, 1);
	const struct event *committed;
	struct event ev;
	size_t n, n_new;

	(void)state;
	assert_true(memory_store_flip_newest(disk, "dublin", 4, &ev));
	memory_store_set_fault(disk, full);
	reopen("mumbai");
	assert_int_equal(head_of("dublin", epoch), EVENTS - 1);
	assert_int_equal(journal_uncommitted(journal), 1); /* `damaged` */
	assert_int_equal(journal_accept(journal, now, &copy, &n_new, NULL), RC_FULL);
	assert_int_equal(memory_store_count(disk), EVENTS);

	memory_store_set_fault(disk, (struct memory_fault){ 0 });
	assert_int_equal(journal_accept(journal, now, &copy, &n_new, NULL), RC_FULL);
	assert_int_equal(journal_commit(journal, &committed, &n, NULL), RC_OK);
	assert_string_equal(committed->kind, "damaged");
	assert_int_equal(memory_store_count(disk), EVENTS); /* it is out, and `damaged` is in */
	assert_int_equal(journal_accept(journal, now, &copy, &n_new, NULL), RC_OK);
	assert_int_equal(head_of("dublin", epoch), EVENTS);
}

static void a_damaged_end_that_is_written_down_is_taken_out_later_where_that_failed(void **state)
{
	struct memory_fault second = { .after = 1, .count = 1, .rc = RC_IO };
	uint64_t epoch = journal_epoch(journal);
	struct event_batch copy = read_dublin(other, epoch, EVENTS, 1);
	struct event ev;
	size_t n_new;

	(void)state;
	assert_true(memory_store_flip_newest(disk, "dublin", 4, &ev));
	memory_store_set_fault(disk, second);
	reopen("mumbai");
	assert_int_equal(journal_uncommitted(journal), 0);
	assert_int_equal(memory_store_count(disk), EVENTS + 1);
	assert_int_equal(journal_accept(journal, now, &copy, &n_new, NULL), RC_OK);
	assert_int_equal(head_of("dublin", epoch), EVENTS);
}

static void a_chain_of_which_too_much_is_damaged_is_refused(void **state)
{
	const struct event *events;
	struct event ev;
	struct err e = { 0 };
	size_t n;

	(void)state;
	for (int i = 0; i <= JOURNAL_CUT_MAX; i++) {
		journal_add(journal, now, EVENT_NOTE, "x", "{\"text\":\"all is well\"}");
		assert_int_equal(journal_commit(journal, &events, &n, NULL), RC_OK);
		assert_true(memory_store_flip_newest(disk, "dublin", 5, &ev));
	}
	journal_free(journal);
	journal = NULL;
	assert_int_equal(journal_open(&journal,
				 &(struct journal_setup){ "dublin", memory_store_port(disk) }, now,
				 &e),
		RC_CORRUPT);
	assert_non_null(strstr(e.text, "move it aside"));
}

/* A peer that holds what is before the hole takes in what was behind it. */
static void what_is_behind_a_lost_event_moves_to_a_new_epoch(void **state)
{
	scoped(memory_store_free) struct memory_store *third = memory_store_new();
	struct journal_place damaged = flip(50);
	uint64_t epoch = journal_epoch(journal);
	struct journal *peer;
	const struct event *committed;
	struct event_batch sent;
	size_t n, n_new, moved;

	(void)state;
	assert_int_equal(journal_give_up(journal, now, &damaged, &moved, NULL), RC_OK);
	assert_int_equal(moved, EVENTS - damaged.seq);
	assert_int_equal(journal_commit(journal, &committed, &n, NULL), RC_OK);
	assert_int_equal(head_of("dublin", epoch), damaged.seq - 1);
	assert_int_equal(journal_open(&peer,
				 &(struct journal_setup){ "mumbai", memory_store_port(third) }, now,
				 NULL),
		RC_OK);
	sent = read_dublin(disk, epoch, 1, SIZE_MAX);
	assert_int_equal(journal_accept(peer, now, &sent, &n_new, NULL), RC_OK);
	sent = read_dublin(disk, journal_epoch(journal), 1, SIZE_MAX);
	assert_int_equal(journal_accept(peer, now, &sent, &n_new, NULL), RC_OK);
	assert_int_equal(n_new, moved + 1);
	assert_string_equal(sent.v[sent.n - 1].kind, "lost");
	journal_free(peer);
}

/* Killed before it could commit anything more. */
static void what_is_given_up_and_the_word_of_it_are_one_transaction(void **state)
{
	struct journal_place damaged = flip(50);
	uint64_t epoch;
	size_t moved;

	(void)state;
	journal_add(journal, now, EVENT_NOTE, "x", "{\"text\":\"meanwhile\"}");
	assert_int_equal(journal_give_up(journal, now, &damaged, &moved, NULL), RC_OK);
	epoch = journal_epoch(journal);
	memory_store_crash(disk);
	reopen("dublin");
	assert_int_equal(journal_epoch(journal), epoch);
	assert_int_equal(head_of("dublin", epoch), moved + 2);
	assert_string_equal(read_dublin(disk, epoch, moved + 1, 1).v->kind, "note");
	assert_string_equal(read_dublin(disk, epoch, moved + 2, 1).v->kind, "lost");
}

static void what_was_given_up_is_returned_by_the_next_commit_once(void **state)
{
	struct journal_place damaged = flip(50);
	const struct event *committed;
	size_t n, moved;

	(void)state;
	assert_int_equal(journal_give_up(journal, now, &damaged, &moved, NULL), RC_OK);
	journal_add(journal, now, EVENT_NOTE, "x", "{\"text\":\"and on\"}");
	assert_int_equal(journal_commit(journal, &committed, &n, NULL), RC_OK);
	assert_int_equal(n, 2);
	assert_string_equal(committed[0].kind, "lost");
	assert_int_equal(head_of("dublin", journal_epoch(journal)), moved + 2);
	assert_int_equal(memory_store_count(disk), EVENTS + 1);
}

static void the_last_event_of_a_chain_of_one_can_be_given_up(void **state)
{
	const struct event *committed;
	struct journal_place damaged = { .site = "dublin" };
	struct event ev;
	size_t n, moved;

	(void)state;
	assert_true(memory_store_flip_newest(disk, "dublin", 4, &ev)); /* a new epoch */
	journal_add(journal, now, EVENT_NOTE, "x", "{\"text\":\"alone\"}");
	assert_int_equal(journal_commit(journal, &committed, &n, NULL), RC_OK);
	assert_true(memory_store_flip_newest(disk, "dublin", 4, &ev));
	damaged.epoch = ev.epoch;
	damaged.seq = ev.seq;
	assert_int_equal(damaged.seq, 1);
	assert_int_equal(journal_give_up(journal, now, &damaged, &moved, NULL), RC_OK);
	assert_int_equal(journal_commit(journal, &committed, &n, NULL), RC_OK);
	assert_int_equal(head_of("dublin", damaged.epoch), 0);
	assert_int_equal(head_of("dublin", journal_epoch(journal)), 1);
}

static void what_could_not_be_given_up_is_not_said_to_be_lost(void **state)
{
	struct memory_fault full = { .count = 1, .rc = RC_FULL };
	struct journal_place damaged = flip(50);
	size_t moved;

	(void)state;
	memory_store_set_fault(disk, full);
	assert_int_equal(journal_give_up(journal, now, &damaged, &moved, NULL), RC_FULL);
	assert_int_equal(journal_uncommitted(journal), 0);
	assert_int_equal(journal_give_up(journal, now, &damaged, &moved, NULL), RC_OK);
	assert_int_equal(journal_uncommitted(journal), 1);
}

static void a_hole_behind_another_or_in_a_peers_chain_is_not_given_up(void **state)
{
	struct journal_place damaged = flip(50), behind = damaged, peers = damaged;
	size_t moved;

	(void)state;
	behind.seq++;
	str_copy(peers.site, sizeof peers.site, "mumbai");
	assert_int_equal(journal_give_up(journal, now, &behind, &moved, NULL), RC_CONFLICT);
	assert_int_equal(journal_give_up(journal, now, &peers, &moved, NULL), RC_INPUT);
	assert_int_equal(memory_store_count(disk), EVENTS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
	const struct CMUnitTest tests[] = {
		TEST(an_intact_journal_has_no_place_to_show),
		TEST(a_pass_looks_at_every_event_once),
		TEST(any_flipped_bit_is_found_in_its_place_and_mended_from_a_peers_copy),
		TEST(a_copy_that_joins_nothing_intact_proves_nothing),
		TEST(a_batch_that_does_not_reach_the_place_is_no_use),
		TEST(another_history_of_the_same_site_mends_nothing),
		TEST(a_damaged_hash_is_not_taken_for_a_fork),
		TEST(a_full_disk_takes_the_copy_later),
		TEST(a_damaged_end_of_our_own_chain_is_cut_off_and_a_new_epoch_begun),
		TEST(a_damaged_end_of_a_peers_chain_is_cut_off_and_taken_in_again),
		TEST(a_damaged_end_on_a_full_disk_is_cut_off_when_there_is_room),
		TEST(a_damaged_end_that_is_written_down_is_taken_out_later_where_that_failed),
		TEST(a_chain_of_which_too_much_is_damaged_is_refused),
		TEST(what_is_behind_a_lost_event_moves_to_a_new_epoch),
		TEST(what_is_given_up_and_the_word_of_it_are_one_transaction),
		TEST(what_was_given_up_is_returned_by_the_next_commit_once),
		TEST(the_last_event_of_a_chain_of_one_can_be_given_up),
		TEST(what_could_not_be_given_up_is_not_said_to_be_lost),
		TEST(a_hole_behind_another_or_in_a_peers_chain_is_not_given_up),
	};

	return cmocka_run_group_tests_name("scrub", tests, NULL, NULL);
}
