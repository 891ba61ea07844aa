/* SPDX-License-Identifier: Apache-2.0 */
/* A site's disk changes a bit of its journal. */
#include "node/site_pair.h"

#include "core/journal/scrub.h"

static int after_the_first_pass(void **state)
{
	pair_set_up(state);
	pair_run(p, 5 * MINUTE_MS);
	return 0;
}

/* A bit of some event that dublin holds. */
static struct journal_place flip(uint64_t number)
{
	struct journal_place place = { 0 };
	struct event ev;

	while (!memory_store_flip(p->sites[DUBLIN].store, number, &ev))
		number++;
	str_copy(place.site, sizeof place.site, ev.site);
	place.epoch = ev.epoch;
	place.seq = ev.seq;
	return place;
}

static uint32_t count_messages(const char *about)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_messages; i++)
		n += strstr(p->messages[i].payload, about) != NULL;
	return n;
}

static bool is_intact(const struct journal_place *place)
{
	char why[REASON_BYTES_MAX];

	return journal_is_intact(site_journal(p->sites[DUBLIN].site), place, why);
}

static void a_flipped_bit_is_found_told_and_healed_from_the_peer(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < 4; number++) {
		struct journal_place place = flip(number);

		pair_run(p, 2 * HOUR_MS);
		assert_true(is_intact(&place));
		assert_int_equal(pair_events(p, DUBLIN, "repaired"), number + 1);
		assert_int_equal(pair_events(p, MUMBAI, "repaired"), number + 1);
		assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
		assert_int_equal(count_messages("was changed by this disk"), number + 1);
		assert_int_equal(count_messages("dublin: journal is fine again"), number + 1);
	}
}

static void while_the_peer_is_away_it_stays_said_and_is_healed_when_it_is_back(void **state)
{
	struct journal_place place;

	(void)state;
	pair_part(p);
	pair_run(p, MINUTE_MS);
	place = flip(3);
	pair_run(p, 2 * HOUR_MS);
	assert_false(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	assert_true(pair_was_said(p, "no peer that is there has it"));
	pair_heal(p);
	pair_run(p, MINUTE_MS);
	assert_true(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
}

/* The only copy: it can't be healed, and must not look as if it were. */
static void what_no_peer_holds_is_kept_and_not_sent_to_anybody(void **state)
{
	struct journal_place place;
	char last[16];

	(void)state;
	pair_part(p);
	for (int i = 0; i < 50; i++) {
		snprintf(last, sizeof last, "note %d", i);
		assert_int_equal(site_note(p->sites[DUBLIN].site, pair_now(p, DUBLIN),
					 &(struct site_word){ "x", last, "ana" }, NULL),
			RC_OK);
	}
	do
		place = flip(rand());
	while (place.seq < 60 || !str_eq(place.site, "dublin"));
	pair_heal(p);
	pair_run(p, 2 * HOUR_MS);
	assert_false(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	assert_int_equal(pair_state(p, MUMBAI, "journal@mumbai"), CHECK_OK);
}

/* Nothing reads what happened that long ago at a start. */
static void damage_that_is_not_mended_yet_is_known_after_a_restart(void **state)
{
	struct journal_place place;

	(void)state;
	pair_part(p);
	pair_run(p, MINUTE_MS);
	place = flip(3);
	pair_run(p, 2 * HOUR_MS);
	assert_int_equal(pair_events(p, DUBLIN, "damaged"), 1);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	pair_run(p, SECOND_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_FAILING);
	pair_heal(p);
	pair_run(p, 20 * SECOND_MS);
	assert_true(is_intact(&place));
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
	assert_int_equal(pair_events(p, DUBLIN, "damaged"), 1);
	assert_int_equal(pair_events(p, DUBLIN, "repaired"), 1);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	pair_run(p, SECOND_MS);
	assert_int_equal(pair_state(p, DUBLIN, "journal@dublin"), CHECK_OK);
}

/* What was looked at before the restart isn't looked at again in this pass, and the rest is. */
static void a_pass_goes_on_where_it_was_after_a_restart(void **state)
{
	const struct journal_store *store = memory_store_port(p->sites[DUBLIN].store);
	struct pair_site *dublin = &p->sites[DUBLIN];

	(void)state;
	for (int i = 0; i < 2000; i++)
		assert_int_equal(site_note(dublin->site, pair_now(p, DUBLIN),
					 &(struct site_word){ "x", "y", "ana" }, NULL),
			RC_OK);
	pair_run(p,
		HOUR_MS + MINUTE_MS / 2); /* 2000 events take 3 minutes, an hour after the first */
	while (store->noted(store->ctx, "scrub_seq", 0) < 500)
		pair_run(p, SECOND_MS);
	pair_shut_down(p, DUBLIN);
	pair_start(p, DUBLIN);
	assert_int_equal(site_verified(dublin->site).ms, 0);
	pair_run(p, 205 * SECOND_MS); /* a minute of patience, and what is left; all takes 230 */
	assert_true(site_verified(dublin->site).ms > 0);
}

static void an_event_that_is_damaged_over_a_restart_is_not_believed(void **state)
{
	(void)state;
	for (uint64_t number = 1; number < 60; number++) {
		struct journal_place place = flip(4 * number + 1);

		pair_stop(p, DUBLIN);
		pair_start(p, DUBLIN);
		pair_run(p, 5 * MINUTE_MS);
		assert_true(is_intact(&place));
		assert_true(
			site_digest(p->sites[DUBLIN].site) == site_digest(p->sites[MUMBAI].site));
	}
	assert_false(pair_was_said(p, "another state"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, after_the_first_pass, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_flipped_bit_is_found_told_and_healed_from_the_peer),
		T(while_the_peer_is_away_it_stays_said_and_is_healed_when_it_is_back),
		T(what_no_peer_holds_is_kept_and_not_sent_to_anybody),
		T(damage_that_is_not_mended_yet_is_known_after_a_restart),
		T(a_pass_goes_on_where_it_was_after_a_restart),
		T(an_event_that_is_damaged_over_a_restart_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
