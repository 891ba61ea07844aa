/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: a program's whole answer.
 *
 * By argv, no shell.  It is killed when it takes or says too much.  A process that the kernel holds
 * (a disk that doesn't answer) may outlive that: `done` comes when it has ended, and not before.
 */
#ifndef PORT_SMART_RUN_H
#define PORT_SMART_RUN_H

#include "base/str.h"

#include <uv.h>

struct run_wish {
	const char *const *argv; /* ended by NULL; argv[0] is looked for in PATH */
	uint64_t patience_ms;
	size_t most_bytes;
	/* `answer` NULL: it couldn't be run, or was killed; `why` says it. */
	void (*done)(void *ctx, const struct str *answer, const char *why);
	void *ctx;
};

struct run;
/* `done` may not come before this returns. */
struct run *run_begin(uv_loop_t *loop, const struct run_wish *wish);
/* Kill it; `done` follows. */
void run_stop(struct run *r);

#endif
