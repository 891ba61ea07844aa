/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: the Internet between the demo's places: relays of TCP that take their time and can be cut.
 *
 *	client ─► gate ─► server
 *	            │
 *	            each way: what comes waits `delay`, and for as long as the way is cut
 *
 * On loopback everybody has the same address, so a gate tells by the process that holds the socket
 * where a caller is (caller.h).  A cut way refuses nobody: what is sent waits, as packets do that
 * are sent again and again, until the way is open again or the caller gives up, which ends it all.
 */
#ifndef CLI_DEMO_GATE_H
#define CLI_DEMO_GATE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum place { DUBLIN, MUMBAI, OUTSIDE, PLACES };
#define HOMES 2 /* the places that are sites */

#define GATE_DELAY_MS        70 /* between different places, one way */
#define GATE_CONNECTIONS_MAX 1024
#define GATE_QUEUE_BYTES_MAX 1048576 /* of one direction; then its sender has to wait */

struct gate_setup {
	uv_loop_t *loop;
	const char *address, *server; /* numeric host:port */
	enum place place;             /* the server's */
	void *ctx;
	enum place (
		*caller)(void *ctx, const struct sockaddr_in *from, const struct sockaddr_in *to);
	bool (*is_open)(void *ctx, enum place from, enum place to);
};

struct gate;

/* RC_CONFLICT when the address is taken, RC_IO when it can't be had. */
enum rc gate_open(struct gate **ret, const struct gate_setup *setup, struct err *e) MUST_USE;

/* Closes all its connections; frees itself from the loop.  NULL allowed. */
void gate_close(struct gate *g);

#endif
