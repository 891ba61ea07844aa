/* SPDX-License-Identifier: Apache-2.0 */
/* What the peer link costs: prints one line a measurement.  Both ends run in this one thread. */
#include "base/mem.h"
#include "test/support/link_site.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STEPS       2000000
#define ROUND_TRIPS 20000
#define CATCH_UP    400000 /* events */
#define IDLE        200    /* connections */

static double seconds(void)
{
	return (double)uv_hrtime() / 1e9;
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double resident_kib(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	must(f && fscanf(f, "%ld %ld", &size, &resident) == 2);
	fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

/* A BEAT made by one link and taken in by the other, nothing new in it. */
static void measure_steps(uint32_t n_heads)
{
	static struct link_head heads[LINK_HEADS_MAX];
	static struct link a, b;
	struct link_self self = { .site = "dublin",
		.is_first = true,
		.heads = heads,
		.n_heads = n_heads };
	struct link_msg hello = { .kind = LINK_HELLO, .protocol = LINK_PROTOCOL, .site = "mumbai" };
	struct link_input in = { .kind = LINK_IN_CONNECTED, .connection = 1 };
	struct link_effect fx[LINK_EFFECTS_MAX], ignored[LINK_EFFECTS_MAX];
	struct now now = { { 1 }, { 1 } };
	struct link *sides[] = { &a, &b };
	double began;

	for (uint32_t i = 0; i < n_heads; i++)
		heads[i] = (struct link_head){ .site = "dublin", .epoch = i + 1, .seq = 9 };
	for (int i = 0; i < 2; i++) {
		link_init(sides[i], now.mono, 1);
		link_step(sides[i], now, &self, &in, fx);
		link_step(sides[i], now, &self,
			&(struct link_input){ LINK_IN_MESSAGE, 1, false, NULL, &hello }, fx);
	}
	now.mono.ms += LINK_BEAT_MS;
	began = seconds();
	for (int i = 0; i < STEPS; i++) {
		struct link_input tick = { .kind = LINK_IN_TICK };
		struct link_input message = { LINK_IN_MESSAGE, 1, false, NULL, &fx[0].msg };

		now.mono.ms += LINK_BEAT_MS / 2;
		must(link_step(sides[i % 2], now, &self, &tick, fx) == 1);
		link_step(sides[!(i % 2)], now, &self, &message, ignored);
	}
	printf("%-52s %10.0f ns\n",
		n_heads > 4 ? "BEAT through both links, 64 chains"
			    : "BEAT through both links, 4 chains",
		(seconds() - began) * 1e9 / STEPS);
}

static void open_both(uv_loop_t *loop, struct link_site *a, struct link_site *b)
{
	link_site_open(a, loop, 0, "127.0.0.1:0");
	link_site_open(b, loop, 1, "127.0.0.1:0");
	link_site_meet(a, link_port_listens(b->port));
	link_site_meet(b, link_port_listens(a->port));
	while (!link_sites_agree(a, b))
		uv_run(loop, UV_RUN_ONCE);
}

static void measure_round_trips(uv_loop_t *loop, struct link_site *a, struct link_site *b)
{
	struct link_msg beat = { .kind = LINK_BEAT, .heads = a->heads, .n_heads = LINK_SITES };
	double began = cpu_seconds();

	for (int i = 0; i < ROUND_TRIPS; i++) {
		unsigned before_a = a->n_beats, before_b = b->n_beats;

		beat.heads = a->heads;
		link_port_send(a->port, a->link.connection, &beat);
		while (b->n_beats == before_b)
			uv_run(loop, UV_RUN_ONCE);
		beat.heads = b->heads;
		link_port_send(b->port, b->link.connection, &beat);
		while (a->n_beats == before_a)
			uv_run(loop, UV_RUN_ONCE);
	}
	printf("%-52s %10.1f us of CPU\n", "BEAT there and back over TLS, both ends",
		(cpu_seconds() - began) * 1e6 / ROUND_TRIPS);
}

static void measure_catch_up(uv_loop_t *loop, struct link_site *a, struct link_site *b)
{
	double began = seconds(), cpu = cpu_seconds(), took;

	link_site_append(a, CATCH_UP);
	while (!link_sites_agree(a, b))
		uv_run(loop, UV_RUN_ONCE);
	took = seconds() - began;
	printf("%-52s %10.0f events/s, %.0f MB/s, %.1f us of CPU an event\n",
		"catching up, both ends, one batch a round trip", CATCH_UP / took,
		CATCH_UP * (double)LINK_SITE_EVENT / took / 1e6,
		(cpu_seconds() - cpu) * 1e6 / CATCH_UP);
}

/* The owners of these ports ignore what they are told: connections stay as they are. */
static unsigned n_open;

static void count(void *ctx, uint8_t peer, uint64_t connection, bool is_dialled)
{
	(void)ctx;
	(void)peer;
	(void)connection;
	n_open += is_dialled;
}

static void ignore_closed(void *ctx, uint8_t peer, uint64_t connection, const char *why)
{
	(void)ctx;
	(void)peer;
	must_failed(connection ? why : "dial failed", __FILE__, __LINE__);
}

static void ignore_message(void *ctx, uint8_t peer, uint64_t connection, const struct link_msg *msg)
{
	(void)ctx;
	(void)peer;
	(void)connection;
	(void)msg;
}

static void ignore_refused(void *ctx, const char *from, const char *why)
{
	(void)ctx;
	(void)from;
	must_failed(why, __FILE__, __LINE__);
}

static struct link_port *open_port(uv_loop_t *loop, uint8_t self, const char *peer_address)
{
	struct private_key keys[LINK_SITES];
	struct link_port_site sites[LINK_SITES] = { { .name = "dublin" }, { .name = "mumbai" } };
	struct link_port_setup setup = { .loop = loop,
		.key = &keys[self],
		.lab = { sites, LINK_SITES, self },
		.owner = { NULL, count, ignore_closed, ignore_message, ignore_refused } };
	struct link_port *port = NULL;
	struct err e = { 0 };

	for (uint8_t i = 0; i < LINK_SITES; i++) {
		memset(keys[i].bytes, i + 1, sizeof keys[i].bytes);
		sites[i].key = key_public(&keys[i]);
		sites[i].address = i == self ? "127.0.0.1:0" : peer_address;
	}
	if (link_port_new(&port, &setup, &e) != RC_OK)
		must_failed(e.text, __FILE__, __LINE__);
	return port;
}

static void measure_idle(uv_loop_t *loop)
{
	struct link_port *b = open_port(loop, 1, "127.0.0.1:1");
	struct link_port *a = open_port(loop, 0, link_port_listens(b));
	double before = 0, cpu = 0;

	for (unsigned i = 0; i < IDLE + 20; i++) {
		if (i == 20) { /* what the first ones bring along doesn't count */
			before = resident_kib();
			cpu = cpu_seconds();
		}
		link_port_dial(a, 1);
		while (n_open <= i || link_port_usage(b).strangers)
			uv_run(loop, UV_RUN_ONCE);
	}
	printf("%-52s %10.1f KiB resident\n", "idle connection, both ends",
		(resident_kib() - before) / IDLE);
	printf("%-52s %10.0f us of CPU\n", "connecting, both ends",
		(cpu_seconds() - cpu) * 1e6 / IDLE);
	link_port_stop(a, NULL, NULL);
	link_port_stop(b, NULL, NULL);
}

int main(void)
{
	struct link_site a, b;
	uv_loop_t loop;

	uv_loop_init(&loop);
	measure_steps(4);
	measure_steps(LINK_HEADS_MAX);
	open_both(&loop, &a, &b);
	measure_round_trips(&loop, &a, &b);
	measure_catch_up(&loop, &a, &b);
	link_site_stop(&a, true);
	link_site_stop(&b, true);
	while (uv_run(&loop, UV_RUN_ONCE))
		;
	measure_idle(&loop);
	while (uv_run(&loop, UV_RUN_ONCE))
		;
	return uv_loop_close(&loop);
}
