/* SPDX-License-Identifier: Apache-2.0 */
#include "test/scenarios/sandbox.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET)

static volatile pid_t first; /* the process inside, for the signal handler */

int sandbox_skip(const char *why)
{
	printf("\n"
	       "*** SKIPPED: this scenario did NOT run: %s.\n"
	       "*** It needs Linux namespaces: run it as root, or where users may make them.\n",
		why);
	fflush(stdout);
	return SANDBOX_SKIP;
}

static int cannot(const char *what)
{
	char why[128];

	snprintf(why, sizeof why, "%s: %s", what, strerror(errno));
	return sandbox_skip(why);
}

static bool write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool is_good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return is_good;
}

/* Without root: namespaces in which we are root. */
static bool leave(void)
{
	uid_t user = geteuid();
	gid_t group = getegid();
	char users[32], groups[32];

	if (user == 0)
		return unshare(SPACES) == 0;
	if (unshare(SPACES | CLONE_NEWUSER) != 0)
		return false;
	snprintf(users, sizeof users, "0 %u 1", user);
	snprintf(groups, sizeof groups, "0 %u 1", group);
	return write_line("/proc/self/setgroups", "deny") &&
	       write_line("/proc/self/uid_map", users) && write_line("/proc/self/gid_map", groups);
}

static bool furnish(const char *folder)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("scenario", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") == 0;
}

static void end_first(int number)
{
	(void)number;
	if (first)
		kill(first, SIGKILL);
}

static _Noreturn void be_first(const char *folder, int (*inside)(void))
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	must(chdir(folder) == 0);
	exit(inside());
}

static int wait_for_first(void)
{
	int status;

	while (waitpid(first, &status, 0) != first)
		must(errno == EINTR);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("the scenario was ended by signal %d\n", WTERMSIG(status));
	return 1;
}

int sandbox_run(int (*inside)(void))
{
	char folder[] = "/tmp/diarchy-scenario-XXXXXX";
	struct sigaction sa = { .sa_handler = end_first };
	int result;

	must(mkdtemp(folder) != NULL);
	if (!leave() || !furnish(folder)) {
		result = cannot("namespaces can't be made here");
		rmdir(folder);
		return result;
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	first = fork();
	must(first >= 0);
	if (first == 0)
		be_first(folder, inside);
	result = wait_for_first();
	umount2(folder, MNT_DETACH);
	rmdir(folder);
	return result;
}
