/* SPDX-License-Identifier: Apache-2.0 */
/* files: whole regular files, never more of them than was agreed; nothing here can block for
 * long. */
#ifndef PORT_FILES_FILES_H
#define PORT_FILES_FILES_H

#include "base/err.h"
#include "base/str.h"

/* All of `path`, appended to `ret`.  RC_NOT_FOUND, RC_LIMIT when it is longer than `most_bytes`,
 * RC_IO. The text names the path. */
enum rc file_read(const char *path, size_t most_bytes, struct str *ret, struct err *e) MUST_USE;

/* Appends up to `n` bytes into `buf`, *ret_n says how many; the same errors. */
enum rc file_read_into(const char *path, void *buf, size_t n, size_t *ret_n,
	struct err *e) MUST_USE;

/* All of `path` becomes `text`, readable by us alone: whoever looks, also after a power cut, finds
 * the old file or the new one, whole.  Durable on RC_OK; uses `path`.new.  RC_FULL, RC_IO. */
enum rc file_replace(const char *path, const struct str *text, struct err *e) MUST_USE;

/* `text` goes behind what `path` holds, which is made if it isn't there: a log that others read.  Opened
 * anew each time, so that it may be renamed meanwhile.  Never waits for a reader: RC_FULL, RC_IO. */
enum rc file_append(const char *path, const struct str *text, struct err *e) MUST_USE;

/* What was made or renamed in the folder of `path` is there after a power cut, too.  RC_IO. */
enum rc file_sync_folder(const char *path, struct err *e) MUST_USE;

#endif
