/* SPDX-License-Identifier: Apache-2.0 */
/* Probing and confirming, silence, digests, effects. */
#include "core/check/check_fixture.h"

/* ---- probing and confirming */

static void a_check_is_pending_until_there_is_evidence(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	load();
	assert_state(immich, CHECK_PENDING);
	pass(15000);
	assert_state(immich, CHECK_OK);
	assert_int_equal(seen[immich].words, 1);
	assert_int_equal(seen[immich].states, 1);
	assert_int_equal(view(immich).since.ms, ours(immich)->since.ms);
	assert_int_equal(view(immich).last_ok.ms, ours(immich)->last_ok.ms);
}

static void first_probes_are_spread_over_ten_seconds(void **state)
{
	unsigned early = 0, late = 0;

	(void)state;
	declare_many();
	load();
	pass(10000);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(seen[i].probes, 1);
		early += seen[i].first_probe.ms < 55000;
		late += seen[i].first_probe.ms >= 55000;
	}
	assert_true(early >= 10 && late >= 10);
}

static void from_the_second_probe_on_they_are_spread_over_the_interval(void **state)
{
	unsigned n_early = 0;

	(void)state;
	declare_many();
	load();
	pass(HOUR_MS);
	for (int i = 0; i < 40; i++) {
		assert_in_range(seen[i].probes, 1, 2);
		n_early += seen[i].last_probe.ms < 50000 + 45 * MINUTE_MS;
	}
	assert_in_range(n_early, 10, 30);
	forget_seen();
	pass(HOUR_MS);
	for (int i = 0; i < 40; i++)
		assert_int_equal(seen[i].probes, 1);
}

static void a_check_is_probed_each_interval(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	load();
	pass(MINUTE_MS);
	forget_seen();
	pass(10 * MINUTE_MS);
	assert_int_equal(seen[immich].probes, 40);
	assert_int_equal(seen[immich].words, 0); /* no news, no words */
	assert_int_equal(seen[immich].states, 0);
}

static void a_first_failure_is_confirmed_by_a_second_probe_a_second_later(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	struct mono first;

	(void)state;
	load();
	pass(MINUTE_MS);
	truth[immich] = BAD;
	forget_seen();
	while (!seen[immich].probes)
		pass(1);
	first = seen[immich].first_probe;
	assert_state(immich, CHECK_OK);
	assert_true(ours(immich)->is_suspect);
	assert_int_equal(seen[immich].words, 0);
	pass(CHECK_CONFIRM_MS);
	assert_int_equal(seen[immich].probes, 2);
	assert_int_equal(seen[immich].last_probe.ms, first.ms + CHECK_CONFIRM_MS);
	assert_state(immich, CHECK_FAILING);
	assert_scope(immich, SCOPE_DOWN);
	assert_int_equal(seen[immich].words, 1);
	assert_false(ours(immich)->is_suspect);
	/* Since the first bad evidence, not since the confirmation. */
	assert_int_equal(view(immich).since.ms - WALL_0, first.ms - 50000);
	assert_string_equal(view(immich).reason, "refused");
}

static void a_check_that_is_asked_often_is_confirmed_at_its_own_pace(void **state)
{
	uint16_t router = probe("router", DUBLIN, 1u << DUBLIN);

	(void)state;
	specs[router].every_ms = 300;
	load();
	pass(MINUTE_MS);
	truth[router] = BAD;
	forget_seen();
	while (!seen[router].probes)
		pass(1);
	pass(300);
	assert_state(router, CHECK_FAILING);
}

static void a_failure_that_is_not_confirmed_changes_nothing(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	load();
	pass(MINUTE_MS);
	forget_seen();
	observe(immich, false);
	drain();
	assert_true(checks_is_settling(checks, immich));
	pass(CHECK_CONFIRM_MS);
	assert_int_equal(seen[immich].probes, 1);
	assert_state(immich, CHECK_OK);
	assert_int_equal(seen[immich].words, 0);
	assert_false(checks_is_settling(checks, immich));
	observe(immich, false); /* a streak begins anew */
	drain();
	assert_state(immich, CHECK_OK);
}

