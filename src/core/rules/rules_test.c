/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/rules_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the three above */
#include <cmocka.h>

#define DOWN(more) "{groups: [{name: g, rules: [{alert: Down, expr: x, " more "}]}]}"

static void assert_alerts(const struct fixture *f, const char *wanted)
{
	scoped(str_fini) struct str got = STR_EMPTY;

	fixture_alerts(f, 0, 0, &got);
	assert_string_equal(str_c(&got), wanted);
}

static void what_is_recorded_carries_the_rules_name_and_labels(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, query_offset: 10s, rules: [{record: 'a:b', expr: x, "
			 "labels: {job: new, gone: '', t: '{{x}}'}}]}]}");
	fixture_answer(&f, "x", "__name__=m,job=old,gone=1 2; i=1 3");
	fixture_evaluate(&f, 60);
	assert_string_equal(str_c(&f.written), "a:b{i=\"1\",job=\"new\",t=\"{{x}}\"} 3 @50\n"
					       "a:b{job=\"new\",t=\"{{x}}\"} 2 @50\n");
}

static void a_series_that_a_rule_no_longer_gives_is_marked_stale(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, rules: [{record: r, expr: x}]}]}");
	fixture_answer(&f, "x", "a=1 1; a=2 1");
	fixture_evaluate(&f, 60);
	fixture_answer(&f, "x", "a=2 1; a=3 1");
	fixture_evaluate(&f, 120);
	assert_string_equal(str_c(&f.written),
		"r{a=\"2\"} 1 @120\nr{a=\"3\"} 1 @120\nr{a=\"1\"} stale @120\n");
	fixture_evaluate(&f, 180);
	assert_string_equal(str_c(&f.written), "r{a=\"2\"} 1 @180\nr{a=\"3\"} 1 @180\n");
	fixture_answer(&f, "x", "error: no");
	fixture_evaluate(&f, 240);
	assert_string_equal(str_c(&f.written), "");
	assert_string_equal(str_c(&f.news), "r: failed: no\n");
}

static void two_series_that_become_one_are_an_error(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, rules: [{record: r, expr: x, labels: {a: z}},"
			 " {alert: A, expr: x, labels: {a: z}}]}]}");
	fixture_answer(&f, "x", "a=1 1; a=2 1");
	fixture_evaluate(&f, 60);
	assert_string_equal(str_c(&f.written), "");
	assert_string_equal(str_c(&f.news),
		"r: failed: vector contains metrics with the same labelset after applying rule "
		"labels\n"
		"A: failed: vector contains metrics with the same labelset after applying alert "
		"labels\n");
}

static void an_alert_waits_then_fires_then_is_resolved(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN("for: 2m, labels: {s: '{{i}}'}, annotations: {v: 'at {{value}}'}"));
	fixture_answer(&f, "x", "__name__=up,i=1 5");
	fixture_evaluate(&f, 60);
	assert_alerts(&f, "pending i=1,s=1 (v=at 5)\n");
	assert_string_equal(str_c(&f.news), "Down: pending pending i=1,s=1 (v=at 5)\n");
	assert_string_equal(str_c(&f.written),
		"ALERTS{alertname=\"Down\",alertstate=\"pending\",i=\"1\",s=\"1\"} 1 @60\n"
		"ALERTS_FOR_STATE{alertname=\"Down\",i=\"1\",s=\"1\"} 60 @60\n");
	fixture_answer(&f, "x", "__name__=up,i=1 6");
	fixture_evaluate(&f, 120);
	assert_alerts(&f, "pending i=1,s=1 (v=at 6)\n");
	fixture_evaluate(&f, 180);
	assert_alerts(&f, "firing i=1,s=1 (v=at 6)\n");
	assert_string_equal(str_c(&f.news), "Down: firing firing i=1,s=1 (v=at 6)\n");
	assert_string_equal(str_c(&f.written),
		"ALERTS{alertname=\"Down\",alertstate=\"firing\",i=\"1\",s=\"1\"} 1 @180\n"
		"ALERTS_FOR_STATE{alertname=\"Down\",i=\"1\",s=\"1\"} 60 @180\n"
		"ALERTS{alertname=\"Down\",alertstate=\"pending\",i=\"1\",s=\"1\"} stale @180\n");
	fixture_answer(&f, "x", "seen");
	fixture_evaluate(&f, 240);
	assert_alerts(&f, "inactive i=1,s=1 (v=at 6)\n");
	assert_string_equal(str_c(&f.news), "Down: resolved inactive i=1,s=1 (v=at 6)\n");
	fixture_evaluate(&f, 240 + 900);
	assert_alerts(&f, "inactive i=1,s=1 (v=at 6)\n");
	fixture_evaluate(&f, 240 + 960);
	assert_alerts(&f, "");
}

