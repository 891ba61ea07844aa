/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/files.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}
SCOPED_BY(close_fd, int)

/* A FIFO, a device or a terminal could keep the whole program waiting, or never end. */
static enum rc open_file(const char *path, int *ret, struct err *e)
{
	struct stat st;

	*ret = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*ret < 0 || fstat(*ret, &st) != 0)
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? RC_NOT_FOUND : RC_IO,
			errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return err_errno(e, RC_IO, EISDIR, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, RC_IO, "%s is not a regular file", path);
	return RC_OK;
}

static ssize_t read_some(int fd, void *buf, size_t n)
{
	ssize_t got;

	do
		got = read(fd, buf, n);
	while (got < 0 && errno == EINTR);
	return got;
}

enum rc file_read_into(const char *path, void *buf, size_t n, size_t *ret_n, struct err *e)
{
	scoped(close_fd) int fd = -1;
	enum rc rc = open_file(path, &fd, e);
	size_t filled = 0;
	char more;
	ssize_t got = 1;

	while (rc == RC_OK && got > 0) {
		got = filled < n ? read_some(fd, (char *)buf + filled, n - filled)
				 : read_some(fd, &more, 1);
		if (got < 0)
			return err_errno(e, RC_IO, errno, "%s", path);
		if (got > 0 && filled == n)
			return err_set(e, RC_LIMIT, "%s is longer than %zu bytes", path, n);
		filled += (size_t)got;
	}
	if (rc == RC_OK)
		*ret_n = filled;
	return rc;
}

enum rc file_read(const char *path, size_t most_bytes, struct str *ret, struct err *e)
{
	scoped(close_fd) int fd = -1;
	enum rc rc = open_file(path, &fd, e);
	size_t n = 0;
	char buf[16 * 1024];
	ssize_t got;

	if (rc != RC_OK)
		return rc;
	while ((got = read_some(fd, buf, sizeof buf)) > 0) {
		n += (size_t)got;
		if (n > most_bytes)
			return err_set(e, RC_LIMIT, "%s is longer than %zu bytes", path,
				most_bytes);
		str_addn(ret, buf, (size_t)got);
	}
	return got < 0 ? err_errno(e, RC_IO, errno, "%s", path) : RC_OK;
}

static enum rc failed_to_write(const char *path, struct err *e)
{
	return err_errno(e, errno == ENOSPC || errno == EFBIG ? RC_FULL : RC_IO, errno,
		"writing %s", path);
}

static enum rc write_whole(const char *path, const struct str *text, struct err *e)
{
	scoped(close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t written = 0;

	while (fd >= 0 && written < text->len) {
		ssize_t n = write(fd, str_c(text) + written, text->len - written);

		if (n < 0 && errno != EINTR)
			return failed_to_write(path, e);
		written += n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || fsync(fd) != 0)
		return failed_to_write(path, e);
	return RC_OK;
}

enum rc file_append(const char *path, const struct str *text, struct err *e)
{
	scoped(close_fd) int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	ssize_t n = -1;

	if (fd >= 0)
		n = write(fd, str_c(text), text->len);
	if (n == (ssize_t)text->len)
		return RC_OK;
	if (n >= 0)
		return err_set(e, RC_FULL, "%s: only a part was written", path);
	return err_errno(e, errno == ENOSPC ? RC_FULL : RC_IO, errno, "%s", path);
}

enum rc file_sync_folder(const char *path, struct err *e)
{
	scoped(mem_free) char *copy = must_strdup(path);
	scoped(close_fd) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		return err_errno(e, RC_IO, errno, "saving the directory of %s", path);
	return RC_OK;
}

enum rc file_replace(const char *path, const struct str *text, struct err *e)
{
	scoped(str_fini) struct str beside = STR_EMPTY;
	enum rc rc;

	str_addf(&beside, "%s.new", path);
	rc = write_whole(str_c(&beside), text, e);
	if (rc != RC_OK)
		return rc;
	if (rename(str_c(&beside), path) != 0)
		return err_errno(e, RC_IO, errno, "renaming %s", str_c(&beside));
	return file_sync_folder(path, e);
}
