/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manual: everything that is said about the commands, out of their table (cli/commands.def).
 */
#ifndef CLI_MANUAL_MANUAL_H
#define CLI_MANUAL_MANUAL_H

#include "cli/command.h"

/* What `diarchy help` shows: of one command, or, with NULL, of all. */
void manual_help(struct page *p, const struct command *command);

/* A man page, groff's man(7) macros: diarchy-COMMAND(1), or, with NULL, diarchy(1). */
void manual_roff(struct str *out, const struct command *command);

/* All commands on one page of Markdown: doc/cli.md. */
void manual_markdown(struct str *out);

/* Pieces that all of them use. */
bool manual_shows(const struct command *c); /* not hidden */
/* "-n, --limit NUMBER" */
const char *manual_option(const struct option *o, char *buf, size_t n);
/* The options that a command takes, its own first, or, with NULL, those that commands share: NULL
 * starts, NULL ends. */
const struct option *manual_next_option(const struct option *last, const struct command *command);
/* The remarks (ABOUT, EXIT, EXAMPLE) of one command, in order: NULL starts, NULL ends. */
const struct remark *manual_next(const struct remark *table, const struct remark *last,
	enum owner command);
/* What an exit status means for every command, from RC_TABLE; false when nothing. */
bool manual_status(int status, struct str *out);
#define MANUAL_STATUS_MAX 78

#endif
