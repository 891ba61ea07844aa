/* SPDX-License-Identifier: Apache-2.0 */
/* What is put into a store, what it refuses, and what is replaced. */
#include "core/journal/contract_private.h"

static void what_is_put_comes_back_whole(void **state)
{
	struct event_maker m = contract_maker("dublin", 1763000000);
	struct event events[3];
	const struct event *held;

	(void)state;
	m.previous.bytes[5] = 7; /* the head of an epoch before */
	events[0] = make_event(&m, contract_at(1000) + 5, "note", "Grüße", "{\"text\":\"é\"}");
	events[1] = make_event(&m, contract_at(1000) + 6, "a-kind-of-next-year", "", "{}");
	events[2] = make_event(&m, contract_at(1001), "note", "x", "{\"a\":[1,2,{\"b\":null}]}");
	events[1].wall.ms = 0;
	contract_must_put(events, 2);
	contract_must_put(events + 2, 1);
	assert_int_equal(contract_range("dublin", 1763000000, 1, 10, &held), 3);
	for (size_t i = 0; i < 3; i++)
		assert_same_event(&held[i], &events[i]);
}

static void putting_an_event_again_changes_nothing(void **state)
{
	struct event_maker m = contract_maker("dublin", 1);
	struct event events[3];
	struct contract_answer all = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		events[i] = make_event(&m, contract_at((int64_t)i + 1), "note", "x", "{}");
	contract_must_put(events, 2);
	contract_must_put(events, 2);
	contract_must_put(events, 3);
	contract_query(&(struct event_query){ 0 }, &all);
	assert_int_equal(all.n, 3);
}

static void another_event_in_an_events_place_is_corrupt(void **state)
{
	struct event_maker m = contract_maker("dublin", 1), other = contract_maker("dublin", 1);
	struct event first = make_event(&m, contract_at(1), "note", "x", "{}");
	struct event forged = make_event(&other, contract_at(1), "note", "y", "{}");
	const struct event *held;

	(void)state;
	contract_must_put(&first, 1);
	assert_int_equal(contract_put(&forged, 1), RC_CORRUPT);
	assert_int_equal(contract_range("dublin", 1, 1, 10, &held), 1);
	assert_same_event(held, &first);
}

static void of_a_batch_that_is_refused_nothing_is_kept(void **state)
{
	struct event_maker m = contract_maker("dublin", 1), n = contract_maker("mumbai", 9);
	struct event batch[3];
	struct contract_answer all = { 0 };

	(void)state;
	batch[0] = make_event(&m, contract_at(1), "note", "x", "{}");
	batch[1] = make_event(&n, contract_at(2), "note", "x", "{}");
	batch[2] = make_event(&m, contract_at(3), "note", "x", "{}");
	batch[2].seq = 5;
	assert_int_equal(contract_put(batch, 3), RC_CORRUPT);
	contract_query(&(struct event_query){ 0 }, &all);
	assert_int_equal(all.n, 0);
	assert_int_equal(contract_heads(), 0);
	batch[2].seq = 2;
	contract_must_put(batch, 3);
	assert_int_equal(contract_heads(), 2);
}

static void an_event_that_does_not_follow_is_corrupt(void **state)
{
	struct event_maker m = contract_maker("dublin", 1);
	struct event first = make_event(&m, contract_at(5), "note", "x", "{}"), unlinked, earlier,
		     hole;

	(void)state;
	contract_must_put(&first, 1);
	unlinked = earlier = hole = make_event(&m, contract_at(6), "note", "x", "{}");
	unlinked.previous.bytes[0] ^= 1;
	earlier.hlc = contract_at(5);
	hole.seq = 3;
	assert_int_equal(contract_put(&unlinked, 1), RC_CORRUPT);
	assert_int_equal(contract_put(&earlier, 1), RC_CORRUPT);
	assert_int_equal(contract_put(&hole, 1), RC_CORRUPT);
	hole.seq = 0;
	assert_int_equal(contract_put(&hole, 1), RC_CORRUPT);
}

static void heads_name_the_newest_of_each_chain(void **state)
{
	struct event_maker m[3] = { contract_maker("dublin", 1), contract_maker("dublin", 2),
		contract_maker("mumbai", 1) };
	struct journal_head *heads;
	struct event last[3];
	size_t n;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k <= i; k++) {
			last[i] = make_event(&m[i], contract_at((int64_t)k + 1), "note", "x", "{}");
			contract_must_put(&last[i], 1);
		}
	assert_int_equal(contract.store->heads(contract.store->ctx, &heads, &n, NULL), RC_OK);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(heads[i].site, last[i].site);
		assert_int_equal(heads[i].epoch, last[i].epoch);
		assert_int_equal(heads[i].seq, i + 1);
		assert_memory_equal(&heads[i].hash, &last[i].hash, sizeof last[i].hash);
	}
	free(heads);
}

