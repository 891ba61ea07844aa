/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel: a probe's stream to an endpoint, with its phases: name, connection, TLS, certificate.
 * Private to port/probe.
 *
 * What goes wrong on the way fails the probe.  `ready` comes once for the connection (and its TLS
 * when the channel was opened with it), and once more after channel_start_tls().
 */
#ifndef PORT_PROBE_CHANNEL_H
#define PORT_PROBE_CHANNEL_H

#include "port/probe/engine.h"
#include "port/probe/stream.h"

struct channel_events {
	void (*ready)(struct probe *p);
	void (*received)(struct probe *p, const char *bytes, size_t n);
	void (*ended)(struct probe *p);
};

struct channel {
	struct probe *probe;
	const struct channel_events *on;
	struct endpoint to;
	const struct tls_spec *tls;
	bool use_tls; /* from the beginning */
	const char *alpn;
	struct stream *stream;                        /* NULL: not connected */
	gnutls_certificate_credentials_t credentials; /* with a client certificate; NULL: none */
};

struct channel_wish {
	const struct channel_events *on;
	const struct endpoint *to;
	const struct tls_spec *tls; /* borrowed; for use_tls and channel_start_tls */
	bool use_tls;
	const char *alpn; /* NULL: none */
};

void channel_open(struct channel *c, struct probe *p, const struct channel_wish *wish);
void channel_start_tls(struct channel *c);
void channel_send(struct channel *c, const void *bytes, size_t n);
void channel_close(struct channel *c); /* may be opened again */

#endif
