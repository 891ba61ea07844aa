/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection: one TCP connection of the port, from its beginning to its last byte; and the port as
 * its parts see it.  Private to port/link.
 *
 *	CONNECTING ──► HANDSHAKE ──► OPEN ──► DRAINING ──► CLOSING ──► freed
 *	   dials      callers begin              last bytes out,  handles
 *	              here                       the rest unread
 *
 * Any stage may go straight to CLOSING.  What goes wrong inside a call of the owner's is told a
 * moment later: FAILING waits for the loop.
 */
#ifndef PORT_LINK_CONNECTION_H
#define PORT_LINK_CONNECTION_H

#include "base/str.h"
#include "core/peer/wire.h"
#include "port/link/address.h"
#include "port/link/link_port.h"
#include "port/tls/tls.h"

#define NO_PEER          UINT8_MAX
#define READ_BYTES       65536
#define CONNECTION_MAGIC 0x636f6e6eu

enum connection_stage {
	CONNECTION_CONNECTING,
	CONNECTION_HANDSHAKE,
	CONNECTION_OPEN,
	CONNECTION_FAILING,
	CONNECTION_DRAINING,
	CONNECTION_CLOSING,
};

struct dial;

struct connection {
	unsigned magic;
	struct link_port *port;
	struct connection *next, **link; /* the port's list, newest first */
	struct dial *dial;               /* while CONNECTING */
	enum connection_stage stage;
	uint64_t number; /* 0 until the owner was told of it */
	uint8_t peer;    /* NO_PEER: a caller who hasn't shown a key that we know */
	bool is_dialled;
	unsigned handles; /* not closed yet */
	uv_tcp_t tcp;
	uv_timer_t timer; /* the deadline of the stage */
	uv_connect_t connecting;
	uv_shutdown_t shutting;
	struct tls_session *tls;
	struct str inbox;    /* decrypted, not a whole frame yet */
	size_t unsent_bytes; /* with libuv */
	char address[ADDRESS_TEXT_MAX];
	char why[REASON_BYTES_MAX]; /* FAILING */
};

struct link_port_peer {
	char *name, *address_text;
	struct address address;
	struct public_key key;
	struct dial *dial;                 /* under way */
	struct sockaddr_storage last_good; /* for when names can't be looked up; family 0: none */
};

struct lookup;
struct listener;

struct link_port {
	uv_loop_t *loop;
	struct link_port_owner owner;
	int64_t lookup_ms, connect_ms, handshake_ms, drain_ms;
	struct tls_identity *identity;
	struct public_key own_key;
	struct link_port_peer peers[SITES_MAX];
	uint8_t n_peers, self;
	struct listener *listener;
	char listens[ADDRESS_TEXT_MAX];
	struct connection *connections;
	struct lookup *lookups;
	uint64_t last_number;
	unsigned alive; /* listeners, dials and connections whose handles are not closed yet */
	bool is_stopping;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
	struct str frame;          /* being written */
	struct wire_in decoded;    /* being delivered */
	char incoming[READ_BYTES]; /* just read */
};

/* Handles of one more part were closed; the last one of a stopping port frees it. */
void link_port_release(struct link_port *p);

/* Somebody calls. */
void connection_accept(struct link_port *p, uv_stream_t *server);

/* An attempt of a dial: dial_connected() or dial_attempt_failed() will be called, unless it fails
 * at once. */
enum rc connection_dial(struct connection **ret, struct dial *d, const struct sockaddr *to,
	int64_t timeout_ms, struct err *e) MUST_USE;

void connection_send(struct connection *c, const struct link_msg *msg); /* OPEN */

/* End it without telling the owner; what was sent goes out if it's quick about it. */
void connection_end(struct connection *c);
void connection_drop(struct connection *c); /* at once */
/* Tell the owner soon, then drop. */
void connection_fail_soon(struct connection *c, const char *why);

#endif