static void a_range_is_ascending_and_bounded(void **state)
{
	struct event_maker m = contract_maker("dublin", 1);
	struct event events[10];
	const struct event *held;
	struct arena small = { .budget_bytes = 64 };
	struct journal_span all = { "dublin", 1, 1, .most = 10 };
	struct event_batch read;

	(void)state;
	for (size_t i = 0; i < 10; i++)
		events[i] = make_event(&m, contract_at((int64_t)i + 1), "note", "x", "{}");
	contract_must_put(events, 10);
	assert_int_equal(contract_range("dublin", 1, 4, 3, &held), 3);
	for (size_t i = 0; i < 3; i++)
		assert_same_event(&held[i], &events[3 + i]);
	assert_int_equal(contract_range("dublin", 1, 9, SIZE_MAX, &held), 2);
	assert_int_equal(contract_range("dublin", 1, 11, 5, &held), 0);
	assert_int_equal(contract_range("dublin", 2, 1, 5, &held), 0);
	assert_int_equal(contract_range("mumbai", 1, 1, 5, &held), 0);
	assert_int_equal(contract.store->range(contract.store->ctx, &all, &small, &read, NULL),
		RC_LIMIT);
	arena_fini(&small);
}

static void notes_are_kept_and_changed(void **state)
{
	const struct journal_store *s = contract.store;

	(void)state;
	assert_int_equal(s->noted(s->ctx, "last_alive", -1), -1);
	assert_int_equal(s->note(s->ctx, "last_alive", 5, NULL), RC_OK);
	assert_int_equal(s->note(s->ctx, "last_alive", INT64_MIN, NULL), RC_OK);
	assert_int_equal(s->note(s->ctx, "other", 7, NULL), RC_OK);
	assert_int_equal(s->noted(s->ctx, "last_alive", -1), INT64_MIN);
	if (contract.reopen)
		contract.reopen(&contract);
	s = contract.store;
	assert_int_equal(s->noted(s->ctx, "other", -1), 7);
}

static void replacing_forgets_the_end_of_one_chain_and_puts_others(void **state)
{
	struct event_maker m = contract_maker("dublin", 1), again,
			   next = contract_maker("dublin", 2);
	struct journal_head from = { .site = "dublin", .epoch = 1, .seq = 3 };
	struct event was[4], merged[3];
	const struct event *held;
	struct contract_answer all = { 0 }, later = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		was[i] = make_event(&m, contract_at((int64_t)i + 1), "note", "x", "{}");
		if (i == 1)
			again = m;
	}
	contract_must_put(was, 4);
	contract_query(&(struct event_query){ .most = 1 }, &all);
	merged[0] = make_event(&again, contract_at(9), "note", "y", "{}");
	merged[1] = make_event(&next, contract_at(3), "note", "x", "{}");
	merged[2] = make_event(&next, contract_at(4), "note", "x", "{}");
	assert_int_equal(contract.store->replace(contract.store->ctx, &from, merged, 3, NULL),
		RC_OK);
	assert_int_equal(contract_range("dublin", 1, 1, 9, &held), 3);
	assert_same_event(&held[2], &merged[0]);
	assert_int_equal(contract_range("dublin", 2, 1, 9, &held), 2);
	contract_query(&(struct event_query){ .after_cursor = all.cursors[0] }, &later);
	assert_int_equal(later.n, 3); /* who follows misses none */
	contract_query(&(struct event_query){ 0 }, &all);
	assert_answer(&all, 5,
		(const struct event *[]){ &merged[0], &merged[2], &merged[1], &was[1], &was[0] });
}

static void a_chain_may_be_replaced_from_its_first_event(void **state)
{
	struct event_maker m = contract_maker("dublin", 1), other = contract_maker("dublin", 1);
	struct journal_head from = { .site = "dublin", .epoch = 1, .seq = 1 };
	struct event was = make_event(&m, contract_at(1), "note", "x", "{}"), now, bad;
	const struct event *held;

	(void)state;
	contract_must_put(&was, 1);
	other.previous.bytes[0] = 1;
	now = make_event(&other, contract_at(2), "note", "y", "{}");
	bad = make_event(&other, contract_at(1), "note", "y", "{}");
	assert_int_equal(contract.store->replace(contract.store->ctx, &from,
				 (struct event[]){ now, bad }, 2, NULL),
		RC_CORRUPT);
	assert_int_equal(contract_range("dublin", 1, 1, 9, &held), 1);
	assert_same_event(held, &was);
	assert_int_equal(contract.store->replace(contract.store->ctx, &from, &now, 1, NULL), RC_OK);
	assert_int_equal(contract_range("dublin", 1, 1, 9, &held), 1);
	assert_same_event(held, &now);
}

int contract_run_chains(const char *name)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TEST(what_is_put_comes_back_whole),
		CONTRACT_TEST(putting_an_event_again_changes_nothing),
		CONTRACT_TEST(another_event_in_an_events_place_is_corrupt),
		CONTRACT_TEST(of_a_batch_that_is_refused_nothing_is_kept),
		CONTRACT_TEST(an_event_that_does_not_follow_is_corrupt),
		CONTRACT_TEST(heads_name_the_newest_of_each_chain),
		CONTRACT_TEST(a_range_is_ascending_and_bounded),
		CONTRACT_TEST(notes_are_kept_and_changed),
		CONTRACT_TEST(replacing_forgets_the_end_of_one_chain_and_puts_others),
		CONTRACT_TEST(a_chain_may_be_replaced_from_its_first_event),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
