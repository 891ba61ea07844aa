/* SPDX-License-Identifier: Apache-2.0 */
#include "api/uri.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void a_target_is_a_path_and_pairs(void **state)
{
	scoped(arena_fini) struct arena a;
	struct uri uri;

	(void)state;
	arena_init(&a, 4096);
	assert_int_equal(
		uri_parse("/when/a%2Fb?kind=a,b&q=%41+%2B&flag&=x&kind=second#not", &a, &uri, NULL),
		RC_OK);
	assert_string_equal(uri.path, "/when/a%2Fb");
	assert_string_equal(uri_pair(&uri.query, "kind"), "a,b");
	assert_string_equal(uri_pair(&uri.query, "q"), "A +");
	assert_string_equal(uri_pair(&uri.query, "flag"), "");
	assert_string_equal(uri_pair(&uri.query, ""), "x");
	assert_null(uri_pair(&uri.query, "kin"));
	assert_int_equal(uri.query.n, 5);
}

static void what_cannot_be_decoded_is_refused(void **state)
{
	static const char *const rows[] = { "", "status", "http://a/status", "*", "/?a=%", "/?a=%4",
		"/?a=%zz", "/?%g0=1", "/?a=%00", "/?a=%ff", "/?a=%c0%80", "/?a=%ed%a0%80" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		scoped(arena_fini) struct arena a;
		struct uri uri = { .path = "untouched" };

		arena_init(&a, 4096);
		assert_int_equal(uri_parse(rows[i], &a, &uri, NULL), RC_INPUT);
		assert_string_equal(uri.path, "untouched");
	}
}

static void errors_do_not_repeat_what_may_be_a_password(void **state)
{
	scoped(arena_fini) struct arena a;
	static const char form[] = "password=hunter2%zz";
	struct uri_pairs pairs;
	struct err e = { 0 };

	(void)state;
	arena_init(&a, 4096);
	assert_int_equal(uri_pairs_parse(form, strlen(form), &a, &pairs, &e), RC_INPUT);
	assert_null(strstr(e.text, "hunter2"));
}

static void the_number_of_pairs_and_their_memory_are_bounded(void **state)
{
	scoped(arena_fini) struct arena a, small;
	scoped(str_fini) struct str text = STR_EMPTY;
	struct uri uri;

	(void)state;
	arena_init(&a, 65536);
	arena_init(&small, 16);
	str_add(&text, "/?");
	for (int i = 0; i < URI_PAIRS_MAX; i++)
		str_addf(&text, "a%d=b&", i);
	assert_int_equal(uri_parse(str_c(&text), &a, &uri, NULL), RC_OK);
	assert_int_equal(uri_parse(str_c(&text), &small, &uri, NULL), RC_LIMIT);
	str_add(&text, "more");
	assert_int_equal(uri_parse(str_c(&text), &a, &uri, NULL), RC_LIMIT);
}

static void a_segment_keeps_its_plus_and_gives_up_its_slash(void **state)
{
	scoped(arena_fini) struct arena a;
	const char *text;

	(void)state;
	arena_init(&a, 4096);
	assert_int_equal(uri_segment("tank%2fphotos+x@nas:1", 21, &a, &text, NULL), RC_OK);
	assert_string_equal(text, "tank/photos+x@nas:1");
	assert_int_equal(uri_segment("%2e%2e%2fetc", 12, &a, &text, NULL), RC_OK);
	assert_string_equal(text, "../etc"); /* a name like any other: nothing opens it */
}

static void a_cookie_is_found_among_others(void **state)
{
	char value[8];

	(void)state;
	assert_true(cookie_value("a=1; diarchy=xyz; b=2", "diarchy", value, sizeof value));
	assert_string_equal(value, "xyz");
	assert_true(cookie_value("diarchy=", "diarchy", value, sizeof value));
	assert_string_equal(value, "");
	assert_true(
		cookie_value(";;  diarchy=first;diarchy=second", "diarchy", value, sizeof value));
	assert_string_equal(value, "first");
	assert_false(cookie_value(NULL, "diarchy", value, sizeof value));
	assert_false(cookie_value("", "diarchy", value, sizeof value));
	assert_false(cookie_value("xdiarchy=1", "diarchy", value, sizeof value));
	assert_false(cookie_value("diarchy", "diarchy", value, sizeof value));
	assert_false(cookie_value("diarchy=too long for it", "diarchy", value, sizeof value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_a_path_and_pairs),
		cmocka_unit_test(what_cannot_be_decoded_is_refused),
		cmocka_unit_test(errors_do_not_repeat_what_may_be_a_password),
		cmocka_unit_test(the_number_of_pairs_and_their_memory_are_bounded),
		cmocka_unit_test(a_segment_keeps_its_plus_and_gives_up_its_slash),
		cmocka_unit_test(a_cookie_is_found_among_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
