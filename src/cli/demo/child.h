/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: processes of the demo that can't outlive it.
 *
 * Each is the leader of a process group of its own, so that Ctrl-C reaches the demo only and its
 * children's children end with them, and is killed by the kernel when the demo dies, however that
 * comes about (PR_SET_PDEATHSIG).  Output goes to a file.
 */
#ifndef CLI_DEMO_CHILD_H
#define CLI_DEMO_CHILD_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* Start `argv` (argv[0] is looked up in PATH if it has no slash) in `folder`, with output to the
 * end of the file `log`.  RC_IO; that the program can't be executed is seen by its end with 127. */
enum rc child_start(const char *const *argv, const char *folder, const char *log, pid_t *ret,
	struct err *e) MUST_USE;

/* True when it has ended: then it has been waited for, and `ret_status` is as of waitpid(2). */
bool child_is_over(pid_t pid, int *ret_status);

void child_signal(pid_t pid, int number); /* to its whole group */

/* Run to its end, at most 30 s, with output to `log`.  RC_IO with the last of its output when it
 * can't be run or fails. */
enum rc child_run(const char *const *argv, const char *folder, const char *log,
	struct err *e) MUST_USE;

/* "exit status 1", "killed by signal 9". */
const char *child_how(int status, char buf[48]);

#endif
