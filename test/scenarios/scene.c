/* SPDX-License-Identifier: Apache-2.0 */
#include "test/scenarios/scene.h"

#include "cli/demo/child.h"
#include "port/files/files.h"
#include "port/keys/keys.h"
#include "test/scenarios/await.h"
#include "test/scenarios/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX_BYTES (16 * 1024 * 1024)
#define TAIL_BYTES     6000
#define UP_MS          30000
#define WEBHOOK        "http://10.4.0.1:8080/api/webhooks/1420070400000000003/scenario"

static char *diarchy, *standin, *node, *relay; /* paths */
static char folder[256];                       /* the working directory */
static struct program programs[ROLES];
static bool is_relayed;                 /* between the sites stands a relay */
static char keys[PLACES][KEY_TEXT_MAX]; /* public ones */

/* ---- tools */

int64_t scene_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void scene_sleep(int64_t ms)
{
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) != 0)
		;
}

void scene_sleep_until(int64_t wall_ms)
{
	int64_t ms = wall_ms - scene_now_ms();

	if (ms > 0)
		scene_sleep(ms);
}

/* What both sites say of it. */
static void show_sites(void)
{
	static const enum place sites[] = { DUBLIN, MUMBAI };
	scoped(str_fini) struct str out = STR_EMPTY;

	for (size_t i = 0; i < COUNT(sites); i++) {
		str_addf(&out, "\n---- status, incidents and log at %s\n", place_name(sites[i]));
		COMMAND_AT(sites[i], &out, "status", "--all");
		COMMAND_AT(sites[i], &out, "incidents", "--state", "all");
		COMMAND_AT(sites[i], &out, "log", "--limit", "80");
	}
	fputs(str_c(&out), stdout);
	fflush(stdout);
}

void scene_fail(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	print_error("%s\n", text);
	show_sites();
	_fail(__FILE__, __LINE__);
	abort(); /* not reached: _fail() leaves the test */
}

void scene_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	must(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

void scene_read(const char *path, struct str *ret)
{
	struct err e;

	if (file_read(path, FILE_MAX_BYTES, ret, &e) != RC_OK)
		scene_fail("%s", e.text);
}

static void run_in(const char *where, const char *const *argv)
{
	char log[300];
	struct err e;

	snprintf(log, sizeof log, "%s/log/tools", folder);
	if (child_run(argv, where, log, &e) != RC_OK)
		scene_fail("%s", e.text);
}

void scene_must_run(const char *const *argv)
{
	run_in(folder, argv);
}

/* ---- the repo */

/* git without the user's hooks, signatures and name: this is nobody's repo. */
static void git(const char *where, const char *const *words)
{
	const char *argv[24] = { "git", "-c", "user.name=Ana", "-c", "user.email=ana@home.test",
		"-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null", "-c",
		"init.defaultBranch=main" };
	char path[300];
	size_t n = 11;

	while (*words)
		argv[n++] = *words++;
	snprintf(path, sizeof path, "%s/%s", folder, where);
	run_in(path, argv);
}
#define GIT(where, ...) git(where, (const char *const[]){ __VA_ARGS__, NULL })

static const enum place readers[] = { DUBLIN, MUMBAI, WEBHOST };

static void pull(enum place p)
{
	char path[64];

	snprintf(path, sizeof path, "%s/lab", place_name(p));
	if (access(path, F_OK) != 0)
		GIT(place_name(p), "clone", "--quiet", "../lab", "lab");
	else
		GIT(path, "pull", "--quiet", "--ff-only");
}

static void add_site(struct str *text, enum place p, const char *zone, const char *relayed)
{
	scoped(str_fini) struct str own = STR_EMPTY;

	str_addf(&own, "%s:7443", place_address(p));
	str_addf(text, "  %s: {address: \"%s\", listen: \"%s\", key: \"%s\", timezone: %s}\n",
		place_name(p), is_relayed ? relayed : str_c(&own), str_c(&own), keys[p], zone);
}

static void commit(const char *rest, const char *summary)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	str_add(&text, "lab: home\nsites:\n");
	add_site(&text, DUBLIN, "Europe/Dublin", "10.5.0.1:7441");
	add_site(&text, MUMBAI, "Asia/Kolkata", "10.5.0.1:7442");
	str_addf(&text,
		"watchers:\n  webhost: {url: \"http://10.3.0.1:7090\", key: \"%s\", "
		"listen: \"10.3.0.1:7090\"}\n",
		keys[WEBHOST]);
	str_addf(&text, "notify:\n  discord: {webhook: {file: %s/webhook}}\n%s", folder, rest);
	scene_write("lab/lab.yaml", str_c(&text));
	GIT("lab", "add", "--all");
	GIT("lab", "commit", "--quiet", "--message", summary);
}