static void as_many_failures_as_declared_make_a_word(void **state)
{
	uint16_t flaky = probe("flaky", DUBLIN, 1u << DUBLIN);
	uint16_t strict = probe("strict", DUBLIN, 1u << DUBLIN);

	(void)state;
	specs[flaky].confirm = 4;
	specs[strict].confirm = 1;
	load();
	pass(MINUTE_MS);
	observe(strict, false);
	assert_state(strict, CHECK_FAILING);
	assert_int_equal(view(strict).since.ms, now.wall.ms);
	for (int i = 0; i < 3; i++)
		observe(flaky, false);
	assert_state(flaky, CHECK_OK);
	observe(flaky, false);
	assert_state(flaky, CHECK_FAILING);
}

static void one_good_answer_ends_a_failure(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	truth[immich] = BAD;
	load();
	pass(MINUTE_MS);
	assert_state(immich, CHECK_FAILING);
	truth[immich] = GOOD;
	forget_seen();
	pass(15000);
	assert_state(immich, CHECK_OK);
	assert_int_equal(seen[immich].words, 1);
	assert_string_equal(view(immich).reason, "");
}

static void a_suspicion_probes_what_it_depends_on_at_once(void **state)
{
	uint16_t router = probe("router", DUBLIN, 1u << DUBLIN);
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	specs[router].every_ms = HOUR_MS;
	specs[immich].needs = &router;
	specs[immich].n_needs = 1;
	load();
	pass(MINUTE_MS);
	forget_seen();
	observe(immich, false);
	pass(0);
	assert_int_equal(seen[router].probes, 1);
	assert_int_equal(seen[router].last_probe.ms, now.mono.ms);
}

static void a_peers_bad_word_probes_from_here_at_once(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);

	(void)state;
	specs[immich].every_ms = HOUR_MS;
	load();
	pass(MINUTE_MS);
	promise();
	forget_seen();
	hear(immich, WORD_FAILING);
	pass(0);
	assert_int_equal(seen[immich].probes, 1);
}

static void a_check_that_was_never_observed_can_be_hurried(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	load();
	checks_hurry(checks, now, immich);
	pass(0);
	assert_int_equal(seen[immich].probes, 1);
}

static void what_was_just_seen_is_not_hurried(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	load();
	pass(MINUTE_MS);
	observe(immich, true);
	forget_seen();
	checks_hurry(checks, now, immich);
	pass(CHECK_CONFIRM_MS / 2 - 1);
	assert_int_equal(seen[immich].probes, 0);
}

static void a_probe_under_way_is_not_begun_again(void **state)
{
	uint16_t slow = probe("slow", DUBLIN, 1u << DUBLIN);

	(void)state;
	specs[slow].every_ms = 2000;
	truth[slow] = MUTE;
	load();
	pass(9000); /* the first within two seconds, and five of timeout */
	assert_int_equal(seen[slow].probes, 1);
	checks_hurry(checks, now, slow);
	pass(0);
	assert_int_equal(seen[slow].probes, 1);
}

static void a_probe_that_its_runner_lost_is_begun_again(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	truth[immich] = MUTE;
	load();
	pass(40000);
	assert_in_range(seen[immich].probes, 2, 3);
}

static void what_we_do_not_observe_is_not_probed(void **state)
{
	uint16_t far = probe("far", MUMBAI, 1u << MUMBAI);

	(void)state;
	load();
	checks_hurry(checks, now, far);
	observe(far, false);
	pass(5000);
	assert_int_equal(seen[far].probes, 0);
	assert_int_equal(seen[far].words, 0);
	assert_null(checks_vantage(checks, far, DUBLIN));
}

/* ---- silence */

static void a_word_that_is_not_renewed_becomes_none_after_its_deadline(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);

	(void)state;
	specs[immich].grace_ms = 1000;
	load();
	pass(MINUTE_MS);
	observe(immich, true);
	truth[immich] = MUTE;
	forget_seen();
	pass(2 * 15000 + 5000 + 1000 - 1);
	assert_state(immich, CHECK_OK);
	pass(1);
	assert_state(immich, CHECK_SILENT);
	assert_int_equal(view(immich).since.ms, now.wall.ms);
	assert_int_equal(ours(immich)->word, WORD_NONE);
	assert_int_equal(seen[immich].words, 1); /* the peer must not go on believing it */
}

static void the_deadline_holds_though_something_else_is_heard_at_that_moment(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, BOTH);

	(void)state;
	load();
	pass(MINUTE_MS);
	truth[immich] = MUTE;
	observe(immich, true);
	drain();
	advance(2 * 15000 + 5000); /* busy elsewhere */
	promise();
	hear(immich, WORD_NONE);
	pass(0);
	assert_state(immich, CHECK_SILENT);
	assert_int_equal(ours(immich)->word, WORD_NONE);
}

