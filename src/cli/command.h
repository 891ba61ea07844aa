/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: the table of commands (commands.def) as data, and one call of one of them.
 *
 *	enum rc command_when(struct call *c, struct err *e)
 *	{
 *		const char *name = c->arguments[0];
 *		...
 *		page_add(&c->page, STYLE_STRONG, name);
 *		c->exit = is_well ? 0 : 1;
 *		return RC_OK;
 *	}
 *
 * Arguments and options have been checked against the table before a command runs.  What it writes
 * to the page goes to standard output when it returns, even when it fails; the error goes to
 * standard error, and decides the exit status.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/err.h"
#include "cli/term/page.h"

/* Groups of options, then the commands: whoever owns an option. */
enum owner {
#define GROUP(symbol, what)                           OWNER_##symbol,
#define COMMAND(symbol, name, arguments, wants, help) OWNER_##symbol,
#include "cli/commands.def"
	OWNERS,
};

#define WANTS(group)  (1u << OWNER_##group)
#define WANTS_NOTHING 0u
#define WANTS_ANSWER  (WANTS(site) | WANTS(json) | WANTS(lab)) /* shows what a site says */
#define WANTS_HIDDEN  (1u << 31)                               /* in no help: not for people */

enum option_id {
#define OPTION(owner, symbol, name, letter, argument, help) OPTION_##owner##_##symbol,
#include "cli/commands.def"
	OPTIONS,
};

struct call;

struct command {
	enum owner id;
	const char *name, *arguments, *help;
	unsigned wants;
	enum rc (*run)(struct call *c, struct err *e);
};

struct option {
	enum owner owner;
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* NULL: a switch */
	const char *help;
};

enum argument_kind {
	ARGUMENT_TEXT,
	ARGUMENT_CHOICE, /* one of `words` */
	ARGUMENT_NAMES,  /* completed with the names of `words` (complete.c); not checked */
	ARGUMENT_FILE,
	ARGUMENT_DIRECTORY,
	ARGUMENT_DURATION, /* option_value.number is milliseconds */
	ARGUMENT_NUMBER,   /* 1 and more */
};

struct argument {
	const char *name; /* "CHECK" */
	enum argument_kind kind;
	const char *words; /* separated by spaces */
};

/* A line of the manual that belongs to a command: SECTION, ABOUT, EXIT, EXAMPLE. */
struct remark {
	enum owner command;
	const char *what; /* EXAMPLE: what to type */
	int status;       /* EXIT */
	const char *text;
};

struct variable {
	const char *name, *text;
};

/* Each ends in a row whose first text is NULL. */
extern const struct command command_rows[];
extern const struct option option_rows[OPTIONS + 1]; /* by enum option_id */
extern const struct argument argument_rows[];
extern const struct remark section_rows[], about_rows[], exit_rows[], example_rows[];
extern const struct variable variable_rows[];

const struct command *command_find(const char *name);             /* NULL: none */
const struct argument *argument_find(const char *name, size_t n); /* NULL: not in the table */
bool command_takes(const struct command *c, const struct option *o);

struct option_value {
	const char *text; /* NULL: not given; "" for a switch */
	int64_t number;
};

struct call {
	const struct command *command; /* NULL: none named */
	struct option_value options[OPTIONS];
	const char **arguments; /* what is no option, ends in NULL */
	uint32_t n_arguments;
	struct page page;
	int exit;             /* when the command returns RC_OK */
	char *url;            /* of the site that is asked from now on; NULL: to be found */
	bool has_said_absent; /* that a site is down, and another one is asked */
};

void call_fini(struct call *c);
SCOPED_FINI(call_fini, struct call)

/* call_option(c, log, since): its text, or NULL when it was not given. */
#define call_option(c, owner, symbol) ((c)->options[OPTION_##owner##_##symbol].text)
#define call_number(c, owner, symbol, otherwise)                                        \
	(call_option(c, owner, symbol) ? (c)->options[OPTION_##owner##_##symbol].number \
				       : (otherwise))

/* The rows' functions. */
#define COMMAND(symbol, name, arguments, wants, help) \
	enum rc command_##symbol(struct call *c, struct err *e) MUST_USE;
#include "cli/commands.def"

/* The whole program: parse, run, write, report.  Returns the exit status. */
int command_main(int argc, char **argv);

#endif
