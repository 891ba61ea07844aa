/* SPDX-License-Identifier: Apache-2.0 */
/* Another lab.yaml while the sites run, and sites that don't run the same. */
#include "node/site_pair.h"

#include "test/support/lab_text.h"

/* pair_lab with `from` replaced; freed by the caller. */
static char *changed(const char *from, const char *to)
{
	struct str text = STR_EMPTY;
	const char *at = strstr(pair_lab, from);

	assert_non_null(at);
	str_addf(&text, "%.*s%s%s", (int)(at - pair_lab), pair_lab, to, at + strlen(from));
	return str_take(&text);
}

static void reload_both(const char *yaml)
{
	for (uint8_t site = 0; site < PAIR_SITES; site++)
		pair_reload(p, site, yaml);
}

static void what_was_told_is_not_told_again_when_a_channel_comes_before_it(void **state)
{
	scoped(mem_free) char *yaml = changed("  discord: {webhook: {env: WEBHOOK}}\n",
		"  webhook: {url: \"https://hook.example.net\"}\n"
		"  discord: {webhook: {env: WEBHOOK}}\n");
	const struct incident *in;

	(void)state;
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	reload_both(yaml);
	pair_run(p, MINUTE_MS);
	in = pair_incident(p, MUMBAI, "photos");
	assert_int_equal(in->told[0].version, in->version);
	assert_int_equal(in->told[1].version, in->version);
	assert_int_equal(p->n_messages, 2); /* the new one's */
}

static void a_channel_that_is_taken_out_and_put_back_is_not_told_again(void **state)
{
	scoped(mem_free) char *yaml = changed("  discord: {webhook: {env: WEBHOOK}}\n",
		"  webhook: {url: \"https://hook.example.net\"}\n");

	(void)state;
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	reload_both(yaml);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 2);
	reload_both(pair_lab);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 2);
}

static void a_check_that_is_taken_out_ends_its_incident(void **state)
{
	scoped(mem_free) char *yaml = changed(
		"  git: {home: dublin, every: 5s, http: {url: \"http://10.0.0.10/\"}}\n", "");

	(void)state;
	pair_break(p, "git", true);
	pair_run(p, MINUTE_MS);
	reload_both(yaml);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "git is back"));
	assert_null(pair_incident(p, DUBLIN, "git"));
}

static void sites_in_another_order_are_refused(void **state)
{
	static const char reordered[] =
		"lab: home\n"
		"sites:\n"
		"  mumbai: {address: \"10.0.1.1:7443\", key: KEY2, timezone: UTC}\n"
		"  dublin: {address: \"10.0.0.1:7443\", key: KEY1, timezone: UTC}\n";
	struct lab *lab = lab_text_read(reordered, NULL);

	(void)state;
	assert_int_equal(site_reload(p->sites[DUBLIN].site, pair_now(p, DUBLIN), lab, NULL, NULL),
		RC_REFUSED);
	lab_free(lab);
	pair_break(p, "photos", true); /* and the running one stays */
	pair_run(p, MINUTE_MS);
	assert_true(pair_was_said(p, "photos is down"));
}

static void a_lab_without_this_site_is_refused(void **state)
{
	scoped(mem_free) char *yaml = changed("  dublin: {", "  galway: {");
	struct lab *lab;

	(void)state;
	for (char *at = yaml; (at = strstr(at, "dublin"));)
		memcpy(at, "galway", 6);
	lab = lab_text_read(yaml, NULL);
	assert_int_equal(site_reload(p->sites[DUBLIN].site, pair_now(p, DUBLIN), lab, NULL, NULL),
		RC_REFUSED);
	lab_free(lab);
}

static void a_broken_file_is_said_until_it_is_mended(void **state)
{
	struct observation o = { .reason = "lab.yaml:3:1: no such key", .took_us = -1 };

	(void)state;
	site_self(p->sites[DUBLIN].site, pair_now(p, DUBLIN), SELF_CONFIG, &o);
	pair_run(p, 10 * SECOND_MS);
	assert_true(pair_was_said(p, "lab.yaml:3:1"));
	assert_false(pair_was_said(p, "lab.yaml is good again"));
	pair_reload(p, DUBLIN, pair_lab);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "lab.yaml is good again"));
}

static uint32_t count(const char *text, const char *words)
{
	uint32_t n = 0;

	for (; (text = strstr(text, words)); text += strlen(words))
		n++;
	return n;
}

