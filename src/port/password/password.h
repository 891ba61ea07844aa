/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password: hashes of people's passwords, by crypt(3) of libxcrypt.
 *
 * New ones are yescrypt ("$y$", crypt(5)): memory-hard, so that who steals a hash can't try it on a
 * thousand cores of a GPU for the price of one; Debian's own choice for /etc/shadow, so that a hash
 * made by mkpasswd(1) works too; and in a library that every Debian has.  PBKDF2 of nettle needs no
 * memory and Argon2 would be one library more.  Hashes by methods that crypt(5) calls legacy are
 * refused.
 */
#ifndef PORT_PASSWORD_PASSWORD_H
#define PORT_PASSWORD_PASSWORD_H

#include "base/err.h"

#include <stdbool.h>

#define PASSWORD_HASH_MAX     384 /* CRYPT_OUTPUT_SIZE */
#define PASSWORD_BYTES_MAX    512 /* CRYPT_MAX_PASSPHRASE_SIZE, terminated */
#define PASSWORD_BYTES_MIN    8
#define PASSWORD_RANDOM_BYTES 16 /* of salt */

/* RC_INPUT when the password is too short or too long. */
enum rc password_hash(const char *password, const unsigned char random[PASSWORD_RANDOM_BYTES],
	char ret[PASSWORD_HASH_MAX], struct err *e) MUST_USE;

/* RC_INPUT when `hash` is malformed, or of a method that is too weak. */
enum rc password_check_hash(const char *hash, struct err *e) MUST_USE;

/* Slow and large on purpose (tens of milliseconds, 16 MiB): for the pool, not for the loop.
 * Compares in constant time; false also when the hash is unusable. */
bool password_matches(const char *password, const char *hash);

#endif
