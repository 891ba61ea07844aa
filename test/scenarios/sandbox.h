/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: namespaces of one test: users (unless root), mounts, processes and networks.
 *
 * Nothing that happens inside can be seen from outside or outlive the test, however it ends: the
 * kernel kills the processes with the first of them, and what they held goes with them.
 */
#ifndef TEST_SCENARIOS_SANDBOX_H
#define TEST_SCENARIOS_SANDBOX_H

#define SANDBOX_SKIP 77 /* what Meson takes for "skipped" */

/* Runs `inside` as the first process of its own namespaces, in a new folder in memory that is its
 * working directory, and returns what it returned.  Where they can't be had: says why on standard
 * output and returns SANDBOX_SKIP. */
int sandbox_run(int (*inside)(void));

/* Says that this test can't run here, and why; returns SANDBOX_SKIP. */
int sandbox_skip(const char *why);

#endif
