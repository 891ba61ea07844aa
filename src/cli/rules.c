/* SPDX-License-Identifier: Apache-2.0 */
/* A site's rules; Prometheus' rule files: read and checked, and held against their unit tests. */
#include "cli/ask.h"
#include "cli/rules/load.h"
#include "cli/rules/test_run.h"
#include "cli/shows.h"
#include "node/rules_world.h"

#define EXIT_NOT_WELL 1

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static void show_findings(struct page *p, const struct findings *f)
{
	uint32_t shown = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct finding *it = &f->items[i];

		page_addf(p, STYLE_PLAIN, "%s:%u:%u: ", it->file, it->line, it->column);
		page_add(p, it->is_warning ? STYLE_DOUBT : STYLE_BAD,
			it->is_warning ? "warning" : "error");
		page_addf(p, STYLE_PLAIN, ": %s", it->text);
		page_line(p);
		shown += !it->is_warning;
	}
	if (shown < f->n_errors) {
		page_addf(p, STYLE_PLAIN, "and %u more", f->n_errors - shown);
		page_line(p);
	}
}

static bool is_said(enum rc rc, const struct findings *f)
{
	return (rc == RC_INPUT || rc == RC_LIMIT) && f->n_errors > 0;
}

static void show_good(struct page *p, const char *path, const struct rule_file *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n_groups; i++)
		n += f->groups[i].n_rules;
	page_addf(p, STYLE_PLAIN, "%s: ", path);
	page_add(p, STYLE_OK, "ok");
	page_addf(p, STYLE_PLAIN, ": %u rule%s in %u group%s", n, plural(n), f->n_groups,
		plural(f->n_groups));
	page_line(p);
}

static enum rc check_file(struct call *c, const char *path, struct err *e)
{
	struct rules_promql promql = { 0 };
	const struct rules_world world = rules_world_over(&promql);
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(rule_file_free) struct rule_file *f = NULL;
	enum rc rc = rules_load(&f, path, &world, &findings, e);

	if (rc != RC_OK && !is_said(rc, &findings))
		return rc;
	if (f)
		rule_file_warn_repeated(f, &findings);
	show_findings(&c->page, &findings);
	if (f) {
		show_good(&c->page, path, f);
		return RC_OK;
	}
	c->exit = rc_exit(RC_INPUT);
	page_addf(&c->page, STYLE_PLAIN, "%s: %u error%s", path, findings.n_errors,
		plural(findings.n_errors));
	page_line(&c->page);
	return RC_OK;
}

static void run_tests(struct call *c, const struct test_job *job)
{
	uint32_t n_failed = 0;

	for (uint32_t i = 0; i < job->tests->n_groups; i++)
		n_failed += test_group_run(job, i, &c->page) > 0;
	page_addf(&c->page, STYLE_PLAIN, "%s: ", job->path);
	if (n_failed == 0)
		page_add(&c->page, STYLE_OK, "ok");
	else
		page_addf(&c->page, STYLE_BAD, "%u failed", n_failed);
	page_addf(&c->page, STYLE_PLAIN, " of %u test%s", job->tests->n_groups,
		plural(job->tests->n_groups));
	page_line(&c->page);
	if (n_failed > 0)
		c->exit = EXIT_NOT_WELL;
}

static enum rc test_file(struct call *c, const char *path, struct err *e)
{
	struct rules_promql promql = { 0 };
	const struct rules_world world = rules_world_over(&promql);
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(test_file_free) struct test_file *tests = NULL;
	scoped(rule_files_fini) struct rule_files files = { 0 };
	enum rc rc = tests_load(&tests, path, &findings, e);

	if (rc == RC_OK)
		rc = rules_load_all(&files, tests, path, &world, &findings, e);
	show_findings(&c->page, &findings);
	if (rc == RC_OK) {
		run_tests(c, &(struct test_job){ path, tests, &files });
		return RC_OK;
	}
	if (!is_said(rc, &findings))
		return rc;
	c->exit = rc_exit(RC_INPUT);
	return RC_OK;
}

static enum rc show_running(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	enum rc rc = ask(c, "/api/v1/rules", &a, e);

	if (rc != RC_OK)
		return rc;
	if (call_option(c, json, json))
		answer_print(c, &a);
	else
		show_rules(&c->page, a.json);
	c->exit = show_rules_are_well(a.json) ? 0 : EXIT_NOT_WELL;
	return RC_OK;
}

enum rc command_rules(struct call *c, struct err *e)
{
	const char *verb = c->n_arguments > 0 ? c->arguments[0] : "";
	bool is_list = !*verb || str_eq(verb, "list");
	bool is_check = str_eq(verb, "check"), is_test = str_eq(verb, "test");
	enum rc rc = RC_OK;

	if (is_list && c->n_arguments < 2)
		return show_running(c, e);
	if ((!is_check && !is_test) || c->n_arguments < 2)
		return err_set(e, RC_USAGE, "rules, rules check FILE..., or rules test FILE...");
	if (call_option(c, json, json))
		return err_set(e, RC_USAGE, "--json is for 'rules list'");
	for (uint32_t i = 1; i < c->n_arguments && rc == RC_OK; i++)
		rc = is_check ? check_file(c, c->arguments[i], e)
			      : test_file(c, c->arguments[i], e);
	return rc;
}