void scene_lab_at(enum place p, const char *rest, const char *summary)
{
	commit(rest, summary);
	pull(p);
}

void scene_lab(const char *rest, const char *summary)
{
	commit(rest, summary);
	for (size_t i = 0; i < COUNT(readers); i++)
		pull(readers[i]);
}

/* ---- programs */

/* Paths of libfaketime where the distributions put it. */
static const char *const clock_libraries[] = {
	"/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
	"/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1"
};

static const char *clock_library(void)
{
	for (size_t i = 0; i < COUNT(clock_libraries); i++)
		if (access(clock_libraries[i], R_OK) == 0)
			return clock_libraries[i];
	return NULL;
}

bool scene_can_set_clocks(void)
{
	return clock_library() != NULL;
}

/* Read at every look at the clock, so it has to be whole at any time. */
void scene_set_clock(enum place p, int64_t ahead_s)
{
	char path[300], text[32], fresh[310];

	snprintf(path, sizeof path, "%s/%s/clock", folder, place_name(p));
	snprintf(fresh, sizeof fresh, "%s.new", path);
	snprintf(text, sizeof text, "%+lld\n", (long long)ahead_s);
	scene_write(fresh, text);
	must(rename(fresh, path) == 0);
}

/* A clock of its own, where it has got one; the monotonic one is everybody's.  Returns how many
 * words stand before the program's. */
static size_t add_clock(const char *place, const char *argv[])
{
	static char file[320], library[320];
	const char *const words[] = { "env", library, file, "FAKETIME_NO_CACHE=1",
		"FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1" };

	snprintf(file, sizeof file, "FAKETIME_TIMESTAMP_FILE=%s/%s/clock", folder, place);
	snprintf(library, sizeof library, "LD_PRELOAD=%s", clock_library());
	if (access(strchr(file, '=') + 1, R_OK) != 0)
		return 0;
	memcpy(argv, words, sizeof words);
	return COUNT(words);
}

/* What a site or the watcher is given: its clone, its key, its state. */
static void add_own_files(const char *place, const char *argv[])
{
	static char lab[300], key[300], state[300];

	snprintf(lab, sizeof lab, "%s/%s/lab/lab.yaml", folder, place);
	snprintf(key, sizeof key, "%s/%s/key", folder, place);
	snprintf(state, sizeof state, "%s/%s/state", folder, place);
	argv[2] = "--lab";
	argv[3] = lab;
	argv[4] = "--key";
	argv[5] = key;
	argv[6] = "--state";
	argv[7] = state;
}

static void run_site(const char *place, const char *argv[])
{
	argv += add_clock(place, argv);
	argv[0] = diarchy;
	argv[1] = "serve";
	add_own_files(place, argv);
}

static void run_watcher(const char *place, const char *argv[])
{
	argv[0] = diarchy;
	argv[1] = "watch";
	add_own_files(place, argv);
}

static void run_standin(const char *place, const char *argv[])
{
	(void)place;
	memcpy(argv,
		(const char *[]){ node, standin, "--host", "10.4.0.1", "--port", "8080", NULL },
		7 * sizeof *argv);
}

static const char nginx_conf[] =
	"user root root; daemon off; master_process off; pid nginx.pid; error_log stderr;\n"
	"events { worker_connections 64; }\n"
	"http {\n"
	"  access_log off;\n"
	"  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f;\n"
	"  uwsgi_temp_path u; scgi_temp_path s;\n"
	"  server { listen 10.2.1.10:80; listen 10.2.1.10:81; listen 10.2.1.10:82;\n"
	"    location / { return 200 pong; } }\n"
	"}\n";

