/* SPDX-License-Identifier: Apache-2.0 */
#include "port/blockfiles/blockfiles.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOTS  "snapshots"
#define COPY_BYTES (1024 * 1024)

struct blockfiles {
	struct files port;
	int folder; /* locked */
};

struct files_writer {
	int fd;
	char name[FILES_NAME_MAX];
};

static enum rc trouble(struct err *e, int errnum, const char *what, const char *name)
{
	bool is_full = errnum == ENOSPC || errnum == EDQUOT;
	enum rc rc = is_full ? RC_FULL : errnum == ENOENT ? RC_NOT_FOUND : RC_IO;

	return err_errno(e, rc, errnum, "%s %s", what, name);
}

/* ---- reading */

static enum rc map(void *self, const char *name, struct files_map *ret, struct err *e)
{
	struct blockfiles *b = self;
	int fd = openat(b->folder, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = NULL;
	int errnum;

	if (fd < 0)
		return trouble(e, errno, "opening", name);
	if (fstat(fd, &st) != 0 || (st.st_size > 0 && (p = mmap(NULL, (size_t)st.st_size, PROT_READ,
							       MAP_SHARED, fd, 0)) == MAP_FAILED)) {
		errnum = errno;
		close(fd);
		return trouble(e, errnum, "mapping", name);
	}
	close(fd);
	*ret = (struct files_map){ p, (size_t)st.st_size };
	return RC_OK;
}

static void unmap(void *self, struct files_map *m)
{
	(void)self;
	if (m->n)
		munmap((void *)m->p, m->n);
	*m = (struct files_map){ 0 };
}

static void release(void *self, const struct files_map *m)
{
	(void)self;
	if (m->n)
		madvise((void *)m->p, m->n, MADV_DONTNEED);
}

/* ---- writing */

static enum rc create(void *self, const char *name, struct files_writer **ret, struct err *e)
{
	struct blockfiles *b = self;
	int fd = openat(b->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	struct files_writer *w;

	if (fd < 0)
		return trouble(e, errno, "creating", name);
	w = must_alloc(sizeof *w);
	w->fd = fd;
	str_copy(w->name, sizeof w->name, name);
	*ret = w;
	return RC_OK;
}

static enum rc write_all(int fd, const void *bytes, size_t n, const char *name, struct err *e)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t written = write(fd, at, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return trouble(e, errno, "writing", name);
		at += written;
		n -= (size_t)written;
	}
	return RC_OK;
}

static enum rc append(struct files_writer *w, const void *bytes, size_t n, struct err *e)
{
	return write_all(w->fd, bytes, n, w->name, e);
}

static enum rc cut(struct files_writer *w, uint64_t size_bytes, struct err *e)
{
	if (ftruncate(w->fd, (off_t)size_bytes) != 0)
		return trouble(e, errno, "cutting", w->name);
	return RC_OK;
}

static enum rc sync_writer(struct files_writer *w, struct err *e)
{
	if (fdatasync(w->fd) != 0)
		return trouble(e, errno, "syncing", w->name);
	return RC_OK;
}

static enum rc sync_name(void *self, const char *name, struct err *e)
{
	struct blockfiles *b = self;
	int fd = openat(b->folder, name, O_RDONLY | O_CLOEXEC);
	enum rc rc = RC_OK;

	if (fd < 0)
		return trouble(e, errno, "opening", name);
	if (fdatasync(fd) != 0)
		rc = trouble(e, errno, "syncing", name);
	close(fd);
	return rc;
}

static void close_writer(struct files_writer *w)
{
	if (!w)
		return;
	close(w->fd);
	free(w);
}

/* ---- the folder */

static enum rc rename_file(void *self, const char *from, const char *to, struct err *e)
{
	struct blockfiles *b = self;

	if (renameat(b->folder, from, b->folder, to) != 0)
		return trouble(e, errno, "renaming", from);
	return RC_OK;
}

static enum rc remove_file(void *self, const char *name, struct err *e)
{
	struct blockfiles *b = self;

	if (unlinkat(b->folder, name, 0) != 0)
		return trouble(e, errno, "removing", name);
	return RC_OK;
}

/* A plain file whose name is none of ours is nobody's that we know: it is left alone. */
static bool is_ours(int folder, const char *name, struct stat *st)
{
	return strlen(name) < FILES_NAME_MAX &&
	       fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode);
}

