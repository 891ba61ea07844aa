/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manual/manual.h"

#include <stdio.h>

/* Text in a cell or a paragraph: what Markdown would take for markup stands for itself. */
static void add_text(struct str *out, const char *text)
{
	for (const char *s = text; *s; s++) {
		if (strchr("|<>*_`\\", *s))
			str_addc(out, '\\');
		str_addc(out, *s);
	}
}

static void add_row(struct str *out, const char *left, const char *right)
{
	str_addf(out, "| `%s` | ", left);
	add_text(out, right);
	str_add(out, " |\n");
}

static void add_usage(struct str *out, const struct command *command)
{
	str_addf(out, "\n### diarchy %s\n\n", command->name);
	add_text(out, command->help);
	str_addf(out, "\n\n```\ndiarchy %s [OPTIONS]%s%s\n```\n", command->name,
		*command->arguments ? " " : "", command->arguments);
	for (const struct remark *r = NULL; (r = manual_next(about_rows, r, command->id));) {
		str_addc(out, '\n');
		add_text(out, r->text);
		str_addc(out, '\n');
	}
}

static void add_own_options(struct str *out, const struct command *command)
{
	bool has_head = false;
	char text[64];

	for (const struct option *o = NULL; (o = manual_next_option(o, command));) {
		if (o->owner != command->id)
			break;
		if (!has_head)
			str_add(out, "\n| option | |\n| --- | --- |\n");
		has_head = true;
		add_row(out, manual_option(o, text, sizeof text), o->help);
	}
}

static void add_exits(struct str *out, const struct command *command)
{
	const struct remark *r = manual_next(exit_rows, NULL, command->id);
	char status[16];

	if (r)
		str_add(out, "\n| exit status | |\n| --- | --- |\n");
	for (; r; r = manual_next(exit_rows, r, command->id)) {
		snprintf(status, sizeof status, "%d", r->status);
		add_row(out, status, r->text);
	}
}

static void add_examples(struct str *out, const struct command *command)
{
	const struct remark *r = manual_next(example_rows, NULL, command->id);

	if (!r)
		return;
	str_add(out, "\n```sh\n");
	for (; r; r = manual_next(example_rows, r, command->id))
		str_addf(out, "%s    # %s\n", r->what, r->text);
	str_add(out, "```\n");
}

/* Which commands take the options of a group, in a sentence of names. */
static void add_takers(struct str *out, enum owner group)
{
	const char *comma = "";

	if (group == OWNER_any) {
		str_add(out, "every command");
		return;
	}
	for (const struct command *c = command_rows; c->name; c++) {
		if (manual_shows(c) && (c->wants & (1u << group))) {
			str_addf(out, "%s%s", comma, c->name);
			comma = ", ";
		}
	}
}

static void add_shared(struct str *out)
{
	char text[64];

	str_add(out, "\n## Options that commands share\n\n| option | | taken by |\n| --- | --- | "
		     "--- |\n");
	for (const struct option *o = NULL; (o = manual_next_option(o, NULL));) {
		str_addf(out, "| `%s` | ", manual_option(o, text, sizeof text));
		add_text(out, o->help);
		str_add(out, " | ");
		add_takers(out, o->owner);
		str_add(out, " |\n");
	}
}

static void add_statuses(struct str *out)
{
	char number[16];

	str_add(out, "\n## Exit status\n\nWhere a command says nothing else:\n\n"
		     "| status | |\n| --- | --- |\n");
	for (int status = 0; status <= MANUAL_STATUS_MAX; status++) {
		scoped(str_fini) struct str text = STR_EMPTY;

		snprintf(number, sizeof number, "%d", status);
		if (manual_status(status, &text))
			add_row(out, number, str_c(&text));
	}
}

void manual_markdown(struct str *out)
{
	str_add(out, "# The command line\n\nThis page is made from the table of commands by "
		     "`diarchy man --markdown`.\n");
	for (const struct command *c = command_rows; c->name; c++) {
		const struct remark *section = manual_next(section_rows, NULL, c->id);

		if (section)
			str_addf(out, "\n## %s\n", section->text);
		if (!manual_shows(c))
			continue;
		add_usage(out, c);
		add_own_options(out, c);
		add_exits(out, c);
		add_examples(out, c);
	}
	add_shared(out);
	add_statuses(out);
	str_add(out, "\n## Environment\n\n| variable | |\n| --- | --- |\n");
	for (const struct variable *v = variable_rows; v->name; v++)
		add_row(out, v->name, v->text);
}
