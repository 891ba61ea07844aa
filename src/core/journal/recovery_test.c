/* SPDX-License-Identifier: Apache-2.0 */
/* A site that was wiped or rolled back gets its history from its peer. */
#include "core/journal/journal_fixture.h"

static void a_wiped_site_gets_its_history_back_and_goes_on_after_it(void **state)
{
	struct event *old, *new;

	(void)state;
	write_some(&dublin, 4);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	memory_store_wipe(dublin.disk);
	tick(HOUR_MS);
	restart(&dublin);
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_false(is_behind_itself(&dublin, &mumbai));
	write_some(&dublin, 1);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &old), 4);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 1);
	assert_true(journal_epoch(dublin.journal) > 1763000000);
	assert_memory_equal(&new->previous, &old[3].hash, sizeof new->previous);
	assert_true(new->hlc > old[3].hlc);
}

static void a_peer_cannot_forge_the_history_that_it_gives_back(void **state)
{
	struct event *events;
	size_t n_new;

	(void)state;
	write_some(&dublin, 3);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	assert_int_equal(held(&mumbai, "dublin", 1763000000, 1, &events), 3);
	memory_store_wipe(dublin.disk);
	tick(HOUR_MS);
	restart(&dublin);
	events[2].subject = "something else";
	events[2].hash = event_hash(&events[2]);
	fake_signature("mumbai", &events[2].hash, events[2].signature);
	assert_int_equal(offer(&dublin, events, 3, &n_new, NULL), RC_CORRUPT);
	assert_int_equal(memory_store_count(dublin.disk), 0);
}

static void a_claim_without_the_events_changes_nothing(void **state)
{
	struct journal_head claim = { .site = "dublin", .epoch = 1763000000, .seq = 1000000 };

	(void)state;
	write_some(&dublin, 3);
	assert_true(journal_is_behind_itself(dublin.journal, &claim, 1));
	write_some(&dublin, 1);
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 4);
}

/* Six events, all at mumbai; dublin's disk goes back to the first `keep`. */
static void roll_back_to(size_t keep)
{
	write_some(&dublin, 6);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	memory_store_rollback(dublin.disk, 6 - keep);
	tick(HOUR_MS);
	restart(&dublin);
}

static void a_rolled_back_site_that_has_not_written_goes_on_in_a_new_epoch(void **state)
{
	size_t n_new;
	struct event *new, *old;

	(void)state;
	roll_back_to(3);
	add(&dublin, "prepared");
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(send_from(&mumbai, &dublin, "dublin", 4, &n_new), RC_OK);
	assert_int_equal(n_new, 3);
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &old), 6);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 1);
	assert_string_equal(new->subject, "prepared");
	assert_memory_equal(&new->previous, &old[5].hash, sizeof new->previous);
}

static void a_rolled_back_site_that_wrote_on_shows_only_what_is_agreed(void **state)
{
	struct event *events;
	size_t n_new;

	(void)state;
	roll_back_to(3);
	write_some(&dublin, 1); /* the other event 4 */
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(shown(&dublin, &mumbai), 4); /* nobody knows yet */
	assert_int_equal(send_from(&mumbai, &dublin, "dublin", 5, &n_new), RC_CONFLICT);
	assert_int_equal(shown(&dublin, &mumbai), 0);
	assert_int_equal(held(&mumbai, "dublin", 1763000000, 1, &events), 6);
	assert_int_equal(offer(&dublin, events, 2, &n_new, NULL), RC_OK);
	assert_int_equal(shown(&dublin, &mumbai), 2);
	assert_int_equal(offer(&dublin, events + 2, 2, &n_new, NULL), RC_OK);
	assert_int_equal(shown(&dublin, &mumbai), 4); /* mumbai's, now */
	assert_int_equal(offer(&dublin, events + 4, 2, &n_new, NULL), RC_OK);
	assert_false(is_behind_itself(&dublin, &mumbai));
}

