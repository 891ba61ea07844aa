/* SPDX-License-Identifier: Apache-2.0 */
/* What a tree holds, and the bounds; what is right and wrong is compared with a real Prometheus in
 * recorded_test.c. */
#include "core/promql/parse.h"

#include "base/limits.h"
#include "base/series.h"
#include "base/str.h"
#include "core/promql/functions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define BUDGET_BYTES ((size_t)8 << 20)

static struct arena arena;

static int open_arena(void **state)
{
	(void)state;
	arena_init(&arena, BUDGET_BYTES);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static const struct promql_node *parsed(const char *text)
{
	const struct promql_parse p = { .text = text };
	struct promql_node *root = NULL;
	struct err e = { 0 };

	if (promql_parse(&p, &arena, &root, &e) != RC_OK)
		fail_msg("%s: %s", text, e.text);
	return root;
}

static void assert_refused(const char *text, const char *error)
{
	const struct promql_parse p = { .text = text };
	struct promql_node *root = NULL;
	struct err e = { 0 };

	assert_int_equal(promql_parse(&p, &arena, &root, &e), RC_INPUT);
	assert_null(root);
	assert_string_equal(e.text, error);
}

static void a_selector_has_the_metric_among_its_matchers(void **state)
{
	const struct promql_node *n = parsed("up{job=~\"a|b\"} offset -5m @ 1.5");
	const struct promql_selector *s = &n->selector;

	(void)state;
	assert_int_equal(n->kind, PROMQL_SELECTOR);
	assert_int_equal(n->type, PROMQL_VECTOR);
	assert_string_equal(s->metric, "up");
	assert_int_equal(s->n_matchers, 2);
	assert_string_equal(matcher_value(s->matchers[0]), "a|b");
	assert_string_equal(matcher_name(s->matchers[1]), METRIC_NAME);
	assert_int_equal(s->shift.offset_ms, -300000);
	assert_int_equal(s->shift.at, PROMQL_AT_TIME);
	assert_int_equal(s->shift.at_ms, 1500);
	assert_int_equal(n->start, 0);
	assert_int_equal(n->end, 31);
}

static void a_quoted_metric_is_a_matcher_only(void **state)
{
	const struct promql_node *n = parsed("{\"my.metric\", 'a b'=\"c\"}");

	(void)state;
	assert_null(n->selector.metric);
	assert_string_equal(matcher_name(n->selector.matchers[0]), METRIC_NAME);
	assert_string_equal(matcher_value(n->selector.matchers[0]), "my.metric");
	assert_string_equal(matcher_name(n->selector.matchers[1]), "a b");
}

static void a_power_binds_tighter_than_a_sign_and_groups_from_the_right(void **state)
{
	const struct promql_node *n = parsed("-a ^ b ^ c * d");

	(void)state;
	assert_int_equal(n->binary.op, PROMQL_MUL);
	n = n->binary.left;
	assert_int_equal(n->kind, PROMQL_NEGATE);
	n = n->inner;
	assert_int_equal(n->binary.op, PROMQL_POW);
	assert_int_equal(n->binary.left->kind, PROMQL_SELECTOR);
	assert_int_equal(n->binary.right->binary.op, PROMQL_POW);
}

static void set_operators_match_many_to_many(void **state)
{
	const struct promql_node *n = parsed("a and on(x) b");

	(void)state;
	assert_int_equal(n->binary.matching->card, PROMQL_MANY_TO_MANY);
	assert_true(n->binary.matching->is_on);
	assert_int_equal(n->binary.matching->names.n, 1);
	assert_null(parsed("a + 1")->binary.matching);
	assert_int_equal(parsed("1 + 1")->type, PROMQL_SCALAR);
}

static void grouping_stands_before_or_behind_the_arguments(void **state)
{
	const struct promql_node *before = parsed("topk without (a, \"b c\") (3, x)");
	const struct promql_node *behind = parsed("topk(3, x) without (a, \"b c\",)");

	(void)state;
	assert_int_equal(before->aggregate.op, PROMQL_TOPK);
	assert_true(before->aggregate.is_without && behind->aggregate.is_without);
	assert_int_equal(before->aggregate.grouping.n, 2);
	assert_string_equal(behind->aggregate.grouping.v[1], "b c");
	assert_true(behind->aggregate.param->number == 3);
	assert_int_equal(behind->end, 30);
}

static void brackets_make_ranges_and_subqueries(void **state)
{
	const struct promql_node *n = parsed("max_over_time(rate(x[1m30s])[1h:5] offset 1d)");

	(void)state;
	assert_int_equal(n->call.function->id, PROMQL_F_max_over_time);
	n = n->call.args[0];
	assert_int_equal(n->kind, PROMQL_SUBQUERY);
	assert_int_equal(n->subquery.range_ms, 3600000);
	assert_int_equal(n->subquery.step_ms, 5000);
	assert_int_equal(n->subquery.shift.offset_ms, 86400000);
	n = n->subquery.inner->call.args[0];
	assert_int_equal(n->kind, PROMQL_RANGE);
	assert_int_equal(n->range.range_ms, 90000);
}

static void a_text_may_hold_any_byte(void **state)
{
	const struct promql_node *n = parsed("\"a\\x00\\u00e9\"");

	(void)state;
	assert_int_equal(n->text.n, 4);
	assert_memory_equal(n->text.s, "a\0\xc3\xa9", 5);
	assert_refused("{a=\"\\x00\"}",
		"1:4: parse error: names and values of labels can't hold a NUL byte");
}

static void errors_are_those_that_prometheus_finds_first(void **state)
{
	(void)state;
	assert_refused("", "unknown position: parse error: no expression found in input");
	assert_refused("foo() \"", "1:1: parse error: unknown function with name \"foo\"");
	assert_refused("sum() \"", "1:7: parse error: unterminated quoted string");
	assert_refused("a\n+ sum(b c)",
		"2:9: parse error: unexpected identifier \"c\" in aggregation");
	assert_refused("-1 + rate(up)",
		"1:11: parse error: expected type range vector in call to function \"rate\", got "
		"instant vector");
}

static void experimental_functions_are_refused_unless_allowed(void **state)
{
	struct promql_parse p = { .text = "limitk(1, mad_over_time(a[5m]))" };
	struct promql_node *root = NULL;

	(void)state;
	assert_refused(p.text, "1:11: parse error: function \"mad_over_time\" is not enabled");
	p.allow_experimental = true;
	assert_int_equal(promql_parse(&p, &arena, &root, NULL), RC_OK);
}

/* `text` `n` times, then "a". */
static enum rc parse_repeated(const char *text, unsigned n, struct promql_node **ret)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	struct promql_parse p;

	while (n--)
		str_add(&s, text);
	str_add(&s, "a");
	p = (struct promql_parse){ .text = str_c(&s) };
	return promql_parse(&p, &arena, ret, NULL);
}

