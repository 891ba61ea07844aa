/* SPDX-License-Identifier: Apache-2.0 */
#include "port/password/password.h"

#include "base/hash.h"
#include "base/mem.h"

#include <crypt.h>
#include <errno.h>
#include <string.h>

#define METHOD         "$y$"
#define HASH_BYTES_MIN 50 /* bcrypt's 60 are the shortest */
#define ALPHABET       "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz$=,"

_Static_assert(PASSWORD_HASH_MAX == CRYPT_OUTPUT_SIZE, "every hash fits");
_Static_assert(PASSWORD_BYTES_MAX == CRYPT_MAX_PASSPHRASE_SIZE, "no password is cut");

/* 32 KiB with the password in them: not for the stack of a pool's thread. */
static void workspace_free(struct crypt_data *d)
{
	explicit_bzero(d, sizeof *d);
	free(d);
}
SCOPED_BY(workspace_free, struct crypt_data *)

enum rc password_hash(const char *password, const unsigned char random[PASSWORD_RANDOM_BYTES],
	char ret[PASSWORD_HASH_MAX], struct err *e)
{
	scoped(workspace_free) struct crypt_data *d = must_alloc(sizeof *d);
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	size_t n = strlen(password);

	if (n < PASSWORD_BYTES_MIN || n >= PASSWORD_BYTES_MAX)
		return err_set(e, RC_INPUT, "a password has %d to %d bytes", PASSWORD_BYTES_MIN,
			PASSWORD_BYTES_MAX - 1);
	if (!crypt_gensalt_rn(METHOD, 0, (const char *)random, PASSWORD_RANDOM_BYTES, setting,
		    sizeof setting) ||
		!crypt_rn(password, setting, d, sizeof *d))
		return err_errno(e, RC_INTERNAL, errno, "hashing with yescrypt");
	memcpy(ret, d->output, PASSWORD_HASH_MAX);
	return RC_OK;
}

/* crypt(5): yescrypt, gost-yescrypt, scrypt, bcrypt, sha512crypt.  crypt_checksalt(3) looks at
 * little more than this, and takes DES for good where the library was built with it. */
static const char *const methods[] = { "$y$", "$gy$", "$7$", "$2b$", "$2a$", "$2y$", "$6$" };

static bool is_strong(const char *hash)
{
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (strncmp(hash, methods[i], strlen(methods[i])) == 0)
			return true;
	}
	return false;
}

enum rc password_check_hash(const char *hash, struct err *e)
{
	size_t n = strlen(hash), plain = strspn(hash, ALPHABET);

	if (n < HASH_BYTES_MIN || n >= PASSWORD_HASH_MAX || plain != n || !is_strong(hash))
		return err_set(e, RC_INPUT,
			"not the hash of a password, or made by a method that is too weak: make "
			"one "
			"with `diarchy login-hash`");
	return RC_OK;
}

bool password_matches(const char *password, const char *hash)
{
	scoped(workspace_free) struct crypt_data *d = must_alloc(sizeof *d);
	size_t n = strlen(hash);

	if (strlen(password) >= PASSWORD_BYTES_MAX || password_check_hash(hash, NULL) != RC_OK)
		return false;
	if (!crypt_rn(password, hash, d, sizeof *d) || strlen(d->output) != n)
		return false;
	return secret_equal(d->output, hash, n);
}
