/* SPDX-License-Identifier: Apache-2.0 */
#include "test/scenarios/net.h"

#include "base/str.h"
#include "cli/demo/child.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES_MAX 16

static const struct {
	const char *name;
	enum place behind;
	const char *address, *network, *gateway;
} places[] = {
#define PLACE(symbol, name, behind, address, network, gateway) \
	[symbol] = { name, behind, address, network, gateway },
#include "test/scenarios/places.def"
};

static struct rule {
	enum place from, to;
	const char *verdict;
} rules[RULES_MAX];
static unsigned n_rules;

const char *place_name(enum place p)
{
	return places[p].name;
}

const char *place_address(enum place p)
{
	return places[p].address;
}

static int open_space(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	return fd;
}

struct visit net_enter(enum place p)
{
	struct visit v = { open_space("/proc/self/ns/net") };
	char path[64];
	int there;

	snprintf(path, sizeof path, "net/%s", places[p].name);
	there = open_space(path);
	must(setns(there, CLONE_NEWNET) == 0);
	close(there);
	return v;
}

void net_leave(struct visit *v)
{
	must(setns(v->home, CLONE_NEWNET) == 0);
	close(v->home);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	must(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* `program` reads orders from a file, as ip and nft do. */
static enum rc try_order(enum place p, const char *program, const char *option, const char *orders,
	struct err *e)
{
	const char *argv[] = { program, option, "orders", NULL };
	char folder[256];

	AT(p);
	must(getcwd(folder, sizeof folder) != NULL);
	write_text("orders", orders);
	return child_run(argv, folder, "log/net", e);
}

static void order(enum place p, const char *program, const char *option, const char *orders)
{
	struct err e;

	if (try_order(p, program, option, orders, &e) == RC_OK)
		return;
	fprintf(stderr, "%s at %s: %s\n%s\n", program, places[p].name, e.text, orders);
	abort();
}

/* ---- making */

/* One transaction: never a moment with half of them. */
static enum rc load_rules(struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	str_add(&text, "table ip cuts\ndelete table ip cuts\ntable ip cuts {\n chain forward {\n"
		       "  type filter hook forward priority 0;\n");
	for (unsigned i = 0; i < n_rules; i++)
		str_addf(&text, "  ip saddr %s ip daddr %s %s\n", places[rules[i].from].network,
			places[rules[i].to].network, rules[i].verdict);
	str_add(&text, " }\n}\n");
	return try_order(INTERNET, "nft", "-f", str_c(&text), e);
}

/* A namespace lives as long as something holds it: here a file on which it is mounted. */
static void make_place(enum place p)
{
	int home = open_space("/proc/self/ns/net");
	char path[64];

	snprintf(path, sizeof path, "net/%s", places[p].name);
	write_text(path, "");
	must(unshare(CLONE_NEWNET) == 0);
	must(mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) == 0);
	must(setns(home, CLONE_NEWNET) == 0);
	close(home);
	order(p, "ip", "-batch", "link set lo up\n");
}

static enum rc make_wire(enum place p, struct err *e)
{
	scoped(str_fini) struct str near = STR_EMPTY, far = STR_EMPTY;
	const char *name = places[p].name, *gateway = places[p].gateway;
	char folder[256];
	enum rc rc;

	must(getcwd(folder, sizeof folder) != NULL);
	str_addf(&far, "link add %s type veth peer name eth0 netns %s/net/%s\n", name, folder,
		name);
	str_addf(&far, "addr add %s/24 dev %s\nlink set %s up\n", gateway, name, name);
	str_addf(&near, "addr add %s/24 dev eth0\nlink set eth0 up\n", places[p].address);
	str_addf(&near, "route add default via %s\n", gateway);
	rc = try_order(places[p].behind, "ip", "-batch", str_c(&far), e);
	return rc == RC_OK ? try_order(p, "ip", "-batch", str_c(&near), e) : rc;
}

static void be_router(enum place p)
{
	AT(p);
	write_text("/proc/sys/net/ipv4/ip_forward", "1");
}

enum rc net_open(struct err *e)
{
	enum rc rc = RC_OK;

	must(mkdir("net", 0755) == 0);
	for (enum place p = 0; p < PLACES; p++)
		make_place(p);
	for (enum place p = INTERNET + 1; p < PLACES && rc == RC_OK; p++)
		rc = make_wire(p, e);
	if (rc != RC_OK)
		return rc;
	be_router(INTERNET);
	be_router(MUMBAI);
	order(INTERNET, "ip", "-batch", "route add 10.2.1.0/24 via 10.2.0.1\n");
	n_rules = 0;
	return load_rules(e);
}

void net_close(void)
{
	char path[64];

	for (enum place p = 0; p < PLACES; p++) {
		snprintf(path, sizeof path, "net/%s", places[p].name);
		umount2(path, MNT_DETACH);
		unlink(path);
	}
	rmdir("net");
}

/* ---- breaking */

static void apply_rules(void)
{
	must(load_rules(NULL) == RC_OK);
}

static void set_wire(enum place p, const char *how)
{
	char text[64];

	snprintf(text, sizeof text, "link set %s %s\n", places[p].name, how);
	order(places[p].behind, "ip", "-batch", text);
}

void net_unplug(enum place p)
{
	set_wire(p, "down");
}

void net_plug(enum place p)
{
	set_wire(p, "up");
}

bool net_slow_down(enum place p, unsigned ms)
{
	char text[96];

	snprintf(text, sizeof text, "qdisc add dev %s root netem delay %ums\n", places[p].name, ms);
	return try_order(places[p].behind, "tc", "-batch", text, NULL) == RC_OK;
}

static void add_rule(enum place from, enum place to, const char *verdict)
{
	must(n_rules < RULES_MAX);
	rules[n_rules++] = (struct rule){ from, to, verdict };
}

void net_drop(enum place from, enum place to)
{
	add_rule(from, to, "drop");
	apply_rules();
}

void net_part(enum place a, enum place b)
{
	add_rule(a, b, "drop");
	add_rule(b, a, "drop");
	apply_rules();
}

void net_refuse(enum place from, enum place to)
{
	add_rule(from, to, "reject with icmp type admin-prohibited");
	apply_rules();
}

void net_heal(void)
{
	n_rules = 0;
	apply_rules();
}
