/* SPDX-License-Identifier: Apache-2.0 */
/* What a site told before it lost its disk comes back from the peer, and nothing is told again
 * meanwhile. */
#include "node/site_pair.h"

#define SLOW_MS 2000

static uint32_t count_messages(const char *about)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_messages; i++)
		n += strstr(p->messages[i].payload, about) != NULL;
	return n;
}

/* Mumbai wrote so much, told that photos is down, and lost its disk; and the link has become
 * slow. */
static void lose_history(int n_notes)
{
	struct site_word word = { "x", "y", "ana" };

	for (int i = 0; i < n_notes; i++)
		assert_int_equal(site_note(p->sites[MUMBAI].site, pair_now(p, MUMBAI), &word, NULL),
			RC_OK);
	pair_run(p, MINUTE_MS);
	pair_break(p, "photos", true);
	pair_run(p, 30 * SECOND_MS);
	assert_int_equal(count_messages("photos is down"), 1);
	pair_stop(p, MUMBAI);
	memory_store_wipe(p->sites[MUMBAI].store);
	p->one_way_ms = SLOW_MS;
	pair_start(p, MUMBAI);
}

/* Is what it had written there again? */
static bool has_history(void)
{
	return pair_events(p, MUMBAI, "receipt") > 0;
}

static void a_history_that_keeps_coming_for_more_than_a_minute_is_waited_for(void **state)
{
	(void)state;
	lose_history(20 * EVENT_BATCH_MAX);
	pair_run(p, 70 * SECOND_MS);
	assert_false(has_history());
	pair_run(p, 2 * MINUTE_MS);
	assert_true(has_history());
	assert_int_equal(count_messages("photos is down"), 1);
}

static void a_history_that_our_own_disk_refuses_for_a_minute_is_waited_for(void **state)
{
	struct memory_fault failing = { .count = UINT64_MAX, .rc = RC_IO };

	(void)state;
	lose_history(0);
	pair_run(p, 3 * SECOND_MS);
	assert_false(has_history());
	memory_store_set_fault(p->sites[MUMBAI].store, failing);
	pair_run(p, 52 * SECOND_MS);
	assert_false(has_history());
	memory_store_set_fault(p->sites[MUMBAI].store, (struct memory_fault){ 0 });
	pair_run(p, 15 * SECOND_MS); /* it is asked for again */
	assert_false(has_history());
	pair_run(p, 2 * MINUTE_MS);
	assert_true(has_history());
	assert_int_equal(count_messages("photos is down"), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_history_that_keeps_coming_for_more_than_a_minute_is_waited_for),
		T(a_history_that_our_own_disk_refuses_for_a_minute_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
