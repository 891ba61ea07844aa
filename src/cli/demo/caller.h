/* SPDX-License-Identifier: Apache-2.0 */
/* caller: which of some processes holds the other end of a connection on this machine. */
#ifndef CLI_DEMO_CALLER_H
#define CLI_DEMO_CALLER_H

#include <netinet/in.h>
#include <sys/types.h>

/* Looks for the socket that goes from `from` to `to` in /proc/net/tcp and among the descriptors of
 * `pids` (0: none there).  Its index in `pids`, or -1. */
int caller_find(const struct sockaddr_in *from, const struct sockaddr_in *to, const pid_t *pids,
	int n);

#endif
