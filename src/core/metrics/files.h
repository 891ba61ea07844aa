/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files: one flat folder of files, as the storage of metrics sees it.
 *
 * A port: memory_files.h simulates it with the faults of real disks, port/blockfiles is the real
 * one.  A file is written once, from its beginning to its end, and read whole through a map.  The
 * calls return when the kernel has done it; what must survive a power cut is synced: the file's
 * bytes by `sync`, its name (create, rename, remove) by `sync_folder`.
 *
 *	create NAME.new ── append ... ── sync ── close ── rename to NAME ── sync_folder
 *
 * Names are plain: no slashes, at most FILES_NAME_MAX - 1 bytes.  Errors: RC_FULL (no space left;
 * room may come back), RC_NOT_FOUND, RC_IO; the text names the file.  Different files may be used
 * on different threads at once; one writer or map is used by one thread at a time, except that the
 * bytes of a map may be read by any number.
 */
#ifndef CORE_METRICS_FILES_H
#define CORE_METRICS_FILES_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define FILES_NAME_MAX 64

/* A whole file, as it was when it was mapped.  It stays readable when the file is removed; an
 * empty file has n 0.  Pages that the disk no longer gives end the program: as with any program
 * that is itself mapped. */
struct files_map {
	const uint8_t *p;
	size_t n;
};

struct files_writer; /* a file that is being appended to */

struct files_entry {
	char name[FILES_NAME_MAX];
	uint64_t size_bytes;
};

struct files {
	void *self;
	enum rc (*map)(void *self, const char *name, struct files_map *ret, struct err *e);
	void (*unmap)(void *self,
		struct files_map *m); /* `m` is empty then; an empty one is fine */
	/* The pages that were read needn't stay in memory; they are read again when needed. */
	void (*release)(void *self, const struct files_map *m);

	/* A new, empty file; one of that name is emptied. */
	enum rc (*create)(void *self, const char *name, struct files_writer **ret, struct err *e);
	/* All n bytes behind what is there, or an error; then any number of them may be there. */
	enum rc (*append)(struct files_writer *w, const void *bytes, size_t n, struct err *e);
	/* Cut off what stands behind the first `size_bytes`; appending goes on there. */
	enum rc (*cut)(struct files_writer *w, uint64_t size_bytes, struct err *e);
	/* May be called while another thread appends: what was appended before is covered. */
	enum rc (*sync)(struct files_writer *w, struct err *e);
	void (*close)(struct files_writer *w); /* doesn't sync; NULL is fine */
	/* The same as sync, for a file that was written by an earlier process. */
	enum rc (*sync_name)(void *self, const char *name, struct err *e);

	enum rc (*rename)(void *self, const char *from, const char *to, struct err *e);
	enum rc (*remove)(void *self, const char *name, struct err *e); /* RC_NOT_FOUND */
	/* All files, in no order, in memory of malloc(). */
	enum rc (*list)(void *self, struct files_entry **ret, uint32_t *ret_n, struct err *e);
	enum rc (*sync_folder)(void *self, struct err *e);
	/* The same bytes as snapshots/SNAPSHOT/NAME within the folder, durably: a hard link where the
	 * file system can, else a copy.  `snapshot` is a plain name, too. */
	enum rc (*link)(void *self, const char *name, const char *snapshot, struct err *e);
};

/* A whole file, synced; its name is durable when its folder is synced, too.  The bytes are let go:
 * they needn't stay in memory while the disk is busy. */
enum rc files_write(const struct files *files, const char *name, struct str *bytes,
	struct err *e) MUST_USE;

#endif
