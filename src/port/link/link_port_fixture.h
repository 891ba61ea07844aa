/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_port_fixture: for the tests of this folder: sites with real sockets on loopback, whose loops
 * a test runs.
 */
#ifndef PORT_LINK_LINK_PORT_FIXTURE_H
#define PORT_LINK_LINK_PORT_FIXTURE_H

#include "base/mem.h"
#include "base/str.h"
#include "port/link/link_port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PATIENCE_MS 8000

enum { DUBLIN, MUMBAI, OSLO, SITES };

/* A site's port, and what it was told. */
struct end {
	uv_loop_t loop;
	struct link_port *port;
	uint8_t self;
	struct link_port_site sites[SITES];
	char addresses[SITES][64];
	unsigned n_connected, n_closed, n_refused, n_received;
	uint64_t connection, closed_connection;
	uint8_t peer, closed_peer;
	bool is_dialled, has_stopped;
	char why[REASON_BYTES_MAX], refused_why[REASON_BYTES_MAX];
	enum link_msg_kind kind; /* of the last message */
	uint64_t next_beat;      /* BEATs come in order */
	size_t events_bytes;
	char bye[REASON_BYTES_MAX];
	bool answers; /* each message with a BEAT */
};

/* A port of site `self` on a free port of loopback; it knows nobody's address yet. */
void end_open(struct end *e, uint8_t self, struct link_port_setup setup);
void end_close(struct end *e);
SCOPED_FINI(end_close, struct end)

struct private_key key_of(unsigned site);
struct link_port_lab lab_of(struct end *e);
struct link_msg hello_of(uint8_t site);
uint16_t port_of(const struct end *e);
void on_stopped(void *end);

/* The port takes over `sites` as they are now; tells `e` where `peer` is. */
void reload(struct end *e);
void introduce(struct end *e, uint8_t peer, const char *host, uint16_t port);
void open_pair(struct end *a, struct end *b); /* Dublin and Mumbai, connected; Dublin dialled */
int call(const struct end *e);                /* a caller without manners: a plain socket */

/* One round of one or two loops (NULL: none); rounds for so long, or until something is so. */
void pump(struct end *a, struct end *b);
void pump_for(struct end *a, struct end *b, uint64_t ms);
#define pump_until(a, b, condition)                                             \
	do {                                                                    \
		uint64_t until_ = uv_hrtime() + PATIENCE_MS * 1000000ull;       \
		while (!(condition)) {                                          \
			if (uv_hrtime() > until_)                               \
				fail_msg("waited in vain for: %s", #condition); \
			pump(a, b);                                             \
		}                                                               \
	} while (0)

#endif
