/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sites: the samples of all sites, as one job reads them.
 *
 *	loop's thread                  pool                             loop's thread
 *	sites_new ───────────────────► the job runs: opens selectors ─► sites_wants()? sites_fetch()
 *	                                 ▲ of this site: its own        each peer is asked, or its
 *	                                 │ of a peer: what came, or     copy taken in its place
 *	                                 │ noted as wanted                    │
 *	                                 └────────────── the job runs again ──┘
 *
 * The pool can't ask, and what is asked for depends on the expression.  So the first run finds out what
 * is wanted (from the first want on its cursors are at their end), and a later one has it all.  A peer
 * that can't be asked is left to its copy, if there is one, or left out; both are said as warnings, and
 * it is an error when nothing else was asked for.
 *
 * A site that is asked by another is asked for what is its own: `others` is 0 then.
 */
#ifndef API_PROMETHEUS_SITES_H
#define API_PROMETHEUS_SITES_H

#include "api/prometheus/whose.h"
#include "core/metrics/store.h"

struct sites;

/* `own` is what this site keeps; it and the arena outlive the sites.  RC_LIMIT: the arena is full. */
enum rc sites_new(struct sites **ret, struct call *c, const struct series_source *own,
	struct arena *a, struct err *e) MUST_USE;
void sites_free(struct sites *s); /* on the loop's thread; NULL is fine */

/* Cursors may be opened on several threads of the pool at once. */
struct series_source sites_source(struct sites *s);
const struct site_names *sites_names(const struct sites *s);

/* On the pool, before a run: what came is unpacked. */
enum rc sites_unpack(struct sites *s, struct err *e) MUST_USE;

/* After a run: it was in vain, since something is wanted that isn't here. */
bool sites_wants(const struct sites *s);
/* Get that; `fetched` is called once, later or before this returns.  RC_LIMIT and the like: a peer says
 * that it is too much. */
void sites_fetch(struct sites *s, void (*fetched)(void *ctx, enum rc rc, const struct err *e),
	void *ctx);

/* The question names these.  The peer that alone is, and can be asked for the whole answer; NO_SITE:
 * none. */
uint8_t sites_alone(struct sites *s, uint32_t named);
/* It didn't answer: go on without it. */
void sites_go_without(struct sites *s, uint8_t site, const char *why);

/* No run will help any more: sites_unpack() says so. */
void sites_fail(struct sites *s, enum rc rc, const char *why);

/* Before a run.  Where all that a question names is one peer, which is gone: an instant query later than
 * the newest sample of its copy is as of that, and samples that are far apart are looked for as far back. */
struct promql_query;
void sites_fit(const struct sites *s, struct promql_query *q);

/* After a run.  RC_OFFLINE: nothing that was asked for could be had. */
enum rc sites_verdict(const struct sites *s, struct err *e) MUST_USE;
/* What an answer should say, those of peers first: texts in the arena. */
struct sites_warnings {
	const char **v;
	uint32_t n;
};
struct sites_warnings sites_warnings(struct sites *s);

#endif
