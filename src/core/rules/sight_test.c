/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that see no series where they saw some are told of as an alert, but for those of which that is no news. */
#include "core/rules/past.h"
#include "core/rules/rules_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* after the three above */
#include <cmocka.h>

#define RULE(expr) "{groups: [{name: g, rules: [{record: r, expr: " expr "}]}]}"
#define GRACE_S    900
#define TOLD(rule) "alertname=RuleSeesNothing,rule=" rule ",rule_file=rules.yaml,rule_group=g,"

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

/* "LABELS FROM-TO\n" of what is told, in seconds. */
static const char *words_at(struct fixture *f, int64_t at_s)
{
	static char text[1024];
	struct rule_word word;

	fixture_evaluate(f, at_s);
	text[0] = '\0';
	for (uint32_t i = 0; i < rules_group(f->rules, 0).n_rules; i++) {
		struct rules_job job = rules_job(f->rules, 0, i, at_s * 1000);
		uint32_t at = 0;

		while (rules_word(f->rules, &job, &at, &word)) {
			size_t n = strlen(text);

			for (uint32_t k = 0; k < word.alert->labels.n; k++) {
				const struct label *l = &word.alert->labels.v[k];

				n += (size_t)snprintf(text + n, sizeof text - n, "%s=%s,", l->name,
					l->value);
			}
			snprintf(text + n - 1, sizeof text - n, " %lld-%lld\n",
				(long long)word.starts_ms / 1000, (long long)word.ends_ms / 1000);
		}
	}
	return text;
}

static void sees(struct fixture *f, const char *expression, int64_t at_s)
{
	fixture_answer(f, expression, "a=1 1");
	assert_string_equal(words_at(f, at_s), "");
	fixture_answer(f, expression, "blind");
}

static void a_rule_that_stays_blind_is_told_until_it_sees_again(void **state)
{
	struct fixture *f = *state;

	fixture_load(f, RULE("x"));
	sees(f, "x", 60);
	assert_string_equal(words_at(f, 120), "");
	assert_string_equal(words_at(f, 119 + GRACE_S), "");
	assert_string_equal(words_at(f, 120 + GRACE_S), TOLD("r") "severity=warning 120-1260\n");
	assert_string_equal(words_at(f, 150 + GRACE_S), "");
	assert_string_equal(words_at(f, 181 + GRACE_S), TOLD("r") "severity=warning 120-1321\n");
	fixture_answer(f, "x", "error: no"); /* who knows */
	assert_string_equal(words_at(f, 300 + GRACE_S), TOLD("r") "severity=warning 120-1440\n");
	fixture_answer(f, "x", "seen");
	assert_string_equal(words_at(f, 310 + GRACE_S), TOLD("r") "severity=warning 120-1210\n");
	assert_string_equal(words_at(f, 1300 + GRACE_S), "");
	fixture_answer(f, "x", "blind");
	assert_string_equal(words_at(f, 3000), "");
	assert_string_equal(words_at(f, 3000 + GRACE_S), TOLD("r") "severity=warning 3000-4140\n");
}

static void a_rule_that_never_saw_anything_is_not_blind(void **state)
{
	struct fixture *f = *state;

	fixture_load(f, RULE("x"));
	fixture_answer(f, "x", "blind");
	assert_string_equal(words_at(f, 60), "");
	assert_string_equal(words_at(f, 60 + 2 * GRACE_S), "");
}

static void what_is_back_in_time_is_not_told(void **state)
{
	struct fixture *f = *state;

	fixture_load(f, RULE("x"));
	sees(f, "x", 60);
	assert_string_equal(words_at(f, 120), "");
	sees(f, "x", 110 + GRACE_S);
	assert_string_equal(words_at(f, 130 + GRACE_S), "");
}

static void a_rule_that_is_ready_for_none_is_never_blind(void **state)
{
	struct fixture *f = *state;

	fixture_load(f, RULE("x or 0"));
	sees(f, "x or 0", 60);
	assert_string_equal(words_at(f, 120), "");
	assert_string_equal(words_at(f, 120 + GRACE_S), "");
	assert_string_equal(str_c(&f->news), "");
	assert_int_equal(rules_rule(f->rules, 0, 0).blind_since_ms, RULES_NEVER);
}

