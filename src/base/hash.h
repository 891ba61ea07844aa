/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: SHA-256, Ed25519 (RFC 8032) and the encodings that carry them, through nettle.
 *
 * Pure functions of their arguments.  Keys are written "ed25519:" + base64 of the 32 public bytes.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SHA256_BYTES 32
#define SHA256_HEX   65 /* with terminator */

struct sha256 {
	uint8_t bytes[SHA256_BYTES];
};

struct sha256 sha256_of(const void *data, size_t n);
const char *sha256_hex(const struct sha256 *h, char buf[SHA256_HEX]);
static inline bool sha256_eq(const struct sha256 *a, const struct sha256 *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}
/* For names that others make with it, not for safety. */
#define SHA1_BYTES 20
void sha1_of(const void *data, size_t n, uint8_t ret[SHA1_BYTES]);
bool sha256_parse(const char *hex, struct sha256 *ret);

/* Hash of several pieces without joining them. */
struct sha256_state {
	_Alignas(16) uint8_t opaque[128];
};
void sha256_begin(struct sha256_state *s);
void sha256_add(struct sha256_state *s, const void *data, size_t n);
struct sha256 sha256_end(struct sha256_state *s);

#define KEY_BYTES       32
#define SIGNATURE_BYTES 64
#define KEY_TEXT_MAX    64

struct public_key {
	uint8_t bytes[KEY_BYTES];
};
struct private_key {
	uint8_t bytes[KEY_BYTES];
};

struct public_key key_public(const struct private_key *k);
const char *key_text(const struct public_key *k, char buf[KEY_TEXT_MAX]); /* "ed25519:..." */
/* RC_INPUT also for a point of small order, with which anybody's signature may verify. */
enum rc key_parse(const char *text, struct public_key *ret, struct err *e) MUST_USE;
void key_sign(const struct private_key *k, const void *data, size_t n,
	uint8_t ret[SIGNATURE_BYTES]);
bool key_verify(const struct public_key *k, const void *data, size_t n,
	const uint8_t signature[SIGNATURE_BYTES]);

/* Constant-time comparison of secrets. */
bool secret_equal(const void *a, const void *b, size_t n);

/* Base64 (RFC 4648, padded).  Encoding needs 4 * ((n + 2) / 3) + 1 bytes.  Decoding returns the
 * number of bytes, or -1 when `text` is malformed or `size` is too small. */
void base64_encode(const void *data, size_t n, char *ret);
long base64_decode(const char *text, void *ret, size_t size);
void hex_encode(const void *data, size_t n, char *ret); /* 2 * n + 1 bytes */
bool hex_decode(const char *text, void *ret, size_t n); /* exactly n bytes */

#endif
