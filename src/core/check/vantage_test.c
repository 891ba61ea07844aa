/* SPDX-License-Identifier: Apache-2.0 */
/* Several vantages. */
#include "core/check/check_fixture.h"

static void failing_from_everywhere_is_down(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);
	struct wall first;

	(void)state;
	load();
	pass(MINUTE_MS);
	promise();
	hear(immich, WORD_FAILING);
	first = now.wall;
	assert_state(immich, CHECK_FAILING);
	assert_scope(immich, SCOPE_PATH);
	assert_true(checks_is_settling(checks, immich));
	pass(3000);
	observe(immich, false);
	observe(immich, false);
	assert_scope(immich, SCOPE_DOWN);
	assert_false(checks_is_settling(checks, immich));
	assert_int_equal(view(immich).since.ms, first.ms);
	assert_string_equal(view(immich).reason, "HTTP 502"); /* the home's word comes first */
}

static void failing_from_one_is_a_path_problem(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);

	(void)state;
	load();
	pass(MINUTE_MS);
	promise();
	hear(immich, WORD_OK);
	assert_state(immich, CHECK_OK);
	observe(immich, false);
	observe(immich, false);
	assert_state(immich, CHECK_FAILING);
	assert_scope(immich, SCOPE_PATH);
	assert_string_equal(view(immich).reason, "refused");
	drain();
	forget_seen();
	hear(immich, WORD_FAILING);
	assert_scope(immich, SCOPE_DOWN);
	assert_int_equal(seen[immich].states, 1); /* another extent is news */
}

static void an_earlier_first_bad_of_another_vantage_is_since_when(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);
	struct vantage v = { .word = WORD_FAILING, .since = now.wall, .heard = now.wall };

	(void)state;
	load();
	truth[immich] = BAD;
	pass(MINUTE_MS);
	promise();
	assert_true(view(immich).since.ms > WALL_0);
	checks_hear(checks, now, immich, MUMBAI, &v);
	assert_int_equal(view(immich).since.ms, WALL_0);
}

static void a_peers_word_counts_only_while_its_promise_holds(void **state)
{
	uint16_t far = probe("far", MUMBAI, 1u << MUMBAI);

	(void)state;
	load();
	hear(far, WORD_OK);
	assert_state(far, CHECK_PENDING);
	promise();
	assert_state(far, CHECK_OK);
	pass(CHECK_PROMISE_MS - 1);
	assert_state(far, CHECK_OK);
	promise(); /* renewed */
	pass(CHECK_PROMISE_MS - 1);
	assert_state(far, CHECK_OK);
	pass(1);
	assert_state(far, CHECK_SILENT);
	promise(); /* nothing had to be said again */
	assert_state(far, CHECK_OK);
}

static void an_older_word_that_arrives_later_is_history(void **state)
{
	uint16_t far = probe("far", MUMBAI, 1u << MUMBAI);
	struct vantage newer = { .word = WORD_OK,
		.stamp = 7,
		.since = now.wall,
		.heard = now.wall };
	struct vantage older = { .word = WORD_FAILING, .stamp = 6 };

	(void)state;
	load();
	promise();
	checks_hear(checks, now, far, MUMBAI, &newer);
	checks_hear(checks, now, far, MUMBAI, &older);
	assert_state(far, CHECK_OK);
}

static void nobody_else_says_our_word(void **state)
{
	uint16_t immich = probe("immich", DUBLIN, 1u << DUBLIN);
	struct vantage v = { .word = WORD_FAILING, .stamp = 9 };

	(void)state;
	load();
	pass(15000);
	checks_hear(checks, now, immich, DUBLIN, &v);
	hear(immich, WORD_FAILING); /* mumbai is no vantage of it */
	assert_state(immich, CHECK_OK);
	assert_int_equal(ours(immich)->word, WORD_OK);
}

static void a_lost_link_breaks_the_promise_at_once(void **state)
{
	uint16_t far = probe("far", MUMBAI, 1u << MUMBAI);

	(void)state;
	load();
	promise();
	hear(far, WORD_OK);
	checks_break_promise(checks, now, MUMBAI);
	assert_state(far, CHECK_SILENT);
	assert_false(checks_vantage(checks, far, MUMBAI)->is_fresh);
}

static void our_own_word_stands_when_the_peers_is_gone(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);

	(void)state;
	load();
	pass(MINUTE_MS);
	promise();
	hear(immich, WORD_FAILING);
	assert_scope(immich, SCOPE_PATH);
	checks_break_promise(checks, now, MUMBAI);
	assert_state(immich, CHECK_OK);
}

static void a_blind_vantage_is_believed_about_its_own_site_only(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);
	uint16_t router = probe("router", DUBLIN, BOTH);

	(void)state;
	load();
	pass(MINUTE_MS);
	promise();
	hear(immich, WORD_OK);
	hear(router, WORD_OK);
	observe(immich, false);
	observe(immich, false);
	observe(router, false);
	observe(router, false);
	assert_scope(immich, SCOPE_PATH);
	assert_scope(router, SCOPE_PATH);
	checks_set_blind(checks, now, DUBLIN, true);
	assert_true(checks_is_blind(checks, DUBLIN));
	assert_state(immich, CHECK_OK);
	assert_scope(router, SCOPE_PATH);
	checks_set_blind(checks, now, DUBLIN, false);
	assert_scope(immich, SCOPE_PATH);
}

