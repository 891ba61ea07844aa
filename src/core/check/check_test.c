/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/check.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DUBLIN, MUMBAI };
#define BOTH   ((1u << DUBLIN) | (1u << MUMBAI))
#define WALL_0 INT64_C(1767225600000) /* 2026-01-01T00:00:00Z, a Thursday */

/* ---- a site's checks, and a world that answers its probes */

enum truth { GOOD, BAD, MUTE };

static struct checks *checks;
static struct now now;
static struct check_spec specs[40];
static uint16_t n_specs;
static enum truth truth[40];
static struct {
	unsigned probes, words, states;
	struct mono first_probe, last_probe;
} seen[40];

static uint16_t declare(struct check_spec spec)
{
	specs[n_specs] = spec;
	return n_specs++;
}

static uint16_t probe(const char *name, uint8_t home, uint8_t from)
{
	return declare((struct check_spec){ .name = name,
		.source = SOURCE_PROBE,
		.home = home,
		.from = from,
		.confirm = 2,
		.every_ms = 15000,
		.timeout_ms = 5000 });
}

static uint16_t heartbeat(const char *name, int64_t every_ms, int64_t grace_ms)
{
	return declare((struct check_spec){ .name = name,
		.source = SOURCE_PING,
		.home = DUBLIN,
		.from = 1u << DUBLIN,
		.confirm = 1,
		.every_ms = every_ms,
		.grace_ms = grace_ms });
}

static struct observation observed(bool is_ok)
{
	return (struct observation){ .is_ok = is_ok,
		.reason = is_ok ? NULL : "refused",
		.took_us = 1200 };
}

static void observe(uint16_t check, bool is_ok)
{
	struct observation o = observed(is_ok);

	checks_observe(checks, now, check, &o);
}

static void drain(void)
{
	struct check_effect fx;

	while (checks_next(checks, &fx)) {
		if (fx.kind == CHECK_SAY_WORD)
			seen[fx.check].words++;
		if (fx.kind == CHECK_SAY_STATE)
			seen[fx.check].states++;
		if (fx.kind != CHECK_DO_PROBE)
			continue;
		if (seen[fx.check].probes++ == 0)
			seen[fx.check].first_probe = now.mono;
		seen[fx.check].last_probe = now.mono;
		if (truth[fx.check] != MUTE)
			observe(fx.check, truth[fx.check] == GOOD);
	}
}

static void advance(int64_t ms)
{
	now.mono.ms += ms;
	now.wall.ms += ms;
}

/* Time passes, and the site wakes whenever it asked to. */
static void pass(int64_t ms)
{
	int64_t end = now.mono.ms + ms;

	for (int wakes = 0; checks_wake(checks).ms <= end; wakes++) {
		int64_t wake = checks_wake(checks).ms;

		assert_true(wakes < 100000);
		advance(wake > now.mono.ms ? wake - now.mono.ms : 0);
		checks_tick(checks, now);
		drain();
	}
	advance(end - now.mono.ms);
}

static void load(void)
{
	checks_load(checks, now, specs, n_specs);
	drain();
}

static void forget_seen(void)
{
	memset(seen, 0, sizeof seen);
}

static int set_up(void **state)
{
	(void)state;
	now = (struct now){ { 50000 }, { WALL_0 } };
	checks = checks_new(DUBLIN, 7);
	n_specs = 0;
	memset(truth, 0, sizeof truth);
	forget_seen();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	checks_free(checks);
	return 0;
}

/* The process starts again: the journal is all that is left. */
static void restart(void)
{
	checks_free(checks);
	checks = checks_new(DUBLIN, 8);
	now.mono.ms = 1000; /* the machine was booted */
	load();
}

static struct check_view view(uint16_t check)
{
	return checks_view(checks, check);
}

static const struct vantage *ours(uint16_t check)
{
	return checks_vantage(checks, check, DUBLIN);
}

static void hear(uint16_t check, enum check_word word)
{
	struct vantage v = { .word = word,
		.since = now.wall,
		.heard = now.wall,
		.took_us = -1,
		.reason = word == WORD_FAILING ? (char *)"HTTP 502" : NULL };

	if (word == WORD_OK)
		v.last_ok = now.wall;
	checks_hear(checks, now, check, MUMBAI, &v);
	drain();
}

static void promise(void)
{
	checks_promise(checks, now, MUMBAI);
	drain();
}

static void ping(uint16_t check, bool is_ok)
{
	struct observation o = observed(is_ok);

	checks_ping(checks, now, check, DUBLIN, now.wall, false, &o);
	drain();
}

