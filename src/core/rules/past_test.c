/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/past.h"
#include "core/rules/rules_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the three above */
#include <cmocka.h>

#define DOWN "{groups: [{name: g, rules: [{alert: Down, expr: x, keep_firing_for: 5m}]}]}"

static int set_up(void **state)
{
	static struct fixture f;

	fixture_init(&f);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	fixture_fini(*state);
	return 0;
}

static void keep(const struct fixture *f, int64_t at_s, struct str *ret)
{
	rules_past_write(f->rules, (struct wall){ at_s * 1000 }, ret);
}

static enum rc start_with(struct fixture *f, const char *rules, int64_t at_s,
	const struct str *past)
{
	rules_free(TAKE(f->rules));
	fixture_load(f, rules);
	return rules_past_read(f->rules, (struct wall){ at_s * 1000 }, past, NULL);
}

/* Everything is new but for what was kept. */
static void restart(struct fixture *f, const char *rules, int64_t kept_s, int64_t at_s)
{
	scoped(str_fini) struct str past = STR_EMPTY;

	keep(f, kept_s, &past);
	assert_int_equal(start_with(f, rules, at_s, &past), RC_OK);
}

static void assert_alerts(const struct fixture *f, const char *wanted)
{
	scoped(str_fini) struct str got = STR_EMPTY;

	fixture_alerts(f, 0, 0, &got);
	assert_string_equal(str_c(&got), wanted);
}

static void fires_until(struct fixture *f, int64_t over_s)
{
	fixture_load(f, DOWN);
	fixture_answer(f, "x", "i=1 97; i=2 98");
	fixture_evaluate(f, 60);
	fixture_answer(f, "x", "i=2 98");
	fixture_evaluate(f, over_s);
}

static void an_alert_that_is_kept_firing_goes_on_over_a_start(void **state)
{
	struct fixture *f = *state;

	fires_until(f, 120);
	restart(f, DOWN, 180, 240);
	assert_alerts(f, "firing i=1\nfiring i=2\n");
	assert_true(rules_rule(f->rules, 0, 0).alerts[0].v == 97);
	assert_int_equal(rules_rule(f->rules, 0, 0).alerts[0].fired_ms, 60000);
	fixture_evaluate(f, 300);
	assert_string_equal(str_c(&f->news), "");
	fixture_evaluate(f, 420); /* five minutes after it was found last */
	assert_alerts(f, "inactive i=1\nfiring i=2\n");
}

static void what_is_over_while_nobody_looks_is_kept_firing_from_then(void **state)
{
	struct fixture *f = *state;

	fires_until(f, 120);
	fixture_answer(f, "x", "seen");
	restart(f, DOWN, 180, 600);
	fixture_evaluate(f, 600); /* the other began to be kept before */
	assert_alerts(f, "inactive i=1\nfiring i=2\n");
	fixture_evaluate(f, 840);
	assert_alerts(f, "inactive i=1\nfiring i=2\n");
	fixture_evaluate(f, 900);
	assert_alerts(f, "inactive i=1\ninactive i=2\n");
}

static void alerts_of_long_ago_are_not_brought_back(void **state)
{
	struct fixture *f = *state;

	fires_until(f, 120);
	restart(f, DOWN, 180, 180 + 3601);
	assert_alerts(f, "");
}

static void only_what_is_kept_firing_is_kept(void **state)
{
	const char *plain = "{groups: [{name: g, rules: [{alert: Down, expr: x}]}]}";
	scoped(str_fini) struct str past = STR_EMPTY;
	struct fixture *f = *state;

	fixture_load(f, plain);
	fixture_answer(f, "x", "i=1 1");
	fixture_evaluate(f, 60);
	assert_false(rules_past_write(f->rules, (struct wall){ 60000 }, &past));
	assert_null(strstr(str_c(&past), "alerts"));
}

static void a_clock_that_was_set_back_keeps_nothing_firing_for_longer(void **state)
{
	struct fixture *f = *state;

	fires_until(f, 3600);
	restart(f, DOWN, 3600, 60);
	fixture_evaluate(f, 60);
	assert_alerts(f, "firing i=1\nfiring i=2\n");
	fixture_evaluate(f, 360);
	assert_alerts(f, "inactive i=1\nfiring i=2\n");
}

static void a_rule_whose_series_are_gone_after_a_start_is_blind(void **state)
{
	struct fixture *f = *state;

	fires_until(f, 120);
	fixture_answer(f, "x", "blind");
	restart(f, DOWN, 180, 240);
	fixture_evaluate(f, 240);
	assert_string_equal(str_c(&f->news), "Down: blind\n");
	restart(f, DOWN, 250, 300);
	fixture_evaluate(f, 300);
	assert_string_equal(str_c(&f->news), "");
	assert_int_equal(rules_rule(f->rules, 0, 0).blind_since_ms, 240000);
}

static void a_rule_that_asks_for_something_else_knows_nothing_of_before(void **state)
{
	struct fixture *f = *state;

	fires_until(f, 120);
	restart(f, "{groups: [{name: g, rules: [{alert: Down, expr: y, keep_firing_for: 5m}]}]}",
		180, 240);
	fixture_evaluate(f, 240);
	assert_alerts(f, "");
	assert_string_equal(str_c(&f->news), "");
}

/* Whoever keeps it is not to write at each evaluation. */
static void the_stamp_changes_when_there_is_something_to_keep(void **state)
{
	struct fixture *f = *state;
	uint64_t stamp;

	fires_until(f, 120);
	stamp = rules_past_stamp(f->rules);
	fixture_answer(f, "x", "i=2 99");
	fixture_evaluate(f, 180);
	assert_int_equal(rules_past_stamp(f->rules), stamp);
	fixture_answer(f, "x", "i=1 99; i=2 99");
	fixture_evaluate(f, 240);
	assert_true(rules_past_stamp(f->rules) != stamp);
	stamp = rules_past_stamp(f->rules);
	fixture_answer(f, "x", "blind");
	fixture_evaluate(f, 300);
	assert_true(rules_past_stamp(f->rules) != stamp);
}

static void what_is_no_past_is_refused_and_what_is_odd_in_it_left_out(void **state)
{
	static const char *const texts[] = { "", "[]", "{", "{\"rules\": 3}" };
	scoped(str_fini) struct str past = STR_EMPTY;
	struct fixture *f = *state;
	char *fired;

	for (uint32_t i = 0; i < COUNT(texts); i++) {
		scoped(str_fini) struct str text = STR_EMPTY;

		str_add(&text, texts[i]);
		assert_int_equal(start_with(f, DOWN, 60, &text), RC_INPUT);
	}
	fires_until(f, 120);
	keep(f, 120, &past);
	fired = strstr(str_c(&past), "\"fired\"");
	assert_non_null(fired);
	memcpy(fired, "\"FIRED\"", strlen("\"FIRED\""));
	assert_int_equal(start_with(f, DOWN, 180, &past), RC_OK);
	assert_alerts(f, "firing i=2\n");
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_alert_that_is_kept_firing_goes_on_over_a_start),
		T(what_is_over_while_nobody_looks_is_kept_firing_from_then),
		T(alerts_of_long_ago_are_not_brought_back),
		T(only_what_is_kept_firing_is_kept),
		T(a_clock_that_was_set_back_keeps_nothing_firing_for_longer),
		T(a_rule_whose_series_are_gone_after_a_start_is_blind),
		T(a_rule_that_asks_for_something_else_knows_nothing_of_before),
		T(the_stamp_changes_when_there_is_something_to_keep),
		T(what_is_no_past_is_refused_and_what_is_odd_in_it_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
