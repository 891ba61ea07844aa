/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo/child.h"

#include "base/str.h"
#include "port/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_MS      30000
#define RUN_STEP_MS 5
#define TAIL_BYTES  300
#define LOG_MAX     1048576

/* Between fork() and exec(): only what is safe in a process that had threads. */
static _Noreturn void become(const char *const *argv, const char *folder, int log, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127); /* it died before we could ask to be told */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (chdir(folder) != 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
		dup2(log, STDERR_FILENO) < 0)
		_exit(127);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

enum rc child_start(const char *const *argv, const char *folder, const char *log, pid_t *ret,
	struct err *e)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t parent = getpid(), pid;

	if (fd < 0)
		return err_errno(e, RC_IO, errno, "opening %s", log);
	pid = fork();
	if (pid == 0)
		become(argv, folder, fd, parent);
	close(fd);
	if (pid < 0)
		return err_errno(e, RC_IO, errno, "starting %s", argv[0]);
	setpgid(pid, pid); /* whoever is first */
	*ret = pid;
	return RC_OK;
}

bool child_is_over(pid_t pid, int *ret_status)
{
	return waitpid(pid, ret_status, WNOHANG) == pid;
}

void child_signal(pid_t pid, int number)
{
	kill(-pid, number);
}

const char *child_how(int status, char buf[48])
{
	if (WIFSIGNALED(status))
		snprintf(buf, 48, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(buf, 48, "exit status %d", WEXITSTATUS(status));
	return buf;
}

static enum rc failed(const char *program, int status, const char *log, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char how[48];
	size_t skip;

	if (file_read(log, LOG_MAX, &text, NULL) != RC_OK)
		str_clear(&text);
	while (text.len && text.s[text.len - 1] == '\n')
		text.s[--text.len] = '\0';
	skip = text.len > TAIL_BYTES ? text.len - TAIL_BYTES : 0;
	return err_set(e, RC_IO, "%s: %s: %s", program, child_how(status, how),
		str_c(&text) + skip);
}

enum rc child_run(const char *const *argv, const char *folder, const char *log, struct err *e)
{
	int status = 0;
	pid_t pid;
	enum rc rc = child_start(argv, folder, log, &pid, e);

	if (rc != RC_OK)
		return rc;
	for (int ms = 0; !child_is_over(pid, &status); ms += RUN_STEP_MS) {
		if (ms >= RUN_MS)
			child_signal(pid, SIGKILL);
		usleep(RUN_STEP_MS * 1000);
	}
	return status == 0 ? RC_OK : failed(argv[0], status, log, e);
}
