/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay: 70 ms of distance between two sites, by the gates of `diarchy demo`, for kernels without
 * netem.
 *
 * usage: relay HOST:PORT SERVER [HOST:PORT SERVER]...    each pair is an address and where it leads
 */
#include "base/mem.h"
#include "cli/demo/gate.h"

#include <stdio.h>

/* Whoever calls is elsewhere: a gate takes no time for callers of its own place. */
static enum place caller(void *ctx, const struct sockaddr_in *from, const struct sockaddr_in *to)
{
	(void)ctx;
	(void)from;
	(void)to;
	return DUBLIN;
}

static bool is_open(void *ctx, enum place from, enum place to)
{
	(void)ctx;
	(void)from;
	(void)to;
	return true; /* it is the wire that a scenario cuts */
}

int main(int argc, char **argv)
{
	struct err e;
	uv_loop_t loop;

	must(uv_loop_init(&loop) == 0);
	for (int i = 1; i + 1 < argc; i += 2) {
		struct gate_setup setup = { .loop = &loop,
			.address = argv[i],
			.server = argv[i + 1],
			.place = OUTSIDE,
			.caller = caller,
			.is_open = is_open };
		struct gate *gate;

		if (gate_open(&gate, &setup, &e) != RC_OK) {
			fprintf(stderr, "relay: %s\n", e.text);
			return rc_exit(e.rc);
		}
	}
	return uv_run(&loop, UV_RUN_DEFAULT);
}
