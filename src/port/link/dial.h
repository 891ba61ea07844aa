/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dial: from a peer's name to an open TCP connection: look the name up, try the addresses one
 * after the other.  Private to port/link.
 *
 * Where names can't be looked up, the address that last worked is tried: DNS often dies together
 * with what it is needed for, and the key decides anyway who is there.
 */
#ifndef PORT_LINK_DIAL_H
#define PORT_LINK_DIAL_H

#include "port/link/connection.h"

#define DIAL_ADDRESSES_MAX 4

struct dial {
	struct link_port *port;
	uint8_t peer;
	uv_timer_t timer;      /* the lookup's deadline; or the moment to say why it failed */
	struct lookup *lookup; /* running */
	struct sockaddr_storage addresses[DIAL_ADDRESSES_MAX];
	unsigned n, next;
	struct connection *attempt; /* under way */
	struct err why;
	bool is_failing;
};

void dial_start(struct link_port *p, uint8_t peer);
void dial_cancel(struct dial *d); /* without a word */
void dial_fail_soon(struct dial *d, const char *why);
void dial_connected(struct dial *d, const struct sockaddr *to); /* frees it */
void dial_attempt_failed(struct dial *d, const char *why);

/* The port is being freed: results of lookups that still run have nowhere to go. */
void dial_forget_lookups(struct link_port *p);

#endif