static void an_alert_without_for_fires_at_once(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN(""));
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 0);
	assert_alerts(&f, "firing i=1\n");
	assert_string_equal(str_c(&f.news), "Down: firing firing i=1\n");
}

static void a_pending_alert_that_is_gone_leaves_nothing(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN("for: 2m"));
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 60);
	fixture_answer(&f, "x", "seen");
	fixture_evaluate(&f, 120);
	assert_alerts(&f, "");
	assert_string_equal(str_c(&f.news), "");
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 180);
	fixture_evaluate(&f, 240);
	assert_alerts(&f, "pending i=1\n");
}

static void an_alert_keeps_firing_as_long_as_the_rule_says(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN("keep_firing_for: 2m"));
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 60);
	fixture_answer(&f, "x", "seen");
	fixture_evaluate(&f, 120);
	assert_alerts(&f, "firing i=1\n");
	fixture_evaluate(&f, 180);
	assert_alerts(&f, "firing i=1\n");
	fixture_answer(&f, "x", "i=1 1"); /* it is back: the time begins anew */
	fixture_evaluate(&f, 240);
	fixture_answer(&f, "x", "seen");
	fixture_evaluate(&f, 300);
	fixture_evaluate(&f, 360);
	assert_alerts(&f, "firing i=1\n");
	fixture_evaluate(&f, 420);
	assert_alerts(&f, "inactive i=1\n");
}

static void an_alert_that_comes_back_after_resolving_is_a_new_one(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN("for: 1m"));
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 60);
	fixture_evaluate(&f, 120);
	fixture_answer(&f, "x", "seen");
	fixture_evaluate(&f, 180);
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 240);
	assert_alerts(&f, "pending i=1\n");
	assert_int_equal(rules_rule(f.rules, 0, 0).alerts[0].active_ms, 240000);
	assert_true(rules_rule(f.rules, 0, 0).alerts[0].resolved_ms == RULES_NEVER);
}

static void a_template_that_fails_is_shown_in_its_place(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN("annotations: {a: '{{!}}'}"));
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 60);
	assert_alerts(&f, "firing i=1 (a=<error expanding template: error executing template "
			  "__alert_Down: it failed>)\n");
	assert_string_equal(str_c(&f.news),
		"Down: template: it failed\nDown: firing firing i=1 (a=<error expanding template: "
		"error executing template __alert_Down: it failed>)\n");
}

static void a_firing_alert_that_says_something_else_is_news(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN("annotations: {a: '{{value}}'}"));
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 60);
	fixture_evaluate(&f, 120);
	assert_string_equal(str_c(&f.news), "");
	fixture_answer(&f, "x", "i=1 2");
	fixture_evaluate(&f, 180);
	assert_string_equal(str_c(&f.news), "Down: changed firing i=1 (a=2)\n");
}

static void a_limit_that_is_exceeded_fails_the_rule_and_forgets_its_alerts(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, limit: 1, rules: [{alert: A, expr: x},"
			 " {record: r, expr: x}]}]}");
	fixture_answer(&f, "x", "i=1 1; i=2 1");
	fixture_evaluate(&f, 60);
	assert_alerts(&f, "");
	assert_string_equal(str_c(&f.news), "A: failed: exceeded limit of 1 with 2 alerts\n"
					    "r: failed: exceeded limit of 1 with 2 series\n");
	assert_string_equal(str_c(&f.written), "");
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 120);
	assert_string_equal(str_c(&f.news), "A: firing firing i=1\nA: works\nr: works\n");
}