static void ping_start(uint16_t check)
{
	struct observation o = { 0 };

	checks_ping(checks, now, check, DUBLIN, now.wall, true, &o);
	drain();
}

#define assert_state(check, expected) \
	assert_string_equal(check_state_name(view(check).state), check_state_name(expected))
#define assert_scope(check, expected) \
	assert_string_equal(check_scope_name(view(check).scope), check_scope_name(expected))

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
	for (int i = 0; i < 40; i++) {
		static char names[40][8];

		snprintf(names[i], sizeof names[i], "p%d", i);
		specs[probe(names[i], DUBLIN, 1u << DUBLIN)].every_ms = HOUR_MS;
	}
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
	for (int i = 0; i < 40; i++) {
		static char names[40][8];

		snprintf(names[i], sizeof names[i], "p%d", i);
		specs[probe(names[i], DUBLIN, 1u << DUBLIN)].every_ms = HOUR_MS;
	}
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

/* ---- several vantages */

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

/* ---- pauses */

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

/* ---- heartbeats */

static void a_heartbeat_is_due_a_period_and_a_grace_after_the_last(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);

	(void)state;
	load();
	assert_state(backup, CHECK_PENDING);
	pass(10 * MINUTE_MS);
	ping(backup, true);
	assert_state(backup, CHECK_OK);
	pass(65 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
	assert_int_equal(view(backup).since.ms, now.wall.ms);
	ping(backup, true);
	assert_state(backup, CHECK_OK);
}

static void a_heartbeat_that_never_came_is_due_after_its_declaration(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);

	(void)state;
	load();
	pass(65 * MINUTE_MS - 1);
	assert_state(backup, CHECK_PENDING);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_reported_failure_is_failing_at_once(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);

	(void)state;
	load();
	ping(backup, true);
	pass(MINUTE_MS);
	ping(backup, false);
	assert_state(backup, CHECK_FAILING);
	assert_scope(backup, SCOPE_DOWN);
	assert_string_equal(view(backup).reason, "refused");
	assert_int_equal(view(backup).last_ok.ms, now.wall.ms - MINUTE_MS);
	pass(65 * MINUTE_MS); /* and then nothing more is heard of it */
	assert_state(backup, CHECK_SILENT);
}

static void the_last_report_from_any_site_is_the_evidence(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);
	struct observation good = observed(true), bad = observed(false);
	struct wall first_bad;

	(void)state;
	specs[backup].from = BOTH;
	load();
	ping(backup, true);
	pass(MINUTE_MS);
	first_bad = now.wall;
	checks_ping(checks, now, backup, MUMBAI, now.wall, false, &bad);
	pass(MINUTE_MS);
	checks_ping(checks, now, backup, MUMBAI, now.wall, false, &bad);
	assert_state(backup, CHECK_FAILING);
	assert_int_equal(view(backup).since.ms, first_bad.ms);
	assert_string_equal(view(backup).reason,
		"refused"); /* of mumbai's word, though dublin is home */
	checks_ping(checks, now, backup, DUBLIN, (struct wall){ WALL_0 }, false, &good);
	assert_state(backup, CHECK_FAILING);
	pass(MINUTE_MS);
	ping(backup, true);
	assert_state(backup, CHECK_OK);
	assert_string_equal(view(backup).reason, "");
}

static void an_older_report_that_arrives_later_is_history(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);
	struct observation bad = observed(false);

	(void)state;
	load();
	pass(10 * MINUTE_MS);
	ping(backup, true);
	checks_ping(checks, now, backup, DUBLIN, (struct wall){ now.wall.ms - 1 }, false, &bad);
	checks_ping(checks, now, backup, MUMBAI, now.wall, false, &bad); /* is no vantage of it */
	assert_state(backup, CHECK_OK);
	pass(65 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
}

static void a_restart_grants_a_heartbeat_no_new_period(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);
	uint16_t never = heartbeat("never", HOUR_MS, 5 * MINUTE_MS);
	struct observation o = observed(true);
	struct wall declared = now.wall, last;

	(void)state;
	load();
	pass(30 * MINUTE_MS);
	ping(backup, true);
	last = now.wall;
	pass(30 * MINUTE_MS);
	restart();
	checks_declared(checks, now, backup, declared);
	checks_declared(checks, now, never, declared);
	checks_ping(checks, now, backup, DUBLIN, last, false, &o);
	assert_state(never, CHECK_PENDING);
	assert_int_equal(view(never).since.ms, declared.ms);
	pass(5 * MINUTE_MS);
	assert_state(never, CHECK_SILENT);
	pass(30 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void what_fell_silent_while_we_were_down_is_silent_since_its_deadline(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 5 * MINUTE_MS);
	struct observation o = observed(true);
	struct wall last = now.wall;

	(void)state;
	load();
	pass(3 * HOUR_MS);
	restart();
	checks_ping(checks, now, backup, DUBLIN, last, false, &o);
	assert_state(backup, CHECK_SILENT);
	assert_int_equal(view(backup).since.ms, last.ms + 65 * MINUTE_MS);
}

