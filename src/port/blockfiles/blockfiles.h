/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blockfiles: a real folder as core/metrics/files.h wants it: mmap(2) to read, write(2) and
 * fdatasync(2) to write.
 *
 * One process at a time: the folder is locked while it is open.
 */
#ifndef PORT_BLOCKFILES_BLOCKFILES_H
#define PORT_BLOCKFILES_BLOCKFILES_H

#include "core/metrics/files.h"

struct blockfiles;

/* The folder is made if it doesn't exist; its parent must.  RC_CONFLICT: another process has it
 * open. */
enum rc blockfiles_open(struct blockfiles **ret, const char *folder, struct err *e) MUST_USE;
/* To look only, whoever has it open: nothing is written, and files may go away between two calls.
 * RC_NOT_FOUND. */
enum rc blockfiles_look(struct blockfiles **ret, const char *folder, struct err *e) MUST_USE;
void blockfiles_close(struct blockfiles *b); /* maps and writers end before; NULL is fine */
SCOPED_BY(blockfiles_close, struct blockfiles *)
const struct files *blockfiles_port(struct blockfiles *b); /* lives as long as `b` */

#endif
