/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/rules_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the three above */
#include <cmocka.h>

static void assert_complains(const char *text, const char *wanted)
{
	scoped(fixture_fini) struct fixture f;
	scoped(str_fini) struct str got = STR_EMPTY;

	fixture_init(&f);
	fixture_complaints(&f, text, &got);
	if (!str_eq(str_c(&got), wanted))
		print_error("%s\n", text);
	assert_string_equal(str_c(&got), wanted);
}

static void good_rules_are_taken(void **state)
{
	scoped(fixture_fini) struct fixture f;
	const struct rule_group *g;

	(void)state;
	fixture_init(&f);
	fixture_load(&f,
		"{groups: [{name: one, interval: 30s, query_offset: 5s, limit: 10, labels: {team: "
		"a, x: g},"
		" rules: [{record: 'a:b', expr: sum(b), labels: {x: r}},"
		" {alert: Down, expr: up == 0, for: 5m, keep_firing_for: 1h,"
		" labels: {severity: page, gone: ''}, annotations: {summary: '{{ x }} is down'}}]},"
		" {name: two, rules: []}]}");
	assert_int_equal(f.file->n_groups, 2);
	g = &f.file->groups[0];
	assert_string_equal(g->name, "one");
	assert_int_equal(g->interval_ms, 30000);
	assert_true(g->has_offset);
	assert_int_equal(g->query_offset_ms, 5000);
	assert_int_equal(g->limit, 10);
	assert_int_equal(g->n_rules, 2);
	assert_false(g->rules[0].is_alert);
	assert_int_equal(g->rules[0].labels.n, 2);
	assert_string_equal(g->rules[0].labels.v[1].text, "r");
	assert_true(g->rules[1].is_alert);
	assert_int_equal(g->rules[1].for_ms, 300000);
	assert_int_equal(g->rules[1].keep_firing_for_ms, 3600000);
	assert_int_equal(g->rules[1].labels.n, 4);
	assert_string_equal(g->rules[1].labels.v[0].name, "gone");
	assert_non_null(g->rules[1].annotations.v[0].template);
	assert_false(f.file->groups[1].has_offset);
}

static void what_prometheus_refuses_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_complains("{groups: [{name: '', rules: []}]}",
		"1:11: Groupname must not be empty\n");
	assert_complains("{groups: [{name: a}, {name: a}]}",
		"1:29: groupname: \"a\" is repeated in the same file\n");
	assert_complains("{groups: [{name: a, rules: [{record: r, alert: r, expr: x}]}]}",
		"1:48: only one of 'record' and 'alert' must be set (group 'a', rule 1, 'r')\n");
	assert_complains("{groups: [{name: a, rules: [{expr: x}]}]}",
		"1:29: one of 'record' or 'alert' must be set (group 'a', rule 1, '')\n");
	assert_complains("{groups: [{name: a, rules: [{alert: r}]}]}",
		"1:29: field 'expr' must be set in rule (group 'a', rule 1, 'r')\n");
	assert_complains("{groups: [{name: a, rules: [{alert: r, expr: bad}]}]}",
		"1:46: could not parse expression: 1:1: parse error: it is bad (group 'a', rule 1, "
		"'r')\n");
	assert_complains(
		"{groups: [{name: a, rules: [{record: 'r{', expr: x, for: 1s, keep_firing_for: 1s,"
		" annotations: {a: b}}]}]}",
		"1:38: invalid field 'annotations' in recording rule (group 'a', rule 1, 'r{')\n"
		"1:38: invalid field 'for' in recording rule (group 'a', rule 1, 'r{')\n"
		"1:38: invalid field 'keep_firing_for' in recording rule (group 'a', rule 1, "
		"'r{')\n"
		"1:38: braces present in the recording rule name; should it be in expr?: r{ (group "
		"'a', rule 1, 'r{')\n");
	assert_complains(
		"{groups: [{name: a, rules: [{alert: r, expr: x, labels: {__name__: y}}]}]}",
		"1:58: invalid label name: __name__ (group 'a', rule 1, 'r')\n");
	assert_complains("{groups: [{name: a, rules: [{alert: r, expr: x, labels: {l: '{{'}}]}]}",
		"1:61: label \"l\": template: __alert_r:1: unclosed action (group 'a', rule 1, "
		"'r')\n");
}

static void what_has_the_wrong_form_is_refused(void **state)
{
	(void)state;
	assert_complains("{groups: [{name: a, rulez: []}]}",
		"1:21: unknown key 'rulez' in rule group (did you mean 'rules'?)\n");
	assert_complains("{groups: [{name: a, interval: 5}]}",
		"1:31: interval: not a valid duration string: \"5\"\n");
	assert_complains("{groups: [{name: a, limit: x}]}",
		"1:28: limit: expected a number, not 'x'\n");
	assert_complains("{groups: {name: a}}", "1:10: groups: expected a list, not a mapping\n");
	assert_complains("{groups: [{name: a, rules: [{alert: [1], expr: x}]}]}",
		"1:37: alert: expected a text, not a list (group 'a', rule 1, '')\n"
		"1:29: one of 'record' or 'alert' must be set (group 'a', rule 1, '')\n");
}

static void a_rule_that_is_said_twice_is_doubtful(void **state)
{
	(void)state;
	assert_complains("{groups: [{name: a, rules: [{record: r, expr: x},\n {record: r, expr: y},"
			 " {record: r, expr: y, labels: {a: b}}]}]}",
		"2:2: rule 'r' has the name and labels of the one in line 1: they would write the "
		"same series\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_rules_are_taken),
		cmocka_unit_test(what_prometheus_refuses_is_refused_with_its_place),
		cmocka_unit_test(what_has_the_wrong_form_is_refused),
		cmocka_unit_test(a_rule_that_is_said_twice_is_doubtful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