static void a_scheduled_heartbeat_is_due_a_grace_after_its_next_run(void **state)
{
	struct cron daily;
	uint16_t backup = heartbeat("backup", 0, 30 * MINUTE_MS);

	(void)state;
	assert_int_equal(cron_parse("0 2 * * *", &daily, NULL), RC_OK);
	specs[backup].cron = &daily;
	specs[backup].zone = tz_utc();
	load(); /* at midnight */
	pass(2 * HOUR_MS + 30 * MINUTE_MS - 1);
	assert_state(backup, CHECK_PENDING);
	ping(backup, true);
	pass(DAY_MS);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_schedule_is_reckoned_in_its_zone_and_follows_the_clock(void **state)
{
	struct cron daily;
	uint16_t backup = heartbeat("backup", 0, MINUTE_MS);

	(void)state;
	assert_int_equal(cron_parse("0 2 * * *", &daily, NULL), RC_OK);
	specs[backup].cron = &daily;
	specs[backup].zone = tz_utc();
	probe("tick", DUBLIN, 1u << DUBLIN);
	load();
	ping(backup, true);
	pass(HOUR_MS);
	now.wall.ms += HOUR_MS - MINUTE_MS; /* set forward: it is 01:59 */
	pass(2 * MINUTE_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_run_that_does_not_finish_within_its_grace_is_silent(void **state)
{
	uint16_t backup = heartbeat("backup", DAY_MS, HOUR_MS);

	(void)state;
	load();
	ping(backup, true);
	pass(2 * HOUR_MS);
	ping_start(backup);
	assert_state(backup, CHECK_OK);
	assert_int_equal(view(backup).run_started.ms, now.wall.ms);
	pass(HOUR_MS - 1);
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
	ping(backup, true); /* late, but it came */
	assert_state(backup, CHECK_OK);
	assert_int_equal(view(backup).run_started.ms, 0);
}

static void a_beginning_is_no_evidence_that_the_job_works(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, 10 * MINUTE_MS);

	(void)state;
	load();
	ping(backup, true);
	for (int i = 0; i < 70; i++) {
		pass(MINUTE_MS);
		ping_start(backup); /* it begins again and again */
	}
	assert_state(backup, CHECK_SILENT);
}

static void a_finished_run_is_not_begun_by_an_older_beginning(void **state)
{
	uint16_t backup = heartbeat("backup", DAY_MS, HOUR_MS);
	struct observation o = { 0 };
	struct wall began;

	(void)state;
	specs[backup].from = BOTH;
	load();
	began = now.wall;
	pass(MINUTE_MS);
	ping(backup, true);
	checks_ping(checks, now, backup, MUMBAI, began, true, &o); /* its journal was late */
	assert_int_equal(view(backup).run_started.ms, 0);
	pass(2 * HOUR_MS);
	assert_state(backup, CHECK_OK);
}

static void a_run_is_not_ended_by_the_end_of_the_one_before(void **state)
{
	uint16_t backup = heartbeat("backup", DAY_MS, HOUR_MS);
	struct observation good = observed(true);
	struct wall ended;

	(void)state;
	specs[backup].from = BOTH;
	load();
	pass(MINUTE_MS);
	ended = now.wall;
	pass(MINUTE_MS);
	ping_start(backup);
	checks_ping(checks, now, backup, MUMBAI, ended, false, &good); /* its journal was late */
	assert_int_equal(view(backup).run_started.ms, now.wall.ms);
	ping(backup, true); /* in the same millisecond: a short run */
	assert_int_equal(view(backup).run_started.ms, 0);
	ping_start(backup);
	assert_int_equal(view(backup).run_started.ms, now.wall.ms);
}

static void a_clock_that_jumps_does_not_end_a_run(void **state)
{
	uint16_t backup = heartbeat("backup", DAY_MS, HOUR_MS);

	(void)state;
	load();
	ping(backup, true);
	ping_start(backup);
	now.wall.ms += DAY_MS;
	pass(HOUR_MS - 1);
	checks_pause(checks, now, backup, (struct wall){ 0 }); /* whatever makes it judged */
	assert_state(backup, CHECK_OK);
	pass(1);
	assert_state(backup, CHECK_SILENT);
}

static void a_report_after_the_clock_was_set_back_counts(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, MINUTE_MS);

	(void)state;
	load();
	ping(backup, true);
	now.wall.ms -= DAY_MS;
	pass(30 * MINUTE_MS);
	ping(backup, true);
	pass(HOUR_MS);
	assert_state(backup, CHECK_OK);
	pass(30 * MINUTE_MS);
	ping(backup, false);
	assert_state(backup, CHECK_FAILING);
}

static void a_report_from_the_future_does_not_postpone_the_deadline(void **state)
{
	uint16_t backup = heartbeat("backup", HOUR_MS, MINUTE_MS);
	struct observation o = observed(true);

	(void)state;
	load();
	checks_ping(checks, now, backup, DUBLIN, (struct wall){ now.wall.ms + 365 * DAY_MS }, false,
		&o);
	pass(61 * MINUTE_MS);
	assert_state(backup, CHECK_SILENT);
}

/* ---- what outlives a restart or a reload */

static struct vantage word_of(enum check_word word, struct wall heard)
{
	return (struct vantage){ .word = word,
		.since = heard,
		.heard = heard,
		.took_us = -1,
		.reason = word == WORD_FAILING ? (char *)"refused" : NULL };
}

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

/* ---- the rest */

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
	for (int i = 0; i < 40; i++) {
		static char names[40][8];

		snprintf(names[i], sizeof names[i], "p%d", i);
		specs[probe(names[i], DUBLIN, 1u << DUBLIN)].confirm = 1;
	}
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(failing_from_everywhere_is_down),
		TEST(failing_from_one_is_a_path_problem),
		TEST(an_earlier_first_bad_of_another_vantage_is_since_when),
		TEST(a_peers_word_counts_only_while_its_promise_holds),
		TEST(an_older_word_that_arrives_later_is_history),
		TEST(nobody_else_says_our_word),
		TEST(a_lost_link_breaks_the_promise_at_once),
		TEST(our_own_word_stands_when_the_peers_is_gone),
		TEST(a_blind_vantage_is_believed_about_its_own_site_only),
		TEST(a_suspect_is_settling_until_it_is_confirmed),
		TEST(a_paused_check_is_neither_probed_nor_judged),
		TEST(resuming_asks_at_once_and_allows_the_time_to_ask),
		TEST(a_pause_that_runs_out_is_a_resumption),
		TEST(a_clock_that_jumps_beyond_the_end_of_a_pause_ends_it),
		TEST(a_clock_that_is_set_back_prolongs_a_pause),
		TEST(a_check_that_was_paused_before_its_first_evidence_is_pending_again),
		TEST(words_are_still_said_of_what_is_paused),
		TEST(a_heartbeat_is_due_a_period_and_a_grace_after_the_last),
		TEST(a_heartbeat_that_never_came_is_due_after_its_declaration),
		TEST(a_reported_failure_is_failing_at_once),
		TEST(the_last_report_from_any_site_is_the_evidence),
		TEST(an_older_report_that_arrives_later_is_history),
		TEST(a_restart_grants_a_heartbeat_no_new_period),
		TEST(what_fell_silent_while_we_were_down_is_silent_since_its_deadline),
		TEST(a_scheduled_heartbeat_is_due_a_grace_after_its_next_run),
		TEST(a_schedule_is_reckoned_in_its_zone_and_follows_the_clock),
		TEST(a_run_that_does_not_finish_within_its_grace_is_silent),
		TEST(a_beginning_is_no_evidence_that_the_job_works),
		TEST(a_finished_run_is_not_begun_by_an_older_beginning),
		TEST(a_run_is_not_ended_by_the_end_of_the_one_before),
		TEST(a_clock_that_jumps_does_not_end_a_run),
		TEST(a_report_after_the_clock_was_set_back_counts),
		TEST(a_report_from_the_future_does_not_postpone_the_deadline),
		TEST(our_restored_word_stands_until_the_first_probe_can_be_back),
		TEST(our_restored_word_keeps_its_deadline),
		TEST(a_restored_failure_goes_on_and_needs_no_new_confirmation),
		TEST(a_peers_restored_word_waits_for_its_promise),
		TEST(a_reload_keeps_what_is_known_by_name),
		TEST(a_reload_does_not_start_the_deadlines_anew),
		TEST(a_reload_keeps_the_pace_of_probes),
		TEST(another_kind_under_the_same_name_starts_anew),
		TEST(two_sites_agree_on_the_digest_of_the_same_words),
		TEST(the_digest_follows_names_reports_and_what_is_restored),
		TEST(effects_come_out_in_the_order_in_which_they_were_decided),
		TEST(a_long_reason_is_cut_between_characters),
		TEST(words_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
