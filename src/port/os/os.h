/* SPDX-License-Identifier: Apache-2.0 */
/* os: what the kernel gives every process: random bytes, and what it has used so far. */
#ifndef PORT_OS_OS_H
#define PORT_OS_OS_H

#include "base/err.h"
#include "base/time.h"

#include <stdint.h>

/* From getrandom(2); fit for keys and sessions.  Never returns without.  `ctx` is ignored, so that
 * it can be handed to a core. */
void os_random(void *ctx, void *bytes, size_t n);

struct os_usage { /* of this process, from proc(5) */
	uint64_t resident_bytes, virtual_bytes;
	double cpu_seconds; /* user and system */
	uint32_t open_fds;
	uint64_t max_fds;
	struct wall started;
};
enum rc os_usage(struct os_usage *ret, struct err *e) MUST_USE;

#endif
