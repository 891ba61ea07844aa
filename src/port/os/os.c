/* SPDX-License-Identifier: Apache-2.0 */
#include "port/os/os.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void os_random(void *ctx, void *bytes, size_t n)
{
	char *at = bytes;

	(void)ctx;
	while (n) {
		ssize_t got = getrandom(at, n, 0);

		must(got > 0 || errno == EINTR);
		at += got > 0 ? got : 0;
		n -= got > 0 ? (size_t)got : 0;
	}
}

static enum rc read_proc(const char *path, char *ret, size_t size, struct err *e)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(ret, 1, size - 1, f) : 0;
	int why = errno;

	if (f)
		fclose(f);
	if (n == 0)
		return err_errno(e, RC_IO, why, "reading %s", path);
	ret[n] = '\0';
	return RC_OK;
}

/* proc_pid_stat(5): utime is field 14, stime 15, starttime 22, vsize 23, rss 24; the name in field
 * 2 may hold anything, so fields count from the last bracket. */
static enum rc read_stat(struct os_usage *u, uint64_t *ret_start_ticks, struct err *e)
{
	uint64_t user, system, pages, ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	char text[1024];
	const char *at;
	enum rc rc = read_proc("/proc/self/stat", text, sizeof text, e);

	if (rc != RC_OK)
		return rc;
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1,
			   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			   " %*d %*d %*d %*d %*d %*d %" SCNu64 " %" SCNu64 " %" SCNu64,
			   &user, &system, ret_start_ticks, &u->virtual_bytes, &pages) != 5)
		return err_set(e, RC_IO, "/proc/self/stat isn't as proc(5) says");
	u->cpu_seconds = (double)(user + system) / (double)ticks;
	u->resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return RC_OK;
}

/* Ticks count from the boot, whose time is that of CLOCK_BOOTTIME ago. */
static struct wall start_of(uint64_t start_ticks)
{
	int64_t ticks = sysconf(_SC_CLK_TCK), age_ms;
	struct timespec boot, wall;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	age_ms = boot.tv_sec * 1000 + boot.tv_nsec / 1000000 - (int64_t)start_ticks * 1000 / ticks;
	return (struct wall){ wall.tv_sec * 1000 + wall.tv_nsec / 1000000 - age_ms };
}

static enum rc count_fds(uint32_t *ret, struct err *e)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t n = 0;

	if (!d)
		return err_errno(e, RC_IO, errno, "reading /proc/self/fd");
	for (const struct dirent *entry; (entry = readdir(d));)
		n += entry->d_name[0] != '.';
	closedir(d);
	*ret = n - 1; /* the one that we looked with */
	return RC_OK;
}

enum rc os_usage(struct os_usage *ret, struct err *e)
{
	struct os_usage u = { 0 };
	struct rlimit fds = { 0 };
	uint64_t start_ticks;
	enum rc rc = read_stat(&u, &start_ticks, e);

	if (rc == RC_OK)
		rc = count_fds(&u.open_fds, e);
	if (rc != RC_OK)
		return rc;
	getrlimit(RLIMIT_NOFILE, &fds);
	u.max_fds = fds.rlim_cur;
	u.started = start_of(start_ticks);
	*ret = u;
	return RC_OK;
}