static void a_rule_that_sees_no_series_any_more_is_said(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN(""));
	fixture_evaluate(&f, 60);
	assert_string_equal(str_c(&f.news), ""); /* it never saw any */
	fixture_answer(&f, "x", "seen");
	fixture_evaluate(&f, 120);
	assert_string_equal(str_c(&f.news), "");
	fixture_answer(&f, "x", "blind");
	fixture_evaluate(&f, 180);
	assert_string_equal(str_c(&f.news), "Down: blind\n");
	assert_int_equal(rules_rule(f.rules, 0, 0).blind_since_ms, 180000);
	fixture_evaluate(&f, 240);
	assert_string_equal(str_c(&f.news), "");
	fixture_answer(&f, "x", "seen");
	fixture_evaluate(&f, 300);
	assert_string_equal(str_c(&f.news), "Down: sees\n");
	assert_true(rules_rule(f.rules, 0, 0).blind_since_ms == RULES_NEVER);
}

static void samples_that_the_storage_refuses_make_the_rule_bad(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, rules: [{record: r, expr: x}]}]}");
	fixture_answer(&f, "x", "i=1 1");
	f.verdict = SERIES_OUT_OF_ORDER;
	fixture_evaluate(&f, 60);
	assert_string_equal(str_c(&f.news), "r: failed: out of order sample\n");
	f.verdict = SERIES_TAKEN;
	fixture_evaluate(&f, 120);
	assert_string_equal(str_c(&f.news), "r: works\n");
}

static void state_goes_over_when_files_are_read_again(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, rules: [{alert: A, expr: x, for: 5m},"
			 " {record: r, expr: x}]}]}");
	fixture_answer(&f, "x", "i=1 1");
	fixture_evaluate(&f, 60);
	fixture_load(&f, "{groups: [{name: g, rules: [{alert: A, expr: x, for: 1m}]}]}");
	fixture_evaluate(&f, 120);
	assert_alerts(&f, "firing i=1\n");
	assert_int_equal(rules_rule(f.rules, 0, 0).alerts[0].active_ms, 60000);
}

/* Times */

static void without_any_rules_what_was_written_is_stale_at_once(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, rules: [{record: r, expr: x}]}]}");
	fixture_answer(&f, "x", "a=1 1");
	fixture_evaluate(&f, -60);
	str_clear(&f.written);
	fixture_load(&f, "{groups: []}");
	assert_string_equal(str_c(&f.written), "r{a=\"1\"} stale @0\n");
}

static void groups_are_evaluated_at_times_of_their_own(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct wall now;
	struct rules_job a, b, none;
	struct rule_outcome o = { .warning = "" };
	uint32_t n;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, rules: [{record: r, expr: x}, {record: s, expr: x}]},"
			 " {name: h, interval: 10s, rules: [{record: t, expr: x}]}]}");
	now = rules_next(f.rules);
	assert_true(now.ms > 0 && now.ms <= 60000);
	assert_false(rules_begin(f.rules, (struct wall){ now.ms - 1 }, &none));
	now.ms = 120000; /* both are due */
	assert_true(rules_begin(f.rules, now, &a));
	assert_true(rules_begin(f.rules, now, &b));
	assert_int_equal(a.group + b.group, 1);
	assert_false(rules_begin(f.rules, now, &none)); /* one rule of a group at a time */
	assert_int_equal(rules_next(f.rules).ms, NEVER_MS);
	arena_init(&o.arena, 0);
	rules_end(f.rules, now, a.group == 0 ? &a : &b, &o, &n);
	assert_true(rules_begin(f.rules, now, &none));
	assert_string_equal(none.rule->name, "s");
	assert_int_equal(none.at_ms, a.group == 0 ? a.at_ms : b.at_ms);
	rules_end(f.rules, now, &none, &o, &n);
	assert_true(rules_next(f.rules).ms > 120000 && rules_next(f.rules).ms <= 180000);
	arena_fini(&o.arena);
}

static void times_that_passed_meanwhile_are_counted_and_left_out(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct rule_outcome o = { .warning = "" };
	struct rules_job job;
	int64_t first;
	uint32_t n;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, rules: [{record: r, expr: x}]}]}");
	first = rules_next(f.rules).ms;
	arena_init(&o.arena, 0);
	assert_true(rules_begin(f.rules, (struct wall){ first }, &job));
	rules_end(f.rules, (struct wall){ first + 150000 }, &job, &o, &n);
	assert_true(rules_begin(f.rules, (struct wall){ first + 150000 }, &job));
	assert_int_equal(job.at_ms, first + 120000);
	assert_int_equal(rules_group(f.rules, 0).missed, 1);
	arena_fini(&o.arena);
}

