/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of others: taken in, or refused with the reason. */
#include "core/journal/journal_fixture.h"

static void a_peers_chain_is_taken_in_and_continued(void **state)
{
	struct event *a, *b;
	size_t n_new;

	(void)state;
	write_some(&mumbai, 5);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 1, &n_new), RC_OK);
	assert_int_equal(n_new, 5);
	write_some(&mumbai, 2);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 6, &n_new), RC_OK);
	assert_int_equal(n_new, 2);
	assert_int_equal(held(&dublin, "mumbai", 1763000000, 1, &a), 7);
	assert_int_equal(held(&mumbai, "mumbai", 1763000000, 1, &b), 7);
	assert_memory_equal(&a[6].hash, &b[6].hash, sizeof b[6].hash);
	assert_memory_equal(a[3].signature, b[3].signature, SIGNATURE_BYTES);
}

static void what_is_held_already_is_skipped(void **state)
{
	size_t n_new;

	(void)state;
	write_some(&mumbai, 5);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 1, &n_new), RC_OK);
	write_some(&mumbai, 1);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 3, &n_new), RC_OK);
	assert_int_equal(n_new, 1);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 2, &n_new), RC_OK);
	assert_int_equal(n_new, 0);
	assert_int_equal(offer(&dublin, NULL, 0, &n_new, NULL), RC_OK);
	assert_int_equal(n_new, 0);
	assert_int_equal(memory_store_commits(dublin.disk), 2);
}

static void a_batch_beyond_a_hole_waits_for_the_rest(void **state)
{
	size_t n_new;

	(void)state;
	write_some(&mumbai, 5);
	assert_int_equal(send_from(&mumbai, &dublin, "mumbai", 2, &n_new), RC_CONFLICT);
	assert_int_equal(memory_store_count(dublin.disk), 0);
	assert_false(is_behind_itself(&dublin, &mumbai));
}

static void assert_refused(const struct event *events, size_t n, enum rc expected)
{
	struct err e = { 0 };
	size_t n_new = 99;

	assert_int_equal(offer(&dublin, events, n, &n_new, &e), expected);
	assert_string_not_equal(e.text, "");
	assert_int_equal(n_new, 99);
	assert_int_equal(memory_store_count(dublin.disk), 0);
}

static void a_tampered_event_is_refused_with_its_batch(void **state)
{
	struct event *events = copy_of_mumbais();
	struct event before = events[2];

	(void)state;
	events[2].body = "{\"text\":\"y\"}";
	assert_refused(events, 5, RC_CORRUPT);
	events[2].hash = event_hash(&events[2]); /* now the link to the next breaks */
	assert_refused(events, 5, RC_CORRUPT);
	assert_refused(events, 3, RC_CORRUPT); /* or, as the last, the signature */
	events[2] = before;
	events[4].signature[0] ^= 1;
	assert_refused(events, 5, RC_CORRUPT);
	assert_int_equal(offer(&dublin, events, 4, &(size_t){ 0 }, NULL), RC_OK);
}

static void events_of_several_chains_are_no_batch(void **state)
{
	struct event *events = copy_of_mumbais();
	struct event mixed[2] = { events[0], events[2] };

	(void)state;
	assert_refused(mixed, 2, RC_INPUT);
	mixed[1] = events[0];
	assert_refused(mixed, 2, RC_INPUT);
}

static void a_malformed_event_is_refused_even_if_it_is_signed(void **state)
{
	struct event *events = copy_of_mumbais();

	(void)state;
	events[0].kind = "\x1b[31m";
	events[0].hash = event_hash(&events[0]);
	fake_signature("mumbai", &events[0].hash, events[0].signature);
	assert_refused(events, 1, RC_INPUT);
}

static void a_stamp_that_runs_backwards_is_refused(void **state)
{
	struct event *events = copy_of_mumbais();
	size_t n_new;

	(void)state;
	events[1].hlc = events[0].hlc;
	events[1].hash = event_hash(&events[1]);
	fake_signature("mumbai", &events[1].hash, events[1].signature);
	assert_refused(events, 2, RC_CORRUPT);
	assert_int_equal(offer(&dublin, events, 1, &n_new, NULL), RC_OK);
	assert_int_equal(offer(&dublin, events + 1, 1, &n_new, NULL), RC_CORRUPT);
}

static void a_site_that_is_not_declared_is_refused(void **state)
{
	struct event *events = copy_of_mumbais();

	(void)state;
	events[0].site = "undeclared";
	events[0].hash = event_hash(&events[0]);
	fake_signature("undeclared", &events[0].hash, events[0].signature);
	assert_refused(events, 1, RC_CORRUPT);
}

static void two_versions_of_a_peers_event_are_a_fork(void **state)
{
	struct err e = { 0 };
	struct event *events = copy_of_mumbais(), *held_now;
	size_t n_new;

	(void)state;
	assert_int_equal(offer(&dublin, events, 3, &n_new, NULL), RC_OK);
	events[2].body = "{\"text\":\"another\"}";
	events[2].hash = event_hash(&events[2]);
	fake_signature("mumbai", &events[2].hash, events[2].signature);
	assert_int_equal(offer(&dublin, events, 3, &n_new, &e), RC_CORRUPT);
	assert_non_null(strstr(e.text, "forked"));
	assert_non_null(strstr(e.text, "mumbai"));
	assert_int_equal(held(&dublin, "mumbai", 1763000000, 1, &held_now), 3);
	assert_string_equal(held_now[2].body, "{\"text\":\"x\"}");
}

