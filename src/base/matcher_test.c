/* SPDX-License-Identifier: Apache-2.0 */
#include "base/matcher.h"

#include "base/pattern.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool matches(enum matcher_op op, const char *text, const char *value)
{
	scoped(matcher_free) struct matcher *m = NULL;

	assert_int_equal(matcher_new(&m, op, "job", text, NULL), RC_OK);
	return matcher_matches(m, value, strlen(value));
}

static void equality_is_of_the_whole_value(void **state)
{
	(void)state;
	assert_true(matches(MATCHER_EQUAL, "node", "node"));
	assert_false(matches(MATCHER_EQUAL, "node", "nodes"));
	assert_true(matches(MATCHER_EQUAL, "", ""));
	assert_true(matches(MATCHER_NOT_EQUAL, "node", ""));
	assert_false(matches(MATCHER_NOT_EQUAL, "node", "node"));
}

/* Each expression against each value: words and the engine say the same. */
static void words_match_what_the_engine_matches(void **state)
{
	static const char *const expressions[] = { "", "a", "a|b", "ab|a|", "(a|b)c", "a(b|c)?",
		".*", ".+", "a.*", ".*a", ".*a.*", ".+a.+", ".+a|b", "a.+", "a\\.b", "a\\.*", "a.b",
		"(?:ab|ac)d", "a|.*b", "x(a|b)(c|d)y", "(a|b).*", ".*(ab|b)", "[ab]c", "a{2}",
		"a\\-b", "\\d+", "(?i)AB", "é|a", "éa.*", "é*", ".*?a", ".+.+", ".*.+", ".+.*",
		"a||b", "a$", "^a" };
	static const char *const values[] = { "", "a", "b", "ab", "ac", "abc", "bc", "aab", "ba",
		"bab", "a.b", "a-b", "xacy", "xbdy", "acd", "12", "AB", "é", "éa", "éab", "aa",
		"a\nb", "\na", "abcdefg", "a.", "a..." };

	(void)state;
	for (size_t i = 0; i < COUNT(expressions); i++) {
		scoped(pattern_free) struct pattern *p = NULL;
		scoped(str_fini) struct str whole = STR_EMPTY;

		str_addf(&whole, "(?s)%s", expressions[i]);
		assert_int_equal(pattern_compile(&p, whole.s, PATTERN_WHOLE, NULL), RC_OK);
		for (size_t j = 0; j < COUNT(values); j++) {
			bool wanted;

			assert_int_equal(
				pattern_match(p, values[j], strlen(values[j]), &wanted, NULL),
				RC_OK);
			if (matches(MATCHER_REGEX, expressions[i], values[j]) != wanted ||
				matches(MATCHER_NOT_REGEX, expressions[i], values[j]) == wanted)
				fail_msg("%s and \"%s\"", expressions[i], values[j]);
		}
	}
}

static void an_index_learns_which_values_can_match(void **state)
{
	scoped(matcher_free) struct matcher *some = NULL, *prefixed = NULL, *engine = NULL;
	uint32_t n = 0;

	(void)state;
	assert_int_equal(matcher_new(&some, MATCHER_REGEX, "mode", "user|sys(tem)|", NULL), RC_OK);
	assert_non_null(matcher_values(some, &n));
	assert_int_equal(n, 3);
	assert_string_equal(matcher_values(some, &n)[0], "");
	assert_int_equal(matcher_new(&prefixed, MATCHER_REGEX, "mode", "node_.+", NULL), RC_OK);
	assert_null(matcher_values(prefixed, &n));
	assert_string_equal(matcher_prefix(prefixed), "node_");
	assert_int_equal(matcher_new(&engine, MATCHER_REGEX, "mode", "nodes*_[a-z]", NULL), RC_OK);
	assert_string_equal(matcher_prefix(engine), "node");
}

static void what_is_no_expression_is_refused(void **state)
{
	struct matcher *m = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(matcher_new(&m, MATCHER_REGEX, "job", "a**", &e), RC_INPUT);
	assert_int_equal(matcher_new(&m, MATCHER_REGEX, "job", "(", &e), RC_INPUT);
	assert_int_equal(matcher_new(&m, MATCHER_REGEX, "job", "a)b||(c", &e), RC_INPUT);
	assert_null(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_is_of_the_whole_value),
		cmocka_unit_test(words_match_what_the_engine_matches),
		cmocka_unit_test(an_index_learns_which_values_can_match),
		cmocka_unit_test(what_is_no_expression_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