static void a_fork_that_went_away_is_forgotten(void **state)
{
	size_t n_new;

	(void)state;
	roll_back_to(3);
	write_some(&dublin, 1);
	assert_int_equal(send_from(&mumbai, &dublin, "dublin", 5, &n_new), RC_CONFLICT);
	memory_store_wipe(mumbai.disk); /* and with it the other version */
	restart(&mumbai);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	assert_false(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(shown(&dublin, &mumbai), 4);
	write_some(&dublin, 1);
	assert_int_equal(shown(&dublin, &mumbai), 5);
}

static void what_was_written_after_a_rollback_moves_to_a_new_epoch(void **state)
{
	struct event *ours, *old, *new;
	size_t n_new, n_ours;

	(void)state;
	roll_back_to(3);
	add(&dublin, "boot");
	add(&dublin, "evidence");
	assert_int_equal(commit(&dublin), RC_OK);
	add(&dublin, "prepared");
	n_ours = held(&dublin, "dublin", 1763000000, 4, &ours);
	assert_int_equal(n_ours, 2);
	assert_int_equal(send_from(&mumbai, &dublin, "dublin", 1, &n_new), RC_OK);
	assert_int_equal(n_new, 3);
	assert_false(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &old), 6);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 3);
	assert_memory_equal(&new[0].previous, &old[5].hash, sizeof old[5].hash);
	for (size_t i = 0; i < n_ours; i++) {
		assert_string_equal(new[i].subject, ours[i].subject);
		assert_int_equal(new[i].hlc, ours[i].hlc);
		assert_int_equal(new[i].wall.ms, ours[i].wall.ms);
	}
	assert_string_equal(new[2].subject, "prepared");
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", journal_epoch(dublin.journal)),
		RC_OK);
	restart(&dublin);
	assert_false(is_behind_itself(&dublin, &mumbai));
}

static void the_longer_of_two_versions_gives_way_all_the_same(void **state)
{
	struct event *new;

	(void)state;
	roll_back_to(3);
	write_some(&dublin, 10);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_CORRUPT);
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(shown(&dublin, &mumbai), 0);
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 6);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 10);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", journal_epoch(dublin.journal)),
		RC_OK);
}

static void a_chain_forked_at_its_first_event_is_settled_too(void **state)
{
	struct event *new;

	(void)state;
	write_some(&dublin, 2);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	memory_store_wipe(dublin.disk); /* and back up within the same second */
	restart(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	write_some(&dublin, 3);
	assert_true(is_behind_itself(&dublin, &mumbai));
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 2);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 3);
}

static void settling_waits_for_room_on_the_disk(void **state)
{
	(void)state;
	roll_back_to(3);
	write_some(&dublin, 2);
	memory_store_set_fault(dublin.disk, (struct memory_fault){ .count = 1, .rc = RC_FULL });
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_FULL);
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 5);
	write_some(&dublin, 1);
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 6);
	assert_int_equal(head_of(&dublin, "dublin", journal_epoch(dublin.journal)), 3);
}

static void a_third_version_of_our_own_chain_is_a_fork(void **state)
{
	struct event *mumbais;
	size_t n_new;

	(void)state;
	roll_back_to(3);
	write_some(&dublin, 1);
	assert_int_equal(send_all(&mumbai, &dublin, "dublin", 1763000000), RC_OK);
	assert_int_equal(held(&mumbai, "dublin", 1763000000, 1, &mumbais), 6);
	mumbais[3].subject = "third";
	mumbais[3].hash = event_hash(&mumbais[3]);
	fake_signature("dublin", &mumbais[3].hash, mumbais[3].signature);
	assert_int_equal(offer(&dublin, mumbais, 4, &n_new, NULL), RC_CORRUPT);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wiped_site_gets_its_history_back_and_goes_on_after_it),
		TEST(a_peer_cannot_forge_the_history_that_it_gives_back),
		TEST(a_claim_without_the_events_changes_nothing),
		TEST(a_rolled_back_site_that_has_not_written_goes_on_in_a_new_epoch),
		TEST(a_rolled_back_site_that_wrote_on_shows_only_what_is_agreed),
		TEST(a_fork_that_went_away_is_forgotten),
		TEST(what_was_written_after_a_rollback_moves_to_a_new_epoch),
		TEST(the_longer_of_two_versions_gives_way_all_the_same),
		TEST(a_chain_forked_at_its_first_event_is_settled_too),
		TEST(settling_waits_for_room_on_the_disk),
		TEST(a_third_version_of_our_own_chain_is_a_fork),
	};

	return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
