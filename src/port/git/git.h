/* SPDX-License-Identifier: Apache-2.0 */
/*
 * git: what the lab's repo says of lab.yaml's newest commit, by running git (argv, no shell).
 *
 * Only reads, only the head; a folder that isn't a repo is no error.
 */
#ifndef PORT_GIT_GIT_H
#define PORT_GIT_GIT_H

#include <uv.h>

#define GIT_TIMEOUT_MS 5000
#define GIT_ANSWER_MAX 2048

struct git_head { /* NULL: not known */
	const char *commit, *author, *summary;
};

/* Takes "COMMIT US AUTHOR US SUMMARY" apart, where US is the ASCII unit separator: `text` is
 * written into, and `ret` points into it.  All NULL when it isn't that.  Authors may write any
 * bytes. */
void git_head_read(char *text, struct git_head *ret);

/* Called once, from the loop; `head` lives during the call. */
typedef void git_done(void *ctx, const struct git_head *head);

/* The newest commit that touched `file` (a path; its folder is where git runs). */
void git_head_of(uv_loop_t *loop, const char *file, git_done *done, void *ctx);

#endif
