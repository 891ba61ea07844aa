/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo/caller.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* proc(5), /proc/net/tcp: "sl local rem st tx:rx tr:when retrnsmt uid timeout inode"; addresses are
 * the bytes as they are on the wire, printed as a number of this machine.  Both ends are compared:
 * connections to different servers may share a port of the client's. */
static unsigned long find_inode(const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	FILE *f = fopen("/proc/net/tcp", "re");
	char line[512];
	unsigned near, near_port, far, far_port;
	unsigned long inode, found = 0;

	if (!f)
		return 0;
	while (!found && fgets(line, sizeof line, f)) {
		if (sscanf(line, " %*d: %8X:%4X %8X:%4X %*2X %*8X:%*8X %*2X:%*8X %*8X %*u %*u %lu",
			    &near, &near_port, &far, &far_port, &inode) != 5)
			continue;
		if (near == from->sin_addr.s_addr && near_port == ntohs(from->sin_port) &&
			far == to->sin_addr.s_addr && far_port == ntohs(to->sin_port))
			found = inode;
	}
	fclose(f);
	return found;
}

static bool holds(pid_t pid, const char *socket)
{
	char path[PATH_MAX], target[64];
	const struct dirent *entry;
	bool is_found = false;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!is_found && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		is_found = strcmp(target, socket) == 0;
	}
	closedir(dir);
	return is_found;
}

int caller_find(const struct sockaddr_in *from, const struct sockaddr_in *to, const pid_t *pids,
	int n)
{
	unsigned long inode = find_inode(from, to);
	char socket[64];

	snprintf(socket, sizeof socket, "socket:[%lu]", inode);
	for (int i = 0; inode && i < n; i++)
		if (pids[i] > 0 && holds(pids[i], socket))
			return i;
	return -1;
}
