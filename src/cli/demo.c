/* SPDX-License-Identifier: Apache-2.0 */
/* `diarchy demo`: starts a lab, or tells the one that runs what to break.  See demo/README.md. */
#include "cli/demo/demo.h"
#include "cli/command.h"
#include "cli/demo/child.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name, *package;
} programs[] = {
	{ "git", "git" },
	{ "nginx", "nginx-light" },
	{ "dnsmasq", "dnsmasq-base" },
	{ "openssl", "openssl" },
	{ "node", "nodejs" },
};

/* ---- what there has to be */

/* The system's servers are not in everybody's PATH. */
static void widen_path(void)
{
	scoped(str_fini) struct str path = STR_EMPTY;

	str_addf(&path, "%s:/usr/sbin:/sbin:/usr/local/sbin", getenv("PATH") ? getenv("PATH") : "");
	setenv("PATH", str_c(&path), 1);
}

static bool is_in_path(const char *program)
{
	scoped(mem_free) char *copy = must_strdup(getenv("PATH"));
	char *rest = copy, *folder;

	while ((folder = strsep(&rest, ":"))) {
		scoped(str_fini) struct str path = STR_EMPTY;

		str_addf(&path, "%s/%s", folder, program);
		if (*folder && access(str_c(&path), X_OK) == 0)
			return true;
	}
	return false;
}

static enum rc find_programs(bool wants_standin, struct err *e)
{
	scoped(str_fini) struct str names = STR_EMPTY, packages = STR_EMPTY;

	for (size_t i = 0; i < COUNT(programs); i++) {
		bool is_needed = wants_standin || !str_eq(programs[i].name, "node");

		if (!is_needed || is_in_path(programs[i].name))
			continue;
		str_addf(&names, "%s%s", names.len ? ", " : "", programs[i].name);
		str_addf(&packages, " %s", programs[i].package);
	}
	if (!names.len)
		return RC_OK;
	return err_set(e, RC_NOT_FOUND, "the demo needs %s: apt-get install%s", str_c(&names),
		str_c(&packages));
}

static bool holds_example(const char *root)
{
	scoped(str_fini) struct str lab = STR_EMPTY;

	str_addf(&lab, "%s/examples/two-sites/lab.yaml", root);
	return access(str_c(&lab), R_OK) == 0;
}

/* Above the program: the source tree that it was built in, or PREFIX/share/diarchy. */
static enum rc find_root(struct demo *d, struct err *e)
{
	char folder[PATH_MAX];
	char *slash;

	str_copy(folder, sizeof folder, d->self);
	while ((slash = strrchr(folder, '/'))) {
		const char *installed;

		*slash = '\0';
		installed = arena_printf(&d->texts, "%s/share/diarchy", folder);
		d->root = holds_example(folder)      ? arena_strdup(&d->texts, folder)
			  : holds_example(installed) ? installed
						     : NULL;
		if (d->root)
			return RC_OK;
	}
	return err_set(e, RC_NOT_FOUND,
		"the example's files are neither in a folder above %s nor "
		"in share/diarchy beside it",
		d->self);
}

static enum rc find_self(struct demo *d, struct err *e)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	if (n < 0)
		return err_errno(e, RC_IO, errno, "reading /proc/self/exe");
	path[n] = '\0';
	d->self = arena_strdup(&d->texts, path);
	return RC_OK;
}

static bool has_credential(void)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	scoped(str_fini) struct str path = STR_EMPTY;

	if (!folder)
		return false;
	str_addf(&path, "%s/discord-webhook", folder);
	return access(str_c(&path), R_OK) == 0;
}

static bool may_ping(void)
{
	static const int kinds[] = { SOCK_DGRAM, SOCK_RAW };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		int fd = socket(AF_INET, kinds[i] | SOCK_CLOEXEC, IPPROTO_ICMP);

		if (fd >= 0) {
			close(fd);
			return true;
		}
	}
	return false;
}

/* ---- the run */

static void signalled(uv_signal_t *s, int number)
{
	struct demo *d = s->data;

	if (number == SIGCHLD) {
		if (d->is_running)
			world_reap(d);
		return;
	}
	d->is_ending = true;
	uv_stop(&d->loop);
}

static void listen_to_signals(struct demo *d)
{
	static const int numbers[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < COUNT(numbers); i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		d->signals[i].data = d;
		uv_signal_start(&d->signals[i], signalled, numbers[i]);
	}
	signal(SIGPIPE, SIG_IGN);
}

/* Where the children are told to send messages to. */
static void point_at_standin(struct demo *d)
{
	if (d->has_standin)
		setenv(DEMO_VARIABLE,
			arena_printf(&d->texts, "http://%s" DEMO_WEBHOOK,
				world_moved(d, "127.3.1.2:7099")),
			1);
}

static enum rc start_all(struct demo *d, struct err *e)
{
	enum rc rc = find_self(d, e);

	widen_path();
	if (rc == RC_OK)
		rc = find_root(d, e);
	if (rc == RC_OK)
		rc = find_programs(d->has_standin, e);
	if (rc == RC_OK)
		rc = world_find_ports(d, e);
	if (rc == RC_OK)
		rc = prepare_lab(d, e);
	if (rc != RC_OK)
		return rc;
	point_at_standin(d);
	world_name(d);
	rc = world_start(d, e);
	return rc == RC_OK ? control_begin(d, e) : rc;
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void end_all(struct demo *d)
{
	d->is_ending = true;
	control_end(d);
	story_end(d);
	world_end(d);
	prepare_undo(d);
	/* Twice: what closes in the first round frees what its handles belong to. */
	uv_run(&d->loop, UV_RUN_NOWAIT);
	uv_walk(&d->loop, close_handle, NULL);
	while (uv_run(&d->loop, UV_RUN_NOWAIT))
		;
	uv_loop_close(&d->loop);
}

static enum rc run(struct demo *d, struct err *e)
{
	enum rc rc;

	uv_loop_init(&d->loop);
	listen_to_signals(d);
	rc = start_all(d, e);
	if (rc == RC_OK) {
		story_begin(d);
		page_welcome(d);
		d->is_running = true;
		world_reap(d);
		uv_run(&d->loop, UV_RUN_DEFAULT);
		story_tell(d, STYLE_STRONG, "demo", "ending it all");
	} else if (d->is_ending) {
		rc = RC_OK; /* interrupted: nothing to report */
	}
	end_all(d);
	if (rc == RC_OK && d->keeps_folder)
		story_tell(d, STYLE_STRONG, "demo", "everything that was written is in %s",
			d->folder);
	return rc;
}

static enum rc tell_running(struct call *c, struct err *e)
{
	scoped(str_fini) struct str line = STR_EMPTY, answer = STR_EMPTY;
	enum rc rc;

	for (uint32_t i = 0; i < c->n_arguments; i++)
		str_addf(&line, "%s%s", i ? " " : "", c->arguments[i]);
	rc = control_ask(str_c(&line), &answer, e);
	str_add(&c->page.out, str_c(&answer));
	return rc;
}

enum rc command_demo(struct call *c, struct err *e)
{
	struct demo d = { .page = { .term = c->page.term }, .mood = "429" };
	const char *webhook = getenv(DEMO_VARIABLE);
	enum rc rc;

	if (c->n_arguments > 0)
		return tell_running(c, e);
	d.keeps_folder = call_option(c, demo, keep);
	d.has_credential = has_credential();
	d.has_standin = !d.has_credential && !(webhook && *webhook);
	d.has_ping = may_ping();
	rc = run(&d, e);
	page_fini(&d.page);
	arena_fini(&d.texts);
	return rc;
}
