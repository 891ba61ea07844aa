/* SPDX-License-Identifier: Apache-2.0 */
/* Prometheus' answers to many more are in test/promql/parse.jsonl. */
#include "base/re2.h"

#include "base/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_refused(const char *text, const char *reason)
{
	scoped(str_fini) struct str out = STR_EMPTY, wanted = STR_EMPTY;
	struct err e = { 0 };

	str_addf(&wanted, "error parsing regexp: %s", reason);
	assert_int_equal(re2_translate(text, strlen(text), &out, &e), RC_INPUT);
	assert_string_equal(e.text, str_c(&wanted));
}

static void assert_matches(const char *text, const char *subject, bool wanted)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(pattern_free) struct pattern *p = NULL;
	struct err e = { 0 };
	bool matches;

	assert_int_equal(re2_translate(text, strlen(text), &out, &e), RC_OK);
	if (pattern_compile(&p, str_c(&out), PATTERN_WHOLE, &e) != RC_OK)
		fail_msg("%s: %s", str_c(&out), e.text);
	assert_int_equal(pattern_match(p, subject, strlen(subject), &matches, &e), RC_OK);
	assert_int_equal(matches, wanted);
}

static void what_go_refuses_is_refused_in_its_words(void **state)
{
	(void)state;
	assert_refused("(a", "missing closing ): `(a`");
	assert_refused("a)b", "unexpected ): `a)b`");
	assert_refused("x[a", "missing closing ]: `[a`");
	assert_refused("a|*", "missing argument to repetition operator: `*`");
	assert_refused("a+*?", "invalid nested repetition operator: `+*?`");
	assert_refused("(a{100}){11}", "invalid repeat count: `{11}`");
	assert_refused("(?=a)", "invalid or unsupported Perl syntax: `(?=`");
	assert_refused("a\\1", "invalid escape sequence: `\\1`");
	assert_refused("[b-a]", "invalid character class range: `b-a`");
	assert_refused("\\", "trailing backslash at end of expression: ``");
	assert_refused("[\xff]", "invalid UTF-8: `\xff]`");
}

static void groups_may_share_a_name(void **state)
{
	(void)state;
	assert_matches("(?P<a>x)(?<a>y)(?P<1>z)", "xyz", true);
}

static void a_class_holds_what_go_says(void **state)
{
	(void)state;
	assert_matches("[\\d-z]", "-", true);
	assert_matches("[\\d-z]", "m", false);
	assert_matches("[[.a.]]", ".]", true);
	assert_matches("[]a-]+", "]-a", true);
	assert_matches("[^[:digit:]x]", "1", false);
	assert_matches("[a-c-]+", "b-", true);
}

static void repeats_far_beyond_the_bound_are_counted_safely(void **state)
{
	(void)state;
	assert_refused("((a{1000}){1000}){1000}", "invalid repeat count: `{1000}`");
	assert_refused("a{4294967297}", "invalid repeat count: `{4294967297}`");
	assert_matches("(a{0}){1000}", "", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_go_refuses_is_refused_in_its_words),
		cmocka_unit_test(groups_may_share_a_name),
		cmocka_unit_test(a_class_holds_what_go_says),
		cmocka_unit_test(repeats_far_beyond_the_bound_are_counted_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
