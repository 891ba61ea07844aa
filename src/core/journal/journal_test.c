/* SPDX-License-Identifier: Apache-2.0 */
/* A site's own chain: prepared, committed, continued. */
#include "core/journal/journal_fixture.h"

static void a_new_journal_begins_an_epoch_with_the_wall_clocks_seconds(void **state)
{
	size_t n;

	(void)state;
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	journal_heads(dublin.journal, &n);
	assert_int_equal(n, 0);
}

static void even_a_clock_that_stands_at_zero_gives_an_epoch(void **state)
{
	(void)state;
	now.wall.ms = 0;
	restart(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1);
	write_some(&dublin, 2);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1), RC_OK);
}

static void committed_events_are_linked_hashed_and_signed(void **state)
{
	struct sha256 previous = { 0 };
	struct event *events;
	size_t n;

	(void)state;
	write_some(&dublin, 3);
	n = held(&dublin, "dublin", 1763000000, 1, &events);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		struct sha256 hash = event_hash(&events[i]);

		assert_int_equal(events[i].seq, i + 1);
		assert_memory_equal(&events[i].hash, &hash, sizeof hash);
		assert_memory_equal(&events[i].previous, &previous, sizeof previous);
		assert_true(verify(NULL, "dublin", &hash, events[i].signature));
		assert_int_equal(event_validate(&events[i], NULL), RC_OK);
		previous = hash;
	}
}

static void what_is_prepared_is_nowhere_until_it_is_committed(void **state)
{
	const struct event *first, *second, *events;
	size_t n;

	(void)state;
	first = add(&dublin, "a");
	second = add(&dublin, "b");
	assert_int_equal(journal_uncommitted(dublin.journal), 2);
	assert_int_equal(memory_store_count(dublin.disk), 0);
	journal_heads(dublin.journal, &n);
	assert_int_equal(n, 0);
	assert_string_equal(first->subject, "a");
	assert_memory_equal(&second->previous, &first->hash, sizeof first->hash);
	assert_int_equal(journal_commit(dublin.journal, &events, &n, NULL), RC_OK);
	assert_int_equal(n, 2);
	assert_string_equal(events[1].subject, "b");
	assert_int_equal(memory_store_commits(dublin.disk), 1);
	assert_int_equal(journal_uncommitted(dublin.journal), 0);
	assert_int_equal(journal_heads(dublin.journal, &n)->seq, 2);
}

static void committing_nothing_does_not_touch_the_disk(void **state)
{
	const struct event *events;
	size_t n = 7;

	(void)state;
	memory_store_set_fault(dublin.disk,
		(struct memory_fault){ .count = UINT64_MAX, .rc = RC_IO });
	assert_int_equal(journal_commit(dublin.journal, &events, &n, NULL), RC_OK);
	assert_int_equal(n, 0);
}

static void decisions_wait_while_the_disk_is_full(void **state)
{
	struct event *events;

	(void)state;
	write_some(&dublin, 1);
	memory_store_set_fault(dublin.disk, (struct memory_fault){ .count = 3, .rc = RC_FULL });
	for (size_t i = 0; i < 3; i++) {
		add(&dublin, i ? "later" : "first");
		assert_int_equal(commit(&dublin), RC_FULL);
		assert_int_equal(journal_uncommitted(dublin.journal), i + 1);
	}
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &events), 4);
	assert_string_equal(events[1].subject, "first");
	assert_string_equal(events[3].subject, "later");
}

static void a_commit_that_failed_and_was_kept_all_the_same_is_continued_after_a_crash(void **state)
{
	(void)state;
	memory_store_set_fault(dublin.disk,
		(struct memory_fault){ .count = 1, .rc = RC_IO, .is_torn = true });
	add(&dublin, "a");
	assert_int_equal(commit(&dublin), RC_IO);
	memory_store_crash(dublin.disk);
	restart(&dublin);
	add(&dublin, "b");
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 2);
}

static void a_restart_goes_on_in_the_same_chain(void **state)
{
	struct event *events;

	(void)state;
	write_some(&dublin, 2);
	tick(DAY_MS);
	restart(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1763000000);
	write_some(&dublin, 1);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &events), 3);
	assert_memory_equal(&events[2].previous, &events[1].hash, sizeof events[1].hash);
}

static void stamps_grow_although_the_clock_jumps_back_even_over_a_restart(void **state)
{
	struct event *events;

	(void)state;
	write_some(&dublin, 1);
	tick(-DAY_MS);
	write_some(&dublin, 1);
	tick(-DAY_MS);
	restart(&dublin);
	write_some(&dublin, 1);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &events), 3);
	assert_true(events[1].hlc > events[0].hlc);
	assert_true(events[2].hlc > events[1].hlc);
	assert_true(events[2].wall.ms < events[0].wall.ms);
}

static void a_clock_out_of_all_range_still_gives_valid_events(void **state)
{
	static const int64_t clocks[] = { INT64_MIN, -1, INT64_MAX, EVENT_WALL_MAX_MS + 1 };
	struct event *events;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(clocks); i++) {
		now.wall.ms = clocks[i] == INT64_MAX ? INT64_MAX - 1 : clocks[i];
		journal_add(dublin.journal, now, EVENT_NOTE, "x", "{}");
		assert_int_equal(commit(&dublin), RC_OK);
	}
	n = held(&dublin, "dublin", 1763000000, 1, &events);
	assert_int_equal(n, COUNT(clocks));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(event_validate(&events[i], NULL), RC_OK);
}