static void a_check_without_any_evidence_falls_silent_after_its_first_deadline(void **state)
{
	uint16_t far = probe("far", MUMBAI, 1u << MUMBAI);

	(void)state;
	load();
	pass(2 * 15000 + 5000 + CHECK_PROMISE_MS - 1);
	assert_state(far, CHECK_PENDING);
	pass(1);
	assert_state(far, CHECK_SILENT);
}

static void whatever_is_heard_meanwhile_the_first_deadline_stays(void **state)
{
	uint16_t far = probe("far", MUMBAI, 1u << MUMBAI);

	(void)state;
	load();
	pass(2 * 15000 + 5000 + CHECK_PROMISE_MS - 1);
	hear(far, WORD_NONE);
	assert_state(far, CHECK_PENDING);
	pass(1);
	assert_state(far, CHECK_SILENT);
}

static void what_a_site_knows_itself_is_never_stale(void **state)
{
	uint16_t disk = declare((struct check_spec){ .name = "disk@dublin",
		.source = SOURCE_STATE,
		.home = DUBLIN,
		.from = 1u << DUBLIN,
		.confirm = 1 });

	(void)state;
	load();
	observe(disk, true);
	pass(30 * DAY_MS);
	assert_state(disk, CHECK_OK);
	observe(disk, false);
	assert_state(disk, CHECK_FAILING);
	assert_int_equal(seen[disk].probes, 0);
}

/* ---- digests, names, effects */

static void two_sites_agree_on_the_digest_of_the_same_words(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);
	struct checks *other = checks_new(MUMBAI, 3);
	struct observation o = observed(true);
	uint64_t before;

	(void)state;
	load();
	checks_load(other, now, specs, n_specs);
	assert_true(checks_digest(checks, MUMBAI) == checks_digest(other, MUMBAI));
	before = checks_digest(other, MUMBAI);
	checks_observe(other, now, immich, &o);
	assert_true(checks_digest(other, MUMBAI) != before);
	assert_true(checks_digest(checks, MUMBAI) == before);
	hear(immich, WORD_OK);
	assert_true(checks_digest(checks, MUMBAI) == checks_digest(other, MUMBAI));
	checks_free(other);
}

static void words_of_ours_that_come_back_may_come_in_any_order(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	struct vantage newer = word_of(WORD_FAILING, now.wall), older = word_of(WORD_OK, now.wall);

	(void)state;
	load();
	newer.stamp = 20;
	older.stamp = 10;
	checks_recover(checks, now, immich, &newer);
	checks_recover(checks, now, immich, &older);
	assert_int_equal(checks_vantage(checks, immich, DUBLIN)->word, WORD_FAILING);
	newer.stamp = 30;
	newer.word = WORD_OK;
	checks_recover(checks, now, immich, &newer);
	assert_int_equal(checks_vantage(checks, immich, DUBLIN)->word, WORD_OK);
}

/* The probe found what had come back already, so there was nothing to say, and then more came
 * back. */
static void what_this_run_saw_stands_against_words_that_come_back(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	struct vantage old = word_of(WORD_OK, (struct wall){ now.wall.ms - HOUR_MS });

	(void)state;
	load();
	old.stamp = 10;
	assert_true(checks_recover(checks, now, immich, &old));
	pass(11 * SECOND_MS);
	assert_true(seen[immich].probes > 0);
	old.stamp = 20;
	old.word = WORD_FAILING;
	assert_false(checks_recover(checks, now, immich, &old));
	assert_int_equal(checks_vantage(checks, immich, DUBLIN)->word, WORD_OK);
	truth[immich] = MUTE; /* its last answer lasts as long as any */
	pass(15 * SECOND_MS);
	assert_int_equal(checks_view(checks, immich).state, CHECK_OK);
}

static void the_digest_follows_names_reports_and_what_is_restored(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	uint16_t backup = heartbeat("backup", HOUR_MS, MINUTE_MS);
	struct vantage v = word_of(WORD_FAILING, now.wall);
	static struct check_spec renamed[2];
	uint64_t before;

	(void)state;
	load();
	before = checks_digest(checks, DUBLIN);
	ping(backup, true);
	assert_true(checks_digest(checks, DUBLIN) != before);
	before = checks_digest(checks, DUBLIN);
	checks_restore(checks, now, immich, DUBLIN, &v);
	assert_true(checks_digest(checks, DUBLIN) != before);
	before = checks_digest(checks, DUBLIN);
	memcpy(renamed, specs, sizeof renamed);
	renamed[0].name = "jellyfin";
	checks_load(checks, now, renamed, 2);
	checks_restore(checks, now, immich, DUBLIN, &v);
	assert_true(checks_digest(checks, DUBLIN) != before);
}

