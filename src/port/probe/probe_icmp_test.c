/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pings of this machine, where it permits them, and of a network that the test makes: each of those
 * tests runs in a child process with a network namespace of its own.
 */
#include "port/probe/probe.h"

#include "base/mem.h"
#include "test/support/probing.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

SCOPED_FINI(probe_result_fini, struct probe_result)

#define NOT_POSSIBLE 77 /* of a child: no namespaces here */

static struct probe_spec spec_for(const char *address)
{
	return (struct probe_spec){ .kind = PROBE_ICMP,
		.timeout_ms = 1000,
		.icmp = { .address = address, .payload_bytes = 56, .loss_percent_max = 99 } };
}

static struct probe_result run(const struct probe_spec *spec)
{
	struct probe_result r;

	probing_run(spec, &r);
	if (strstr(r.reason, "no permission to ping"))
		skip();
	return r;
}

static void this_machine_answers_over_both_protocols(void **unused)
{
	struct probe_spec v4 = spec_for("127.0.0.1"), v6 = spec_for("::1");
	scoped(probe_result_fini) struct probe_result r4 = run(&v4), r6 = { 0 };

	(void)unused;
	assert_string_equal(r4.reason, "");
	assert_int_equal(r4.icmp.received, 1);
	assert_int_equal(r4.icmp.hop_limit, 64);
	assert_true(r4.icmp.rtt_avg_us > 0);
	assert_int_equal(r4.phase_us[PHASE_PROCESSING], r4.icmp.rtt_avg_us);
	assert_int_equal(r4.ip_version, 4);
	r6 = run(&v6);
	assert_string_equal(r6.reason, "");
	assert_int_equal(r6.icmp.hop_limit, 64);
	assert_int_equal(r6.ip_version, 6);
}

static void several_echoes_yield_the_spread_of_their_times(void **unused)
{
	struct probe_spec spec = spec_for("127.0.0.1");
	struct probe_result r;

	(void)unused;
	spec.icmp.count = 4;
	spec.timeout_ms = 500;
	r = run(&spec);
	assert_string_equal(r.reason, "");
	assert_int_equal(r.icmp.sent, 4);
	assert_int_equal(r.icmp.received, 4);
	assert_true(r.icmp.rtt_min_us <= r.icmp.rtt_avg_us);
	assert_true(r.icmp.rtt_avg_us <= r.icmp.rtt_max_us);
	assert_true(r.duration_us >= 3 * 99000); /* three gaps of 100 ms */
	assert_true(r.duration_us < 450000);     /* not the whole timeout */
}

static void payloads_of_any_size_are_checked_and_a_source_is_used(void **unused)
{
	static const uint16_t sizes[] = { 0, 1, 7, 8, 1472, 20000, 65507 };
	struct probe_spec spec = spec_for("127.0.0.1");

	(void)unused;
	spec.source_address = "127.0.0.1";
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct probe_result r;

		spec.icmp.payload_bytes = sizes[i];
		r = run(&spec);
		assert_string_equal(r.reason, "");
	}
}

/* Runs `ip ARGUMENTS...` (or another program), words divided by blanks. */
static int command(const char *line)
{
	char copy[256], *argv[24], *save = NULL;
	size_t n = 0;
	pid_t pid;
	int status;

	must(str_copy(copy, sizeof copy, line));
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	argv[n] = NULL;
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void allow_group(const char *range)
{
	int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, range, strlen(range)) == (ssize_t)strlen(range));
	close(fd);
}

/* In a child with its own network: loopback, and 10.9.0.1/24 on a cable whose other end swallows
 * what goes to 10.9.0.2. */
static void in_a_network(void (*test)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) != 0 || command("ip link set lo up") != 0 ||
			command("ip link add hole type veth peer name other") != 0)
			_exit(NOT_POSSIBLE);
		must(command("ip addr add 10.9.0.1/24 dev hole") == 0);
		must(command("ip link set hole up") == 0);
		must(command("ip link set other up") == 0);
		must(command("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev hole "
			     "nud permanent") == 0);
		test();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_POSSIBLE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a child, where cmocka can't be asked. */
static void expect(const struct probe_spec *spec, const char *reason, struct probe_result *ret)
{
	probing_run(spec, ret);
	if (strncmp(ret->reason, reason, strlen(reason)) == 0 && (reason[0] || ret->is_ok))
		return;
	fprintf(stderr, "'%s', wanted '%s'\n", ret->reason, reason);
	_exit(1);
}

static void probe_the_hole(void)
{
	struct probe_spec spec = spec_for("10.9.0.2");
	struct probe_result r;

	spec.timeout_ms = 200;
	expect(&spec, "no answer in 200 ms (while waiting for the echo from 10.9.0.2)", &r);
	must(r.icmp.sent == 1 && r.icmp.received == 0);
}