/* Of two groups one was due before the other; a rule that takes long doesn't stop those of others. */
static void the_group_that_waits_longest_goes_first_and_slow_ones_one_at_a_time(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct rule_outcome o = { .warning = "", .took_ns = RULES_SLOW_NS };
	struct rules_job job[3];
	struct wall late = { 10 * HOUR_MS };
	uint32_t n;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: a, rules: [{record: r, expr: x}]},"
			 "{name: b, rules: [{record: r, expr: x}]},"
			 "{name: c, rules: [{record: r, expr: x}]}]}");
	arena_init(&o.arena, 0);
	for (int i = 0; i < 3; i++) {
		struct wall due = rules_next(f.rules);

		assert_true(rules_begin(f.rules, due, &job[i]));
		assert_int_equal(job[i].at_ms, due.ms);
		assert_true(i == 0 || job[i].at_ms >= job[i - 1].at_ms);
	}
	rules_end(f.rules, late, &job[0], &o, &n);
	rules_end(f.rules, late, &job[1], &o, &n);
	o.took_ns = 1;
	rules_end(f.rules, late, &job[2], &o, &n);
	assert_int_equal(rules_group(f.rules, job[1].group).took_ns, RULES_SLOW_NS);
	assert_true(rules_begin(f.rules, late, &job[0]));
	assert_true(rules_begin(f.rules, late, &job[1]));
	assert_true(job[1].group != job[0].group);
	assert_false(rules_begin(f.rules, late, &job[2]));
	arena_fini(&o.arena);
}

static void what_was_evaluated_is_counted(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct rule_group_view g;

	(void)state;
	fixture_init(&f);
	fixture_load(&f,
		"{groups: [{name: g, rules: [{record: r, expr: x}, {record: s, expr: y}]}]}");
	fixture_answer(&f, "x", "a=1 1; a=2 2");
	fixture_answer(&f, "y", "error: no");
	fixture_evaluate(&f, 60);
	fixture_evaluate(&f, 120);
	g = rules_group(f.rules, 0);
	assert_int_equal(g.evaluations, 4);
	assert_int_equal(g.failures, 2);
	assert_int_equal(rules_total(f.rules).evaluations, 4);
	fixture_load(&f, "{groups: [{name: g, rules: [{record: r, expr: x}]}]}");
	assert_int_equal(rules_group(f.rules, 0).evaluations, 4);
}

static void a_clock_that_was_set_back_keeps_no_group_waiting(void **state)
{
	scoped(fixture_fini) struct fixture f;
	struct rule_outcome o = { .warning = "" };
	struct wall late = { 10 * HOUR_MS }, back = { HOUR_MS };
	struct rules_job job;
	uint32_t n;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, "{groups: [{name: g, rules: [{record: r, expr: x}]}]}");
	arena_init(&o.arena, 0);
	assert_true(rules_begin(f.rules, late, &job));
	rules_end(f.rules, late, &job, &o, &n);
	assert_false(rules_begin(f.rules, back, &job));
	assert_in_range(rules_next(f.rules).ms, back.ms, back.ms + MINUTE_MS);
	arena_fini(&o.arena);
}

/* Words */

/* "STARTS-ENDS" of the next alert that is to be told, in seconds; "": none. */
static const char *word_at(struct fixture *f, int64_t at_s)
{
	static char text[64];
	struct rules_job job;
	struct rule_word word;
	uint32_t at = 0;

	fixture_evaluate(f, at_s);
	job = rules_job(f->rules, 0, 0, at_s * 1000);
	if (!rules_word(f->rules, &job, &at, &word))
		return "";
	snprintf(text, sizeof text, "%lld-%lld", (long long)word.starts_ms / 1000,
		(long long)word.ends_ms / 1000);
	return text;
}

/* What isn't told again is over for whoever was told. */
static void a_clock_that_was_set_back_keeps_no_alert_from_being_told_again(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN(""));
	fixture_answer(&f, "x", "i=1 1");
	assert_string_equal(word_at(&f, 1000), "1000-1240");
	assert_string_equal(word_at(&f, 820), "1000-1060");
	assert_string_equal(word_at(&f, 850), "");
	assert_string_equal(word_at(&f, 881), "1000-1121");
	fixture_answer(&f, "x", "");
	assert_string_equal(word_at(&f, 900), "900-900");
}

