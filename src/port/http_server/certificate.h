/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate: what the server shows, read from two PEM files, and read again when they change.
 *
 * Whoever renews a certificate replaces two files, one after the other and perhaps through symbolic
 * links; so nothing is taken up before both are there and fit each other, and what is in use stays
 * until then.  A handshake under way keeps the pair that it began with: pairs live as long as the
 * server.
 */
#ifndef PORT_HTTP_SERVER_CERTIFICATE_H
#define PORT_HTTP_SERVER_CERTIFICATE_H

#include "base/hash.h"

#include <gnutls/abstract.h>
#include <stdbool.h>

#define PAIR_CHAIN_MAX 16

struct pair {
	gnutls_pcert_st chain[PAIR_CHAIN_MAX]; /* our own first */
	unsigned n;
	gnutls_privkey_t key;
	struct pair *older;
};

struct certificate {
	char *cert_file, *key_file;
	struct pair *newest; /* the one in use */
	struct sha256 tried; /* of both files as they were last read, whatever came of it */
	enum rc rc;          /* and what came of it */
	struct err why;
};

/* RC_INPUT when a file can't be read or holds no PEM, or the key isn't the certificate's. */
enum rc certificate_read(struct certificate *c, const char *cert_file, const char *key_file,
	struct err *e) MUST_USE;
/* Read both again.  The outcome of the last change: an error stays until the files are mended. */
enum rc certificate_refresh(struct certificate *c, bool *ret_is_new, struct err *e) MUST_USE;
void certificate_fini(struct certificate *c);

#endif
