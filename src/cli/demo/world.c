/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/demo/caller.h"
#include "cli/demo/child.h"
#include "cli/demo/demo.h"
#include "cli/demo/errand.h"
#include "port/files/files.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define START_MS   15000 /* until everything listens */
#define STEP_MS    10
#define END_MS     2000 /* for sites and watcher to stop in order */
#define JOB_MS     8000 /* heartbeats come so often; lab.yaml wants them every 10 s */
#define TAIL_LINES 12
#define WORDS_MAX  16

typedef void runner(struct demo *d, enum child_id id);
static runner run_standin, run_watcher, run_speaker, run_nginx, run_dnsmasq, run_site;

static const struct {
	const char *name, *address, *text;
	enum place place;
	runner *run;
} rows[CHILDREN] = {
#define CHILD(symbol, name, place, host, run, address, text) \
	[CHILD_##symbol] = { name, address, text, place, run },
#include "cli/demo/children.def"
};

/* What callers from elsewhere use: the address, the server behind it, and where that stands. */
static const struct {
	const char *address, *server;
	enum place place;
	int kind;
} gates[DEMO_GATES] = {
	{ "127.1.1.1:7443", "127.1.0.1:7443", DUBLIN, GATE_LINK },
	{ "127.1.1.1:7081", "127.1.0.10:7081", DUBLIN, GATE_WAY },
	{ "127.1.1.1:7444", "127.1.0.10:7444", DUBLIN, GATE_WAY },
	{ "127.1.1.1:7022", "127.1.0.254:7022", DUBLIN, GATE_WAY },
	{ "127.2.1.1:7443", "127.2.0.1:7443", MUMBAI, GATE_LINK },
	{ "127.2.1.1:7081", "127.2.0.10:7081", MUMBAI, GATE_WAY },
	{ "127.2.1.1:7022", "127.2.0.254:7022", MUMBAI, GATE_WAY },
	{ "127.3.1.1:7090", "127.3.0.1:7090", OUTSIDE, GATE_WAY },
	{ "127.3.1.2:7099", "127.3.0.2:7099", OUTSIDE, GATE_EGRESS },
};

/* Listened at, but by no row's address. */
static const char *const more_addresses[] = { "127.1.0.1:7443", "127.2.0.1:7443" };

/* ---- ports */

/* All ports of the example are 7000 to 7999, behind a ':' or a '='. */
const char *world_moved(struct demo *d, const char *text)
{
	scoped(str_fini) struct str out = STR_EMPTY;

	for (const char *at = text; *at; at++) {
		bool begins = at > text && strchr(":=", at[-1]);

		if (begins && strspn(at, "0123456789") == 4 && *at == '7') {
			str_addf(&out, "%d", atoi(at) + d->shift);
			at += 3;
		} else {
			str_addc(&out, *at);
		}
	}
	return arena_strdup(&d->texts, str_c(&out));
}

const char *world_address(const struct demo *d, enum child_id child)
{
	return d->children[child].address;
}

static enum place caller_of(void *ctx, const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	const struct demo_gate *g = ctx;
	const struct child *children = g->demo->children;
	pid_t pids[HOMES] = { [DUBLIN] = children[CHILD_DUBLIN].pid,
		[MUMBAI] = children[CHILD_MUMBAI].pid };
	int at = caller_find(from, to, pids, HOMES);

	return at < 0 ? OUTSIDE : (enum place)at;
}

static bool way_is_open(void *ctx, enum place from, enum place to)
{
	return !broken_way(ctx, from, to);
}

static enum rc open_gates(struct demo *d, struct err *e)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < DEMO_GATES && rc == RC_OK; i++) {
		struct gate_setup setup = { .loop = &d->loop,
			.place = gates[i].place,
			.address = world_moved(d, gates[i].address),
			.server = world_moved(d, gates[i].server),
			.ctx = &d->gates[i],
			.caller = caller_of,
			.is_open = way_is_open };

		d->gates[i] = (struct demo_gate){ .demo = d, .kind = gates[i].kind };
		rc = gate_open(&d->gates[i].gate, &setup, e);
	}
	return rc;
}

static void close_gates(struct demo *d)
{
	for (size_t i = 0; i < DEMO_GATES; i++) {
		gate_close(d->gates[i].gate);
		d->gates[i].gate = NULL;
	}
}

static bool parse(const char *address, struct sockaddr_in *ret)
{
	const char *colon = strrchr(address, ':');
	char host[64];

	if (!colon || (size_t)(colon - address) >= sizeof host)
		return false;
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	return uv_ip4_addr(host, atoi(colon + 1), ret) == 0;
}

static enum rc try_address(struct demo *d, const char *address, struct err *e)
{
	const char *moved = world_moved(d, address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
	struct sockaddr_in sin = { 0 };
	bool is_free;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	is_free = parse(moved, &sin) && bind(fd, (struct sockaddr *)&sin, sizeof sin) == 0 &&
		  listen(fd, 1) == 0;
	if (!is_free)
		err_errno(e, RC_CONFLICT, errno, "%s", moved);
	close(fd);
	return is_free ? RC_OK : RC_CONFLICT;
}

static enum rc try_ports(struct demo *d, struct err *e)
{
	enum rc rc = open_gates(d, e);

