/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: `diarchy check [PATH]`: everything that is wrong with lab.yaml.
 *
 * For people, a line a finding, as compilers write them, so that editors jump there:
 *
 *	lab.yaml:12:5: error: unknown key 'intervall' in probe 'immich' (did you mean 'every'?)
 *	lab.yaml: 1 error
 *
 * For programs (is_json), one object:
 *
 *	{"file": "lab.yaml", "ok": false, "errors": 1, "findings": [{"file", "line", "column",
 *"severity": "error" or "warning", "text"}], "hash": "64 hex", "sites": 2, "checks": 40}
 *
 * where `hash`, `sites` and `checks` are there when it is ok.
 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>

/* `path`: a file, or a folder that holds lab.yaml; NULL: lab.yaml here.  RC_OK when the file can be
 * used; RC_INPUT and RC_LIMIT when it can't, which then has been printed to `out`.  Other codes
 * (RC_NOT_FOUND, RC_IO) print nothing: the caller prints `e`. */
enum rc cli_check(const char *path, FILE *out, bool is_json, struct err *e) MUST_USE;

#endif
