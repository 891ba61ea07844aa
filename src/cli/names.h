/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: what there is to name: for completion, and for "did you mean".
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include "cli/command.h"

/* Names of these kinds, as ARGUMENT's words call them (commands, kinds, sites, watchers, checks,
 * incidents, silences), one call each with a word that tells them apart, or "".  What is running is
 * asked; if nothing answers in time, lab.yaml is read; if there is none, there are no names. */
void names_each(struct call *c, const char *what,
	void (*each)(void *ctx, const char *name, const char *help), void *ctx);

/* RC_NOT_FOUND, with the nearest name, when no check is called so. */
enum rc names_require_check(struct call *c, const char *name, struct err *e) MUST_USE;

/* `rc` itself; when it is RC_NOT_FOUND, with the nearest name of a check put into `e`. */
enum rc names_suggest_check(struct call *c, enum rc rc, const char *name, struct err *e) MUST_USE;

#endif
