/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle: a PEM file of certificate authorities, as an index of where each stands in the file.
 *
 * The system's holds about 150 of them; parsed they take 4 MB, and a chain needs one.
 */
#ifndef PORT_PROBE_BUNDLE_H
#define PORT_PROBE_BUNDLE_H

#include "base/err.h"
#include "base/mem.h"

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define BUNDLE_BYTES_MAX (8 * 1024 * 1024)

struct bundle;

/* RC_IO when the file can't be read, RC_INPUT when it holds no certificate. */
enum rc bundle_open(struct bundle **ret, const char *path, struct err *e) MUST_USE;
void bundle_free(struct bundle *b);
SCOPED_BY(bundle_free, struct bundle *)

const char *bundle_path(const struct bundle *b);
bool bundle_is_current(const struct bundle *b); /* the file is still the one that was indexed */

/* Parse the authorities called `name` (a raw DER distinguished name), at most `size` of them;
 * returns how many.  The caller owns them. */
uint32_t bundle_find(const struct bundle *b, const gnutls_datum_t *name, gnutls_x509_crt_t *ret,
	uint32_t size);

#endif
