/* SPDX-License-Identifier: Apache-2.0 */
/*
 * noticing: lab.yaml, or a file that it may name beside it, or a file of rules, was changed.
 *
 * The folder is watched, not the file: whoever replaces the file by renaming leaves the old one
 * behind.  Editors and git write in several steps, so it is told once all is quiet, or after some
 * seconds.
 */
#ifndef DAEMON_NOTICING_H
#define DAEMON_NOTICING_H

#include "core/lab/lab.h"

#include <stdint.h>
#include <uv.h>

#define NOTICING_FOLDERS_MAX 8 /* of rules */

struct noticing {
	uv_fs_event_t folder;
	uv_fs_event_t rules[NOTICING_FOLDERS_MAX];
	uv_timer_t settle;
	uint64_t first_change_ms; /* since it was told last */
	const char *path;         /* borrowed */
	void (*changed)(void *ctx);
	void *ctx;
};

/* Where the folder can't be watched, that is said. */
void noticing_start(struct noticing *n, uv_loop_t *loop, const char *path,
	void (*changed)(void *ctx), void *ctx);
/* Then, and for each lab that is taken up: the folders that its rules lie in. */
void noticing_rules(struct noticing *n, const struct lab_metrics *m);

#endif
