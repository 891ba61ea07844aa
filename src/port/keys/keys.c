/* SPDX-License-Identifier: Apache-2.0 */
#include "port/keys/keys.h"

#include "base/map.h"
#include "base/str.h"
#include "port/files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_LINE_BYTES 45 /* 44 characters of base64 and a newline */
#define FILE_BYTES_MAX 128

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}
SCOPED_BY(close_fd, int)

void keys_wipe(struct private_key *k)
{
	explicit_bzero(k, sizeof *k);
}

static enum rc write_line(int fd, const char *path, const char *line, struct err *e)
{
	ssize_t n = write(fd, line, KEY_LINE_BYTES);

	if (n >= 0 && n < KEY_LINE_BYTES)
		errno = ENOSPC;
	if (n < KEY_LINE_BYTES || fsync(fd) < 0)
		return err_errno(e, errno == ENOSPC ? RC_FULL : RC_IO, errno, "writing %s", path);
	return file_sync_folder(path, e);
}

static enum rc draw(struct private_key *ret, struct err *e)
{
	if (getrandom(ret->bytes, sizeof ret->bytes, 0) != sizeof ret->bytes)
		return err_errno(e, RC_IO, errno, "asking the kernel for random bytes");
	return RC_OK;
}

enum rc keys_generate(const char *path, struct public_key *ret, struct err *e)
{
	scoped(keys_wipe) struct private_key key = { 0 };
	scoped(close_fd) int fd = -1;
	char line[KEY_LINE_BYTES + 1];
	enum rc rc = draw(&key, e);

	if (rc != RC_OK)
		return rc;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, RC_CONFLICT,
			"%s exists, and a key is never overwritten: move it aside or choose "
			"another name",
			path);
	if (fd < 0)
		return err_errno(e, RC_IO, errno, "creating %s", path);
	base64_encode(key.bytes, sizeof key.bytes, line);
	line[KEY_LINE_BYTES - 1] = '\n';
	rc = write_line(fd, path, line, e);
	explicit_bzero(line, sizeof line);
	if (rc != RC_OK) {
		unlink(path);
		return rc;
	}
	*ret = key_public(&key);
	return RC_OK;
}

static bool is_credential(const char *path)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	size_t n = directory ? strlen(directory) : 0;

	return n > 0 && str_starts(path, directory) && path[n] == '/' && !strstr(path + n, "..");
}

static enum rc check_owner_and_mode(const struct stat *st, const char *path, struct err *e)
{
	mode_t others = is_credential(path) ? S_IRWXO | S_IWGRP : S_IRWXG | S_IRWXO;

	if (!S_ISREG(st->st_mode))
		return err_set(e, RC_REFUSED, "%s is not a regular file", path);
	if (st->st_uid != geteuid() && !(is_credential(path) && st->st_uid == 0))
		return err_set(e, RC_REFUSED,
			"%s belongs to user %u, and this program runs as user %u: chown %u %s",
			path, st->st_uid, geteuid(), geteuid(), path);
	if (st->st_mode & others)
		return err_set(e, RC_REFUSED,
			"others may use the private key (mode %04o): chmod 600 %s, and if somebody "
			"could have read it, make a new one with diarchy keygen",
			st->st_mode & 07777, path);
	return RC_OK;
}

static enum rc parse(char *text, const char *path, struct private_key *ret, struct err *e)
{
	text[strcspn(text, "\r\n")] = '\0';
	if (strlen(text) == KEY_LINE_BYTES - 1 &&
		base64_decode(text, ret->bytes, sizeof ret->bytes) == KEY_BYTES)
		return RC_OK;
	return err_set(e, RC_INPUT,
		"%s holds no private key (one line of %d characters of base64, as diarchy keygen "
		"writes it)",
		path, KEY_LINE_BYTES - 1);
}

enum rc keys_read(const char *path, struct private_key *ret, struct err *e)
{
	/* Not to hang on a FIFO that somebody put there. */
	scoped(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[FILE_BYTES_MAX + 1];
	scoped(keys_wipe) struct private_key key = { 0 };
	struct stat st;
	enum rc rc;
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, RC_NOT_FOUND, "%s does not exist: make it with diarchy keygen %s",
			path, path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, RC_IO, errno, "opening %s", path);
	rc = check_owner_and_mode(&st, path, e);
	if (rc != RC_OK)
		return rc;
	n = read(fd, text, FILE_BYTES_MAX);
	if (n < 0)
		return err_errno(e, RC_IO, errno, "reading %s", path);
	text[n] = '\0';
	rc = parse(text, path, &key, e);
	explicit_bzero(text, sizeof text);
	if (rc == RC_OK)
		*ret = key;
	return rc;
}

struct keys_signer {
	struct journal_signer port;
	struct private_key own;
	struct map sites; /* name -> struct public_key */
};

static void sign(void *ctx, const struct sha256 *hash, uint8_t ret[SIGNATURE_BYTES])
{
	const struct keys_signer *s = ctx;

	key_sign(&s->own, hash->bytes, sizeof hash->bytes, ret);
}

static bool verify(void *ctx, const char *site, const struct sha256 *hash,
	const uint8_t signature[SIGNATURE_BYTES])
{
	const struct keys_signer *s = ctx;
	const struct public_key *key = map_get(&s->sites, site);

	return key && key_verify(key, hash->bytes, sizeof hash->bytes, signature);
}

struct keys_signer *keys_signer_new(const struct private_key *own)
{
	struct keys_signer *s = must_alloc(sizeof *s);

	s->own = *own;
	s->port = (struct journal_signer){ .ctx = s, .sign = sign, .verify = verify };
	return s;
}

void keys_signer_free(struct keys_signer *s)
{
	if (!s)
		return;
	keys_signer_forget(s);
	keys_wipe(&s->own);
	free(s);
}

void keys_signer_trust(struct keys_signer *s, const char *site, const struct public_key *key)
{
	struct public_key *copy = must_alloc(sizeof *copy);

	*copy = *key;
	free(map_put(&s->sites, site, copy));
}

void keys_signer_forget(struct keys_signer *s)
{
	map_each (&s->sites, it)
		free(it->value);
	map_fini(&s->sites);
}

const struct journal_signer *keys_signer_port(const struct keys_signer *s)
{
	return &s->port;
}
