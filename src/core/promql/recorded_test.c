/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a real Prometheus said about expressions (test/promql/parse.jsonl, written by record.py
 * beside it), and what we say.  Where a row has `ours`, that is the answer wanted instead of
 * Prometheus', and `why` tells the reason.
 */
#include "base/arena.h"
#include "base/json.h"
#include "core/promql/parse.h"
#include "core/promql/print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BUDGET_BYTES ((size_t)1 << 20)
#define ROWS_MIN     1000 /* a file that was cut short proves nothing */

static int differences;

static void compare(const json_t *row, const char *what, const char *wanted, const char *got)
{
	if (str_eq(wanted, got))
		return;
	differences++;
	print_error("%s\n  %s wanted: %s\n  %s got:    %s\n",
		json_get_text(row, "q", json_get_text(row, "selector", "")), what, wanted, what,
		got);
}

/* Its text when that is to differ from Prometheus'. */
static const char *wanted(const json_t *row, const char *key)
{
	return json_get_text(row, "ours", json_get_text(row, key, "(nothing)"));
}

static void compare_tree(const json_t *row, const struct promql_node *root)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	promql_pretty(root, &text);
	compare(row, "format", wanted(row, "format"), str_c(&text));
	str_clear(&text);
	promql_json(root, &text);
	compare(row, "tree", json_get_text(row, "tree", "(nothing)"), str_c(&text));
}

static void compare_row(const json_t *row)
{
	const struct promql_parse p = { .text = json_get_text(row, "q", NULL),
		.allow_experimental = json_get_bool(row, "experimental", false) };
	scoped(arena_fini) struct arena a;
	struct promql_node *root = NULL;
	struct promql_selector selector;
	struct err e = { 0 };
	enum rc rc;

	arena_init(&a, BUDGET_BYTES);
	rc = p.text ? promql_parse(&p, &a, &root, &e)
		    : promql_parse_selector(json_get_text(row, "selector", ""), &a, &selector, &e);
	if (rc != RC_OK) /* `ours` may be one where Prometheus has none */
		compare(row, "error", wanted(row, "error"), e.text);
	else if (json_get_text(row, "error", NULL))
		compare(row, "error", wanted(row, "error"), "");
	else if (root)
		compare_tree(row, root);
}

static void every_answer_is_that_of_prometheus(void **state)
{
	scoped(str_fini) struct str path = STR_EMPTY;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int rows = 0;
	FILE *f;

	(void)state;
	str_addf(&path, "%s/test/promql/parse.jsonl", getenv("DIARCHY_SOURCE"));
	f = fopen(str_c(&path), "r");
	assert_non_null(f);
	for (; (n = getline(&line, &cap, f)) > 0; rows++) {
		json_t *row = NULL;
		struct err e = { 0 };

		if (json_read(&row, line, (size_t)n, &e) != RC_OK)
			fail_msg("row %d: %s", rows + 1, e.text);
		compare_row(row);
		json_decref(row);
	}
	free(line);
	fclose(f);
	assert_true(rows >= ROWS_MIN);
	assert_int_equal(differences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_that_of_prometheus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
