/* SPDX-License-Identifier: Apache-2.0 */
/* program: a server that a test starts, waits for, and stops. */
#ifndef TEST_ENGINES_PROGRAM_H
#define TEST_ENGINES_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct program {
	pid_t pid; /* 0: not running */
};

bool program_exists(const char *name); /* on PATH, or where servers live */
/* Starts `argv`, output discarded, and waits until 127.0.0.1:port accepts connections. */
void program_start(struct program *p, char *const argv[], uint16_t port);
void program_stop(struct program *p);

#endif
