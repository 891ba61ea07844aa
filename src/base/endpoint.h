/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint: "host:port" taken apart, and whether only this machine can reach it.
 *
 *	127.0.0.1:7080   [::1]:7080   localhost:0   :7080 (every address)
 *
 * Whatever is written like that is read here: by lab.yaml, by Host headers, by what listens, dials
 * and probes.  Whether a host is a good one is for the reader to say.
 */
#ifndef BASE_ENDPOINT_H
#define BASE_ENDPOINT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_HOST_MAX 256 /* a DNS name (RFC 1035) or an address, terminated */
#define ENDPOINT_TEXT_MAX (ENDPOINT_HOST_MAX + 8)

struct endpoint {
	char host[ENDPOINT_HOST_MAX]; /* without brackets; "": every address */
	uint16_t port;                /* 0: the system chooses */
};

/* RC_INPUT with the reason.  An IPv6 address stands in brackets, with its zone if it has one. */
enum rc endpoint_parse(const char *text, struct endpoint *ret, struct err *e) MUST_USE;
/* Something to connect to: a host there must be, and a port from 1; without one it is `port`, and
 * then an IPv6 address may stand bare. */
enum rc endpoint_parse_or(const char *text, uint16_t port, struct endpoint *ret,
	struct err *e) MUST_USE;

/* The inverse: brackets around what holds a colon.  Returns `buf`. */
const char *endpoint_text(const struct endpoint *p, char buf[ENDPOINT_TEXT_MAX]);

/* "localhost" and names below it (RFC 6761), 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6.
 * Other names are not asked for: what they resolve to may change. */
bool host_is_loopback(const char *host);

/* What a numeric address counts with where strangers are counted: an IPv6 address with its /64,
 * since whoever has one address of that has them all; any other text is itself.  Returns `buf`. */
#define NETWORK_TEXT_MAX 46 /* INET6_ADDRSTRLEN */
const char *address_network(const char *address, char buf[NETWORK_TEXT_MAX]);

#endif