static void a_blind_vantage_knows_nothing_of_what_lies_outside_of_every_site(void **state)
{
	uint16_t link = declare((struct check_spec){ .name = "link:dublin-mumbai",
		.source = SOURCE_STATE,
		.home = DUBLIN,
		.is_outside = true,
		.from = BOTH,
		.confirm = 1 });

	(void)state;
	load();
	observe(link, false);
	assert_state(link, CHECK_FAILING);
	checks_set_blind(checks, now, DUBLIN, true);
	assert_state(link, CHECK_SILENT);
}

static void what_was_said_in_blindness_is_probed_again_at_once(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);
	unsigned probes;

	(void)state;
	load();
	truth[immich] = BAD;
	pass(MINUTE_MS);
	checks_set_blind(checks, now, DUBLIN, true);
	pass(20 * SECOND_MS + 700);
	probes = seen[immich].probes;
	checks_set_blind(checks, now, DUBLIN, false);
	pass(100);
	assert_int_equal(seen[immich].probes, probes + 1);
}

/* Its line was cut: all of dublin failed for it.  It is heard again before it has looked again. */
static void what_a_peer_saw_fail_while_it_was_cut_off_is_not_believed_before_it_looked_again(
	void **state)
{
	uint16_t git = probe("git", DUBLIN, BOTH), photos = probe("photos", MUMBAI, BOTH);
	int64_t until_ms;

	(void)state;
	load();
	pass(MINUTE_MS);
	promise();
	checks_break_promise(checks, now, MUMBAI);
	pass(MINUTE_MS);
	hear(git, WORD_FAILING);
	hear(photos, WORD_FAILING);
	advance(500);
	promise();
	until_ms = now.mono.ms + 2 * specs[git].timeout_ms + 2000;
	assert_state(git, CHECK_OK);
	assert_state(photos, CHECK_FAILING); /* of its own it knows */
	while (now.mono.ms + 1000 < until_ms) {
		pass(1000);
		promise();
	}
	assert_state(git, CHECK_OK);
	pass(1000); /* it has looked again by now, and found nothing else */
	assert_state(git, CHECK_FAILING);
	assert_scope(git, SCOPE_PATH);
}

static void what_a_peer_sees_fail_since_it_is_back_counts_at_once(void **state)
{
	uint16_t git = probe("git", DUBLIN, BOTH);

	(void)state;
	load();
	pass(MINUTE_MS);
	promise();
	checks_break_promise(checks, now, MUMBAI);
	pass(MINUTE_MS);
	promise();
	advance(500);
	hear(git, WORD_FAILING);
	assert_state(git, CHECK_FAILING);
}

static void the_last_promise_is_the_last_good_evidence(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, 1u << MUMBAI);
	int64_t promised;

	(void)state;
	load();
	promise();
	hear(immich, WORD_OK);
	pass(5 * MINUTE_MS);
	promise();
	promised = now.wall.ms;
	pass(MINUTE_MS);
	assert_state(immich, CHECK_SILENT);
	assert_int_equal(checks_view(checks, immich).last_ok.ms, promised);
}

static void a_fall_tells_the_good_evidence_that_was_not_worth_a_word(void **state)
{
	uint16_t site = declare((struct check_spec){ .name = "site:mumbai",
		.source = SOURCE_STATE,
		.from = 1u << DUBLIN,
		.confirm = 1 });
	struct observation lost = observed(false);

	(void)state;
	load();
	observe(site, true);
	pass(MINUTE_MS);
	lost.last_ok.ms = now.wall.ms - 9 * SECOND_MS;
	checks_observe(checks, now, site, &lost);
	assert_int_equal(checks_view(checks, site).last_ok.ms, lost.last_ok.ms);
}

static void a_suspect_is_settling_until_it_is_confirmed(void **state)
{
	uint16_t immich = probe("immich", MUMBAI, BOTH);

	(void)state;
	load();
	pass(MINUTE_MS);
	assert_false(checks_is_settling(checks, immich));
	observe(immich, false);
	assert_true(checks_is_settling(checks, immich));
	observe(immich, false);
	assert_false(checks_is_settling(checks, immich)); /* nobody else is heard */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(failing_from_everywhere_is_down),
		TEST(failing_from_one_is_a_path_problem),
		TEST(an_earlier_first_bad_of_another_vantage_is_since_when),
		TEST(a_peers_word_counts_only_while_its_promise_holds),
		TEST(an_older_word_that_arrives_later_is_history),
		TEST(nobody_else_says_our_word),
		TEST(a_lost_link_breaks_the_promise_at_once),
		TEST(our_own_word_stands_when_the_peers_is_gone),
		TEST(a_blind_vantage_is_believed_about_its_own_site_only),
		TEST(a_blind_vantage_knows_nothing_of_what_lies_outside_of_every_site),
		TEST(what_was_said_in_blindness_is_probed_again_at_once),
		TEST(what_a_peer_saw_fail_while_it_was_cut_off_is_not_believed_before_it_looked_again),
		TEST(what_a_peer_sees_fail_since_it_is_back_counts_at_once),
		TEST(the_last_promise_is_the_last_good_evidence),
		TEST(a_fall_tells_the_good_evidence_that_was_not_worth_a_word),
		TEST(a_suspect_is_settling_until_it_is_confirmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
