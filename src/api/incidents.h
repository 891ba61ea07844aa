/* SPDX-License-Identifier: Apache-2.0 */
/* incidents: those that alert has in mind, and those that only the journal remembers. */
#ifndef API_INCIDENTS_H
#define API_INCIDENTS_H

#include "api/api_private.h"

/* What alert doesn't know any more, put together from the journal's events; *ret NULL: none. */
enum rc incident_recall(const struct call *c, const char *id, struct incident **ret,
	struct err *e) MUST_USE;

#endif
