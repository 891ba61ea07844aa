/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: the value behind {file: PATH}, {env: NAME} or {credential: NAME}.
 *
 * Read when it is used, so that it can be exchanged without a restart and isn't lying about. Errors
 * name the secret, never its value.
 */
#ifndef PORT_FILES_SECRET_H
#define PORT_FILES_SECRET_H

#include "base/err.h"
#include "base/str.h"
#include "core/lab/probe_spec.h"

#define SECRET_BYTES_MAX (64 * 1024)

/* The value without the line ends behind it, in place of what `ret` held.  RC_NOT_FOUND when it
 * isn't there (SECRET_NONE, too), RC_INPUT when it is empty or holds NUL bytes, RC_LIMIT, RC_IO. */
enum rc secret_resolve(const struct secret *s, struct str *ret, struct err *e) MUST_USE;

/* "credential 'discord-webhook'", for messages.  Returns `buf`. */
#define SECRET_TEXT_MAX 160
const char *secret_text(const struct secret *s, char buf[SECRET_TEXT_MAX]);

/* Like str_fini, and leaves nothing in the memory. */
void secret_wipe(struct str *value);
SCOPED_FINI(secret_wipe, struct str)

#endif
