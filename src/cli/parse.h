/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: what was typed, held against the table.
 *
 * As GNU programs do it: options and arguments in any order, --name VALUE, --name=VALUE, -n VALUE,
 * -nVALUE, -ab; after -- everything is an argument.  Options that commands share may also stand
 * before the command.  Of an option that is given twice the last one counts.
 */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "cli/command.h"

/* RC_USAGE with the nearest word that would have been right.  `c` is to be released either way, and
 * its `command` is known if it got that far.  With --help the arguments may be wrong. */
enum rc parse_call(struct call *c, int argc, char **argv, struct err *e) MUST_USE;

/* Do these arguments fit the pattern of a row ("list | end SILENCE | MATCHERS")? */
bool parse_fits(const char *pattern, const char *const *arguments, uint32_t n);

#endif