static void alerts_are_told_again_each_minute_and_when_they_end(void **state)
{
	scoped(fixture_fini) struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_load(&f, DOWN("for: 20s"));
	fixture_answer(&f, "x", "i=1 1");
	assert_string_equal(word_at(&f, 10), ""); /* pending */
	assert_string_equal(word_at(&f, 30), "30-270");
	assert_string_equal(word_at(&f, 50), "");
	assert_string_equal(word_at(&f, 90), "");
	assert_string_equal(word_at(&f, 100), "30-340");
	fixture_answer(&f, "x", "error: no");
	assert_string_equal(word_at(&f, 170), "30-410"); /* nobody knows that it ended */
	fixture_answer(&f, "x", "");
	assert_string_equal(word_at(&f, 180), "30-180");
	assert_string_equal(word_at(&f, 200), "");
	assert_string_equal(word_at(&f, 250), "30-180");
}

/* Restoring */

static struct labels history_labels;
static int64_t history_t_ms;
static double history_v;
static bool history_is_read;

static enum rc history_open(void *self, const struct series_query *q, struct series_cursor **ret,
	struct err *e)
{
	(void)self;
	(void)e;
	assert_int_equal(q->n_matchers, 2);
	history_is_read = false;
	*ret = NULL;
	return RC_OK;
}

static enum rc history_next(struct series_cursor *c, struct labels *ret, bool *ret_has,
	struct err *e)
{
	(void)c;
	(void)e;
	*ret = history_labels;
	*ret_has = !history_is_read;
	history_is_read = true;
	return RC_OK;
}

static enum rc history_read(struct series_cursor *c, struct series_column *column, struct err *e)
{
	(void)c;
	(void)e;
	series_column_add(column, history_t_ms, history_v);
	return RC_OK;
}

static void history_close(struct series_cursor *c)
{
	(void)c;
}

static const struct series_source history = { .open = history_open,
	.next = history_next,
	.read = history_read,
	.close = history_close };

/* Runs the schedule until `until_ms`. */
static void run_until(struct fixture *f, int64_t until_ms)
{
	const struct rules_outside outside = { .external_url = "" };
	struct wall now;
	struct rules_job job;
	uint32_t n;

	for (now = rules_next(f->rules); now.ms <= until_ms; now = rules_next(f->rules))
		while (rules_begin(f->rules, now, &job)) {
			scoped(rule_outcome_fini) struct rule_outcome o;

			rule_evaluate(&job, &f->world, &outside, &o);
			rules_end(f->rules, now, &job, &o, &n);
		}
}

/* An alert with `for: 1h` that was pending since `since_s` when we went down at `down_s`. */
static int64_t restored(int64_t since_s, int64_t down_s, int64_t *ret_now_ms)
{
	static struct label v[] = { { "__name__", "ALERTS_FOR_STATE", 8, 16 },
		{ "alertname", "Down", 9, 4 }, { "i", "1", 1, 1 } };
	scoped(fixture_fini) struct fixture f;
	int64_t first_ms;

	fixture_init(&f);
	f.history = &history;
	history_labels = (struct labels){ v, 3 };
	history_t_ms = down_s * 1000;
	history_v = (double)since_s;
	fixture_load(&f, DOWN("for: 1h"));
	fixture_answer(&f, "x", "i=1 1");
	first_ms = rules_next(f.rules).ms;
	run_until(&f, first_ms);
	assert_string_equal(str_c(&f.written), ""); /* so that the history isn't written over */
	run_until(&f, first_ms + MINUTE_MS);
	*ret_now_ms = first_ms + MINUTE_MS;
	return rules_rule(f.rules, 0, 0).alerts[0].active_ms;
}

static void pending_alerts_go_on_after_a_start(void **state)
{
	int64_t now_ms, active_ms;

	(void)state;
	/* Half an hour was still to go: what was down doesn't count. */
	active_ms = restored(-3600, -1800, &now_ms);
	assert_int_equal(active_ms, -3600000 + now_ms + 1800000);
	/* It had waited long enough. */
	active_ms = restored(-7200, -1800, &now_ms);
	assert_int_equal(active_ms, -7200000);
	/* Five minutes to go become ten. */
	active_ms = restored(-3900, -600, &now_ms);
	assert_int_equal(active_ms, now_ms + RULES_GRACE_MS - HOUR_MS);
}

