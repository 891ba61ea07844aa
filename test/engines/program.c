/* SPDX-License-Identifier: Apache-2.0 */
#include "test/engines/program.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define PATHS       "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

bool program_exists(const char *name)
{
	char paths[] = PATHS, path[256], *save = NULL;

	for (char *dir = strtok_r(paths, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		snprintf(path, sizeof path, "%s/%s", dir, name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static bool accepts(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_up;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0);
	is_up = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
	close(fd);
	return is_up;
}

void program_start(struct program *p, char *const argv[], uint16_t port)
{
	p->pid = fork();
	must(p->pid >= 0);
	if (p->pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		for (int fd = 0; fd <= 2; fd++)
			dup2(null, fd);
		setenv("PATH", PATHS, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	for (int waited = 0; waited < PATIENCE_MS && !accepts(port); waited += 20)
		usleep(20 * 1000);
	must(accepts(port));
}

void program_stop(struct program *p)
{
	if (!p->pid)
		return;
	kill(p->pid, SIGTERM);
	must(waitpid(p->pid, NULL, 0) == p->pid);
	p->pid = 0;
}
