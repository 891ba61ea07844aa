/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/looks.h"
#include "cli/shows.h"
#include "cli/term/moment.h"

/* "until 21:00:00 IST" while it is in force, else when it begins. */
static void add_when(struct page *p, struct table *t, const json_t *silence)
{
	bool is_active = json_get_bool(silence, "is_active", false);
	char at[MOMENT_TEXT_MAX];

	moment_text(&p->term, json_get_time(silence, is_active ? "until" : "from"), at);
	table_cellf(t, is_active ? STYLE_NOTE : STYLE_FAINT, "%s %s", is_active ? "until" : "from",
		at);
}

void show_silences(struct page *p, const json_t *answer)
{
	const json_t *silences = json_object_get(answer, "silences");
	scoped(table_fini) struct table t = { 0 };
	size_t i;
	json_t *silence;

	if (json_array_size(silences) == 0) {
		page_add(p, STYLE_PLAIN, "nothing is silenced");
		page_line(p);
		return;
	}
	table_init(&t, (const char *const[]){ "!SILENCE", "WHEN", "BY", "MATCHERS", "WHY", NULL });
	json_array_foreach (silences, i, silence) {
		table_cell(&t, STYLE_STRONG, json_get_text(silence, "id", "?"));
		add_when(p, &t, silence);
		table_cell(&t, STYLE_PLAIN, json_get_text(silence, "by", "-"));
		table_cell(&t, STYLE_PLAIN, json_get_text(silence, "matchers", "?"));
		table_cell(&t, STYLE_PLAIN, json_get_text(silence, "why", ""));
	}
	table_print(&t, p, 0);
}
