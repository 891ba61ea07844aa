/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manual/manual.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void read_source(const char *name, struct str *ret)
{
	char path[512], block[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/%s", getenv("DIARCHY_SOURCE"), name);
	f = fopen(path, "re");
	assert_non_null(f);
	while ((n = fread(block, 1, sizeof block, f)) > 0)
		str_addn(ret, block, n);
	fclose(f);
}

/* After a change of commands.def: diarchy man --markdown > doc/cli.md */
static void doc_cli_md_is_what_the_table_says(void **state)
{
	scoped(str_fini) struct str page = STR_EMPTY, file = STR_EMPTY;

	(void)state;
	manual_markdown(&page);
	read_source("doc/cli.md", &file);
	if (!str_eq(str_c(&page), str_c(&file)))
		fail_msg("doc/cli.md is old: diarchy man --markdown > doc/cli.md");
}

static void assert_mentions(const struct str *text, const char *part, const char *where)
{
	if (!strstr(str_c(text), part))
		fail_msg("%s doesn't mention '%s'", where, part);
}

static void help_mentions_every_option_and_fits_on_80_columns(void **state)
{
	(void)state;
	for (const struct command *c = command_rows; c->name; c++) {
		scoped(page_fini) struct page p = { .term = { .width = 80 } };
		char text[64];

		manual_help(&p, c);
		for (const struct option *o = NULL; (o = manual_next_option(o, c));)
			assert_mentions(&p.out, manual_option(o, text, sizeof text), c->name);
		for (char *line = strtok(p.out.s, "\n"); line; line = strtok(NULL, "\n")) {
			if (text_width(line) > 80)
				fail_msg("help %s: '%s'", c->name, line);
		}
	}
}

static void the_overview_mentions_every_command_but_hidden_ones(void **state)
{
	scoped(page_fini) struct page p = { .term = { .width = 80 } };

	(void)state;
	manual_help(&p, NULL);
	for (const struct command *c = command_rows; c->name; c++) {
		char line[64];

		snprintf(line, sizeof line, "\n  %s ", c->name);
		assert_int_equal(strstr(str_c(&p.out), line) != NULL, manual_shows(c));
	}
}

/* Every line that begins with a dot is one of the macros that we write. */
static void nothing_of_the_table_is_taken_for_a_macro(void **state)
{
	static const char *const macros[] = { ".TH ", ".SH ", ".SS ", ".TP\n", ".PP\n", ".br\n",
		".BR " };

	(void)state;
	for (const struct command *c = command_rows; c->name; c++) {
		scoped(str_fini) struct str page = STR_EMPTY;

		manual_roff(&page, c);
		for (const char *s = str_c(&page); *s; s += strcspn(s, "\n") + 1) {
			bool is_known = *s != '.';

			for (size_t i = 0; i < COUNT(macros); i++)
				is_known |= str_starts(s, macros[i]);
			if (!is_known || *s == '\'')
				fail_msg("%s: '%.40s'", c->name, s);
		}
	}
}

static void a_man_page_says_the_statuses_of_its_command(void **state)
{
	scoped(str_fini) struct str page = STR_EMPTY;

	(void)state;
	manual_roff(&page, command_find("when"));
	assert_mentions(&page, ".TP\n\\fB66\\fR\nthere is no check of that name\n",
		"diarchy-when(1)");
	assert_mentions(&page, ".TP\n\\fB69\\fR\ncannot be reached; no answer in time\n",
		"diarchy-when(1)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doc_cli_md_is_what_the_table_says),
		cmocka_unit_test(help_mentions_every_option_and_fits_on_80_columns),
		cmocka_unit_test(the_overview_mentions_every_command_but_hidden_ones),
		cmocka_unit_test(nothing_of_the_table_is_taken_for_a_macro),
		cmocka_unit_test(a_man_page_says_the_statuses_of_its_command),
	};

	return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