static void a_fork_beyond_what_we_hold_is_seen_too(void **state)
{
	struct event *events = copy_of_mumbais();
	size_t n_new;

	(void)state;
	assert_int_equal(offer(&dublin, events, 2, &n_new, NULL), RC_OK);
	events[2].previous.bytes[0] ^= 1;
	events[2].hash = event_hash(&events[2]);
	fake_signature("mumbai", &events[2].hash, events[2].signature);
	assert_int_equal(offer(&dublin, events + 2, 1, &n_new, NULL), RC_CORRUPT);
	assert_int_equal(head_of(&dublin, "mumbai", 1763000000), 2);
}

static void what_waits_for_room_on_the_disk_is_bounded_and_keeps_the_newest(void **state)
{
	const struct event *committed;
	char body[32];
	size_t n;

	(void)state;
	memory_store_set_fault(dublin.disk,
		(struct memory_fault){ .count = UINT64_MAX, .rc = RC_FULL });
	for (int i = 0; i < 3 * JOURNAL_WAITING_MAX; i++) {
		snprintf(body, sizeof body, "{\"word\":\"ok\",\"took_us\":%d}", i);
		journal_add(dublin.journal, now, EVENT_EVIDENCE, i % 2 ? "git" : "dns", body);
		if (i % 4096 == 0)
			journal_add(dublin.journal, now, EVENT_NOTE, "disk", "{\"text\":\"full\"}");
		assert_true(journal_uncommitted(dublin.journal) <= JOURNAL_WAITING_MAX + 1);
		if (i % 256 == 0)
			assert_int_equal(commit(&dublin), RC_FULL);
	}
	memory_store_set_fault(dublin.disk, (struct memory_fault){ 0 });
	assert_int_equal(journal_commit(dublin.journal, &committed, &n, NULL), RC_OK);
	assert_true(journal_left_out(dublin.journal) > JOURNAL_WAITING_MAX);
	assert_string_equal(committed[n - 1].body, body);
	assert_int_equal(committed[n - 1].seq, n);
	assert_string_equal(committed[0].kind, "note"); /* nothing says it again: kept */
	assert_int_equal(memory_store_count(dublin.disk), n);
}

static void a_full_disk_refuses_a_batch_and_takes_it_later(void **state)
{
	size_t n_new;

	(void)state;
	write_some(&mumbai, 3);
	memory_store_set_fault(dublin.disk, (struct memory_fault){ .count = 1, .rc = RC_FULL });
	assert_int_equal(send_all(&mumbai, &dublin, "mumbai", 1763000000), RC_FULL);
	assert_int_equal(journal_heads(dublin.journal, &n_new) ? n_new : n_new, 0);
	assert_int_equal(send_all(&mumbai, &dublin, "mumbai", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "mumbai", 1763000000), 3);
}

static void our_clock_follows_a_peer_but_not_into_the_far_future(void **state)
{
	(void)state;
	tick(2 * MINUTE_MS);
	write_some(&mumbai, 1);
	tick(-2 * MINUTE_MS);
	assert_int_equal(send_all(&mumbai, &dublin, "mumbai", 1763000000), RC_OK);
	assert_true(hlc_wall(add(&dublin, "x")->hlc).ms >= 1763000000000 + 2 * MINUTE_MS);
	tick(DAY_MS);
	write_some(&mumbai, 1);
	tick(-DAY_MS);
	assert_int_equal(send_all(&mumbai, &dublin, "mumbai", 1763000000), RC_OK);
	assert_int_equal(head_of(&dublin, "mumbai", 1763000000), 2);
	assert_true(hlc_wall(add(&dublin, "x")->hlc).ms < 1763000000000 + HOUR_MS);
}

static void too_many_epochs_of_a_peer_are_a_limit(void **state)
{
	struct event *events = copy_of_mumbais();
	size_t n_new;

	(void)state;
	for (uint64_t i = 1; i <= JOURNAL_CHAINS_MAX + 1; i++) {
		struct event ev = events[0];

		ev.epoch = i;
		ev.hash = event_hash(&ev);
		fake_signature("mumbai", &ev.hash, ev.signature);
		assert_int_equal(offer(&dublin, &ev, 1, &n_new, NULL),
			i <= JOURNAL_CHAINS_MAX ? RC_OK : RC_LIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_peers_chain_is_taken_in_and_continued),
		TEST(what_is_held_already_is_skipped),
		TEST(a_batch_beyond_a_hole_waits_for_the_rest),
		TEST(a_tampered_event_is_refused_with_its_batch),
		TEST(events_of_several_chains_are_no_batch),
		TEST(a_malformed_event_is_refused_even_if_it_is_signed),
		TEST(a_stamp_that_runs_backwards_is_refused),
		TEST(a_site_that_is_not_declared_is_refused),
		TEST(two_versions_of_a_peers_event_are_a_fork),
		TEST(a_fork_beyond_what_we_hold_is_seen_too),
		TEST(what_waits_for_room_on_the_disk_is_bounded_and_keeps_the_newest),
		TEST(a_full_disk_refuses_a_batch_and_takes_it_later),
		TEST(our_clock_follows_a_peer_but_not_into_the_far_future),
		TEST(too_many_epochs_of_a_peer_are_a_limit),
	};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