	for (size_t i = 0; i < CHILDREN && rc == RC_OK; i++)
		rc = try_address(d, rows[i].address, e);
	for (size_t i = 0; i < COUNT(more_addresses) && rc == RC_OK; i++)
		rc = try_address(d, more_addresses[i], e);
	return rc;
}

enum rc world_find_ports(struct demo *d, struct err *e)
{
	enum rc rc = RC_CONFLICT;

	for (int i = 0; i < DEMO_SHIFTS && rc == RC_CONFLICT; i++) {
		d->shift = i * DEMO_SHIFT;
		rc = try_ports(d, e);
		if (rc != RC_OK)
			close_gates(d);
	}
	return rc == RC_OK ? rc : err_in(e, rc, "no free ports for a demo");
}

/* ---- what is started, and how */

static void set_argv(struct demo *d, enum child_id id, ...)
{
	const char **argv = arena_alloc(&d->texts, (WORDS_MAX + 1) * sizeof *argv);
	va_list ap;
	size_t n = 0;

	va_start(ap, id);
	while (n < WORDS_MAX && (argv[n] = va_arg(ap, const char *)))
		n++;
	va_end(ap);
	d->children[id].argv = argv;
}

static const char *in_folder(struct demo *d, const char *folder, enum child_id id, const char *end)
{
	return arena_printf(&d->texts, "%s/%s/%s%s", d->folder, folder, rows[id].name, end);
}

static const char *lab_path(struct demo *d)
{
	return arena_printf(&d->texts, "%s/lab/lab.yaml", d->folder);
}

static void run_standin(struct demo *d, enum child_id id)
{
	const char *address = d->children[id].address, *colon = strrchr(address, ':');

	set_argv(d, id, "node", arena_printf(&d->texts, "%s/test/standin/discord.mjs", d->root),
		"--host", arena_strndup(&d->texts, address, (size_t)(colon - address)), "--port",
		colon + 1, "--webhook", DEMO_WEBHOOK_ID, NULL);
}

static void run_watcher(struct demo *d, enum child_id id)
{
	set_argv(d, id, d->self, "watch", "--lab", lab_path(d), "--key",
		in_folder(d, "keys", id, ""), "--state", in_folder(d, "state", id, ""), NULL);
}

static void run_site(struct demo *d, enum child_id id)
{
	set_argv(d, id, d->self, "serve", "--lab", lab_path(d), "--key",
		in_folder(d, "keys", id, ""), "--state", in_folder(d, "state", id, ""), NULL);
}

static void run_speaker(struct demo *d, enum child_id id)
{
	set_argv(d, id, d->self, "speak", d->children[id].address, rows[id].text, NULL);
}

static void run_nginx(struct demo *d, enum child_id id)
{
	set_argv(d, id, "nginx", "-p", in_folder(d, "run", id, "/"), "-e", "stderr", "-c",
		in_folder(d, "services", id, ".conf"), "-g", "daemon off; master_process off;",
		NULL);
}

static void run_dnsmasq(struct demo *d, enum child_id id)
{
	set_argv(d, id, "dnsmasq", "-C", in_folder(d, "services", id, ".conf"), NULL);
}

void world_name(struct demo *d)
{
	for (enum child_id id = 0; id < CHILDREN; id++) {
		d->children[id].address = world_moved(d, rows[id].address);
		d->children[id].log = in_folder(d, "log", id, "");
		rows[id].run(d, id);
	}
}

static enum rc start(struct demo *d, enum child_id id, struct err *e)
{
	struct child *c = &d->children[id];

	if (id == CHILD_STANDIN && !d->has_standin)
		return RC_OK;
	c->is_wanted = true;
	return child_start(c->argv, d->folder, c->log, &c->pid, e);
}

/* ---- the start */

static bool listens(const char *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sin = { 0 };
	bool is_there = parse(address, &sin) && connect(fd, (struct sockaddr *)&sin, sizeof sin) ==
							0; /* loopback: at once */

	close(fd);
	return is_there;
}

static void add_tail(struct str *text, const char *path)
{
	scoped(str_fini) struct str log = STR_EMPTY;
	const char *at;
	int lines = 0;

	if (file_read(path, 1 << 20, &log, NULL) != RC_OK || !log.len)
		return;
	for (at = log.s + log.len - 1; at > log.s; at--)
		if (at[-1] == '\n' && ++lines == TAIL_LINES)
			break;
	str_addf(text, "\n%s", at);
}

static enum rc not_started(const struct demo *d, enum child_id id, const char *why, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	str_addf(&text, "%s did not start: %s; the end of its log:", rows[id].name, why);
	add_tail(&text, d->children[id].log);
	return err_set(e, RC_IO, "%s", str_c(&text));
}

static enum rc wait_for(struct demo *d, enum child_id id, struct err *e)
{
	struct child *c = &d->children[id];
	char how[48];
	int status;

