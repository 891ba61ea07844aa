/* SPDX-License-Identifier: Apache-2.0 */
/* selectors: the match[] of a request: series that any of them means. */
#ifndef API_PROMETHEUS_SELECTORS_H
#define API_PROMETHEUS_SELECTORS_H

#include "api/uri.h"
#include "core/promql/parse.h"

struct selectors {
	struct promql_selector *v;
	uint32_t n;
};
/* Into the arena.  RC_INPUT: malformed; RC_LIMIT: the arena is full. */
enum rc selectors_parse(const struct uri_pairs *pairs, struct arena *a, struct selectors *ret,
	struct err *e) MUST_USE;
/* The same; RC_INPUT: also one that would match every series, which Prometheus refuses but for
 * federation. */
enum rc selectors_read(const struct uri_pairs *pairs, struct arena *a, struct selectors *ret,
	struct err *e) MUST_USE;

#endif
