/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve: names to addresses, for as many probes at once as there are, on the loop.
 *
 * c-ares asks the servers of /etc/resolv.conf without threads, so that a slow or dead name server
 * delays nobody but those who need it.  What DNS doesn't know is asked of the system's other
 * sources (mDNS, libvirt, nss-myhostname) through getaddrinfo on libuv's pool.  Nothing is cached:
 * a probe wants to know what holds now.  A changed resolv.conf is read again within a second.
 */
#ifndef PORT_PROBE_RESOLVE_H
#define PORT_PROBE_RESOLVE_H

#include "port/probe/ip.h"

#include <uv.h>

struct resolver;
struct lookup;

struct resolver *resolver_new(uv_loop_t *loop);
/* Abandons all lookups; frees itself and calls `closed` (or NULL) when its handles are closed. */
void resolver_close(struct resolver *r, void (*closed)(void *ctx), void *ctx);

struct lookup_wish {
	const char *host; /* copied */
	uint16_t port;
	enum ip_protocol ip;
	bool fallback;
};

/* `to` is NULL when there is no address, and `why` says so for people. */
typedef void lookup_done(void *ctx, const struct ip_address *to, const char *why);

/* May call `done` before it returns (names of /etc/hosts), and then returns NULL. */
struct lookup *lookup_start(struct resolver *r, const struct lookup_wish *wish, lookup_done *done,
	void *ctx);
void lookup_cancel(struct lookup *l); /* `done` will not be called; NULL allowed */

/* The records of a name, as the message that answers: of DNS alone, with its search domains.
 * `answer` is NULL when there is none: then `why` says so, or is NULL too when the name or the
 * record doesn't exist.  Called once, maybe before records_ask() returns, and at the latest when
 * the resolver closes. */
typedef void records_done(void *ctx, const uint8_t *answer, size_t n, const char *why);
void records_ask(struct resolver *r, const char *name, int type, records_done *done, void *ctx);

/* For tests: ask this server ("127.0.0.1:5353") instead of those of the system. */
void resolver_use_server(struct resolver *r, const char *server);

#endif
