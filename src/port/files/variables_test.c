/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/variables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* As Go's os.Expand has it. */
static const struct {
	const char *written, *wanted; /* NULL: the label is gone */
} cases[] = {
	{ "plain", "plain" },
	{ "$SITE_TESTED", "mumbai" },
	{ "a-${SITE_TESTED}-b", "a-mumbai-b" },
	{ "$$SITE_TESTED", "$SITE_TESTED" },
	{ "5$", "5$" },
	{ "5$ and", "5$ and" },
	{ "$SITE_NOT_SET", NULL },
	{ "x$SITE_NOT_SET", "x" },
	{ "${}x", "x" },
	{ "${SITE_TESTED", "SITE_TESTED" },
};

static void variables_become_what_the_environment_says(void **state)
{
	(void)state;
	setenv("SITE_TESTED", "mumbai", 1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct label v[] = {
			{ "a", "1", 1, 1 },
			{ "b", cases[i].written, 1, (uint32_t)strlen(cases[i].written) },
			{ "c", "2", 1, 1 },
		};
		struct labels l = { v, 3 };
		struct arena arena;

		arena_init(&arena, 0);
		assert_int_equal(variables_expand(&l, &arena, NULL), RC_OK);
		assert_int_equal(l.n, cases[i].wanted ? 3 : 2);
		assert_string_equal(labels_get(&l, "b"), cases[i].wanted ? cases[i].wanted : "");
		assert_string_equal(labels_get(&l, "c"), "2");
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_become_what_the_environment_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