/* That one is told of, if it is blind; when it only finds nothing, all is well. */
static void who_reads_what_another_rule_records_or_alerts_is_never_blind(void **state)
{
	struct fixture *f = *state;

	fixture_load(f, "{groups: [{name: g, rules: [{record: hot, expr: x}, "
			"{alert: Hot, expr: hot}, {alert: Many, expr: ALERTS}]}]}");
	fixture_answer(f, "x", "a=1 1");
	fixture_answer(f, "hot", "a=1 1");
	fixture_answer(f, "ALERTS", "a=1 1");
	fixture_evaluate(f, 60);
	fixture_answer(f, "hot", "blind");
	fixture_answer(f, "ALERTS", "blind");
	fixture_evaluate(f, 120);
	assert_null(strstr(str_c(&f->news), "blind"));
	fixture_answer(f, "x", "blind");
	fixture_evaluate(f, 180);
	assert_string_equal(str_c(&f->news), "hot: blind\n");
}

static void two_rules_of_a_name_are_told_apart_by_their_labels(void **state)
{
	struct fixture *f = *state;

	fixture_load(f, "{groups: [{name: g, rules: [{record: r, expr: x, labels: {l: 1}}, "
			"{record: r, expr: y, labels: {l: 2}}]}]}");
	fixture_answer(f, "x", "a=1 1");
	fixture_answer(f, "y", "a=1 1");
	assert_string_equal(words_at(f, 60), "");
	fixture_answer(f, "y", "blind");
	assert_string_equal(words_at(f, 120), "");
	assert_string_equal(words_at(f, 120 + GRACE_S),
		TOLD("r") "rule_labels=l=2,severity=warning 120-1260\n");
}

static void other_files_forget_what_another_expression_saw_and_end_what_was_told(void **state)
{
	struct fixture *f = *state;

	fixture_load(f, RULE("x"));
	sees(f, "x", 60);
	words_at(f, 120);
	assert_string_equal(words_at(f, 120 + GRACE_S), TOLD("r") "severity=warning 120-1260\n");
	fixture_load(f, RULE("x"));
	assert_string_equal(words_at(f, 200 + GRACE_S), TOLD("r") "severity=warning 120-1340\n");
	fixture_load(f, RULE("y"));
	fixture_answer(f, "y", "blind");
	assert_string_equal(words_at(f, 300 + GRACE_S), TOLD("r") "severity=warning 120-1200\n");
	assert_int_equal(rules_rule(f->rules, 0, 0).blind_since_ms, RULES_NEVER);
}

/* Else the start would tell people that all is well. */
static void a_start_goes_on_telling_of_a_blind_rule(void **state)
{
	scoped(str_fini) struct str past = STR_EMPTY;
	struct fixture *f = *state;

	fixture_load(f, RULE("x"));
	sees(f, "x", 60);
	words_at(f, 120);
	rules_past_write(f->rules, (struct wall){ 200000 }, &past);
	rules_free(TAKE(f->rules));
	fixture_load(f, RULE("x"));
	assert_int_equal(rules_past_read(f->rules, (struct wall){ 300000 }, &past, NULL), RC_OK);
	assert_string_equal(words_at(f, 300), "");
	assert_string_equal(words_at(f, 120 + GRACE_S), TOLD("r") "severity=warning 120-1260\n");
}

static void a_rule_that_sees_again_after_a_start_is_told_as_over(void **state)
{
	scoped(str_fini) struct str past = STR_EMPTY;
	struct fixture *f = *state;

	fixture_load(f, RULE("x"));
	sees(f, "x", 60);
	words_at(f, 120);
	rules_past_write(f->rules, (struct wall){ 200000 }, &past);
	rules_free(TAKE(f->rules));
	fixture_load(f, RULE("x"));
	assert_int_equal(rules_past_read(f->rules, (struct wall){ 2000000 }, &past, NULL), RC_OK);
	fixture_answer(f, "x", "a=1 1");
	assert_string_equal(words_at(f, 2000), TOLD("r") "severity=warning 120-2000\n");
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_rule_that_stays_blind_is_told_until_it_sees_again),
		T(a_rule_that_never_saw_anything_is_not_blind),
		T(what_is_back_in_time_is_not_told),
		T(a_rule_that_is_ready_for_none_is_never_blind),
		T(who_reads_what_another_rule_records_or_alerts_is_never_blind),
		T(two_rules_of_a_name_are_told_apart_by_their_labels),
		T(other_files_forget_what_another_expression_saw_and_end_what_was_told),
		T(a_start_goes_on_telling_of_a_blind_rule),
		T(a_rule_that_sees_again_after_a_start_is_told_as_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
