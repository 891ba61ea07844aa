/* SPDX-License-Identifier: Apache-2.0 */
/* program: a program that a test starts, waits for, and ends. */
#ifndef TEST_SUPPORT_PROGRAM_H
#define TEST_SUPPORT_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROGRAM_PATIENCE_MS 120000

struct program {
	pid_t pid; /* 0: not running */
};

bool program_exists(const char *name); /* on PATH, or where servers live */
/* Starts `argv` with output to the end of the file `log`, or discarded if that is NULL.  It dies
 * with the test at the latest. */
void program_launch(struct program *p, const char *const argv[], const char *log);
/* The same, output discarded, and waits until 127.0.0.1:port accepts connections. */
void program_start(struct program *p, char *const argv[], uint16_t port);
/* True if it has ended by itself. */
bool program_ended(struct program *p);
/* SIGTERM; true when that ended it with status 0 within PROGRAM_PATIENCE_MS.  False, too, when it
 * had ended before. */
bool program_finish(struct program *p);
/* SIGTERM, and SIGKILL if that is no use; nothing when it isn't running. */
void program_stop(struct program *p);
void program_kill(struct program *p); /* SIGKILL to it and its children */

/* A connection to a numeric IPv4 address and port, tried until it is accepted; false when it wasn't
 * within `ms`. */
bool program_answers(const char *address, uint16_t port, int ms);

#endif
