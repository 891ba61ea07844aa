/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ping: echo requests of all probes over one ICMP socket a protocol (RFC 792, RFC 4443).
 *
 * A ping socket (SOCK_DGRAM) where net.ipv4.ping_group_range lets us, else a raw one (CAP_NET_RAW).
 * Sequence numbers tell the pings apart; the payload, which is checked whole, tells ours from
 * others'.  Errors that routers report come from the socket's error queue and end a ping at once.
 */
#ifndef PORT_PROBE_PING_H
#define PORT_PROBE_PING_H

#include "port/probe/ip.h"

#include <uv.h>

struct pinger;
struct ping;

struct pinger *pinger_new(uv_loop_t *loop);
/* Frees itself and calls `closed` (or NULL) when its handles are closed; pings must be cancelled.
 */
void pinger_close(struct pinger *p, void (*closed)(void *ctx), void *ctx);

struct ping_reply;
typedef void ping_done(void *ctx, const struct ping_reply *r);

struct ping_wish {
	struct ip_address to;
	const struct ip_address *source; /* NULL: the system's choice */
	uint16_t payload_bytes;
	uint8_t ttl; /* 0: the system's */
	bool dont_fragment;
	ping_done *done;
	void *ctx;
};
struct ping_reply {
	bool is_echo; /* otherwise `why` says what came instead */
	int64_t rtt_us;
	int16_t hop_limit; /* -1 unknown */
	const char *why;
};
/* RC_REFUSED: no permission, and which to give.  RC_OFFLINE: it can't be sent.  The ping ends with
 * `done`, from the loop, or ping_cancel(); it has no deadline of its own. */
enum rc ping_send(struct pinger *p, const struct ping_wish *wish, struct ping **ret,
	struct err *e) MUST_USE;
void ping_cancel(struct ping *ping); /* NULL allowed */

#endif
