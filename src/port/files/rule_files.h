/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_files: files of rules, found by patterns and read, as Prometheus does with `rule_files`: a
 * star stands in the last part of a path only, a relative pattern begins in the folder of the file
 * that holds it, and a file that two patterns find is read once.
 */
#ifndef PORT_FILES_RULE_FILES_H
#define PORT_FILES_RULE_FILES_H

#include "core/lab/lab.h"
#include "core/rules/rule_file.h"

struct rule_files {
	struct rule_file **v;
	uint32_t n, cap;
	struct sha256 hash; /* of the bytes of all of them; of no use while there are none */
};
void rule_files_fini(struct rule_files *f);
SCOPED_FINI(rule_files_fini, struct rule_files)

/* One file from the disk.  RC_INPUT, RC_LIMIT: the findings say why. */
enum rc rules_load(struct rule_file **ret, const char *path, const struct rules_world *world,
	struct findings *findings, struct err *e) MUST_USE;

struct rule_paths { /* in order; owned */
	char **v;
	uint32_t n, cap;
};
void rule_paths_add(struct rule_paths *p, const char *path);
void rule_paths_fini(struct rule_paths *p);
SCOPED_FINI(rule_paths_fini, struct rule_paths)

struct rule_source { /* of files */
	void *ctx;
	/* As lab_source has it. */
	enum rc (*document)(void *ctx, const char *path, struct doc *ret, struct findings *findings,
		struct err *e);
	/* Adds the paths that match, in order. */
	void (*match)(void *ctx, const char *pattern, struct rule_paths *ret);
};
/* Adds the files that this part of the metrics section names.  What is wrong, with them or with the
 * patterns, is in the findings; a file with errors is left out. */
void rule_files_read(struct rule_files *ret, const struct lab_metrics_part *part,
	const struct rule_source *from, struct findings *findings);

/* The folders in which they lie, each once: "." or without a slash at the end.  One that has a
 * wildcard in its name is left out. */
void rule_folders(const struct lab_metrics *m, struct rule_paths *ret);

#endif
