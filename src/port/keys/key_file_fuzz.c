/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any file in the place of a secret: as a private key it is one, or refused; as a secret it is one
 * line's worth of text, or refused; as the hash of a password it is a strong one, or refused.  No
 * refusal repeats it.
 */
#include "port/keys/keys.h"

#include "base/str.h"
#include "core/lab/lab.h"
#include "port/files/secret.h"
#include "port/password/password.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SECRET_SHOWN_MIN 12 /* shorter texts may stand in a message by chance */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[32], path[64];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void write_file(const uint8_t *data, size_t size)
{
	int fd;

	if (!folder[0]) {
		strcpy(folder, "/dev/shm/key-fuzz-XXXXXX");
		if (!mkdtemp(folder)) {
			strcpy(folder, "/tmp/key-fuzz-XXXXXX");
			must(mkdtemp(folder));
		}
		snprintf(path, sizeof path, "%s/file", folder);
		atexit(remove_folder);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void check_refusal(const struct err *e, const uint8_t *data, size_t size)
{
	must(e->text[0]);
	if (size >= SECRET_SHOWN_MIN && !memmem(path, strlen(path), data, size))
		must(!memmem(e->text, strlen(e->text), data, size));
}

static void as_key(const uint8_t *data, size_t size)
{
	scoped(keys_wipe) struct private_key key = { 0 };
	struct err e = { 0 };
	char line[64];

	if (keys_read(path, &key, &e) != RC_OK) {
		check_refusal(&e, data, size);
		return;
	}
	base64_encode(key.bytes, sizeof key.bytes, line);
	must(size >= strlen(line) && memcmp(data, line, strlen(line)) == 0);
}

static void as_secret(const uint8_t *data, size_t size)
{
	const struct secret s = { .kind = SECRET_FILE, .name = path };
	scoped(secret_wipe) struct str value = STR_EMPTY;
	struct err e = { 0 };

	if (secret_resolve(&s, &value, &e) != RC_OK) {
		check_refusal(&e, data, size);
		return;
	}
	must(value.len > 0 && value.len <= size && memcmp(data, value.s, value.len) == 0);
	must(strlen(value.s) == value.len && value.s[value.len - 1] != '\n');
	if (password_check_hash(value.s, &e) != RC_OK)
		check_refusal(&e, data, value.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	write_file(data, size);
	as_key(data, size);
	as_secret(data, size);
	return 0;
}
