/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is parsed is printed, and what is printed is parsed again and prints the same, in one
 * line and in several.  A selector alone is an expression too, unless it selects everything.
 */
#include "base/arena.h"
#include "base/json.h"
#include "core/promql/parse.h"
#include "core/promql/print.h"

#define BUDGET_BYTES ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct promql_node *parse(const char *text, struct arena *a, bool must_parse)
{
	const struct promql_parse p = { .text = text, .allow_experimental = true };
	struct promql_node *root = NULL;
	struct err e = { 0 };
	enum rc rc = promql_parse(&p, a, &root, &e);

	must((rc == RC_OK) == (root != NULL));
	must(rc == RC_OK || *e.text);
	must(!must_parse || rc == RC_OK || rc == RC_LIMIT);
	return root;
}

/* Where Prometheus' own texts don't give themselves again, ours don't either: the sign of +Inf is one
 * of the whole power where one follows, and milliseconds of months get lost in a double. */
static bool is_stable(const char *line)
{
	return !strstr(line, "+Inf ^ ") && !strstr(line, "ms");
}

/* `text` was printed: it gives `line` again. */
static void check_again(const char *text, const char *line)
{
	scoped(str_fini) struct str again = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	const struct promql_node *root;

	arena_init(&a, 2 * BUDGET_BYTES);
	root = parse(text, &a, true);
	if (!root)
		return;
	promql_print(root, &again);
	must(str_eq(str_c(&again), line) || !is_stable(line));
}

static void check_tree(const struct promql_node *root)
{
	scoped(str_fini) struct str line = STR_EMPTY, lines = STR_EMPTY, json = STR_EMPTY;

	promql_print(root, &line);
	promql_pretty(root, &lines);
	promql_json(root, &json);
	must(json.len > 2 && json.s[json.len - 1] == '}');
	check_again(str_c(&line), str_c(&line));
	check_again(str_c(&lines), str_c(&line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(arena_fini) struct arena a;
	const struct promql_node *root;
	struct promql_selector s = { 0 };

	if (n > 4096)
		return 0;
	str_addn(&text, data, n);
	arena_init(&a, BUDGET_BYTES);
	root = parse(str_c(&text), &a, false);
	if (root)
		check_tree(root);
	if (promql_parse_selector(str_c(&text), &a, &s, NULL) == RC_OK && root)
		must(root->kind == PROMQL_SELECTOR && root->selector.n_matchers == s.n_matchers);
	return 0;
}