static void effects_come_out_in_the_order_in_which_they_were_decided(void **state)
{
	struct check_effect fx;
	uint16_t expected = 0;

	(void)state;
	declare_many();
	for (uint16_t i = 0; i < 40; i++)
		specs[i].confirm = 1;
	load();
	for (uint16_t i = 0; i < 10; i++)
		observe(i, false);
	for (int i = 0; i < 10; i++) /* so that the ring wraps before it grows */
		assert_true(checks_next(checks, &fx));
	for (uint16_t i = 10; i < 40; i++)
		observe(i, false);
	for (expected = 5; checks_next(checks, &fx); expected++) {
		assert_int_equal(fx.check, expected);
		assert_int_equal(fx.kind, CHECK_SAY_WORD);
		assert_true(checks_next(checks, &fx));
		assert_int_equal(fx.check, expected);
		assert_int_equal(fx.kind, CHECK_SAY_STATE);
	}
	assert_int_equal(expected, 40);
}

static void a_long_reason_is_cut_between_characters(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	char reason[2 * REASON_BYTES_MAX];
	struct observation o = { .reason = reason };

	(void)state;
	for (size_t i = 0; i + 2 < sizeof reason; i += 3)
		memcpy(reason + i, "\xe2\x82\xac", 3); /* euro signs */
	reason[sizeof reason - 3] = '\0';
	load();
	checks_observe(checks, now, immich, &o);
	assert_true(strlen(ours(immich)->reason) <= REASON_BYTES_MAX);
	assert_true(strlen(ours(immich)->reason) > REASON_BYTES_MAX - 3);
	assert_true(utf8_valid(ours(immich)->reason, strlen(ours(immich)->reason)));
}

static void words_have_names(void **state)
{
	enum check_word word;

	(void)state;
	for (int i = WORD_NONE; i <= WORD_FAILING; i++) {
		assert_true(check_word_parse(check_word_name((enum check_word)i), &word));
		assert_int_equal(word, i);
	}
	assert_false(check_word_parse("Ok", &word));
	assert_false(check_word_parse("", &word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_check_is_pending_until_there_is_evidence),
		TEST(first_probes_are_spread_over_ten_seconds),
		TEST(from_the_second_probe_on_they_are_spread_over_the_interval),
		TEST(a_check_is_probed_each_interval),
		TEST(a_first_failure_is_confirmed_by_a_second_probe_a_second_later),
		TEST(a_check_that_is_asked_often_is_confirmed_at_its_own_pace),
		TEST(a_failure_that_is_not_confirmed_changes_nothing),
		TEST(as_many_failures_as_declared_make_a_word),
		TEST(one_good_answer_ends_a_failure),
		TEST(a_suspicion_probes_what_it_depends_on_at_once),
		TEST(a_peers_bad_word_probes_from_here_at_once),
		TEST(a_check_that_was_never_observed_can_be_hurried),
		TEST(what_was_just_seen_is_not_hurried),
		TEST(a_probe_under_way_is_not_begun_again),
		TEST(a_probe_that_its_runner_lost_is_begun_again),
		TEST(what_we_do_not_observe_is_not_probed),
		TEST(a_word_that_is_not_renewed_becomes_none_after_its_deadline),
		TEST(the_deadline_holds_though_something_else_is_heard_at_that_moment),
		TEST(a_check_without_any_evidence_falls_silent_after_its_first_deadline),
		TEST(whatever_is_heard_meanwhile_the_first_deadline_stays),
		TEST(what_a_site_knows_itself_is_never_stale),
		TEST(two_sites_agree_on_the_digest_of_the_same_words),
		TEST(words_of_ours_that_come_back_may_come_in_any_order),
		TEST(what_this_run_saw_stands_against_words_that_come_back),
		TEST(the_digest_follows_names_reports_and_what_is_restored),
		TEST(effects_come_out_in_the_order_in_which_they_were_decided),
		TEST(a_long_reason_is_cut_between_characters),
		TEST(words_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
