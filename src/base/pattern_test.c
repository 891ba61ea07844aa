/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pattern.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static bool matches_n(const char *text, enum pattern_flags flags, const char *subject, size_t n)
{
	scoped(pattern_free) struct pattern *p = NULL;
	bool matches;

	assert_int_equal(pattern_compile(&p, text, flags, NULL), RC_OK);
	assert_int_equal(pattern_match(p, subject, n, &matches, NULL), RC_OK);
	return matches;
}

static bool matches(const char *text, enum pattern_flags flags, const char *subject)
{
	return matches_n(text, flags, subject, strlen(subject));
}

static void a_search_finds_its_pattern_anywhere(void **state)
{
	(void)state;
	assert_true(matches("pong", PATTERN_SEARCH, "{\"res\":\"pong\"}"));
	assert_true(matches("", PATTERN_SEARCH, ""));
	assert_false(matches("pong", PATTERN_SEARCH, "ping"));
	assert_false(matches("^pong", PATTERN_SEARCH, "a pong"));
}

static void a_whole_match_covers_the_whole_subject(void **state)
{
	(void)state;
	assert_true(matches("nas.*", PATTERN_WHOLE, "nas-mumbai"));
	assert_false(matches("nas", PATTERN_WHOLE, "nas-mumbai"));
	assert_false(matches("mumbai", PATTERN_WHOLE, "nas-mumbai"));
	assert_true(matches("a|ab", PATTERN_WHOLE, "ab"));
	assert_true(matches("", PATTERN_WHOLE, ""));
	assert_false(matches("", PATTERN_WHOLE, "x"));
}

static void a_dollar_is_the_very_end_as_in_re2(void **state)
{
	(void)state;
	assert_true(matches("ok$", PATTERN_SEARCH, "ok"));
	assert_false(matches("ok$", PATTERN_SEARCH, "ok\n"));
	assert_false(matches("ok", PATTERN_WHOLE, "ok\n"));
	assert_true(matches("(?m)ok$", PATTERN_SEARCH, "ok\nmore"));
	assert_false(matches("a.b", PATTERN_SEARCH, "a\nb"));
	assert_true(matches("(?s)a.b", PATTERN_SEARCH, "a\nb"));
	assert_true(matches("a.b", PATTERN_SEARCH, "a\rb"));
}

static bool finds(const char *text, const char *subject)
{
	scoped(pattern_free) struct pattern *p = NULL;
	bool matches = false;

	assert_int_equal(pattern_compile(&p, text, PATTERN_SEARCH, NULL), RC_OK);
	assert_int_equal(pattern_match(p, subject, strlen(subject), &matches, NULL), RC_OK);
	return matches;
}

static void an_anchor_may_be_repeated_as_in_re2(void **state)
{
	(void)state;
	assert_true(finds("^+OK", "OK"));
	assert_false(finds("^+OK", "+OK"));
	assert_true(finds("^OK${1}", "OK"));
	assert_true(finds("^{1,}OK", "OK"));
	assert_false(finds("^{x}OK", "OK"));
	assert_true(finds("a\\b*c$?", "ac"));
	assert_true(finds("[^+]x", "ax"));
	assert_false(finds("[^+]x", "+x"));
	assert_true(finds("[[:digit:]^+]x", "^x"));
	assert_true(finds("\\^+x", "^^x"));
	assert_true(finds("[]^+]x", "]x"));
}

static void characters_are_those_of_utf8_and_classes_those_of_ascii(void **state)
{
	(void)state;
	assert_true(matches(".", PATTERN_WHOLE, "é"));
	assert_true(matches("(?i)É", PATTERN_WHOLE, "é"));
	assert_true(matches("\\p{Greek}+", PATTERN_WHOLE, "λόγος"));
	assert_false(matches("\\d", PATTERN_SEARCH, "٣"));
}

static void a_subject_that_is_not_utf8_is_searched_all_the_same(void **state)
{
	(void)state;
	assert_true(matches("pong", PATTERN_SEARCH, "\xff\xfe pong \xc3"));
	assert_true(matches_n("a\\x00b", PATTERN_SEARCH, "\xff\x61\0b", 4));
	assert_false(matches(".", PATTERN_SEARCH, "\xff"));
}

static void an_empty_subject_may_be_null(void **state)
{
	(void)state;
	assert_true(matches_n("^$", PATTERN_SEARCH, NULL, 0));
	assert_false(matches_n(".", PATTERN_SEARCH, NULL, 0));
}

static void a_malformed_pattern_is_refused_with_its_offset(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "abc(", "'abc(', offset 4: missing closing parenthesis" },
		{ "ab**", "offset 3: quantifier does not follow" },
		{ "[z-a]", "offset 3: range out of order" },
		{ "*a", "offset 0: quantifier does not follow" },
		{ "a\\Cb", "offset 3: using \\C is disabled" },
		{ "a\xff", "offset 1: UTF-8 error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pattern *p = NULL;
		struct err e = { 0 };

		assert_int_equal(pattern_compile(&p, rows[i].text, PATTERN_SEARCH, &e), RC_INPUT);
		assert_null(p);
		if (!strstr(e.text, rows[i].why))
			fail_msg("'%s' is not in '%s'", rows[i].why, e.text);
	}
}

static enum rc match_blanks(const char *text, size_t n, struct err *e)
{
	scoped(pattern_free) struct pattern *p = NULL;
	scoped(mem_free) char *subject = must_alloc(n);
	bool matches;

	memset(subject, ' ', n);
	subject[n - 1] = 'x';
	assert_int_equal(pattern_compile(&p, text, PATTERN_SEARCH, NULL), RC_OK);
	return pattern_match(p, subject, n, &matches, e);
}

