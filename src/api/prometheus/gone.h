/* SPDX-License-Identifier: Apache-2.0 */
/* gone: what is said of another site that can't be asked. */
#ifndef API_PROMETHEUS_GONE_H
#define API_PROMETHEUS_GONE_H

#include "base/str.h"
#include "base/time.h"

#define GONE_NEVER_MS (-1)

struct gone_peer {
	const char *name;
	int64_t silent_ms; /* since it was heard; GONE_NEVER_MS: it wasn't since this site started */
	const char *why;   /* "" */
	const char *advice; /* what to do where it was heard: "ask again when ..." */
};
void gone_write(const struct gone_peer *p, struct str *out);

#endif
