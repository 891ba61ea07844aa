/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support/program.h"

#include "base/mem.h"
#include "cli/demo/child.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP_MS 20
#define PATHS   ":/usr/local/sbin:/usr/sbin:/sbin" /* where servers live, behind PATH */

static void see_servers(void)
{
	const char *paths = getenv("PATH");
	char more[4096];

	if (paths && strstr(paths, PATHS))
		return;
	snprintf(more, sizeof more, "%s%s", paths ? paths : "/usr/bin:/bin", PATHS);
	setenv("PATH", more, 1);
}

bool program_exists(const char *name)
{
	char paths[4096], path[4096 + 64], *save = NULL;

	see_servers();
	snprintf(paths, sizeof paths, "%s", getenv("PATH"));
	for (char *dir = strtok_r(paths, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		snprintf(path, sizeof path, "%s/%s", dir, name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static bool accepts(const char *address, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_up;

	must(fd >= 0 && inet_pton(AF_INET, address, &to.sin_addr) == 1);
	is_up = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
	close(fd);
	return is_up;
}

bool program_answers(const char *address, uint16_t port, int ms)
{
	for (int waited = 0; !accepts(address, port); waited += STEP_MS) {
		if (waited >= ms)
			return false;
		usleep(STEP_MS * 1000);
	}
	return true;
}

void program_launch(struct program *p, const char *const argv[], const char *log)
{
	see_servers();
	must(child_start(argv, "/", log ? log : "/dev/null", &p->pid, NULL) == RC_OK);
}

void program_start(struct program *p, char *const argv[], uint16_t port)
{
	program_launch(p, (const char *const *)argv, NULL);
	must(program_answers("127.0.0.1", port, PROGRAM_PATIENCE_MS));
}

bool program_ended(struct program *p)
{
	int status;

	if (p->pid && child_is_over(p->pid, &status))
		p->pid = 0;
	return !p->pid;
}

bool program_finish(struct program *p)
{
	int status = 0;

	if (!p->pid)
		return false;
	child_signal(p->pid, SIGTERM);
	for (int waited = 0; waited < PROGRAM_PATIENCE_MS; waited += STEP_MS) {
		if (child_is_over(p->pid, &status)) {
			p->pid = 0;
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		}
		usleep(STEP_MS * 1000);
	}
	return false;
}

void program_stop(struct program *p)
{
	(void)program_finish(p); /* servers of others end with whatever status they like */
	program_kill(p);
}

void program_kill(struct program *p)
{
	if (!p->pid)
		return;
	child_signal(p->pid, SIGKILL);
	must(waitpid(p->pid, NULL, 0) == p->pid);
	p->pid = 0;
}
