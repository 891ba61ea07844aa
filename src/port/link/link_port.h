/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_port: the sockets under core/peer/link, on libuv and port/tls.
 *
 * Listens where our site's address says, dials the peers, tells by key who is there, and turns
 * bytes into messages.  It decides nothing: when to dial, which connection to keep and when silence
 * has lasted too long is the link's business.  What it does on its own is to bound everything:
 *
 *	dial ─► name 5 s ─► TCP 5 s ─┐
 *	                             ├─► TLS handshake 5 s ─► connected ─► closed
 *	            somebody calls ──┘         │
 *	                                       └─► refused (callers), closed with number 0 (dials)
 *
 * A dial ends in exactly one `connected` or `closed` with number 0; a connected one in exactly one
 * `closed`, unless link_port_close() ended it.  Callbacks come from the loop, never from inside a
 * call of this header, and may call back into it (except link_port_stop's).
 */
#ifndef PORT_LINK_LINK_PORT_H
#define PORT_LINK_LINK_PORT_H

#include "base/hash.h"
#include "core/peer/link.h"

#include <uv.h>

/* The sites as declared; a peer's index is its place here.  Copied. */
struct link_port_site {
	const char *name;
	const char *address; /* "host:port", "[2001:db8::1]:port" */
	struct public_key key;
};

struct link_port_lab {
	const struct link_port_site *sites;
	uint8_t n_sites;
	uint8_t self;
};

/* Told to the owner; texts and messages live during the call. */
struct link_port_owner {
	void *ctx;
	void (*connected)(void *ctx, uint8_t peer, uint64_t connection, bool is_dialled);
	/* Number 0: dialling failed.  `why` is a sentence for people. */
	void (*closed)(void *ctx, uint8_t peer, uint64_t connection, const char *why);
	void (*received)(void *ctx, uint8_t peer, uint64_t connection, const struct link_msg *msg);
	/* A caller that didn't get in; strangers may cause any number of these. */
	void (*refused)(void *ctx, const char *from, const char *why);
};

struct link_port_setup {
	uv_loop_t *loop;
	const struct private_key *key; /* copied into GnuTLS; must be the one of sites[self].key */
	struct link_port_lab lab;
	struct link_port_owner owner;
	/* For tests; 0: the defaults of the picture, 1 s for the last bytes of a closing one. */
	int64_t lookup_ms, connect_ms, handshake_ms, drain_ms;
};

struct link_port;

/* RC_REFUSED when the key is another one, RC_INPUT for an unusable address, RC_IO when the port
 * cannot be bound; the loop has to run once more then, to close what was begun.  An address that is
 * not one of this machine's (a name, or one behind a NAT) means its port on all interfaces. */
enum rc link_port_new(struct link_port **ret, const struct link_port_setup *setup,
	struct err *e) MUST_USE;

/* Stop listening, end all connections after their last bytes, free the port, and call `stopped`
 * (or NULL); no other callback comes any more. */
void link_port_stop(struct link_port *p, void (*stopped)(void *ctx), void *ctx);

/* Another lab.yaml.  Connections to peers whose name and key stay are kept, under the peer's new
 * index; the others are closed.  On failure (as link_port_new) everything is as before. */
enum rc link_port_reload(struct link_port *p, const struct link_port_lab *lab,
	struct err *e) MUST_USE;

void link_port_dial(struct link_port *p, uint8_t peer); /* one that is under way goes on */

/* Queue a message.  When LINK_OUTBOX_BYTES_MAX wait to be taken the connection is closed; one that
 * isn't there any more is ignored: its `closed` is on the way. */
void link_port_send(struct link_port *p, uint64_t connection, const struct link_msg *msg);

/* Close after what was sent has gone out, but soon; no `closed` is told. */
void link_port_close(struct link_port *p, uint64_t connection);

/* Where it listens, "[::]:7443"; with port 0 in the address, the one that the system chose. */
const char *link_port_listens(const struct link_port *p);

/* Used and allowed, for the limits' page: bytes waiting to be taken, callers not yet known. */
struct link_port_usage {
	size_t outbox_bytes; /* the fullest of all */
	uint32_t strangers, connections;
};
struct link_port_usage link_port_usage(const struct link_port *p);

#endif