static enum rc list(void *self, struct files_entry **ret, uint32_t *ret_n, struct err *e)
{
	struct blockfiles *b = self;
	int fd = openat(b->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct files_entry *entries = NULL;
	uint32_t n = 0, cap = 0;
	struct dirent *d;
	struct stat st;

	if (!dir) {
		enum rc rc = trouble(e, errno, "listing", "the folder");

		if (fd >= 0)
			close(fd);
		return rc;
	}
	while ((d = readdir(dir))) {
		if (!is_ours(b->folder, d->d_name, &st))
			continue;
		must_grow(entries, n, cap);
		str_copy(entries[n].name, sizeof entries[n].name, d->d_name);
		entries[n++].size_bytes = (uint64_t)st.st_size;
	}
	closedir(dir);
	*ret = entries;
	*ret_n = n;
	return RC_OK;
}

static enum rc sync_folder(void *self, struct err *e)
{
	struct blockfiles *b = self;

	if (fsync(b->folder) != 0)
		return trouble(e, errno, "syncing", "the folder");
	return RC_OK;
}

/* ---- snapshots */

static enum rc copy(int folder, const char *name, int to, struct err *e)
{
	scoped(mem_free) char *piece = must_alloc(COPY_BYTES);
	int from = openat(folder, name, O_RDONLY | O_CLOEXEC);
	int out = from < 0 ? -1 : openat(to, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum rc rc = out < 0 ? trouble(e, errno, "copying", name) : RC_OK;
	ssize_t n = 0;

	while (rc == RC_OK && (n = read(from, piece, COPY_BYTES)) > 0)
		rc = write_all(out, piece, (size_t)n, name, e);
	if (rc == RC_OK && (n < 0 || fdatasync(out) != 0))
		rc = trouble(e, errno, "copying", name);
	if (from >= 0)
		close(from);
	if (out >= 0)
		close(out);
	return rc;
}

static enum rc open_snapshot(const struct blockfiles *b, const char *snapshot, int *ret,
	struct err *e)
{
	char path[sizeof SNAPSHOTS + 1 + FILES_NAME_MAX];

	snprintf(path, sizeof path, SNAPSHOTS "/%s", snapshot);
	if ((mkdirat(b->folder, SNAPSHOTS, 0700) != 0 && errno != EEXIST) ||
		(mkdirat(b->folder, path, 0700) != 0 && errno != EEXIST))
		return trouble(e, errno, "making the folder", path);
	*ret = openat(b->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? trouble(e, errno, "opening", path) : RC_OK;
}

static enum rc link_file(void *self, const char *name, const char *snapshot, struct err *e)
{
	struct blockfiles *b = self;
	enum rc rc;
	int to = -1;

	rc = open_snapshot(b, snapshot, &to, e);
	if (rc != RC_OK)
		return rc;
	if (linkat(b->folder, name, to, name, 0) != 0) {
		if (errno == ENOENT)
			rc = trouble(e, errno, "linking", name);
		else if (errno != EEXIST)
			rc = copy(b->folder, name, to, e);
	}
	if (rc == RC_OK && fsync(to) != 0)
		rc = trouble(e, errno, "syncing", snapshot);
	close(to);
	return rc;
}

/* ---- life cycle */

static enum rc open_folder(struct blockfiles *b, const char *folder, struct err *e)
{
	b->port = (struct files){ b, map, unmap, release, create, append, cut, sync_writer,
		close_writer, sync_name, rename_file, remove_file, list, sync_folder, link_file };
	b->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return b->folder < 0 ? trouble(e, errno, "opening", folder) : RC_OK;
}

enum rc blockfiles_open(struct blockfiles **ret, const char *folder, struct err *e)
{
	scoped(blockfiles_close) struct blockfiles *b = must_alloc(sizeof *b);
	enum rc rc;

	b->folder = -1;
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return trouble(e, errno, "making the folder", folder);
	rc = open_folder(b, folder, e);
	if (rc != RC_OK)
		return rc;
	if (flock(b->folder, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, RC_CONFLICT, "another process uses %s: two can't share it",
			folder);
	*ret = TAKE(b);
	return RC_OK;
}

enum rc blockfiles_look(struct blockfiles **ret, const char *folder, struct err *e)
{
	scoped(blockfiles_close) struct blockfiles *b = must_alloc(sizeof *b);
	enum rc rc = open_folder(b, folder, e);

	if (rc == RC_OK)
		*ret = TAKE(b);
	return rc;
}

void blockfiles_close(struct blockfiles *b)
{
	if (!b)
		return;
	if (b->folder >= 0)
		close(b->folder);
	free(b);
}

const struct files *blockfiles_port(struct blockfiles *b)
{
	return &b->port;
}