static void a_black_hole_is_no_answer_in_time(void **unused)
{
	(void)unused;
	in_a_network(probe_the_hole);
}

static void probe_nowhere(void)
{
	struct probe_spec none = spec_for("203.0.113.1"), barred = spec_for("198.51.100.1");
	struct probe_result r;

	expect(&none, "203.0.113.1: Network is unreachable", &r);
	must(command("ip route add unreachable 198.51.100.0/24") == 0);
	expect(&barred, "198.51.100.1: No route to host", &r);
	must(r.duration_us < 100000);
}

static void no_route_fails_at_once(void **unused)
{
	(void)unused;
	in_a_network(probe_nowhere);
}

static void probe_through_ping_sockets(void)
{
	struct probe_spec v4 = spec_for("127.0.0.1"), v6 = spec_for("::1");
	struct probe_result r;

	allow_group("0 2147483647");
	must(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	v4.icmp.ttl = 9;
	expect(&v4, "", &r);
	must(r.icmp.hop_limit == 64);
	expect(&v6, "", &r);
}

static void without_privileges_a_ping_socket_will_do(void **unused)
{
	(void)unused;
	in_a_network(probe_through_ping_sockets);
}

static void probe_without_permission(void)
{
	struct probe_spec spec = spec_for("127.0.0.1");
	struct probe_result r;

	allow_group("1 0");
	must(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	expect(&spec,
		"no permission to ping: let this group with 'sysctl "
		"net.ipv4.ping_group_range=\"0 2147483647\"', or give CAP_NET_RAW",
		&r);
}

static void without_permission_the_reason_says_which_to_give(void **unused)
{
	(void)unused;
	in_a_network(probe_without_permission);
}

/* A second network behind this one, whose router refuses and whose host answers every other
 * echo. */
static void probe_with_loss(void)
{
	struct probe_spec spec = spec_for("127.0.0.1");
	struct probe_result r;

	if (command("nft add table ip t") != 0 ||
		command("nft add chain ip t in { type filter hook input priority 0 ; }") != 0 ||
		command("nft add rule ip t in icmp type echo-request numgen inc mod 2 0 drop") != 0)
		_exit(NOT_POSSIBLE);
	spec.timeout_ms = 300;
	spec.icmp.count = 4;
	expect(&spec, "", &r);
	must(r.icmp.sent == 4 && r.icmp.received == 2);
	spec.icmp.loss_percent_max = 40;
	expect(&spec, "2 of 4 echoes lost, wanted at most 40 %", &r);
	must(r.duration_us >= 299000);
}

static void loss_counts_against_its_limit(void **unused)
{
	(void)unused;
	in_a_network(probe_with_loss);
}

static void probe_behind_a_gate(void)
{
	struct probe_spec spec = spec_for("127.0.0.1");
	struct probe_result r;

	if (command("nft add table ip t") != 0 ||
		command("nft add chain ip t in { type filter hook input priority 0 ; }") != 0 ||
		command("nft add rule ip t in icmp type echo-request reject with icmp type "
			"host-prohibited") != 0)
		_exit(NOT_POSSIBLE);
	expect(&spec, "127.0.0.1: No route to host, says 127.0.0.1", &r);
	must(r.duration_us < 500000);
	allow_group("0 2147483647");
	expect(&spec, "127.0.0.1: No route to host, says 127.0.0.1", &r);
}

static void a_router_that_refuses_ends_the_probe_at_once(void **unused)
{
	(void)unused;
	in_a_network(probe_behind_a_gate);
}

static void probe_too_large(void)
{
	struct probe_spec spec = spec_for("10.9.0.2");
	struct probe_result r;

	spec.timeout_ms = 200;
	spec.icmp.payload_bytes = 2000;
	spec.icmp.dont_fragment = true;
	expect(&spec, "10.9.0.2: Message too long", &r);
	spec.icmp.dont_fragment = false;
	expect(&spec, "no answer in 200 ms", &r);
}

static void what_may_not_be_fragmented_and_does_not_fit_fails(void **unused)
{
	(void)unused;
	in_a_network(probe_too_large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_machine_answers_over_both_protocols),
		cmocka_unit_test(several_echoes_yield_the_spread_of_their_times),
		cmocka_unit_test(payloads_of_any_size_are_checked_and_a_source_is_used),
		cmocka_unit_test(a_black_hole_is_no_answer_in_time),
		cmocka_unit_test(no_route_fails_at_once),
		cmocka_unit_test(without_privileges_a_ping_socket_will_do),
		cmocka_unit_test(without_permission_the_reason_says_which_to_give),
		cmocka_unit_test(loss_counts_against_its_limit),
		cmocka_unit_test(a_router_that_refuses_ends_the_probe_at_once),
		cmocka_unit_test(what_may_not_be_fragmented_and_does_not_fit_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
