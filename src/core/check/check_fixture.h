/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_fixture: for the tests of this folder: dublin's checks, and a world that answers its probes
 * as `truth` says while time passes.
 */
#ifndef CORE_CHECK_CHECK_FIXTURE_H
#define CORE_CHECK_CHECK_FIXTURE_H

#include "base/mem.h"
#include "base/str.h"
#include "core/check/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DUBLIN, MUMBAI };
#define BOTH   ((1u << DUBLIN) | (1u << MUMBAI))
#define WALL_0 INT64_C(1767225600000) /* 2026-01-01T00:00:00Z, a Thursday */

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

static inline uint16_t declare(struct check_spec spec)
{
	specs[n_specs] = spec;
	return n_specs++;
}

static inline uint16_t probe(const char *name, uint8_t home, uint8_t from)
{
	return declare((struct check_spec){ .name = name,
		.source = SOURCE_PROBE,
		.home = home,
		.from = from,
		.confirm = 2,
		.every_ms = 15000,
		.timeout_ms = 5000 });
}

static inline uint16_t heartbeat(const char *name, int64_t every_ms, int64_t grace_ms)
{
	return declare((struct check_spec){ .name = name,
		.source = SOURCE_PING,
		.home = DUBLIN,
		.from = 1u << DUBLIN,
		.confirm = 1,
		.every_ms = every_ms,
		.grace_ms = grace_ms });
}

static inline struct observation observed(bool is_ok)
{
	return (struct observation){ .is_ok = is_ok,
		.reason = is_ok ? NULL : "refused",
		.took_us = 1200 };
}

static inline void observe(uint16_t check, bool is_ok)
{
	struct observation o = observed(is_ok);

	checks_observe(checks, now, check, &o);
}

static inline void drain(void)
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

static inline void advance(int64_t ms)
{
	now.mono.ms += ms;
	now.wall.ms += ms;
}

/* Time passes, and the site wakes whenever it asked to. */
static inline void pass(int64_t ms)
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

static inline void load(void)
{
	checks_load(checks, now, specs, n_specs);
	drain();
}

static inline void forget_seen(void)
{
	memset(seen, 0, sizeof seen);
}

static inline int set_up(void **state)
{
	(void)state;
	now = (struct now){ { 50000 }, { WALL_0 } };
	checks = checks_new(DUBLIN, 7);
	n_specs = 0;
	memset(truth, 0, sizeof truth);
	forget_seen();
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	checks_free(checks);
	return 0;
}

/* The process starts again: the journal is all that is left. */
static inline void restart(void)
{
	checks_free(checks);
	checks = checks_new(DUBLIN, 8);
	now.mono.ms = 1000; /* the machine was booted */
	load();
}

static inline struct check_view view(uint16_t check)
{
	return checks_view(checks, check);
}

static inline const struct vantage *ours(uint16_t check)
{
	return checks_vantage(checks, check, DUBLIN);
}

static inline void hear(uint16_t check, enum check_word word)
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

static inline void promise(void)
{
	checks_promise(checks, now, MUMBAI);
	drain();
}

/* A report taken by a site: how a run went; that one began. */
static inline void report(uint16_t check, uint8_t site, struct wall at, bool is_ok)
{
	struct report r = { site, at, .end = observed(is_ok) };

	checks_ping(checks, now, check, &r);
	drain();
}

static inline void report_start(uint16_t check, uint8_t site, struct wall at)
{
	struct report r = { site, at, .is_start = true };

	checks_ping(checks, now, check, &r);
	drain();
}

static inline void ping(uint16_t check, bool is_ok)
{
	report(check, DUBLIN, now.wall, is_ok);
}

static inline void ping_start(uint16_t check)
{
	report_start(check, DUBLIN, now.wall);
}

#define assert_state(check, expected) \
	assert_string_equal(check_state_name(view(check).state), check_state_name(expected))
#define assert_scope(check, expected) \
	assert_string_equal(check_scope_name(view(check).scope), check_scope_name(expected))

static inline struct vantage word_of(enum check_word word, struct wall heard)
{
	return (struct vantage){ .word = word,
		.since = heard,
		.heard = heard,
		.took_us = -1,
		.reason = word == WORD_FAILING ? (char *)"refused" : NULL };
}

/* As many probes as there is room for, an hour apart. */
static inline void declare_many(void)
{
	static char names[COUNT(specs)][8];

	for (uint16_t i = 0; i < COUNT(specs); i++) {
		snprintf(names[i], sizeof names[i], "p%u", i % 100u);
		specs[probe(names[i], DUBLIN, 1u << DUBLIN)].every_ms = HOUR_MS;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
