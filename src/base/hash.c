/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/mem.h"

#include <nettle/base64.h>
#include <nettle/eddsa.h>
#include <nettle/memops.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#define KEY_PREFIX      "ed25519:"
#define KEY_BASE64_SIZE 44 /* characters for 32 bytes, padding included */

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct sha256_state), "nettle's state fits");
_Static_assert(SHA256_BYTES == SHA256_DIGEST_SIZE, "a digest is a digest");
_Static_assert(KEY_BYTES == ED25519_KEY_SIZE, "a key is a key");
_Static_assert(SIGNATURE_BYTES == ED25519_SIGNATURE_SIZE, "a signature is a signature");
_Static_assert(sizeof KEY_PREFIX + KEY_BASE64_SIZE <= KEY_TEXT_MAX, "a key's text fits");

void sha256_begin(struct sha256_state *s)
{
	sha256_init((struct sha256_ctx *)s->opaque);
}

void sha256_add(struct sha256_state *s, const void *data, size_t n)
{
	if (n > 0)
		sha256_update((struct sha256_ctx *)s->opaque, n, data);
}

struct sha256 sha256_end(struct sha256_state *s)
{
	struct sha256 h;

	sha256_digest((struct sha256_ctx *)s->opaque, sizeof h.bytes, h.bytes);
	return h;
}

struct sha256 sha256_of(const void *data, size_t n)
{
	struct sha256_state s;

	sha256_begin(&s);
	sha256_add(&s, data, n);
	return sha256_end(&s);
}

void sha1_of(const void *data, size_t n, uint8_t ret[SHA1_BYTES])
{
	struct sha1_ctx ctx;

	sha1_init(&ctx);
	sha1_update(&ctx, n, data);
	sha1_digest(&ctx, SHA1_BYTES, ret);
}

const char *sha256_hex(const struct sha256 *h, char buf[SHA256_HEX])
{
	hex_encode(h->bytes, sizeof h->bytes, buf);
	return buf;
}

bool sha256_parse(const char *hex, struct sha256 *ret)
{
	return hex_decode(hex, ret->bytes, sizeof ret->bytes);
}

struct public_key key_public(const struct private_key *k)
{
	struct public_key public;

	ed25519_sha512_public_key(public.bytes, k->bytes);
	return public;
}

const char *key_text(const struct public_key *k, char buf[KEY_TEXT_MAX])
{
	strcpy(buf, KEY_PREFIX);
	base64_encode(k->bytes, sizeof k->bytes, buf + strlen(KEY_PREFIX));
	return buf;
}

/* The points of small order (RFC 7748, section 7; RFC 8032, section 8.9) and their other spellings,
 * without the sign bit: anybody can make signatures that verify with one of these. */
static bool has_no_owner(const struct public_key *k)
{
	static const struct public_key points[] = {
		{ { 0 } },
		{ { 1 } },
		{ { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2,
			0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1,
			0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 } },
		{ { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d,
			0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e,
			0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a } },
		{ { 0xec, [1 ... 30] = 0xff, 0x7f } },
		{ { 0xed, [1 ... 30] = 0xff, 0x7f } },
		{ { 0xee, [1 ... 30] = 0xff, 0x7f } },
	};
	struct public_key unsigned_ = *k;

	unsigned_.bytes[KEY_BYTES - 1] &= 0x7f;
	for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
		if (memcmp(&points[i], &unsigned_, sizeof unsigned_) == 0)
			return true;
	return false;
}

enum rc key_parse(const char *text, struct public_key *ret, struct err *e)
{
	struct public_key k;

	if (strncmp(text, KEY_PREFIX, strlen(KEY_PREFIX)) == 0 &&
		base64_decode(text + strlen(KEY_PREFIX), k.bytes, sizeof k.bytes) == KEY_BYTES) {
		if (has_no_owner(&k))
			return err_set(e, RC_INPUT,
				"'%.80s' is nobody's key: anybody can sign for it; 'diarchy "
				"keygen' "
				"makes one",
				text);
		*ret = k;
		return RC_OK;
	}
	return err_set(e, RC_INPUT,
		"'%.80s' is not a public key: expected \"" KEY_PREFIX
		"\" and %d characters of base64",
		text, KEY_BASE64_SIZE);
}

void key_sign(const struct private_key *k, const void *data, size_t n, uint8_t ret[SIGNATURE_BYTES])
{
	struct public_key public = key_public(k);

	ed25519_sha512_sign(public.bytes, k->bytes, n, data, ret);
}

bool key_verify(const struct public_key *k, const void *data, size_t n,
	const uint8_t signature[SIGNATURE_BYTES])
{
	return ed25519_sha512_verify(k->bytes, n, data, signature) == 1;
}

bool secret_equal(const void *a, const void *b, size_t n)
{
	return memeql_sec(a, b, n) == 1;
}

void base64_encode(const void *data, size_t n, char *ret)
{
	base64_encode_raw(ret, n, data);
	ret[BASE64_ENCODE_RAW_LENGTH(n)] = '\0';
}

long base64_decode(const char *text, void *ret, size_t size)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct base64_decode_ctx ctx;
	size_t n = strlen(text), data = strspn(text, alphabet), padding = n - data, decoded;

	/* nettle skips white space and writes without looking at `size`. */
	if (n % 4 != 0 || padding > 2 || strspn(text + data, "=") != padding)
		return -1;
	if (n / 4 * 3 - padding > size)
		return -1;
	base64_decode_init(&ctx);
	decoded = size;
	if (n > 0 &&
		(!base64_decode_update(&ctx, &decoded, ret, n, text) || !base64_decode_final(&ctx)))
		return -1;
	return n > 0 ? (long)decoded : 0;
}

void hex_encode(const void *data, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i++) {
		*ret++ = digits[p[i] >> 4];
		*ret++ = digits[p[i] & 15];
	}
	*ret = '\0';
}

static unsigned nibble(char digit)
{
	return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit | 0x20) - 'a' + 10;
}

bool hex_decode(const char *text, void *ret, size_t n)
{
	uint8_t *bytes = ret;

	if (strspn(text, "0123456789abcdefABCDEF") != 2 * n || text[2 * n] != '\0')
		return false;
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	return true;
}