static void run_nginx(const char *place, const char *argv[])
{
	static char where[300];

	(void)place;
	scene_write("nas/nginx.conf", nginx_conf);
	snprintf(where, sizeof where, "%s/nas/", folder);
	memcpy(argv,
		(const char *[]){ "nginx", "-p", where, "-e", "stderr", "-c", "nginx.conf", NULL },
		8 * sizeof *argv);
}

static void run_dnsmasq(const char *place, const char *argv[])
{
	static char conf[300];

	(void)place;
	snprintf(conf, sizeof conf, "--conf-file=%s/nas/dnsmasq.conf", folder);
	memcpy(argv,
		(const char *[]){ "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts",
			"--listen-address=10.2.1.10", "--bind-interfaces", "--user=root",
			"--pid-file=", "--log-facility=-", "--local=/lan/", conf, NULL },
		12 * sizeof *argv);
}

static void run_relay(const char *place, const char *argv[])
{
	(void)place;
	memcpy(argv,
		(const char *[]){ relay, "10.5.0.1:7441", "10.1.0.1:7443", "10.5.0.1:7442",
			"10.2.0.1:7443", NULL },
		6 * sizeof *argv);
}

static void run_openssl(const char *place, const char *argv[])
{
	static char cert[300], key[300];

	(void)place;
	snprintf(cert, sizeof cert, "%s/nas/cert.pem", folder);
	snprintf(key, sizeof key, "%s/nas/key.pem", folder);
	memcpy(argv,
		(const char *[]){ "openssl", "s_server", "-accept", "10.2.1.10:443", "-quiet",
			"-cert", cert, "-key", key, NULL },
		10 * sizeof *argv);
}

static const struct {
	const char *name;
	enum place place;
	uint16_t port;
	void (*run)(const char *place, const char *argv[]);
} roles[] = {
#define ROLE(symbol, ...) [symbol] = { __VA_ARGS__ },
#include "test/scenarios/roles.def"
};

static bool listens(enum role r, int ms)
{
	AT(roles[r].place);
	return program_answers(place_address(roles[r].place), roles[r].port, ms);
}

static void launch(enum role r)
{
	const char *argv[24] = { 0 };
	char log[300];

	AT(roles[r].place);
	must(!programs[r].pid);
	roles[r].run(place_name(roles[r].place), argv);
	snprintf(log, sizeof log, "%s/log/%s", folder, roles[r].name);
	program_launch(&programs[r], argv, log);
}

static void await_port(enum role r)
{
	for (int i = 0; !listens(r, 100); i++)
		if (program_ended(&programs[r]) || i > UP_MS / 100)
			scene_fail("%s doesn't listen", roles[r].name);
}

void scene_run(enum role r)
{
	launch(r);
	await_port(r);
}

int64_t scene_kill(enum role r)
{
	int64_t now = scene_now_ms();

	if (program_ended(&programs[r]))
		scene_fail("%s isn't running any more", roles[r].name);
	program_kill(&programs[r]);
	return now;
}

void scene_stop(enum role r)
{
	if (!program_finish(&programs[r]))
		scene_fail("%s doesn't end in an orderly way", roles[r].name);
}

void scene_signal(enum role r, int number)
{
	child_signal(programs[r].pid, number);
}

bool scene_is_running(enum role r)
{
	return !program_ended(&programs[r]);
}

void scene_start(void)
{
	static const enum role all[] = { CHAT, WATCHER, DUBLIN_SITE, MUMBAI_SITE };

	for (size_t i = 0; i < COUNT(all); i++)
		launch(all[i]);
	for (size_t i = 0; i < COUNT(all); i++)
		await_port(all[i]);
	await_link(DUBLIN, "up", UP_MS);
	await_link(MUMBAI, "up", UP_MS);
	await_check(DUBLIN, "watcher:webhost", "ok", UP_MS);
	await_check(MUMBAI, "watcher:webhost", "ok", UP_MS);
}

void scene_far(void)
{
	is_relayed = !net_slow_down(MUMBAI, 140);
	print_message("distance by %s\n", is_relayed ? "a relay" : "netem");
	if (is_relayed)
		scene_run(RELAY);
}

/* ---- commands */

static void read_all(int fd, struct str *ret)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		if (ret)
			str_addn(ret, bytes, (size_t)n);
	close(fd);
}

static _Noreturn void become(char *argv[], int out)
{
	char log[300];
	int err;

	snprintf(log, sizeof log, "%s/log/commands", folder);
	err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execv(diarchy, argv);
	_exit(127);
}