/* With `for: 2m`, shorter than the grace. */
static void an_alert_that_had_fired_goes_on_however_short_its_for(void **state)
{
	static struct label v[] = { { "__name__", "ALERTS_FOR_STATE", 8, 16 },
		{ "alertname", "Down", 9, 4 }, { "i", "1", 1, 1 } };
	const int64_t since_s[] = { -600, -60 };

	(void)state;
	for (size_t i = 0; i < COUNT(since_s); i++) {
		scoped(fixture_fini) struct fixture f;
		int64_t first_ms, active_ms;

		fixture_init(&f);
		f.history = &history;
		history_labels = (struct labels){ v, 3 };
		history_t_ms = -10 * 1000;
		history_v = (double)since_s[i];
		fixture_load(&f, DOWN("for: 2m"));
		fixture_answer(&f, "x", "i=1 1");
		first_ms = rules_next(f.rules).ms;
		run_until(&f, first_ms + MINUTE_MS);
		active_ms = rules_rule(f.rules, 0, 0).alerts[0].active_ms;
		assert_int_equal(active_ms, i == 0 ? since_s[i] * 1000 : first_ms);
	}
}

static void an_alert_that_had_ended_before_the_start_begins_anew(void **state)
{
	static struct label v[] = { { "__name__", "ALERTS_FOR_STATE", 8, 16 },
		{ "alertname", "Down", 9, 4 }, { "i", "1", 1, 1 } };
	scoped(fixture_fini) struct fixture f;
	int64_t first_ms;

	(void)state;
	fixture_init(&f);
	f.history = &history;
	history_labels = (struct labels){ v, 3 };
	history_v = double_of_bits(STALE_NAN_BITS);
	fixture_load(&f, DOWN("for: 1h"));
	fixture_answer(&f, "x", "i=1 1");
	first_ms = rules_next(f.rules).ms;
	run_until(&f, first_ms + MINUTE_MS);
	assert_int_equal(rules_rule(f.rules, 0, 0).alerts[0].active_ms, first_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_recorded_carries_the_rules_name_and_labels),
		cmocka_unit_test(a_series_that_a_rule_no_longer_gives_is_marked_stale),
		cmocka_unit_test(two_series_that_become_one_are_an_error),
		cmocka_unit_test(an_alert_waits_then_fires_then_is_resolved),
		cmocka_unit_test(an_alert_without_for_fires_at_once),
		cmocka_unit_test(a_pending_alert_that_is_gone_leaves_nothing),
		cmocka_unit_test(an_alert_keeps_firing_as_long_as_the_rule_says),
		cmocka_unit_test(an_alert_that_comes_back_after_resolving_is_a_new_one),
		cmocka_unit_test(a_template_that_fails_is_shown_in_its_place),
		cmocka_unit_test(a_firing_alert_that_says_something_else_is_news),
		cmocka_unit_test(a_limit_that_is_exceeded_fails_the_rule_and_forgets_its_alerts),
		cmocka_unit_test(a_rule_that_sees_no_series_any_more_is_said),
		cmocka_unit_test(samples_that_the_storage_refuses_make_the_rule_bad),
		cmocka_unit_test(state_goes_over_when_files_are_read_again),
		cmocka_unit_test(without_any_rules_what_was_written_is_stale_at_once),
		cmocka_unit_test(groups_are_evaluated_at_times_of_their_own),
		cmocka_unit_test(times_that_passed_meanwhile_are_counted_and_left_out),
		cmocka_unit_test(
			the_group_that_waits_longest_goes_first_and_slow_ones_one_at_a_time),
		cmocka_unit_test(what_was_evaluated_is_counted),
		cmocka_unit_test(a_clock_that_was_set_back_keeps_no_group_waiting),
		cmocka_unit_test(a_clock_that_was_set_back_keeps_no_alert_from_being_told_again),
		cmocka_unit_test(alerts_are_told_again_each_minute_and_when_they_end),
		cmocka_unit_test(pending_alerts_go_on_after_a_start),
		cmocka_unit_test(an_alert_that_had_fired_goes_on_however_short_its_for),
		cmocka_unit_test(an_alert_that_had_ended_before_the_start_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
