/* SPDX-License-Identifier: Apache-2.0 */
#include "port/git/git.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/diarchy-git-XXXXXX", file[64], ran[64];
static char commit[64], summary[128];

static int run(const char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

#define RUN(...) run((const char *[]){ __VA_ARGS__, NULL })
#define GIT(...) \
	RUN("git", "-C", folder, "-c", "user.name=Ana", "-c", "user.email=a@b", __VA_ARGS__)

static int make_repo(void **state)
{
	FILE *f;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/lab.yaml", folder);
	snprintf(ran, sizeof ran, "%s/ran", folder);
	f = fopen(file, "w");
	if (!f || fputs("lab: home\n", f) < 0 || fclose(f) != 0)
		return -1;
	return GIT("init", "-q") || GIT("add", "lab.yaml") || GIT("commit", "-qm", "raise memory");
}

static int remove_repo(void **state)
{
	(void)state;
	return RUN("rm", "-rf", folder);
}

static void take(void *ctx, const struct git_head *head)
{
	(void)ctx;
	snprintf(commit, sizeof commit, "%s", head->commit ? head->commit : "");
	snprintf(summary, sizeof summary, "%s", head->summary ? head->summary : "");
}

static void ask(void)
{
	uv_loop_t loop;

	commit[0] = summary[0] = '\0';
	assert_int_equal(uv_loop_init(&loop), 0);
	git_head_of(&loop, file, take, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void the_newest_commit_of_the_file_is_known(void **state)
{
	(void)state;
	ask();
	assert_int_equal(strlen(commit), 40);
	assert_string_equal(summary, "raise memory");
}

static void no_zombie_is_left_behind(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		ask();
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* there is no child */
	assert_int_equal(errno, ECHILD);
}

/* As the systemd unit runs: a user of its own, and a repo that root checked out. */
static void a_repo_that_belongs_to_somebody_else_is_read(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* nothing can be given away */
	assert_int_equal(RUN("chown", "-R", "65534", folder), 0);
	ask();
	assert_int_equal(strlen(commit), 40);
}

/* Signs whatever it is asked to, and leaves a trace; so it would if it were asked to verify. */
static void write_signer(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f,
		"#!/bin/sh\ncat >/dev/null\ntouch %s\necho '[GNUPG:] SIG_CREATED ' >&2\n"
		"echo '-----BEGIN PGP SIGNATURE-----'; echo; echo x\n"
		"echo '-----END PGP SIGNATURE-----'\n",
		ran);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(RUN("chmod", "+x", path), 0);
}

static void what_its_configuration_names_is_not_run(void **state)
{
	char signer[80];

	(void)state;
	snprintf(signer, sizeof signer, "%s/signer", folder);
	write_signer(signer);
	assert_int_equal(GIT("config", "gpg.program", signer), 0);
	assert_int_equal(GIT("config", "log.showSignature", "true"), 0);
	assert_int_equal(GIT("commit", "-q", "--amend", "-S", "-m", "signed"), 0);
	assert_int_equal(unlink(ran), 0);
	ask();
	assert_string_equal(summary, "signed");
	assert_int_not_equal(access(ran, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_commit_of_the_file_is_known),
		cmocka_unit_test(no_zombie_is_left_behind),
		cmocka_unit_test(what_its_configuration_names_is_not_run),
		cmocka_unit_test(a_repo_that_belongs_to_somebody_else_is_read),
	};

	return cmocka_run_group_tests(tests, make_repo, remove_repo);
}
