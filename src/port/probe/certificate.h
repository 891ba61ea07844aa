/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate: what a server's chain of certificates says, and what is wrong with it, for people.
 */
#ifndef PORT_PROBE_CERTIFICATE_H
#define PORT_PROBE_CERTIFICATE_H

#include "port/probe/bundle.h"
#include "port/probe/probe.h"

#include <time.h>

#define CHAIN_MAX   12 /* certificates that a server may show */
#define ANCHORS_MAX 16

struct chain {
	gnutls_x509_crt_t certs[CHAIN_MAX]; /* the server's own first */
	uint32_t n;
	gnutls_x509_crt_t anchors[ANCHORS_MAX]; /* authorities that may have issued one of them */
	uint32_t n_anchors;
};

/* `n` certificates in DER, at least one.  *c is to be released whatever the outcome. */
enum rc chain_read(struct chain *c, const gnutls_datum_t *der, uint32_t n, struct err *e) MUST_USE;
void chain_fini(struct chain *c);
SCOPED_FINI(chain_fini, struct chain)

/* Take the authorities that matter out of the bundle: those that issued a certificate that was
 * shown, or are one of them themselves. */
void chain_find_anchors(struct chain *c, const struct bundle *b);

/* Up to an anchor, for a server called `host` (a name or an address), which must stand among its
 * alternative names as what it is.  *ret_status are GnuTLS's GNUTLS_CERT_... bits, 0 when all is
 * well. */
enum rc chain_verify(struct chain *c, const char *host, unsigned *ret_status,
	struct err *e) MUST_USE;
/* When the whole path from the server's certificate to an anchor is valid. */
void chain_validity(const struct chain *c, time_t *ret_begins, time_t *ret_ends);

/* What stands in the certificates, whoever vouches for them; `own` is the first one's DER. */
void chain_facts(const struct chain *c, const gnutls_datum_t *own, struct probe_tls *facts);
/* All that `status` says is wrong, in one sentence. */
void chain_explain(const struct chain *c, unsigned status, const char *host, char *ret,
	size_t size);

#define CERTIFICATE_DATE_MAX 16
const char *certificate_date(int64_t seconds, char buf[CERTIFICATE_DATE_MAX]); /* "2026-11-25" */

#endif
