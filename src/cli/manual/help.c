/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manual/manual.h"

#include "cli/term/table.h"

#include <stdio.h>

bool manual_shows(const struct command *c)
{
	return !(c->wants & WANTS_HIDDEN);
}

const char *manual_option(const struct option *o, char *buf, size_t n)
{
	char letter[8] = "";

	if (o->letter)
		snprintf(letter, sizeof letter, "-%c, ", o->letter);
	snprintf(buf, n, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
		o->argument ? o->argument : "");
	return buf;
}

static const struct option *first_shared(const struct command *command)
{
	for (const struct option *o = option_rows; o->name; o++) {
		if (command_takes(command, o) && o->owner != command->id)
			return o;
	}
	return NULL;
}

const struct option *manual_next_option(const struct option *last, const struct command *command)
{
	bool is_own = command && (!last || last->owner == command->id);

	for (const struct option *o = last ? last + 1 : option_rows; o->name; o++) {
		if (command_takes(command, o) && (command && o->owner == command->id) == is_own)
			return o;
	}
	return is_own ? first_shared(command) : NULL;
}

const struct remark *manual_next(const struct remark *table, const struct remark *last,
	enum owner command)
{
	for (const struct remark *r = last ? last + 1 : table; r->text; r++) {
		if (r->command == command)
			return r;
	}
	return NULL;
}

bool manual_status(int status, struct str *out)
{
	size_t before = out->len;

	for (enum rc rc = RC_OK; rc <= RC_INTERNAL; rc++) {
		if (rc_exit(rc) == status)
			str_addf(out, "%s%s", out->len > before ? "; " : "", rc_text(rc));
	}
	return out->len > before;
}

static void list_row(struct page *p, size_t left, const char *name, const char *text)
{
	page_fill(p, " ", 2);
	page_add(p, STYLE_STRONG, name);
	page_fill(p, " ", left > strlen(name) ? left - strlen(name) : 1);
	page_wrap(p, STYLE_PLAIN, 2 + left, text);
}

static void show_all(struct page *p)
{
	size_t left = 0;

	for (const struct command *c = command_rows; c->name; c++)
		left = manual_shows(c) && strlen(c->name) > left ? strlen(c->name) : left;
	page_add(p, STYLE_PLAIN,
		"diarchy " DIARCHY_VERSION ": one program that runs two sites as one lab");
	page_line(p);
	page_line(p);
	page_add(p, STYLE_PLAIN, "usage: diarchy COMMAND [OPTIONS] [ARGUMENTS]");
	page_line(p);
	for (const struct command *c = command_rows; c->name; c++) {
		const struct remark *section = manual_next(section_rows, NULL, c->id);

		if (section)
			page_heading(p, section->text);
		if (manual_shows(c))
			list_row(p, left + 2, c->name, c->help);
	}
	page_line(p);
	page_wrap(p, STYLE_PLAIN, 0,
		"'diarchy help COMMAND' tells more about one of them, 'diarchy man COMMAND' all.");
}

static void show_usage(struct page *p, const struct command *command)
{
	const char *pattern = command->arguments;

	for (const char *lead = "usage:"; lead; lead = pattern ? "      " : NULL) {
		const char *bar = strstr(pattern, " | ");

		page_addf(p, STYLE_PLAIN, "%s diarchy %s [OPTIONS] %.*s", lead, command->name,
			bar ? (int)(bar - pattern) : (int)strlen(pattern), pattern);
		page_line(p);
		pattern = bar ? bar + 3 : NULL;
	}
}

static void show_options(struct page *p, const struct command *command)
{
	char text[64];
	size_t left = 0;

	for (const struct option *o = NULL; (o = manual_next_option(o, command));) {
		size_t n = strlen(manual_option(o, text, sizeof text));

		left = n > left ? n : left;
	}
	page_heading(p, "Options");
	for (const struct option *o = NULL; (o = manual_next_option(o, command));)
		list_row(p, left + 2, manual_option(o, text, sizeof text), o->help);
}

static void show_remarks(struct page *p, const struct command *command)
{
	const struct remark *r = manual_next(exit_rows, NULL, command->id);
	char status[16];

	if (r)
		page_heading(p, "Exit status");
	for (; r; r = manual_next(exit_rows, r, command->id)) {
		snprintf(status, sizeof status, "%d", r->status);
		list_row(p, 4, status, r->text);
	}
	r = manual_next(example_rows, NULL, command->id);
	if (r)
		page_heading(p,
			r == manual_next(example_rows, r, command->id) ? "Example" : "Examples");
	for (; r; r = manual_next(example_rows, r, command->id)) {
		page_addf(p, STYLE_PLAIN, "  %s", r->what);
		page_line(p);
		page_fill(p, " ", 6);
		page_wrap(p, STYLE_FAINT, 6, r->text);
	}
}

void manual_help(struct page *p, const struct command *command)
{
	if (!command) {
		show_all(p);
		return;
	}
	show_usage(p, command);
	page_line(p);
	page_addf(p, STYLE_STRONG, "%s: %s", command->name, command->help);
	page_line(p);
	for (const struct remark *r = NULL; (r = manual_next(about_rows, r, command->id));) {
		page_line(p);
		page_wrap(p, STYLE_PLAIN, 0, r->text);
	}
	show_options(p, command);
	show_remarks(p, command);
}

enum rc command_help(struct call *c, struct err *e)
{
	const struct command *command = c->n_arguments ? command_find(c->arguments[0]) : NULL;

	if (c->n_arguments && !command)
		return err_set(e, RC_USAGE, "there is no command '%.60s'", c->arguments[0]);
	manual_help(&c->page, command);
	return RC_OK;
}

enum rc command_version(struct call *c, struct err *e)
{
	(void)e;
	page_add(&c->page, STYLE_PLAIN,
		call_option(c, json, json) ? "{\"version\":\"" DIARCHY_VERSION "\"}"
					   : "diarchy " DIARCHY_VERSION);
	page_line(&c->page);
	return RC_OK;
}