static void what_is_too_deep_or_too_long_is_refused(void **state)
{
	struct promql_node *root = NULL;

	(void)state;
	assert_int_equal(parse_repeated("a+", QUERY_DEPTH_MAX - 1, &root), RC_OK);
	assert_int_equal(root->depth, QUERY_DEPTH_MAX);
	assert_int_equal(parse_repeated("a+", QUERY_DEPTH_MAX, &root), RC_LIMIT);
	assert_int_equal(parse_repeated("a^", QUERY_DEPTH_MAX - 1, &root), RC_OK);
	assert_int_equal(parse_repeated("a^", QUERY_DEPTH_MAX, &root), RC_LIMIT);
	assert_int_equal(parse_repeated("(", 1000000, &root), RC_LIMIT);
	assert_int_equal(parse_repeated("-", 1000000, &root), RC_LIMIT);
	assert_int_equal(parse_repeated("sum(", 100000, &root), RC_LIMIT);
	assert_int_equal(parse_repeated("a[-", 10, &root), RC_INPUT);
	assert_int_equal(parse_repeated(" ", QUERY_TEXT_BYTES_MAX, &root), RC_LIMIT);
}

static void an_arena_without_room_is_an_error_at_every_allocation(void **state)
{
	const struct promql_parse p = {
		.text = "sum by (a) (rate(x{a=~\"b+\", \"c\"=\"d\"}[5m])) / on(a) group_left(c) -y"
	};
	enum rc rc = RC_LIMIT;
	size_t budget;

	(void)state;
	for (budget = 16; rc == RC_LIMIT && budget < 65536; budget += 16) {
		struct promql_node *root = NULL;
		struct arena small;

		arena_init(&small, budget);
		rc = promql_parse(&p, &small, &root, NULL);
		assert_true((rc == RC_OK) == (root != NULL));
		arena_fini(&small);
	}
	assert_int_equal(rc, RC_OK);
	assert_true(budget > 1024);
}

static void a_selector_alone_is_parsed_without_checks(void **state)
{
	struct promql_selector s = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(promql_parse_selector("up{a!=\"\"}", &arena, &s, &e), RC_OK);
	assert_string_equal(s.metric, "up");
	assert_int_equal(s.n_matchers, 2);
	assert_int_equal(promql_parse_selector("{}", &arena, &s, &e), RC_OK);
	assert_int_equal(s.n_matchers, 0);
	assert_int_equal(promql_parse_selector("up[5m]", &arena, &s, &e), RC_INPUT);
	assert_string_equal(e.text, "1:3: parse error: unexpected \"[\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_arena, close_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_selector_has_the_metric_among_its_matchers),
		TEST(a_quoted_metric_is_a_matcher_only),
		TEST(a_power_binds_tighter_than_a_sign_and_groups_from_the_right),
		TEST(set_operators_match_many_to_many),
		TEST(grouping_stands_before_or_behind_the_arguments),
		TEST(brackets_make_ranges_and_subqueries),
		TEST(a_text_may_hold_any_byte),
		TEST(errors_are_those_that_prometheus_finds_first),
		TEST(experimental_functions_are_refused_unless_allowed),
		TEST(what_is_too_deep_or_too_long_is_refused),
		TEST(an_arena_without_room_is_an_error_at_every_allocation),
		TEST(a_selector_alone_is_parsed_without_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
