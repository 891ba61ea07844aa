/* SPDX-License-Identifier: Apache-2.0 */
#include "base/matcher_list.h"

#include <setjmp.h>
#include <stdarg.h>
/* after the two above */
#include <cmocka.h>

/* What Alertmanager 0.33 makes of them (amtool config routes show). */
static const struct {
	const char *text, *read; /* NULL: refused */
} cases[] = {
	{ "a=b", "{a=\"b\"}" },
	{ "{a=b}", "{a=\"b\"}" },
	{ "{}", "{}" },
	{ "", "{}" },
	{ "a=\"b\",c!=\"d\" , e=~\"f.*\",g!~h", "{a=\"b\",c!=\"d\",e=~\"f.*\",g!~\"h\"}" },
	{ "a=\"b\",", "{a=\"b\"}" },
	{ "\"a b\"=\"c\"", "{\"a b\"=\"c\"}" },
	{ "ünï=ö", "{ünï=\"ö\"}" },
	{ "a=\"\\u00e9\\\"\\\\\"", "{a=\"\\\\u00e9\\\"\\\\\"}" }, /* the classic syntax wins */
	{ "a=\"b\\.c\"", "{a=\"b\\\\.c\"}" }, /* the classic syntax alone takes it */
	{ "a=b c", "{a=\"b c\"}" },
	{ "a=", "{a=\"\"}" },
	{ "a=\"x,y\"", "{a=\"x,y\"}" },
	{ "a=\"new\\nline\"", "{a=\"new\\nline\"}" },
	{ "a", NULL },
	{ "=b", NULL },
	{ "a=\"b", NULL },
	{ "a=~\"(\"", NULL },
	{ "a=b,,c=d", NULL },
	{ "a==b", "{a=\"=b\"}" },
};

static void matchers_are_read_as_alertmanager_reads_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(matcher_list_fini) struct matcher_list l = { 0 };
		scoped(str_fini) struct str text = STR_EMPTY;
		enum rc rc = matcher_list_parse(&l, cases[i].text, NULL);

		assert_int_equal(rc, cases[i].read ? RC_OK : RC_INPUT);
		if (!cases[i].read)
			continue;
		matcher_list_text(&l, &text);
		assert_string_equal(str_c(&text), cases[i].read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matchers_are_read_as_alertmanager_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
