/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a restart and a reload. */
#include "core/check/check_fixture.h"

static void our_restored_word_stands_until_the_first_probe_can_be_back(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	struct vantage v = word_of(WORD_OK, now.wall);

	(void)state;
	truth[immich] = MUTE;
	pass(DAY_MS); /* we were down for long */
	restart();
	checks_restore(checks, now, immich, DUBLIN, &v);
	drain();
	assert_state(immich, CHECK_OK);
	pass(14999);
	assert_state(immich, CHECK_OK);
	pass(1);
	assert_state(immich, CHECK_SILENT);
}

static void our_restored_word_keeps_its_deadline(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	struct vantage v = word_of(WORD_OK, now.wall);

	(void)state;
	truth[immich] = MUTE;
	pass(10000);
	restart();
	checks_restore(checks, now, immich, DUBLIN, &v);
	checks_restore(checks, now, immich, MUMBAI, &v); /* of a vantage that isn't one any more */
	drain();
	pass(24999);
	assert_state(immich, CHECK_OK);
	pass(1);
	assert_state(immich, CHECK_SILENT);
}

static void a_restored_failure_goes_on_and_needs_no_new_confirmation(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	struct vantage v = word_of(WORD_FAILING, now.wall);

	(void)state;
	truth[immich] = BAD;
	pass(MINUTE_MS);
	restart();
	checks_restore(checks, now, immich, DUBLIN, &v);
	drain();
	assert_state(immich, CHECK_FAILING);
	assert_int_equal(view(immich).since.ms, WALL_0);
	forget_seen();
	pass(MINUTE_MS);
	assert_state(immich, CHECK_FAILING);
	assert_int_equal(seen[immich].words, 0);
	assert_int_equal(view(immich).since.ms, WALL_0);
}

static void a_peers_restored_word_waits_for_its_promise(void **state)
{
	uint16_t far = probe("far", MUMBAI, 1u << MUMBAI);
	struct vantage v = word_of(WORD_FAILING, now.wall);

	(void)state;
	load();
	checks_restore(checks, now, far, MUMBAI, &v);
	assert_state(far, CHECK_PENDING);
	promise();
	assert_state(far, CHECK_FAILING);
}

static void a_reload_keeps_what_is_known_by_name(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);
	static struct check_spec others[2];
	uint64_t digest;

	(void)state;
	load();
	pass(MINUTE_MS);
	promise();
	hear(immich, WORD_FAILING);
	observe(immich, false);
	observe(immich, false);
	checks_pause(checks, now, immich, (struct wall){ now.wall.ms + HOUR_MS });
	checks_pause(checks, now, immich, (struct wall){ 0 });
	drain();
	digest = checks_digest(checks, MUMBAI);
	others[0] = specs[immich];
	others[0].name = "new";
	others[1] = specs[immich];
	others[1].from = 1u << MUMBAI; /* we don't look any more */
	forget_seen();
	checks_load(checks, now, others, 2);
	drain();
	assert_int_equal(checks_count(checks), 2);
	assert_state(0, CHECK_PENDING);
	assert_state(1, CHECK_FAILING);
	assert_int_equal(view(1).since.ms, now.wall.ms);
	assert_string_equal(checks_vantage(checks, 1, MUMBAI)->reason, "HTTP 502");
	assert_null(checks_vantage(checks, 1, DUBLIN));
	assert_int_equal(seen[1].states, 0);
	assert_true(digest != checks_digest(checks, MUMBAI)); /* "new" is part of it */
	checks_load(checks, now, others, 1);
	checks_load(checks, now, others, 2);
	assert_state(1, CHECK_PENDING); /* it was gone */
}

static void a_reload_does_not_start_the_deadlines_anew(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, MINUTE_MS);
	uint16_t never = heartbeat("never", HOUR_MS, MINUTE_MS);
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	load();
	ping(backup, true);
	pass(30 * MINUTE_MS);
	observe(immich, true);
	truth[immich] = MUTE;
	pass(30000);
	load();
	pass(5000);
	assert_state(immich, CHECK_SILENT);
	pass(30 * MINUTE_MS + 25000);
	assert_state(backup, CHECK_SILENT);
	assert_state(never, CHECK_SILENT);
}

static void a_reload_keeps_the_pace_of_probes(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	specs[immich].every_ms = HOUR_MS;
	load();
	pass(3 * HOUR_MS);
	forget_seen();
	for (int i = 0; i < 50; i++) {
		pass(MINUTE_MS);
		load();
	}
	assert_in_range(seen[immich].probes, 0, 1);
}

static void another_kind_under_the_same_name_starts_anew(void **state)
{
	uint16_t backup = probe("backup", DUBLIN, 1u << DUBLIN);
	static struct check_spec other;

	(void)state;
	load();
	pass(2 * HOUR_MS);
	other = specs[heartbeat("backup", HOUR_MS, MINUTE_MS)];
	checks_load(checks, now, &other, 1);
	drain();
	assert_state(backup, CHECK_PENDING);
	assert_int_equal(ours(backup)->word, WORD_NONE);
	pass(61 * MINUTE_MS - 1);
	assert_state(backup, CHECK_PENDING);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(our_restored_word_stands_until_the_first_probe_can_be_back),
		TEST(our_restored_word_keeps_its_deadline),
		TEST(a_restored_failure_goes_on_and_needs_no_new_confirmation),
		TEST(a_peers_restored_word_waits_for_its_promise),
		TEST(a_reload_keeps_what_is_known_by_name),
		TEST(a_reload_does_not_start_the_deadlines_anew),
		TEST(a_reload_keeps_the_pace_of_probes),
		TEST(another_kind_under_the_same_name_starts_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