int scene_command(enum place p, struct str *ret, const char *const *words)
{
	char *argv[24] = { diarchy };
	int pipes[2], status;
	size_t n = 1;
	pid_t pid;

	AT(p);
	while (*words && n < COUNT(argv) - 1)
		argv[n++] = (char *)*words++;
	must(pipe2(pipes, O_CLOEXEC) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0)
		become(argv, pipes[1]);
	close(pipes[1]);
	read_all(pipes[0], ret);
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- beginning and end */

static void make_home(enum place p)
{
	struct public_key key;
	char path[300];
	struct err e;

	mkdir(place_name(p), 0755);
	snprintf(path, sizeof path, "%s/key", place_name(p));
	if (keys_generate(path, &key, &e) != RC_OK)
		scene_fail("%s", e.text);
	key_text(&key, keys[p]);
}

int scene_open(void **state)
{
	struct err e;

	(void)state;
	if (net_open(&e) != RC_OK)
		scene_fail("%s", e.text);
	mkdir("lab", 0755);
	mkdir("nas", 0755);
	for (size_t i = 0; i < COUNT(readers); i++)
		make_home(readers[i]);
	is_relayed = false;
	scene_write("webhook", WEBHOOK);
	scene_write("nas/dnsmasq.conf", "host-record=nas.lan,10.2.1.10\n");
	GIT("lab", "init", "--quiet");
	return 0;
}

int scene_close(void **state)
{
	const char *ended = NULL;

	(void)state;
	for (enum role r = 0; r < ROLES; r++) {
		if (programs[r].pid && program_ended(&programs[r]))
			ended = roles[r].name;
		program_kill(&programs[r]);
	}
	net_close();
	umount2("mumbai/state", MNT_DETACH); /* where a test gave it a small disk */
	MUST_RUN("rm", "-rf", "lab", "nas", "dublin", "mumbai", "webhost");
	if (ended)
		print_error("%s ended by itself during the test\n", ended);
	return ended ? -1 : 0;
}

static void show_tail(const char *name)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char path[300];

	snprintf(path, sizeof path, "log/%.200s", name);
	if (*name == '.' || file_read(path, FILE_MAX_BYTES, &text, NULL) != RC_OK || !text.len)
		return;
	printf("\n---- what %s said\n%s", name,
		str_c(&text) + (text.len > TAIL_BYTES ? text.len - TAIL_BYTES : 0));
}

static void show_logs(void)
{
	struct dirent *file;
	DIR *dir = opendir("log");

	must(dir);
	while ((file = readdir(dir)))
		show_tail(file->d_name);
	closedir(dir);
	fflush(stdout);
}

static const struct CMUnitTest *the_tests;
static size_t n_tests;

static int run_inside(void)
{
	struct err e;
	int failed;

	must(getcwd(folder, sizeof folder) != NULL && mkdir("log", 0755) == 0);
	if (net_open(&e) != RC_OK)
		return sandbox_skip(e.text);
	net_close();
	setenv("DIARCHY_URL", "http://127.0.0.1:7080", 1); /* whom a command asks */
	failed = _cmocka_run_group_tests("scenarios", the_tests, n_tests, NULL, NULL);
	if (failed)
		show_logs();
	return failed ? 1 : 0;
}

static char *from_environment(const char *name)
{
	char *value = getenv(name);

	if (!value)
		fprintf(stderr, "%s is not set: run this by `meson test`\n", name);
	must(value);
	return value;
}

int scenarios_run(const struct CMUnitTest *tests, size_t n)
{
	static const char *const needed[] = { "ip", "nft", "git", "nginx", "dnsmasq", "openssl" };
	char why[64];

	for (size_t i = 0; i < COUNT(needed); i++) {
		snprintf(why, sizeof why, "%s is not installed", needed[i]);
		if (!program_exists(needed[i]))
			return sandbox_skip(why);
	}
	diarchy = from_environment("DIARCHY");
	standin = from_environment("STANDIN");
	node = from_environment("NODE");
	relay = from_environment("RELAY");
	if (getenv("SCENARIO"))
		cmocka_set_test_filter(getenv("SCENARIO"));
	the_tests = tests;
	n_tests = n;
	return sandbox_run(run_inside);
}
