/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust: whether a server's certificates are good, and what they say.
 *
 * The certificate authorities of a bundle are indexed, not kept: parsed they would take 4 MB, and a
 * chain needs one of them.  What was verified once is remembered by the hash of the whole chain,
 * for the name that was asked for, as long as all of its certificates are valid, at most an hour,
 * and until the bundle changes: a probe each 15 s meets the same certificates each time, and
 * verifying them costs as much as the handshake.  (That the server owns the key is proven by every
 * handshake.)
 */
#ifndef PORT_PROBE_TRUST_H
#define PORT_PROBE_TRUST_H

#include "port/probe/probe.h"

#include <gnutls/gnutls.h>

struct trust; /* one a prober */

struct trust *trust_new(void);
void trust_free(struct trust *t);

gnutls_priority_t trust_priority(struct trust *t); /* TLS 1.2 and 1.3 */
/* Credentials without a client certificate, shared by all who need none. */
gnutls_certificate_credentials_t trust_credentials(struct trust *t);

struct tls_check {
	const struct tls_spec *spec;
	const char *host; /* that was connected to; spec->server_name goes before */
};

struct tls_verdict {
	struct probe_tls facts;
	char why[REASON_BYTES_MAX + 1]; /* what is wrong, for people; "" when nothing is */
};
/* RC_INPUT when the server's certificates can't be read, RC_IO when the bundle can't. */
enum rc trust_check(struct trust *t, gnutls_session_t session, const struct tls_check *check,
	struct tls_verdict *ret, struct err *e) MUST_USE;

#endif
