/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

/* Parts that are still to come answer "not supported yet" (run.c). */
#define COMMAND(symbol, name, arguments, wants, help) \
	extern __typeof__(command_##symbol) command_##symbol __attribute__((weak));
#include "cli/commands.def"

const struct command command_rows[] = {
#define COMMAND(symbol, name, arguments, wants, help) \
	{ OWNER_##symbol, name, arguments, help, wants, command_##symbol },
#include "cli/commands.def"
	{ 0 },
};

const struct option option_rows[OPTIONS + 1] = {
#define OPTION(owner, symbol, name, letter, argument, help) \
	{ OWNER_##owner, name, letter, argument, help },
#include "cli/commands.def"
};

const struct argument argument_rows[] = {
#define ARGUMENT(name, kind, words) { name, ARGUMENT_##kind, words },
#include "cli/commands.def"
	{ 0 },
};

const struct remark section_rows[] = {
#define SECTION(command, title) { OWNER_##command, NULL, 0, title },
#include "cli/commands.def"
	{ 0 },
};

const struct remark about_rows[] = {
#define ABOUT(command, text) { OWNER_##command, NULL, 0, text },
#include "cli/commands.def"
	{ 0 },
};

const struct remark exit_rows[] = {
#define EXIT(command, status, meaning) { OWNER_##command, NULL, status, meaning },
#include "cli/commands.def"
	{ 0 },
};

const struct remark example_rows[] = {
#define EXAMPLE(command, line, what) { OWNER_##command, line, 0, what },
#include "cli/commands.def"
	{ 0 },
};

const struct variable variable_rows[] = {
#define VARIABLE(name, what) { name, what },
#include "cli/commands.def"
	{ 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = command_rows; c->name; c++) {
		if (str_eq(c->name, name))
			return c;
	}
	return NULL;
}

const struct argument *argument_find(const char *name, size_t n)
{
	for (const struct argument *a = argument_rows; a->name; a++) {
		if (strlen(a->name) == n && memcmp(a->name, name, n) == 0)
			return a;
	}
	return NULL;
}

static bool is_group(enum owner owner)
{
	return owner < command_rows[0].id;
}

bool command_takes(const struct command *c, const struct option *o)
{
	if (is_group(o->owner))
		return ((c ? c->wants : ~0u) | WANTS(any)) & (1u << o->owner);
	return c && o->owner == c->id;
}