static void a_body_too_long_has_its_longest_text_cut(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	scoped(json_decref) json_t *kept = NULL;
	const struct event *ev;

	(void)state;
	str_add(&body, "{ \"short\": \"stays\", \"log\": \"");
	for (size_t i = 0; i < 3 * EVENT_BODY_BYTES_MAX; i++)
		str_add(&body, "é");
	str_add(&body, "\" }");
	ev = journal_add(dublin.journal, now, EVENT_NOTE, "x", str_c(&body));
	assert_int_equal(event_validate(ev, NULL), RC_OK);
	assert_int_equal(json_read(&kept, ev->body, strlen(ev->body), NULL), RC_OK);
	assert_string_equal(json_get_text(kept, "short", ""), "stays");
	assert_true(strlen(json_get_text(kept, "log", "")) > EVENT_BODY_BYTES_MAX / 4);
}

static void a_body_that_no_cut_can_shorten_says_so(void **state)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	const struct event *ev;

	(void)state;
	str_add(&body, "{\"list\":[0");
	for (size_t i = 0; i < EVENT_BODY_BYTES_MAX; i++)
		str_add(&body, ",1");
	str_add(&body, "]}");
	ev = journal_add(dublin.journal, now, EVENT_NOTE, "x", str_c(&body));
	assert_string_equal(ev->body, "{\"cut\":true}");
}

static void whatever_an_operator_types_as_subject_peers_accept(void **state)
{
	static const char *const typed[] = { "", "a\nb\x1b[31m\x7f", "\xff\xfe", "Grüße", "a\xc3" };
	static const char *const kept[] = { "", "a?b?[31m?", "??", "Grüße", "a?" };
	char long_text[2 * EVENT_SUBJECT_BYTES_MAX];
	struct event *events;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++)
		add(&dublin, typed[i]);
	long_text[0] = 'a'; /* so that the limit falls inside a character */
	for (size_t i = 1; i + 2 < sizeof long_text; i += 2)
		memcpy(long_text + i, "é", 3);
	add(&dublin, long_text);
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", 1763000000), RC_OK);
	n = held(&mumbai, "dublin", 1763000000, 1, &events);
	assert_int_equal(n, COUNT(typed) + 1);
	for (size_t i = 0; i < COUNT(kept); i++)
		assert_string_equal(events[i].subject, kept[i]);
	assert_int_equal(strlen(events[n - 1].subject), EVENT_SUBJECT_BYTES_MAX - 1);
}

static void a_new_epoch_links_the_end_of_the_one_before(void **state)
{
	struct event *old, *new;

	(void)state;
	write_some(&dublin, 2);
	begin_epoch(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1763000001);
	write_some(&dublin, 1);
	assert_int_equal(held(&dublin, "dublin", 1763000000, 1, &old), 2);
	assert_int_equal(held(&dublin, "dublin", 1763000001, 1, &new), 1);
	assert_memory_equal(&new->previous, &old[1].hash, sizeof new->previous);
	restart(&dublin);
	assert_int_equal(journal_epoch(dublin.journal), 1763000001);
}

static void what_is_prepared_moves_to_the_new_epoch(void **state)
{
	struct event *new;

	(void)state;
	write_some(&dublin, 1);
	add(&dublin, "a");
	add(&dublin, "b");
	tick(HOUR_MS);
	begin_epoch(&dublin);
	assert_int_equal(commit(&dublin), RC_OK);
	assert_int_equal(held(&dublin, "dublin", journal_epoch(dublin.journal), 1, &new), 2);
	assert_string_equal(new[1].subject, "b");
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 1);
	assert_int_equal(send_all(&dublin, &mumbai, "dublin", journal_epoch(dublin.journal)),
		RC_OK);
}

static void without_a_signer_nothing_is_signed_or_asked_for(void **state)
{
	struct event *events;

	(void)state;
	journal_free(dublin.journal);
	assert_int_equal(
		journal_open(&dublin.journal,
			&(struct journal_setup){ "dublin", memory_store_port(dublin.disk) }, now,
			NULL),
		RC_OK);
	write_some(&mumbai, 2);
	assert_int_equal(held(&mumbai, "mumbai", 1763000000, 1, &events), 2);
	memset(events[1].signature, 0, sizeof events[1].signature);
	assert_int_equal(offer(&dublin, events, 2, &(size_t){ 0 }, NULL), RC_OK);
	write_some(&dublin, 1);
	assert_int_equal(head_of(&dublin, "dublin", 1763000000), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_journal_begins_an_epoch_with_the_wall_clocks_seconds),
		TEST(even_a_clock_that_stands_at_zero_gives_an_epoch),
		TEST(committed_events_are_linked_hashed_and_signed),
		TEST(what_is_prepared_is_nowhere_until_it_is_committed),
		TEST(committing_nothing_does_not_touch_the_disk),
		TEST(decisions_wait_while_the_disk_is_full),
		TEST(a_commit_that_failed_and_was_kept_all_the_same_is_continued_after_a_crash),
		TEST(a_restart_goes_on_in_the_same_chain),
		TEST(stamps_grow_although_the_clock_jumps_back_even_over_a_restart),
		TEST(a_clock_out_of_all_range_still_gives_valid_events),
		TEST(a_body_too_long_has_its_longest_text_cut),
		TEST(a_body_that_no_cut_can_shorten_says_so),
		TEST(whatever_an_operator_types_as_subject_peers_accept),
		TEST(a_new_epoch_links_the_end_of_the_one_before),
		TEST(what_is_prepared_moves_to_the_new_epoch),
		TEST(without_a_signer_nothing_is_signed_or_asked_for),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
