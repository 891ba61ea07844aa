/* SPDX-License-Identifier: Apache-2.0 */
/* Pauses. */
#include "core/check/check_fixture.h"

static void a_paused_check_is_neither_probed_nor_judged(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	load();
	pass(MINUTE_MS);
	checks_pause(checks, now, immich, (struct wall){ NEVER_MS });
	drain();
	assert_state(immich, CHECK_PAUSED);
	truth[immich] = BAD;
	forget_seen();
	pass(10 * DAY_MS);
	assert_int_equal(seen[immich].probes, 0);
	assert_int_equal(seen[immich].words, 0);
	assert_int_equal(seen[immich].states, 0);
	assert_int_equal(view(immich).paused_until.ms, NEVER_MS);
}

static void resuming_asks_at_once_and_allows_the_time_to_ask(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	specs[immich].every_ms = HOUR_MS;
	load();
	pass(2 * HOUR_MS);
	checks_pause(checks, now, immich, (struct wall){ NEVER_MS });
	pass(10 * DAY_MS);
	truth[immich] = MUTE;
	forget_seen();
	checks_pause(checks, now, immich, now.wall);
	drain();
	assert_int_equal(view(immich).paused_until.ms, 0);
	assert_state(immich, CHECK_OK);
	pass(0);
	assert_int_equal(seen[immich].probes, 1);
	pass(2 * HOUR_MS + 4999);
	assert_state(immich, CHECK_OK);
	pass(1);
	assert_state(immich, CHECK_SILENT);
}

static void a_pause_that_runs_out_is_a_resumption(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	specs[immich].every_ms = HOUR_MS;
	load();
	pass(2 * HOUR_MS);
	checks_pause(checks, now, immich, (struct wall){ now.wall.ms + DAY_MS });
	pass(DAY_MS - 1);
	assert_state(immich, CHECK_PAUSED);
	truth[immich] = MUTE;
	forget_seen();
	pass(1);
	assert_state(immich, CHECK_OK);
	assert_int_equal(seen[immich].probes, 1);
	assert_int_equal(view(immich).paused_until.ms, 0);
	pass(2 * HOUR_MS + 5000);
	assert_state(immich, CHECK_SILENT);
}

static void a_clock_that_jumps_beyond_the_end_of_a_pause_ends_it(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	uint16_t tick = probe("tick", DUBLIN, 1u << DUBLIN); /* so that something wakes us */

	(void)state;
	(void)tick;
	load();
	pass(MINUTE_MS);
	checks_pause(checks, now, immich, (struct wall){ now.wall.ms + DAY_MS });
	drain();
	now.wall.ms += 2 * DAY_MS;
	truth[immich] = MUTE;
	forget_seen();
	pass(15000);
	assert_state(immich, CHECK_OK);
	assert_int_equal(seen[immich].probes, 1);
}

static void a_clock_that_is_set_back_prolongs_a_pause(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	uint16_t tick = probe("tick", DUBLIN, 1u << DUBLIN);

	(void)state;
	(void)tick;
	load();
	pass(MINUTE_MS);
	checks_pause(checks, now, immich, (struct wall){ now.wall.ms + HOUR_MS });
	now.wall.ms -= HOUR_MS;
	pass(2 * HOUR_MS - MINUTE_MS);
	assert_state(immich, CHECK_PAUSED);
	pass(MINUTE_MS);
	assert_state(immich, CHECK_OK);
}

static void a_check_that_was_paused_before_its_first_evidence_is_pending_again(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	truth[immich] = MUTE;
	load();
	checks_pause(checks, now, immich, (struct wall){ NEVER_MS });
	pass(DAY_MS);
	checks_pause(checks, now, immich, (struct wall){ 0 });
	drain();
	assert_state(immich, CHECK_PENDING);
	pass(2 * 15000 + 5000 + CHECK_PROMISE_MS);
	assert_state(immich, CHECK_SILENT);
}

static void words_are_still_said_of_what_is_paused(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);

	(void)state;
	load();
	pass(MINUTE_MS);
	checks_pause(checks, now, immich, (struct wall){ NEVER_MS });
	promise();
	hear(immich, WORD_FAILING);
	assert_state(immich, CHECK_PAUSED);
	checks_pause(checks, now, immich, (struct wall){ 0 });
	assert_scope(immich, SCOPE_PATH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_paused_check_is_neither_probed_nor_judged),
		TEST(resuming_asks_at_once_and_allows_the_time_to_ask),
		TEST(a_pause_that_runs_out_is_a_resumption),
		TEST(a_clock_that_jumps_beyond_the_end_of_a_pause_ends_it),
		TEST(a_clock_that_is_set_back_prolongs_a_pause),
		TEST(a_check_that_was_paused_before_its_first_evidence_is_pending_again),
		TEST(words_are_still_said_of_what_is_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
