/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dashboards: Grafana's dashboards of a lab, dashboards/NAME.json beside lab.yaml.
 *
 * Nothing is kept: each call looks at the disk, so what was pulled or edited is there at once.  Any
 * thread may call.  What a dashboard means is the pages' affair; here it is only known that it is
 * JSON, what it is called, and which of its parts the pages don't know (web/src/model/grafana/
 * supported.json is the one list of what they do).
 */
#ifndef PORT_FILES_DASHBOARDS_H
#define PORT_FILES_DASHBOARDS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/finding.h"
#include "base/str.h"

#define DASHBOARDS_FOLDER "dashboards"

struct dashboard {
	const char *name;        /* NAME of NAME.json */
	const char *title;       /* NAME where it has none */
	const char *description; /* "" where it has none */
	const char *const *tags;
	uint32_t n_tags;
	const char *wrong; /* why it can't be read; NULL: it can */
};
struct dashboards {
	struct arena arena;
	struct dashboard *items; /* by name */
	uint32_t n, cap;
	uint32_t n_more; /* files beyond DASHBOARDS_MAX */
};
void dashboards_fini(struct dashboards *d);
SCOPED_FINI(dashboards_fini, struct dashboards)

/* Letters, digits, '.', '_', '-' and spaces, none of '.' and ' ' first: never a path. */
bool dashboard_name_is_valid(const char *name);

/* Those of the folder of `lab_path` (lab.yaml); none where it has no such folder.  RC_IO. */
enum rc dashboards_list(struct dashboards *ret, const char *lab_path, struct err *e) MUST_USE;

/* The text of one, which is JSON, appended.  RC_NOT_FOUND; RC_LIMIT beyond DASHBOARD_BYTES_MAX;
 * RC_INPUT names line and column; RC_IO. */
enum rc dashboard_read(const char *lab_path, const char *name, struct str *ret,
	struct err *e) MUST_USE;

/* What is wrong with the lab's dashboards (an error each), and what the pages will not show of them
 * (a warning a kind of panel, variable or transformation). */
enum rc dashboards_check(const char *lab_path, struct findings *findings, struct err *e) MUST_USE;
/* The same of one text, as of the file `path`, which outlives `findings`. */
void dashboard_check(const char *path, const char *text, size_t n, struct findings *findings);

#endif
