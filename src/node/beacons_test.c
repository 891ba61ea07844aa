/* SPDX-License-Identifier: Apache-2.0 */
/* What a watcher says of itself, and answers that are none. */
#include "node/site_private.h"

#include "node/site_pair.h"

#define TROUBLE "line 4: unknown key 'proves'"

static bool is_config_failing(uint8_t site)
{
	return pair_state(p, site, site == DUBLIN ? "config@dublin" : "config@mumbai") ==
	       CHECK_FAILING;
}

static void a_lab_yaml_that_the_watcher_does_not_take_up_is_told_once(void **state)
{
	(void)state;
	p->watcher_trouble = TROUBLE;
	pair_run(p, MINUTE_MS);
	assert_true(is_config_failing(DUBLIN));
	assert_false(is_config_failing(MUMBAI));
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "the watcher webhost does not take it up: line 4"));
	pair_run(p, HOUR_MS);
	assert_int_equal(p->n_messages, 1);
}

static void when_the_watcher_takes_it_up_all_is_well_again(void **state)
{
	(void)state;
	p->watcher_trouble = TROUBLE;
	pair_run(p, MINUTE_MS);
	p->watcher_trouble = NULL;
	pair_run(p, 5 * MINUTE_MS);
	assert_false(is_config_failing(DUBLIN));
	assert_null(pair_incident(p, DUBLIN, "config@dublin"));
	assert_int_equal(p->n_messages, 1);
}

/* It is valid, so the watcher has nothing to complain of; nobody brought it the newest. */
static void a_watcher_that_goes_on_with_an_old_lab_yaml_is_told_once(void **state)
{
	struct lab old = *p->sites[DUBLIN].lab;

	(void)state;
	old.hash.bytes[0] ^= 1;
	p->watcher_lab = &old;
	pair_run(p, 4 * MINUTE_MS); /* it takes its time to come to all */
	assert_false(is_config_failing(DUBLIN));
	pair_run(p, 2 * MINUTE_MS);
	assert_true(is_config_failing(DUBLIN));
	assert_false(is_config_failing(MUMBAI));
	assert_true(pair_was_said(p, "the watcher webhost runs another lab.yaml than dublin"));
	pair_run(p, HOUR_MS / 2);
	assert_int_equal(p->n_messages, 1);
	p->watcher_lab = NULL;
	pair_run(p, 5 * MINUTE_MS);
	assert_false(is_config_failing(DUBLIN));
	assert_int_equal(p->n_messages, 1);
}

static void while_the_first_site_is_away_another_says_it(void **state)
{
	(void)state;
	pair_stop(p, DUBLIN);
	p->watcher_trouble = TROUBLE;
	pair_run(p, 2 * MINUTE_MS);
	assert_true(is_config_failing(MUMBAI));
	pair_start(p, DUBLIN);
	pair_run(p, 2 * MINUTE_MS);
	assert_true(is_config_failing(DUBLIN));
	assert_false(is_config_failing(MUMBAI));
}

/* It was said to be broken again, for the seconds until the watcher's next answer. */
static void a_file_that_is_mended_is_not_called_broken_by_what_the_watcher_said_before(void **state)
{
	struct observation broken = { .reason = "line 9: no such key", .took_us = -1 };
	struct observation mended = { .is_ok = true, .took_us = -1 };

	(void)state;
	site_self(p->sites[DUBLIN].site, pair_now(p, DUBLIN), SELF_CONFIG, &broken);
	p->watcher_trouble = TROUBLE;
	pair_run(p, MINUTE_MS);
	site_self(p->sites[DUBLIN].site, pair_now(p, DUBLIN), SELF_CONFIG, &mended);
	pair_settle(p);
	assert_false(is_config_failing(DUBLIN));
	pair_run(p, MINUTE_MS); /* and it stays broken there */
	assert_true(is_config_failing(DUBLIN));
}

static void what_is_wrong_with_the_sites_own_file_comes_first(void **state)
{
	struct observation broken = { .reason = "line 9: no such key", .took_us = -1 };

	(void)state;
	p->watcher_trouble = TROUBLE;
	pair_run(p, MINUTE_MS);
	site_self(p->sites[DUBLIN].site, pair_now(p, DUBLIN), SELF_CONFIG, &broken);
	pair_run(p, MINUTE_MS);
	assert_true(pair_was_said(p, "line 9: no such key"));
	pair_reload(p, DUBLIN, pair_lab);
	pair_run(p, MINUTE_MS);
	assert_true(is_config_failing(DUBLIN)); /* the watcher's is still there */
}

/* As of a party in between that kept what the watcher once signed. */
static void answer_again(uint64_t boot, uint64_t seq)
{
	struct beacon_answer answer = { .boot = boot, .seq = seq, .wall = p->now.wall };

	for (uint8_t site = 0; site < PAIR_SITES; site++)
		str_copy(answer.sites[site].site, sizeof answer.sites[site].site,
			p->sites[site].lab->sites[site].name);
	answer.n_sites = PAIR_SITES;
	site_watcher(p->sites[DUBLIN].site, pair_now(p, DUBLIN), 0, &answer, NULL);
	pair_settle(p);
}

static void an_answer_to_an_old_beacon_is_no_sign_of_life(void **state)
{
	const struct site *dublin = p->sites[DUBLIN].site;
	uint64_t seq = dublin->beacons[0].seq;

	(void)state;
	p->is_watcher_up = false;
	for (int i = 0; i < 12; i++) {
		pair_run(p, BEACON_MS);
		answer_again(dublin->boot, seq);
	}
	assert_true(pair_was_said(p, "watcher webhost is down"));
	assert_int_equal(pair_state(p, DUBLIN, "watcher:webhost"), CHECK_FAILING);
	assert_string_equal(dublin->beacons[0].why, "it answers an old beacon");
}

static void an_answer_to_another_run_of_the_site_is_no_sign_of_life(void **state)
{
	const struct site *dublin = p->sites[DUBLIN].site;

	(void)state;
	p->is_watcher_up = false;
	for (int i = 0; i < 12; i++) {
		pair_run(p, BEACON_MS);
		answer_again(dublin->boot - 1, dublin->beacons[0].seq);
	}
	assert_true(pair_was_said(p, "watcher webhost is down"));
}

/* Its last beacon said that people know, of an outage that is over since. */
static void a_site_that_died_is_told_whatever_it_said_of_itself(void **state)
{
	(void)state;
	pair_stop(p, MUMBAI);
	str_clear(&p->sites[MUMBAI].told);
	str_add(&p->sites[MUMBAI].told, "site:mumbai");
	pair_run(p, 30 * SECOND_MS);
	assert_true(pair_was_said(p, "site mumbai is down"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)
	const struct CMUnitTest tests[] = {
		T(a_lab_yaml_that_the_watcher_does_not_take_up_is_told_once),
		T(when_the_watcher_takes_it_up_all_is_well_again),
		T(a_site_that_died_is_told_whatever_it_said_of_itself),
		T(a_watcher_that_goes_on_with_an_old_lab_yaml_is_told_once),
		T(while_the_first_site_is_away_another_says_it),
		T(a_file_that_is_mended_is_not_called_broken_by_what_the_watcher_said_before),
		T(what_is_wrong_with_the_sites_own_file_comes_first),
		T(an_answer_to_an_old_beacon_is_no_sign_of_life),
		T(an_answer_to_another_run_of_the_site_is_no_sign_of_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
