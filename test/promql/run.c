/* SPDX-License-Identifier: Apache-2.0 */
/* Runs scripts (script.h) and says what differs.
 *
 *	promql_scripts FILE...      exits 1 if anything does */
#include "core/promql/engine.h"
#include "core/promql/memory_source.h"
#include "core/promql/parse.h"
#include "judge.h"

#include "base/str.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

struct run {
	struct memory_source *memory;
	struct arena arena; /* of the script */
	const char *name;
	unsigned n_evals, n_failed;
};

static void complain(struct run *r, const struct script_command *c, const char *why)
{
	printf("%s:%u: %s\n    %s\n", r->name, c->line, c->expression ? c->expression : "", why);
	r->n_failed++;
}

static void load(struct run *r, const struct script_command *c)
{
	for (unsigned i = 0; i < c->n_rows; i++) {
		struct err e = { 0 };

		if (memory_source_load(r->memory, c->rows[i],
			    (struct memory_times){ 0, c->step_ms }, &e) != RC_OK)
			complain(r, c, e.text);
	}
}

/* Whether what came of it is right. */
static bool evaluate(struct run *r, const struct promql_query *q, const struct judge *j,
	bool (*judge)(const struct judge *j, const struct promql_result *result))
{
	scoped(promql_result_fini) struct promql_result result = { 0 };
	struct err e = { 0 };

	(void)r;
	if (promql_run(q, &result, &e) != RC_OK)
		return judge_failure(j, &e);
	return judge(j, &result);
}

static void eval(struct run *r, const struct script_command *c)
{
	scoped(str_fini) struct str why = STR_EMPTY;
	struct judge j = { .command = c, .arena = &r->arena, .why = &why };
	struct promql_parse parse = { .text = c->expression, .allow_experimental = true };
	struct series_source source = memory_source_source(r->memory);
	struct promql_node *root;
	struct err e = { 0 };
	struct promql_query q = { .text = c->expression,
		.start_ms = c->start_ms,
		.end_ms = c->end_ms,
		.step_ms = c->step_ms,
		.source = &source,
		.allow_experimental = true };

	r->n_evals++;
	if (promql_parse(&parse, &r->arena, &root, &e) != RC_OK) {
		if (!judge_failure(&j, &e))
			complain(r, c, str_c(&why));
		return;
	}
	q.root = root;
	if (!evaluate(r, &q, &j, judge_result)) {
		complain(r, c, str_c(&why));
		return;
	}
	if (c->is_range || judge_expects(&j, EXPECT_ORDERED) || judge_expects(&j, EXPECT_FAIL) ||
		root->type == PROMQL_MATRIX || root->type == PROMQL_STRING)
		return;
	q.start_ms -= MINUTE_MS;
	q.end_ms += MINUTE_MS;
	q.step_ms = MINUTE_MS;
	if (!evaluate(r, &q, &j, judge_middle)) {
		str_add(&why, " (as the middle of a range)");
		complain(r, c, str_c(&why));
	}
}

static void run_command(struct run *r, const struct script_command *c)
{
	switch (c->kind) {
	case SCRIPT_LOAD:
		load(r, c);
		break;
	case SCRIPT_CLEAR:
		memory_source_free(r->memory);
		r->memory = memory_source_new();
		break;
	case SCRIPT_EVAL:
		eval(r, c);
		break;
	}
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct str text = STR_EMPTY;
	char block[65536];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(block, 1, sizeof block, f)) > 0)
		str_addn(&text, block, n);
	fclose(f);
	return str_take(&text);
}

static unsigned run_script(const char *path)
{
	scoped(mem_free) char *text = read_file(path);
	struct run r = { .memory = memory_source_new(), .name = path };
	struct script s = { .text = text, .at = text, .arena = &r.arena };
	struct script_command c;
	struct err e = { 0 };
	bool has = text != NULL;
	enum rc rc = has ? RC_OK : err_set(&e, RC_NOT_FOUND, "can't be read");

	while (rc == RC_OK && has) {
		rc = script_next(&s, &c, &has, &e);
		if (rc == RC_OK && has)
			run_command(&r, &c);
	}
	if (rc != RC_OK) {
		printf("%s: %s\n", path, e.text);
		r.n_failed++;
	}
	printf("%s: %u evaluations, %u failed\n", path, r.n_evals, r.n_failed);
	memory_source_free(r.memory);
	arena_fini(&r.arena);
	return r.n_failed;
}

int main(int argc, char **argv)
{
	unsigned n_failed = 0;

	for (int i = 1; i < argc; i++)
		n_failed += run_script(argv[i]);
	return n_failed != 0;
}
