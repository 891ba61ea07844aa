/* SPDX-License-Identifier: Apache-2.0 */
/* log_verify: is the journal that a site hands out what was written? */
#ifndef CLI_LOG_VERIFY_H
#define CLI_LOG_VERIFY_H

#include "cli/command.h"

/* Fetches every event, newest first, and checks the hash of each, the chain that it stands in and,
 * with a lab.yaml, its signature.  RC_CORRUPT names the first event that is not as written. */
enum rc log_verify(struct call *c, struct err *e) MUST_USE;

#endif
