/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"
#include "cli/looks.h"
#include "cli/shows.h"

void show_coverage(struct page *p, const json_t *coverage)
{
	const json_t *unobserved = json_object_get(coverage, "unobserved");
	int64_t observed = json_get_int(coverage, "observed", 0);
	scoped(str_fini) struct str foot = STR_EMPTY;
	scoped(table_fini) struct table t = { 0 };
	size_t i;
	json_t *it;

	if (json_array_size(unobserved) == 0) {
		page_addf(p, STYLE_OK, "all %lld declared things are observed",
			(long long)observed);
		page_line(p);
		return;
	}
	table_init(&t,
		(const char *const[]){ "!NAME", "KIND", "LINE", "WHY NOTHING OBSERVES IT", NULL });
	json_array_foreach (unobserved, i, it) {
		int64_t line = json_get_int(it, "line", 0);

		table_cell(&t, STYLE_DOUBT, json_get_text(it, "name", "?"));
		table_cell(&t, STYLE_PLAIN, json_get_text(it, "kind", "?"));
		table_cellf(&t, STYLE_PLAIN, line ? "%lld" : "-", (long long)line);
		table_cell(&t, STYLE_PLAIN, json_get_text(it, "why", ""));
	}
	table_print(&t, p, 0);
	page_line(p);
	str_addf(&foot, "%zu of %lld declared things are observed by nothing",
		json_array_size(unobserved),
		(long long)(observed + (int64_t)json_array_size(unobserved)));
	page_wrap(p, STYLE_FAINT, 0, str_c(&foot));
}

enum rc command_coverage(struct call *c, struct err *e)
{
	scoped(answer_fini) struct answer a = { 0 };
	enum rc rc = ask(c, "coverage", &a, e);

	if (rc != RC_OK)
		return rc;
	if (call_option(c, json, json))
		answer_print(c, &a);
	else
		show_coverage(&c->page, a.json);
	c->exit = json_array_size(json_object_get(a.json, "unobserved")) > 0;
	return RC_OK;
}
