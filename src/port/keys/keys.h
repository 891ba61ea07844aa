/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys: a site's Ed25519 key on disk, and the journal's signer made of it.
 *
 * A key file is one line, the base64 (RFC 4648) of the 32 bytes of an RFC 8032 private key, in a
 * regular file of ours that nobody else may read: mode 0600, or 0400.  Whatever else lies there is
 * refused, because a key that others could have read proves nothing.  systemd hands out credentials
 * with an access list whose mask shows as group bits; in $CREDENTIALS_DIRECTORY those are accepted.
 */
#ifndef PORT_KEYS_KEYS_H
#define PORT_KEYS_KEYS_H

#include "base/hash.h"
#include "base/mem.h"
#include "core/journal/journal.h"

/* Make a new key in a new file, durable on RC_OK.  RC_CONFLICT when the file exists: a key is never
 * overwritten. */
enum rc keys_generate(const char *path, struct public_key *ret, struct err *e) MUST_USE;

/* RC_NOT_FOUND, RC_REFUSED when others could have read it, RC_INPUT when it isn't a key, RC_IO.
 * The caller wipes the key with keys_wipe(). */
enum rc keys_read(const char *path, struct private_key *ret, struct err *e) MUST_USE;
void keys_wipe(struct private_key *k);
SCOPED_FINI(keys_wipe, struct private_key)

/* Signs with our own key; verifies with the public keys that it was told of. */
struct keys_signer;

struct keys_signer *keys_signer_new(const struct private_key *own);
void keys_signer_free(struct keys_signer *s); /* wipes its copy of the key */
SCOPED_BY(keys_signer_free, struct keys_signer *)

/* The key that a site's events are verified with from now on, our own site's too.  To take in
 * another lab.yaml, forget all and tell again. */
void keys_signer_trust(struct keys_signer *s, const char *site, const struct public_key *key);
void keys_signer_forget(struct keys_signer *s);

/* Lives as long as `s`. */
const struct journal_signer *keys_signer_port(const struct keys_signer *s);

#endif
