/* SPDX-License-Identifier: Apache-2.0 */
/* lab_find: the lab.yaml that a command works with. */
#ifndef CLI_LAB_FIND_H
#define CLI_LAB_FIND_H

#include "cli/command.h"
#include "port/files/lab_files.h"

/* --lab, else ./lab.yaml, else /etc/diarchy/lab.yaml; NULL when there is none. */
const char *lab_find(const struct call *c);
/* The same; RC_NOT_FOUND, with what to do, when there is none. */
enum rc lab_find_path(const struct call *c, const char **ret, struct err *e) MUST_USE;

struct lab_found {
	struct zones *zones;
	struct lab *lab;
};
void lab_found_fini(struct lab_found *f);
SCOPED_FINI(lab_found_fini, struct lab_found)

/* Read it.  RC_NOT_FOUND when there is none; RC_INPUT, with the first thing that is wrong, when it
 * has errors. */
enum rc lab_find_read(const struct call *c, struct lab_found *ret, struct err *e) MUST_USE;

#endif