static void a_match_that_costs_too_much_is_an_error_not_a_no(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(match_blanks("( +)+$", 1000, &e), RC_LIMIT); /* exponential */
	assert_non_null(strstr(e.text, "too costly for 1000 bytes"));
	assert_int_equal(match_blanks("\\s+$", 1 << 20, NULL), RC_LIMIT); /* square, step by step */
	assert_int_equal(match_blanks("\\s+\\d", 1 << 20, NULL), RC_LIMIT); /* square in one step */
	assert_int_equal(match_blanks("(?:(?: )*)*y?\\1?()$", 1 << 20, NULL), RC_LIMIT);
}

static void a_long_subject_is_no_trouble_for_a_plain_pattern(void **state)
{
	(void)state;
	assert_int_equal(match_blanks("(?i)(error|fail(ed|ure)?|panic)", 1 << 20, NULL), RC_OK);
	assert_int_equal(match_blanks("x$", 1 << 20, NULL), RC_OK);
	assert_int_equal(match_blanks("(?s)^.*x$", 1 << 20, NULL), RC_OK);
}

static void assert_expands(const char *regex, const char *subject, const char *text,
	const char *wanted)
{
	scoped(pattern_free) struct pattern *p = NULL;
	scoped(str_fini) struct str out = STR_EMPTY;
	bool matches = false;

	assert_int_equal(pattern_compile(&p, regex, PATTERN_SEARCH, NULL), RC_OK);
	assert_int_equal(pattern_expand(p, &(struct pattern_use){ subject, strlen(subject), text },
				 &out, &matches, NULL),
		RC_OK);
	assert_int_equal(matches, wanted != NULL);
	assert_string_equal(str_c(&out), wanted ? wanted : "");
}

static void groups_are_put_into_a_text_as_go_does(void **state)
{
	(void)state;
	assert_expands("^220 (\\w+) (\\w+)", "220 mail ESMTP", "EHLO $1 ${2}!", "EHLO mail ESMTP!");
	assert_expands("(?P<who>\\w+)@(?<where>\\w+)", "ana@home", "$where/${who}/$0",
		"home/ana/ana@home");
	assert_expands("(a)|(b)", "b", "<$1><$2><$3><$99999999999>", "<><b><><>");
	assert_expands("(a)", "a", "$1x is not ${1}x", " is not ax");
	assert_expands("(a)", "a", "$$1 $ ${ ${} $", "$1 $ ${ ${} $");
	assert_expands("(a)", "b", "$1", NULL);
}

static void assert_replaced(const char *regex, const char *text, const char *subject,
	const char *wanted)
{
	scoped(pattern_free) struct pattern *p = NULL;
	scoped(str_fini) struct str out = STR_EMPTY;

	assert_int_equal(pattern_compile(&p, regex, PATTERN_SEARCH, NULL), RC_OK);
	assert_int_equal(pattern_replace(p, &(struct pattern_use){ subject, strlen(subject), text },
				 &out, NULL),
		RC_OK);
	assert_string_equal(str_c(&out), wanted);
}

static void each_match_is_replaced_as_go_does(void **state)
{
	(void)state;
	/* Go's regexp/all_test.go has these. */
	assert_replaced("", "x", "", "x");
	assert_replaced("", "x", "abc", "xaxbxcx");
	assert_replaced("b", "", "abc", "ac");
	assert_replaced("b+", "x", "abbbcb", "axcx");
	assert_replaced("x*", "-", "axxb", "-a-b-");
	assert_replaced("[a-c]*", "x", "abcbcdcdedef", "xdxdxexdxexfx");
	assert_replaced("^[a-c]*", "x", "dabce", "xdabce");
	assert_replaced("(.)(.)", "$2$1", "abcde", "badce");
	assert_replaced("\\b", "|", "a bc", "|a| |bc|");
	assert_replaced("", "-", "\u00e9\u20ac", "-\u00e9-\u20ac-");
	assert_replaced("a", "(${1}$)", "banana", "b($)n($)n($)");
}

static void the_bound_on_work_is_one_for_all_matches(void **state)
{
	scoped(pattern_free) struct pattern *p = NULL;
	scoped(str_fini) struct str subject = STR_EMPTY, out = STR_EMPTY;

	(void)state;
	for (int i = 0; i < 20000; i++)
		str_add(&subject, "a ");
	assert_int_equal(pattern_compile(&p, "a(?=.*z)|a", PATTERN_SEARCH, NULL), RC_OK);
	assert_int_equal(
		pattern_replace(p, &(struct pattern_use){ subject.s, subject.len, "" }, &out, NULL),
		RC_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_search_finds_its_pattern_anywhere),
		cmocka_unit_test(a_whole_match_covers_the_whole_subject),
		cmocka_unit_test(a_dollar_is_the_very_end_as_in_re2),
		cmocka_unit_test(an_anchor_may_be_repeated_as_in_re2),
		cmocka_unit_test(characters_are_those_of_utf8_and_classes_those_of_ascii),
		cmocka_unit_test(a_subject_that_is_not_utf8_is_searched_all_the_same),
		cmocka_unit_test(an_empty_subject_may_be_null),
		cmocka_unit_test(a_malformed_pattern_is_refused_with_its_offset),
		cmocka_unit_test(a_match_that_costs_too_much_is_an_error_not_a_no),
		cmocka_unit_test(a_long_subject_is_no_trouble_for_a_plain_pattern),
		cmocka_unit_test(groups_are_put_into_a_text_as_go_does),
		cmocka_unit_test(each_match_is_replaced_as_go_does),
		cmocka_unit_test(the_bound_on_work_is_one_for_all_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
