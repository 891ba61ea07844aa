/* SPDX-License-Identifier: Apache-2.0 */
/* settings: what the http_config of a channel (base/http_written.h) adds to a request to it. */
#ifndef PORT_NOTIFY_SETTINGS_H
#define PORT_NOTIFY_SETTINGS_H

#include "core/lab/lab.h"
#include "port/discovery/request.h"

/* `to` is a request that is ready but for them, with at most REQUEST_HEADERS_MAX -
 * HTTP_WRITTEN_HEADERS_MAX - 1 headers of its own; secrets are read now.  A channel without settings
 * leaves it as it is.  `s` is zeroed before, request_fini() is the caller's, and it lives until the
 * request has been started; `files` live until that is over. */
enum rc settings_apply(struct request *s, const struct lab_channel *c, struct request_files *files,
	struct http_request *to, struct err *e) MUST_USE;

#endif