	for (int ms = 0; c->pid && !listens(c->address); ms += STEP_MS) {
		if (child_is_over(c->pid, &status)) {
			c->pid = 0;
			return not_started(d, id, child_how(status, how), e);
		}
		if (ms > START_MS)
			return not_started(d, id, "it does not listen", e);
		uv_run(&d->loop, UV_RUN_NOWAIT); /* gates, signals */
		if (d->is_ending)
			return err_set(e, RC_REFUSED, "interrupted");
		poll(NULL, 0, STEP_MS);
	}
	return RC_OK;
}

/* Sites last, so that they find everything in place. */
static bool is_in_wave(enum child_id id, int wave)
{
	return (rows[id].run == run_site) == (wave == 1);
}

static enum rc start_wave(struct demo *d, int wave, struct err *e)
{
	enum rc rc = RC_OK;

	for (enum child_id id = 0; id < CHILDREN && rc == RC_OK; id++)
		if (is_in_wave(id, wave))
			rc = start(d, id, e);
	for (enum child_id id = 0; id < CHILDREN && rc == RC_OK; id++)
		if (is_in_wave(id, wave))
			rc = wait_for(d, id, e);
	return rc;
}

/* ---- jobs */

static void job_runs(uv_timer_t *t)
{
	struct job *job = t->data;
	struct errand_ears ears = { 0 }; /* if the site is away, the site says so itself */

	if (!broken_job(job->demo, job))
		errand_start(&job->demo->loop, world_address(job->demo, job->site), job->path, "",
			&ears);
}

static void start_jobs(struct demo *d)
{
	d->jobs[0] = (struct job){ .demo = d, .path = "/heartbeat/backup", .site = CHILD_DUBLIN };
	d->jobs[1] =
		(struct job){ .demo = d, .path = "/heartbeat/photo-export", .site = CHILD_MUMBAI };
	for (size_t i = 0; i < COUNT(d->jobs); i++) {
		uv_timer_init(&d->loop, &d->jobs[i].timer);
		d->jobs[i].timer.data = &d->jobs[i];
		uv_timer_start(&d->jobs[i].timer, job_runs, 0, JOB_MS);
	}
}

enum rc world_start(struct demo *d, struct err *e)
{
	enum rc rc = start_wave(d, 0, e);

	if (rc == RC_OK)
		rc = start_wave(d, 1, e);
	if (rc == RC_OK)
		start_jobs(d);
	return rc;
}

/* ---- while it runs */

static void settle_one(struct demo *d, enum child_id id)
{
	struct child *c = &d->children[id];
	struct err e = { 0 };

	c->is_wanted = !broken_child(d, id);
	if (c->pid && !c->is_wanted)
		child_signal(c->pid, SIGKILL);
	else if (!c->pid && c->is_wanted && start(d, id, &e) != RC_OK)
		story_tell(d, STYLE_BAD, "demo", "%s", e.text);
}

void world_settle(struct demo *d)
{
	for (enum child_id id = 0; id < CHILDREN; id++)
		settle_one(d, id);
}

void world_restart(struct demo *d, enum child_id child)
{
	if (d->children[child].pid)
		child_signal(d->children[child].pid, SIGKILL); /* started again when it is reaped */
	d->children[child].is_restarting = true;
}

static void ended(struct demo *d, enum child_id id, int status)
{
	struct child *c = &d->children[id];
	char how[48];

	c->pid = 0;
	if (d->is_ending || !d->is_running)
		return;
	if (c->is_wanted && !c->is_restarting)
		story_tell(d, STYLE_STRONG, "demo",
			"%s has ended by itself: %s; key 0 mends it, too", rows[id].name,
			child_how(status, how));
	else if (c->is_wanted)
		settle_one(d, id);
	c->is_restarting = false;
}

void world_reap(struct demo *d)
{
	int status;

	for (enum child_id id = 0; id < CHILDREN; id++)
		if (d->children[id].pid && child_is_over(d->children[id].pid, &status))
			ended(d, id, status);
}

/* ---- the end */

static bool all_over(struct demo *d)
{
	world_reap(d);
	for (enum child_id id = 0; id < CHILDREN; id++)
		if (d->children[id].pid)
			return false;
	return true;
}

static bool has_state(enum child_id id)
{
	return rows[id].run == run_site || rows[id].run == run_watcher;
}

void world_end(struct demo *d)
{
	for (enum child_id id = 0; id < CHILDREN; id++)
		if (d->children[id].pid)
			child_signal(d->children[id].pid, has_state(id) ? SIGTERM : SIGKILL);
	for (int ms = 0; !all_over(d) && ms < END_MS; ms += STEP_MS)
		poll(NULL, 0, STEP_MS);
	for (enum child_id id = 0; id < CHILDREN; id++)
		if (d->children[id].pid)
			child_signal(d->children[id].pid, SIGKILL);
	while (!all_over(d))
		poll(NULL, 0, STEP_MS);
	for (size_t i = 0; i < COUNT(d->jobs); i++)
		if (d->jobs[i].demo)
			uv_close((uv_handle_t *)&d->jobs[i].timer, NULL);
	close_gates(d);
}
