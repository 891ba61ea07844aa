/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elsewhere: questions without selectors that name another site by a parameter.
 *
 *	GET /api/v1/targets?site=mumbai, asked of dublin ──link──► mumbai answers as if it were asked
 *
 * Prometheus has no such parameter.  Without it, or with this site's own name, this site answers.
 */
#ifndef API_PROMETHEUS_ELSEWHERE_H
#define API_PROMETHEUS_ELSEWHERE_H

#include "api/api_private.h"

/* Whether another site is named, even one that isn't there. */
bool elsewhere_is_named(const struct call *c);
/* 400: the lab has no such site; 502: it can't be asked now; 503: too much is being asked of it. */
enum rc elsewhere_pass(struct call *c, struct answer *out, struct err *e) MUST_USE;

#endif