static void a_change_that_every_site_takes_up_is_told_as_one_and_the_first_file_as_none(
	void **state)
{
	scoped(mem_free) char *yaml = changed("every: 1h, grace: 5m", "every: 1h, grace: 6m");

	(void)state;
	pair_reload(p, MUMBAI, yaml);
	pair_reload(p, DUBLIN, yaml);
	pair_run(p, 10 * SECOND_MS);
	pair_break(p, "photos", true);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_int_equal(count(p->messages[0].payload, "started (diarchy"), 2);
	assert_int_equal(count(p->messages[0].payload, "lab.yaml changed"), 1);
	assert_int_equal(count(p->messages[0].payload, "first lab.yaml"), 0);
}

static void sites_that_run_different_files_are_said_once_and_not_at_once(void **state)
{
	scoped(mem_free) char *yaml = changed("every: 1h, grace: 5m", "every: 1h, grace: 6m");

	(void)state;
	pair_reload(p, MUMBAI, yaml);
	pair_run(p, MINUTE_MS);
	assert_int_equal(p->n_messages, 0); /* it reaches the other one, too, in a moment */
	pair_run(p, 10 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_true(pair_was_said(p, "mumbai runs another lab.yaml than dublin"));
	pair_reload(p, DUBLIN, yaml);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(p->n_messages, 1);
	assert_int_equal(pair_state(p, DUBLIN, "config@dublin"), CHECK_OK);
}

static void different_files_are_still_known_after_a_restart(void **state)
{
	scoped(mem_free) char *yaml = changed("every: 1h, grace: 5m", "every: 1h, grace: 6m");

	(void)state;
	pair_reload(p, MUMBAI, yaml);
	pair_run(p, 10 * SECOND_MS);
	pair_stop(p, DUBLIN);
	pair_start(p, DUBLIN);
	pair_run(p, 5 * MINUTE_MS);
	assert_true(pair_was_said(p, "mumbai runs another lab.yaml than dublin"));
}

static void trouble_that_comes_back_with_lost_history_is_looked_at_anew(void **state)
{
	scoped(mem_free) char *yaml = changed("every: 1h, grace: 5m", "every: 1h, grace: 6m");
	struct memory_store *store = p->sites[DUBLIN].store;
	uint64_t commits = memory_store_commits(store);

	(void)state;
	pair_reload(p, MUMBAI, yaml);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "config@dublin"), CHECK_FAILING);
	pair_stop(p, DUBLIN);
	memory_store_rollback(store, memory_store_commits(store) - commits);
	pair_reload(p, MUMBAI, pair_lab);
	pair_start(p, DUBLIN);
	pair_run(p, 5 * MINUTE_MS);
	assert_int_equal(pair_state(p, DUBLIN, "config@dublin"), CHECK_OK);
	assert_null(pair_incident(p, DUBLIN, "config@dublin"));
}

static void a_word_that_waits_for_room_on_the_disk_outlives_a_reload(void **state)
{
	scoped(mem_free) char *yaml = changed(
		"  git: {home: dublin, every: 5s, http: {url: \"http://10.0.0.10/\"}}\n", "");
	struct memory_fault full = { .count = UINT64_MAX, .rc = RC_FULL }, none = { 0 };
	struct pair_site *dublin = &p->sites[DUBLIN];

	(void)state;
	memory_store_set_fault(dublin->store, full);
	pair_break(p, "git", true);
	pair_run(p, MINUTE_MS);
	pair_reload(p, DUBLIN, yaml);
	pair_reload(p, DUBLIN, pair_lab);
	assert_int_equal(
		checks_vantage(site_checks(dublin->site), pair_check(p, "git"), DUBLIN)->word,
		WORD_FAILING);
	memory_store_set_fault(dublin->store, none);
	pair_run(p, MINUTE_MS);
	assert_true(site_digest(dublin->site) == site_digest(p->sites[MUMBAI].site));
}

#define T(f) cmocka_unit_test_setup_teardown(f, pair_set_up, pair_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_told_is_not_told_again_when_a_channel_comes_before_it),
		T(a_channel_that_is_taken_out_and_put_back_is_not_told_again),
		T(a_check_that_is_taken_out_ends_its_incident),
		T(sites_in_another_order_are_refused),
		T(a_lab_without_this_site_is_refused),
		T(a_broken_file_is_said_until_it_is_mended),
		T(a_change_that_every_site_takes_up_is_told_as_one_and_the_first_file_as_none),
		T(sites_that_run_different_files_are_said_once_and_not_at_once),
		T(different_files_are_still_known_after_a_restart),
		T(a_word_that_waits_for_room_on_the_disk_outlives_a_reload),
		T(trouble_that_comes_back_with_lost_history_is_looked_at_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
