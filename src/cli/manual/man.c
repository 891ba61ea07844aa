/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages in the macros of man(7).  Text is escaped so that nothing in the table can be taken for a
 * request: a backslash, a dot or quote at the start of a line, and hyphens, which would else come
 * out as a typographic hyphen that can't be pasted into a shell.
 */
#include "cli/manual/manual.h"

#include <errno.h>
#include <stdio.h>

static void add_text(struct str *out, const char *text)
{
	for (const char *s = text; *s; s++) {
		if ((s == text || s[-1] == '\n') && (*s == '.' || *s == '\''))
			str_add(out, "\\&");
		if (*s == '\\')
			str_add(out, "\\e");
		else if (*s == '-')
			str_add(out, "\\-");
		else if (*s == '\'')
			str_add(out, "\\(aq");
		else if (*s == '"')
			str_add(out, "\\(dq");
		else if (*s == '~' || *s == '^' || *s == '`')
			str_addf(out, "\\(%s", *s == '~' ? "ti" : *s == '^' ? "ha" : "ga");
		else
			str_addc(out, *s);
	}
}

static void add_line(struct str *out, const char *request, const char *text)
{
	str_add(out, request);
	add_text(out, text);
	str_addc(out, '\n');
}

/* .TP, the term in bold, and what it means. */
static void add_item(struct str *out, const char *term, const char *text)
{
	str_add(out, ".TP\n");
	add_line(out, "\\fB", term);
	out->len--; /* the line goes on: back to the roman face */
	str_add(out, "\\fR\n");
	add_line(out, "", text);
}

static void add_title(struct str *out, const char *name, const char *help)
{
	str_add(out, ".TH ");
	for (const char *s = name; *s; s++)
		str_addc(out, *s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s);
	str_add(out, " 1 \"\" \"diarchy " DIARCHY_VERSION "\" \"User Commands\"\n.SH NAME\n");
	add_text(out, name);
	str_add(out, " \\- ");
	add_line(out, "", help);
}

static void add_options(struct str *out, const struct command *command)
{
	char text[64];

	str_add(out, ".SH OPTIONS\n");
	for (const struct option *o = NULL; (o = manual_next_option(o, command));)
		add_item(out, manual_option(o, text, sizeof text), o->help);
}

static void add_exit(struct str *out, int status, const char *text)
{
	char number[16];

	snprintf(number, sizeof number, "%d", status);
	add_item(out, number, text);
}

/* What the command says about a status, else what every command means by it. */
static void add_exits(struct str *out, const struct command *command)
{
	str_add(out, ".SH EXIT STATUS\n");
	for (int status = 0; status <= MANUAL_STATUS_MAX; status++) {
		scoped(str_fini) struct str general = STR_EMPTY;
		const struct remark *r = NULL;

		while (command && (r = manual_next(exit_rows, r, command->id)) &&
			r->status != status)
			;
		if (r || manual_status(status, &general))
			add_exit(out, status, r ? r->text : str_c(&general));
	}
}

static void add_examples(struct str *out, const struct command *command)
{
	const struct remark *r = manual_next(example_rows, NULL, command->id);

	if (r)
		str_add(out, ".SH EXAMPLES\n");
	for (; r; r = manual_next(example_rows, r, command->id))
		add_item(out, r->what, r->text);
}

static void add_synopsis(struct str *out, const struct command *command)
{
	const char *pattern = command->arguments;

	str_add(out, ".SH SYNOPSIS\n");
	for (const char *bar = pattern; bar; pattern = bar ? bar + 3 : NULL) {
		scoped(str_fini) struct str alternative = STR_EMPTY;

		bar = strstr(pattern, " | ");
		str_addn(&alternative, pattern, bar ? (size_t)(bar - pattern) : strlen(pattern));
		str_add(out, "\\fBdiarchy ");
		add_text(out, command->name);
		str_add(out, "\\fR [\\fIOPTIONS\\fR] ");
		add_line(out, "", str_c(&alternative));
		if (bar)
			str_add(out, ".br\n");
	}
}

static void add_command_page(struct str *out, const struct command *command)
{
	char name[64];

	snprintf(name, sizeof name, "diarchy-%s", command->name);
	add_title(out, name, command->help);
	add_synopsis(out, command);
	str_add(out, ".SH DESCRIPTION\n");
	for (const struct remark *r = NULL; (r = manual_next(about_rows, r, command->id));)
		add_line(out, ".PP\n", r->text);
	add_options(out, command);
	add_exits(out, command);
	add_examples(out, command);
	str_add(out, ".SH SEE ALSO\n.BR diarchy (1)\n");
}

static void add_commands(struct str *out)
{
	char name[64];

	str_add(out, ".SH COMMANDS\n");
	for (const struct command *c = command_rows; c->name; c++) {
		const struct remark *section = manual_next(section_rows, NULL, c->id);

		if (section)
			add_line(out, ".SS ", section->text);
		if (!manual_shows(c))
			continue;
		snprintf(name, sizeof name, "%s%s%s", c->name, *c->arguments ? " " : "",
			c->arguments);
		add_item(out, name, c->help);
	}
}

static void add_main_page(struct str *out)
{
	add_title(out, "diarchy", "run two sites as one lab");
	str_add(out, ".SH SYNOPSIS\n\\fBdiarchy\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] "
		     "[\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n");
	add_line(out, "",
		"Diarchy runs two home datacenters as one lab: symmetric peers that check each "
		"other and what they hold, and tell, once and loudly, what is not well.  Each "
		"command has a page of its own: diarchy-COMMAND(1).");
	add_commands(out);
	add_options(out, NULL);
	add_exits(out, NULL);
	str_add(out, ".SH ENVIRONMENT\n");
	for (const struct variable *v = variable_rows; v->name; v++)
		add_item(out, v->name, v->text);
	str_add(out, ".SH FILES\n");
	add_item(out, "./lab.yaml, /etc/diarchy/lab.yaml", "the lab");
}

static enum rc write_page(const char *directory, const struct command *command, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY, text = STR_EMPTY;
	FILE *f;
	int failed;

	str_addf(&path, "%s/diarchy%s%s.1", directory, command ? "-" : "",
		command ? command->name : "");
	manual_roff(&text, command);
	f = fopen(str_c(&path), "we");
	if (!f)
		return err_errno(e, RC_IO, errno, "writing %s", str_c(&path));
	failed = fputs(str_c(&text), f) < 0;
	failed |= fclose(f) != 0;
	return failed ? err_errno(e, RC_IO, errno, "writing %s", str_c(&path)) : RC_OK;
}

static enum rc write_pages(const char *directory, struct err *e)
{
	enum rc rc = write_page(directory, NULL, e);

	for (const struct command *c = command_rows; c->name && rc == RC_OK; c++) {
		if (manual_shows(c))
			rc = write_page(directory, c, e);
	}
	return rc;
}

void manual_roff(struct str *out, const struct command *command)
{
	if (command)
		add_command_page(out, command);
	else
		add_main_page(out);
}

enum rc command_man(struct call *c, struct err *e)
{
	const struct command *command = c->n_arguments ? command_find(c->arguments[0]) : NULL;

	if (c->n_arguments && !command)
		return err_set(e, RC_USAGE, "there is no command '%.60s'", c->arguments[0]);
	if (call_option(c, man, into))
		return write_pages(call_option(c, man, into), e);
	if (call_option(c, man, markdown))
		manual_markdown(&c->page.out);
	else
		manual_roff(&c->page.out, command);
	return RC_OK;
}
