/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: a TLS 1.3 session between two ends that know each other by Ed25519 key, through GnuTLS.
 *
 *	HANDSHAKE ────► OPEN ────► ENDED
 *	    └───────────────────────┘        refused, malformed, closed by the other side
 *
 * Each end shows a self-signed certificate made of its key at start; nothing in it counts but the
 * key, which must be one that the owner admits.  No authorities, names or dates: neither a broken
 * clock nor a third party decides who is a peer.
 *
 * A session has no socket.  What came from the other side goes in with tls_session_feed(), what is
 * to be sent comes out with tls_session_take(); the owner carries bytes and keeps deadlines.
 */
#ifndef PORT_TLS_TLS_H
#define PORT_TLS_TLS_H

#include "base/hash.h"
#include "base/str.h"

/* Our key and the certificate made of it; shared by all sessions, outlives them. */
struct tls_identity;
enum rc tls_identity_new(struct tls_identity **ret, const char *name, const struct private_key *key,
	struct err *e) MUST_USE;
void tls_identity_free(struct tls_identity *id);
SCOPED_BY(tls_identity_free, struct tls_identity *)

/* Who may come in: RC_OK, or any other code with a reason that names both keys or says what to do.
 * Called once, during tls_session_feed(). */
struct tls_gate {
	void *ctx;
	enum rc (*admit)(void *ctx, const struct public_key *shown, struct err *why);
};

enum tls_role { TLS_ACCEPT, TLS_DIAL };
struct tls_session;

/* A dialling session has its first bytes to send at once. */
enum rc tls_session_new(struct tls_session **ret, const struct tls_identity *id, enum tls_role role,
	const struct tls_gate *gate, struct err *e) MUST_USE;
void tls_session_free(struct tls_session *s);
SCOPED_BY(tls_session_free, struct tls_session *)

/* Take in bytes of the other side; what they decrypt to is appended to `ret_plain`.  On anything
 * but RC_OK the session has ended, and there may be an alert to send:
 * RC_REFUSED  the key isn't admitted, by us or by the other side
 * RC_INPUT    not TLS, not ours, or damaged
 * RC_OFFLINE  the other side closed in order */
enum rc tls_session_feed(struct tls_session *s, const void *bytes, size_t n, struct str *ret_plain,
	struct err *e) MUST_USE;

/* Handshake done and the key admitted. */
bool tls_session_is_open(const struct tls_session *s);

/* Encrypt; only while open. */
enum rc tls_session_write(struct tls_session *s, const void *bytes, size_t n,
	struct err *e) MUST_USE;

/* No more will be written: the closing note becomes the last thing to send. */
void tls_session_end(struct tls_session *s);

/* What is to be sent; the caller's from now on. */
struct str tls_session_take(struct tls_session *s);

#endif
